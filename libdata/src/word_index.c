#include "word_index.h"

#include "error.h"
#include "memory.h"
#include "reader.h"
#include "tokenizer.h"
#include "vocabulary.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_BYTES = 64 << 20, MAX_RANK = DATA_MAX_WORDS };

/* A word where its decoded bytes lie in the text; start 0 (the brace's place): no word has this rank. */
typedef struct span {
    uint32_t start, size;
} span;

typedef struct parser {
    const char *path;
    unsigned char *text; // (size) and a NUL
    size_t size, at;
    span *words; // (rank_room) by rank - 1
    size_t rank_room;
    int32_t count, highest;
    data_error *error;
} parser;

static data_status fail(const parser *p, size_t at, const char *expected)
{
    const char *what = at < p->size ? "byte" : "the end";
    return data_fail(p->error, DATA_ERR_FORMAT, p->path, at, "word index: expected %s, got %s 0x%02x", expected, what,
                     p->text[at]);
}

static unsigned char skip_space(parser *p)
{
    while (p->text[p->at] == ' ' || p->text[p->at] == '\n' || p->text[p->at] == '\r' || p->text[p->at] == '\t') p->at++;
    return p->text[p->at];
}

/* --- strings ------------------------------------------------------------------------------------------------------ */

static bool read_hex(parser *p, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++) {
        const unsigned char c = p->text[p->at], lower = data_lower(c);
        if (c >= '0' && c <= '9') {
            *code = *code * 16 + (uint32_t)(c - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            *code = *code * 16 + (uint32_t)(lower - 'a' + 10);
        } else {
            return false;
        }
        p->at++;
    }
    return true;
}

static size_t write_utf8(unsigned char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (unsigned char)code;
        return 1;
    }
    const size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    for (size_t i = more; i > 0; i--, code >>= 6) out[i] = (unsigned char)(0x80 | (code & 0x3f));
    out[0] = (unsigned char)((0xff00u >> (more + 1) & 0xff) | code);
    return more + 1;
}

// \uXXXX behind its u, with the second half of a pair where it is the first.
static bool read_code(parser *p, uint32_t *code)
{
    uint32_t low;
    if (!read_hex(p, code) || (*code >= 0xdc00 && *code < 0xe000)) return false;
    if (*code < 0xd800 || *code >= 0xdc00) return true;
    if (p->text[p->at] != '\\' || p->text[p->at + 1] != 'u') return false;
    p->at += 2;
    if (!read_hex(p, &low) || low < 0xdc00 || low >= 0xe000) return false;
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

static data_status read_escape(parser *p, size_t *end)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const size_t start = p->at;
    const unsigned char c = p->text[++p->at];
    const char *known = c ? strchr(from, c) : NULL;
    uint32_t code = known ? (uint32_t)to[known - from] : 0;
    p->at++;
    if (!known && (c != 'u' || !read_code(p, &code))) return fail(p, start, "a valid escape");
    *end += write_utf8(p->text + *end, code);
    return DATA_OK;
}

// Decodes over its own text: an escape is never shorter than what it stands for.
static data_status read_word(parser *p, span *word)
{
    if (skip_space(p) != '"') return fail(p, p->at, "a word in quotes");
    const size_t start = ++p->at;
    size_t end = start;
    while (p->text[p->at] != '"') {
        if (p->text[p->at] < ' ') return fail(p, p->at, "the end of a word");
        if (p->text[p->at] == '\\') {
            const data_status status = read_escape(p, &end);
            if (status != DATA_OK) return status;
        } else {
            p->text[end++] = p->text[p->at++];
        }
    }
    p->at++;
    for (size_t i = start; i < end; i++) {
        if (data_is_separator(p->text[i])) return fail(p, i, "a word without separators");
    }
    if (end == start) return fail(p, start, "a word that is not empty");
    *word = (span){ .start = (uint32_t)start, .size = (uint32_t)(end - start) };
    return DATA_OK;
}

/* --- entries ------------------------------------------------------------------------------------------------------ */

