/* The product of Dense with rows of zeros and ones that are given as lists of indices: gathers and scatters rows of W.
 */
#ifndef NN_LAYERS_DENSE_MULTI_HOT_H
#define NN_LAYERS_DENSE_MULTI_HOT_H

#include "../layer.h"

/* Reals of worker scratch for a vocabulary. */
size_t nn_multi_hot_worker_scratch(int vocab);
/* y (batch, units) = sum of the rows of W that a sample names, each once. */
void nn_multi_hot_forward(const nn_layer *dense, const nn_run *run);
/* dW[word] += dz[sample] for every word of every sample. */
void nn_multi_hot_backward(const nn_layer *dense, const nn_run *run, const nn_float *dz);

#endif
