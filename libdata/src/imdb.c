/* data_imdb_load: source or cache to a corpus, corpus to encoded reviews. */
#include "corpus.h"
#include "encoding.h"
#include "error.h"
#include "imdb_cache.h"
#include "imdb_npz.h"
#include "memory.h"
#include "numpy_random.h"
#include "zip.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEFAULT_TRAIN = 4000, DEFAULT_TEST = 1000, KERAS_SEED = 113 };

static void free_reviews(data_reviews *reviews)
{
    free(reviews->tokens);
    free(reviews->labels);
    free(reviews->indices);
    free(reviews->offsets);
    *reviews = (data_reviews){ 0 };
}

void data_imdb_free(data_imdb *imdb)
{
    if (!imdb) return;
    free_reviews(&imdb->train);
    free_reviews(&imdb->test);
    data_vocabulary_destroy(imdb->vocabulary);
    *imdb = (data_imdb){ 0 };
}

/* --- corpus to reviews -------------------------------------------------------------------------------------------- */

static data_status allocate_reviews(const data_corpus_part *part, const data_imdb_def *def, int length,
                                    data_reviews *reviews, data_error *error)
{
    const size_t count = (size_t)part->count, indices = (size_t)part->offsets[part->count] + count;
    const size_t row = def->no_tokens ? 0 : (size_t)length * sizeof *reviews->tokens; // a length has a limit
    reviews->count = part->count;
    reviews->length = length;
    reviews->labels = data_allocate(count, sizeof *reviews->labels);
    reviews->indices = data_allocate(indices, sizeof *reviews->indices);
    reviews->offsets = data_allocate(count + 1, sizeof *reviews->offsets);
    if (!def->no_tokens) reviews->tokens = data_allocate(count, row);
    if (reviews->labels && reviews->indices && reviews->offsets && (reviews->tokens || def->no_tokens)) return DATA_OK;
    return data_fail_memory(error, "reviews", indices * sizeof *reviews->indices + count * row);
}

// One review: the start, then its ranks shifted by DATA_INDEX_FROM, all within the limits of the encoding.
static void encode_review(const int32_t *ranks, size_t count, const data_encoding *encoding, int32_t *indices)
{
    *indices++ = data_limit_index(encoding, DATA_START);
    for (size_t k = 0; k < count; k++) {
        indices[k] = ranks[k] ? data_limit_index(encoding, ranks[k] + DATA_INDEX_FROM) : DATA_UNKNOWN;
    }
}

/* How the parts are put in order: by Keras' generator, which goes on from the first part to the second, or by ours. */
typedef struct shuffler {
    const data_imdb_def *def;
    bool keras;
    data_mt19937 twister;
} shuffler;

static void shuffle(shuffler *s, int part, int32_t *order, int32_t count)
{
    data_rng rng = data_rng_make(s->def->seed, (uint64_t)part);
    if (s->def->no_shuffle) {
        for (int32_t i = 0; i < count; i++) order[i] = i;
    } else if (s->keras) {
        data_mt19937_shuffle(&s->twister, order, count);
    } else {
        data_shuffle(order, count, &rng);
    }
}

static data_status encode_part(const data_corpus_part *part, const data_encoding *encoding, const int32_t *order,
                               const data_imdb_def *def, data_reviews *reviews, data_error *error)
{
    data_status status = allocate_reviews(part, def, encoding->length, reviews, error);
    if (status != DATA_OK) return status;
    reviews->offsets[0] = 0;
    for (int i = 0; i < part->count; i++) {
        const int64_t first = part->offsets[order[i]], count = part->offsets[order[i] + 1] - first;
        int32_t *indices = reviews->indices + reviews->offsets[i];
        encode_review(part->ranks + first, (size_t)count, encoding, indices);
        reviews->offsets[i + 1] = reviews->offsets[i] + count + 1;
        reviews->labels[i] = (float)part->labels[order[i]];
        if (def->no_tokens) continue;
        data_pad_row(indices, (size_t)count + 1, encoding, reviews->tokens + (size_t)i * (size_t)encoding->length);
    }
    if (def->no_lists) {
        free(reviews->indices);
        free(reviews->offsets);
        reviews->indices = NULL;
        reviews->offsets = NULL;
    }
    return DATA_OK;
}

static data_status encode_corpus(const data_corpus *corpus, shuffler *s, data_imdb *imdb, data_error *error)
{
    data_status status = DATA_OK;
    for (int p = 0; p < DATA_PARTS && status == DATA_OK; p++) {
        const data_corpus_part *part = &corpus->part[p];
        int32_t *order = data_allocate((size_t)part->count, sizeof *order);
        if (!order) return data_fail_memory(error, "order", (size_t)part->count * sizeof *order);
        shuffle(s, p, order, part->count);
        status = encode_part(part, &imdb->encoding, order, s->def, p == DATA_TRAIN ? &imdb->train : &imdb->test, error);
        free(order);
    }
    return status;
}

static int count_words(const data_corpus *corpus)
{
    if (corpus->vocabulary) return data_vocabulary_count(corpus->vocabulary);
    int32_t highest = 0;
    for (int p = 0; p < DATA_PARTS; p++) {
        const data_corpus_part *part = &corpus->part[p];
        for (int64_t k = 0; k < part->offsets[part->count]; k++) {
            if (part->ranks[k] > highest) highest = part->ranks[k];
        }
    }
    return highest;
}

