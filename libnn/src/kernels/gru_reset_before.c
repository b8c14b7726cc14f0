/*
 * GRU with the reset gate before the product, n = act(x W + b + (r h') U); the rest as in gru.c. A step is two
 * products, the second one for all blocks' r h'. Saved per block and step: z, r, n.
 */
#include "cell.h"

enum { Z, R, N, SAVED, GATES = 2 };

/* z and r, and r h' for the second product. */
NN_INLINE void forward_gates(const int rows, const nn_rnn_tile *tile, const nn_activation gate, size_t t, size_t block,
                             size_t row)
{
    const nn_rnn *rnn = tile->rnn;
    const size_t step = tile->first + t, unit = block * NN_LANES;
    const nn_float *u = tile->packed + rnn->part[NN_RNN_STATE].forward + block * rnn->units * GATES * NN_LANES;

    nn_micro_block a;
    NN_UNROLL for (int k = 0; k < rows; k++)
    {
        const nn_float *pre = nn_rnn_pre(tile, block, row + (size_t)k, t);
        NN_UNROLL for (int v = 0; v < GATES; v++) a[k][v] = nn_load(pre + v * NN_LANES);
    }
    nn_micro(a, rows, GATES, tile->h + row * rnn->padded, (ptrdiff_t)rnn->padded, 1, u, GATES * NN_LANES,
             step ? rnn->units : 0);
    NN_UNROLL for (int k = 0; k < rows; k++)
    {
        const size_t at = (row + (size_t)k) * rnn->padded + unit;
        nn_float *saved = nn_rnn_saved(tile, row + (size_t)k, step, block, SAVED);
        const nn_vec r = nn_vactivate(gate, a[k][R]);
        nn_store(saved + Z * NN_LANES, nn_vactivate(gate, a[k][Z]));
        nn_store(saved + R * NN_LANES, r);
        nn_store(tile->reset + at, r * nn_load(tile->h + at));
    }
}

/* n and h for a panel of blocks. */
NN_INLINE void forward_candidate(const int rows, const nn_rnn_tile *tile, const int vectors,
                                 const nn_activation activation, size_t t, size_t p, size_t row)
{
    const nn_rnn *rnn = tile->rnn;
    const nn_rnn_part *part = &rnn->part[NN_RNN_RESET];
    const size_t step = tile->first + t, first = p * part->panel / NN_LANES;
    const nn_float *u = tile->packed + part->forward + p * part->panel * rnn->units;

    nn_micro_block a;
    NN_UNROLL for (int k = 0; k < rows; k++)
    {
        NN_UNROLL for (int v = 0; v < vectors; v++) a[k][v] =
            nn_load(nn_rnn_pre(tile, first + (size_t)v, row + (size_t)k, t) + N * NN_LANES);
    }
    nn_micro(a, rows, vectors, tile->reset + row * rnn->padded, (ptrdiff_t)rnn->padded, 1, u,
             (size_t)vectors * NN_LANES, step ? rnn->units : 0);
    NN_UNROLL for (int k = 0; k < rows; k++)
    {
        NN_UNROLL for (int v = 0; v < vectors; v++)
        {
            const size_t block = first + (size_t)v;
            nn_float *saved = nn_rnn_saved(tile, row + (size_t)k, step, block, SAVED);
            const nn_vec before = nn_load(tile->h + (row + (size_t)k) * rnn->padded + block * NN_LANES);
            const nn_vec z = nn_load(saved + Z * NN_LANES), n = nn_vactivate(activation, a[k][v]);
            nn_store(saved + N * NN_LANES, n);
            nn_rnn_store_h(tile, row + (size_t)k, step, block, z * before + (1 - z) * n);
        }
    }
}

NN_INLINE void forward_panel(const int vectors, const nn_rnn_tile *tile, const nn_activation activation, size_t t,
                             size_t p)
{
    NN_RNN_BY_ROWS(tile->io->rows, vectors, forward_candidate, tile, vectors, activation, t, p);
}

