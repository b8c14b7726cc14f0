/* Keras' imdb.load_data (start, index_from, num_words, skip_top) and pad_sequences. */
#include "encoding.h"

#include "error.h"
#include "tokenizer.h"

#include <string.h>

enum { DEFAULT_WORDS = 10000, DEFAULT_LENGTH = 500, MAX_LENGTH = 32768 };

data_status data_encoding_fill(const data_encoding *given, data_encoding *filled, data_error *error)
{
    data_encoding e = given ? *given : (data_encoding){ 0 };
    if (e.words == 0) e.words = DEFAULT_WORDS;
    if (e.words == DATA_ALL_WORDS) e.words = INT32_MAX;
    if (e.length == 0) e.length = DEFAULT_LENGTH;
    if (e.words <= DATA_INDEX_FROM) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "encoding.words: expected at least %d, got %d",
                         DATA_INDEX_FROM + 1, e.words);
    }
    if (e.skip_top < 0) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "encoding.skip_top: expected at least 0, got %d",
                         e.skip_top);
    }
    if (e.length < 1 || e.length > MAX_LENGTH) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "encoding.length: expected 1 to %d, got %d", MAX_LENGTH,
                         e.length);
    }
    *filled = e;
    return DATA_OK;
}

// The raw index of the next word: rank + DATA_INDEX_FROM, or -1 for one that is not in the vocabulary.
static bool next_index(const data_vocabulary *vocabulary, const data_encoding *filled, const char **text,
                       const char *end, int32_t *index)
{
    size_t size;
    const char *word = data_next_word(text, end, &size);
    if (!word) return false;
    *index = data_limit_index(filled, data_vocabulary_index(vocabulary, word, size));
    return true;
}

size_t data_encode(const data_vocabulary *vocabulary, const data_encoding *encoding, const char *text, size_t size,
                   int32_t *indices, size_t capacity)
{
    data_encoding filled;
    if (!vocabulary || (!text && size > 0) || (!indices && capacity > 0)) return 0;
    if (data_encoding_fill(encoding, &filled, NULL) != DATA_OK) return 0;
    const char *at = text ? text : "", *const end = at + size;
    size_t count = 0;
    int32_t index = data_limit_index(&filled, DATA_START);
    do {
        if (count < capacity) indices[count] = index;
        count++;
    } while (next_index(vocabulary, &filled, &at, end, &index));
    return count;
}

void data_pad_row(const int32_t *indices, size_t count, const data_encoding *filled, int32_t *row)
{
    const size_t length = (size_t)filled->length, kept = count < length ? count : length;
    const int32_t *first = filled->truncate_post ? indices : indices + (count - kept);
    int32_t *words = filled->pad_post ? row : row + (length - kept);
    int32_t *zeros = filled->pad_post ? row + kept : row;
    memcpy(words, first, kept * sizeof *row);
    memset(zeros, 0, (length - kept) * sizeof *row); // DATA_PAD
}

data_status data_imdb_encode(const data_vocabulary *vocabulary, const data_encoding *encoding, const char *text,
                             size_t size, int32_t *row)
{
    data_encoding filled;
    if (!vocabulary || (!text && size > 0) || !row) return DATA_ERR_ARGUMENT;
    const data_status status = data_encoding_fill(encoding, &filled, NULL);
    if (status != DATA_OK) return status;
    const size_t length = (size_t)filled.length;
    const size_t count = data_encode(vocabulary, &filled, text, size, row, length);
    if (count <= length || filled.truncate_post) {
        // The first indices stand at the front of the row: move them to where they belong.
        const size_t kept = count < length ? count : length, lead = filled.pad_post ? 0 : length - kept;
        memmove(row + lead, row, kept * sizeof *row);
        memset(filled.pad_post ? row + kept : row, 0, (length - kept) * sizeof *row);
        return DATA_OK;
    }
    // The last `length` of a longer text: go over it again, writing from there on.
    const char *at = text, *const end = text + size;
    int32_t index = data_limit_index(&filled, DATA_START);
    size_t i = 0;
    do {
        if (i >= count - length) row[i - (count - length)] = index;
        i++;
    } while (next_index(vocabulary, &filled, &at, end, &index));
    return DATA_OK;
}
