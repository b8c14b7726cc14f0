/* The series for sine and cosine: how far from the exact value, and how often not the nearest double. The inner loops
   of every instruction set against the single step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "cartpole_kernel.h"
#include "cartpole_physics.h"

#include <cmocka.h>
#include <float.h>
#include <kvist/env.h>

enum { SAMPLES = 2000000 };

typedef struct deviation {
    double worst; /* units in the last place */
    int rounded;  /* samples that are not the nearest double */
} deviation;

static void compare(deviation *d, double got, long double exact)
{
    int exponent;
    frexpl(exact, &exponent);
    const double ulp = ldexp(1.0, exponent - DBL_MANT_DIG);
    const double error = (double)(fabsl((long double)got - exact) / (long double)ulp);
    if (error > d->worst) d->worst = error;
    d->rounded += got != (double)exact;
}

static void test_series(void **state)
{
    (void)state;
    if (LDBL_MANT_DIG < DBL_MANT_DIG + 8) {
        print_message("long double is no wider than double here: nothing to compare with\n");
        skip();
    }
    env_rng rng = env_rng_make(1);
    deviation sine = { 0 }, cosine = { 0 };
    for (int k = 0; k < SAMPLES; k++) {
        const double t = env_rng_uniform(&rng, -CARTPOLE_SERIES_LIMIT, CARTPOLE_SERIES_LIMIT);
        compare(&sine, cartpole_sin(t), sinl(t));
        compare(&cosine, cartpole_cos(t), cosl(t));
    }
    print_message("sin: worst %.4f ulp, %.3f %% not nearest; cos: worst %.4f ulp, %.3f %% not nearest\n", sine.worst,
                  100.0 * sine.rounded / SAMPLES, cosine.worst, 100.0 * cosine.rounded / SAMPLES);
    assert_true(sine.worst < 0.52 && cosine.worst < 0.52);
    assert_true(sine.rounded < SAMPLES / 200 && cosine.rounded < SAMPLES / 200);
}

/* One unit in the last place of the platform's own functions, at the ends and around zero too. */
static void test_against_libm(void **state)
{
    (void)state;
    const double special[] = { 0.0, -0.0, 1e-300, -1e-20, 1e-9, CARTPOLE_THETA_LIMIT, -CARTPOLE_SERIES_LIMIT };
    for (size_t k = 0; k < sizeof special / sizeof *special; k++) {
        const double t = special[k], s = sin(t), c = cos(t);
        assert_true(cartpole_sin(t) >= nextafter(s, -1) && cartpole_sin(t) <= nextafter(s, 1));
        assert_true(cartpole_cos(t) >= nextafter(c, 0) && cartpole_cos(t) <= nextafter(c, 2));
    }
}

/* --- the inner loops ---------------------------------------------------------------------------------------------- */

enum { LANES = 1003, ROUNDS = 200 };

static double x[LANES], x_dot[LANES], theta[LANES], theta_dot[LANES];
static int steps[LANES], action[LANES];

static cartpole_state lane(int i)
{
    return (cartpole_state){ x[i], x_dot[i], theta[i], theta_dot[i] };
}

static void scatter(env_rng *rng)
{
    env_rng_uniform_fill(rng, -2.4, 2.4, x, LANES);
    env_rng_uniform_fill(rng, -4, 4, x_dot, LANES);
    env_rng_uniform_fill(rng, -CARTPOLE_THETA_LIMIT, CARTPOLE_THETA_LIMIT, theta, LANES);
    env_rng_uniform_fill(rng, -4, 4, theta_dot, LANES);
    for (int i = 0; i < LANES; i++) {
        action[i] = (int)(env_rng_next(rng) >> 63);
        steps[i] = (int)(env_rng_next(rng) >> 55); /* 0 to 511 */
    }
}

/* One environment alone, which works both actions out and takes one. */
static void compare_single(int i, const cartpole_state *want, uint8_t want_end)
{
    env_cartpole env;
    env_step result;
    assert_int_equal(env_cartpole_init(&env, 500, 1), ENV_OK);
    env.x = x[i];
    env.x_dot = x_dot[i];
    env.theta = theta[i];
    env.theta_dot = theta_dot[i];
    env.step = steps[i];
    env.running = true;
    assert_int_equal(env_cartpole_step(&env, action[i], NULL, &result), ENV_OK);
    const cartpole_state got = { env.x, env.x_dot, env.theta, env.theta_dot };
    assert_memory_equal(&got, want, sizeof got);
    assert_int_equal(result.terminated, (want_end & CARTPOLE_TERMINATED) != 0);
    assert_int_equal(result.truncated, (want_end & CARTPOLE_TRUNCATED) != 0);
}

static void compare_step(const cartpole_kernel *kernel)
{
    static cartpole_state want[LANES];
    static uint8_t want_end[LANES], ended[LANES];
    for (int i = 0; i < LANES; i++) {
        const cartpole_state q = lane(i);
        const double force = action[i] ? 10.0 : -10.0;
        const cartpole_next next = cartpole_euler(q, force, cartpole_sin(q.theta), cartpole_cos(q.theta));
        want[i] = (cartpole_state){ next.x, next.x_dot, next.theta, next.theta_dot };
        const bool fell = fabs(want[i].x) > 2.4 || fabs(want[i].theta) > CARTPOLE_THETA_LIMIT;
        want_end[i] = (uint8_t)((fell ? CARTPOLE_TERMINATED : 0) | (steps[i] >= 499 ? CARTPOLE_TRUNCATED : 0));
    }
    for (int i = 0; i < LANES; i++) compare_single(i, &want[i], want_end[i]);
    const cartpole_lanes lanes = { x, x_dot, theta, theta_dot, steps };
    kernel->step(&lanes, action, 500, LANES, ended);
    for (int i = 0; i < LANES; i++) {
        const cartpole_state got = lane(i);
        assert_memory_equal(&got, &want[i], sizeof got);
        assert_int_equal(ended[i], want_end[i]);
    }
}

static void compare_kernel(const cartpole_kernel *kernel)
{
    env_rng rng = env_rng_make(4);
    for (int k = 0; k < ROUNDS; k++) {
        scatter(&rng);
        compare_step(kernel);
    }

    static float obs[LANES][4];
    const cartpole_lanes lanes = { x, x_dot, theta, theta_dot, steps };
    kernel->observe(&lanes, LANES, obs[0]);
    for (int i = 0; i < LANES; i++) {
        assert_true(obs[i][0] == (float)x[i] && obs[i][1] == (float)x_dot[i]);
        assert_true(obs[i][2] == (float)theta[i] && obs[i][3] == (float)theta_dot[i]);
    }

    assert_true(kernel->all_bits(action, LANES) < 2);
    for (int i = 0; i < LANES; i += 17) {
        const int right = action[i];
        action[i] = i % 2 ? -1 : 2;
        assert_true(kernel->all_bits(action, LANES) >= 2);
        action[i] = right;
    }
}

static void test_kernels(void **state)
{
    (void)state;
    compare_kernel(&env_cartpole_kernel_portable);
#ifdef CARTPOLE_X86_64
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        compare_kernel(&env_cartpole_kernel_avx2);
    else
        print_message("no AVX2 here: its loops are not tested\n");
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw"))
        compare_kernel(&env_cartpole_kernel_avx512);
    else
        print_message("no AVX-512 here: its loops are not tested\n");
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_series),
        cmocka_unit_test(test_against_libm),
        cmocka_unit_test(test_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
