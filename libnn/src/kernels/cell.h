/* Between recurrent.c and the cells: a tile of rows in a chunk of time steps, and products along its state. */
#ifndef NN_KERNELS_CELL_H
#define NN_KERNELS_CELL_H

#include "micro.h"
#include "recurrent.h"
#include "vector_activation.h"

_Static_assert((int)NN_RNN_VECTORS == (int)NN_MICRO_VECTORS, "a panel is the widest block");

typedef struct nn_rnn_tile {
    const nn_rnn *rnn;
    const nn_float *packed;
    const nn_rnn_rows *io;
    size_t first, steps;  /* the chunk: steps first .. first + steps - 1, counted as they are computed */
    nn_float *h, *next;   /* (rows, padded) state and its successor; backward: dh, and a second vector */
    nn_float *c;          /* (rows, padded) LSTM's cell state; backward: dc */
    nn_float *reset;      /* (rows, padded) r h of a GRU that resets before */
    nn_float *reset_kept; /* (rows, chunk, padded) the same, kept for the gradient */
} nn_rnn_tile;

/* All steps of a chunk: forward from the pre-activations x W + b in the input part's scratch, which backward replaces
 * by their gradients (and fills the other parts'). */
void NN_KERNEL(simple_rnn_forward)(nn_rnn_tile *tile);
void NN_KERNEL(simple_rnn_backward)(nn_rnn_tile *tile);
void NN_KERNEL(lstm_forward)(nn_rnn_tile *tile);
void NN_KERNEL(lstm_backward)(nn_rnn_tile *tile);
/* tile->c from what is saved of step first - 1. */
void NN_KERNEL(lstm_start)(nn_rnn_tile *tile);
void NN_KERNEL(gru_forward)(nn_rnn_tile *tile);
void NN_KERNEL(gru_backward)(nn_rnn_tile *tile);
void NN_KERNEL(gru_reset_before_forward)(nn_rnn_tile *tile);
void NN_KERNEL(gru_reset_before_backward)(nn_rnn_tile *tile);

/* out (rows, padded) = [out +] d U^T: the gradient by a part's vector from those of its columns at step t of the chunk.
 */
void NN_KERNEL(rnn_back)(const nn_rnn_tile *tile, int part, size_t t, nn_float *out, bool add);

/* A row of the tile in x and dx; in y and dy without sequences. */
static inline size_t nn_rnn_row(const nn_rnn_tile *tile, size_t row)
{
    return (size_t)tile->io->row[row];
}

/* Columns of panel p: the last one may be narrower. */
static inline size_t nn_rnn_width(const nn_rnn_part *part, size_t p)
{
    const size_t rest = part->columns - p * part->panel;
    return rest < part->panel ? rest : part->panel;
}

/* Columns of a part in the scratch memory: panel p of a row at step t of the chunk; rows are chunk x width apart. */
static inline nn_float *nn_rnn_at(const nn_rnn_tile *tile, int part, size_t p, size_t row, size_t t)
{
    const nn_rnn *rnn = tile->rnn;
    const nn_rnn_part *of = &rnn->part[part];
    return tile->io->scratch + of->scratch + p * of->panel * rnn->tile * rnn->chunk +
           (row * rnn->chunk + t) * nn_rnn_width(of, p);
}

/* Saved vectors of a block of units: `count` of them stand together. */
static inline nn_float *nn_rnn_saved(const nn_rnn_tile *tile, size_t row, size_t step, size_t block, size_t count)
{
    return tile->io->saved + (row * tile->rnn->time + step) * tile->rnn->saved + block * count * NN_LANES;
}

/* A block of the state after a step, and writing it. */
static inline nn_vec nn_rnn_load_h(const nn_rnn_tile *tile, size_t row, size_t step, size_t block)
{
    const size_t units = tile->rnn->units, unit = block * NN_LANES;
    return nn_load_part(tile->io->h + (row * tile->rnn->time + step) * units + unit, units - unit);
}

static inline void nn_rnn_store_h(const nn_rnn_tile *tile, size_t row, size_t step, size_t block, nn_vec h)
{
    const size_t units = tile->rnn->units, unit = block * NN_LANES;
    nn_store(tile->next + row * tile->rnn->padded + unit, h);
    nn_store_part(tile->io->h + (row * tile->rnn->time + step) * units + unit, h, units - unit);
}

