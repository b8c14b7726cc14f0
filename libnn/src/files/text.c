#include "text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- text that grows --- */

void nn_text_add(nn_text *out, const char *bytes, size_t size)
{
    if (!out->failed && size > out->room - out->size) {
        const size_t room = 2 * (out->size + size) + 256;
        char *grown = realloc(out->text, room);
        out->failed = !grown;
        if (grown) out->text = grown;
        if (grown) out->room = room;
    }
    if (out->failed) return;
    memcpy(out->text + out->size, bytes, size);
    out->size += size;
}

void nn_text_add_chars(nn_text *out, const char *string)
{
    nn_text_add(out, string, strlen(string));
}

void nn_text_add_string(nn_text *out, const char *string, size_t size)
{
    nn_text_add(out, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        char escape[8] = { '\\', string[i] };
        if (string[i] == '"' || string[i] == '\\') {
            nn_text_add(out, escape, 2);
        } else if ((unsigned char)string[i] < ' ') {
            snprintf(escape, sizeof escape, "\\u%04x", (unsigned)string[i]);
            nn_text_add(out, escape, 6);
        } else {
            nn_text_add(out, string + i, 1);
        }
    }
    nn_text_add(out, "\"", 1);
}

void nn_text_add_number(nn_text *out, long long number)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", number);
    nn_text_add_chars(out, text);
}

void nn_text_add_list(nn_text *out, const int *numbers, int count)
{
    nn_text_add(out, "[", 1);
    for (int i = 0; i < count; i++) {
        if (i > 0) nn_text_add(out, ",", 1);
        nn_text_add_number(out, numbers[i]);
    }
    nn_text_add(out, "]", 1);
}

void nn_text_add_name(nn_text *out, const char *name)
{
    if (out->size > 0 && out->text[out->size - 1] != '{') nn_text_add(out, ",", 1);
    nn_text_add_string(out, name, strlen(name));
    nn_text_add(out, ":", 1);
}

/* --- UTF-8 --- */

/* Bytes of the character that begins here; 0 if it is none. RFC 3629, "Syntax of UTF-8 Byte Sequences". */
static size_t utf8_length(const unsigned char *at, size_t left)
{
    const unsigned char lead = at[0];
    if (lead == 0 || (lead >= 0x80 && lead < 0xc2) || lead > 0xf4) return 0;
    const size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length > left) return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80) return 0;
    if ((lead == 0xe0 && at[1] < 0xa0) || (lead == 0xed && at[1] > 0x9f)) return 0; /* too long; a surrogate */
    if ((lead == 0xf0 && at[1] < 0x90) || (lead == 0xf4 && at[1] > 0x8f)) return 0; /* too long; above 10FFFF */
    return length;
}

bool nn_is_utf8(const char *bytes, size_t size)
{
    const unsigned char *at = (const unsigned char *)bytes;
    while (size > 0) {
        const size_t length = utf8_length(at, size);
        if (length == 0) return false;
        at += length;
        size -= length;
    }
    return true;
}

/* --- numbers --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
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

nn_number_text nn_u64_format(uint64_t value)
{
    nn_number_text out = { "0x" };
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

nn_number_text nn_real_format(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint64_t fraction = bits & ((UINT64_C(1) << FRACTION_BITS) - 1);
    const int biased = (int)(bits >> FRACTION_BITS & EXPONENT_MASK);
    nn_number_text out;
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
