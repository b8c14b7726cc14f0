/* One CartPole against episodes computed from the formulas in Python (scripts/cartpole_reference.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <kvist/env.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *reference_path;

/* --- the reference ------------------------------------------------------------------------------------------------ */

static void assert_state(const env_cartpole *env, const double want[4], const char *run, int line)
{
    const double got[4] = { env->x, env->x_dot, env->theta, env->theta_dot };
    for (int k = 0; k < 4; k++)
        if (!(fabs(got[k] - want[k]) <= 1e-12))
            fail_msg("%s, line %d, variable %d: expected %a, got %a", run, line, k, want[k], got[k]);
}

static void step_as(env_cartpole *env, int action, const int want_end[2])
{
    float obs[4];
    env_step result;
    assert_int_equal(env_cartpole_step(env, action, obs, &result), ENV_OK);
    assert_true(result.reward == 1.0f);
    assert_int_equal(result.terminated, want_end[0]);
    assert_int_equal(result.truncated, want_end[1]);
    assert_int_equal(env->running, !want_end[0] && !want_end[1]);
    assert_true(obs[0] == (float)env->x && obs[1] == (float)env->x_dot); /* of the last step too */
    assert_true(obs[2] == (float)env->theta && obs[3] == (float)env->theta_dot);
}

static void test_reference(void **state)
{
    (void)state;
    FILE *file = fopen(reference_path, "r");
    assert_non_null(file);
    env_cartpole env = { 0 };
    char text[256], run[32] = "";
    int line = 0, runs = 0, resets = 0, steps = 0, limit, action, end[2];
    unsigned long long seed;
    double want[4];
    while (fgets(text, sizeof text, file)) {
        line++;
        if (sscanf(text, "run %31s seed %llu limit %d", run, &seed, &limit) == 3) {
            assert_int_equal(env_cartpole_init(&env, limit, seed), ENV_OK);
            runs++;
        } else if (sscanf(text, "reset %la %la %la %la", want, want + 1, want + 2, want + 3) == 4) {
            env_cartpole_reset(&env, NULL);
            assert_true(env.x == want[0] && env.x_dot == want[1] && env.theta == want[2] && env.theta_dot == want[3]);
            resets++;
        } else if (sscanf(text, "step %d %d %d %la %la %la %la", &action, end, end + 1, want, want + 1, want + 2,
                          want + 3) == 7) {
            step_as(&env, action, end);
            assert_state(&env, want, run, line);
            steps++;
        } else {
            fail_msg("line %d: expected run, reset or step, got %s", line, text);
        }
    }
    fclose(file);
    assert_int_equal(runs, 5);
    assert_int_equal(steps, 5000);
    assert_int_equal(resets, 109);
}

/* --- reset and limits --------------------------------------------------------------------------------------------- */

static void test_seed_123(void **state)
{
    (void)state;
    env_cartpole env;
    float obs[4];
    assert_int_equal(env_cartpole_init(&env, 0, 123), ENV_OK);
    assert_int_equal(env.max_steps, 500);
    env_cartpole_reset(&env, obs);
    const double want[4] = { 0.01823519, -0.0446179, -0.02796401, -0.03156282 };
    for (int k = 0; k < 4; k++) assert_true(fabs((double)obs[k] - want[k]) < 5e-9);
}

/* Steps taken in one episode by a policy that balances for ever. */
static int balance(int max_steps, env_step *last)
{
    env_cartpole env;
    assert_int_equal(env_cartpole_init(&env, max_steps, 5), ENV_OK);
    env_cartpole_reset(&env, NULL);
    do {
        const int action = env.theta + 0.5 * env.theta_dot + 0.02 * env.x_dot + 0.01 * env.x > 0;
        assert_int_equal(env_cartpole_step(&env, action, NULL, last), ENV_OK);
    } while (!last->terminated && !last->truncated);
    return env.step;
}

