#define XXH_INLINE_ALL
#include "mutators.h"

#include <string.h>
#include <xxhash.h>

/* The header of libdata's imdb_cache.c: eight numbers, then the checksum of them and of all that follows. */
enum { CHECKSUM_AT = 8 * sizeof(uint64_t), BODY_AT = CHECKSUM_AT + sizeof(uint64_t) };

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
    size = LLVMFuzzerMutate(bytes, size, room);
    if (seed % 8 == 0 || size < BODY_AT) return size;
    XXH3_state_t hash;
    XXH3_INITSTATE(&hash);
    XXH3_64bits_reset(&hash);
    XXH3_64bits_update(&hash, bytes, CHECKSUM_AT);
    XXH3_64bits_update(&hash, bytes + BODY_AT, size - BODY_AT);
    const uint64_t checksum = XXH3_64bits_digest(&hash);
    memcpy(bytes + CHECKSUM_AT, &checksum, sizeof checksum);
    return size;
}
