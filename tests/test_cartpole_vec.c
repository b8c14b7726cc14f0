/* Many CartPoles against single ones, bit for bit; automatic resets; errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <kvist/env.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COUNT = 1100, SEED = 1000 };

static int action[MAX_COUNT];
static float obs[MAX_COUNT][4], final_obs[MAX_COUNT][4], reward[MAX_COUNT];
static bool terminated[MAX_COUNT], truncated[MAX_COUNT];
static const env_cartpole_vec_out out = { obs[0], final_obs[0], reward, terminated, truncated };

static env_cartpole_vec *make(int count, int max_steps)
{
    env_error error = { ENV_ERR_SPACE, "of an earlier call" };
    env_cartpole_vec *vec = env_cartpole_vec_create(
        &(env_cartpole_vec_def){ .count = count, .max_steps = max_steps, .seed = SEED }, &error);
    if (!vec || error.status != ENV_OK || error.text[0]) fail_msg("%s", error.text);
    assert_int_equal(env_cartpole_vec_count(vec), count);
    return vec;
}

static void assert_same(const env_cartpole_vec *vec, int i, const env_cartpole *want)
{
    env_cartpole got;
    assert_int_equal(env_cartpole_vec_get(vec, i, &got), ENV_OK);
    if (got.x != want->x || got.x_dot != want->x_dot || got.theta != want->theta || got.theta_dot != want->theta_dot)
        fail_msg("environment %d, step %d: expected %a %a %a %a, got %a %a %a %a", i, want->step, want->x, want->x_dot,
                 want->theta, want->theta_dot, got.x, got.x_dot, got.theta, got.theta_dot);
    assert_int_equal(got.step, want->step);
    assert_int_equal(got.max_steps, want->max_steps);
    assert_int_equal(got.running, want->running);
    assert_memory_equal(&got.rng, &want->rng, sizeof got.rng);
}

/* Steps the single environment i by its action and compares what the vector step wrote for it. */
static void follow(env_cartpole *one, int i)
{
    float seen[4];
    env_step result;
    assert_int_equal(env_cartpole_step(one, action[i], seen, &result), ENV_OK);
    assert_int_equal(terminated[i], result.terminated);
    assert_int_equal(truncated[i], result.truncated);
    assert_true(reward[i] == result.reward);
    if (result.terminated || result.truncated) {
        assert_memory_equal(final_obs[i], seen, sizeof seen);
        env_cartpole_reset(one, seen);
    } else {
        assert_true(isnan(final_obs[i][0])); /* left alone */
    }
    assert_memory_equal(obs[i], seen, sizeof seen);
}

/* Random actions at even places; at odd ones a policy that reaches the limit. */
static void choose(const env_cartpole *ones, int count, env_rng *rng)
{
    for (int i = 0; i < count; i++) {
        const env_cartpole *e = ones + i;
        action[i] =
            i % 2 ? e->theta + 0.5 * e->theta_dot + 0.02 * e->x_dot + 0.01 * e->x > 0 : (int)(env_rng_next(rng) >> 63);
        for (int k = 0; k < 4; k++) final_obs[i][k] = NAN;
    }
}

static void compare_with_single(int count, int max_steps, int steps)
{
    static env_cartpole ones[MAX_COUNT];
    env_cartpole_vec *vec = make(count, max_steps);
    env_rng rng = env_rng_make(9);
    env_cartpole_vec_reset(vec, obs[0]);
    for (int i = 0; i < count; i++) {
        float seen[4];
        assert_int_equal(env_cartpole_init(ones + i, max_steps, (uint64_t)(SEED + i)), ENV_OK);
        env_cartpole_reset(ones + i, seen);
        assert_memory_equal(obs[i], seen, sizeof seen);
    }
    for (int step = 0; step < steps; step++) {
        choose(ones, count, &rng);
        assert_int_equal(env_cartpole_vec_step(vec, action, &out), ENV_OK);
        for (int i = 0; i < count; i++) follow(ones + i, i);
        for (int i = 0; i < count; i++) assert_same(vec, i, ones + i);
    }
    env_cartpole_vec_destroy(vec);
}

