/* The series for sine and cosine: how far from the exact value, and how often not the nearest double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_series),
        cmocka_unit_test(test_against_libm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
