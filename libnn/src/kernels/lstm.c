/*
 * LSTM (Hochreiter and Schmidhuber 1997; forget gate: Gers, Schmidhuber and Cummins 2000), gates i, f, g (the candidate
 * c~), o. Saved per block of units and step: i, f, g, o, c; where only the last h goes on, the others follow from
 * these going back, for memory is slower than one more product.
 */
#include "cell.h"

enum { I, F, G, O, C, SAVED, GATES = 4 };

NN_INLINE void forward_rows(const int rows, const nn_rnn_tile *tile, const nn_activation activation,
                            const nn_activation gate, size_t t, size_t block, size_t row)
{
    const nn_rnn *rnn = tile->rnn;
    const size_t step = tile->first + t, unit = block * NN_LANES;
    const nn_float *u = tile->packed + rnn->part[NN_RNN_STATE].forward + block * rnn->units * GATES * NN_LANES;

    nn_micro_block a; /* x W + b + h U */
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        const nn_float *pre = nn_rnn_pre(tile, block, row + (size_t)r, t);
        NN_UNROLL for (int v = 0; v < GATES; v++) a[r][v] = nn_load(pre + v * NN_LANES);
    }
    nn_micro(a, rows, GATES, tile->h + row * rnn->padded, (ptrdiff_t)rnn->padded, 1, u, GATES * NN_LANES,
             step ? rnn->units : 0);
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        nn_float *cell = tile->c + (row + (size_t)r) * rnn->padded + unit;
        nn_float *saved = nn_rnn_saved(tile, row + (size_t)r, step, block, SAVED);
        const nn_vec i = nn_vactivate(gate, a[r][I]), f = nn_vactivate(gate, a[r][F]);
        const nn_vec g = nn_vactivate(activation, a[r][G]), o = nn_vactivate(gate, a[r][O]);
        /* c = f c' + i g; h = o act(c) */
        const nn_vec c = f * nn_load(cell) + i * g;
        const nn_vec h = o * nn_vactivate(activation, c);
        nn_store(cell, c);
        nn_store(saved + I * NN_LANES, i);
        nn_store(saved + F * NN_LANES, f);
        nn_store(saved + G * NN_LANES, g);
        nn_store(saved + O * NN_LANES, o);
        nn_store(saved + C * NN_LANES, c);
        nn_rnn_store_h(tile, row + (size_t)r, step, block, h);
    }
}

NN_INLINE void forward(nn_rnn_tile *tile, const nn_activation activation, const nn_activation gate)
{
    const size_t blocks = tile->rnn->padded / NN_LANES;
    for (size_t t = 0; t < tile->steps; t++) {
        nn_rnn_fetch_forward(tile, t);
        for (size_t block = 0; block < blocks; block++)
            NN_RNN_BY_ROWS(tile->io->rows, GATES, forward_rows, tile, activation, gate, t, block);
        nn_rnn_swap(tile);
    }
}

/* A block of the state before step t of the chunk, which is that after step t - 1. */
static inline nn_float *state_before(const nn_rnn_tile *tile, size_t row, size_t t, size_t block)
{
    return tile->before + (row * (tile->rnn->chunk + 1) + t) * tile->rnn->padded + block * NN_LANES;
}

/* Gradients by the gates' pre-activations, and by the cell state before. */
NN_INLINE void backward_block(const nn_rnn_tile *tile, const nn_activation activation, const nn_activation gate,
                              size_t t, size_t block, size_t row)
{
    const size_t step = tile->first + t;
    const nn_float *saved = nn_rnn_saved(tile, row, step, block, SAVED);
    nn_float *d = nn_rnn_at(tile, NN_RNN_INPUT, block, row, t);
    nn_float *carried = tile->c + row * tile->rnn->padded + block * NN_LANES;
    const nn_vec i = nn_load(saved + I * NN_LANES), f = nn_load(saved + F * NN_LANES);
    const nn_vec g = nn_load(saved + G * NN_LANES), o = nn_load(saved + O * NN_LANES);
    const nn_vec before =
        step ? nn_load(nn_rnn_saved(tile, row, step - 1, block, SAVED) + C * NN_LANES) : (nn_vec){ 0 };
    const nn_vec squashed = nn_vactivate(activation, nn_load(saved + C * NN_LANES));
    const nn_vec dh = nn_rnn_load_dh(tile, row, step, block);
    /* dc = dc from the step after + dh o act'(c) */
    const nn_vec dc = nn_load(carried) + nn_vactivate_backward(activation, dh * o, squashed);
    nn_store(d + I * NN_LANES, nn_vactivate_backward(gate, dc * g, i));
    nn_store(d + F * NN_LANES, nn_vactivate_backward(gate, dc * before, f));
    nn_store(d + G * NN_LANES, nn_vactivate_backward(activation, dc * i, g));
    nn_store(d + O * NN_LANES, nn_vactivate_backward(gate, dh * squashed, o));
    nn_store(carried, dc * f);
    if (!tile->rnn->keeps_h) nn_store(state_before(tile, row, t + 1, block), o * squashed);
}

/* The state before the chunk, o act(c) of the step before. */
NN_INLINE void state_before_chunk(const nn_rnn_tile *tile, const nn_activation activation, size_t block, size_t row)
{
    const nn_float *saved = nn_rnn_saved(tile, row, tile->first - 1, block, SAVED);
    const nn_vec squashed = nn_vactivate(activation, nn_load(saved + C * NN_LANES));
    nn_store(state_before(tile, row, 0, block), nn_load(saved + O * NN_LANES) * squashed);
}

NN_INLINE void backward(nn_rnn_tile *tile, const nn_activation activation, const nn_activation gate)
{
    const size_t blocks = tile->rnn->padded / NN_LANES;
    for (size_t t = tile->steps; t-- > 0;) {
        nn_rnn_fetch_backward(tile, t);
        for (size_t row = 0; row < tile->io->rows; row++)
            for (size_t block = 0; block < blocks; block++) backward_block(tile, activation, gate, t, block, row);
        if (tile->first + t > 0) NN_KERNEL(rnn_back)(tile, NN_RNN_STATE, t, tile->h, false);
    }
    for (size_t row = 0; row < tile->io->rows && !tile->rnn->keeps_h && tile->first > 0; row++)
        for (size_t block = 0; block < blocks; block++) state_before_chunk(tile, activation, block, row);
}

void NN_KERNEL(lstm_start)(nn_rnn_tile *tile)
{
    const size_t padded = tile->rnn->padded;
    for (size_t row = 0; row < tile->io->rows; row++) {
        for (size_t block = 0; block < padded / NN_LANES; block++) {
            const nn_float *saved = nn_rnn_saved(tile, row, tile->first - 1, block, SAVED);
            nn_store(tile->c + row * padded + block * NN_LANES, nn_load(saved + C * NN_LANES));
        }
    }
}

static bool usual(const nn_rnn *rnn)
{
    return rnn->activation == NN_TANH && rnn->gate_activation == NN_SIGMOID;
}

void NN_KERNEL(lstm_forward)(nn_rnn_tile *tile)
{
    if (usual(tile->rnn))
        forward(tile, NN_TANH, NN_SIGMOID);
    else
        forward(tile, tile->rnn->activation, tile->rnn->gate_activation);
}

void NN_KERNEL(lstm_backward)(nn_rnn_tile *tile)
{
    if (usual(tile->rnn))
        backward(tile, NN_TANH, NN_SIGMOID);
    else
        backward(tile, tile->rnn->activation, tile->rnn->gate_activation);
}
