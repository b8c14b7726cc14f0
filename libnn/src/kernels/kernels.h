/*
 * The kernels of one instruction set, by family. Raw pointers only: outputs first, const inputs, dimensions last.
 * Kernels neither allocate nor start threads; layers split the work and call them per part.
 */
#ifndef NN_KERNELS_KERNELS_H
#define NN_KERNELS_KERNELS_H

#include <kvist/nn.h>

typedef struct nn_gemm_kernels nn_gemm_kernels;               /* kernels/gemm.h */
typedef struct nn_elementwise_kernels nn_elementwise_kernels; /* kernels/elementwise.h: activations, bias, sums */
typedef struct nn_lookup_kernels nn_lookup_kernels;           /* kernels/lookup.h: embedding, multi-hot */
typedef struct nn_recurrent_kernels nn_recurrent_kernels;     /* kernels/recurrent.h: SimpleRNN, LSTM, GRU */
typedef struct nn_image_kernels nn_image_kernels;             /* kernels/image.h: convolution parts */
typedef struct nn_winograd_kernels nn_winograd_kernels;       /* kernels/winograd.h */
typedef struct nn_pool_kernels nn_pool_kernels;               /* kernels/pool.h */
typedef struct nn_batch_norm_kernels nn_batch_norm_kernels;   /* kernels/batch_norm.h */
typedef struct nn_optim_kernels nn_optim_kernels;             /* kernels/optim.h */

typedef struct nn_kernels {
    nn_isa isa;
    const char *name; /* "portable", "avx2", "avx512" */
    int lanes;        /* reals in a vector */
    const nn_gemm_kernels *gemm;
    const nn_elementwise_kernels *elementwise;
    const nn_lookup_kernels *lookup;
    const nn_recurrent_kernels *recurrent;
    const nn_image_kernels *image;
    const nn_winograd_kernels *winograd;
    const nn_pool_kernels *pool;
    const nn_batch_norm_kernels *batch_norm;
    const nn_optim_kernels *optim;
} nn_kernels;

/* The kernels of `isa` (NN_ISA_BEST: the best this processor runs); NULL if the processor has not got it. */
const nn_kernels *nn_kernels_select(nn_isa isa);

/*
 * The best instruction set of an x86-64 processor: bits of cpuid's leaf 1 (ecx) and leaf 7 (ebx), and what the
 * operating system saves (XCR0).
 */
nn_isa nn_isa_of(unsigned features, unsigned more_features, unsigned long long saved);

#endif