static void test_single_bit_for_bit(void **state)
{
    (void)state;
    compare_with_single(37, 0, 1200); /* odd sizes: the loops' remainders; over the limit of 500 */
    compare_with_single(1, ENV_CARTPOLE_V0_STEPS, 500);
    compare_with_single(MAX_COUNT, 100, 250); /* several blocks */
}

static void test_outputs_are_optional(void **state)
{
    (void)state;
    env_cartpole_vec *a = make(20, 30), *b = make(20, 30);
    env_cartpole_vec_reset(a, NULL);
    env_cartpole_vec_reset(b, NULL);
    memset(action, 0, sizeof action);
    for (int step = 0; step < 100; step++) {
        assert_int_equal(env_cartpole_vec_step(a, action, &out), ENV_OK);
        assert_int_equal(env_cartpole_vec_step(b, action, &(env_cartpole_vec_out){ 0 }), ENV_OK);
    }
    for (int i = 0; i < 20; i++) {
        env_cartpole want;
        assert_int_equal(env_cartpole_vec_get(a, i, &want), ENV_OK);
        assert_same(b, i, &want);
    }
    env_cartpole_vec_destroy(a);
    env_cartpole_vec_destroy(b);
}

/* --- errors ------------------------------------------------------------------------------------------------------- */

/* A step that is refused changes neither environments nor outputs and says why. */
static void assert_refused(env_cartpole_vec *vec, const int *actions, env_status want, const char *reason)
{
    env_cartpole before, after;
    assert_int_equal(env_cartpole_vec_get(vec, 3, &before), ENV_OK);
    memset(obs, 1, sizeof obs);
    memset(reward, 1, sizeof reward);
    float untouched[4];
    memset(untouched, 1, sizeof untouched);
    assert_int_equal(env_cartpole_vec_step(vec, actions, &out), want);
    assert_non_null(strstr(env_cartpole_vec_error(vec), reason));
    assert_int_equal(env_cartpole_vec_get(vec, 3, &after), ENV_OK);
    assert_same(vec, 3, &before);
    assert_memory_equal(obs[3], untouched, sizeof untouched);
    assert_memory_equal(&reward[3], untouched, sizeof *reward);
}

/* Rows 66 and 67 of docs/faults.md. */
static void test_refused_steps(void **state)
{
    (void)state;
    env_cartpole_vec *vec = make(700, 0);
    memset(action, 0, sizeof action);
    assert_string_equal(env_cartpole_vec_error(vec), "");
    assert_refused(vec, action, ENV_ERR_STATE, "expected a reset");
    env_cartpole_vec_reset(vec, NULL);
    assert_refused(vec, NULL, ENV_ERR_ARGUMENT, "action");
    action[650] = 2;
    assert_refused(vec, action, ENV_ERR_ACTION, "action[650]: expected 0 or 1, got 2");
    action[650] = -1;
    assert_refused(vec, action, ENV_ERR_ACTION, "action[650]: expected 0 or 1, got -1");
    action[650] = 1;
    assert_int_equal(env_cartpole_vec_step(vec, action, NULL), ENV_ERR_ARGUMENT);
    assert_int_equal(env_cartpole_vec_step(NULL, action, &out), ENV_ERR_ARGUMENT);
    assert_int_equal(env_cartpole_vec_step(vec, action, &out), ENV_OK);
    env_cartpole_vec_destroy(vec);
}

static void assert_not_created(env_cartpole_vec_def def, env_status want, const char *culprit)
{
    env_error error = { ENV_OK, "" };
    assert_null(env_cartpole_vec_create(&def, &error));
    assert_int_equal(error.status, want);
    assert_non_null(strstr(error.text, culprit));
    assert_null(env_cartpole_vec_create(&def, NULL));
}