/* --- source to corpus --------------------------------------------------------------------------------------------- */

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

// Where in a folder the reviews are: train/ and test/ in it or one below, or an archive lying in it. Freed by the
// caller.
static char *find_source(const char *path)
{
    static const char *const inside[] = { "/train", "/aclImdb/train", "/aclImdb_v1.tar.gz", "/aclImdb-labelled.tar.gz",
                                          "/imdb.npz" };
    static const char *const source[] = { "", "/aclImdb", "/aclImdb_v1.tar.gz", "/aclImdb-labelled.tar.gz",
                                          "/imdb.npz" };
    enum { SOURCES = sizeof source / sizeof source[0] };
    const size_t size = strlen(path) + 32;
    char *found = data_allocate(size, 1);
    if (!found) return NULL;
    for (int i = 0; i < SOURCES && is_folder(path); i++) {
        struct stat info;
        snprintf(found, size, "%s%s", path, inside[i]);
        const bool exists = stat(found, &info) == 0;
        snprintf(found, size, "%s%s", path, source[i]);
        if (exists) return found;
    }
    snprintf(found, size, "%s", path);
    return found;
}

static data_status build_corpus(const char *source, const data_imdb_def *def, data_corpus *corpus, data_error *error)
{
    data_corpus_builder *builder = data_corpus_builder_create(error);
    if (!builder) return DATA_ERR_MEMORY;
    data_status status;
    if (!source) {
        const int train = def->train_count ? def->train_count : DEFAULT_TRAIN;
        const int test = def->test_count ? def->test_count : DEFAULT_TEST;
        status = data_imdb_generate(train, test, def->seed, builder, error);
    } else if (is_folder(source)) {
        status = data_imdb_read_folder(source, builder, error);
    } else {
        status = data_imdb_read_archive(source, builder, error);
    }
    if (status == DATA_OK) status = data_corpus_builder_finish(builder, source ? source : "generated", corpus, error);
    data_corpus_builder_destroy(builder);
    return status;
}

static data_status load_corpus(const char *source, const data_imdb_def *def, data_corpus *corpus,
                               data_cache_state *state, data_error *error)
{
    uint64_t fingerprint;
    *state = DATA_CACHE_NONE;
    if (!source || !def->cache || data_cache_fingerprint(source, &fingerprint, NULL) != DATA_OK) {
        return build_corpus(source, def, corpus, error);
    }
    // Why a cache does not serve is nobody's business: the source says all it says.
    *state = DATA_CACHE_READ;
    if (data_cache_read(def->cache, fingerprint, corpus, NULL) == DATA_OK) return DATA_OK;
    const data_status status = build_corpus(source, def, corpus, error);
    if (status != DATA_OK) return status;
    const bool written = data_cache_write(def->cache, fingerprint, corpus, NULL) == DATA_OK;
    *state = written ? DATA_CACHE_WRITTEN : DATA_CACHE_FAILED;
    return DATA_OK;
}

static data_status load_npz(const char *source, const data_imdb_def *def, shuffler *s, data_corpus *corpus,
                            data_error *error)
{
    if (def->seed > UINT32_MAX) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "seed: expected at most %lu for an npz, got %llu",
                         (unsigned long)UINT32_MAX, (unsigned long long)def->seed);
    }
    s->keras = true;
    data_mt19937_seed(&s->twister, def->seed ? (uint32_t)def->seed : KERAS_SEED);
    return data_imdb_read_npz(source, def->word_index, corpus, error);
}

static data_status load_imdb(const char *path, const data_imdb_def *def, data_imdb *imdb, data_error *error)
{
    data_status status = data_encoding_fill(&def->encoding, &imdb->encoding, error);
    if (status != DATA_OK) return status;
    char *source = path ? find_source(path) : NULL;
    if (path && !source) return data_fail_memory(error, path, strlen(path));
    imdb->generated = !path;
    data_corpus corpus = { 0 };
    shuffler s = { .def = def };
    if (source && data_is_zip(source)) {
        status = load_npz(source, def, &s, &corpus, error);
    } else {
        status = load_corpus(source, def, &corpus, &imdb->cache, error);
    }
    free(source);
    if (status == DATA_OK) status = encode_corpus(&corpus, &s, imdb, error);
    if (status == DATA_OK) imdb->words = count_words(&corpus);
    imdb->vocabulary = corpus.vocabulary;
    corpus.vocabulary = NULL;
    data_corpus_free(&corpus);
    return status;
}

data_status data_imdb_load(const char *path, const data_imdb_def *def, data_imdb *imdb, data_error *error)
{
    data_clear_error(error);
    if (!imdb) return data_fail_null(error, "imdb", "a destination");
    data_imdb loaded = { 0 };
    const data_status status = load_imdb(path, def ? def : &(data_imdb_def){ 0 }, &loaded, error);
    if (status == DATA_OK) {
        *imdb = loaded;
    } else {
        data_imdb_free(&loaded);
    }
    return status;
}
