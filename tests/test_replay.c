/* Replay memory: the ring, uniform draws with and without replacement, state for checkpoints. Fault rows 68 and 69. */
#include <kvist/data.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static data_replay *create(int capacity, bool with_replacement)
{
    data_error error;
    data_replay *r = data_replay_create(
        &(data_replay_def){ .capacity = capacity, .observation = 3, .with_replacement = with_replacement }, &error);
    if (!r) fail_msg("%s", error.text);
    return r;
}

// Transition i: every field tells i.
static void push(data_replay *r, int i)
{
    const float f = (float)i, observation[] = { f, f + 0.25f, f + 0.5f }, next[] = { -f, -f - 0.25f, -f - 0.5f };
    data_replay_push(r, &(data_transition){ .observation = observation,
                                            .action = i % 2,
                                            .reward = 10.0f * f,
                                            .next = next,
                                            .terminated = i % 3 == 0,
                                            .truncated = i % 5 == 0 });
}

enum { MAX = 64 };
typedef struct batch {
    float observation[MAX][3], next[MAX][3], reward[MAX];
    int32_t action[MAX];
    uint8_t terminated[MAX], truncated[MAX];
} batch;

static data_status sample(data_replay *r, int size, data_rng *rng, batch *b, data_error *error)
{
    const data_transitions out = { .observation = b->observation[0],
                                   .action = b->action,
                                   .reward = b->reward,
                                   .next = b->next[0],
                                   .terminated = b->terminated,
                                   .truncated = b->truncated };
    return data_replay_sample(r, size, rng, &out, error);
}

// Row k holds one whole transition: which one.
static int which(const batch *b, int k)
{
    const float f = b->observation[k][0];
    const int i = (int)f;
    assert_true(b->observation[k][1] == f + 0.25f && b->observation[k][2] == f + 0.5f);
    assert_true(b->next[k][0] == -f && b->next[k][1] == -f - 0.25f && b->next[k][2] == -f - 0.5f);
    assert_true(b->reward[k] == 10.0f * f);
    assert_int_equal(b->action[k], i % 2);
    assert_int_equal(b->terminated[k], i % 3 == 0); // 68: an end and a cut are told apart, and may both be
    assert_int_equal(b->truncated[k], i % 5 == 0);
    return i;
}

static void test_ring_keeps_the_last(void **state)
{
    (void)state;
    data_replay *r = create(8, false);
    data_rng rng = data_rng_make(1, 0);
    batch b;
    for (int i = 0; i < 21; i++) {
        push(r, i);
        assert_int_equal(data_replay_count(r), i + 1 < 8 ? i + 1 : 8);
    }
    assert_int_equal(sample(r, 8, &rng, &b, NULL), DATA_OK);
    unsigned seen = 0;
    for (int k = 0; k < 8; k++) seen |= 1u << which(&b, k);
    assert_int_equal(seen, 0xffu << 13); // 13 to 20, each once
    data_replay_destroy(r);
    data_replay_destroy(NULL);
}

static void test_69_below_the_batch(void **state)
{
    (void)state;
    data_replay *r = create(100, false);
    data_rng rng = data_rng_make(1, 0), before = rng;
    batch b, untouched;
    data_error error;
    for (int i = 0; i < 19; i++) push(r, i);
    memset(&b, 0x5a, sizeof b);
    memcpy(&untouched, &b, sizeof b);
    assert_int_equal(sample(r, 20, &rng, &b, &error), DATA_ERR_STATE);
    assert_string_equal(error.text, "replay: expected at least 20 transitions, got 19");
    assert_int_equal(sample(r, 0, &rng, &b, &error), DATA_ERR_ARGUMENT);
    assert_memory_equal(&b, &untouched, sizeof b);
    assert_memory_equal(&rng, &before, sizeof rng);
    push(r, 19);
    assert_int_equal(sample(r, 20, &rng, &b, &error), DATA_OK);
    data_replay_destroy(r);
}

