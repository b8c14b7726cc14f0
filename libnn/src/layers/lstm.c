#include "../layer.h"
#include "layers.h"

const nn_layer_ops nn_lstm_ops = { .name = "lstm", .type_name = "LSTM" };
