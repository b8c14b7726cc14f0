/* Batches of reviews: real ones where the set is there, or generated ones of the same lengths. */
#ifndef KVIST_BENCH_REVIEWS_H
#define KVIST_BENCH_REVIEWS_H

#include <kvist/data.h>
#include <kvist/nn.h>

#include <stdbool.h>

enum { REVIEW_WORDS = 10000, REVIEW_LENGTH = 500 };

/* Some batches, as index lists or as padded rows. */
typedef struct reviews {
    int batches, batch;
    int32_t *indices; /* all lists, or (batches * batch, REVIEW_LENGTH) */
    int64_t *offsets; /* (batches * batch + 1); NULL: rows */
    float *labels;    /* (batches * batch) */
    bool real;
} reviews;

/* How the batches come about. */
typedef struct reviews_def {
    int batches, batch;
    bool lists; /* whole reviews as index lists; default: rows */
    bool full;  /* rows without padding, generated; default: of real lengths */
} reviews_def;

/* Loads the real set as the programs find it. @return false where there is none */
bool reviews_load(data_imdb *imdb, bool lists);
/* The first reviews of the real set. @return false where there is none */
bool reviews_real(reviews *r, const reviews_def *def);
/* Words as frequent as in text, from a small formula. */
void reviews_generate(reviews *r, const reviews_def *def);
void reviews_free(reviews *r);

/* Batch k, a view. */
nn_tensor reviews_inputs(const reviews *r, int k);
nn_tensor reviews_labels(const reviews *r, int k);

/* " data=imdb padding=0.555" or " data=generated words=233" */
void reviews_describe(const reviews *r);

#endif
