#include "image.h"
#include "real.h"

extern const nn_image_kernels NN_KERNEL(image_kernels);
const nn_image_kernels NN_KERNEL(image_kernels) = { 0 };