static void *no_memory(size_t size, size_t align, void *user)
{
    (void)size, (void)align;
    ++*(int *)user;
    return NULL;
}

static void *some_memory(size_t size, size_t align, void *user)
{
    ++*(int *)user;
    return aligned_alloc(align, size);
}

static void give_back(void *memory, void *user)
{
    --*(int *)user;
    free(memory);
}

static void test_definitions(void **state)
{
    (void)state;
    assert_not_created((env_cartpole_vec_def){ 0 }, ENV_ERR_ARGUMENT, "count: expected at least 1, got 0");
    assert_not_created((env_cartpole_vec_def){ .count = -5 }, ENV_ERR_ARGUMENT, "count");
    assert_not_created((env_cartpole_vec_def){ .count = 1, .max_steps = -1 }, ENV_ERR_ARGUMENT, "max_steps");
    const env_allocator half = { .alloc = no_memory }, other_half = { .release = give_back };
    assert_not_created((env_cartpole_vec_def){ .count = 1, .alloc = &half }, ENV_ERR_ARGUMENT, "alloc");
    assert_not_created((env_cartpole_vec_def){ .count = 1, .alloc = &other_half }, ENV_ERR_ARGUMENT, "alloc");
    env_error error;
    assert_null(env_cartpole_vec_create(NULL, &error));
    assert_int_equal(error.status, ENV_ERR_ARGUMENT);
    env_cartpole_vec_destroy(NULL);
}

static void test_memory(void **state)
{
    (void)state;
    int calls = 0, held = 0;
    const env_allocator none = { no_memory, give_back, &calls }, some = { some_memory, give_back, &held };
    assert_not_created((env_cartpole_vec_def){ .count = 64, .alloc = &none }, ENV_ERR_MEMORY, "64");
    assert_int_equal(calls, 2); /* once per attempt, nothing given back */
    env_cartpole_vec *vec = env_cartpole_vec_create(&(env_cartpole_vec_def){ .count = 64, .alloc = &some }, NULL);
    assert_non_null(vec);
    assert_int_equal(held, 1);
    env_cartpole_vec_destroy(vec);
    assert_int_equal(held, 0);
}

/* --- one environment in and out ----------------------------------------------------------------------------------- */

static void test_set_restores(void **state)
{
    (void)state;
    env_cartpole_vec *vec = make(9, 0);
    memset(action, 0, sizeof action);
    env_cartpole saved, now;
    assert_int_equal(env_cartpole_vec_get(vec, 4, &saved), ENV_OK);
    assert_false(saved.running);
    env_cartpole_vec_reset(vec, NULL);
    assert_int_equal(env_cartpole_vec_get(vec, 4, &saved), ENV_OK);
    for (int k = 0; k < 25; k++) assert_int_equal(env_cartpole_vec_step(vec, action, &out), ENV_OK);
    assert_int_equal(env_cartpole_vec_get(vec, 4, &now), ENV_OK);
    assert_true(now.x != saved.x);
    assert_int_equal(env_cartpole_vec_set(vec, 4, &saved), ENV_OK);
    assert_same(vec, 4, &saved);
    env_cartpole_vec_destroy(vec);
}

