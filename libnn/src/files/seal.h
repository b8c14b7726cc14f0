/* The seal of a file: XXH3-128 of all bytes before it, in the canonical (big-endian) order. Against damage, not malice.
 */
#ifndef NN_FILES_SEAL_H
#define NN_FILES_SEAL_H

#define XXH_INLINE_ALL
#include <stdbool.h>
#include <stddef.h>
#include <xxhash.h>

enum { NN_SEAL_SIZE = 16 };

typedef struct nn_seal {
    XXH3_state_t state;
} nn_seal;

void nn_seal_begin(nn_seal *seal);
void nn_seal_add(nn_seal *seal, const void *bytes, size_t size);
void nn_seal_get(const nn_seal *seal, unsigned char bytes[NN_SEAL_SIZE]);

#endif
