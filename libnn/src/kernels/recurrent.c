#include "recurrent.h"
#include "cell.h"
#include <string.h>

/* --- products over a chunk ------------------------------------------------------------------------------------------
 */

/* What the words of a chunk are in the table, one step after the other as they are computed. */
static void look_up(const nn_rnn_tile *tile)
{
    const nn_rnn *rnn = tile->rnn;
    for (size_t row = 0; row < tile->io->rows; row++) {
        nn_float *to = tile->looked_up + row * rnn->chunk * rnn->in;
        for (size_t t = 0; t < tile->steps; t++, to += rnn->in)
            nn_rnn_copy_row(to, nn_rnn_input(tile, row, tile->first + t), rnn->in);
    }
}

/* The input of a row at step t of the chunk, and the distance to the next one's. */
static const nn_float *input_at(const nn_rnn_tile *tile, size_t row, size_t t)
{
    if (tile->io->words) return tile->looked_up + (row * tile->rnn->chunk + t) * tile->rnn->in;
    return nn_rnn_input(tile, row, tile->first + t);
}

static ptrdiff_t time_step(const nn_rnn *rnn)
{
    return rnn->backwards ? -(ptrdiff_t)rnn->in : (ptrdiff_t)rnn->in;
}

static ptrdiff_t input_step(const nn_rnn_tile *tile)
{
    return tile->io->words ? (ptrdiff_t)tile->rnn->in : time_step(tile->rnn);
}

/* out (rows, width) = x W + b, one panel; rows of x are x_row apart. */
NN_INLINE void project_rows(const int rows, const nn_rnn *rnn, const nn_float *packed, const int vectors, size_t p,
                            const nn_float *x, ptrdiff_t x_row, nn_float *out)
{
    const nn_rnn_part *part = &rnn->part[NN_RNN_INPUT];
    const size_t width = (size_t)vectors * NN_LANES;
    const nn_float *bias = packed + part->packed_bias + p * part->panel;

    nn_micro_block a;
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        NN_UNROLL for (int v = 0; v < vectors; v++) a[r][v] = nn_load(bias + v * NN_LANES);
    }
    nn_micro(a, rows, vectors, x, x_row, 1, packed + part->forward + p * part->panel * part->depth, width, part->depth);
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        NN_UNROLL for (int v = 0; v < vectors; v++) nn_store(out + (size_t)r * width + v * NN_LANES, a[r][v]);
    }
}

/* Pre-activations of `rows` successive steps of one row of the tile, one panel. */
NN_INLINE void project_steps(const int rows, const nn_rnn_tile *tile, const int vectors, size_t p, size_t row, size_t t)
{
    project_rows(rows, tile->rnn, tile->packed, vectors, p, input_at(tile, row, t), input_step(tile),
                 nn_rnn_at(tile, NN_RNN_INPUT, p, row, t));
}

NN_INLINE void project_panel(const int vectors, const nn_rnn_tile *tile, size_t p)
{
    for (size_t row = 0; row < tile->io->rows; row++)
        NN_RNN_BY_ROWS(tile->steps, vectors, project_steps, tile, vectors, p, row);
}

static void project(const nn_rnn_tile *tile)
{
    const nn_rnn_part *part = &tile->rnn->part[NN_RNN_INPUT];
    for (size_t p = 0; p * part->panel < part->columns; p++)
        NN_RNN_BY_VECTORS(nn_rnn_width(part, p) / NN_LANES, project_panel, tile, p);
}

/* Some rows of a table, for panels of all its rows. */
typedef struct words {
    const nn_rnn *rnn;
    const nn_float *packed, *table;
    nn_float *projected;
    size_t first, count;
} words;

