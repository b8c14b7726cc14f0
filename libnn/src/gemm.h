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

/* Whether a product of m x n x k, or one of the same three sides in another order, goes to a BLAS. */
bool nn_gemm_is_by_blas(const nn_kernels *kernels, size_t m, size_t n, size_t k);

/*
 * A small product by the BLAS on all workers at once, in their scratch of nn_gemm_worker_scratch(): OpenBLAS takes
 * memory for each product that runs beside others, and keeps it; where there is none it hangs or ends the process,
 * better before a training than in it.
 */
void nn_gemm_warm_up(const nn_run *run);

/* Holds a pthread-built OpenBLAS, and BLIS, to one thread, process-wide; called once at a model's creation. */
void nn_blas_prepare(bool keep_threads);

#endif
