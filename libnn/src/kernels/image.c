#include "image.h"
#include "real.h"

const nn_image_kernels NN_KERNEL(image_kernels) = { 0 };
