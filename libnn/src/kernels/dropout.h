/* What elementwise.h calls `dropout`, for one instruction set. */
#ifndef NN_KERNELS_DROPOUT_H
#define NN_KERNELS_DROPOUT_H

#include "real.h"

void NN_KERNEL(dropout)(nn_float *y, const nn_float *x, size_t first, size_t n, double rate, uint64_t seed,
                        uint64_t stream, uint64_t counter);

#endif
