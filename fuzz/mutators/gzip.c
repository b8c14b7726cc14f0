#include "mutators.h"

/* Half of the time the content, else the file. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
    const size_t made = seed & 1 ? mutate_gzip(bytes, size, room, NULL) : 0;
    return made > 0 ? made : LLVMFuzzerMutate(bytes, size, room);
}
