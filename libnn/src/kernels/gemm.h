/* Matrix products. */
#ifndef NN_KERNELS_GEMM_H
#define NN_KERNELS_GEMM_H

#include "kernels.h"

struct nn_gemm_kernels {
    /* C (m, n) = [C +] op(A) op(B), row-major with leading dimensions; on the calling thread, without scratch. */
    void (*small)(nn_float *c, size_t ldc, const nn_float *a, size_t lda, bool a_transposed, const nn_float *b,
                  size_t ldb, bool b_transposed, size_t m, size_t n, size_t k, bool add);
};

#endif
