#include "../layer.h"
#include "layers.h"

const nn_layer_ops nn_global_max_pool2d_ops = { .name = "global_max_pool2d", .type_name = "GlobalMaxPooling2D" };
const nn_layer_ops nn_global_average_pool2d_ops = { .name = "global_average_pool2d", .type_name = "GlobalAveragePooling2D" };
