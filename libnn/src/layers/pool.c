#include "../layer.h"
#include "layers.h"

const nn_layer_ops nn_max_pool2d_ops = { .name = "max_pool2d", .type_name = "MaxPooling2D" };
const nn_layer_ops nn_average_pool2d_ops = { .name = "average_pool2d", .type_name = "AveragePooling2D" };
