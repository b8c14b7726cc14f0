/* What the embedding learnt about words. */
#ifndef KVIST_EXAMPLES_SENTIMENT_WORDS_H
#define KVIST_EXAMPLES_SENTIMENT_WORDS_H

#include "sentiment_model.h"

/*
 * Both print the ten words nearest by the cosine of their vectors, the given ones left out, and tell a failure. Texts
 * are split into words as reviews are.
 */
bool sentiment_neighbours(const sentiment_reader *reader, const char *word);
/* "great terrible boring": near to great - terrible + boring, each of length 1. */
bool sentiment_analogy(const sentiment_reader *reader, const char *words);

#endif
