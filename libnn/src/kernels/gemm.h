/* Matrix products. */
#ifndef NN_KERNELS_GEMM_H
#define NN_KERNELS_GEMM_H

#include "kernels.h"

/*
 * How a matrix B (groups k, n) stands in memory: row g k + i, column j at g group_step + i row_step + j col_step.
 */
typedef struct nn_pack {
    size_t groups, group_step, k, row_step, n, col_step;
} nn_pack;

struct nn_gemm_kernels {
    /* C (m, n) = [C +] op(A) op(B), row-major with leading dimensions; on the calling thread, without scratch. */
    void (*small)(nn_float *c, size_t ldc, const nn_float *a, size_t lda, bool a_transposed, const nn_float *b,
                  size_t ldb, bool b_transposed, size_t m, size_t n, size_t k, bool add);
    /*
     * B as the panels that `packed` and the convolutions read; they take groups k rows of n columns rounded up to whole
     * vectors. Only columns first .. first + count - 1 are written; both are multiples of `panel`, or reach the end.
     */
    void (*pack)(nn_float *packed, const nn_float *b, nn_pack from, size_t first, size_t count);
    /* C (m, n) = [C +] op(A) (m, k) times the packed B (k, n). */
    void (*packed)(nn_float *c, size_t ldc, const nn_float *a, size_t lda, bool a_transposed, const nn_float *packed,
                   size_t m, size_t n, size_t k, bool add);
    size_t panel; /* columns of a whole panel */
};

#endif
