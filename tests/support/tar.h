/* A tar archive put together by hand, right or wrong. */
#ifndef TAR_H
#define TAR_H

#include <stddef.h>

typedef struct tar {
    char *bytes;
    size_t size, room;
} tar;

/* Appends an entry: header (`type` '0' file, '1' hard link, '2' symbolic link, '5' folder) and content. `told` is the
   size the header tells, `size` the real one. */
void tar_entry(tar *t, const char *path, char type, const void *content, size_t size, size_t told);
/* Appends a file. */
void tar_file(tar *t, const char *path, const char *text);
/* Appends the end-of-archive mark. */
void tar_end(tar *t);
void tar_free(tar *t);

#endif
