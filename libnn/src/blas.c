#include "blas.h"
#include "gemm.h"
#include <limits.h>

#if defined(NN_HAVE_CBLAS) && !defined(NN_REAL_IS_DOUBLE)
#include <cblas.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* OpenBLAS' and BLIS' own functions, absent from other libraries. */
extern int openblas_get_parallel(void) __attribute__((weak));
extern void openblas_set_num_threads(int threads) __attribute__((weak));
extern void bli_thread_set_num_threads(int64_t threads) __attribute__((weak));

enum { OPENBLAS_PTHREADS = 1, BLAS_LEAST_SIDE = 1024 };

void nn_blas_prepare(bool keep_threads)
{
    if (keep_threads) return;
    if (bli_thread_set_num_threads) bli_thread_set_num_threads(1);
    if (openblas_get_parallel && openblas_set_num_threads && openblas_get_parallel() == OPENBLAS_PTHREADS)
        openblas_set_num_threads(1);
}

static CBLAS_TRANSPOSE form(bool transposed)
{
    return transposed ? CblasTrans : CblasNoTrans;
}

bool nn_blas_is_faster(const nn_kernels *kernels, size_t m, size_t n, size_t k, size_t lda, size_t ldb, size_t ldc)
{
    const size_t most = INT_MAX;
    if (m > most || n > most || k > most || lda > most || ldb > most || ldc > most) return false;
    /* Measured with OpenBLAS: faster than the portable kernels always; than vector ones where A is large and
     * transposed. */
    const size_t side = kernels->isa == NN_ISA_PORTABLE ? 1 : BLAS_LEAST_SIDE;
    return m >= side && n >= side && k >= side;
}

void nn_blas_gemm(size_t m, size_t n, size_t k, const nn_float *a, size_t lda, bool a_transposed, const nn_float *b,
                  size_t ldb, bool b_transposed, bool add, nn_float *c, size_t ldc)
{
#ifdef _OPENMP
    /* An OpenMP-built BLAS keeps to one thread inside a parallel region; outside it must be told. */
    const int threads = omp_in_parallel() ? 0 : omp_get_max_threads();
    if (threads > 1) omp_set_num_threads(1);
#endif
    cblas_sgemm(CblasRowMajor, form(a_transposed), form(b_transposed), (int)m, (int)n, (int)k, 1.0f, a, (int)lda, b,
                (int)ldb, add ? 1.0f : 0.0f, c, (int)ldc);
#ifdef _OPENMP
    if (threads > 1) omp_set_num_threads(threads);
#endif
}

#else

void nn_blas_prepare(bool keep_threads)
{
    (void)keep_threads;
}

bool nn_blas_is_faster(const nn_kernels *kernels, size_t m, size_t n, size_t k, size_t lda, size_t ldb, size_t ldc)
{
    (void)kernels, (void)m, (void)n, (void)k, (void)lda, (void)ldb, (void)ldc;
    return false;
}

void nn_blas_gemm(size_t m, size_t n, size_t k, const nn_float *a, size_t lda, bool a_transposed, const nn_float *b,
                  size_t ldb, bool b_transposed, bool add, nn_float *c, size_t ldc)
{
    (void)m, (void)n, (void)k, (void)a, (void)lda, (void)a_transposed, (void)b, (void)ldb, (void)b_transposed;
    (void)add, (void)c, (void)ldc;
}

#endif
