/*
 * Convolutions of stride 1 with fewer multiplications (Winograd, "Arithmetic complexity of computations", 1980; Lavin
 * and Gray, "Fast algorithms for convolutional neural networks", 2016). On squares of 8 x 8 cells of the source
 *   result = A^T [ (G kernel G^T) * (B^T source B) ] A
 * gives squares of m x m cells of the result, m = 9 - taps, with * element by element: 64 multiplications for a square
 * instead of taps^2 m^2, that is 400 for 5 x 5 taps, 324 for 3 x 3. Over all channels the 64 elements are 64 products
 * of matrices. Rows of A, B and G are values at the points 0, 1, -1, 2, -2, 1/2, -1/2 and at infinity; rounding errors
 * are four (5 taps) to eight times (3 taps) those of the plain sum (docs/decisions/0007-winograd.md).
 */
#ifndef NN_KERNELS_WINOGRAD_H
#define NN_KERNELS_WINOGRAD_H

#include "kernels.h"
#include <stdbool.h>
#include <stddef.h>

enum { NN_SQUARE = 8, NN_POINTS = NN_SQUARE * NN_SQUARE, NN_SQUARES = 60 /* that a call of pass may take */ };

/*
 * One direction of a convolution (see image.h): result (n, h, w, c) from source (n, source_h, source_w, source_c), both
 * ways with kernel (taps, taps, rows, columns) of the layer. Result (y, x) takes tap (i, j) from source (y + i - top,
 * x + j - left).
 */
typedef struct nn_winograd {
    int taps, top, left;
    int h, w, c, source_h, source_w, source_c;
    bool up; /* taps in reverse, kernel (source_c, c) transposed */
} nn_winograd;

struct nn_winograd_kernels {
    /*
     * packed (see packed_size) = G kernel G^T for rows first .. last - 1 of the inner dimension (source_c) and the
     * panel of columns from `column` on.
     */
    void (*pack)(nn_float *packed, const nn_float *kernel, const nn_winograd *conv, size_t column, size_t first,
                 size_t last);
    size_t (*packed_size)(const nn_winograd *conv);
    /* Squares first .. last - 1 of the result, counted over samples, rows and columns of squares. */
    void (*pass)(nn_float *result, const nn_float *source, const nn_float *packed, nn_float *scratch,
                 const nn_winograd *conv, size_t first, size_t last);
    size_t (*pass_scratch)(const nn_winograd *conv);
    /* dkernel (taps, taps, c, f) = the sum over samples first .. last - 1; conv is the way down, from image to map. */
    void (*weights)(nn_float *dkernel, const nn_float *image, const nn_float *map, nn_float *scratch,
                    const nn_winograd *conv, int first, int last);
    size_t (*weights_scratch)(const nn_winograd *conv);
};

/* Squares of a sample's result, across and in all. */
static inline int nn_winograd_across(const nn_winograd *conv)
{
    const int m = NN_SQUARE + 1 - conv->taps;
    return (conv->w + m - 1) / m;
}

static inline size_t nn_winograd_squares(const nn_winograd *conv)
{
    const int m = NN_SQUARE + 1 - conv->taps;
    return (size_t)((conv->h + m - 1) / m) * (size_t)nn_winograd_across(conv);
}

#endif
