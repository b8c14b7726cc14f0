/* The random generator from inside the library: Lemire's rejection, and streams that continue wherever a block of words
 * begins. */
#include "random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The known answers that Random123 gives for all zeros and all ones. */
static void known_answers(void **state)
{
    (void)state;
    static const uint32_t zeros[4] = { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 };
    static const uint32_t ones[4] = { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd };
    uint32_t out[4];
    nn_philox(0, 0, 0, out);
    assert_memory_equal(out, zeros, sizeof zeros);
    nn_philox(UINT64_MAX, UINT64_MAX, UINT64_MAX, out);
    assert_memory_equal(out, ones, sizeof ones);
}

/* What is drawn below n is the high word of a product whose low word is not among the first 2^32 mod n. */
static void below_rejects(void **state)
{
    (void)state;
    static const uint32_t bounds[] = { 1, 6, 0x80000001u, 0xc0000000u, UINT32_MAX };
    for (size_t b = 0; b < sizeof bounds / sizeof bounds[0]; b++) {
        const uint32_t n = bounds[b];
        nn_rng rng = { .seed = 7, .stream = 1 }, twin = rng;
        int rejected = 0;
        for (int i = 0; i < 1000; i++) {
            uint64_t product = (uint64_t)nn_random_u32(&twin) * n;
            for (; (uint32_t)product < (UINT64_C(1) << 32) % n; rejected++)
                product = (uint64_t)nn_random_u32(&twin) * n;
            assert_int_equal(nn_random_below(&rng, n), product >> 32);
            assert_true(rng.counter == twin.counter);
        }
        if (n == 0x80000001u) assert_in_range(rejected, 800, 1200); /* half of all */
        if (n == 1) assert_int_equal(rejected, 0);
    }
}

/* Dropout's own Philox, of many blocks at a time, gives the words of this one: the layer's number stands above the
 * stream. */
static void dropout_draws_the_same_words(void **state)
{
    (void)state;
    enum { SIZE = 6001, COUNT = 3 * SIZE };
    static nn_float ones[COUNT];
    const nn_layer_def layers[] = { { .type = NN_FLATTEN },
                                    { .type = NN_FLATTEN },
                                    { .type = NN_DROPOUT, .dropout = { 0.25 } } };
    const nn_rng rng = { .seed = UINT64_C(0x500000003), .stream = 9, .counter = 7 };
    const nn_tensor x = nn_view_f32(ones, NN_SHAPE(3, SIZE));
    for (int i = 0; i < COUNT; i++) ones[i] = 1;
    for (nn_isa isa = NN_ISA_PORTABLE; isa <= NN_ISA_AVX512; isa++) {
        nn_model *model = nn_model_create(
            &(nn_model_def){ .input = NN_SHAPE(SIZE), .max_batch = 3, .isa = isa, NN_LAYERS(layers) }, NULL);
        if (!model) continue; /* this processor has not got it */
        nn_model_set_rng(model, rng);
        const nn_float *y = nn_forward(model, &x, NN_TRAIN)->f32;
        for (uint64_t i = 0; i < COUNT; i++) {
            uint32_t words[4];
            nn_philox(rng.seed, rng.stream | UINT64_C(3) << 32, (rng.counter << 32) + i / 4, words);
            const nn_float expected = words[i % 4] < 0x40000000u ? 0 : (nn_float)(1 / 0.75);
            if (y[i] != expected) fail_msg("instruction set %d, element %d", (int)isa, (int)i);
        }
        nn_model_destroy(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(known_answers), cmocka_unit_test(below_rejects),
                                        cmocka_unit_test(dropout_draws_the_same_words) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
