/* The generator against numpy.random.default_rng. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <kvist/env.h>

typedef struct draws {
    uint64_t seed, raw[3];
    double uniform; /* Generator.uniform(-3, 5), the first draw */
} draws;

/* Printed by numpy 1.24: bit_generator.random_raw(3) and uniform(-3, 5). */
static const draws table[] = {
    { 0u, { 0xa30febcfd9c2825fu, 0x4510bdf882d9d721u, 0x0a7d3da94ecde8b8u }, 0x1.0c3faf3f670a0p+1 },
    { 1u, { 0x8306bdf37922e4ffu, 0xf35196bbc152a866u, 0x24e7a4f608ec18cdu }, 0x1.1835ef9bc9170p+0 },
    { 123u, { 0xaeae9c9903f3e9cdu, 0x0dc736db97cb6d23u, 0x3869812ee8b9ea96u }, 0x1.3aba72640fcfap+1 },
    { 4294967296u, { 0xe3c5ebe285ac1625u, 0x8ea09968fe31dbccu, 0xcd084ff84d8de9beu }, 0x1.078bd7c50b582p+2 },
    { 1099511627781u, { 0x01369aef039fedebu, 0x5f61b40473314316u, 0x9654aaeeea6ebe77u }, -0x1.7b259443f1806p+1 },
    { 18446744073709551615u, { 0xae163a7a8c47568fu, 0xd86659f5f3382359u, 0x01e52b195bc2d24au }, 0x1.3858e9ea311d4p+1 },
};

static void test_raw(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        env_rng rng = env_rng_make(table[k].seed);
        for (int i = 0; i < 3; i++) assert_true(env_rng_next(&rng) == table[k].raw[i]);
    }
}

static void test_uniform(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        env_rng rng = env_rng_make(table[k].seed);
        assert_true(env_rng_uniform(&rng, -3, 5) == table[k].uniform);
    }
}

static void test_fill(void **state)
{
    (void)state;
    env_rng one = env_rng_make(7), many = one;
    double values[5];
    env_rng_uniform_fill(&many, -3, 5, values, 5);
    for (int i = 0; i < 5; i++) assert_true(values[i] == env_rng_uniform(&one, -3, 5));
    assert_memory_equal(&one, &many, sizeof one);
}

/* numpy.random.PCG64(123).state, a decimal number there, as halves. */
static void test_state(void **state)
{
    (void)state;
    const env_rng rng = env_rng_make(123);
    assert_true(rng.state[0] == 8677865484071468644u && rng.state[1] == 6624233139883375437u);
    assert_true(rng.increment[0] == 958784030336496442u && rng.increment[1] == 2800060049131543611u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
