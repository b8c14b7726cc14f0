#include "../layer.h"
#include "layers.h"

const nn_layer_ops nn_batch_norm_ops = { .name = "batch_norm", .type_name = "BatchNormalization" };