NN_INLINE void project_words(const int rows, const words *w, const int vectors, size_t p, size_t word)
{
    const nn_rnn *rnn = w->rnn;
    const size_t in = rnn->in, width = (size_t)vectors * NN_LANES;
    nn_float *out = w->projected + p * rnn->part[NN_RNN_INPUT].panel * rnn->vocab + (w->first + word) * width;
    project_rows(rows, rnn, w->packed, vectors, p, w->table + (w->first + word) * in, (ptrdiff_t)in, out);
}

NN_INLINE void project_words_panel(const int vectors, const words *w, size_t p)
{
    NN_RNN_BY_ROWS(w->count, vectors, project_words, w, vectors, p);
}

static void project_table(const nn_rnn *rnn, const nn_float *packed, const nn_float *table, nn_float *projected,
                          size_t first, size_t last)
{
    const nn_rnn_part *part = &rnn->part[NN_RNN_INPUT];
    const words w = { rnn, packed, table, projected, first, last - first };
    for (size_t p = 0; p * part->panel < part->columns; p++)
        NN_RNN_BY_VECTORS(nn_rnn_width(part, p) / NN_LANES, project_words_panel, &w, p);
}

/*
 * A block of d W^T: panel q of the transposed weights, `rows` rows of the tile at step t or (along) successive steps of
 * one row, which are d_row places apart. Writes `valid` columns of rows out_row apart.
 */
NN_INLINE void back_block(const int rows, const nn_rnn_tile *tile, const int vectors, int index, size_t q, size_t row,
                          size_t t, size_t d_row, nn_float *out, ptrdiff_t out_row, size_t valid, bool add)
{
    const nn_rnn_columns *d = &tile->columns[index];

    nn_micro_block a;
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        NN_UNROLL for (int v = 0; v < vectors; v++) a[r][v] =
            add ? nn_load(out + r * out_row + v * NN_LANES) : (nn_vec){ 0 };
    }
    nn_rnn_back_product(a, rows, vectors, &tile->rnn->part[index], tile->packed, d, q, d->first + row * d->row + t,
                        d_row);
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        NN_UNROLL for (int v = 0; v < vectors; v++)
        {
            const size_t column = (size_t)v * NN_LANES;
            if (column < valid) nn_store_part(out + r * out_row + v * NN_LANES, a[r][v], valid - column);
        }
    }
}

NN_INLINE void back_rows(const int rows, const nn_rnn_tile *tile, const int vectors, int index, size_t q, size_t t,
                         nn_float *out, bool add, size_t row)
{
    const size_t padded = tile->rnn->padded, width = (size_t)vectors * NN_LANES;
    out += row * padded + q * NN_MICRO_VECTORS * NN_LANES;
    back_block(rows, tile, vectors, index, q, row, t, tile->columns[index].row, out, (ptrdiff_t)padded, width, add);
}

NN_INLINE void back_panel(const int vectors, const nn_rnn_tile *tile, int index, size_t q, size_t t, nn_float *out,
                          bool add)
{
    NN_RNN_BY_ROWS(tile->io->rows, vectors, back_rows, tile, vectors, index, q, t, out, add);
}

void NN_KERNEL(rnn_back)(const nn_rnn_tile *tile, int part, size_t t, nn_float *out, bool add)
{
    const nn_rnn_part *of = &tile->rnn->part[part];
    for (size_t q = 0; q * NN_MICRO_VECTORS * NN_LANES < of->depth_padded; q++)
        NN_RNN_BY_VECTORS(nn_rnn_transposed_width(of, q) / NN_LANES, back_panel, tile, part, q, t, out, add);
}

/* dx of `rows` successive steps of one row of the tile, one panel. */
NN_INLINE void input_steps(const int rows, const nn_rnn_tile *tile, const int vectors, size_t q, size_t row, size_t t)
{
    const nn_rnn *rnn = tile->rnn;
    const size_t first = q * NN_MICRO_VECTORS * NN_LANES;
    nn_float *dx =
        tile->io->dx + (nn_rnn_row(tile, row) * rnn->time + nn_rnn_time(rnn, tile->first + t)) * rnn->in + first;
    back_block(rows, tile, vectors, NN_RNN_INPUT, q, row, t, 1, dx, time_step(rnn), rnn->in - first, false);
}

