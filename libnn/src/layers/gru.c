#include "../layer.h"
#include "layers.h"

const nn_layer_ops nn_gru_ops = { .name = "gru", .type_name = "GRU" };
