/*
 * What a recurrent layer's gradients are by the words of an Embedding's table. All steps that read a word multiply the
 * same row x of the table by W, so with s = sum of da over these steps
 *   dx += s W^T,   dW += x^T s,   db += s,
 * once for each word instead of once for each step. A block of words at a time: s and x stay in the second cache.
 */
#include "cell.h"
#include "tile.h"

enum { WORDS = 64 /* of a block, at most */ };

typedef struct block {
    const nn_rnn *rnn;
    const nn_rnn_part *part;
    const nn_float *packed;
    const nn_rnn_words *words;
    int32_t word[WORDS];
    size_t count;        /* of words */
    nn_rnn_columns sums; /* a place for each word */
    nn_float *x;         /* (count, in) */
    nn_float *gradient;
} block;

/* sum += da of places at .. end - 1, one panel; what comes after them is fetched, for places are all over the memory.
 */
NN_INLINE void sum_places(nn_vec sum[NN_MICRO_VECTORS], const int vectors, const nn_float *da, const int32_t *at,
                          const int32_t *end, const int32_t *last)
{
    enum { AHEAD = 12 };
    const size_t width = (size_t)vectors * NN_LANES;
    for (; at < end; at++) {
        if (last - at > AHEAD) nn_fetch(da + (size_t)at[AHEAD] * width, width);
        NN_UNROLL for (int v = 0; v < vectors; v++) sum[v] += nn_load(da + (size_t)*at * width + v * NN_LANES);
    }
}

/* s of each word, one panel. Some words are read by most steps: of so many, sums of STRETCH are summed. */
NN_INLINE void sum_panel(const int vectors, const block *b, size_t p)
{
    enum { STRETCH = 256 };
    const nn_rnn_words *words = b->words;
    const int32_t *place = words->place, *last = place + words->start[b->rnn->vocab];
    const nn_float *da = words->da + p * b->part->panel * words->places;
    for (size_t i = 0; i < b->count; i++) {
        const int32_t *at = place + words->start[b->word[i]], *end = place + words->start[b->word[i] + 1];
        nn_float *to = nn_rnn_column(b->part, &b->sums, p, i);
        nn_vec sum[NN_MICRO_VECTORS] = { { 0 } };
        for (; end - at > STRETCH; at += STRETCH) {
            nn_vec stretch[NN_MICRO_VECTORS] = { { 0 } };
            sum_places(stretch, vectors, da, at, at + STRETCH, last);
            NN_UNROLL for (int v = 0; v < vectors; v++) sum[v] += stretch[v];
        }
        nn_vec rest[NN_MICRO_VECTORS] = { { 0 } };
        sum_places(rest, vectors, da, at, end, last);
        NN_UNROLL for (int v = 0; v < vectors; v++) nn_store(to + v * NN_LANES, sum[v] + rest[v]);
    }
}

/* Lines i .. i + rows - 1 of dW += x^T s, one panel. */
NN_INLINE void add_lines(const int rows, const block *b, const int vectors, size_t p, size_t i)
{
    const size_t width = (size_t)vectors * NN_LANES;
    nn_float *line = b->gradient + b->part->gradient + p * b->part->panel * (b->part->depth + 1) + i * width;

    nn_micro_block a;
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        NN_UNROLL for (int v = 0; v < vectors; v++) a[r][v] = nn_load(line + (size_t)r * width + v * NN_LANES);
    }
    nn_micro(a, rows, vectors, b->x + i, 1, (ptrdiff_t)b->rnn->in, nn_rnn_column(b->part, &b->sums, p, 0), width,
             b->count);
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        NN_UNROLL for (int v = 0; v < vectors; v++) nn_store(line + (size_t)r * width + v * NN_LANES, a[r][v]);
    }
}

/* The gradient by the kernel and, as the row that a constant 1 multiplies, by the bias. */
NN_INLINE void add_panel(const int vectors, const block *b, size_t p)
{
    const nn_rnn_part *part = b->part;
    const size_t width = (size_t)vectors * NN_LANES;
    const nn_float *sum = nn_rnn_column(part, &b->sums, p, 0);
    nn_float *bias = b->gradient + part->gradient + p * part->panel * (part->depth + 1) + part->depth * width;
    NN_RNN_BY_ROWS(part->depth, vectors, add_lines, b, vectors, p);
    for (size_t i = 0; i < b->count && part->bias; i++, sum += width)
        NN_UNROLL for (int v = 0; v < vectors; v++)
            nn_store(bias + v * NN_LANES, nn_load(bias + v * NN_LANES) + nn_load(sum + v * NN_LANES));
}

/* dx += s W^T, one panel, of the words from i on. */
NN_INLINE void back_words(const int rows, const block *b, const int vectors, size_t q, size_t i)
{
    const size_t in = b->rnn->in, first = q * NN_MICRO_VECTORS * NN_LANES;
    nn_micro_block a;
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        NN_UNROLL for (int v = 0; v < vectors; v++) a[r][v] = (nn_vec){ 0 };
    }
    nn_rnn_back_product(a, rows, vectors, b->part, b->packed, &b->sums, q, i, 1);
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        nn_float *dx = b->words->table_gradient + (size_t)b->word[i + (size_t)r] * in;
        NN_UNROLL for (int v = 0; v < vectors; v++)
        {
            const size_t column = first + (size_t)v * NN_LANES;
            if (column < in) nn_store_part(dx + column, nn_load_part(dx + column, in - column) + a[r][v], in - column);
        }
    }
}

NN_INLINE void back_panel(const int vectors, const block *b, size_t q)
{
    NN_RNN_BY_ROWS(b->count, vectors, back_words, b, vectors, q);
}

static void finish_block(block *b)
{
    const nn_rnn_part *part = b->part;
    const size_t in = b->rnn->in;
    for (size_t i = 0; i < b->count; i++) nn_rnn_copy_row(b->x + i * in, b->words->table + (size_t)b->word[i] * in, in);
    for (size_t p = 0; p * part->panel < part->columns; p++) {
        NN_RNN_BY_VECTORS(nn_rnn_width(part, p) / NN_LANES, sum_panel, b, p);
        NN_RNN_BY_VECTORS(nn_rnn_width(part, p) / NN_LANES, add_panel, b, p);
    }
    for (size_t q = 0; q * NN_MICRO_VECTORS * NN_LANES < part->depth_padded; q++)
        NN_RNN_BY_VECTORS(nn_rnn_transposed_width(part, q) / NN_LANES, back_panel, b, q);
    b->count = 0;
}

void NN_KERNEL(rnn_backward_words)(const nn_rnn *rnn, const nn_float *packed, const nn_rnn_words *words, size_t first,
                                   size_t last, nn_float *gradient, nn_float *scratch)
{
    const nn_rnn_part *part = &rnn->part[NN_RNN_INPUT];
    const size_t most = nn_least(WORDS, rnn->tile * rnn->chunk); /* what a tile's chunk has of places */
    block b = { .rnn = rnn,
                .part = part,
                .packed = packed,
                .words = words,
                .sums = { scratch + part->scratch, most, 0, 1 },
                .x = scratch + rnn->looked_up,
                .gradient = gradient };
    for (size_t word = first; word < last; word++) {
        if (words->start[word] == words->start[word + 1]) continue;
        b.word[b.count++] = (int32_t)word;
        if (b.count == most) finish_block(&b);
    }
    if (b.count > 0) finish_block(&b);
}
