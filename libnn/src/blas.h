/* The one place that includes <cblas.h>. */
#ifndef NN_SRC_BLAS_H
#define NN_SRC_BLAS_H

#include "kernels/kernels.h"
#include <stdbool.h>
#include <stddef.h>

/*
 * C (m, n) = [C +] op(A) op(B) by an installed CBLAS on the calling thread alone; false, and nothing done, where there
 * is none, where the built-in kernels are faster, or where a number does not fit an int.
 */
bool nn_blas_gemm(const nn_kernels *kernels, size_t m, size_t n, size_t k, const nn_float *a, size_t lda,
                  bool a_transposed, const nn_float *b, size_t ldb, bool b_transposed, bool add, nn_float *c,
                  size_t ldc);

#endif
