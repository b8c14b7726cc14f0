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

/* Mutates the header alone and gives it its length; what follows moves. */
static size_t mutate_header(uint8_t *bytes, size_t size, size_t room, uint64_t length)
{
    static uint8_t rest[1 << 16];
    const size_t at = LENGTH_SIZE + (size_t)length, rest_size = size - at;
    if (rest_size > sizeof rest) return LLVMFuzzerMutate(bytes, size, room);
    memcpy(rest, bytes + at, rest_size);
    const size_t made = LLVMFuzzerMutate(bytes + LENGTH_SIZE, (size_t)length, room - LENGTH_SIZE - rest_size);
    memcpy(bytes + LENGTH_SIZE + made, rest, rest_size);
    for (int i = 0; i < LENGTH_SIZE; i++) bytes[i] = (uint8_t)((uint64_t)made >> 8 * i);
    return LENGTH_SIZE + made + rest_size;
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

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
    const uint64_t length = size >= LENGTH_SIZE ? header_length(bytes) : 0;
    const bool whole = length > 0 && length <= size - LENGTH_SIZE;
    size = whole && seed & 1 ? mutate_header(bytes, size, room, length) : LLVMFuzzerMutate(bytes, size, room);
    if (seed >> 1 & 7) reseal(bytes, size);
    return size;
}
