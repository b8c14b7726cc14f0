/* An imdb.npz of two reviews in each part, {5} and {6, 300}, with one thing changed. */
#ifndef KVIST_TESTS_NPZ_REVIEWS_H
#define KVIST_TESTS_NPZ_REVIEWS_H

#include "npz.h"

#include <kvist/data.h>

typedef struct npz_change {
    npz_bytes lists;   /* in place of x_train.npy */
    npz_bytes labels;  /* in place of y_train.npy */
    zip_member member; /* how x_train.npy is told */
    bool twice, missing;
} npz_change;

/* The rows of an array of lists (npz_lists) with these reviews. */
#define NPZ_GOOD_ROWS "]q\17K\5a]q\20(K\6M\x2c\1e"

/* Writes it to the test's folder. @return its path */
const char *npz_write(const char *name, const npz_change *c);
/* Loads reviews, which must succeed; to be freed. */
data_imdb npz_load(const char *path, const data_imdb_def *def);
/* Holds the two reviews in each part. */
void npz_check_good(const char *path);

#endif
