#include "npz.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What stands before the rows, with their number (four bytes) in the middle, and what stands behind them. */
static const char start[] =
    "\x80\x02"
    "cnumpy.core.multiarray\n_reconstruct\nq\0cnumpy\nndarray\nq\1K\0\x85q\2U\1bq\3\x87q\4Rq\5(K\1J";
static const char middle[] = "\x85q\6cnumpy\ndtype\nq\7U\2O8q\10K\0K\1\x87q\11Rq\12(K\3U\1|"
                             "q\13NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tq\14b\x89]q\15(";
static const char end[] = "etq\16b.";

void npz_put(npz_bytes *b, const void *bytes, size_t size)
{
    if (b->size + size > b->room) {
        b->room = 2 * (b->size + size);
        unsigned char *moved = realloc(b->bytes, b->room);
        assert_non_null(moved);
        b->bytes = moved;
    }
    if (size > 0) memcpy(b->bytes + b->size, bytes, size);
    b->size += size;
}

void npz_header(npz_bytes *b, const char *descr, int count)
{
    char text[NPZ_HEADER + 1];
    memset(text, ' ', sizeof text);
    memcpy(text, "\x93NUMPY\x01\x00\x76\x00", 10);
    const int used = sprintf(text + 10, "{'descr': '%s', 'fortran_order': False, 'shape': (%d,), }", descr, count);
    text[10 + used] = ' ';
    text[NPZ_HEADER - 1] = '\n';
    npz_put(b, text, NPZ_HEADER);
}

void npz_lists(npz_bytes *b, int count, const void *rows, size_t size)
{
    const unsigned n = (unsigned)count;
    const unsigned char number[4] = { (unsigned char)n, (unsigned char)(n >> 8), (unsigned char)(n >> 16),
                                      (unsigned char)(n >> 24) };
    npz_header(b, "|O", count);
    npz_put(b, start, sizeof start - 1);
    npz_put(b, number, sizeof number);
    npz_put(b, middle, sizeof middle - 1);
    npz_put(b, rows, size);
    npz_put(b, end, sizeof end - 1);
}

size_t npz_rows_at(void)
{
    return NPZ_HEADER + sizeof start - 1 + 4 + sizeof middle - 1;
}

void npz_labels(npz_bytes *b, int count)
{
    npz_header(b, "<i8", count);
    for (int i = 0; i < count; i++) npz_put(b, i % 2 ? "\1\0\0\0\0\0\0\0" : "\0\0\0\0\0\0\0\0", 8);
}

void npz_free(npz_bytes *b)
{
    free(b->bytes);
    *b = (npz_bytes){ 0 };
}
