#include "recurrent.h"

static nn_status plan(nn_layer *layer, nn_error *error)
{
    return nn_rnn_plan(layer, layer->def.rnn.reset_before ? NN_CELL_GRU_RESET_BEFORE : NN_CELL_GRU, error);
}

const nn_layer_ops nn_gru_ops = { .name = "gru",
                                  .type_name = "GRU",
                                  .private_size = sizeof(nn_rnn_layer),
                                  .plan = plan,
                                  .carve = nn_rnn_carve,
                                  .forward = nn_rnn_forward,
                                  .backward = nn_rnn_backward };
