/* Matrix products. */
#ifndef NN_KERNELS_GEMM_H
#define NN_KERNELS_GEMM_H

#include "kernels.h"
#include <stdbool.h>
#include <stddef.h>

/* A row-major matrix as it is stored, and whether the product takes it transposed. */
typedef struct nn_operand {
    const nn_float *data;
    size_t stride; /* elements from row to row, as stored */
    bool transposed;
} nn_operand;

/* C (m, n) = start + op(A) (m, k) op(B) (k, n). */
typedef struct nn_product {
    size_t m, n, k;
    nn_operand a, b;
    const nn_float *start; /* NULL: zeros; c: what C holds; else a row (n) for every row, such as a bias */
    nn_float *c;
    size_t ldc; /* elements from row to row of C */
} nn_product;

/*
 * How a matrix B (groups k, n) stands in memory: row g k + i, column j at g group_step + i row_step + j col_step. One
 * of the last two steps is 1.
 */
typedef struct nn_pack {
    size_t groups, group_step, k, row_step, n, col_step;
} nn_pack;

struct nn_gemm_kernels {
    /* On the calling thread, without scratch. */
    void (*small)(const nn_product *product);
    /*
     * B as the panels that `packed` and the convolutions read; they take groups k rows of n columns rounded up to whole
     * vectors. Only columns first .. first + count - 1 are written; both are multiples of `panel`, or reach the end.
     */
    void (*pack)(nn_float *packed, const nn_float *b, nn_pack from, size_t first, size_t count);
    /* B as packed: of it only `data` counts. */
    void (*packed)(const nn_product *product);
    size_t panel; /* columns of a whole panel */
};

#endif
