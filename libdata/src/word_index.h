/* Keras' imdb_word_index.json: {"word": rank, ...}, ranks from 1 on, in any order. */
#ifndef DATA_WORD_INDEX_H
#define DATA_WORD_INDEX_H

#include <kvist/data.h>

/* Reads the words as a vocabulary, to be freed by data_vocabulary_destroy. */
data_status data_word_index_read(const char *path, data_vocabulary **vocabulary, data_error *error);

#endif
