#include "gemm.h"
#include "kernels/gemm.h"

size_t nn_gemm_worker_scratch(const nn_kernels *kernels)
{
    (void)kernels;
    return 0;
}

void nn_blas_prepare(bool keep_threads)
{
    (void)keep_threads;
}

void nn_gemm(const nn_run *run, size_t m, size_t n, size_t k, nn_operand a, nn_operand b, bool add, nn_float *c, size_t ldc)
{
    run->kernels->gemm->small(c, ldc, a.data, a.stride, a.transposed, b.data, b.stride, b.transposed, m, n, k, add);
}
