/* What SimpleRNN, LSTM and GRU share: all but the cell, which is the kernels'. */
#ifndef NN_LAYERS_RECURRENT_H
#define NN_LAYERS_RECURRENT_H

#include "../kernels/recurrent.h"
#include "layers.h"

/* The private struct of a recurrent layer. */
typedef struct nn_rnn_layer {
    nn_rnn rnn;
    int gradients;    /* partial gradients there can be */
    nn_float *packed; /* (rnn.packed) */
    nn_float *h;      /* (max_batch, time, units); NULL with sequences: it is y */
    nn_float *saved;  /* (max_batch, time, rnn.saved) */
} nn_rnn_layer;

nn_status nn_rnn_plan(nn_layer *layer, nn_cell cell, nn_error *error);
void nn_rnn_carve(nn_layer *layer, nn_arena *arena);
nn_status nn_rnn_forward(nn_layer *layer, const nn_run *run);
void nn_rnn_backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params);

#endif