static data_status add_word(parser *p, int64_t rank, size_t at, span word)
{
    if (rank < 1 || rank > MAX_RANK) {
        return data_fail(p->error, DATA_ERR_FORMAT, p->path, at, "rank: expected 1 to %d, got %lld", MAX_RANK,
                         (long long)rank);
    }
    // No entry is shorter than "a":1, so that ranks beyond the bytes leave gaps: no memory for those.
    if ((uint64_t)rank > p->size / 5) {
        return data_fail(p->error, DATA_ERR_FORMAT, p->path, at, "rank: expected every one up to it, got %lld first",
                         (long long)rank);
    }
    const size_t before = p->rank_room;
    void *words = p->words;
    const bool grown = data_grow(&words, &p->rank_room, (size_t)rank, sizeof *p->words);
    p->words = words;
    if (!grown) return data_fail_memory(p->error, p->path, (size_t)rank * sizeof *p->words);
    for (size_t i = before; i < p->rank_room; i++) p->words[i] = (span){ 0 };
    if (p->words[rank - 1].start) {
        return data_fail(p->error, DATA_ERR_FORMAT, p->path, at, "rank: expected each once, got %lld twice",
                         (long long)rank);
    }
    p->words[rank - 1] = word;
    p->count++;
    if (rank > p->highest) p->highest = (int32_t)rank;
    return DATA_OK;
}

static data_status read_entry(parser *p)
{
    span word = { 0 };
    const data_status status = read_word(p, &word);
    if (status != DATA_OK) return status;
    if (skip_space(p) != ':') return fail(p, p->at, "':'");
    p->at++;
    const bool negative = skip_space(p) == '-';
    const size_t start = p->at;
    int64_t rank = 0;
    p->at += negative;
    const size_t digits = p->at;
    while (p->text[p->at] >= '0' && p->text[p->at] <= '9' && rank <= MAX_RANK)
        rank = 10 * rank + (p->text[p->at++] - '0');
    if (p->at == digits) return fail(p, p->at, "a rank");
    return add_word(p, negative ? -rank : rank, start, word);
}

static data_status read_entries(parser *p)
{
    if (skip_space(p) != '{') return fail(p, p->at, "'{'");
    unsigned char next;
    do {
        p->at++;
        const data_status status = read_entry(p);
        if (status != DATA_OK) return status;
        next = skip_space(p);
    } while (next == ',');
    if (next != '}') return fail(p, p->at, "',' or '}'");
    p->at++;
    skip_space(p);
    if (p->at != p->size) return fail(p, p->at, "the end");
    if (p->count == p->highest) return DATA_OK;
    return data_fail(p->error, DATA_ERR_FORMAT, p->path, p->size,
                     "ranks: expected 1 to %ld without gaps, got %ld words", (long)p->highest, (long)p->count);
}

static data_status fill_vocabulary(const parser *p, data_vocabulary *vocabulary)
{
    for (int32_t i = 0; i < p->count; i++) {
        const span *word = &p->words[i];
        const int32_t number = data_words_add(&vocabulary->words, (const char *)p->text + word->start, word->size);
        if (number < 0) return data_fail_memory(p->error, p->path, word->size);
        if (number == i) continue;
        return data_fail(p->error, DATA_ERR_FORMAT, p->path, word->start,
                         "word: expected a new one, got that of rank %ld again", (long)number + 1);
    }
    return DATA_OK;
}

static data_status read_text(parser *p)
{
    int descriptor;
    uint64_t size;
    size_t got = 0;
    data_status status = data_open_regular(p->path, &descriptor, &size, p->error);
    if (status != DATA_OK) return status;
    if (size > MAX_BYTES) {
        status = data_fail(p->error, DATA_ERR_FORMAT, p->path, 0, "word index: expected at most %d bytes, got %llu",
                           MAX_BYTES, (unsigned long long)size);
    } else if (!(p->text = data_allocate((size_t)size + 1, 1))) {
        status = data_fail_memory(p->error, p->path, (size_t)size + 1);
    } else {
        status = data_read_fully(descriptor, p->path, p->text, (size_t)size, &got, p->error);
        p->size = got;
        p->text[got] = '\0';
    }
    close(descriptor);
    return status;
}

data_status data_word_index_read(const char *path, data_vocabulary **vocabulary, data_error *error)
{
    parser p = { .path = path, .error = error };
    data_vocabulary *read = calloc(1, sizeof *read);
    data_status status = read ? read_text(&p) : data_fail_memory(error, path, sizeof *read);
    if (status == DATA_OK) status = read_entries(&p);
    if (status == DATA_OK) status = fill_vocabulary(&p, read);
    free(p.text);
    free(p.words);
    if (status == DATA_OK) {
        *vocabulary = read;
    } else {
        data_vocabulary_destroy(read);
    }
    return status;
}
