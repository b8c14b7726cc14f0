#include "../layer.h"
#include "layers.h"

const nn_layer_ops nn_simple_rnn_ops = { .name = "simple_rnn", .type_name = "SimpleRNN" };
