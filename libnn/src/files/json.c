#include "json.h"
#include "report.h"
#include "text.h"
#include <string.h>

nn_status nn_json_fail(const nn_json *json, size_t at, nn_error *error, const char *expected)
{
    return nn_fail_at(error, NN_ERR_FORMAT, json->path, json->offset + at, "%s: %s", json->what, expected);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Of all characters outside of strings these alone say where a value ends. */
static bool is_structural(char c)
{
    static const bool structural[256] = {
        ['"'] = true, [','] = true, ['{'] = true, ['}'] = true, ['['] = true, [']'] = true
    };
    return structural[(unsigned char)c];
}

/* The position after the string that begins at `at`; size + 1 if it does not end. */
static size_t skip_string(const nn_json *json, size_t at)
{
    const char *begin = json->text + at + 1, *end = json->text + json->size;
    for (const char *quote = begin; (quote = memchr(quote, '"', (size_t)(end - quote))) != NULL; quote++) {
        /* a quote after an odd number of backslashes is one of the string's own characters */
        const char *escapes = quote;
        while (escapes > begin && escapes[-1] == '\\') escapes--;
        if ((quote - escapes) % 2 == 0) return (size_t)(quote - json->text) + 1;
    }
    return json->size + 1;
}

nn_status nn_json_check(const nn_json *json, int max_depth, nn_error *error)
{
    char closing[NN_JSON_MAX_DEPTH];
    int depth = 0;
    bool done = false;
    size_t at = 0;
    while (at < json->size) {
        const char c = json->text[at];
        if (depth > 0 && !is_structural(c)) {
            at++;
            continue;
        }
        if (done && !is_space(c)) return nn_json_fail(json, at, error, "expected its end, got more");
        if (depth == 0 && !done && c != '{') return nn_json_fail(json, at, error, "expected '{'");
        if (c == '"') {
            at = skip_string(json, at);
            if (at > json->size) return nn_json_fail(json, json->size, error, "expected the end of a string");
            continue;
        }
        if (c == '{' || c == '[') {
            if (depth >= max_depth) return nn_json_fail(json, at, error, "expected less depth");
            closing[depth++] = c == '{' ? '}' : ']';
        } else if (c == '}' || c == ']') {
            if (c != closing[depth - 1]) return nn_json_fail(json, at, error, "expected the other bracket");
            done = --depth == 0;
        }
        at++;
    }
    return done ? NN_OK : nn_json_fail(json, json->size, error, "expected '}', got the end");
}

static size_t skip_space(const nn_json *json, size_t at)
{
    while (at < json->size && is_space(json->text[at])) at++;
    return at;
}

/* The position of the comma or bracket that ends the value at `at`; the text is balanced. */
static size_t skip_value(const nn_json *json, size_t at)
{
    int depth = 0;
    while (at < json->size) {
        const char c = json->text[at];
        if (!is_structural(c)) {
            at++;
            continue;
        }
        if (c == '"') {
            at = skip_string(json, at);
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
        if (c == '{' || c == '[') depth++;
        if (c == '}' || c == ']') depth--;
        at++;
    }
    return at;
}

static nn_json slice(const nn_json *json, size_t begin, size_t end)
{
    nn_json piece = *json;
    piece.text += begin;
    piece.offset += begin;
    piece.size = end - begin;
    return piece;
}

static nn_status read_member(nn_json_walk *walk, size_t at, nn_error *error)
{
    const nn_json *json = walk->json;
    if (walk->object) {
        if (at >= json->size || json->text[at] != '"')
            return nn_json_fail(json, at, error, "expected a name in quotes");
        const size_t end = skip_string(json, at);
        walk->key = slice(json, at, end);
        at = skip_space(json, end);
        if (at >= json->size || json->text[at] != ':') return nn_json_fail(json, at, error, "expected ':'");
        at = skip_space(json, at + 1);
    }
    const size_t end = skip_value(json, at);
    size_t last = end;
    while (last > at && is_space(json->text[last - 1])) last--;
    if (last == at) return nn_json_fail(json, at, error, "expected a value");
    walk->value = slice(json, at, last);
    walk->at = end;
    walk->more = true;
    return NN_OK;
}

/* At the bracket that must close the walk's text. */
static nn_status finish(const nn_json_walk *walk, nn_error *error)
{
    const nn_json *json = walk->json;
    const size_t at = walk->at;
    if (at >= json->size || json->text[at] != (walk->object ? '}' : ']') || skip_space(json, at + 1) != json->size)
        return nn_json_fail(json, at < json->size ? at : json->size, error, "expected ',' or its end");
    return NN_OK;
}

nn_status nn_json_begin(nn_json_walk *walk, const nn_json *json, bool object, nn_error *error)
{
    walk->json = json;
    walk->object = object;
    walk->more = false; /* so the value need not be cleared: an entry of a header begins three walks */
    walk->key = (nn_json){ 0 };
    if (json->size == 0 || json->text[0] != (object ? '{' : '['))
        return nn_json_fail(json, 0, error, object ? "expected '{'" : "expected '['");
    const size_t at = skip_space(json, 1);
    walk->at = at;
    if (at < json->size && json->text[at] == (object ? '}' : ']')) return finish(walk, error);
    return read_member(walk, at, error);
}

nn_status nn_json_next(nn_json_walk *walk, nn_error *error)
{
    const size_t at = walk->at;
    walk->more = false;
    if (at < walk->json->size && walk->json->text[at] == ',')
        return read_member(walk, skip_space(walk->json, at + 1), error);
    return finish(walk, error);
}

/* --- strings --- */

/* Four hexadecimal digits; -1 if they are not there. */
static long read_unit(const char *at, const char *end)
{
    long unit = 0;
    if (end - at < 4) return -1;
    for (int i = 0; i < 4; i++) {
        const char c = at[i];
        const bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (!is_digit(c) && !letter) return -1;
        unit = unit << 4 | (is_digit(c) ? c - '0' : (c | ' ') - 'a' + 10);
    }
    return unit;
}

/* The character of "\\uXXXX" or of a pair of surrogates, after the u; -1 if it is none, NUL included. */
static long read_escaped(const char **at, const char *end)
{
    const long high = read_unit(*at, end);
    if (high <= 0 || (high >= 0xdc00 && high <= 0xdfff)) return -1;
    *at += 4;
    if (high < 0xd800 || high > 0xdfff) return high;
    if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u') return -1;
    const long low = read_unit(*at + 2, end);
    if (low < 0xdc00 || low > 0xdfff) return -1;
    *at += 6;
    return 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
}

static char *write_utf8(char *to, long c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    return to;
}

/* A string is never shorter than what it stands for: it can be decoded where it is. */
const char *nn_json_string(const nn_json *json, char *to)
{
    static const char escapes[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (json->size < 2 || json->text[0] != '"' || json->text[json->size - 1] != '"') return "expected a string";
    const char *at = json->text + 1, *end = json->text + json->size - 1;
    char *begin = to;
    while (at < end) {
        if (*at == '"') return "expected a string";
        if ((unsigned char)*at < ' ') return "expected no control characters in a string";
        if (*at != '\\') {
            *to++ = *at++;
        } else if (end - at > 1 && at[1] == 'u') {
            at += 2;
            const long character = read_escaped(&at, end);
            if (character < 0) return "expected a character after \\u";
            to = write_utf8(to, character);
        } else {
            const char *escape = end - at > 1 && at[1] ? strchr(escapes, at[1]) : NULL;
            if (!escape) return "expected a known escape";
            *to++ = values[escape - escapes];
            at += 2;
        }
    }
    *to = '\0';
    return nn_is_utf8(begin, (size_t)(to - begin)) ? NULL : "expected UTF-8";
}

/* --- numbers --- */

bool nn_json_number(const nn_json *json, int64_t *number)
{
    const bool negative = json->size > 0 && json->text[0] == '-';
    const char *at = json->text + negative, *end = json->text + json->size;
    int64_t value = 0;
    if (at == end || (*at == '0' && end - at > 1)) return false;
    for (; at < end; at++) {
        if (!is_digit(*at) || value > (INT64_MAX - 9) / 10) return false;
        value = 10 * value + (*at - '0');
    }
    *number = negative ? -value : value;
    return true;
}
