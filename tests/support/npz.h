/* Arrays as numpy writes them, put together by hand: lists of integers as a pickle, labels as int64. */
#ifndef NPZ_H
#define NPZ_H

#include "zip.h"

typedef struct npz_bytes {
    unsigned char *bytes;
    size_t size, room;
} npz_bytes;

enum { NPZ_HEADER = 128 }; /* bytes before the content of an array */

void npz_put(npz_bytes *b, const void *bytes, size_t size);
/* A header of that type and size: "|O" or "<i8". */
void npz_header(npz_bytes *b, const char *descr, int count);
/* A whole array of lists, whose pickled rows ("]" and "]K\x05a" between the marks) are given. */
void npz_lists(npz_bytes *b, int count, const void *rows, size_t size);
/* Where in such an array its rows begin. */
size_t npz_rows_at(void);
/* A whole array of labels 0 1 0 1 ... */
void npz_labels(npz_bytes *b, int count);
void npz_free(npz_bytes *b);

#endif
