/*
 * Dropout: y = x * mask / (1 - rate), the mask drawn from Philox4x32-10 (see random.c). BLOCKS blocks of it at a time,
 * one in each lane of 64 bits: its words are the lower halves. A product of two words fills a lane, and takes the lower
 * halves of its factors alone, so what is left in the upper ones need not be cleared.
 */
#include "dropout.h"
#if defined(__SSE2__)
#include <immintrin.h>
#endif

/* VECTORS at a time, since each round waits for the one before. */
enum { LANES = NN_VECTOR_BYTES / 8, VECTORS = 2, BLOCKS = LANES * VECTORS };

typedef uint64_t lanes __attribute__((vector_size(NN_VECTOR_BYTES)));

/* The product of the lower halves. */
static inline lanes multiply(lanes a, lanes b)
{
#if defined(NN_KERNELS_AVX512)
    return (lanes)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(NN_KERNELS_AVX2)
    return (lanes)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return (lanes)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
    return (a & UINT32_MAX) * (b & UINT32_MAX);
#endif
}

/* Blocks counter .. counter + BLOCKS - 1 of (seed, stream), one after the other: two words in each element, the lower
 * half first. */
static void philox(uint64_t pairs[2 * BLOCKS], uint64_t seed, uint64_t stream, uint64_t counter)
{
    lanes x[4][VECTORS];
    uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
    NN_UNROLL for (int v = 0; v < VECTORS; v++)
    {
        for (int i = 0; i < LANES; i++) x[0][v][i] = counter + (uint64_t)(v * LANES + i);
        x[1][v] = x[0][v] >> 32;
        x[2][v] = (lanes){ 0 } + stream;
        x[3][v] = x[2][v] >> 32;
    }
    for (int round = 0; round < 10; round++, key0 += 0x9E3779B9u, key1 += 0xBB67AE85u) {
        NN_UNROLL for (int v = 0; v < VECTORS; v++)
        {
            const lanes a = multiply(x[0][v], (lanes){ 0 } + 0xD2511F53u),
                        b = multiply(x[2][v], (lanes){ 0 } + 0xCD9E8D57u);
            x[0][v] = (b >> 32) ^ x[1][v] ^ key0;
            x[1][v] = b;
            x[2][v] = (a >> 32) ^ x[3][v] ^ key1;
            x[3][v] = a;
        }
    }
    NN_UNROLL for (int v = 0; v < VECTORS; v++)
    {
        const lanes first = (x[0][v] & UINT32_MAX) | x[1][v] << 32, second = (x[2][v] & UINT32_MAX) | x[3][v] << 32;
        for (int i = 0; i < LANES; i++) {
            pairs[2 * (v * LANES + i)] = first[i];
            pairs[2 * (v * LANES + i) + 1] = second[i];
        }
    }
}

/* The elements of BLOCKS blocks, or the first `count` of them. */
NN_INLINE void choose(nn_float *y, const nn_float *x, const size_t count, const uint64_t pairs[2 * BLOCKS],
                      uint32_t threshold, nn_float scale)
{
    uint32_t word[4 * BLOCKS];
    for (size_t i = 0; i < 2 * BLOCKS; i++) {
        word[2 * i] = (uint32_t)pairs[i];
        word[2 * i + 1] = (uint32_t)(pairs[i] >> 32);
    }
    for (size_t i = 0; i < count; i++) y[i] = word[i] >= threshold ? x[i] * scale : 0;
}

void NN_KERNEL(dropout)(nn_float *y, const nn_float *x, size_t first, size_t n, double rate, uint64_t seed,
                        uint64_t stream, uint64_t counter)
{
    const uint32_t threshold = (uint32_t)(rate * 0x1p32);
    const nn_float scale = (nn_float)(1.0 / (1.0 - rate));
    uint64_t pairs[2 * BLOCKS], block = (counter << 32) + first / 4;
    for (; n >= 4 * BLOCKS; n -= 4 * BLOCKS, x += 4 * BLOCKS, y += 4 * BLOCKS, block += BLOCKS) {
        philox(pairs, seed, stream, block);
        choose(y, x, 4 * BLOCKS, pairs, threshold, scale);
    }
    if (n == 0) return;
    philox(pairs, seed, stream, block);
    choose(y, x, n, pairs, threshold, scale);
}
