#include "files/seal.h"
#include "mutators.h"

#include <string.h>

enum { LENGTH_SIZE = 8, LONGEST_WORD = 64 };

/* A file taken apart: 8 bytes of length, the header, the data. */
typedef struct file {
    uint8_t *bytes;
    size_t size, room;
    size_t header; /* bytes of it; 0 for a file that is too short for what it says */
    unsigned seed;
} file;

static file open_file(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
    uint64_t length = 0;
    for (size_t i = size < LENGTH_SIZE ? 0 : LENGTH_SIZE; i-- > 0;) length = length << 8 | bytes[i];
    const bool whole = size > LENGTH_SIZE && length < size - LENGTH_SIZE;
    return (file){ bytes, size, room, whole ? (size_t)length : 0, seed };
}

/* The next number below `bound`. */
static size_t draw(file *f, size_t bound)
{
    f->seed = f->seed * 1664525u + 1013904223u;
    return (f->seed >> 8) % bound;
}

/* Makes room for `size` bytes in the place of `old` at `at` of the header, which gets its length; false if there is
 * none. */
static bool resize(file *f, size_t at, size_t old, size_t size)
{
    uint8_t *place = f->bytes + LENGTH_SIZE + at;
    if (f->size - old + size > f->room) return false;
    memmove(place + size, place + old, f->size - LENGTH_SIZE - at - old);
    f->size = f->size - old + size;
    f->header = f->header - old + size;
    for (int i = 0; i < LENGTH_SIZE; i++) f->bytes[i] = (uint8_t)((uint64_t)f->header >> 8 * i);
    return true;
}

static void mutate_header(file *f)
{
    static uint8_t copy[1 << 14];
    if (f->header > sizeof copy / 2) return;
    memcpy(copy, f->bytes + LENGTH_SIZE, f->header);
    const size_t size = LLVMFuzzerMutate(copy, f->header, sizeof copy);
    if (resize(f, 0, f->header, size)) memcpy(f->bytes + LENGTH_SIZE, copy, size);
}

static bool is_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

static bool is_number(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* A word of the header from somewhere on, rather early, where the metadata is; its size, 0 if there is none. */
static size_t find_word(file *f, bool number, size_t *at)
{
    const uint8_t *header = f->bytes + LENGTH_SIZE;
    size_t size = 0;
    *at = draw(f, 1 + draw(f, f->header));
    while (*at < f->header && is_word(header[*at])) ++*at;
    while (*at < f->header && (!is_word(header[*at]) || (number && !is_number(header[*at])))) ++*at;
    while (*at + size < f->header && is_word(header[*at + size])) size++;
    return size;
}

static void replace(file *f, size_t at, size_t old, const char *word, size_t size)
{
    if (resize(f, at, old, size)) memcpy(f->bytes + LENGTH_SIZE + at, word, size);
}

/* Another number, or a list of them, in the place of one: it stays JSON. */
static void mutate_number(file *f)
{
    static const char *const numbers[] = { "0",   "1",     "2",          "3",  "7",   "16",
                                           "255", "65536", "2147483647", "-1", "1,1", "1,2,3,4" };
    size_t at;
    const char *number = numbers[draw(f, sizeof numbers / sizeof numbers[0])];
    const size_t old = find_word(f, true, &at);
    if (old > 0) replace(f, at, old, number, strlen(number));
}

/* Another word of its own in the place of one. */
static void mutate_word(file *f)
{
    char word[LONGEST_WORD];
    size_t from, at, size = find_word(f, false, &from);
    if (size == 0 || size > sizeof word) return;
    memcpy(word, f->bytes + LENGTH_SIZE + from, size);
    const size_t old = find_word(f, false, &at);
    if (old > 0) replace(f, at, old, word, size);
}

/* Another layer in the architecture, if there is one. */
static bool mutate_architecture(file *f)
{
    char text[MUTATED_LAYER];
    const layers_change change = mutate_layers(f->bytes + LENGTH_SIZE, f->header, (unsigned)draw(f, 1 << 24), text);
    if (change.at > 0) replace(f, change.at, change.old, text, change.size);
    return change.at > 0;
}

/* A few bytes of the data, in place. */
static void mutate_data(file *f)
{
    enum { FEW = 8 };
    const size_t at = LENGTH_SIZE + f->header, left = f->size - at, skipped = draw(f, left);
    const size_t part = left - skipped < FEW ? left - skipped : FEW;
    LLVMFuzzerMutate(f->bytes + at + skipped, part, part);
}

/* The last bytes become the seal of all before them. */
static void reseal(file *f)
{
    nn_seal seal;
    if (f->size < NN_SEAL_SIZE) return;
    nn_seal_begin(&seal);
    nn_seal_add(&seal, f->bytes, f->size - NN_SEAL_SIZE);
    nn_seal_get(&seal, f->bytes + f->size - NN_SEAL_SIZE);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
    file f = open_file(bytes, size, room, seed);
    switch (f.header > 0 ? draw(&f, 8) : 0) {
    case 0:
        f.size = LLVMFuzzerMutate(bytes, size, room);
        break;
    case 1:
        mutate_header(&f);
        break;
    case 2:
        mutate_data(&f);
        break;
    case 3:
        mutate_word(&f);
        break;
    case 4:
    case 5:
        if (!mutate_architecture(&f)) mutate_number(&f);
        break;
    default:
        mutate_number(&f);
    }
    if (draw(&f, 8) > 0) reseal(&f);
    return f.size;
}
