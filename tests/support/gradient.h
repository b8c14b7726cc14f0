/*
 * Gradients of a network against central differences, for a library over double (NN_REAL_IS_DOUBLE).
 * Weights, input and upstream gradient are random; the objective is sum(y * dy) or a loss. Where no difference quotient
 * (quotient.h) settles or numbers overflow, other random numbers are drawn, and smaller weights.
 */
#ifndef KVIST_TESTS_GRADIENT_H
#define KVIST_TESTS_GRADIENT_H

#include <kvist/nn.h>

enum { GRADIENT_TEXT_SIZE = 1024 };

typedef struct gradient_case {
    nn_shape input;
    nn_dtype input_type;
    int batch;
    const nn_layer_def *layers;
    int layer_count;
    nn_mode mode;
    int vocab;    /* of indices: 0 .. vocab - 1 */
    bool padded;  /* rows of indices begin with zeros, each with a number of its own */
    int elements; /* of a tensor that are moved one by one, at most; 0: 64 */
    nn_loss_def loss;
    bool use_loss; /* loss instead of sum(y * dy), through nn_backprop() */
} gradient_case;

/* What several checks came to. */
typedef struct gradient_tally {
    int cases, failures;
    int redrawn;  /* draws on which the difference quotients did not settle */
    double worst; /* relative error */
    char worst_case[GRADIENT_TEXT_SIZE];
} gradient_tally;

/* The largest relative error, max |a - b| / max |b| over a tensor, that passes. */
#define GRADIENT_TOLERANCE 1e-7

/*
 * Checks one case, with its numbers drawn from `seed`: gradients of all weights and of the input (of each tensor's
 * elements at most 64, drawn, and then all at once, in a random direction), that they are added to what is there, that
 * asking for less gives the same, that a second backward gives the same, that x, dy and y are left alone. A failure is
 * printed and counted.
 */
void gradient_check(gradient_tally *tally, const gradient_case *c, uint64_t seed);

/* The layers in words: "lstm(units 3, tanh, ..) > dense(..)". */
void gradient_describe(char text[GRADIENT_TEXT_SIZE], const gradient_case *c);

#endif
