/* Between recurrent.c and the cells: a tile of rows in a chunk of time steps, and products along its state. */
#ifndef NN_KERNELS_CELL_H
#define NN_KERNELS_CELL_H

#include "micro.h"
#include "recurrent.h"
#include "vector_activation.h"

_Static_assert((int)NN_RNN_VECTORS == (int)NN_MICRO_VECTORS, "a panel is the widest block");

/* The columns of a part for some rows and steps: panels of (places, panel width). */
typedef struct nn_rnn_columns {
    nn_float *base;
    size_t places;     /* of a panel */
    size_t first, row; /* the place of the tile's first row at the chunk's first step; places from row to row */
} nn_rnn_columns;

typedef struct nn_rnn_tile {
    const nn_rnn *rnn;
    const nn_float *packed;
    const nn_rnn_rows *io;
    size_t first, steps;  /* the chunk: steps first .. first + steps - 1, counted as they are computed */
    nn_float *h, *next;   /* (rows, padded) state and its successor; backward: dh, and a second vector */
    nn_float *c;          /* (rows, padded) LSTM's cell state; backward: dc */
    nn_float *looked_up;  /* (rows, chunk, in) the chunk's rows of a table */
    nn_float *before;     /* (rows, chunk + 1, padded) going back: states before the chunk and after its steps */
    nn_float *reset;      /* (rows, padded) r h of a GRU that resets before */
    nn_float *reset_kept; /* (rows, chunk, padded) the same, kept for the gradient */
    nn_rnn_columns columns[NN_RNN_PARTS];
} nn_rnn_tile;

/* All steps of a chunk: forward from the pre-activations x W + b, backward to their gradients in the input part's
 * columns (and the other parts'). */
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

/* Of nn_recurrent_kernels. */
void NN_KERNEL(rnn_backward_words)(const nn_rnn *rnn, const nn_float *packed, const nn_rnn_words *words, size_t first,
                                   size_t last, nn_float *gradient, nn_float *scratch);
void NN_KERNEL(rnn_pack)(const nn_rnn *rnn, nn_float *packed, nn_rnn_weights weights, size_t first, size_t last);
void NN_KERNEL(rnn_add_gradients)(const nn_rnn *rnn, nn_rnn_weights gradients, const nn_float *partial, size_t count,
                                  size_t first, size_t last);

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

/* The width of panel q of the transposed weights, in reals. */
static inline size_t nn_rnn_transposed_width(const nn_rnn_part *part, size_t q)
{
    const size_t most = NN_MICRO_VECTORS * NN_LANES, rest = part->depth_padded - q * most;
    return rest < most ? rest : most;
}

/* Panel p of a part's columns at some place; the next place is as far as the panel is wide. */
static inline nn_float *nn_rnn_column(const nn_rnn_part *part, const nn_rnn_columns *columns, size_t p, size_t place)
{
    return columns->base + p * part->panel * columns->places + place * nn_rnn_width(part, p);
}

/* The same for a row at step t of the chunk. */
static inline nn_float *nn_rnn_at(const nn_rnn_tile *tile, int part, size_t p, size_t row, size_t t)
{
    const nn_rnn_columns *columns = &tile->columns[part];
    return nn_rnn_column(&tile->rnn->part[part], columns, p, columns->first + row * columns->row + t);
}

/* The row of the table that is a row's input at a step. */
static inline size_t nn_rnn_word(const nn_rnn_tile *tile, size_t row, size_t step)
{
    const nn_rnn *rnn = tile->rnn;
    return (size_t)tile->io->words[nn_rnn_row(tile, row) * rnn->time + nn_rnn_time(rnn, step)];
}

/* An input of `in` reals: too short for a call of memcpy(). */
static inline void nn_rnn_copy_row(nn_float *to, const nn_float *from, size_t in)
{
    for (size_t i = 0; i < in; i += NN_LANES) nn_store_part(to + i, nn_load_part(from + i, in - i), in - i);
}

/* The input (in) of a row at a step. */
static inline const nn_float *nn_rnn_input(const nn_rnn_tile *tile, size_t row, size_t step)
{
    const nn_rnn *rnn = tile->rnn;
    if (tile->io->words) return tile->io->x + nn_rnn_word(tile, row, step) * rnn->in;
    return tile->io->x + (nn_rnn_row(tile, row) * rnn->time + nn_rnn_time(rnn, step)) * rnn->in;
}

