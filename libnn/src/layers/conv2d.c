#include "../layer.h"
#include "layers.h"

const nn_layer_ops nn_conv2d_ops = { .name = "conv2d", .type_name = "Conv2D" };
