/* Matrix products of whole layers: the one way to BLAS and to the built-in kernels. */
#ifndef NN_SRC_GEMM_H
#define NN_SRC_GEMM_H

#include "layer.h"

/* A row-major matrix as it is stored, and whether the product takes it transposed. */
typedef struct nn_operand {
    const nn_float *data;
    size_t stride; /* elements from row to row, as stored */
    bool transposed;
} nn_operand;

/*
 * C (m, n) = [C +] op(A) (m, k) op(B) (k, n), on run->threads. Split by shape alone: bitwise the same for any number of
 * threads. Which shapes go to BLAS and which to the built-in kernel is decided here.
 */
void nn_gemm(const nn_run *run, size_t m, size_t n, size_t k, nn_operand a, nn_operand b, bool add, nn_float *c,
             size_t ldc);

/* Reals of run->worker_scratch that nn_gemm may use; layers that call it add this to layer->worker_scratch by fmax. */
size_t nn_gemm_worker_scratch(const nn_kernels *kernels);

/* Holds a pthread-built OpenBLAS, and BLIS, to one thread, process-wide; called once at a model's creation. */
void nn_blas_prepare(bool keep_threads);

#endif
