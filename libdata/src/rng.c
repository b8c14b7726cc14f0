/* xoshiro256++ 1.0, seeded by SplitMix64: Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2019).
 */
#include <kvist/data.h>

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static uint64_t split_mix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

data_rng data_rng_make(uint64_t seed, uint64_t stream)
{
    // The stream passes the mixer before it meets the seed, so that (seed 0, stream 1) and (seed 1, stream 0) differ.
    uint64_t state = stream;
    state = seed ^ split_mix(&state);
    data_rng rng;
    for (int i = 0; i < 4; i++) rng.state[i] = split_mix(&state);
    return rng;
}

// Zeros alone would stay zeros, and whoever draws until something fits would draw for ever. Inlined it would become
// conditional moves, which every draw waits for; a branch not taken costs nothing.
__attribute__((noinline)) static uint64_t leave_zeros(data_rng *rng)
{
    *rng = data_rng_make(0, 0);
    return data_rng_next(rng);
}

uint64_t data_rng_next(data_rng *rng)
{
    uint64_t *s = rng->state;
    if ((s[0] | s[1] | s[2] | s[3]) == 0) return leave_zeros(rng);
    const uint64_t result = rotate_left(s[0] + s[3], 23) + s[0];
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint32_t data_rng_below(data_rng *rng, uint32_t bound)
{
    if (bound == 0) return 0;
    // Lemire 2019: x * bound / 2^32, drawing again in the few cases that would favour some results.
    const uint32_t unfair = (0u - bound) % bound;
    uint64_t product;
    do {
        product = (data_rng_next(rng) >> 32) * bound;
    } while ((uint32_t)product < unfair);
    return (uint32_t)(product >> 32);
}

double data_rng_uniform(data_rng *rng)
{
    return (double)(data_rng_next(rng) >> 11) * 0x1p-53;
}
