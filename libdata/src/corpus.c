#include "corpus.h"

#include "error.h"
#include "memory.h"
#include "tokenizer.h"
#include "vocabulary.h"

#include <stdlib.h>
#include <string.h>

typedef struct review {
    const char *key; // set by finish(), when the arena of keys moves no more
    size_t key_at, first, count;
    int part, label;
} review;

struct data_corpus_builder {
    data_words words; // of all reviews, in the order they came
    int32_t *ids;     // the reviews' words one after the other
    size_t id_count, id_room;
    review *reviews;
    size_t review_count, review_room;
    char *keys;
    size_t key_used, key_room;
};

/* --- the block ---------------------------------------------------------------------------------------------------- */

bool data_corpus_size(const int count[DATA_PARTS], const int64_t words[DATA_PARTS], size_t *size)
{
    size_t total = 0, bytes;
    for (int p = 0; p < DATA_PARTS; p++) {
        if (count[p] < 0 || words[p] < 0) return false;
        if (!data_multiply((size_t)count[p] + 1, sizeof(int64_t), &bytes) || !data_add(total, bytes, &total) ||
            !data_multiply((size_t)words[p], sizeof(int32_t), &bytes) || !data_add(total, bytes, &total) ||
            !data_add(total, (size_t)count[p], &total)) {
            return false;
        }
    }
    *size = total;
    return true;
}

data_status data_corpus_allocate(const int count[DATA_PARTS], const int64_t words[DATA_PARTS], data_corpus *corpus,
                                 data_error *error)
{
    size_t size;
    if (!data_corpus_size(count, words, &size)) return data_fail_memory(error, "reviews", SIZE_MAX);
    char *at = data_allocate(size, 1);
    if (!at) return data_fail_memory(error, "reviews", size);
    *corpus = (data_corpus){ .block = at, .block_size = size };
    // From the strictest alignment to the loosest.
    for (int p = 0; p < DATA_PARTS; p++) {
        corpus->part[p].count = count[p];
        corpus->part[p].offsets = (int64_t *)(void *)at;
        at += ((size_t)count[p] + 1) * sizeof(int64_t);
    }
    for (int p = 0; p < DATA_PARTS; p++) {
        corpus->part[p].ranks = (int32_t *)(void *)at;
        at += (size_t)words[p] * sizeof(int32_t);
    }
    for (int p = 0; p < DATA_PARTS; p++) {
        corpus->part[p].labels = (uint8_t *)at;
        at += count[p];
    }
    return DATA_OK;
}

void data_corpus_free(data_corpus *corpus)
{
    free(corpus->block);
    data_vocabulary_destroy(corpus->vocabulary);
    *corpus = (data_corpus){ 0 };
}

/* --- collecting --------------------------------------------------------------------------------------------------- */

data_corpus_builder *data_corpus_builder_create(data_error *error)
{
    data_corpus_builder *builder = calloc(1, sizeof *builder);
    if (!builder) (void)data_fail_memory(error, "reviews", sizeof *builder);
    return builder;
}

void data_corpus_builder_destroy(data_corpus_builder *builder)
{
    if (!builder) return;
    data_words_free(&builder->words);
    free(builder->ids);
    free(builder->reviews);
    free(builder->keys);
    free(builder);
}

bool data_parse_key(const char *key, int *part, int *label)
{
    static const struct {
        const char *start;
        int part, label;
    } folders[] = {
        { "train/neg/", DATA_TRAIN, 0 },
        { "train/pos/", DATA_TRAIN, 1 },
        { "test/neg/", DATA_TEST, 0 },
        { "test/pos/", DATA_TEST, 1 },
    };
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        const size_t length = strlen(folders[i].start), all = strlen(key);
        if (strncmp(key, folders[i].start, length) != 0) continue;
        *part = folders[i].part;
        *label = folders[i].label;
        return all > length + 4 && strcmp(key + all - 4, ".txt") == 0 && !strchr(key + length, '/');
    }
    return false;
}

