/*
 * Convolutions with fewer multiplications (Winograd, "Arithmetic complexity of computations", 1980; Lavin and Gray,
 * "Fast algorithms for convolutional neural networks", 2016). On squares of n x n cells of the source
 *   result = A^T [ (G kernel G^T) * (B^T source B) ] A
 * gives squares of m x m cells of the result, m = n + 1 - taps, with * element by element: n^2 multiplications for a
 * square instead of taps^2 m^2, that is 64 for 400 of 5 x 5 taps, 64 for 324 of 3 x 3. Over all channels the n^2
 * elements are n^2 products of matrices. Rows of A, B and G are values at the points 0, 1, -1, 2, -2, for n = 8 also
 * 1/2 and -1/2, and at infinity; rounding errors are a few times those of the plain sum (docs/decisions/0007).
 *
 * With a stride of 2, the image's cells (2 u + a, 2 v + b) are those of four images (a, b), its phases. Of a kernel of
 * 5 x 5 taps, each phase meets 2 or 3 taps an axis, at the same three places of the map: so it is a convolution of
 * stride 1 and 3 x 3 taps, some of them 0, on an image of 4 c channels (phase, channel). On squares of 6 that takes 144
 * multiplications instead of 400.
 */
#ifndef NN_KERNELS_WINOGRAD_H
#define NN_KERNELS_WINOGRAD_H

#include "kernels.h"
#include <stdbool.h>
#include <stddef.h>

enum { NN_SQUARE = 8 /* the largest n */, NN_POINTS = NN_SQUARE * NN_SQUARE, NN_SQUARES = 48 /* of a call of pass */ };

/*
 * One direction of a convolution (see image.h): result (batch, h, w, c) from source (batch, source_h, source_w,
 * source_c), both ways with kernel (size, size, rows, columns) of the layer. Cell (y, x) of the result takes tap (i, j)
 * of taps x taps from cell (y + i - top, x + j - left) of the source; rows and columns of an image are counted within
 * its phase. Down, tap i of phase a is row first_row + stride i + a of the kernel, if it has such a row.
 */
typedef struct nn_winograd {
    int n, taps, top, left;
    int stride, size, first_row, first_col;
    int h, w, c, source_h, source_w, source_c;
    bool up; /* the result is the image: taps in reverse, kernel transposed */
} nn_winograd;

struct nn_winograd_kernels {
    /*
     * packed (see packed_size) = G kernel G^T for rows first .. last - 1 of the inner dimension (the source's channels
     * of all phases) and the panel of columns (the result's) from `column` on.
     */
    void (*pack)(nn_float *packed, const nn_float *kernel, const nn_winograd *conv, size_t column, size_t first,
                 size_t last);
    size_t (*packed_size)(const nn_winograd *conv);
    /* Squares first .. last - 1 of the result, counted over samples, rows and columns of squares. bias: NULL, or (c)
     * that is added to each cell. */
    void (*pass)(nn_float *result, const nn_float *source, const nn_float *packed, const nn_float *bias,
                 nn_float *scratch, const nn_winograd *conv, size_t first, size_t last);
    size_t (*pass_scratch)(const nn_winograd *conv);
    /* dkernel (taps, taps, c, f) = the sum over samples first .. last - 1; conv is the way down, from image to map, of
     * stride 1. */
    void (*weights)(nn_float *dkernel, const nn_float *image, const nn_float *map, nn_float *scratch,
                    const nn_winograd *conv, int first, int last);
    size_t (*weights_scratch)(const nn_winograd *conv);
};

/* Channels of all phases that the source and the result have. */
static inline size_t nn_winograd_inner(const nn_winograd *conv)
{
    return (size_t)conv->source_c * (size_t)(conv->up ? 1 : conv->stride * conv->stride);
}

static inline size_t nn_winograd_outer(const nn_winograd *conv)
{
    return (size_t)conv->c * (size_t)(conv->up ? conv->stride * conv->stride : 1);
}

/* Squares of a sample's result, across and in all. */
static inline int nn_winograd_across(const nn_winograd *conv)
{
    const int cells = (conv->n + 1 - conv->taps) * (conv->up ? conv->stride : 1);
    return (conv->w + cells - 1) / cells;
}

static inline size_t nn_winograd_squares(const nn_winograd *conv)
{
    const int cells = (conv->n + 1 - conv->taps) * (conv->up ? conv->stride : 1);
    return (size_t)((conv->h + cells - 1) / cells) * (size_t)nn_winograd_across(conv);
}

#endif
