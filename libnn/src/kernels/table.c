#include "batch_norm.h"
#include "elementwise.h"
#include "gemm.h"
#include "image.h"
#include "lookup.h"
#include "optim.h"
#include "pool.h"
#include "real.h"
#include "recurrent.h"
#include "winograd.h"

#define NN_STRING2(name) #name
#define NN_STRING(name)  NN_STRING2(name)

#if defined(NN_KERNELS_AVX512)
#define NN_ISA_ENUM NN_ISA_AVX512
#elif defined(NN_KERNELS_AVX2)
#define NN_ISA_ENUM NN_ISA_AVX2
#else
#define NN_ISA_ENUM NN_ISA_PORTABLE
#endif

extern const nn_gemm_kernels NN_KERNEL(gemm_kernels);
extern const nn_elementwise_kernels NN_KERNEL(elementwise_kernels);
extern const nn_lookup_kernels NN_KERNEL(lookup_kernels);
extern const nn_recurrent_kernels NN_KERNEL(recurrent_kernels);
extern const nn_image_kernels NN_KERNEL(image_kernels);
extern const nn_winograd_kernels NN_KERNEL(winograd_kernels);
extern const nn_pool_kernels NN_KERNEL(pool_kernels);
extern const nn_batch_norm_kernels NN_KERNEL(batch_norm_kernels);
extern const nn_optim_kernels NN_KERNEL(optim_kernels);

extern const nn_kernels NN_KERNEL(kernels);
const nn_kernels NN_KERNEL(kernels) = {
    .isa = NN_ISA_ENUM,
    .name = NN_STRING(NN_ISA_NAME),
    .lanes = NN_LANES,
    .gemm = &NN_KERNEL(gemm_kernels),
    .elementwise = &NN_KERNEL(elementwise_kernels),
    .lookup = &NN_KERNEL(lookup_kernels),
    .recurrent = &NN_KERNEL(recurrent_kernels),
    .image = &NN_KERNEL(image_kernels),
    .winograd = &NN_KERNEL(winograd_kernels),
    .pool = &NN_KERNEL(pool_kernels),
    .batch_norm = &NN_KERNEL(batch_norm_kernels),
    .optim = &NN_KERNEL(optim_kernels),
};
