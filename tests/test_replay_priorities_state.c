/* Replay by priority: state for checkpoints, and what is refused. */
#include "ring.h"

#include <kvist/data.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// Six transitions of eight, with the errors 0 to 5.
static data_replay *graded(double exponent)
{
    data_replay *r = ring_create(8, exponent);
    for (int i = 0; i < 6; i++) ring_push(r, i), ring_set(r, i, (float)i);
    return r;
}

/* --- state -------------------------------------------------------------------------------------------------------- */

static void test_state_goes_on(void **state)
{
    (void)state;
    // 5: not full; 8: just full; 21: wrapped
    for (int pushes = 3; pushes <= 21; pushes++) {
        data_replay *r = ring_create(8, 0.6), *resumed = ring_create(8, 0.6);
        size_t size, again;
        for (int i = 0; i < pushes; i++) ring_push(r, i), ring_set(r, i % 8, (float)(i % 7));
        for (int i = 0; i < 8; i++) ring_push(resumed, 40 + i), ring_set(resumed, i, 50.0f); // forgotten by the restore
        const void *bytes = data_replay_state(r, &size);
        assert_int_equal(size, 40 + (size_t)data_replay_count(r) * (12 + 8 + 4));
        assert_int_equal(data_replay_restore(resumed, bytes, size, NULL), DATA_OK);
        ring_same_draws(r, resumed, 3);
        for (int i = pushes; i < pushes + 3; i++) ring_push(r, i), ring_push(resumed, i);
        ring_set(r, 1, 0.5f), ring_set(resumed, 1, 0.5f);
        ring_same_draws(r, resumed, 3);
        bytes = data_replay_state(r, &size);
        assert_memory_equal(bytes, data_replay_state(resumed, &again), size);
        assert_int_equal(size, again);
        data_replay_destroy(r);
        data_replay_destroy(resumed);
    }
}

// The state has errors, not priorities: alpha may be another one from then on.
static void test_restore_under_another_alpha(void **state)
{
    (void)state;
    size_t size;
    data_replay *r = graded(0.4), *other = ring_create(8, 1.0), *wanted = graded(1.0);
    const void *bytes = data_replay_state(r, &size);
    assert_int_equal(data_replay_restore(other, bytes, size, NULL), DATA_OK);
    ring_same_draws(other, wanted, 6);
    data_replay_destroy(r);
    data_replay_destroy(other);
    data_replay_destroy(wanted);
}

static void refuse_state(const void *bytes, size_t size, double exponent, const char *reason)
{
    data_replay *r = graded(exponent), *untouched = graded(exponent);
    data_error error = { 0 };
    assert_int_equal(data_replay_restore(r, bytes, size, &error), DATA_ERR_FORMAT);
    if (!strstr(error.text, reason)) fail_msg("expected \"%s\" in: %s", reason, error.text);
    ring_same_draws(r, untouched, 6);
    ring_push(r, 6), ring_push(untouched, 6);
    ring_same_draws(r, untouched, 7);
    data_replay_destroy(r);
    data_replay_destroy(untouched);
}

static void refuse_error(const char *bytes, size_t size, size_t offset, float error, const char *reason)
{
    char broken[40 + 8 * 24];
    memcpy(broken, bytes, size);
    memcpy(broken + offset, &error, sizeof error);
    refuse_state(broken, size, 0.6, reason);
}

static void test_state_faults(void **state)
{
    (void)state;
    data_replay *r = ring_create(8, 0.6), *uniform = ring_create(8, 0.0);
    size_t size, uniform_size;
    const void *uniform_bytes = data_replay_state(uniform, &uniform_size), *bytes = data_replay_state(r, &size);
    refuse_state(uniform_bytes, uniform_size, 0.6, "bytes: expected at least 40, got 32");
    refuse_state(bytes, size, 0.0, "bytes: expected 32, got 40");
    for (int i = 0; i < 5; i++) ring_push(r, i), ring_push(uniform, i), ring_set(r, i, 2.0f);
    uniform_bytes = data_replay_state(uniform, &uniform_size);
    bytes = data_replay_state(r, &size);
    refuse_state(uniform_bytes, uniform_size, 0.6, "bytes: expected 160, got 132");
    refuse_state(bytes, size, 0.0, "bytes: expected 132, got 160");
    refuse_state(bytes, size - 1, 0.6, "bytes: expected 160, got 159");
    const float largest[] = { NAN, INFINITY, -2.0f, 0.5f };
    for (size_t i = 0; i < 4; i++) refuse_error(bytes, size, 32, largest[i], "largest TD error: expected a finite");
    const float errors[] = { NAN, INFINITY, -0.5f, 2.5f };
    for (size_t i = 0; i < 4; i++)
        refuse_error(bytes, size, 60, errors[i], "replay:60: TD error: expected 0 to 2, got");
    for (size_t i = 0; i < 4; i++) refuse_error(bytes, size, size - 4, errors[i], "replay:156: TD error");
    data_replay_destroy(r);
    data_replay_destroy(uniform);
}

