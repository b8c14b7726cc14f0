#define XXH_INLINE_ALL
#include "words.h"

#include "memory.h"
#include "tokenizer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <xxhash.h>

// When and where the set was made; fuzzed, always the same. It orders slots, nothing that anyone sees.
static uint64_t draw_seed(const data_words *words)
{
#ifdef DATA_FUZZED
    (void)words;
    return 1;
#else
    struct timespec now = { 0 };
    clock_gettime(CLOCK_REALTIME, &now);
    return XXH3_64bits_withSeed(&now, sizeof now, (uintptr_t)words) | 1;
#endif
}

// XXH3 of the lower-case bytes, each piece of them seeded with the hash of those before.
static uint32_t hash_of(const data_words *words, const char *word, size_t size)
{
    unsigned char piece[64];
    uint64_t hash = words->seed;
    size_t done = 0;
    do {
        size_t n = 0;
        for (; n < sizeof piece && done < size; n++) piece[n] = data_lower((unsigned char)word[done++]);
        hash = XXH3_64bits_withSeed(piece, n, hash);
    } while (done < size);
    return (uint32_t)hash;
}

static bool equals(const data_words *words, const data_word *entry, const char *word, size_t size)
{
    if (entry->size != size) return false;
    const char *known = words->bytes + entry->start;
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)known[i] != data_lower((unsigned char)word[i])) return false;
    }
    return true;
}

// The slot that holds the word, or the empty one where it belongs.
static size_t slot_of(const data_words *words, const char *word, size_t size, uint32_t hash)
{
    const size_t mask = words->slots - 1;
    size_t at = hash & mask;
    for (; words->slot[at] >= 0; at = (at + 1) & mask) {
        const data_word *entry = &words->word[words->slot[at]];
        if (entry->hash == hash && equals(words, entry, word, size)) break;
    }
    return at;
}

static bool grow_slots(data_words *words)
{
    const size_t slots = words->slots ? words->slots * 2 : 1024;
    int32_t *slot = data_allocate(slots, sizeof *slot);
    if (!slot) return false;
    for (size_t i = 0; i < slots; i++) slot[i] = -1;
    for (int32_t i = 0; i < words->count; i++) {
        size_t at = words->word[i].hash & (slots - 1);
        while (slot[at] >= 0) at = (at + 1) & (slots - 1);
        slot[at] = i;
    }
    free(words->slot);
    words->slot = slot;
    words->slots = slots;
    return true;
}

int32_t data_words_find(const data_words *words, const char *word, size_t size)
{
    return words->slots ? words->slot[slot_of(words, word, size, hash_of(words, word, size))] : -1;
}

// Room for one more word of `size` bytes in each of the three arrays.
static bool make_room(data_words *words, size_t size)
{
    const size_t count = (size_t)words->count + 1;
    size_t needed;
    if (count > DATA_MAX_WORDS || !data_add(words->bytes_used, size + 1, &needed)) return false;
    if (2 * count > words->slots && !grow_slots(words)) return false;
    void *bytes = words->bytes, *word = words->word;
    const bool grown = data_grow(&bytes, &words->bytes_room, needed, 1) &&
                       data_grow(&word, &words->word_room, count, sizeof *words->word);
    words->bytes = bytes;
    words->word = word;
    return grown;
}

int32_t data_words_add(data_words *words, const char *word, size_t size)
{
    if (size > UINT32_MAX) return -1;
    if (words->seed == 0) words->seed = draw_seed(words);
    const uint32_t hash = hash_of(words, word, size);
    if (words->slots) {
        const int32_t known = words->slot[slot_of(words, word, size, hash)];
        if (known >= 0) return known;
    }
    if (!make_room(words, size)) return -1;
    char *copy = words->bytes + words->bytes_used;
    for (size_t i = 0; i < size; i++) copy[i] = (char)data_lower((unsigned char)word[i]);
    copy[size] = '\0';
    words->slot[slot_of(words, word, size, hash)] = words->count;
    words->word[words->count] = (data_word){ .start = words->bytes_used, .size = (uint32_t)size, .hash = hash };
    words->bytes_used += size + 1;
    return words->count++;
}

void data_words_free(data_words *words)
{
    free(words->bytes);
    free(words->word);
    free(words->slot);
    *words = (data_words){ 0 };
}
