#include "zip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static void append(unsigned char **bytes, size_t *size, size_t *room, const void *more, size_t count)
{
    if (*size + count > *room) {
        *room = 2 * (*size + count);
        unsigned char *moved = realloc(*bytes, *room);
        assert_non_null(moved);
        *bytes = moved;
    }
    if (count > 0) memcpy(*bytes + *size, more, count);
    *size += count;
}

static unsigned char *put(unsigned char *at, uint64_t number, int bytes)
{
    for (int i = 0; i < bytes; i++) *at++ = (unsigned char)(number >> 8 * i);
    return at;
}

static size_t deflate_whole(const void *content, size_t size, unsigned char **packed)
{
    z_stream stream = { 0 };
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    const size_t room = deflateBound(&stream, (uLong)size);
    *packed = malloc(room);
    assert_non_null(*packed);
    stream.next_in = (unsigned char *)(uintptr_t)content;
    stream.avail_in = (uInt)size;
    stream.next_out = *packed;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    const size_t made = room - stream.avail_out;
    deflateEnd(&stream);
    return made;
}

/* The fields that both headers share: version needed, flags, method, time, date, CRC, sizes, lengths of name and extra.
 */
static unsigned char *put_common(unsigned char *at, const zip_member *m, uint32_t crc, uint64_t packed, uint64_t size)
{
    at = put(at, m->zip64 ? 45 : 20, 2);
    at = put(at, m->flags, 2);
    at = put(at, (uint64_t)m->method, 2);
    at = put(at, 0x00210000, 4);
    at = put(at, crc + (uint64_t)m->more_crc, 4);
    at = put(at, m->zip64 ? UINT32_MAX : packed, 4);
    at = put(at, m->zip64 ? UINT32_MAX : size, 4);
    at = put(at, strlen(m->name), 2);
    return put(at, m->zip64 ? 20 : 0, 2);
}

static unsigned char *put_extra(unsigned char *at, const zip_member *m, uint64_t packed, uint64_t size)
{
    if (!m->zip64) return at;
    at = put(at, 1, 2);
    at = put(at, 16, 2);
    at = put(at, size, 8);
    return put(at, packed, 8);
}

void zip_add(zip *z, const zip_member *m)
{
    unsigned char *packed = NULL, header[80], *at;
    const void *content = m->content;
    size_t held = m->size;
    if (m->method == 8) {
        held = deflate_whole(m->content, m->size, &packed);
        content = packed;
    }
    const uint32_t crc = (uint32_t)crc32(0, m->content, (uInt)m->size);
    const uint64_t told_packed = held + (uint64_t)m->more_packed, told = m->size + (uint64_t)m->more_size;
    const size_t place = z->size;

    at = put_common(put(header, 0x04034b50, 4), m, crc + (uint32_t)m->local_crc, told_packed,
                    told + (uint64_t)m->local_size);
    append(&z->bytes, &z->size, &z->room, header, (size_t)(at - header));
    append(&z->bytes, &z->size, &z->room, m->name, strlen(m->name));
    at = put_extra(header, m, told_packed, told + (uint64_t)m->local_size);
    append(&z->bytes, &z->size, &z->room, header, (size_t)(at - header));
    append(&z->bytes, &z->size, &z->room, content, held);

    at = put_common(put(put(header, 0x02014b50, 4), 0x0314, 2), m, crc, told_packed, told);
    at = put(put(put(put(at, 0, 2), 0, 2), 0, 2), 0x81a40000, 4); /* comment, disk, internal; a regular file's mode */
    at = put(at, place, 4);
    append(&z->central, &z->central_size, &z->central_room, header, (size_t)(at - header));
    append(&z->central, &z->central_size, &z->central_room, m->name, strlen(m->name));
    at = put_extra(header, m, told_packed, told);
    append(&z->central, &z->central_size, &z->central_room, header, (size_t)(at - header));
    z->members++;
    free(packed);
}

void zip_end(zip *z)
{
    unsigned char end[22], *at = put(put(end, 0x06054b50, 4), 0, 4);
    const size_t place = z->size;
    append(&z->bytes, &z->size, &z->room, z->central, z->central_size);
    at = put(put(at, (uint64_t)z->members, 2), (uint64_t)z->members, 2);
    at = put(put(put(at, z->central_size, 4), place, 4), 0, 2);
    append(&z->bytes, &z->size, &z->room, end, (size_t)(at - end));
}

void zip_free(zip *z)
{
    free(z->bytes);
    free(z->central);
    *z = (zip){ 0 };
}