/* The same through the kernel, x W + b, panel p. */
static inline const nn_float *nn_rnn_projected(const nn_rnn_tile *tile, size_t p, size_t row, size_t step)
{
    const nn_rnn_part *of = &tile->rnn->part[NN_RNN_INPUT];
    return tile->io->projected + p * of->panel * tile->rnn->vocab + nn_rnn_word(tile, row, step) * nn_rnn_width(of, p);
}

/* Forward's pre-activations of a row at step t of the chunk, panel p. */
static inline const nn_float *nn_rnn_pre(const nn_rnn_tile *tile, size_t p, size_t row, size_t t)
{
    if (tile->io->projected) return nn_rnn_projected(tile, p, row, tile->first + t);
    return nn_rnn_at(tile, NN_RNN_INPUT, p, row, t);
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
    if (tile->io->h) nn_store_part(tile->io->h + (row * tile->rnn->time + step) * units + unit, h, units - unit);
}

/* a (rows, vectors) += d W^T, panel q of the transposed weights: rows of d are `row` places apart, from `place` on. */
NN_INLINE void nn_rnn_back_product(nn_micro_block a, const int rows, const int vectors, const nn_rnn_part *part,
                                   const nn_float *packed, const nn_rnn_columns *d, size_t q, size_t place, size_t row)
{
    const size_t width = (size_t)vectors * NN_LANES;
    const nn_float *b = packed + part->transposed + q * NN_MICRO_VECTORS * NN_LANES * part->columns;
    for (size_t p = 0; p * part->panel < part->columns; p++) {
        const size_t columns = nn_rnn_width(part, p);
        nn_micro(a, rows, vectors, nn_rnn_column(part, d, p, place), (ptrdiff_t)(row * columns), 1,
                 b + p * part->panel * width, width, columns);
    }
}

/* --- asking for memory long before it is read: the rows of a tile lie far apart --- */

enum { NN_RNN_AHEAD = 8 /* steps */ };

static inline void nn_rnn_fetch_input(const nn_rnn_tile *tile, size_t step)
{
    for (size_t row = 0; row < tile->io->rows; row++) nn_fetch(nn_rnn_input(tile, row, step), tile->rnn->in);
}

static inline void nn_rnn_fetch_projected(const nn_rnn_tile *tile, size_t step)
{
    const nn_rnn_part *part = &tile->rnn->part[NN_RNN_INPUT];
    for (size_t p = 0; p * part->panel < part->columns; p++)
        for (size_t row = 0; row < tile->io->rows; row++)
            nn_fetch(nn_rnn_projected(tile, p, row, step), nn_rnn_width(part, p));
}

/* At step t of a forward pass' chunk: the input of the next chunk's, or the pre-activations of a step soon. */
static inline void nn_rnn_fetch_forward(const nn_rnn_tile *tile, size_t t)
{
    const bool projected = tile->io->projected != NULL;
    const size_t step = tile->first + t + (projected ? NN_RNN_AHEAD : tile->rnn->chunk);
    if (step >= tile->io->end) return;
    if (projected)
        nn_rnn_fetch_projected(tile, step);
    else
        nn_rnn_fetch_input(tile, step);
}

/* At step t of a backward pass' chunk: what it reads of a step before. */
static inline void nn_rnn_fetch_backward(const nn_rnn_tile *tile, size_t t)
{
    const nn_rnn *rnn = tile->rnn;
    if (tile->first + t < NN_RNN_AHEAD) return;
    const size_t step = tile->first + t - NN_RNN_AHEAD;
    if (!tile->io->da) nn_rnn_fetch_input(tile, step);
    for (size_t row = 0; row < tile->io->rows; row++) {
        const size_t at = row * rnn->time + step;
        if (rnn->keeps_h) nn_fetch(tile->io->h + at * rnn->units, rnn->units);
        if (rnn->saved) nn_fetch(tile->io->saved + at * rnn->saved, rnn->saved);
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

/* function(rows, .., row) for all rows of the tile, the most at a time that a block of so many vectors takes; of the
 * rest about half as many, then one by one. */
#define NN_RNN_BY_ROWS(count, vectors, function, ...)                                                                  \
    do {                                                                                                               \
        size_t row_ = 0;                                                                                               \
        for (; row_ + NN_MICRO_ROWS_OF(vectors) <= (count); row_ += NN_MICRO_ROWS_OF(vectors))                         \
            function(NN_MICRO_ROWS_OF(vectors), __VA_ARGS__, row_);                                                    \
        for (; row_ + NN_MICRO_HALF_OF(vectors) <= (count); row_ += NN_MICRO_HALF_OF(vectors))                         \
            function(NN_MICRO_HALF_OF(vectors), __VA_ARGS__, row_);                                                    \
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
