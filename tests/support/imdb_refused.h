/* A load of reviews that must fail. */
#ifndef KVIST_TESTS_IMDB_REFUSED_H
#define KVIST_TESTS_IMDB_REFUSED_H

#include <kvist/data.h>

/* What data_imdb_load says of path; fails the test if the destination does not stay as it was. def may be NULL. */
data_status imdb_refused(const char *path, const data_imdb_def *def, data_error *error);

#endif
