/* The path of convolutions that kernels/winograd.h serves: 3 x 3 or 5 x 5 taps, 5 x 5 with stride 2; many channels. */
#ifndef NN_LAYERS_CONVOLUTION_WINOGRAD_H
#define NN_LAYERS_CONVOLUTION_WINOGRAD_H

#include "convolution.h"

/* Sets c->winograd[down, up] where the path is taken, which shape and max_batch decide, and c->squares[down, up]. */
void nn_winograd_plan(nn_convolution *c, const nn_layer *layer);
/* The kernel as the direction takes it. */
void nn_winograd_pack(const nn_layer *layer, const nn_run *run, bool up, nn_float *packed);
/* All of the batch, with bias (NULL: none), without activation. */
void nn_winograd_run(const nn_layer *layer, const nn_run *run, bool up, nn_float *result, const nn_float *source,
                     const nn_float *packed, const nn_float *bias);

#endif
