/* The second half of a recurrent layer's backward pass behind an Embedding: what follows from da, word by word. */
#include "recurrent.h"
#include <string.h>

void nn_rnn_by_word_carve(nn_rnn_by_word *by, const nn_rnn *rnn, nn_arena *arena, size_t places)
{
    by->places = places;
    by->da = nn_arena_reals(arena, places * rnn->part[NN_RNN_INPUT].columns);
    by->place = nn_arena_take(arena, places, sizeof *by->place);
    by->start = nn_arena_take(arena, rnn->vocab + 2, sizeof *by->start);
}

/* The word of a row, in the tiles' order, at a step, counted as they are computed. */
static size_t word_at(const nn_layer *layer, size_t row, size_t step)
{
    const nn_rnn_layer *priv = layer->priv;
    const size_t sample = (size_t)priv->prefix.order[row];
    return (size_t)layer->words[sample * priv->rnn.time + nn_rnn_time(&priv->rnn, step)];
}

/* A counting sort. */
void nn_rnn_by_word_sort(const nn_layer *layer, int batch)
{
    const nn_rnn_layer *priv = layer->priv;
    const nn_rnn *rnn = &priv->rnn;
    int32_t *start = priv->by_word.start, *next = start + 1;
    memset(start, 0, (rnn->vocab + 2) * sizeof *start);
    for (size_t row = 0; row < (size_t)batch; row++)
        for (size_t step = nn_rnn_prefix_kept(&priv->prefix, rnn, batch, row); step < rnn->time; step++)
            next[word_at(layer, row, step) + 1]++;
    for (size_t word = 0; word < rnn->vocab; word++) next[word + 1] += next[word];
    for (size_t row = 0; row < (size_t)batch; row++)
        for (size_t step = nn_rnn_prefix_kept(&priv->prefix, rnn, batch, row); step < rnn->time; step++)
            priv->by_word.place[next[word_at(layer, row, step)]++] = (int32_t)(row * rnn->time + step);
}

typedef struct call {
    const nn_layer *layer;
    const nn_run *run;
    nn_rnn_words words;
    int groups;
} call;

/* The first word of a group: each has about as many places, but that a word is not split. */
static size_t first_word(const call *c, int group)
{
    const nn_rnn *rnn = &((const nn_rnn_layer *)c->layer->priv)->rnn;
    const int32_t *start = c->words.start;
    const int64_t wanted = (int64_t)start[rnn->vocab] * group / c->groups;
    size_t low = 0, high = rnn->vocab;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (start[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return group == c->groups ? rnn->vocab : low;
}

static void words_task(void *context, int group, int worker)
{
    const call *c = context;
    const nn_rnn_layer *priv = c->layer->priv;
    c->run->kernels->recurrent->backward_words(
        &priv->rnn, priv->packed, &c->words, first_word(c, group), first_word(c, group + 1),
        c->run->scratch + (size_t)group * priv->rnn.gradient, nn_worker_scratch(c->run, worker));
}

void nn_rnn_by_word_backward(const nn_layer *layer, const nn_run *run, int groups)
{
    const nn_rnn_layer *priv = layer->priv;
    const nn_rnn_by_word *by = &priv->by_word;
    call c = { layer, run, { by->da, by->places, by->start, by->place, layer->x[0], layer->table_gradient }, groups };
    nn_parallel(run->team, groups, words_task, &c);
}
