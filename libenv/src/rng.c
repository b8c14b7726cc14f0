/* numpy's default generator: SeedSequence spreads a seed, PCG64 draws. */
#include <kvist/env.h>

/* --- 128-bit arithmetic: C17 has none ------------------------------------------------------------------------------
 */

typedef struct u128 {
    uint64_t high, low;
} u128;

static u128 add(u128 a, u128 b)
{
    const uint64_t low = a.low + b.low;
    return (u128){ a.high + b.high + (low < a.low), low };
}

/* The full product of two 64-bit numbers. */
#if defined(__SIZEOF_INT128__) && !defined(ENV_NO_INT128)
__extension__ typedef unsigned __int128 wide;

static u128 multiply_64(uint64_t a, uint64_t b)
{
    const wide product = (wide)a * b;
    return (u128){ (uint64_t)(product >> 64), (uint64_t)product };
}
#else
static u128 multiply_64(uint64_t a, uint64_t b)
{
    const uint64_t a0 = a & UINT32_MAX, a1 = a >> 32, b0 = b & UINT32_MAX, b1 = b >> 32;
    const uint64_t mid = a1 * b0 + ((a0 * b0) >> 32); /* at most (2^32 - 1)^2 + 2^32 - 2: does not overflow */
    const uint64_t mid_low = (mid & UINT32_MAX) + a0 * b1;
    return (u128){ a1 * b1 + (mid >> 32) + (mid_low >> 32), a * b };
}
#endif

/* a b mod 2^128 */
static u128 multiply(u128 a, u128 b)
{
    u128 product = multiply_64(a.low, b.low);
    product.high += a.high * b.low + a.low * b.high;
    return product;
}

/* --- SeedSequence (O'Neill's seed_seq_fe as in numpy/random/bit_generator.pyx) -------------------------------------
 */

enum { POOL = 4 };

static uint32_t hash_mix(uint32_t value, uint32_t *hash, uint32_t multiplier)
{
    value ^= *hash;
    *hash *= multiplier;
    value *= *hash;
    return value ^ (value >> 16);
}

static uint32_t mix(uint32_t x, uint32_t y)
{
    const uint32_t result = x * 0xca01f9ddu - y * 0x4973f715u;
    return result ^ (result >> 16);
}

/* SeedSequence(seed).generate_state(4, uint64) */
static void seed_sequence(uint64_t seed, uint64_t state[4])
{
    const uint32_t entropy[POOL] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
    uint32_t pool[POOL], hash = 0x43b0d7e5u;
    for (int i = 0; i < POOL; i++) pool[i] = hash_mix(entropy[i], &hash, 0x931e8875u);
    for (int from = 0; from < POOL; from++)
        for (int to = 0; to < POOL; to++)
            if (from != to) pool[to] = mix(pool[to], hash_mix(pool[from], &hash, 0x931e8875u));

    hash = 0x8b51f9ddu;
    for (int i = 0; i < 4; i++) {
        const uint64_t low = hash_mix(pool[2 * i % POOL], &hash, 0x58f38dedu);
        const uint64_t high = hash_mix(pool[(2 * i + 1) % POOL], &hash, 0x58f38dedu);
        state[i] = high << 32 | low;
    }
}

/* --- PCG64 -------------------------------------------------------------------------------------------------------- */

/* s = s A + c mod 2^128 */
static u128 advance(u128 state, u128 increment)
{
    static const u128 multiplier = { 2549297995355413924u, 4865540595714422341u };
    return add(multiply(state, multiplier), increment);
}

env_rng env_rng_make(uint64_t seed)
{
    uint64_t word[4];
    seed_sequence(seed, word);
    const u128 increment = { word[2] << 1 | word[3] >> 63, word[3] << 1 | 1 };
    const u128 state = advance(add(increment, (u128){ word[0], word[1] }), increment);
    return (env_rng){ .state = { state.high, state.low }, .increment = { increment.high, increment.low } };
}

/* XSL-RR: the halves' exclusive or, rotated by the topmost six bits */
static uint64_t output(u128 state)
{
    const uint64_t folded = state.high ^ state.low;
    const unsigned rotation = (unsigned)(state.high >> 58);
    return folded >> rotation | folded << (-rotation & 63);
}

uint64_t env_rng_next(env_rng *rng)
{
    const u128 increment = { rng->increment[0], rng->increment[1] };
    const u128 state = advance((u128){ rng->state[0], rng->state[1] }, increment);
    rng->state[0] = state.high;
    rng->state[1] = state.low;
    return output(state);
}

void env_rng_uniform_fill(env_rng *rng, double low, double high, double *values, int count)
{
    const u128 increment = { rng->increment[0], rng->increment[1] };
    u128 state = { rng->state[0], rng->state[1] };
    for (int i = 0; i < count; i++) {
        state = advance(state, increment);
        const double unit = (double)(output(state) >> 11) * 0x1p-53;
        values[i] = low + (high - low) * unit;
    }
    rng->state[0] = state.high;
    rng->state[1] = state.low;
}

double env_rng_uniform(env_rng *rng, double low, double high)
{
    double value;
    env_rng_uniform_fill(rng, low, high, &value, 1);
    return value;
}
