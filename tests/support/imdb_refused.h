/* A load of reviews that must fail. */
#ifndef KVIST_TESTS_IMDB_REFUSED_H
#define KVIST_TESTS_IMDB_REFUSED_H

#include <kvist/data.h>

/* What data_imdb_load says of path; fails the test if the destination does not stay as it was. def may be NULL. */
data_status imdb_refused(const char *path, const data_imdb_def *def, data_error *error);
/* The same, which must be with this status and offset (told before the text of what is wrong with a content), and
   name the path if no def names others. */
void imdb_check_refused(const char *path, const data_imdb_def *def, data_status status, uint64_t offset,
                        const char *text);
/* Where another library knows best at what offset it stops: from first to last. @return it */
uint64_t imdb_check_refused_within(const char *path, const data_imdb_def *def, data_status status, uint64_t first,
                                   uint64_t last, const char *text);

#endif
