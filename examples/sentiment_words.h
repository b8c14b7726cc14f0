/* What the embedding learnt about words. */
#ifndef KVIST_EXAMPLES_SENTIMENT_WORDS_H
#define KVIST_EXAMPLES_SENTIMENT_WORDS_H

#include "sentiment_model.h"

/* Writes folder/vectors.tsv and folder/words.tsv, a row each, as an embedding projector reads them; tells a failure. */
bool sentiment_export(nn_model *model, const data_vocabulary *vocabulary, const char *folder);

/*
 * Both print the ten words nearest by the cosine of their vectors, the given ones left out, and tell a failure. Texts
 * are split into words as reviews are.
 */
bool sentiment_neighbours(const sentiment_reader *reader, const char *word);
/* "great terrible boring": near to great - terrible + boring, each of length 1. */
bool sentiment_analogy(const sentiment_reader *reader, const char *words);

#endif