NN_INLINE void input_panel(const int vectors, const nn_rnn_tile *tile, size_t q)
{
    for (size_t row = 0; row < tile->io->rows; row++)
        NN_RNN_BY_ROWS(tile->steps, vectors, input_steps, tile, vectors, q, row);
}

static void input_gradient(const nn_rnn_tile *tile)
{
    const nn_rnn_part *part = &tile->rnn->part[NN_RNN_INPUT];
    for (size_t q = 0; q * NN_MICRO_VECTORS * NN_LANES < part->depth_padded; q++)
        NN_RNN_BY_VECTORS(nn_rnn_transposed_width(part, q) / NN_LANES, input_panel, tile, q);
}

/* What multiplies a part's kernel in a chunk: element i of row r at step t >= first is a[r row + (t - first) step + i],
 * where r counts the rows of the batch (of_batch) or of the tile. */
typedef struct factor {
    const nn_float *a;
    ptrdiff_t row, step;
    size_t first;
    bool of_batch;
} factor;

static factor factor_of(const nn_rnn_tile *tile, int index)
{
    const nn_rnn *rnn = tile->rnn;
    const ptrdiff_t time = (ptrdiff_t)rnn->time, in = (ptrdiff_t)rnn->in, units = (ptrdiff_t)rnn->units;
    if (index == NN_RNN_INPUT && tile->io->words)
        return (factor){ tile->looked_up, (ptrdiff_t)(rnn->chunk * rnn->in), in, 0, false };
    if (index == NN_RNN_INPUT)
        return (factor){ tile->io->x + nn_rnn_time(rnn, tile->first) * rnn->in, time * in, time_step(rnn), 0, true };
    if (index == NN_RNN_RESET)
        return (factor){ tile->reset_kept, (ptrdiff_t)(rnn->chunk * rnn->padded), (ptrdiff_t)rnn->padded, 0, false };
    /* the state before the step; before the first one it is zero */
    const ptrdiff_t padded = (ptrdiff_t)rnn->padded, row = (ptrdiff_t)(rnn->chunk + 1) * padded;
    if (!rnn->keeps_h && tile->first == 0) return (factor){ tile->before + padded, row, padded, 1, false };
    if (!rnn->keeps_h) return (factor){ tile->before, row, padded, 0, false };
    if (tile->first == 0) return (factor){ tile->io->h, time * units, units, 1, false };
    return (factor){ tile->io->h + (tile->first - 1) * rnn->units, time * units, units, 0, false };
}

/* Lines i .. i + rows - 1 of a partial gradient += factor^T d, one panel. */
NN_INLINE void gradient_lines(const int rows, const nn_rnn_tile *tile, const int vectors, int index, size_t p,
                              factor from, size_t i)
{
    const nn_rnn_part *part = &tile->rnn->part[index];
    const size_t width = (size_t)vectors * NN_LANES;
    nn_float *sum = tile->io->gradient + part->gradient + p * part->panel * (part->depth + 1) + i * width;

    nn_micro_block a;
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        NN_UNROLL for (int v = 0; v < vectors; v++) a[r][v] = nn_load(sum + (size_t)r * width + v * NN_LANES);
    }
    for (size_t row = 0; row < tile->io->rows; row++)
        nn_micro(a, rows, vectors, from.a + (ptrdiff_t)(from.of_batch ? nn_rnn_row(tile, row) : row) * from.row + i, 1,
                 from.step, nn_rnn_at(tile, index, p, row, from.first), width, tile->steps - from.first);
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        NN_UNROLL for (int v = 0; v < vectors; v++) nn_store(sum + (size_t)r * width + v * NN_LANES, a[r][v]);
    }
}

