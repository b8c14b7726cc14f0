#include "numpy_random.h"

enum { WORDS = DATA_MT19937_WORDS, MIDDLE = 397 };

void data_mt19937_seed(data_mt19937 *t, uint32_t seed)
{
    // x(i) = 1812433253 (x(i-1) xor x(i-1) >> 30) + i
    t->word[0] = seed;
    for (uint32_t i = 1; i < WORDS; i++) {
        const uint32_t last = t->word[i - 1];
        t->word[i] = 1812433253u * (last ^ last >> 30) + i;
    }
    t->next = WORDS;
}

// x(i + n) = x(i + m) xor A (upper bit of x(i) | lower bits of x(i + 1)), for all words in place.
static void twist(data_mt19937 *t)
{
    for (int i = 0; i < WORDS; i++) {
        const uint32_t joined = (t->word[i] & 0x80000000u) | (t->word[(i + 1) % WORDS] & 0x7fffffffu);
        t->word[i] = t->word[(i + MIDDLE) % WORDS] ^ joined >> 1 ^ (joined & 1 ? 0x9908b0dfu : 0);
    }
    t->next = 0;
}

uint32_t data_mt19937_next(data_mt19937 *t)
{
    if (t->next == WORDS) twist(t);
    uint32_t x = t->word[t->next++];
    x ^= x >> 11;
    x ^= x << 7 & 0x9d2c5680u;
    x ^= x << 15 & 0xefc60000u;
    return x ^ x >> 18;
}

// Uniform in [0, most]: draws under the smallest mask of ones that covers it, until one is within.
static uint32_t draw(data_mt19937 *t, uint32_t most)
{
    uint32_t mask = most, drawn;
    for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
    do {
        drawn = data_mt19937_next(t) & mask;
    } while (drawn > most);
    return drawn;
}

void data_mt19937_shuffle(data_mt19937 *t, int32_t *order, int32_t count)
{
    for (int32_t i = 0; i < count; i++) order[i] = i;
    for (int32_t i = count - 1; i > 0; i--) {
        const uint32_t j = draw(t, (uint32_t)i);
        const int32_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}
