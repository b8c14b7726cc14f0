#include "recurrent.h"
#include "real.h"

extern const nn_recurrent_kernels NN_KERNEL(recurrent_kernels);
const nn_recurrent_kernels NN_KERNEL(recurrent_kernels) = { 0 };
