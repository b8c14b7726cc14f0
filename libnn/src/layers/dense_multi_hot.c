#include "dense_multi_hot.h"
#include "../kernels/lookup.h"
#include <string.h>

enum {
    ROWS_PER_TASK = 32, /* fewer than there are marks */
    KEPT = 1024,        /* words of a sample, beyond which they are found again */
    ASCENDING = -1,     /* for a count: the words stand in the input */
    SHARED_UNITS = 64   /* with fewer, picking a thread's words costs more than adding all of them */
};

typedef struct word_list {
    const int32_t *words;
    size_t count;
} word_list;

typedef struct multi_hot_run {
    const nn_layer *dense;
    nn_multi_hot lists;
    const nn_run *run;
    const nn_float *bias, *dz;
    int parts; /* of the table */
} multi_hot_run;

void nn_multi_hot_carve(nn_multi_hot *lists, nn_arena *arena, int max_batch)
{
    lists->words = nn_arena_take(arena, (size_t)max_batch * KEPT, sizeof *lists->words);
    lists->counts = nn_arena_take(arena, (size_t)max_batch, sizeof *lists->counts);
}

static nn_team *team_of(const nn_layer *dense, const nn_run *run)
{
    return dense->def.dense.units >= SHARED_UNITS ? run->team : NULL;
}

/* A list of words, which take no more than reals, and a mark for each word. */
size_t nn_multi_hot_worker_scratch(int vocab)
{
    return (size_t)vocab + ((size_t)vocab + sizeof(nn_float) - 1) / sizeof(nn_float);
}

static uint8_t *marks_of(const nn_layer *dense, nn_float *scratch)
{
    return (uint8_t *)(scratch + dense->weights[0].shape.dim[0]);
}

static void clear_marks(const nn_layer *dense, nn_float *scratch)
{
    memset(marks_of(dense, scratch), 0, (size_t)dense->weights[0].shape.dim[0]);
}

/* A sample as it was given. */
static word_list given_words(const nn_layer *dense, size_t sample)
{
    const size_t begin = dense->offsets ? (size_t)dense->offsets[sample] : sample * dense->ids_per_row;
    const size_t end = dense->offsets ? (size_t)dense->offsets[sample + 1] : begin + dense->ids_per_row;
    return (word_list){ dense->ids + begin, end - begin };
}

/* The words of a list that ascends: padding (0) can only be its first. */
static word_list without_padding(word_list list)
{
    const size_t pads = list.count > 0 && list.words[0] == 0;
    return (word_list){ list.words + pads, list.count - pads };
}

/*
 * The different words of a list, padding (0) left out, in order of first appearance; `scratch` of a worker holds them.
 * `mark` is another for each list since the marks were cleared, and not 0.
 */
static word_list distinct_words(const nn_layer *dense, word_list list, nn_float *scratch, uint8_t mark)
{
    int32_t *words = (void *)scratch;
    uint8_t *marks = marks_of(dense, scratch);
    size_t count = 0;
    marks[0] = mark;
    for (size_t i = 0; i < list.count; i++) {
        const int32_t word = list.words[i];
        words[count] = word;
        count += marks[word] != mark;
        marks[word] = mark;
    }
    return (word_list){ words, count };
}

/* The words of a sample, whose number or kind is noted, and which are kept as far as there is room. */
static word_list find_words(const multi_hot_run *m, size_t row, nn_float *scratch, uint8_t mark)
{
    const word_list given = given_words(m->dense, row);
    if (m->run->kernels->lookup->ascending(given.words, given.count)) {
        m->lists.counts[row] = ASCENDING;
        return without_padding(given);
    }
    const word_list found = distinct_words(m->dense, given, scratch, mark);
    m->lists.counts[row] = (int32_t)found.count;
    if (found.count <= KEPT) memcpy(m->lists.words + row * KEPT, found.words, found.count * sizeof *found.words);
    return found;
}

/* What find_words() found. */
static word_list find_again(const multi_hot_run *m, size_t row, nn_float *scratch)
{
    const int32_t count = m->lists.counts[row];
    if (count == ASCENDING) return without_padding(given_words(m->dense, row));
    if (count <= KEPT) return (word_list){ m->lists.words + row * KEPT, (size_t)count };
    clear_marks(m->dense, scratch);
    return distinct_words(m->dense, given_words(m->dense, row), scratch, 1);
}

static void forward_task(void *context, int task, int worker)
{
    const multi_hot_run *m = context;
    const nn_layer *dense = m->dense;
    const size_t units = (size_t)dense->def.dense.units, first = (size_t)task * ROWS_PER_TASK;
    nn_float *scratch = nn_worker_scratch(m->run, worker);
    clear_marks(dense, scratch);
    for (size_t row = first; row < first + ROWS_PER_TASK && row < (size_t)m->run->batch; row++) {
        nn_float *y = dense->y + row * units;
        const word_list list = find_words(m, row, scratch, (uint8_t)(row - first + 1));
        if (m->bias)
            memcpy(y, m->bias, units * sizeof *y);
        else
            memset(y, 0, units * sizeof *y);
        m->run->kernels->lookup->gather_sum(y, dense->weights[0].value, list.words, list.count, units);
    }
}

void nn_multi_hot_forward(const nn_layer *dense, nn_multi_hot *lists, const nn_run *run, const nn_float *bias)
{
    multi_hot_run m = { .dense = dense, .lists = *lists, .run = run, .bias = bias };
    nn_parallel(team_of(dense, run), (run->batch + ROWS_PER_TASK - 1) / ROWS_PER_TASK, forward_task, &m);
}

/* A part of the words, all samples in order: each row of dW has its sum in the same order whoever does it. */
static void backward_task(void *context, int task, int worker)
{
    const multi_hot_run *m = context;
    const nn_layer *dense = m->dense;
    const size_t units = (size_t)dense->def.dense.units;
    nn_float *scratch = nn_worker_scratch(m->run, worker);
    for (size_t row = 0; row < (size_t)m->run->batch; row++) {
        const word_list list = find_again(m, row, scratch);
        m->run->kernels->lookup->scatter_add(dense->weights[0].grad, list.words, m->dz + row * units, 0, list.count,
                                             units, task, m->parts - 1);
    }
}

void nn_multi_hot_backward(const nn_layer *dense, const nn_multi_hot *lists, const nn_run *run, const nn_float *dz)
{
    multi_hot_run m = { .dense = dense, .lists = *lists, .run = run, .dz = dz, .parts = nn_parts(team_of(dense, run)) };
    nn_parallel(team_of(dense, run), m.parts, backward_task, &m);
}
