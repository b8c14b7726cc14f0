#include "tar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BLOCK = 512 };

static char *append(tar *t, size_t size)
{
    if (t->size + size > t->room) {
        const size_t room = 2 * (t->size + size);
        char *moved = realloc(t->bytes, room);
        assert_non_null(moved);
        t->bytes = moved;
        t->room = room;
    }
    char *at = t->bytes + t->size;
    memset(at, 0, size);
    t->size += size;
    return at;
}

// The fields of a ustar header: name 100, mode 8, uid 8, gid 8, size 12, mtime 12, checksum 8, type 1, link 100,
// magic 8.
void tar_entry(tar *t, const char *path, char type, const void *content, size_t size, size_t told)
{
    char *header = append(t, BLOCK);
    unsigned sum = 0;
    snprintf(header, 100, "%s", path);
    memcpy(header + 100, "0000644\0000000000\0000000000", 24);
    snprintf(header + 124, 12, "%011zo", told);
    memcpy(header + 136, "00000000000", 12);
    memset(header + 148, ' ', 8);
    header[156] = type;
    if (type == '1' || type == '2') memcpy(header + 157, "aclImdb/README", 15);
    memcpy(header + 257, "ustar\00000", 8);
    for (int i = 0; i < BLOCK; i++) sum += (unsigned char)header[i];
    snprintf(header + 148, 8, "%06o", sum);
    if (size > 0) memcpy(append(t, (size + BLOCK - 1) / BLOCK * BLOCK), content, size);
}

void tar_file(tar *t, const char *path, const char *text)
{
    tar_entry(t, path, '0', text, strlen(text), strlen(text));
}

void tar_end(tar *t)
{
    append(t, 2 * (size_t)BLOCK);
}

void tar_free(tar *t)
{
    free(t->bytes);
    *t = (tar){ 0 };
}