void NN_KERNEL(gru_reset_before_forward)(nn_rnn_tile *tile)
{
    const nn_rnn *rnn = tile->rnn;
    const nn_rnn_part *part = &rnn->part[NN_RNN_RESET];
    for (size_t t = 0; t < tile->steps; t++) {
        nn_rnn_fetch_forward(tile, t);
        for (size_t block = 0; block < rnn->padded / NN_LANES; block++)
            NN_RNN_BY_ROWS(tile->io->rows, GATES, forward_gates, tile, rnn->gate_activation, t, block);
        for (size_t p = 0; p * part->panel < part->columns; p++)
            NN_RNN_BY_VECTORS(nn_rnn_width(part, p) / NN_LANES, forward_panel, tile, rnn->activation, t, p);
        nn_rnn_swap(tile);
    }
}

/* dz, dn and r h' of a block. */
static void backward_candidate(const nn_rnn_tile *tile, size_t t, size_t block, size_t row)
{
    const nn_rnn *rnn = tile->rnn;
    const nn_rnn_part *part = &rnn->part[NN_RNN_RESET];
    const size_t step = tile->first + t, column = block * NN_LANES;
    const nn_float *saved = nn_rnn_saved(tile, row, step, block, SAVED);
    nn_float *d_input = nn_rnn_at(tile, NN_RNN_INPUT, block, row, t),
             *d_state = nn_rnn_at(tile, NN_RNN_STATE, block, row, t);
    nn_float *d_reset = nn_rnn_at(tile, NN_RNN_RESET, column / part->panel, row, t) + column % part->panel;
    const nn_vec z = nn_load(saved + Z * NN_LANES), r = nn_load(saved + R * NN_LANES),
                 n = nn_load(saved + N * NN_LANES);
    const nn_vec before = step ? nn_rnn_load_h(tile, row, step - 1, block) : (nn_vec){ 0 };
    const nn_vec dh = nn_rnn_load_dh(tile, row, step, block);
    const nn_vec dz = nn_vactivate_backward(rnn->gate_activation, dh * (before - n), z);
    const nn_vec dn = nn_vactivate_backward(rnn->activation, dh * (1 - z), n);
    nn_store(d_input + Z * NN_LANES, dz);
    nn_store(d_input + N * NN_LANES, dn);
    nn_store(d_state + Z * NN_LANES, dz);
    nn_store(d_reset, dn);
    nn_store(tile->reset_kept + (row * rnn->chunk + t) * rnn->padded + column, r * before);
    nn_store(tile->h + row * rnn->padded + column, dh * z);
}

/* dr from the gradient by r h', which also goes on to h'. */
static void backward_reset(const nn_rnn_tile *tile, size_t t, size_t block, size_t row)
{
    const nn_rnn *rnn = tile->rnn;
    const size_t step = tile->first + t, at = row * rnn->padded + block * NN_LANES;
    const nn_vec r = nn_load(nn_rnn_saved(tile, row, step, block, SAVED) + R * NN_LANES);
    const nn_vec before = step ? nn_rnn_load_h(tile, row, step - 1, block) : (nn_vec){ 0 };
    const nn_vec d_reset = nn_load(tile->reset + at);
    const nn_vec dr = nn_vactivate_backward(rnn->gate_activation, d_reset * before, r);
    nn_store(nn_rnn_at(tile, NN_RNN_INPUT, block, row, t) + R * NN_LANES, dr);
    nn_store(nn_rnn_at(tile, NN_RNN_STATE, block, row, t) + R * NN_LANES, dr);
    nn_store(tile->h + at, nn_load(tile->h + at) + d_reset * r);
}

void NN_KERNEL(gru_reset_before_backward)(nn_rnn_tile *tile)
{
    const size_t blocks = tile->rnn->padded / NN_LANES;
    for (size_t t = tile->steps; t-- > 0;) {
        nn_rnn_fetch_backward(tile, t);
        for (size_t row = 0; row < tile->io->rows; row++)
            for (size_t block = 0; block < blocks; block++) backward_candidate(tile, t, block, row);
        NN_KERNEL(rnn_back)(tile, NN_RNN_RESET, t, tile->reset, false);
        for (size_t row = 0; row < tile->io->rows; row++)
            for (size_t block = 0; block < blocks; block++) backward_reset(tile, t, block, row);
        if (tile->first + t > 0) NN_KERNEL(rnn_back)(tile, NN_RNN_STATE, t, tile->h, true);
    }
}
