/* Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. */
#include "random.h"
#include "parallel.h"
#include <math.h>

void nn_philox(uint64_t seed, uint64_t stream, uint64_t counter, uint32_t out[4])
{
    uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
    uint32_t x[4] = { (uint32_t)counter, (uint32_t)(counter >> 32), (uint32_t)stream, (uint32_t)(stream >> 32) };
    for (int round = 0; round < 10; round++) {
        const uint64_t a = (uint64_t)0xD2511F53u * x[0], b = (uint64_t)0xCD9E8D57u * x[2];
        const uint32_t y[4] = { (uint32_t)(b >> 32) ^ x[1] ^ key[0], (uint32_t)b, (uint32_t)(a >> 32) ^ x[3] ^ key[1],
                                (uint32_t)a };
        for (int i = 0; i < 4; i++) x[i] = y[i];
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    for (int i = 0; i < 4; i++) out[i] = x[i];
}

uint32_t nn_random_u32(nn_rng *rng)
{
    uint32_t block[4];
    nn_philox(rng->seed, rng->stream, rng->counter / 4, block);
    return block[rng->counter++ % 4];
}

/* The next `count` (at most 4) words, the numbers that nn_random_u32 would give; of one block where one begins. */
static void next_words(nn_rng *rng, size_t count, uint32_t words[4])
{
    if (rng->counter % 4 == 0) {
        nn_philox(rng->seed, rng->stream, rng->counter / 4, words);
        rng->counter += count;
        return;
    }
    for (size_t i = 0; i < count; i++) words[i] = nn_random_u32(rng);
}

nn_float nn_uniform(nn_rng *rng)
{
    return (nn_float)(nn_random_u32(rng) >> 8) * (nn_float)0x1p-24;
}

uint32_t nn_random_below(nn_rng *rng, uint32_t n)
{
    /* Lemire 2019: the high word of a product, rejecting the few low words that would bias it. */
    uint64_t product = (uint64_t)nn_random_u32(rng) * n;
    if ((uint32_t)product < n) {
        const uint32_t threshold = (uint32_t)(-n) % n;
        while ((uint32_t)product < threshold) product = (uint64_t)nn_random_u32(rng) * n;
    }
    return (uint32_t)(product >> 32);
}

void nn_box_muller(uint32_t a, uint32_t b, double out[2])
{
    const double two_pi = 6.283185307179586476925;
    const double u = ((double)a + 1.0) * 0x1p-32, v = (double)b * 0x1p-32; /* u in (0, 1]: its log is finite */
    const double radius = sqrt(-2.0 * log(u));
    out[0] = radius * cos(two_pi * v);
    out[1] = radius * sin(two_pi * v);
}

void nn_fill(nn_tensor *tensor, nn_float value)
{
    const size_t count = nn_shape_count(tensor->shape);
    for (size_t i = 0; i < count; i++) tensor->f32[i] = value;
}

void nn_fill_normal(nn_tensor *tensor, double mean, double stddev, nn_rng *rng)
{
    const size_t count = nn_shape_count(tensor->shape);
    const nn_float_mode float_mode = nn_rounding_enter();
    for (size_t i = 0; i < count; i += 4) {
        const size_t fitting = count - i < 4 ? count - i : 4;
        uint32_t words[4];
        double z[4];
        next_words(rng, (fitting + 1) / 2 * 2, words);
        for (size_t k = 0; k < fitting; k += 2) nn_box_muller(words[k], words[k + 1], z + k);
        for (size_t k = 0; k < fitting; k++) tensor->f32[i + k] = (nn_float)(mean + stddev * z[k]);
    }
    nn_float_mode_leave(float_mode);
}

void nn_fill_uniform(nn_tensor *tensor, double low, double high, nn_rng *rng)
{
    const size_t count = nn_shape_count(tensor->shape);
    const nn_float_mode float_mode = nn_rounding_enter();
    for (size_t i = 0; i < count; i += 4) {
        const size_t fitting = count - i < 4 ? count - i : 4;
        uint32_t words[4];
        next_words(rng, fitting, words);
        for (size_t k = 0; k < fitting; k++)
            tensor->f32[i + k] = (nn_float)(low + (high - low) * ((double)words[k] * 0x1p-32));
    }
    nn_float_mode_leave(float_mode);
}

void nn_shuffle(uint32_t *order, size_t count, nn_rng *rng)
{
    for (size_t i = count; i > 1; i--) {
        const uint32_t j = nn_random_below(rng, (uint32_t)i);
        const uint32_t kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}