static void test_limits(void **state)
{
    (void)state;
    env_step last;
    assert_int_equal(balance(ENV_CARTPOLE_V0_STEPS, &last), 200);
    assert_true(last.truncated && !last.terminated);
    assert_int_equal(balance(ENV_CARTPOLE_V1_STEPS, &last), 500);
    assert_true(last.truncated && !last.terminated);
}

/* An environment that stands at x and theta, without speed. */
static env_cartpole standing(double x, double theta)
{
    env_cartpole env;
    assert_int_equal(env_cartpole_init(&env, 500, 0), ENV_OK);
    env_cartpole_reset(&env, NULL);
    env.x = x;
    env.theta = theta;
    env.x_dot = env.theta_dot = 0;
    return env;
}

static bool terminates(env_cartpole env)
{
    env_step result;
    assert_int_equal(env_cartpole_step(&env, 1, NULL, &result), ENV_OK);
    return result.terminated;
}

static void test_ends_just_beyond_the_limits(void **state)
{
    (void)state;
    const double limit = 12 * 2 * 3.141592653589793 / 360; /* without speed the position of a step is the old one */
    assert_false(terminates(standing(2.4, 0)));
    assert_true(terminates(standing(nextafter(2.4, 3), 0)));
    assert_false(terminates(standing(-2.4, 0)));
    assert_true(terminates(standing(nextafter(-2.4, -3), 0)));
    assert_false(terminates(standing(0, limit)));
    assert_true(terminates(standing(0, nextafter(limit, 1))));
    assert_false(terminates(standing(0, -limit)));
    assert_true(terminates(standing(0, nextafter(-limit, -1))));
}

static void test_failing_at_the_limit_is_both(void **state)
{
    (void)state;
    env_cartpole env = standing(3, 0);
    env.step = 499;
    env_step result;
    assert_int_equal(env_cartpole_step(&env, 0, NULL, &result), ENV_OK);
    assert_true(result.terminated && result.truncated);
}

/* Far from upright the series of the running episodes do not serve. */
static void test_any_angle(void **state)
{
    (void)state;
    for (int k = -30; k <= 30; k++) {
        env_cartpole env = standing(0, 0.1 * k);
        const double s = sin(env.theta), c = cos(env.theta), temp = (10.0 + 0.0) / 1.1;
        const double theta_acc = (9.8 * s - c * temp) / (0.5 * (4.0 / 3.0 - 0.1 * c * c / 1.1));
        assert_int_equal(env_cartpole_step(&env, 1, NULL, NULL), ENV_OK);
        assert_true(fabs(env.theta_dot - 0.02 * theta_acc) < 1e-14);
    }
}

static void test_a_copy_is_a_fork(void **state)
{
    (void)state;
    env_cartpole env = standing(0, 0.01), fork = env;
    for (int k = 0; k < 200; k++) {
        env_step a, b;
        assert_int_equal(env_cartpole_step(&env, k % 3 == 0, NULL, &a), ENV_OK);
        assert_int_equal(env_cartpole_step(&fork, k % 3 == 0, NULL, &b), ENV_OK);
        assert_true(env.x == fork.x && env.theta_dot == fork.theta_dot);
        if (env.running) continue;
        env_cartpole_reset(&env, NULL);
        env_cartpole_reset(&fork, NULL);
    }
}

/* A counter of steps at its end, as a caller may write it. */
static void test_65_last_step_of_all(void **state)
{
    (void)state;
    env_cartpole env = standing(0, 0);
    env_step result;
    env.max_steps = INT32_MAX;
    env.step = INT32_MAX - 2;
    assert_int_equal(env_cartpole_step(&env, 0, NULL, &result), ENV_OK);
    assert_false(result.truncated);
    for (int i = 0; i < 2; i++) { /* then as if it had not ended there */
        env.running = true;
        assert_int_equal(env_cartpole_step(&env, 0, NULL, &result), ENV_OK);
        assert_int_equal(env.step, INT32_MAX);
        assert_true(result.truncated && !env.running);
    }
}

