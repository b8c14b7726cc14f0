#include "npy.h"

#include <ctype.h>
#include <string.h>

/* The text of a header, a Python dictionary as numpy writes it, with a NUL after it. */
typedef struct header {
    data_member *member;
    const char *text, *at;
    uint64_t offset; // of the text in the member
} header;

static data_status fail(const header *h, const char *expected)
{
    char got[24] = "the end";
    const size_t size = strcspn(h->at, "\n");
    if (size > 0) {
        const size_t shown = size < sizeof got ? size : sizeof got - 1;
        for (size_t i = 0; i < shown; i++) got[i] = isprint((unsigned char)h->at[i]) ? h->at[i] : '?';
        got[shown] = '\0';
    }
    return data_member_fail(h->member, h->offset + (uint64_t)(h->at - h->text), "header: expected %s, got %s", expected,
                            got);
}

static bool take(header *h, const char *token)
{
    const size_t size = strlen(token);
    while (*h->at == ' ') h->at++;
    if (strncmp(h->at, token, size) != 0) return false;
    h->at += size;
    return true;
}

// 'text' or "text".
static bool take_quoted(header *h, const char *text)
{
    const char *const start = h->at;
    const size_t size = strlen(text);
    if (take(h, "'") || take(h, "\"")) {
        const char quote = h->at[-1];
        if (strncmp(h->at, text, size) == 0 && h->at[size] == quote) {
            h->at += size + 1;
            return true;
        }
    }
    h->at = start;
    return false;
}

// (25000,) or, of a Python 2, (25000L,).
static data_status read_shape(header *h, int32_t *count)
{
    static const char expected[] = "a shape of one dimension";
    if (!take(h, "(")) return fail(h, expected);
    const char *const digits = h->at;
    int64_t size = 0;
    while (isdigit((unsigned char)*h->at) && size <= INT32_MAX) size = 10 * size + (*h->at++ - '0');
    if (h->at == digits) return fail(h, expected);
    if (size >= INT32_MAX) {
        h->at = digits;
        return fail(h, "a size below 2147483647");
    }
    if (*h->at == 'L') h->at++;
    if (!take(h, ",") || !take(h, ")")) return fail(h, expected);
    *count = (int32_t)size;
    return DATA_OK;
}

static data_status read_value(header *h, int key, const char *descr, int32_t *count)
{
    if (!take(h, ":")) return fail(h, "':'");
    if (key == 2) return read_shape(h, count);
    // In one dimension both orders are the same.
    if (key == 1) return take(h, "False") || take(h, "True") ? DATA_OK : fail(h, "True or False");
    if (take_quoted(h, descr)) return DATA_OK;
    take(h, "");
    return fail(h, strcmp(descr, "|O") == 0 ? "the type '|O'" : "the type '<i8'");
}

static data_status read_dictionary(header *h, const char *descr, int32_t *count)
{
    static const char *const keys[] = { "descr", "fortran_order", "shape" };
    enum { KEYS = 3 };
    unsigned seen = 0;
    if (!take(h, "{")) return fail(h, "'{'");
    while (!take(h, "}")) {
        int key = 0;
        while (key < KEYS && (seen >> key & 1 || !take_quoted(h, keys[key]))) key++;
        if (key == KEYS) return fail(h, "descr, fortran_order and shape, each once");
        seen |= 1u << key;
        const data_status status = read_value(h, key, descr, count);
        if (status != DATA_OK) return status;
        if (!take(h, ",") && *h->at != '}') return fail(h, "',' or '}'");
    }
    if (seen != (1u << KEYS) - 1) return fail(h, "descr, fortran_order and shape, each once");
    take(h, "");
    return strcmp(h->at, "\n") == 0 ? DATA_OK : fail(h, "spaces and a newline");
}

static data_status read_text(data_member *m, size_t size, const char *descr, int32_t *count)
{
    char text[DATA_NPY_HEADER + 1];
    header h = { .member = m, .text = text, .at = text, .offset = data_member_offset(m) };
    const data_status status = data_member_read(m, text, size, "header");
    if (status != DATA_OK) return status;
    text[size] = '\0';
    return read_dictionary(&h, descr, count);
}

data_status data_npy_read_header(data_member *m, const char *descr, int32_t *count)
{
    unsigned char start[8], length[4] = { 0 };
    data_status status = data_member_read(m, start, sizeof start, "npy");
    if (status != DATA_OK) return status;
    if (memcmp(start, "\x93NUMPY", 6) != 0) return data_member_fail(m, 0, "npy: expected \\x93NUMPY, got another file");
    if (start[6] < 1 || start[6] > 3 || start[7] != 0) {
        return data_member_fail(m, 6, "npy: expected version 1.0, 2.0 or 3.0, got %d.%d", start[6], start[7]);
    }
    status = data_member_read(m, length, start[6] == 1 ? 2 : 4, "npy");
    if (status != DATA_OK) return status;
    const uint32_t size =
        (uint32_t)length[0] | (uint32_t)length[1] << 8 | (uint32_t)length[2] << 16 | (uint32_t)length[3] << 24;
    if (size > DATA_NPY_HEADER) {
        return data_member_fail(m, 8, "header: expected at most %d bytes, got %lu", DATA_NPY_HEADER,
                                (unsigned long)size);
    }
    return read_text(m, size, descr, count);
}
