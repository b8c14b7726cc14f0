/* FNV-1a (Fowler, Noll, Vo) of 64 bits, a number at a time: tells data sets apart, and resists nobody. */
#ifndef KVIST_FINGERPRINT_H
#define KVIST_FINGERPRINT_H

#include <stdint.h>

#define FINGERPRINT_OF_NOTHING UINT64_C(0xcbf29ce484222325)

static inline uint64_t fingerprint_add(uint64_t fingerprint, uint32_t number)
{
    return (fingerprint ^ number) * UINT64_C(0x100000001b3);
}

#endif
