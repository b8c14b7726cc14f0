/*
 * GRU (Cho et al. 2014), gates z (update), r (reset), n (candidate); h = z h' + (1 - z) n.
 * Reset after the product: n = act(x W + b + r (h' U + b_r)); saved per block and step: z, r, n, h' U + b_r.
 */
#include "cell.h"

enum { Z, R, N, P, SAVED, GATES = 3 };

NN_INLINE void forward_rows(const int rows, const nn_rnn_tile *tile, const nn_activation activation,
                            const nn_activation gate, size_t t, size_t block, size_t row)
{
    const nn_rnn *rnn = tile->rnn;
    const nn_rnn_part *part = &rnn->part[NN_RNN_STATE];
    const size_t step = tile->first + t, unit = block * NN_LANES;
    const nn_float *u = tile->packed + part->forward + block * rnn->units * GATES * NN_LANES;
    const nn_float *bias = tile->packed + part->packed_bias + block * GATES * NN_LANES;

    nn_micro_block a; /* h' U + b_r */
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        NN_UNROLL for (int v = 0; v < GATES; v++) a[r][v] = nn_load(bias + v * NN_LANES);
    }
    nn_micro(a, rows, GATES, tile->h + row * rnn->padded, (ptrdiff_t)rnn->padded, 1, u, GATES * NN_LANES,
             step ? rnn->units : 0);
    NN_UNROLL for (int k = 0; k < rows; k++)
    {
        const nn_float *x = nn_rnn_pre(tile, block, row + (size_t)k, t);
        nn_float *saved = nn_rnn_saved(tile, row + (size_t)k, step, block, SAVED);
        const nn_vec before = nn_load(tile->h + (row + (size_t)k) * rnn->padded + unit);
        const nn_vec z = nn_vactivate(gate, nn_load(x + Z * NN_LANES) + a[k][Z]);
        const nn_vec r = nn_vactivate(gate, nn_load(x + R * NN_LANES) + a[k][R]);
        const nn_vec n = nn_vactivate(activation, nn_load(x + N * NN_LANES) + r * a[k][N]);
        nn_store(saved + Z * NN_LANES, z);
        nn_store(saved + R * NN_LANES, r);
        nn_store(saved + N * NN_LANES, n);
        nn_store(saved + P * NN_LANES, a[k][N]);
        nn_rnn_store_h(tile, row + (size_t)k, step, block, z * before + (1 - z) * n);
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

void NN_KERNEL(gru_forward)(nn_rnn_tile *tile)
{
    if (tile->rnn->activation == NN_TANH && tile->rnn->gate_activation == NN_SIGMOID)
        forward(tile, NN_TANH, NN_SIGMOID);
    else
        forward(tile, tile->rnn->activation, tile->rnn->gate_activation);
}

static void backward_block(const nn_rnn_tile *tile, size_t t, size_t block, size_t row)
{
    const nn_activation activation = tile->rnn->activation, gate = tile->rnn->gate_activation;
    const size_t step = tile->first + t;
    const nn_float *saved = nn_rnn_saved(tile, row, step, block, SAVED);
    nn_float *d_input = nn_rnn_at(tile, NN_RNN_INPUT, block, row, t),
             *d_state = nn_rnn_at(tile, NN_RNN_STATE, block, row, t);
    const nn_vec z = nn_load(saved + Z * NN_LANES), r = nn_load(saved + R * NN_LANES);
    const nn_vec n = nn_load(saved + N * NN_LANES), product = nn_load(saved + P * NN_LANES);
    const nn_vec before = step ? nn_rnn_load_h(tile, row, step - 1, block) : (nn_vec){ 0 };
    const nn_vec dh = nn_rnn_load_dh(tile, row, step, block);
    /* by the pre-activations: dz = dh (h' - n) z', dn = dh (1 - z) n', dr = dn (h' U + b_r) r' */
    const nn_vec dz = nn_vactivate_backward(gate, dh * (before - n), z);
    const nn_vec dn = nn_vactivate_backward(activation, dh * (1 - z), n);
    const nn_vec dr = nn_vactivate_backward(gate, dn * product, r);
    nn_store(d_input + Z * NN_LANES, dz);
    nn_store(d_input + R * NN_LANES, dr);
    nn_store(d_input + N * NN_LANES, dn);
    nn_store(d_state + Z * NN_LANES, dz);
    nn_store(d_state + R * NN_LANES, dr);
    nn_store(d_state + N * NN_LANES, dn * r);
    nn_store(tile->h + row * tile->rnn->padded + block * NN_LANES, dh * z);
}

void NN_KERNEL(gru_backward)(nn_rnn_tile *tile)
{
    const size_t blocks = tile->rnn->padded / NN_LANES;
    for (size_t t = tile->steps; t-- > 0;) {
        nn_rnn_fetch_backward(tile, t);
        for (size_t row = 0; row < tile->io->rows; row++)
            for (size_t block = 0; block < blocks; block++) backward_block(tile, t, block, row);
        if (tile->first + t > 0) NN_KERNEL(rnn_back)(tile, NN_RNN_STATE, t, tile->h, true);
    }
}
