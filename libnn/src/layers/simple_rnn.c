#include "recurrent.h"

static nn_status plan(nn_layer *layer, nn_error *error)
{
    return nn_rnn_plan(layer, NN_CELL_SIMPLE_RNN, error);
}

const nn_layer_ops nn_simple_rnn_ops = { .name = "simple_rnn",
                                         .type_name = "SimpleRNN",
                                         .private_size = sizeof(nn_rnn_layer),
                                         .plan = plan,
                                         .carve = nn_rnn_carve,
                                         .forward = nn_rnn_forward,
                                         .backward = nn_rnn_backward };
