#include "npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX = 10, MAX_COUNT = 1 << 26 }; /* magic, version and header length; elements of the largest test */

/* Skips `literal` at *text. */
static bool skip(const char **text, const char *literal)
{
    size_t length = strlen(literal);
    if (strncmp(*text, literal, length) != 0) return false;
    *text += length;
    return true;
}

/* "4, 7), }" after "(": the dimensions, with the comma that NumPy writes after a single one. */
static bool parse_shape(const char **text, npy *array)
{
    array->rank = 0;
    array->count = 1;
    while (!skip(text, ")")) {
        char *end;
        long n = strtol(*text, &end, 10);
        if (end == *text || n < 0 || n > MAX_COUNT || array->rank == NPY_MAX_RANK) return false;
        array->dim[array->rank++] = (int)n;
        array->count *= (size_t)n;
        if (array->count > MAX_COUNT) return false;
        *text = end;
        if (!skip(text, ",") && **text != ')') return false;
        skip(text, " ");
    }
    return true;
}

/* {'descr': '<f4', 'fortran_order': False, 'shape': (4, 7), } and padding: the keys in NumPy's order. */
static bool parse_header(const char *text, npy *array)
{
    if (!skip(&text, "{'descr': '")) return false;
    array->is_int = skip(&text, "<i4");
    if (!array->is_int && !skip(&text, "<f4")) return false;
    if (!skip(&text, "', 'fortran_order': False, 'shape': (") || !parse_shape(&text, array)) return false;
    skip(&text, ",");
    skip(&text, " ");
    return skip(&text, "}") && text[strspn(text, " ")] == '\n' && text[strspn(text, " ") + 1] == '\0';
}

static const char *read_stream(FILE *file, npy *array)
{
    unsigned char prefix[PREFIX];
    if (fread(prefix, 1, PREFIX, file) != PREFIX) return "no header";
    if (memcmp(prefix, "\x93NUMPY\x01\x00", 8) != 0) return "not NumPy format 1.0";
    size_t length = prefix[8] | (size_t)prefix[9] << 8;
    if ((PREFIX + length) % 64 != 0) return "data do not start at a multiple of 64";

    char *header = malloc(length + 1);
    if (!header) return "out of memory";
    bool good = fread(header, 1, length, file) == length;
    header[length] = '\0';
    good = good && parse_header(header, array);
    free(header);
    if (!good) return "header is not one of a <f4 or <i4 array in C order";

    array->f32 = malloc((array->count + 1) * 4);
    if (!array->f32) return "out of memory";
    if (fread(array->f32, 4, array->count, file) != array->count) return "fewer elements than the shape says";
    if (fgetc(file) != EOF) return "bytes after the last element";
    return NULL;
}

bool npy_read(const char *path, npy *array, char error[NPY_ERROR_SIZE])
{
    memset(array, 0, sizeof *array);
    FILE *file = fopen(path, "rb");
    const char *reason = file ? read_stream(file, array) : "cannot be opened";
    if (file) fclose(file);
    if (!reason) return true;
    snprintf(error, NPY_ERROR_SIZE, "%s: %s", path, reason);
    npy_free(array);
    return false;
}

void npy_free(npy *array)
{
    free(array->f32);
    memset(array, 0, sizeof *array);
}
