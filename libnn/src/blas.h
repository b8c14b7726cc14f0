/* The one place that includes <cblas.h>. */
#ifndef NN_SRC_BLAS_H
#define NN_SRC_BLAS_H

#include "kernels/kernels.h"
#include <stdbool.h>
#include <stddef.h>

/*
 * Whether an installed CBLAS is likely to be faster than the built-in kernels for a product of m x n x k; false where
 * there is none, or where a size or a leading dimension does not fit an int.
 */
bool nn_blas_is_faster(const nn_kernels *kernels, size_t m, size_t n, size_t k, size_t lda, size_t ldb, size_t ldc);

/* C (m, n) = [C +] op(A) op(B) by CBLAS on the calling thread alone; for products that nn_blas_is_faster() said yes to.
 */
void nn_blas_gemm(size_t m, size_t n, size_t k, const nn_float *a, size_t lda, bool a_transposed, const nn_float *b,
                  size_t ldb, bool b_transposed, bool add, nn_float *c, size_t ldc);

#endif
