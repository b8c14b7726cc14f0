/* A corpus kept in a file of ours, so that the next start need not tokenise. Never trusted: sizes, checksum and content
   are checked, and anything wrong means reading the source again. */
#ifndef DATA_IMDB_CACHE_H
#define DATA_IMDB_CACHE_H

#include "corpus.h"

/* A number that changes with the source: size and time of an archive, or of every review in a folder. */
data_status data_cache_fingerprint(const char *source, uint64_t *fingerprint, data_error *error);
/* Fills *corpus if the file is whole, of this version and of this fingerprint; else says why not. */
data_status data_cache_read(const char *path, uint64_t fingerprint, data_corpus *corpus, data_error *error);
/* Replaces the file, whole or not at all; what neither begins as a cache nor is empty stays, and is told. */
data_status data_cache_write(const char *path, uint64_t fingerprint, const data_corpus *corpus, data_error *error);

#endif
