/*
 * A set of eight reviews, in an order that is not the sorted one. "the" 5 times, "film" 3, "good" and "bad" twice in
 * the training reviews, where "bad" comes first when they are sorted by path.
 */
#ifndef KVIST_TESTS_IMDB_SET_H
#define KVIST_TESTS_IMDB_SET_H

#include "tar.h"

enum { IMDB_SET_REVIEWS = 8 };

/* As a folder of that name, made in temp_here. */
void imdb_set_folder(const char *root);
/* Appended to an archive, from the review of that number on. */
void imdb_set_add(tar *t, int first);
/* Writes the archive to temp_here, packed, and frees it. Its path. */
const char *imdb_set_write(const char *name, tar *t);
/* A whole archive of the set in temp_here. Its path. */
const char *imdb_set_archive(const char *name);

#endif
