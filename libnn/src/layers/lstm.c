#include "recurrent.h"

static nn_status plan(nn_layer *layer, nn_error *error)
{
    return nn_rnn_plan(layer, NN_CELL_LSTM, error);
}

/* unit_forget_bias (Jozefowicz, Zaremba and Sutskever 2015): gates i, f, c, o start at 0, 1, 0, 0, to remember at
 * first. */
static void init(nn_layer *layer)
{
    const nn_rnn_def *def = &layer->def.rnn;
    if (def->no_bias || def->no_unit_forget_bias) return;
    nn_float *forget = layer->weights[2].value + def->units;
    for (int i = 0; i < def->units; i++) forget[i] = 1;
}

const nn_layer_ops nn_lstm_ops = { .name = "lstm",
                                   .type_name = "LSTM",
                                   .private_size = sizeof(nn_rnn_layer),
                                   .plan = plan,
                                   .carve = nn_rnn_carve,
                                   .init = init,
                                   .forward = nn_rnn_forward,
                                   .backward = nn_rnn_backward };
