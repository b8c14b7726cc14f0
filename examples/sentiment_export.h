/* What an embedding projector reads: words.tsv names the rows of vectors.tsv. */
#ifndef KVIST_EXAMPLES_SENTIMENT_EXPORT_H
#define KVIST_EXAMPLES_SENTIMENT_EXPORT_H

#include <kvist/data.h>
#include <kvist/nn.h>

#include <stdio.h>

/* Writes one row to each for every word of the vocabulary that the table (words, dim) has, special ones included. A
 * word is written as terminal_text() shows it, the longest cut: nothing in it ends a row or a column. */
void sentiment_write_rows(const nn_tensor *table, const data_vocabulary *vocabulary, FILE *vectors, FILE *words);

/* Writes folder/vectors.tsv and folder/words.tsv; neither takes its place before both are whole. A failure is a
 * warning, and what was there stays. */
void sentiment_export(nn_model *model, const data_vocabulary *vocabulary, const char *folder);

#endif
