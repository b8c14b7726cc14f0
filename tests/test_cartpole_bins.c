/* Bins: edges, clamps, errors, the lab report's make_state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <kvist/env.h>
#include <limits.h>
#include <math.h>
#include <string.h>

static int bin(double value, double low, double high, int bins)
{
    int got = -1;
    assert_int_equal(env_bin(value, low, high, bins, &got), ENV_OK);
    return got;
}

/* Row 71 of docs/faults.md. */
static void test_inner_edges(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) { /* edges at eighths: exact in binary */
        const double edge = -2 + k * 0.5;
        assert_int_equal(bin(edge, -2, 2, 8), k);
        assert_int_equal(bin(edge + 0.25, -2, 2, 8), k);
        assert_int_equal(bin(edge + 0.5 - 1e-12, -2, 2, 8), k);
    }
    assert_int_equal(bin(0.0, -2.4, 2.4, 10), 5);
    assert_int_equal(bin(-1e-9, -2.4, 2.4, 10), 4);
}

static void test_71_clamps(void **state)
{
    (void)state;
    assert_int_equal(bin(2, -2, 2, 8), 7); /* the upper edge belongs to the last bin */
    assert_int_equal(bin(1e300, -2, 2, 8), 7);
    assert_int_equal(bin(INFINITY, -2, 2, 8), 7);
    assert_int_equal(bin(-2.0001, -2, 2, 8), 0);
    assert_int_equal(bin(-1e300, -2, 2, 8), 0);
    assert_int_equal(bin(-INFINITY, -2, 2, 8), 0);
    assert_int_equal(bin(INFINITY, 0, 1, 1), 0);
    assert_int_equal(bin(1.0, 0, 1, INT_MAX), INT_MAX - 1);
}

static void test_bin_errors(void **state)
{
    (void)state;
    int got = 42;
    assert_int_equal(env_bin(NAN, 0, 1, 10, &got), ENV_ERR_NUMERIC);
    assert_int_equal(env_bin(0.5, 1, 1, 10, &got), ENV_ERR_ARGUMENT);
    assert_int_equal(env_bin(0.5, 2, 1, 10, &got), ENV_ERR_ARGUMENT);
    assert_int_equal(env_bin(0.5, NAN, 1, 10, &got), ENV_ERR_ARGUMENT);
    assert_int_equal(env_bin(0.5, 0, INFINITY, 10, &got), ENV_ERR_ARGUMENT);
    assert_int_equal(env_bin(0.5, -1.7e308, 1.7e308, 10, &got), ENV_ERR_ARGUMENT);
    assert_int_equal(env_bin(0.5, 0, 1, 0, &got), ENV_ERR_ARGUMENT);
    assert_int_equal(env_bin(0.5, 0, 1, 10, NULL), ENV_ERR_ARGUMENT);
    assert_int_equal(env_bin(0.5, 0, 4.9e-324, 10, &got), ENV_ERR_ARGUMENT); /* bins narrower than any number */
    assert_int_equal(got, 42);
}

/* --- several observations ----------------------------------------------------------------------------------------- */

static const double high[4] = { 2.4, 3.0, 0.21, 3.5 }, low[4] = { -2.4, -3.0, -0.21, -3.5 };

static env_discretizer make_state(void)
{
    env_discretizer made;
    const int bins[4] = { 10, 10, 10, 10 };
    assert_int_equal(env_discretizer_init(&made, 4, low, high, bins, NULL), ENV_OK);
    assert_int_equal(made.states, 10000);
    return made;
}

static void test_make_state(void **state)
{
    (void)state;
    const env_discretizer d = make_state();
    env_rng rng = env_rng_make(3);
    for (int k = 0; k < 10000; k++) {
        float obs[4];
        int want = 0, got = -1;
        for (int i = 0; i < 4; i++) {
            obs[i] = (float)env_rng_uniform(&rng, 1.2 * low[i], 1.2 * high[i]);
            want = want * 10 + bin((double)obs[i], low[i], high[i], 10);
        }
        assert_int_equal(env_discretize(&d, obs, &got), ENV_OK);
        assert_int_equal(got, want);
    }
    int got;
    assert_int_equal(env_discretize(&d, (const float[4]){ -9, -9, -9, -9 }, &got), ENV_OK);
    assert_int_equal(got, 0);
    assert_int_equal(env_discretize(&d, (const float[4]){ INFINITY, 9, 9, 9 }, &got), ENV_OK);
    assert_int_equal(got, 9999);
    assert_int_equal(env_discretize(&d, (const float[4]){ 0.1f, -9, 9, -INFINITY }, &got), ENV_OK);
    assert_int_equal(got, 5090);
}

