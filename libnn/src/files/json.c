#include "json.h"
#include "report.h"
#include <stdlib.h>
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

/* The position after the string that begins at `at`; size if it does not end. */
static size_t skip_string(const nn_json *json, size_t at)
{
    for (at++; at < json->size; at++) {
        if (json->text[at] == '"') return at + 1;
        if (json->text[at] == '\\' && at + 1 < json->size) at++;
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
        if (done && !is_space(c)) return nn_json_fail(json, at, error, "expected its end, got more");
        if (depth == 0 && !done && c != '{') return nn_json_fail(json, at, error, "expected '{'");
        if (c == '"') {
            at = skip_string(json, at);
            if (at > json->size)
                return nn_json_fail(json, json->size, error, "expected the end of a string, got its own");
            continue;
        }
        if (c == '{' || c == '[') {
            if (depth >= max_depth) return nn_json_fail(json, at, error, "expected less depth");
            closing[depth++] = c == '{' ? '}' : ']';
        } else if (c == '}' || c == ']') {
            if (c != closing[depth - 1]) return nn_json_fail(json, at, error, "expected the other bracket");
            done = --depth == 0;
        } else if (c == '.' || ((c == 'e' || c == 'E') && is_digit(json->text[at - 1]))) {
            return nn_json_fail(json, at, error, "expected whole numbers, got a fraction or an exponent");
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
    if (end == at) return nn_json_fail(json, at, error, "expected a value");
    walk->value = slice(json, at, end);
    walk->at = end;
    walk->more = true;
    return NN_OK;
}

nn_status nn_json_begin(nn_json_walk *walk, const nn_json *json, bool object, nn_error *error)
{
    *walk = (nn_json_walk){ .json = json, .object = object };
    if (json->size == 0 || json->text[0] != (object ? '{' : '['))
        return nn_json_fail(json, 0, error, object ? "expected '{'" : "expected '['");
    const size_t at = skip_space(json, 1);
    walk->at = at;
    if (at < json->size && json->text[at] == (object ? '}' : ']')) return NN_OK;
    return read_member(walk, at, error);
}

nn_status nn_json_next(nn_json_walk *walk, nn_error *error)
{
    const size_t at = walk->at;
    walk->more = false;
    if (at < walk->json->size && walk->json->text[at] == ',')
        return read_member(walk, skip_space(walk->json, at + 1), error);
    return NN_OK;
}

static const char *syntax_text(enum json_error_code code)
{
    switch (code) {
    case json_error_duplicate_key:
        return "expected each name once, got a duplicate";
    case json_error_numeric_overflow:
        return "expected a number below 2^63";
    case json_error_invalid_utf8:
        return "expected UTF-8";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "expected no NUL in a string";
    default:
        return "expected JSON";
    }
}

nn_status nn_json_parse(const nn_json *json, json_t **value, nn_error *error)
{
    json_error_t fault;
    memset(&fault, 0, sizeof fault);
    *value = json_loadb(json->text, json->size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &fault);
    if (*value) return NN_OK;
    if (fault.text[0] == '\0') /* jansson says nothing when memory runs out */
        return nn_fail_file(error, NN_ERR_MEMORY, json->path, "%s: no memory to read it", json->what);
    return nn_json_fail(json, fault.position > 0 ? (size_t)fault.position : 0, error,
                        syntax_text(json_error_code(&fault)));
}

int nn_text_append(const char *bytes, size_t size, void *context)
{
    nn_text *out = context;
    if (size > out->room - out->size) {
        const size_t room = 2 * (out->size + size) + 256;
        char *grown = realloc(out->text, room);
        if (!grown) return -1;
        out->text = grown;
        out->room = room;
    }
    memcpy(out->text + out->size, bytes, size);
    out->size += size;
    return 0;
}

static char *write_hex(char *to, uint64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) *to++ = "0123456789abcdef"[value >> (4 * i) & 15];
    return to;
}

/* Exactly `digits` lower-case digits; NULL if they are not there. */
static const char *read_hex(const char *from, uint64_t *value, int digits)
{
    *value = 0;
    for (int i = 0; i < digits; i++, from++) {
        const char c = *from;
        if (!is_digit(c) && !(c >= 'a' && c <= 'f')) return NULL;
        *value = *value << 4 | (uint64_t)(is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    return from;
}

nn_real_text nn_u64_format(uint64_t value)
{
    nn_real_text out = { "0x" };
    *write_hex(out.text + 2, value, 16) = '\0';
    return out;
}

bool nn_u64_parse(const char *text, uint64_t *value)
{
    const char *end = strncmp(text, "0x", 2) == 0 ? read_hex(text + 2, value, 16) : NULL;
    return end && *end == '\0';
}

/* A double's parts: sign, 11 bits of exponent biased by 1023, 52 bits of fraction. */
enum { FRACTION_BITS = 52, EXPONENT_MASK = 0x7ff, EXPONENT_BIAS = 1023 };

nn_real_text nn_real_format(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint64_t fraction = bits & ((UINT64_C(1) << FRACTION_BITS) - 1);
    const int biased = (int)(bits >> FRACTION_BITS & EXPONENT_MASK);
    nn_real_text out;
    char *to = out.text;
    if (bits >> 63) *to++ = '-';
    if (biased == EXPONENT_MASK) {
        memcpy(to, fraction ? "nan" : "inf", 4);
        return out;
    }
    memcpy(to, biased ? "0x1." : "0x0.", 4);
    to = write_hex(to + 4, fraction, FRACTION_BITS / 4);
    int exponent = biased ? biased - EXPONENT_BIAS : fraction ? 1 - EXPONENT_BIAS : 0;
    *to++ = 'p';
    *to++ = exponent < 0 ? '-' : '+';
    if (exponent < 0) exponent = -exponent;
    for (int power = 1000, shown = 0; power > 0; power /= 10) {
        const int digit = exponent / power % 10;
        shown |= digit > 0 || power == 1;
        if (shown) *to++ = (char)('0' + digit);
    }
    *to = '\0';
    return out;
}

bool nn_real_parse(const char *text, double *value)
{
    const bool negative = text[0] == '-';
    const char *at = text + negative;
    if (at[0] != '0' || at[1] != 'x' || (at[2] != '0' && at[2] != '1') || at[3] != '.') return false;
    const bool normal = at[2] == '1';
    uint64_t fraction = 0;
    at = read_hex(at + 4, &fraction, FRACTION_BITS / 4);
    if (!at || at[0] != 'p' || (at[1] != '+' && at[1] != '-')) return false;
    int exponent = 0;
    for (int i = 2; is_digit(at[i]) && i < 6; i++) exponent = exponent * 10 + at[i] - '0';
    if (at[1] == '-') exponent = -exponent;
    if (normal && (exponent <= -EXPONENT_BIAS || exponent > EXPONENT_BIAS)) return false;
    const uint64_t biased = normal ? (uint64_t)(exponent + EXPONENT_BIAS) : 0;
    const uint64_t bits = (uint64_t)negative << 63 | biased << FRACTION_BITS | fraction;
    memcpy(value, &bits, sizeof *value);
    return strcmp(nn_real_format(*value).text, text) == 0; /* one spelling a number */
}
