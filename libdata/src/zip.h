/* A zip archive of stored or deflated members, read one after the other by libarchive, each front to back. */
#ifndef DATA_ZIP_H
#define DATA_ZIP_H

#include "error.h"

enum { DATA_MEMBER_NAME = 128 };

/* The content of a member. The first failure stays and is told in the error of the zip. */
typedef struct data_member {
    char path[DATA_MEMBER_NAME]; // "folder/archive.npz(member.npy)" for messages, shortened at its front
    const char *name;            // in the archive
    const unsigned char *at, *end;
    uint64_t begun; // offset of `at` when the bytes at hand were given
    const unsigned char *first;
    data_status status;
    struct data_zip *zip;
} data_member;

typedef struct data_zip data_zip;

/* Whether a file begins as a zip archive does; false for what cannot be read. */
bool data_is_zip(const char *path);
/* `path` must outlive the zip. */
data_status data_zip_open(const char *path, data_zip **zip, data_error *error);
void data_zip_close(data_zip *zip);
/* The next member, owned by the zip and valid until the next call; *member is NULL after the last. What was left
   unread of the one before is passed over. */
data_status data_zip_next(data_zip *zip, data_member **member);
/* To be called before content is read: refuses a member that is encrypted or packed in another way. */
data_status data_member_check(data_member *member);

/* Gets more content; false at the end of the member or after a failure, which `status` tells apart. */
bool data_member_fill(data_member *member);
/* Offset of the next byte in the content. */
static inline uint64_t data_member_offset(const data_member *member)
{
    return member->begun + (uint64_t)(member->at - member->first);
}
/* The next byte, or -1 as data_member_fill is false. */
static inline int data_member_byte(data_member *member)
{
    return member->at < member->end || data_member_fill(member) ? *member->at++ : -1;
}
/* Exactly `size` bytes, which are `what`. */
data_status data_member_read(data_member *member, void *bytes, size_t size, const char *what);
/* Nothing may follow; only here are checksum and sizes of the member known to be right. */
data_status data_member_finish(data_member *member);

/* Fails at `offset` of the member's content. */
data_status data_member_fail(data_member *member, uint64_t offset, const char *format, ...) DATA_PRINTF(3, 4);
/* Of an allocation for what the content becomes. */
data_status data_member_fail_memory(data_member *member, size_t bytes);

#endif