static void test_different_bins(void **state)
{
    (void)state;
    env_discretizer d;
    const int bins[3] = { 2, 3, 5 };
    assert_int_equal(env_discretizer_init(&d, 3, low, high, bins, NULL), ENV_OK);
    assert_int_equal(d.states, 30);
    int got;
    assert_int_equal(env_discretize(&d, (const float[3]){ 1, 0, 0.2f }, &got), ENV_OK);
    assert_int_equal(got, (1 * 3 + 1) * 5 + 4);
}

static void test_70_nan_observation(void **state)
{
    (void)state;
    const env_discretizer d = make_state();
    for (int i = 0; i < 4; i++) {
        float obs[4] = { 0 };
        obs[i] = NAN;
        int got = 42;
        assert_int_equal(env_discretize(&d, obs, &got), ENV_ERR_NUMERIC);
        assert_int_equal(got, 42);
    }
}

static void test_null_observation(void **state)
{
    (void)state;
    const env_discretizer d = make_state();
    const float obs[4] = { 0 };
    int got = 42;
    assert_int_equal(env_discretize(NULL, obs, &got), ENV_ERR_ARGUMENT);
    assert_int_equal(env_discretize(&d, NULL, &got), ENV_ERR_ARGUMENT);
    assert_int_equal(env_discretize(&d, obs, NULL), ENV_ERR_ARGUMENT);
    assert_int_equal(got, 42);
}

static void assert_init_refused(int dims, const double *from, const double *to, const int *bins, const char *culprit)
{
    env_discretizer d, before;
    memset(&d, 7, sizeof d);
    memcpy(&before, &d, sizeof d);
    env_error error = { ENV_OK, "" };
    assert_int_equal(env_discretizer_init(&d, dims, from, to, bins, &error), ENV_ERR_ARGUMENT);
    assert_memory_equal(&before, &d, sizeof d);
    assert_int_equal(error.status, ENV_ERR_ARGUMENT);
    assert_non_null(strstr(error.text, culprit));
}

static void test_init_errors(void **state)
{
    (void)state;
    const int good[4] = { 10, 10, 10, 10 }, zero[4] = { 10, 10, 0, 10 }, many[4] = { 10, 50000, 50000, 10 };
    env_discretizer one;
    assert_int_equal(env_discretizer_init(&one, 1, low, high, good, NULL), ENV_OK);
    assert_int_equal(one.states, 10);
    assert_init_refused(0, low, high, good, "dims");
    assert_init_refused(ENV_MAX_DIMS + 1, low, high, good, "dims");
    assert_init_refused(4, NULL, high, good, "NULL");
    assert_init_refused(4, low, NULL, good, "NULL");
    assert_init_refused(4, low, high, NULL, "NULL");
    assert_int_equal(env_discretizer_init(NULL, 4, low, high, good, NULL), ENV_ERR_ARGUMENT);
    assert_init_refused(4, high, low, good, "dimension 0: expected at least 1 bin over finite low < high");
    const double near[2][1] = { { -1e-320 }, { 1e-320 } }, far[2][1] = { { -1.7e308 }, { 1.7e308 } };
    assert_init_refused(1, near[0], near[1], good, "dimension 0: expected finite high - low and bins / (high - low)");
    assert_init_refused(1, far[0], far[1], good, "dimension 0: expected finite high - low and bins / (high - low)");
    assert_init_refused(4, low, high, zero, "dimension 2");
    assert_init_refused(4, low, high, many, "bins[2]");
}

/* Of an earlier call that failed, nothing is told any more. */
static void test_init_clears_the_error(void **state)
{
    (void)state;
    const int bins[4] = { 10, 10, 10, 10 };
    env_discretizer d;
    env_error error = { ENV_ERR_SPACE, "stale" };
    assert_int_equal(env_discretizer_init(&d, 4, low, high, bins, &error), ENV_OK);
    assert_int_equal(error.status, ENV_OK);
    assert_string_equal(error.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inner_edges),      cmocka_unit_test(test_71_clamps),
        cmocka_unit_test(test_bin_errors),       cmocka_unit_test(test_make_state),
        cmocka_unit_test(test_different_bins),   cmocka_unit_test(test_70_nan_observation),
        cmocka_unit_test(test_init_errors),      cmocka_unit_test(test_init_clears_the_error),
        cmocka_unit_test(test_null_observation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