/* --- asking for memory long before it is read: the rows of a tile lie far apart --- */

enum { NN_RNN_AHEAD = 8 /* steps */ };

static inline void nn_rnn_fetch(const nn_float *from, size_t reals)
{
    enum { LINE = 64 / sizeof(nn_float) };
    for (size_t i = 0; i < reals; i += LINE) __builtin_prefetch(from + i);
}

/* Where the input of a step, counted as they are computed, stands among a row's. */
static inline size_t nn_rnn_time(const nn_rnn *rnn, size_t step)
{
    return rnn->backwards ? rnn->time - 1 - step : step;
}

static inline void nn_rnn_fetch_input(const nn_rnn_tile *tile, size_t step)
{
    const nn_rnn *rnn = tile->rnn;
    for (size_t row = 0; row < tile->io->rows; row++)
        nn_rnn_fetch(tile->io->x + (nn_rnn_row(tile, row) * rnn->time + nn_rnn_time(rnn, step)) * rnn->in, rnn->in);
}

/* At step t of a forward pass' chunk: the input of the next chunk's. */
static inline void nn_rnn_fetch_forward(const nn_rnn_tile *tile, size_t t)
{
    const size_t step = tile->first + tile->rnn->chunk + t;
    if (step < tile->io->end) nn_rnn_fetch_input(tile, step);
}

/* At step t of a backward pass' chunk: what it reads of a step before. */
static inline void nn_rnn_fetch_backward(const nn_rnn_tile *tile, size_t t)
{
    const nn_rnn *rnn = tile->rnn;
    if (tile->first + t < NN_RNN_AHEAD) return;
    const size_t step = tile->first + t - NN_RNN_AHEAD;
    nn_rnn_fetch_input(tile, step);
    for (size_t row = 0; row < tile->io->rows; row++) {
        const size_t at = row * rnn->time + step;
        nn_rnn_fetch(tile->io->h + at * rnn->units, rnn->units);
        if (rnn->saved) nn_rnn_fetch(tile->io->saved + at * rnn->saved, rnn->saved);
    }
}

/* --- the gradient by the state --- */

/* A block of the gradient by the state after a step: what came from the step after it, and from above. */
static inline nn_vec nn_rnn_load_dh(const nn_rnn_tile *tile, size_t row, size_t step, size_t block)
{
    const size_t units = tile->rnn->units, unit = block * NN_LANES;
    const nn_vec dh = nn_load(tile->h + row * tile->rnn->padded + unit);
    if (!tile->rnn->sequences) return dh;
    return dh + nn_load_part(tile->io->dy + (row * tile->rnn->time + step) * units + unit, units - unit);
}

static inline void nn_rnn_swap(nn_rnn_tile *tile)
{
    nn_float *h = tile->h;
    tile->h = tile->next;
    tile->next = h;
}

/* function(rows, .., row) for all rows of the tile, the most at a time that a block of so many vectors takes. */
#define NN_RNN_BY_ROWS(count, vectors, function, ...)                                                                  \
    do {                                                                                                               \
        size_t row_ = 0;                                                                                               \
        for (; row_ + NN_MICRO_ROWS_OF(vectors) <= (count); row_ += NN_MICRO_ROWS_OF(vectors))                         \
            function(NN_MICRO_ROWS_OF(vectors), __VA_ARGS__, row_);                                                    \
        for (; row_ < (count); row_++) function(1, __VA_ARGS__, row_);                                                 \
    } while (0)

/* function(vectors, ..) with a constant 1, 2, 3 or 4. */
#define NN_RNN_BY_VECTORS(vectors, function, ...)                                                                      \
    switch (vectors) {                                                                                                 \
    case 1:                                                                                                            \
        function(1, __VA_ARGS__);                                                                                      \
        break;                                                                                                         \
    case 2:                                                                                                            \
        function(2, __VA_ARGS__);                                                                                      \
        break;                                                                                                         \
    case 3:                                                                                                            \
        function(3, __VA_ARGS__);                                                                                      \
        break;                                                                                                         \
    default:                                                                                                           \
        function(4, __VA_ARGS__);                                                                                      \
    }

#endif
