#include "../layer.h"
#include "layers.h"

const nn_layer_ops nn_conv2d_transpose_ops = { .name = "conv2d_transpose", .type_name = "Conv2DTranspose" };
