/* Matrix products of whole layers: the one way to BLAS and to the built-in kernels. */
#ifndef NN_SRC_GEMM_H
#define NN_SRC_GEMM_H

#include "kernels/gemm.h"
#include "layer.h"

/*
 * The product on run->team. Split by shape alone: bitwise the same for any number of threads. Which shapes go to
 * BLAS and which to the built-in kernel is decided here.
 */
void nn_gemm(const nn_run *run, const nn_product *product);

/* Reals of run->worker_scratch that nn_gemm may use; layers that call it add this to layer->worker_scratch by fmax. */
size_t nn_gemm_worker_scratch(const nn_kernels *kernels);

/* Holds a pthread-built OpenBLAS, and BLIS, to one thread, process-wide; called once at a model's creation. */
void nn_blas_prepare(bool keep_threads);

#endif