// Chi-square of how often each of 10 transitions stands at the first and at the last place of a batch of 5.
static void draws_are_uniform(bool with_replacement)
{
    enum { N = 10, BATCH = 5, DRAWS = 20000 };
    data_replay *r = create(32, with_replacement);
    data_rng rng = data_rng_make(7, 3);
    int first[N] = { 0 }, last[N] = { 0 }, repeats = 0;
    for (int i = 0; i < N; i++) push(r, i);
    for (int d = 0; d < DRAWS; d++) {
        batch b;
        unsigned seen = 0;
        bool repeated = false;
        assert_int_equal(sample(r, BATCH, &rng, &b, NULL), DATA_OK);
        for (int k = 0; k < BATCH; k++) {
            const unsigned bit = 1u << which(&b, k);
            repeated |= (seen & bit) != 0;
            seen |= bit;
        }
        repeats += repeated;
        first[which(&b, 0)]++;
        last[which(&b, BATCH - 1)]++;
    }
    double chi_first = 0.0, chi_last = 0.0, expected = (double)DRAWS / N;
    for (int i = 0; i < N; i++) {
        chi_first += (first[i] - expected) * (first[i] - expected) / expected;
        chi_last += (last[i] - expected) * (last[i] - expected) / expected;
    }
    assert_true(chi_first < 27.9 && chi_last < 27.9); // 9 degrees of freedom, p = 0.001
    if (with_replacement) {
        // 1 - 10 * 9 * 8 * 7 * 6 / 10^5 = 0.6976 of the batches hold something twice.
        assert_true(repeats > 0.68 * DRAWS && repeats < 0.715 * DRAWS);
    } else {
        assert_int_equal(repeats, 0);
    }
    data_replay_destroy(r);
}

static void test_without_replacement(void **state)
{
    (void)state;
    draws_are_uniform(false);
}

static void test_with_replacement(void **state)
{
    (void)state;
    draws_are_uniform(true);
}

static void test_same_seed_same_draws(void **state)
{
    (void)state;
    data_replay *r = create(64, false);
    batch a, b, c;
    data_rng rng = data_rng_make(5, 0), same = rng, other = data_rng_make(5, 1);
    for (int i = 0; i < 64; i++) push(r, i);
    memset(&a, 0, sizeof a), memset(&b, 0, sizeof b), memset(&c, 0, sizeof c);
    assert_int_equal(sample(r, 32, &rng, &a, NULL), DATA_OK);
    assert_int_equal(sample(r, 32, &same, &b, NULL), DATA_OK);
    assert_int_equal(sample(r, 32, &other, &c, NULL), DATA_OK);
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_not_equal(&a, &c, sizeof a);
    data_replay_destroy(r);
}

// All rows of the ring are drawn, whatever state the generator is in.
static void test_zeroed_generator(void **state)
{
    (void)state;
    data_replay *r = create(8, false);
    batch a, b;
    data_rng zeroed = { 0 }, made = data_rng_make(0, 0);
    for (int i = 0; i < 8; i++) push(r, i);
    memset(&a, 0, sizeof a), memset(&b, 0, sizeof b);
    assert_int_equal(sample(r, 8, &zeroed, &a, NULL), DATA_OK);
    assert_int_equal(sample(r, 8, &made, &b, NULL), DATA_OK);
    assert_memory_equal(&a, &b, sizeof a);
    data_replay_destroy(r);
}

static void test_parts_of_a_batch(void **state)
{
    (void)state;
    data_replay *r = create(4, false);
    float reward[2];
    data_rng rng = data_rng_make(0, 0);
    push(r, 1);
    push(r, 2);
    assert_int_equal(data_replay_sample(r, 2, &rng, &(data_transitions){ .reward = reward }, NULL), DATA_OK);
    assert_true(reward[0] + reward[1] == 30.0f);
    data_replay_destroy(r);
}

static void test_state_goes_on(void **state)
{
    (void)state;
    // 5: not full; 8: just full; 21: wrapped
    for (int pushes = 0; pushes <= 21; pushes++) {
        data_replay *r = create(8, false), *resumed = create(8, false);
        size_t size, again;
        batch a, b;
        for (int i = 0; i < pushes; i++) push(r, i);
        push(resumed, 40); // forgotten by the restore
        const void *bytes = data_replay_state(r, &size);
        assert_int_equal(data_replay_restore(resumed, bytes, size, NULL), DATA_OK);
        for (int i = pushes; i < pushes + 3; i++) push(r, i), push(resumed, i);
        assert_int_equal(data_replay_count(resumed), data_replay_count(r));
        bytes = data_replay_state(r, &size);
        assert_memory_equal(bytes, data_replay_state(resumed, &again), size);
        assert_int_equal(size, again);
        data_rng rng = data_rng_make(9, 0), same = rng;
        memset(&a, 0, sizeof a), memset(&b, 0, sizeof b);
        assert_int_equal(sample(r, 3, &rng, &a, NULL), DATA_OK);
        assert_int_equal(sample(resumed, 3, &same, &b, NULL), DATA_OK);
        assert_memory_equal(&a, &b, sizeof a);
        data_replay_destroy(r);
        data_replay_destroy(resumed);
    }
}

