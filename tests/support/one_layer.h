/*
 * One layer at work through the public API: random numbers in, everything it gives back out, to be compared with a
 * naive twin in double and with itself for other numbers of threads.
 */
#ifndef KVIST_TESTS_ONE_LAYER_H
#define KVIST_TESTS_ONE_LAYER_H

#include <kvist/nn.h>

enum { ONE_LAYER_WEIGHTS = 4 };

typedef struct one_layer {
    nn_model *model;
    nn_tensor x, dy;
    nn_tensor y, dx;                                              /* copies */
    nn_tensor weight[ONE_LAYER_WEIGHTS];                          /* in order, the trainable ones first */
    nn_tensor before[ONE_LAYER_WEIGHTS], grad[ONE_LAYER_WEIGHTS]; /* copies: values before the forward; gradients */
    int weights;
} one_layer;

/*
 * Makes a model of the layer, fills weights, x and dy from `seed` (variances positive), runs forward, then backward for
 * the weights and backward for the input. `exact` numbers are small whole ones, so that equal maxima occur.
 */
void one_layer_run(one_layer *one, const nn_layer_def *layer, nn_shape in, int batch, nn_mode mode, nn_isa isa,
                   int threads, bool exact, uint64_t seed);
void one_layer_free(one_layer *one);

/* Everything that came back is the same bit for bit. */
void one_layer_assert_same(const one_layer *a, const one_layer *b, const char *label);

/* Runs with 2, 3, 4 and 8 threads and compares with `one`, which ran with 1. */
void one_layer_check_threads(const one_layer *one, const nn_layer_def *layer, nn_shape in, int batch, nn_mode mode,
                             nn_isa isa, bool exact, uint64_t seed, const char *label);

/* |got - want| <= scale tolerance for every element, where scale[i] is the sum of the terms' magnitudes (NULL: 1). */
void assert_close(const nn_float *got, const double *want, const double *scale, size_t count, double tolerance,
                  const char *label);

/* Zeroed, never NULL; to be freed. */
double *doubles(size_t count);

#endif
