#include "optim.h"
#include "real.h"

const nn_optim_kernels NN_KERNEL(optim_kernels) = { 0 };