static bool add_key(data_corpus_builder *b, const char *key, size_t *at)
{
    const size_t size = strlen(key) + 1;
    void *keys = b->keys;
    const bool grown = data_grow(&keys, &b->key_room, b->key_used + size, 1);
    b->keys = keys;
    if (!grown) return false;
    memcpy(b->keys + b->key_used, key, size);
    *at = b->key_used;
    b->key_used += size;
    return true;
}

static bool add_id(data_corpus_builder *b, int32_t id)
{
    if (b->id_count == b->id_room) {
        void *ids = b->ids;
        const bool grown = data_grow(&ids, &b->id_room, b->id_count + 1, sizeof *b->ids);
        b->ids = ids;
        if (!grown) return false;
    }
    b->ids[b->id_count++] = id;
    return true;
}

data_status data_corpus_builder_add(data_corpus_builder *b, const char *key, const char *text, size_t size,
                                    data_error *error)
{
    review added = { .first = b->id_count };
    if (!data_parse_key(key, &added.part, &added.label)) {
        return data_fail(error, DATA_ERR_FORMAT, key, 0, "path: expected (train|test)/(neg|pos)/*.txt, got another");
    }
    const char *word, *const end = text + size;
    size_t length;
    while ((word = data_next_word(&text, end, &length))) {
        const int32_t id = data_words_add(&b->words, word, length);
        if (id < 0 || !add_id(b, id)) return data_fail_memory(error, key, (b->id_count + 1) * sizeof *b->ids);
    }
    added.count = b->id_count - added.first;
    void *reviews = b->reviews;
    const bool grown = data_grow(&reviews, &b->review_room, b->review_count + 1, sizeof *b->reviews);
    b->reviews = reviews;
    if (!grown || !add_key(b, key, &added.key_at)) return data_fail_memory(error, key, sizeof added);
    b->reviews[b->review_count++] = added;
    return DATA_OK;
}

/* --- sorting and ranking ------------------------------------------------------------------------------------------ */

// Training before test, then by path.
static int compare_reviews(const void *a, const void *b)
{
    const review *x = a, *y = b;
    return x->part != y->part ? x->part - y->part : strcmp(x->key, y->key);
}

typedef struct tally {
    int64_t count, first; // uses in the training reviews, and where the first one is
    int32_t id;
} tally;

