/* What image.h calls `weights`, for one instruction set. */
#ifndef NN_KERNELS_IMAGE_WEIGHTS_H
#define NN_KERNELS_IMAGE_WEIGHTS_H

#include "image.h"
#include "real.h"

void NN_KERNEL(image_weights)(nn_float *dkernel, const nn_float *image, const nn_float *map, nn_float *scratch,
                              const nn_conv *conv, int first, int last);
size_t NN_KERNEL(image_weights_scratch)(const nn_conv *conv);

#endif
