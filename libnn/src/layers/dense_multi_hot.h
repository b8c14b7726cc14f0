/* The product of Dense with rows of zeros and ones that are given as lists of indices: gathers and scatters rows of W.
 */
#ifndef NN_LAYERS_DENSE_MULTI_HOT_H
#define NN_LAYERS_DENSE_MULTI_HOT_H

#include "../layer.h"

/* The different words of each sample, found by forward, kept for backward: where a sample's own list ascends it is them
 * already. */
typedef struct nn_multi_hot {
    int32_t *words;  /* (max_batch, a limit) */
    int32_t *counts; /* (max_batch), above the limit where the words are not kept, below 0 for a list that ascends */
} nn_multi_hot;

void nn_multi_hot_carve(nn_multi_hot *lists, nn_arena *arena, int max_batch);
/* Reals of worker scratch for a vocabulary. */
size_t nn_multi_hot_worker_scratch(int vocab);
/* y (batch, units) = bias (units; NULL: zeros) + sum of the rows of W that a sample names, each once. */
void nn_multi_hot_forward(const nn_layer *dense, nn_multi_hot *lists, const nn_run *run, const nn_float *bias);
/* dW[word] += dz[sample] for every word of every sample. */
void nn_multi_hot_backward(const nn_layer *dense, const nn_multi_hot *lists, const nn_run *run, const nn_float *dz);

#endif