// Checkpoints of earlier versions: four counters, then the transitions, each a reward, an action, two flags and two
// observations.
static void test_state_layout(void **state)
{
    (void)state;
    data_replay *r = create(8, false);
    size_t size;
    for (int i = 0; i < 11; i++) push(r, i);
    const char *bytes = data_replay_state(r, &size);
    assert_int_equal(size, 32 + 8 * (12 + 24));
    assert_memory_equal(bytes, ((uint64_t[]){ 8, 3, 8, 3 }), 32);
    const char *last = bytes + 32 + 2 * 36; // transition 10
    assert_memory_equal(last, &(float){ 100.0f }, 4);
    assert_memory_equal(last + 4, &(int32_t){ 0 }, 4);
    assert_memory_equal(last + 8, "\0\1\0\0", 4);
    assert_memory_equal(last + 12, ((float[]){ 10.0f, 10.25f, 10.5f, -10.0f, -10.25f, -10.5f }), 24);
    data_replay_destroy(r);
}

static void refuse_state(const void *bytes, size_t size, const char *reason)
{
    data_replay *r = create(8, false);
    data_error error = { 0 };
    size_t before, after;
    push(r, 6);
    data_replay_state(r, &before);
    assert_int_equal(data_replay_restore(r, bytes, size, &error), DATA_ERR_FORMAT);
    if (!strstr(error.text, reason)) fail_msg("expected \"%s\" in: %s", reason, error.text);
    data_replay_state(r, &after);
    assert_int_equal(before, after);
    assert_int_equal(data_replay_count(r), 1);
    data_replay_destroy(r);
}

static void test_state_faults(void **state)
{
    (void)state;
    data_replay *r = create(8, false), *larger = create(9, false);
    data_replay *wider = data_replay_create(&(data_replay_def){ .capacity = 8, .observation = 4 }, NULL);
    assert_non_null(wider);
    size_t size;
    uint64_t counters[4];
    for (int i = 0; i < 5; i++) push(r, i);
    const void *bytes = data_replay_state(r, &size);
    char *broken = malloc(size);
    assert_non_null(broken);
    refuse_state(bytes, size - 1, "bytes: expected");
    refuse_state(bytes, 31, "bytes: expected at least 32, got 31");
    memcpy(broken, bytes, size);
    memcpy(counters, bytes, sizeof counters); // capacity, observation, count, next
    const uint64_t wrong[][2] = { { 5, 6 }, { 9, 5 }, { 8, 8 }, { UINT64_MAX, 5 }, { 5, UINT64_MAX } };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        counters[2] = wrong[i][0];
        counters[3] = wrong[i][1];
        memcpy(broken, counters, sizeof counters);
        refuse_state(broken, size, "counters: expected a position within the ring");
    }
    bytes = data_replay_state(larger, &size);
    refuse_state(bytes, size, "size: expected 8 transitions of 3 values, got 9 of 3");
    bytes = data_replay_state(wider, &size);
    refuse_state(bytes, size, "size: expected 8 transitions of 3 values, got 8 of 4");
    free(broken);
    data_replay_destroy(r);
    data_replay_destroy(larger);
    data_replay_destroy(wider);
}

static void test_restored_actions(void **state)
{
    (void)state;
    data_error error = { 0 };
    data_replay_def def = { .capacity = 8, .observation = 1, .actions = 2 };
    data_replay *any = data_replay_create(&(data_replay_def){ .capacity = 8, .observation = 1 }, NULL);
    data_replay *two = data_replay_create(&def, NULL);
    assert_true(any && two);
    const float observation = 0.0f;
    const int32_t actions[] = { 0, 1, 2, 1000000, -1 };
    for (int i = 0; i < 5; i++) {
        size_t size;
        data_replay_push(any, &(data_transition){ &observation, actions[i], 1.0f, &observation, false, false });
        const void *bytes = data_replay_state(any, &size);
        const data_status expected = i < 2 ? DATA_OK : DATA_ERR_FORMAT;
        assert_int_equal(data_replay_restore(two, bytes, size, &error), expected);
        assert_int_equal(data_replay_count(two), i < 2 ? i + 1 : 2);
    }
    if (!strstr(error.text, "action: expected 0 to 1, got 2")) fail_msg("%s", error.text);
    data_replay_destroy(any);
    data_replay_destroy(two);
    def.actions = -1;
    assert_null(data_replay_create(&def, &error));
    assert_int_equal(error.status, DATA_ERR_ARGUMENT);
}

