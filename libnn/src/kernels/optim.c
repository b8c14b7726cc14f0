#include "optim.h"
#include "real.h"

extern const nn_optim_kernels NN_KERNEL(optim_kernels);
const nn_optim_kernels NN_KERNEL(optim_kernels) = { 0 };
