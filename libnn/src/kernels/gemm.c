#include "gemm.h"
#include "real.h"

/* C (m, n) = [C +] op(A) op(B), row by row of op(A). */
static void small(nn_float *c, size_t ldc, const nn_float *a, size_t lda, bool a_transposed, const nn_float *b, size_t ldb,
                  bool b_transposed, size_t m, size_t n, size_t k, bool add)
{
    for (size_t i = 0; i < m; i++) {
        nn_float *row = c + i * ldc;
        if (!add)
            for (size_t j = 0; j < n; j++) row[j] = 0;
        for (size_t p = 0; p < k; p++) {
            const nn_float s = a_transposed ? a[p * lda + i] : a[i * lda + p];
            if (b_transposed)
                for (size_t j = 0; j < n; j++) row[j] += s * b[j * ldb + p];
            else
                for (size_t j = 0; j < n; j++) row[j] += s * b[p * ldb + j];
        }
    }
}

extern const nn_gemm_kernels NN_KERNEL(gemm_kernels);
const nn_gemm_kernels NN_KERNEL(gemm_kernels) = { .small = small };