// Sizes that wrap: of the rows together, and of these with the header, 36 and 16 bytes below 2^64.
static void test_more_than_memory_has_addresses(void **state)
{
    (void)state;
    static const data_replay_def huge[] = {
        { .capacity = INT32_MAX, .observation = INT32_MAX },
        { .capacity = INT32_MAX, .observation = INT32_MAX, .priority_exponent = 0.5 },
        { .capacity = INT32_MAX - 2, .observation = 1 << 30 },
        { .capacity = (1 << 30) + 1, .observation = INT32_MAX - 3, .priority_exponent = 0.5 },
    };
    for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++) {
        data_error error = { 0 };
        assert_null(data_replay_create(&huge[i], &error));
        assert_int_equal(error.status, DATA_ERR_MEMORY);
        assert_string_equal(error.text, "replay: expected 18446744073709551615 bytes of memory, got none");
    }
}

// Draws are numbered in 16 bits. When the numbers begin again, no row is taken for drawn already: neither those of the
// first draw, of which a restore has kept later ones away, nor those that were never drawn.
static void test_very_many_draws(void **state)
{
    (void)state;
    enum { DRAWS = 1 << 16, KEPT = 4, FIRST = 8, ALL = 12 };
    for (int with_replacement = 0; with_replacement < 2; with_replacement++) {
        data_replay *r = create(ALL, with_replacement), *kept = create(ALL, with_replacement);
        data_rng rng = data_rng_make(2, 0);
        int32_t index[FIRST];
        int of_first = 0, of_new = 0;
        size_t size;
        for (int i = 0; i < KEPT; i++) push(kept, i);
        for (int i = 0; i < FIRST; i++) push(r, i);
        const data_transitions out = { .index = index };
        assert_int_equal(data_replay_sample(r, FIRST, &rng, &out, NULL), DATA_OK);
        const void *bytes = data_replay_state(kept, &size);
        assert_int_equal(data_replay_restore(r, bytes, size, NULL), DATA_OK);
        for (int d = 2; d < DRAWS; d++) assert_int_equal(data_replay_sample(r, 1, &rng, &out, NULL), DATA_OK);
        for (int i = KEPT; i < ALL; i++) push(r, i);
        assert_int_equal(data_replay_sample(r, FIRST, &rng, &out, NULL), DATA_OK);
        for (int k = 0; k < FIRST; k++) {
            of_first += index[k] >= KEPT && index[k] < FIRST;
            of_new += index[k] >= FIRST;
        }
        assert_true(of_first > 0 && of_new > 0);
        data_replay_destroy(r);
        data_replay_destroy(kept);
    }
}

static void test_definition_out_of_range(void **state)
{
    (void)state;
    data_error error;
    assert_null(data_replay_create(&(data_replay_def){ .capacity = -1, .observation = 1 }, &error));
    assert_int_equal(error.status, DATA_ERR_ARGUMENT);
    assert_null(data_replay_create(&(data_replay_def){ .capacity = 10 }, &error));
    assert_int_equal(error.status, DATA_ERR_ARGUMENT);
    data_replay *r = data_replay_create(&(data_replay_def){ .observation = 1 }, &error);
    data_replay *same = data_replay_create(&(data_replay_def){ .capacity = 1000000, .observation = 1 }, &error);
    assert_true(r && same);
    size_t size;
    const void *bytes = data_replay_state(r, &size);
    assert_int_equal(data_replay_restore(same, bytes, size, NULL), DATA_OK); // by default of the same capacity
    data_replay_destroy(r);
    data_replay_destroy(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring_keeps_the_last),
        cmocka_unit_test(test_restored_actions),
        cmocka_unit_test(test_69_below_the_batch),
        cmocka_unit_test(test_without_replacement),
        cmocka_unit_test(test_with_replacement),
        cmocka_unit_test(test_same_seed_same_draws),
        cmocka_unit_test(test_zeroed_generator),
        cmocka_unit_test(test_parts_of_a_batch),
        cmocka_unit_test(test_state_goes_on),
        cmocka_unit_test(test_state_layout),
        cmocka_unit_test(test_state_faults),
        cmocka_unit_test(test_definition_out_of_range),
        cmocka_unit_test(test_more_than_memory_has_addresses),
        cmocka_unit_test(test_very_many_draws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