/* --- errors ------------------------------------------------------------------------------------------------------- */

static void assert_refused(env_cartpole *env, int action, env_status want)
{
    env_cartpole before;
    memcpy(&before, env, sizeof before);
    float obs[4] = { 7, 7, 7, 7 };
    env_step result = { 7, true, true };
    assert_int_equal(env_cartpole_step(env, action, obs, &result), want);
    assert_memory_equal(&before, env, sizeof before);
    assert_true(obs[0] == 7 && obs[3] == 7 && result.reward == 7);
}

static void test_66_action_outside_the_set(void **state)
{
    (void)state;
    env_cartpole env = standing(0, 0);
    const int actions[] = { -1, 2, 3, INT32_MAX, INT32_MIN };
    for (size_t k = 0; k < sizeof actions / sizeof *actions; k++) assert_refused(&env, actions[k], ENV_ERR_ACTION);
}

static void test_67_step_out_of_order(void **state)
{
    (void)state;
    env_cartpole env = { 0 };
    assert_refused(&env, 0, ENV_ERR_STATE);
    env_cartpole_reset(&env, NULL); /* without init it does not begin */
    assert_refused(&env, 0, ENV_ERR_STATE);
    assert_int_equal(env_cartpole_init(&env, 500, 1), ENV_OK);
    assert_refused(&env, 0, ENV_ERR_STATE);

    env = standing(3, 0);
    assert_int_equal(env_cartpole_step(&env, 0, NULL, NULL), ENV_OK);
    assert_refused(&env, 0, ENV_ERR_STATE);
    env_cartpole_reset(&env, NULL);
    assert_int_equal(env_cartpole_step(&env, 0, NULL, NULL), ENV_OK);
}

static void test_70_state_that_is_no_number(void **state)
{
    (void)state;
    const double bad[] = { NAN, INFINITY, -INFINITY };
    for (int k = 0; k < 3; k++)
        for (int field = 0; field < 4; field++) {
            env_cartpole env = standing(0, 0);
            double *fields[4] = { &env.x, &env.x_dot, &env.theta, &env.theta_dot };
            *fields[field] = bad[k];
            assert_refused(&env, 1, ENV_ERR_NUMERIC);
        }
}

static void test_arguments(void **state)
{
    (void)state;
    env_cartpole env;
    assert_int_equal(env_cartpole_init(&env, -1, 0), ENV_ERR_ARGUMENT);
    assert_int_equal(env_cartpole_init(NULL, 0, 0), ENV_ERR_ARGUMENT);
    assert_int_equal(env_cartpole_step(NULL, 0, NULL, NULL), ENV_ERR_ARGUMENT);
}

/* Each status has its text, and so has what is none. */
static void test_status_strings(void **state)
{
    (void)state;
    static const char *const texts[] = {
#define TEXT(name, text) text,
        ENV_STATUS_MAP(TEXT)
#undef TEXT
    };
    for (int i = 0; i < (int)(sizeof texts / sizeof *texts); i++)
        assert_string_equal(env_status_string((env_status)i), texts[i]);
    assert_string_equal(env_status_string(ENV_ERR_SPACE), "buffer too small");
    assert_string_equal(env_status_string((env_status)99), "unknown status");
}

int main(int count, char **arguments)
{
    if (count != 2) return EXIT_FAILURE;
    reference_path = arguments[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_seed_123),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_ends_just_beyond_the_limits),
        cmocka_unit_test(test_failing_at_the_limit_is_both),
        cmocka_unit_test(test_any_angle),
        cmocka_unit_test(test_a_copy_is_a_fork),
        cmocka_unit_test(test_65_last_step_of_all),
        cmocka_unit_test(test_66_action_outside_the_set),
        cmocka_unit_test(test_67_step_out_of_order),
        cmocka_unit_test(test_70_state_that_is_no_number),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_status_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