/* --- refusals ----------------------------------------------------------------------------------------------------- */

// The first two of a list are in order, the third is not.
static void refuse_priorities(double exponent, int32_t index, float td_error, const char *reason)
{
    data_replay *r = ring_create(8, exponent);
    data_error error = { 0 };
    const float errors[] = { 5.0f, 6.0f, td_error };
    char before[40 + 6 * 24];
    size_t size;
    for (int i = 0; i < 6; i++) ring_push(r, i);
    const void *bytes = data_replay_state(r, &size);
    memcpy(before, bytes, size);
    const data_status status = data_replay_set_priorities(r, (int32_t[]){ 0, 1, index }, 3, errors, &error);
    assert_int_equal(status, DATA_ERR_ARGUMENT);
    assert_int_equal(error.status, DATA_ERR_ARGUMENT);
    assert_string_equal(error.text, reason);
    assert_memory_equal(data_replay_state(r, &size), before, size);
    data_rng rng = data_rng_make(1, 0);
    const ring_batch b = ring_draw(r, 6, 1.0, &rng);
    for (int k = 0; k < 6 && exponent > 0.0; k++) assert_int_equal(b.index[k], k); // still all alike
    data_replay_destroy(r);
}

static void test_priorities_refused(void **state)
{
    (void)state;
    const double exponents[] = { 0.0, 0.6 };
    for (size_t i = 0; i < 2; i++) {
        refuse_priorities(exponents[i], -1, 0, "replay.index[2]: expected one of the 6 transitions held, got -1");
        refuse_priorities(exponents[i], 6, 0, "replay.index[2]: expected one of the 6 transitions held, got 6");
        refuse_priorities(exponents[i], 2, NAN, "replay.td_error[2]: expected a finite number, got nan");
        refuse_priorities(exponents[i], 2, -INFINITY, "replay.td_error[2]: expected a finite number, got -inf");
    }
    data_replay *r = ring_create(8, 0.6);
    assert_int_equal(data_replay_set_priorities(r, NULL, -1, NULL, NULL), DATA_ERR_ARGUMENT);
    assert_int_equal(data_replay_set_priorities(r, NULL, 0, NULL, NULL), DATA_OK);
    assert_int_equal(data_replay_set_priorities(r, (int32_t[]){ 0 }, 1, (float[]){ 1 }, NULL), DATA_ERR_ARGUMENT);
    data_replay_destroy(r);
}

static void test_sample_refused(void **state)
{
    (void)state;
    data_replay *r = ring_create(8, 0.6);
    data_rng rng = data_rng_make(1, 0), before = rng;
    ring_batch b, untouched;
    data_error error;
    memset(&b, 0x5a, sizeof b);
    memcpy(&untouched, &b, sizeof b);
    assert_int_equal(ring_sample(r, 1, 0.0, &rng, &b, &error), DATA_ERR_STATE);
    for (int i = 0; i < 3; i++) ring_push(r, i);
    assert_int_equal(ring_sample(r, 4, 0.0, &rng, &b, &error), DATA_ERR_STATE);
    assert_int_equal(ring_sample(r, 0, 0.0, &rng, &b, &error), DATA_ERR_ARGUMENT);
    const double betas[] = { -0.1, 1.1, NAN };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ring_sample(r, 2, betas[i], &rng, &b, &error), DATA_ERR_ARGUMENT);
        assert_non_null(strstr(error.text, "replay.weight_exponent: expected 0 to 1, got"));
    }
    assert_memory_equal(&b, &untouched, sizeof b);
    assert_memory_equal(&rng, &before, sizeof rng);
    data_replay_destroy(r);
}

static void test_definition_out_of_range(void **state)
{
    (void)state;
    const double wrong[] = { -0.1, 1.1, NAN, INFINITY };
    for (size_t i = 0; i < 4; i++) {
        data_error error;
        data_replay_def def = { .capacity = 4, .observation = 1, .priority_exponent = wrong[i] };
        assert_null(data_replay_create(&def, &error));
        assert_int_equal(error.status, DATA_ERR_ARGUMENT);
        assert_non_null(strstr(error.text, "replay.priority_exponent: expected 0 to 1, got"));
        def = (data_replay_def){ .capacity = 4, .observation = 1, .priority_epsilon = wrong[i] };
        assert_null(data_replay_create(&def, &error));
        assert_int_equal(error.status, DATA_ERR_ARGUMENT);
        assert_non_null(strstr(error.text, "replay.priority_epsilon: expected above 0 and at most 1, got"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state_goes_on),  cmocka_unit_test(test_restore_under_another_alpha),
        cmocka_unit_test(test_state_faults),   cmocka_unit_test(test_priorities_refused),
        cmocka_unit_test(test_sample_refused), cmocka_unit_test(test_definition_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
