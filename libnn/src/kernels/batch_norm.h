/*
 * Batch normalisation of blocks: `rows` rows of `n` columns (channels), `stride` elements from row to row. Reductions
 * are over the rows of one block, small enough to be exact; the layer combines blocks in double.
 */
#ifndef NN_KERNELS_BATCH_NORM_H
#define NN_KERNELS_BATCH_NORM_H

#include "kernels.h"

struct nn_batch_norm_kernels {
    /* Each column's mean, rounded, and its sums of deviations from that mean and of their squares. */
    void (*moments)(nn_float *mean, nn_float *rest, nn_float *squares, const nn_float *x, size_t stride, size_t rows,
                    size_t n);
    /* y = (x - mean) scale + shift */
    void (*normalize)(nn_float *y, const nn_float *x, const nn_float *mean, const nn_float *scale,
                      const nn_float *shift, size_t stride, size_t rows, size_t n);
    /* Each column's sums of dy and of dy (x - mean). */
    void (*sums)(nn_float *dy_sum, nn_float *product_sum, const nn_float *dy, const nn_float *x, const nn_float *mean,
                 size_t stride, size_t rows, size_t n);
    /* dx = scale (dy - offset - slope (x - mean)): of a single row exactly 0, however large the scale. */
    void (*backward)(nn_float *dx, const nn_float *dy, const nn_float *x, const nn_float *mean, const nn_float *scale,
                     const nn_float *offset, const nn_float *slope, size_t stride, size_t rows, size_t n);
};

#endif
