/* What the embedding learnt about words. */
#ifndef KVIST_EXAMPLES_SENTIMENT_WORDS_H
#define KVIST_EXAMPLES_SENTIMENT_WORDS_H

#include <kvist/data.h>
#include <kvist/nn.h>
#include <stdbool.h>

/* Writes folder/vectors.tsv and folder/words.tsv, a row each, as an embedding projector reads them; tells a failure. */
bool sentiment_export(nn_model *model, const data_vocabulary *vocabulary, const char *folder);

/* Prints the ten words nearest to one, by the cosine of their vectors; tells a failure. */
bool sentiment_neighbours(nn_model *model, const data_vocabulary *vocabulary, const char *word);

#endif
