/* vectors.tsv and words.tsv, which imdb_sentiment writes for other programs to read: words that a file may hold. */
#include "sentiment_export.h"
#include "terminal.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_DIM = 4, MOST_ROWS = 255, LONGEST = 256 };

typedef struct text {
    FILE *stream;
    char *bytes;
    size_t size;
} text;

static void open_text(text *t)
{
    *t = (text){ 0 };
    t->stream = open_memstream(&t->bytes, &t->size);
    FUZZ_CHECK(t->stream);
}

/* The line at *at, its end now a NUL; moves *at behind it. */
static const char *next_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');
    FUZZ_CHECK(end);
    *end = '\0';
    *at = end + 1;
    return line;
}

/* What a terminal only shows has no control characters. */
static void check_word(const char *word)
{
    char shown[LONGEST];
    FUZZ_CHECK(word[0] && strlen(word) < LONGEST);
    terminal_text(shown, sizeof shown, word, strlen(word));
    FUZZ_CHECK(strcmp(shown, word) == 0);
}

static void check_vector(const char *line, int dim)
{
    for (int i = 0; i < dim; i++) {
        char *end;
        strtod(line, &end);
        FUZZ_CHECK(end > line && *end == (i + 1 < dim ? '\t' : '\0'));
        line = end + 1;
    }
}

/* A row of each for every word that the table has. */
static void check_rows(const data_vocabulary *vocabulary, const nn_tensor *table, text *vectors, text *words)
{
    char *vector = vectors->bytes, *word = words->bytes;
    FUZZ_CHECK(strlen(word) == words->size);
    for (int i = 0; i < table->shape.dim[0]; i++) {
        if (!data_vocabulary_word(vocabulary, i, NULL)) continue;
        check_vector(next_line(&vector), table->shape.dim[1]);
        check_word(next_line(&word));
    }
    FUZZ_CHECK(vector == vectors->bytes + vectors->size && word == words->bytes + words->size);
}

static void write_rows(const data_vocabulary *vocabulary, const nn_tensor *table)
{
    text vectors, words;
    open_text(&vectors);
    open_text(&words);
    sentiment_write_rows(table, vocabulary, vectors.stream, words.stream);
    FUZZ_CHECK(fclose(vectors.stream) == 0 && fclose(words.stream) == 0);
    check_rows(vocabulary, table, &vectors, &words);
    free(vectors.bytes);
    free(words.bytes);
}

/* Columns, rows, the words; the vectors are all of it, again and again. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static float values[MOST_ROWS * MOST_DIM];
    if (size < 2) return 0;
    const int dim = 1 + bytes[0] % MOST_DIM, rows = bytes[1] % MOST_ROWS + 1;
    uint8_t *to = (uint8_t *)values;
    const size_t wanted = (size_t)rows * (size_t)dim * sizeof *values;
    for (size_t i = 0; i < wanted; i++) to[i] = bytes[i % size];
    data_error error = { 0 };
    data_vocabulary *vocabulary = data_vocabulary_parse((const char *)bytes + 2, size - 2, &error);
    if (!vocabulary) {
        fuzz_check_refusal(error.text, "vocabulary");
        return 0;
    }
    fuzz_accepted++;
    const nn_tensor table = nn_view_f32(values, NN_SHAPE(rows, dim));
    write_rows(vocabulary, &table);
    data_vocabulary_destroy(vocabulary);
    return 0;
}
