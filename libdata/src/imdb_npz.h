/* The reviews as Keras ships them: imdb.npz, ranks of words without the words, and imdb_word_index.json beside it. */
#ifndef DATA_IMDB_NPZ_H
#define DATA_IMDB_NPZ_H

#include "corpus.h"

/* Fills *corpus in the order of the file. Its vocabulary comes from `word_index`; where that is NULL from the
   imdb_word_index.json beside the archive, and is NULL where there is none. */
data_status data_imdb_read_npz(const char *path, const char *word_index, data_corpus *corpus, data_error *error);

#endif
