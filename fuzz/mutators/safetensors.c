#include "files/seal.h"
#include "mutators.h"

#include <string.h>

enum { LENGTH_SIZE = 8 };

static uint64_t header_length(const uint8_t *bytes)
{
    uint64_t length = 0;
    for (int i = LENGTH_SIZE; i-- > 0;) length = length << 8 | bytes[i];
    return length;
}

/* Mutates `part` bytes at `at` alone; what follows moves. */
static size_t mutate_part(uint8_t *bytes, size_t size, size_t room, size_t at, size_t part, size_t *made)
{
    static uint8_t rest[1 << 16];
    const size_t rest_size = size - at - part;
    *made = part;
    if (rest_size > sizeof rest) return size;
    memcpy(rest, bytes + at + part, rest_size);
    *made = LLVMFuzzerMutate(bytes + at, part, room - at - rest_size);
    memcpy(bytes + at + *made, rest, rest_size);
    return at + *made + rest_size;
}

/* Gives it its length. */
static size_t mutate_header(uint8_t *bytes, size_t size, size_t room, size_t length)
{
    size_t made;
    size = mutate_part(bytes, size, room, LENGTH_SIZE, length, &made);
    for (int i = 0; i < LENGTH_SIZE; i++) bytes[i] = (uint8_t)((uint64_t)made >> 8 * i);
    return size;
}

/* A few bytes from `start` on, in place. */
static void mutate_data(uint8_t *bytes, size_t size, size_t start, unsigned seed)
{
    enum { FEW = 8 };
    const size_t at = start + seed % (size - start), part = size - at < FEW ? size - at : FEW;
    LLVMFuzzerMutate(bytes + at, part, part);
}

/* The last bytes become the seal of all before them. */
static void reseal(uint8_t *bytes, size_t size)
{
    nn_seal seal;
    if (size < NN_SEAL_SIZE) return;
    nn_seal_begin(&seal);
    nn_seal_add(&seal, bytes, size - NN_SEAL_SIZE);
    nn_seal_get(&seal, bytes + size - NN_SEAL_SIZE);
}

/* The header alone, a few bytes of the data, or anything. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
    const uint64_t length = size >= LENGTH_SIZE ? header_length(bytes) : 0;
    const bool whole = length > 0 && length < size - LENGTH_SIZE;
    if (whole && seed & 1) {
        size = mutate_header(bytes, size, room, (size_t)length);
    } else if (whole && seed & 2) {
        mutate_data(bytes, size, LENGTH_SIZE + (size_t)length, seed >> 5);
    } else {
        size = LLVMFuzzerMutate(bytes, size, room);
    }
    if (seed >> 2 & 7) reseal(bytes, size);
    return size;
}
