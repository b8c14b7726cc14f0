#ifndef NN_KERNELS_IMAGE_H
#define NN_KERNELS_IMAGE_H

#include "kernels.h"

struct nn_image_kernels {
    int not_yet;
};

#endif