static void test_set_refuses(void **state)
{
    (void)state;
    env_cartpole_vec *vec = make(9, 0);
    env_cartpole good, bad;
    assert_int_equal(env_cartpole_init(&good, 500, 1), ENV_OK);
    env_cartpole_reset(&good, NULL);
    assert_int_equal(env_cartpole_vec_set(vec, 0, &good), ENV_ERR_STATE); /* before the reset */
    env_cartpole_vec_reset(vec, NULL);
    assert_int_equal(env_cartpole_vec_set(vec, 0, &good), ENV_OK);

    assert_int_equal(env_cartpole_vec_set(vec, -1, &good), ENV_ERR_ARGUMENT);
    assert_int_equal(env_cartpole_vec_set(vec, 9, &good), ENV_ERR_ARGUMENT);
    assert_int_equal(env_cartpole_vec_set(vec, 0, NULL), ENV_ERR_ARGUMENT);
    assert_int_equal(env_cartpole_vec_get(vec, 9, &bad), ENV_ERR_ARGUMENT);
    assert_int_equal(env_cartpole_vec_get(vec, -1, &bad), ENV_ERR_ARGUMENT);
    assert_int_equal(env_cartpole_vec_get(vec, 0, NULL), ENV_ERR_ARGUMENT);
    assert_int_equal(env_cartpole_vec_get(NULL, 0, &bad), ENV_ERR_ARGUMENT);
    assert_int_equal(env_cartpole_vec_set(NULL, 0, &good), ENV_ERR_ARGUMENT);
    bad = good, bad.max_steps = 200;
    assert_int_equal(env_cartpole_vec_set(vec, 0, &bad), ENV_ERR_ARGUMENT);
    for (int k = 0; k < 4; k++) {
        bad = good;
        *(double *[4]){ &bad.x, &bad.x_dot, &bad.theta, &bad.theta_dot }[k] = k % 2 ? INFINITY : NAN;
        assert_int_equal(env_cartpole_vec_set(vec, 0, &bad), ENV_ERR_NUMERIC);
    }
    bad = good, bad.theta = 0.5;
    assert_int_equal(env_cartpole_vec_set(vec, 0, &bad), ENV_ERR_STATE);
    bad = good, bad.running = false;
    assert_int_equal(env_cartpole_vec_set(vec, 0, &bad), ENV_ERR_STATE);
    bad = good, bad.step = -1;
    assert_int_equal(env_cartpole_vec_set(vec, 0, &bad), ENV_ERR_STATE);
    bad = good, bad.step = 500;
    assert_int_equal(env_cartpole_vec_set(vec, 0, &bad), ENV_ERR_STATE);
    assert_same(vec, 0, &good);
    env_cartpole_vec_destroy(vec);
}

/* The step that ends an episode, alone and among many: the same bits, but for what overflows. */
static void assert_last_step(const env_cartpole *from, int way, bool same)
{
    env_cartpole_vec *vec = make(1, 0);
    env_cartpole single = *from;
    float alone[4];
    env_step result;
    env_cartpole_vec_reset(vec, NULL);
    assert_int_equal(env_cartpole_vec_set(vec, 0, from), ENV_OK);
    action[0] = way;
    assert_int_equal(env_cartpole_vec_step(vec, action, &out), ENV_OK);
    assert_int_equal(env_cartpole_step(&single, way, alone, &result), ENV_OK);
    assert_true(result.terminated && terminated[0]);
    if (same) assert_memory_equal(final_obs[0], alone, sizeof alone);
    env_cartpole_vec_destroy(vec);
}

static void test_far_states(void **state)
{
    (void)state;
    env_cartpole far;
    assert_int_equal(env_cartpole_init(&far, 500, 1), ENV_OK);
    env_cartpole_reset(&far, NULL);
    far.theta = 0.1;
    for (int way = 0; way < 2; way++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            far.x_dot = sign * 1.7e308, far.theta_dot = 0;
            assert_last_step(&far, way, true);
            far.x_dot = 0, far.theta_dot = sign * 1.3e154;
            assert_last_step(&far, way, true);
            far.theta_dot = sign * 1.7e308;
            assert_last_step(&far, way, false);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_bit_for_bit),
        cmocka_unit_test(test_outputs_are_optional),
        cmocka_unit_test(test_refused_steps),
        cmocka_unit_test(test_definitions),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_set_restores),
        cmocka_unit_test(test_set_refuses),
        cmocka_unit_test(test_far_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
