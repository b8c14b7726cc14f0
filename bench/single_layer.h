/* A model of one layer, with an input and the gradient that comes back to it. */
#ifndef KVIST_BENCH_SINGLE_LAYER_H
#define KVIST_BENCH_SINGLE_LAYER_H

#include <kvist/nn.h>

/* The layer and the inputs it is timed with. */
typedef struct layer_case {
    nn_layer_def layer;
    nn_shape input; /* of one sample */
    nn_dtype type;  /* ids: below the vocabulary of an Embedding */
    int batch;
} layer_case;

typedef struct single_layer single_layer;

/* Exits the program on failure, as all of these. */
single_layer *single_layer_create(const char *name, const layer_case *c, int threads);
void single_layer_destroy(void *layer);
/* The forward pass of training. */
void single_layer_forward(void *layer);
/* Forward and backward, by the weights and, of reals, by the input. */
void single_layer_train(void *layer);

#endif
