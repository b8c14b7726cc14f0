/* SimpleRNN (Elman 1990): h = act(x W + b + h' U). Nothing is saved but h. */
#include "cell.h"

NN_INLINE void forward_rows(const int rows, const nn_rnn_tile *tile, const int vectors, const nn_activation activation,
                            size_t t, size_t p, size_t row)
{
    const nn_rnn *rnn = tile->rnn;
    const nn_rnn_part *part = &rnn->part[NN_RNN_STATE];
    const size_t step = tile->first + t, width = (size_t)vectors * NN_LANES, block = p * part->panel / NN_LANES;
    const nn_float *u = tile->packed + part->forward + p * part->panel * rnn->units;

    nn_micro_block a;
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        const nn_float *pre = nn_rnn_pre(tile, p, row + (size_t)r, t);
        NN_UNROLL for (int v = 0; v < vectors; v++) a[r][v] = nn_load(pre + v * NN_LANES);
    }
    nn_micro(a, rows, vectors, tile->h + row * rnn->padded, (ptrdiff_t)rnn->padded, 1, u, width, step ? rnn->units : 0);
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        NN_UNROLL for (int v = 0; v < vectors; v++)
            nn_rnn_store_h(tile, row + (size_t)r, step, block + (size_t)v, nn_vactivate(activation, a[r][v]));
    }
}

NN_INLINE void forward_panel(const int vectors, const nn_rnn_tile *tile, const nn_activation activation, size_t t,
                             size_t p)
{
    NN_RNN_BY_ROWS(tile->io->rows, vectors, forward_rows, tile, vectors, activation, t, p);
}

NN_INLINE void forward(nn_rnn_tile *tile, const nn_activation activation)
{
    const nn_rnn_part *part = &tile->rnn->part[NN_RNN_STATE];
    for (size_t t = 0; t < tile->steps; t++) {
        nn_rnn_fetch_forward(tile, t);
        for (size_t p = 0; p * part->panel < part->columns; p++)
            NN_RNN_BY_VECTORS(nn_rnn_width(part, p) / NN_LANES, forward_panel, tile, activation, t, p);
        nn_rnn_swap(tile);
    }
}

NN_INLINE void backward(nn_rnn_tile *tile, const nn_activation activation)
{
    const nn_rnn_part *part = &tile->rnn->part[NN_RNN_STATE];
    for (size_t t = tile->steps; t-- > 0;) {
        const size_t step = tile->first + t;
        nn_rnn_fetch_backward(tile, t);
        for (size_t p = 0; p * part->panel < part->columns; p++) {
            const size_t width = nn_rnn_width(part, p), first = p * part->panel / NN_LANES;
            for (size_t row = 0; row < tile->io->rows; row++) {
                nn_float *d = nn_rnn_at(tile, NN_RNN_INPUT, p, row, t);
                for (size_t v = 0; v < width / NN_LANES; v++) {
                    const nn_vec dh = nn_rnn_load_dh(tile, row, step, first + v);
                    /* da = dh act'(a) */
                    nn_store(d + v * NN_LANES,
                             nn_vactivate_backward(activation, dh, nn_rnn_load_h(tile, row, step, first + v)));
                }
            }
        }
        if (step > 0) NN_KERNEL(rnn_back)(tile, NN_RNN_STATE, t, tile->h, false);
    }
}

void NN_KERNEL(simple_rnn_forward)(nn_rnn_tile *tile)
{
    if (tile->rnn->activation == NN_TANH)
        forward(tile, NN_TANH);
    else
        forward(tile, tile->rnn->activation);
}

void NN_KERNEL(simple_rnn_backward)(nn_rnn_tile *tile)
{
    if (tile->rnn->activation == NN_TANH)
        backward(tile, NN_TANH);
    else
        backward(tile, tile->rnn->activation);
}