// By falling frequency, ties by first appearance.
static int compare_tallies(const void *a, const void *b)
{
    const tally *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

static data_status check_reviews(const data_corpus_builder *b, const char *path, data_error *error)
{
    static const char *const names[DATA_PARTS][2] = { { "train/neg", "train/pos" }, { "test/neg", "test/pos" } };
    size_t found[DATA_PARTS][2] = { { 0 } };
    for (size_t i = 0; i < b->review_count; i++) {
        const review *r = &b->reviews[i];
        found[r->part][r->label]++;
        if (i == 0 || strcmp(r->key, r[-1].key) != 0) continue;
        return data_fail(error, DATA_ERR_FORMAT, path, 0, "%.80s: expected once, got twice", r->key);
    }
    for (int p = 0; p < DATA_PARTS; p++) {
        for (int label = 0; label < 2; label++) {
            if (found[p][label] > 0) continue;
            return data_fail(error, DATA_ERR_FORMAT, path, 0, "%s: expected reviews, got none", names[p][label]);
        }
    }
    return DATA_OK;
}

// Counts the words of the training reviews and sorts them into ranks; those of test reviews alone come last, count 0.
static void tally_words(const data_corpus_builder *b, tally *tallies)
{
    int64_t at = 0;
    for (int32_t i = 0; i < b->words.count; i++) tallies[i] = (tally){ .id = i };
    for (size_t i = 0; i < b->review_count && b->reviews[i].part == DATA_TRAIN; i++) {
        for (size_t k = 0; k < b->reviews[i].count; k++, at++) {
            tally *t = &tallies[b->ids[b->reviews[i].first + k]];
            if (t->count++ == 0) t->first = at;
        }
    }
    qsort(tallies, (size_t)b->words.count, sizeof *tallies, compare_tallies);
}

// Moves the ranked words into the vocabulary and sets rank_of[id].
static data_status rank_words(const data_corpus_builder *b, data_vocabulary *vocabulary, int32_t *rank_of,
                              data_error *error)
{
    const size_t count = (size_t)b->words.count;
    tally *tallies = data_allocate(count, sizeof *tallies);
    if (!tallies) return data_fail_memory(error, "vocabulary", count * sizeof *tallies);
    tally_words(b, tallies);
    data_status status = DATA_OK;
    for (size_t i = 0; i < count && status == DATA_OK; i++) {
        const data_word *word = &b->words.word[tallies[i].id];
        const bool ranked = tallies[i].count > 0;
        rank_of[tallies[i].id] = ranked ? (int32_t)i + 1 : 0;
        if (ranked && data_words_add(&vocabulary->words, b->words.bytes + word->start, word->size) < 0) {
            status = data_fail_memory(error, "vocabulary", word->size);
        }
    }
    free(tallies);
    return status;
}

static void fill_part(const data_corpus_builder *b, size_t *next, const int32_t *rank_of, data_corpus_part *part)
{
    part->offsets[0] = 0;
    for (int i = 0; i < part->count; i++) {
        const review *r = &b->reviews[(*next)++];
        int32_t *ranks = part->ranks + part->offsets[i];
        for (size_t k = 0; k < r->count; k++) ranks[k] = rank_of[b->ids[r->first + k]];
        part->offsets[i + 1] = part->offsets[i] + (int64_t)r->count;
        part->labels[i] = (uint8_t)r->label;
    }
}

// Room for words that did not come is given back before the block is allocated beside them.
static bool trim_ids(data_corpus_builder *b)
{
    void *ids = b->ids;
    const bool trimmed = data_trim(&ids, b->id_count, sizeof *b->ids);
    b->ids = ids;
    if (trimmed && b->id_count > 0) b->id_room = b->id_count;
    return trimmed;
}

static data_status fill_corpus(const data_corpus_builder *b, data_corpus *corpus, data_error *error)
{
    int count[DATA_PARTS] = { 0 };
    int64_t words[DATA_PARTS] = { 0 };
    for (size_t i = 0; i < b->review_count; i++) {
        count[b->reviews[i].part]++;
        words[b->reviews[i].part] += (int64_t)b->reviews[i].count;
    }
    int32_t *rank_of = data_allocate((size_t)b->words.count, sizeof *rank_of);
    if (!rank_of) return data_fail_memory(error, "ranks", (size_t)b->words.count * sizeof *rank_of);
    data_status status = data_corpus_allocate(count, words, corpus, error);
    if (status == DATA_OK) {
        corpus->vocabulary = calloc(1, sizeof *corpus->vocabulary);
        status = corpus->vocabulary ? rank_words(b, corpus->vocabulary, rank_of, error)
                                    : data_fail_memory(error, "vocabulary", sizeof *corpus->vocabulary);
    }
    size_t next = 0;
    for (int p = 0; p < DATA_PARTS && status == DATA_OK; p++) fill_part(b, &next, rank_of, &corpus->part[p]);
    free(rank_of);
    return status;
}

data_status data_corpus_builder_finish(data_corpus_builder *b, const char *path, data_corpus *corpus, data_error *error)
{
    if (b->review_count > INT32_MAX) {
        return data_fail(error, DATA_ERR_FORMAT, path, 0, "reviews: expected at most %d, got %zu", INT32_MAX,
                         b->review_count);
    }
    for (size_t i = 0; i < b->review_count; i++) b->reviews[i].key = b->keys + b->reviews[i].key_at;
    if (b->review_count > 0) qsort(b->reviews, b->review_count, sizeof *b->reviews, compare_reviews);
    data_status status = check_reviews(b, path, error);
    if (status != DATA_OK) return status;
    if (!trim_ids(b)) return data_fail_memory(error, path, b->id_count * sizeof *b->ids);
    data_corpus built = { 0 };
    status = fill_corpus(b, &built, error);
    if (status == DATA_OK) {
        *corpus = built;
    } else {
        data_corpus_free(&built);
    }
    return status;
}