NN_INLINE void gradient_panel(const int vectors, const nn_rnn_tile *tile, int index, size_t p)
{
    const nn_rnn_part *part = &tile->rnn->part[index];
    const factor from = factor_of(tile, index);
    NN_RNN_BY_ROWS(part->depth, vectors, gradient_lines, tile, vectors, index, p, from);
    if (!part->bias) return;
    /* the bias is the row that a constant 1 multiplies */
    const size_t width = (size_t)vectors * NN_LANES;
    nn_float *bias = tile->io->gradient + part->gradient + p * part->panel * (part->depth + 1) + part->depth * width;
    nn_vec sum[NN_MICRO_VECTORS];
    NN_UNROLL for (int v = 0; v < vectors; v++) sum[v] = nn_load(bias + v * NN_LANES);
    for (size_t row = 0; row < tile->io->rows; row++) {
        const nn_float *d = nn_rnn_at(tile, index, p, row, 0);
        for (size_t t = 0; t < tile->steps; t++, d += width)
            NN_UNROLL for (int v = 0; v < vectors; v++) sum[v] += nn_load(d + v * NN_LANES);
    }
    NN_UNROLL for (int v = 0; v < vectors; v++) nn_store(bias + v * NN_LANES, sum[v]);
}

static void gradient(const nn_rnn_tile *tile, int index)
{
    const nn_rnn_part *part = &tile->rnn->part[index];
    for (size_t p = 0; p * part->panel < part->columns; p++)
        NN_RNN_BY_VECTORS(nn_rnn_width(part, p) / NN_LANES, gradient_panel, tile, index, p);
}

/* --- all time steps --------------------------------------------------------------------------------------------------
 */

static nn_rnn_tile tile_of(const nn_rnn *rnn, const nn_float *packed, const nn_rnn_rows *io)
{
    const size_t size = rnn->tile * rnn->padded;
    nn_float *states = io->scratch + rnn->state;
    memset(states, 0, 4 * size * sizeof *states);
    nn_rnn_tile tile = (nn_rnn_tile){ .rnn = rnn,
                                      .packed = packed,
                                      .io = io,
                                      .h = states,
                                      .next = states + size,
                                      .c = states + 2 * size,
                                      .looked_up = io->scratch + rnn->looked_up,
                                      .before = io->scratch + rnn->before,
                                      .reset = states + 3 * size,
                                      .reset_kept = io->scratch + rnn->reset };
    for (int i = 0; i < rnn->part_count; i++)
        tile.columns[i] = (nn_rnn_columns){ io->scratch + rnn->part[i].scratch, rnn->tile * rnn->chunk, 0, rnn->chunk };
    return tile;
}

/* The columns of x W in the memory that is kept, those of the chunk's steps; a state's that are the same, too. */
static void keep_columns(nn_rnn_tile *tile)
{
    const nn_rnn *rnn = tile->rnn;
    const nn_rnn_rows *io = tile->io;
    for (int i = 0; i < rnn->part_count; i++)
        if (rnn->part[i].scratch == rnn->part[NN_RNN_INPUT].scratch)
            tile->columns[i] = (nn_rnn_columns){ io->da, io->places, io->place + tile->first, rnn->time };
}

/* The state of all rows before the first step. */
static void start(nn_rnn_tile *tile)
{
    const nn_rnn *rnn = tile->rnn;
    const nn_rnn_rows *io = tile->io;
    for (size_t row = 0; row < io->rows; row++) {
        const size_t step = row * rnn->time + io->begin - 1;
        memcpy(tile->h + row * rnn->padded, io->start.h, rnn->units * sizeof *tile->h);
        if (io->h) memcpy(io->h + step * rnn->units, io->start.h, rnn->units * sizeof *tile->h);
        if (rnn->saved) memcpy(io->saved + step * rnn->saved, io->start.saved, rnn->saved * sizeof *tile->h);
    }
    if (rnn->cell == NN_CELL_LSTM) NN_KERNEL(lstm_start)(tile);
}

