#include "reviews.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH = 8 };

/* --- vocabularies ------------------------------------------------------------------------------------------------- */

static char *write_words(const data_vocabulary *vocabulary, size_t *size)
{
    *size = data_vocabulary_write(vocabulary, DATA_ALL_WORDS, NULL, 0);
    char *text = malloc(*size + 1);
    FUZZ_CHECK(text && data_vocabulary_write(vocabulary, DATA_ALL_WORDS, text, *size) == *size);
    return text;
}

static void check_text(const data_vocabulary *vocabulary)
{
    size_t size, again_size;
    char *text = write_words(vocabulary, &size);
    data_error error = { 0 };
    data_vocabulary *parsed = data_vocabulary_parse(text, size, &error);
    FUZZ_CHECK(parsed);
    char *again = write_words(parsed, &again_size);
    FUZZ_CHECK(again_size == size && memcmp(again, text, size) == 0);
    free(again);
    free(text);
    data_vocabulary_destroy(parsed);
}

void fuzz_check_vocabulary(const data_vocabulary *vocabulary)
{
    const int count = data_vocabulary_count(vocabulary), end = count + DATA_INDEX_FROM + 1;
    FUZZ_CHECK(count >= 0);
    for (int i = DATA_INDEX_FROM + 1; i < end; i++) {
        size_t size = 0;
        const char *word = data_vocabulary_word(vocabulary, i, &size);
        FUZZ_CHECK(word && size > 0 && word[size] == '\0');
        fuzz_touch(word, size);
        FUZZ_CHECK(data_vocabulary_index(vocabulary, word, size) == i);
    }
    FUZZ_CHECK(!data_vocabulary_word(vocabulary, end, NULL) && !data_vocabulary_word(vocabulary, -1, NULL));
    check_text(vocabulary);
}

/* --- reviews ------------------------------------------------------------------------------------------------------ */

static void check_reviews(const data_reviews *reviews, int32_t bound)
{
    data_error error = { 0 };
    FUZZ_CHECK(reviews->count > 0 && reviews->length == LENGTH);
    FUZZ_CHECK(data_check_lists(reviews->indices, reviews->offsets, reviews->count, bound, &error) == DATA_OK);
    for (int i = 0; i < reviews->count; i++) {
        const int64_t first = reviews->offsets[i], size = reviews->offsets[i + 1] - first;
        const int32_t *row = reviews->tokens + (size_t)i * LENGTH;
        FUZZ_CHECK(reviews->labels[i] == 0.0f || reviews->labels[i] == 1.0f);
        FUZZ_CHECK(size >= 1 && reviews->indices[first] == DATA_START);
        for (int k = 0; k < LENGTH; k++) {
            const int64_t at = size - LENGTH + k; /* padded and truncated in front */
            FUZZ_CHECK(row[k] == (at < 0 ? DATA_PAD : reviews->indices[first + at]));
        }
    }
}

static void check_imdb(const data_imdb *imdb)
{
    FUZZ_CHECK(!imdb->generated && imdb->words >= 0);
    if (imdb->vocabulary) {
        FUZZ_CHECK(imdb->words == data_vocabulary_count(imdb->vocabulary));
        fuzz_check_vocabulary(imdb->vocabulary);
    }
    check_reviews(&imdb->train, imdb->words + DATA_INDEX_FROM + 1);
    check_reviews(&imdb->test, imdb->words + DATA_INDEX_FROM + 1);
}

data_status fuzz_load_reviews(const char *path, const char *cache, data_cache_state *state)
{
    const data_imdb_def def = { .encoding = { .words = DATA_ALL_WORDS, .length = LENGTH }, .cache = cache };
    const data_imdb before = { .words = 12345 };
    data_imdb imdb = before;
    data_error error = { 0 };
    const data_status status = data_imdb_load(path, &def, &imdb, &error);
    if (status == DATA_OK) {
        *state = imdb.cache;
        fuzz_accepted++;
        check_imdb(&imdb);
        data_imdb_free(&imdb);
    } else {
        FUZZ_CHECK(memcmp(&imdb, &before, sizeof imdb) == 0 && error.status == status);
        fuzz_check_refusal(error.text, path);
    }
    return status;
}
