#include "mutators.h"

#include <string.h>
#include <zlib.h>

/* Streams are made once: zlib's memory costs more than what is packed with it. */
static bool unpack(const uint8_t *bytes, size_t size, uint8_t *content, size_t *got)
{
    static z_stream stream;
    if (stream.state ? inflateReset(&stream) != Z_OK : inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return false;
    stream.next_in = (uint8_t *)(uintptr_t)bytes;
    stream.avail_in = (uInt)size;
    stream.next_out = content;
    stream.avail_out = GZIP_CONTENT;
    const bool whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0;
    *got = GZIP_CONTENT - stream.avail_out;
    return whole;
}

/* What is tried here is not zlib, which took two thirds of an execution: mostly contents are stored as they are, else
 * in fixed codes from a window of 512 bytes. */
static size_t pack(uint8_t *content, size_t size, uint8_t *bytes, size_t room)
{
    enum { FRAME = 64, STORED = 0, FASTEST = 1, WINDOW = 9, MEMORY = 1 };
    static z_stream streams[2];
    const int level = size + FRAME <= room && size % 16 != 0 ? STORED : FASTEST;
    z_stream *stream = &streams[level];
    const int code =
        stream->state ? deflateReset(stream) : deflateInit2(stream, level, Z_DEFLATED, 16 + WINDOW, MEMORY, Z_FIXED);
    if (code != Z_OK) return 0;
    stream->next_in = content;
    stream->avail_in = (uInt)size;
    stream->next_out = bytes;
    stream->avail_out = (uInt)room;
    return deflate(stream, Z_FINISH) == Z_STREAM_END ? room - stream->avail_out : 0;
}

size_t mutate_gzip(uint8_t *bytes, size_t size, size_t room, void (*repair)(uint8_t *content, size_t size))
{
    static uint8_t content[GZIP_CONTENT], packed[GZIP_CONTENT];
    size_t length;
    if (!unpack(bytes, size, content, &length)) return 0;
    length = LLVMFuzzerMutate(content, length, GZIP_CONTENT);
    if (repair) repair(content, length);
    const size_t made = pack(content, length, packed, room < GZIP_CONTENT ? room : GZIP_CONTENT);
    memcpy(bytes, packed, made);
    return made;
}