/* The gradients by all rows' states after the last step. */
static void start_backward(nn_rnn_tile *tile)
{
    const nn_rnn *rnn = tile->rnn;
    const nn_rnn_rows *io = tile->io;
    for (size_t row = 0; row < io->rows; row++) {
        nn_float *dh = tile->h + row * rnn->padded, *dc = tile->c + row * rnn->padded;
        if (io->dy && !rnn->sequences) memcpy(dh, io->dy + nn_rnn_row(tile, row) * rnn->units, rnn->units * sizeof *dh);
        for (size_t i = 0; i < rnn->padded && io->carried_in; i++) {
            dh[i] += io->carried_in[i];
            dc[i] += io->carried_in[rnn->padded + i];
        }
    }
}

/* The gradients by the state before the first step, which is one for all rows. */
static void end_backward(const nn_rnn_tile *tile)
{
    const size_t padded = tile->rnn->padded;
    nn_float *carried = tile->io->carried;
    memset(carried, 0, 2 * padded * sizeof *carried);
    for (size_t row = 0; row < tile->io->rows; row++) {
        for (size_t i = 0; i < padded; i++) {
            carried[i] += tile->h[row * padded + i];
            carried[padded + i] += tile->c[row * padded + i];
        }
    }
}

typedef void cell_function(nn_rnn_tile *tile);

static void forward(const nn_rnn *rnn, const nn_float *packed, const nn_rnn_rows *io)
{
    static cell_function *const cells[] = { NN_KERNEL(simple_rnn_forward), NN_KERNEL(lstm_forward),
                                            NN_KERNEL(gru_forward), NN_KERNEL(gru_reset_before_forward) };
    nn_rnn_tile tile = tile_of(rnn, packed, io);
    tile.first = io->begin;
    if (io->begin > 0) start(&tile);
    for (; tile.first < io->end; tile.first += rnn->chunk) {
        const size_t rest = io->end - tile.first;
        tile.steps = rest < rnn->chunk ? rest : rnn->chunk;
        if (io->words && !io->projected) look_up(&tile);
        if (!io->projected) project(&tile);
        cells[rnn->cell](&tile);
    }
    if (!io->y) return;
    for (size_t row = 0; row < io->rows; row++)
        memcpy(io->y + nn_rnn_row(&tile, row) * rnn->units, tile.h + row * rnn->padded, rnn->units * sizeof *io->y);
}

static void backward(const nn_rnn *rnn, const nn_float *packed, const nn_rnn_rows *io)
{
    static cell_function *const cells[] = { NN_KERNEL(simple_rnn_backward), NN_KERNEL(lstm_backward),
                                            NN_KERNEL(gru_backward), NN_KERNEL(gru_reset_before_backward) };
    nn_rnn_tile tile = tile_of(rnn, packed, io);
    start_backward(&tile);
    size_t rest = io->end;
    while (rest > io->begin) {
        tile.first = (rest - 1) / rnn->chunk * rnn->chunk;
        if (tile.first < io->begin) tile.first = io->begin;
        tile.steps = rest - tile.first;
        rest = tile.first;
        if (io->da) keep_columns(&tile);
        cells[rnn->cell](&tile);
        if (io->dx) input_gradient(&tile);
        if (io->words && io->gradient && !io->da) look_up(&tile);
        for (int part = io->da ? NN_RNN_INPUT + 1 : NN_RNN_INPUT; part < rnn->part_count && io->gradient; part++)
            gradient(&tile, part);
    }
    if (io->carried) end_backward(&tile);
}

const nn_recurrent_kernels NN_KERNEL(recurrent_kernels) = {
    .pack = NN_KERNEL(rnn_pack),
    .project = project_table,
    .forward = forward,
    .backward = backward,
    .backward_words = NN_KERNEL(rnn_backward_words),
    .add_gradients = NN_KERNEL(rnn_add_gradients),
};
