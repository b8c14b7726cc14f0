#include "recurrent.h"
#include <string.h>

enum { WORTH = 8 /* shared steps */ };

/* Leading zeros of a sample; a last step is left, so that each row ends in a state of its own. */
static int32_t padding_of(const int32_t *words, size_t time)
{
    size_t n = 0;
    while (n + 1 < time && words[n] == 0) n++;
    return (int32_t)n;
}

/* A stable counting sort of the rows by their padding. */
static void sort_rows(nn_rnn_prefix *prefix, size_t time, const int32_t *words, int batch)
{
    for (int b = 0; b < batch; b++) prefix->padding[b] = padding_of(words + (size_t)b * time, time);
    memset(prefix->counts, 0, (time + 1) * sizeof *prefix->counts);
    for (int b = 0; b < batch; b++) prefix->counts[prefix->padding[b] + 1]++;
    for (size_t t = 0; t < time; t++) prefix->counts[t + 1] += prefix->counts[t];
    for (int b = 0; b < batch; b++) prefix->order[prefix->counts[prefix->padding[b]]++] = b;
}

/* The row of the batch at which the last tile begins. Its padding is the shared row's too. */
static size_t last_begin(const nn_rnn *rnn, int batch)
{
    return ((size_t)batch - 1) / rnn->tile * rnn->tile;
}

size_t nn_rnn_prefix_begin(const nn_rnn_prefix *prefix, const nn_rnn *rnn, size_t tile)
{
    return prefix->steps > 0 ? (size_t)prefix->padding[prefix->order[tile * rnn->tile]] : 0;
}

size_t nn_rnn_prefix_kept(const nn_rnn_prefix *prefix, const nn_rnn *rnn, int batch, size_t row)
{
    return row == last_begin(rnn, batch) ? 0 : nn_rnn_prefix_begin(prefix, rnn, row / rnn->tile);
}

void nn_rnn_prefix_find(nn_rnn_prefix *prefix, const nn_rnn *rnn, const int32_t *words, int batch)
{
    prefix->steps = 0;
    if (prefix->possible) {
        sort_rows(prefix, rnn->time, words, batch);
        const int32_t steps = prefix->padding[prefix->order[last_begin(rnn, batch)]];
        if (steps >= WORTH) prefix->steps = steps;
    }
    if (prefix->steps > 0) return;
    for (int b = 0; b < batch; b++) prefix->order[b] = b;
}

static nn_rnn_rows shared_row(const nn_layer *layer, const nn_run *run)
{
    const nn_rnn_layer *priv = layer->priv;
    return (nn_rnn_rows){ .rows = 1,
                          .end = (size_t)priv->prefix.steps,
                          .row = priv->prefix.order + last_begin(&priv->rnn, run->batch),
                          .x = layer->x[0],
                          .words = layer->in_table ? layer->words : NULL,
                          .projected = priv->projected_is_stale ? NULL : priv->projected,
                          .h = priv->prefix.h,
                          .saved = priv->prefix.saved,
                          .scratch = nn_worker_scratch(run, 0) };
}

void nn_rnn_prefix_forward(const nn_layer *layer, const nn_run *run)
{
    const nn_rnn_layer *priv = layer->priv;
    const nn_rnn_rows row = shared_row(layer, run);
    run->kernels->recurrent->forward(&priv->rnn, priv->packed, &row);
}

/* Stretches between the steps at which tiles begin, each with what came from the tiles that begin at its end. */
void nn_rnn_prefix_backward(const nn_layer *layer, const nn_run *run, nn_float *dx, nn_float *da, nn_float *gradient,
                            int tiles)
{
    const nn_rnn_layer *priv = layer->priv;
    const nn_rnn *rnn = &priv->rnn;
    const size_t width = 2 * rnn->padded;
    nn_float *carried = priv->prefix.carried + (size_t)tiles * width;
    nn_rnn_rows row = shared_row(layer, run);
    row.dx = dx;
    row.gradient = gradient;
    row.da = da;
    row.places = priv->by_word.places;
    row.place = last_begin(rnn, run->batch) * rnn->time;
    row.carried_in = row.carried = carried;
    memset(carried, 0, width * sizeof *carried);
    for (int tile = tiles; row.end > 0; row.end = row.begin) {
        while (tile > 0 && nn_rnn_prefix_begin(&priv->prefix, rnn, (size_t)tile - 1) == row.end) {
            tile--;
            for (size_t i = 0; i < width; i++) carried[i] += priv->prefix.carried[(size_t)tile * width + i];
        }
        row.begin = tile > 0 ? nn_rnn_prefix_begin(&priv->prefix, rnn, (size_t)tile - 1) : 0;
        run->kernels->recurrent->backward(rnn, priv->packed, &row);
    }
}
