#include "text.h"

#include <string.h>

enum { HALF = DATA_TEXT_MAX / 2 };

void data_text_clear(data_text *text)
{
    text->size = 0;
}

// The first half fills once; the second half is a ring.
void data_text_append(data_text *text, const char *bytes, size_t size)
{
    while (size > 0) {
        const size_t at = text->size < HALF ? (size_t)text->size : HALF + (size_t)((text->size - HALF) % HALF);
        const size_t room = (at < HALF ? HALF : DATA_TEXT_MAX) - at, part = size < room ? size : room;
        memcpy(text->bytes + at, bytes, part);
        text->size += part;
        bytes += part;
        size -= part;
    }
}

static void reverse(char *bytes, size_t size)
{
    for (size_t i = 0; i < size / 2; i++) {
        const char kept = bytes[i];
        bytes[i] = bytes[size - 1 - i];
        bytes[size - 1 - i] = kept;
    }
}

size_t data_text_finish(data_text *text)
{
    if (text->size <= DATA_TEXT_MAX) return (size_t)text->size;
    // Rotate the ring so that its oldest byte comes first: reverse both parts, then the whole.
    const size_t oldest = (size_t)((text->size - HALF) % HALF);
    char *ring = text->bytes + HALF;
    reverse(ring, oldest);
    reverse(ring + oldest, HALF - oldest);
    reverse(ring, HALF);
    // What lay between is gone: the words cut there must not become one.
    text->bytes[HALF - 1] = ' ';
    return DATA_TEXT_MAX;
}
