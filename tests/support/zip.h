/* A zip archive put together by hand, right or wrong. */
#ifndef ZIP_H
#define ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct zip {
    unsigned char *bytes, *central;
    size_t size, room, central_size, central_room;
    int members;
} zip;

/* A member, and what the archive tells of it that is not so. */
typedef struct zip_member {
    const char *name;
    const void *content;
    size_t size;
    int method;                               /* 8 deflates; anything else is told, and the content stored */
    unsigned flags;                           /* 1: encrypted */
    bool zip64;                               /* sizes in an extra field, as numpy writes them */
    int64_t more_size, more_packed, more_crc; /* added to what both headers tell */
    int64_t local_size, local_crc;            /* added to what the local header alone tells */
} zip_member;

void zip_add(zip *z, const zip_member *member);
/* Appends the central directory and its end. */
void zip_end(zip *z);
void zip_free(zip *z);

#endif
