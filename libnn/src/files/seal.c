#include "seal.h"
#include <string.h>

void nn_seal_begin(nn_seal *seal)
{
    XXH3_INITSTATE(&seal->state);
    XXH3_128bits_reset(&seal->state);
}

void nn_seal_add(nn_seal *seal, const void *bytes, size_t size)
{
    if (size > 0) XXH3_128bits_update(&seal->state, bytes, size);
}

void nn_seal_get(const nn_seal *seal, unsigned char bytes[NN_SEAL_SIZE])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&seal->state));
    memcpy(bytes, canonical.digest, NN_SEAL_SIZE);
}
