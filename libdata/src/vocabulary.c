#include "vocabulary.h"

#include "error.h"
#include "tokenizer.h"

#include <stdlib.h>
#include <string.h>

int data_vocabulary_count(const data_vocabulary *vocabulary)
{
    return vocabulary->words.count;
}

const char *data_vocabulary_word(const data_vocabulary *vocabulary, int32_t index, size_t *size)
{
    static const char *const special[DATA_INDEX_FROM] = { "<pad>", "<start>", "<unknown>" };
    // Rank 1 has index 4, as in Keras: index 3 is nobody's.
    if (index < 0 || index == DATA_INDEX_FROM || index > vocabulary->words.count + DATA_INDEX_FROM) return NULL;
    if (index < DATA_INDEX_FROM) {
        if (size) *size = strlen(special[index]);
        return special[index];
    }
    const data_word *word = &vocabulary->words.word[index - DATA_INDEX_FROM - 1];
    if (size) *size = word->size;
    return vocabulary->words.bytes + word->start;
}

int32_t data_vocabulary_index(const data_vocabulary *vocabulary, const char *word, size_t size)
{
    const int32_t number = data_words_find(&vocabulary->words, word, size);
    return number < 0 ? DATA_UNKNOWN : number + 1 + DATA_INDEX_FROM;
}

size_t data_vocabulary_write(const data_vocabulary *vocabulary, int words, char *text, size_t size)
{
    const data_words *all = &vocabulary->words;
    const int32_t count = words < 0 || words > all->count ? all->count : words;
    if (count == 0) return 0;
    // The arena holds the words in order with a NUL after each; in the text a newline stands there.
    const data_word *last = &all->word[count - 1];
    const size_t whole = last->start + last->size + 1, shown = whole < size ? whole : size;
    if (shown > 0) memcpy(text, all->bytes, shown);
    for (int32_t i = 0; i < count; i++) {
        const size_t end = all->word[i].start + all->word[i].size;
        if (end < shown) text[end] = '\n';
    }
    return whole;
}

static data_status parse_line(data_words *words, const char *line, size_t size, uint64_t offset, data_error *error)
{
    if (size == 0) return data_fail(error, DATA_ERR_FORMAT, "vocabulary", offset, "word: expected one, got none");
    for (size_t i = 0; i < size; i++) {
        if (!data_is_separator((unsigned char)line[i])) continue;
        return data_fail(error, DATA_ERR_FORMAT, "vocabulary", offset + i, "word: expected no separator, got byte %d",
                         line[i]);
    }
    const int32_t before = words->count, number = data_words_add(words, line, size);
    if (number < 0) return data_fail_memory(error, "vocabulary", size);
    if (number == before) return DATA_OK;
    return data_fail(error, DATA_ERR_FORMAT, "vocabulary", offset,
                     "word: expected a new one, got that of rank %d again", number + 1);
}

data_vocabulary *data_vocabulary_parse(const char *text, size_t size, data_error *error)
{
    data_clear_error(error);
    if (!text && size > 0) {
        (void)data_fail_null(error, "vocabulary", "a text");
        return NULL;
    }
    data_vocabulary *vocabulary = calloc(1, sizeof *vocabulary);
    if (!vocabulary) {
        (void)data_fail_memory(error, "vocabulary", sizeof *vocabulary);
        return NULL;
    }
    size_t at = 0;
    while (at < size) {
        const char *newline = memchr(text + at, '\n', size - at);
        const size_t length = newline ? (size_t)(newline - (text + at)) : size - at;
        if (parse_line(&vocabulary->words, text + at, length, at, error) != DATA_OK) {
            data_vocabulary_destroy(vocabulary);
            return NULL;
        }
        at += length + 1;
    }
    return vocabulary;
}

void data_vocabulary_destroy(data_vocabulary *vocabulary)
{
    if (!vocabulary) return;
    data_words_free(&vocabulary->words);
    free(vocabulary);
}
