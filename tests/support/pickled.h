/* Pickles of two lists put together by hand, and what data_pickle_read says of them as a member of a zip. */
#ifndef KVIST_TESTS_PICKLED_H
#define KVIST_TESTS_PICKLED_H

#include "pickle.h"

#include <stddef.h>

typedef struct piece {
    const char *bytes;
    size_t size;
} piece;

#define PIECE(text)                                                                                                    \
    {                                                                                                                  \
        text, sizeof(text) - 1                                                                                         \
    }

#define RECONSTRUCT  "cnumpy.core.multiarray\n_reconstruct\n"
#define NDARRAY      "cnumpy\nndarray\n"
#define BYTES        "U\1b"
#define DTYPE        "cnumpy\ndtype\n"
#define TYPE_STATE   "(K\3U\1|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb"
#define MAKE_TYPE    "U\2O8K\0K\1\x87R"
#define BEFORE_LISTS "\x80\2" RECONSTRUCT NDARRAY "K\0\x85" BYTES "\x87R(K\1K\2\x85" DTYPE MAKE_TYPE TYPE_STATE "\x89]("
#define LISTS        "]K\5a](K\6M\x2c\1e"
#define AFTER_LISTS  "etb."

/* Two lists, {5} and {6, 300}. */
#define GOOD BEFORE_LISTS LISTS AFTER_LISTS

/* The largest number of a list that is taken. */
enum { PICKLED_MOST = 1000 };

/* Reads `rows` lists; method 8 deflates the member. *lists is to be freed. */
data_status pickled_read(piece pickle, int rows, int method, data_lists *lists, data_error *error);
/* Of two lists: refused with that text at that offset. */
void pickled_refused(piece pickle, size_t at, const char *text);

#endif
