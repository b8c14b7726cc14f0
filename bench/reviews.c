#include "reviews.h"

#include "measure.h"
#include "support/run.h"
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *take(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory) fail("reviews", "out of memory");
    return memory;
}

/* --- the real ones ------------------------------------------------------------------------------------------------ */

bool reviews_load(data_imdb *imdb, bool lists)
{
    static const char *const names[] = { "imdb/aclImdb-labelled.tar.gz", "imdb/aclImdb_v1.tar.gz", "imdb/aclImdb",
                                         "imdb", NULL };
    char path[RUN_PATH];
    data_error error;
    const data_imdb_def def = { .encoding = { .words = REVIEW_WORDS, .length = REVIEW_LENGTH },
                                .seed = 1,
                                .no_tokens = lists,
                                .no_lists = !lists };
    if (run_find_data(path, NULL, names) != RUN_DATA_FOUND) return false;
    if (data_imdb_load(path, &def, imdb, &error) != DATA_OK) fail("reviews", error.text);
    return true;
}

/* What the network reads of a list, found once, as imdb_sentiment does before its training. */
static void make_sets(reviews *r)
{
    data_error error;
    if (data_distinct_lists(r->indices, r->offsets, r->batches * r->batch, &error) != DATA_OK)
        fail("reviews", error.text);
}

static void copy_lists(reviews *r, const data_reviews *from, size_t count)
{
    const size_t words = (size_t)from->offsets[count];
    r->offsets = take(count + 1, sizeof *r->offsets);
    r->indices = take(words, sizeof *r->indices);
    memcpy(r->offsets, from->offsets, (count + 1) * sizeof *r->offsets);
    memcpy(r->indices, from->indices, words * sizeof *r->indices);
    make_sets(r);
}

static void copy_rows(reviews *r, const data_reviews *from, size_t count)
{
    r->indices = take(count * REVIEW_LENGTH, sizeof *r->indices);
    memcpy(r->indices, from->tokens, count * REVIEW_LENGTH * sizeof *r->indices);
}

bool reviews_real(reviews *r, const reviews_def *def)
{
    const size_t count = (size_t)def->batches * (size_t)def->batch;
    data_imdb imdb = { 0 };
    if (!reviews_load(&imdb, def->lists)) return false;
    if ((size_t)imdb.train.count < count) fail("reviews", "the set is smaller than a few batches");
    *r = (reviews){ .batches = def->batches, .batch = def->batch, .real = true };
    r->labels = take(count, sizeof *r->labels);
    memcpy(r->labels, imdb.train.labels, count * sizeof *r->labels);
    (def->lists ? copy_lists : copy_rows)(r, &imdb.train, count);
    data_imdb_free(&imdb);
    measure_forget_peak();
    return true;
}

/* --- generated ones ----------------------------------------------------------------------------------------------- */

/* Words in the real training reviews, the start included: the shortest, then after every twentieth part of them; the
 * last such that the mean is theirs, 239 (the longest has 2,494). */
static const int lengths[] = { 11,  66,  93,  114, 123, 130, 137, 146, 155, 166, 178,
                               193, 210, 232, 257, 291, 331, 384, 467, 610, 971 };

static int draw_length(nn_rng *rng)
{
    const int parts = (int)(sizeof lengths / sizeof *lengths) - 1;
    const int part = (int)nn_random_below(rng, (uint32_t)parts);
    return lengths[part] + (int)nn_random_below(rng, (uint32_t)(lengths[part + 1] - lengths[part] + 1));
}

/* Index u^3 of the vocabulary: many common words, as in text. */
static int32_t draw_word(nn_rng *rng)
{
    const double u = (double)nn_uniform(rng);
    return 1 + (int32_t)(u * u * u * (REVIEW_WORDS - 1));
}

/* Index u^8: as many of a review's words differ as in the real ones, 134 of 239. */
static int32_t draw_listed_word(nn_rng *rng)
{
    const double u = (double)nn_uniform(rng), square = u * u, fourth = square * square;
    return 1 + (int32_t)(fourth * fourth * (REVIEW_WORDS - 1));
}

static void generate_lists(reviews *r, int count, nn_rng *rng)
{
    r->offsets = take((size_t)count + 1, sizeof *r->offsets);
    for (int i = 0; i < count; i++) r->offsets[i + 1] = r->offsets[i] + draw_length(rng);
    r->indices = take((size_t)r->offsets[count], sizeof *r->indices);
    for (int64_t i = 0; i < r->offsets[count]; i++) r->indices[i] = draw_listed_word(rng);
    make_sets(r);
}

static void generate_rows(reviews *r, int count, bool full, nn_rng *rng)
{
    r->indices = take((size_t)count * REVIEW_LENGTH, sizeof *r->indices);
    for (int i = 0; i < count; i++) {
        int32_t *row = r->indices + (size_t)i * REVIEW_LENGTH;
        const int words = full ? REVIEW_LENGTH : draw_length(rng);
        for (int t = words < REVIEW_LENGTH ? REVIEW_LENGTH - words : 0; t < REVIEW_LENGTH; t++) row[t] = draw_word(rng);
    }
}

void reviews_generate(reviews *r, const reviews_def *def)
{
    const int count = def->batches * def->batch;
    nn_rng rng = { 1, 0, 0 };
    *r = (reviews){ .batches = def->batches, .batch = def->batch };
    r->labels = take((size_t)count, sizeof *r->labels);
    for (int i = 0; i < count; i++) r->labels[i] = (float)(i & 1);
    if (def->lists)
        generate_lists(r, count, &rng);
    else
        generate_rows(r, count, def->full, &rng);
}

/* --- both --------------------------------------------------------------------------------------------------------- */

void reviews_free(reviews *r)
{
    free(r->indices);
    free(r->offsets);
    free(r->labels);
    *r = (reviews){ 0 };
}

nn_tensor reviews_inputs(const reviews *r, int k)
{
    const size_t first = (size_t)k * (size_t)r->batch;
    if (r->offsets) return nn_view_ragged(r->indices, r->offsets + first, r->batch);
    return nn_view_i32(r->indices + first * REVIEW_LENGTH, NN_SHAPE(r->batch, REVIEW_LENGTH));
}

nn_tensor reviews_labels(const reviews *r, int k)
{
    return nn_view_f32(r->labels + (size_t)k * (size_t)r->batch, NN_SHAPE(r->batch, 1));
}

void reviews_describe(const reviews *r)
{
    const int count = r->batches * r->batch;
    printf(" data=%s", r->real ? "imdb" : "generated");
    if (r->offsets) {
        printf(" words=%.0f", (double)r->offsets[count] / count);
        return;
    }
    size_t padding = 0;
    for (int i = 0; i < count * REVIEW_LENGTH; i++) padding += r->indices[i] == DATA_PAD;
    printf(" padding=%.3f", (double)padding / count / REVIEW_LENGTH);
}
