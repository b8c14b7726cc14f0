#include "batch_norm.h"
#include "real.h"

extern const nn_batch_norm_kernels NN_KERNEL(batch_norm_kernels);
const nn_batch_norm_kernels NN_KERNEL(batch_norm_kernels) = { 0 };
