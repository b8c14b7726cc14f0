#include "recurrent.h"
#include "real.h"

const nn_recurrent_kernels NN_KERNEL(recurrent_kernels) = { 0 };
