/* Prioritised replay: against a naive twin, frequencies, slices, weights, state for checkpoints, what is refused. */
#include <kvist/data.h>

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX = 64 };
#define EPSILON 1e-6 // the default

static data_replay *create(int capacity, double exponent)
{
    data_error error;
    data_replay *r = data_replay_create(
        &(data_replay_def){ .capacity = capacity, .observation = 1, .priority_exponent = exponent }, &error);
    if (!r) fail_msg("%s", error.text);
    return r;
}

static void push(data_replay *r, int i)
{
    const float observation = (float)i, next = (float)-i;
    data_replay_push(r,
                     &(data_transition){ .observation = &observation, .reward = 10.0f * observation, .next = &next });
}

static void set(data_replay *r, int index, float td_error)
{
    assert_int_equal(data_replay_set_priorities(r, &(int32_t){ index }, 1, &td_error, NULL), DATA_OK);
}

typedef struct batch {
    float observation[MAX], reward[MAX], next[MAX], weight[MAX];
    int32_t index[MAX];
} batch;

static data_status sample(data_replay *r, int size, double beta, data_rng *rng, batch *b, data_error *error)
{
    const data_transitions out = { .observation = b->observation,
                                   .reward = b->reward,
                                   .next = b->next,
                                   .index = b->index,
                                   .weight = b->weight,
                                   .weight_exponent = beta };
    return data_replay_sample(r, size, rng, &out, error);
}

static batch drawn(data_replay *r, int size, double beta, data_rng *rng)
{
    batch b = { 0 };
    assert_int_equal(sample(r, size, beta, rng, &b, NULL), DATA_OK);
    for (int k = 0; k < size; k++) { // row k is one whole transition
        assert_true(b.next[k] == -b.observation[k] && b.reward[k] == 10.0f * b.observation[k]);
    }
    return b;
}

// Two rings that draw the same draw the same transitions with the same weights.
static void assert_same_draws(data_replay *a, data_replay *b, int size)
{
    data_rng rng = data_rng_make(11, 0), same = rng;
    for (int d = 0; d < 20; d++) {
        const batch of_a = drawn(a, size, 0.5, &rng), of_b = drawn(b, size, 0.5, &same);
        assert_memory_equal(&of_a, &of_b, sizeof of_a);
    }
}

/* --- the naive twin ----------------------------------------------------------------------------------------------- */

typedef struct twin {
    int capacity, count, next, transition[MAX];
    double alpha, priority[MAX], largest;
} twin;

static double priority(double td_error, double alpha)
{
    return pow(fabs(td_error) + EPSILON, alpha);
}

static void twin_set(twin *t, int i, double td_error)
{
    t->priority[i] = priority(td_error, t->alpha);
    if (t->priority[i] > t->largest) t->largest = t->priority[i];
}

static void twin_push(twin *t, int transition)
{
    t->transition[t->next] = transition;
    t->priority[t->next] = t->largest;
    t->next = (t->next + 1) % t->capacity;
    if (t->count < t->capacity) t->count++;
}

static double twin_total(const twin *t)
{
    double total = 0.0;
    for (int i = 0; i < t->count; i++) total += t->priority[i];
    return total;
}

static int twin_draw(const twin *t, int k, int size, data_rng *rng)
{
    double position = (k + data_rng_uniform(rng)) / size * twin_total(t);
    int i = 0;
    while (i < t->count - 1 && position >= t->priority[i]) position -= t->priority[i++];
    return i;
}

// (N P(i))^-beta, over the largest of the batch
static void twin_weights(const twin *t, const int32_t *index, int size, double beta, double *weight)
{
    double largest = 0.0;
    for (int k = 0; k < size; k++) {
        weight[k] = pow(t->count * t->priority[index[k]] / twin_total(t), -beta);
        largest = fmax(largest, weight[k]);
    }
    for (int k = 0; k < size; k++) weight[k] /= largest;
}

static void sample_both(data_replay *r, const twin *t, int size, double beta, data_rng *rng)
{
    data_rng same = *rng;
    const batch b = drawn(r, size, beta, rng);
    double weight[MAX];
    twin_weights(t, b.index, size, beta, weight);
    for (int k = 0; k < size; k++) {
        const int i = twin_draw(t, k, size, &same);
        assert_int_equal(b.index[k], i);
        assert_true(b.observation[k] == (float)t->transition[i]);
        assert_true(fabs(b.weight[k] - weight[k]) <= 1e-6 * weight[k]); // float's rounding is 6e-8
    }
    assert_memory_equal(rng, &same, sizeof same);
}

static void follow_twin(int capacity, double alpha, int steps)
{
    data_replay *r = create(capacity, alpha);
    twin t = { .capacity = capacity, .alpha = alpha, .largest = priority(1.0, alpha) };
    data_rng rng = data_rng_make(3, (uint64_t)capacity), draws = data_rng_make(4, 0);
    for (int step = 0; step < steps; step++) {
        push(r, step);
        twin_push(&t, step);
        const int size = 1 + (int)data_rng_below(&rng, (uint32_t)t.count);
        sample_both(r, &t, size, data_rng_uniform(&rng), &draws);
        int32_t index[MAX];
        float td_error[MAX];
        for (int k = 0; k < size; k++) { // repeats are among them; the errors grow, both signs
            index[k] = (int32_t)data_rng_below(&rng, (uint32_t)t.count);
            td_error[k] = (float)((data_rng_uniform(&rng) - 0.5) * (1 + step));
            twin_set(&t, index[k], td_error[k]);
        }
        assert_int_equal(data_replay_set_priorities(r, index, size, td_error, NULL), DATA_OK);
        sample_both(r, &t, size, 0.4, &draws);
    }
    data_replay_destroy(r);
}

static void test_against_a_twin(void **state)
{
    (void)state;
    static const int capacities[] = { 1, 2, 5, 8, 13, MAX };
    for (size_t c = 0; c < sizeof capacities / sizeof capacities[0]; c++) {
        follow_twin(capacities[c], 0.6, 200);
        follow_twin(capacities[c], 1.0, 200);
    }
}

/* --- draws -------------------------------------------------------------------------------------------------------- */

// Transitions 0 to n - 1 with the errors 0, 1, .. n - 1; p: their probabilities under alpha.
static data_replay *graded(int n, double alpha, double *p)
{
    data_replay *r = create(n, alpha);
    double total = 0.0;
    for (int i = 0; i < n; i++) push(r, i), set(r, i, (float)i);
    for (int i = 0; i < n; i++) total += priority(i, alpha);
    for (int i = 0; i < n; i++) p[i] = priority(i, alpha) / total;
    return r;
}

// One draw a batch is independent of the others: chi-square of 9 transitions (that of no error never comes up).
static void test_frequencies(void **state)
{
    (void)state;
    enum { N = 10, DRAWS = 20000 };
    double p[N], chi = 0.0;
    int count[N] = { 0 };
    data_replay *r = graded(N, 0.6, p);
    data_rng rng = data_rng_make(7, 0);
    for (int d = 0; d < DRAWS; d++) count[drawn(r, 1, 0.0, &rng).index[0]]++;
    for (int i = 1; i < N; i++) chi += (count[i] - DRAWS * p[i]) * (count[i] - DRAWS * p[i]) / (DRAWS * p[i]);
    assert_true(chi < 26.1);    // 8 degrees of freedom, p = 0.001
    assert_true(count[0] <= 3); // p(0) is 3e-5: 0.6 are expected, more than 3 have the probability 0.003
    data_replay_destroy(r);
}

// A transition that is B P(i) slices long covers more than B P(i) - 2 of them whole and touches less than B P(i) + 2.
// Only the two it covers in part are left to chance: in D batches its count varies by at most 2 * 1/4 * D.
static void test_slices(void **state)
{
    (void)state;
    enum { N = 20, BATCHES = 2000 };
    double p[N];
    int total[N] = { 0 }, repeats = 0;
    data_replay *r = graded(N, 1.0, p);
    data_rng rng = data_rng_make(8, 0);
    for (int d = 0; d < BATCHES; d++) {
        const batch b = drawn(r, N, 0.0, &rng);
        int count[N] = { 0 };
        for (int k = 0; k < N; k++) {
            count[b.index[k]]++;
            if (k > 0) assert_true(b.index[k] >= b.index[k - 1]);
        }
        for (int i = 0; i < N; i++) {
            assert_true(fabs(count[i] - N * p[i]) < 2.0);
            total[i] += count[i];
            repeats += count[i] > 1;
        }
    }
    for (int i = 0; i < N; i++) {
        assert_true(fabs(total[i] - BATCHES * N * p[i]) < 5.0 * sqrt(BATCHES / 2.0)); // five standard deviations
    }
    assert_true(repeats > 0);
    data_replay_destroy(r);
}

// The one transition of a ring that is drawn as good as always, 10^6 times as often as the others.
static float favourite(data_replay *r, data_rng *rng)
{
    const float first = drawn(r, 1, 0.0, rng).observation[0];
    for (int d = 0; d < 100; d++) assert_true(drawn(r, 1, 0.0, rng).observation[0] == first);
    return first;
}

static void test_new_transitions_have_the_largest(void **state)
{
    (void)state;
    data_replay *r = create(4, 1.0);
    data_rng rng = data_rng_make(1, 0);
    push(r, 0);
    set(r, 0, 0.0f);
    push(r, 1); // no error set so far beyond 1
    assert_true(favourite(r, &rng) == 1.0f);
    for (int i = 2; i < 4; i++) push(r, i);
    for (int i = 0; i < 4; i++) set(r, i, i == 0 ? -8.0f : 0.0f);
    assert_true(favourite(r, &rng) == 0.0f);
    push(r, 4); // takes the place of 0, and its error of 8
    assert_true(favourite(r, &rng) == 4.0f);
    set(r, 0, 0.0f);
    push(r, 5); // 8 is still the largest so far, though the ring has no other with it
    assert_true(favourite(r, &rng) == 5.0f);
    set(r, 0, 8.0f);
    batch b = drawn(r, 4, 1.0, &rng);
    for (int k = 0; k < 4; k++) assert_true(b.index[k] == k / 2 && b.weight[k] == 1.0f);
    data_replay_destroy(r);
}

static void test_of_one_twice_the_last_stays(void **state)
{
    (void)state;
    data_replay *r = create(2, 1.0);
    data_rng rng = data_rng_make(1, 0);
    push(r, 0), push(r, 1);
    assert_int_equal(data_replay_set_priorities(r, (int32_t[]){ 0, 1, 0 }, 3, (float[]){ 5, 5, 0 }, NULL), DATA_OK);
    assert_true(favourite(r, &rng) == 1.0f);
    data_replay_destroy(r);
}

/* --- weights ------------------------------------------------------------------------------------------------------ */

// Errors of 4, 4, 1, 1 under alpha 1/2 are priorities of 2, 2, 1, 1: three slices of 2 draw 0, 1 and one of the others.
static void test_weights(void **state)
{
    (void)state;
    data_replay *r = create(8, 0.5);
    data_rng rng = data_rng_make(1, 0);
    for (int i = 0; i < 4; i++) push(r, i), set(r, i, i < 2 ? -4.0f : 1.0f);
    const double betas[] = { 0.0, 0.4, 1.0 };
    for (size_t c = 0; c < 3; c++) {
        const batch b = drawn(r, 3, betas[c], &rng);
        assert_true(b.index[0] == 0 && b.index[1] == 1 && b.index[2] >= 2);
        for (int k = 0; k < 2; k++) assert_true(fabs(b.weight[k] - pow(2.0, -betas[c])) < 1e-6);
        assert_true(b.weight[2] == 1.0f);
        assert_true(drawn(r, 1, betas[c], &rng).weight[0] == 1.0f); // the largest of its batch
    }
    data_replay_destroy(r);
}

static void test_epsilon(void **state)
{
    (void)state;
    data_replay *r = data_replay_create(&(data_replay_def){ .capacity = 2,
                                                            .observation = 1,
                                                            .with_replacement = true, // makes no difference
                                                            .priority_exponent = 1.0,
                                                            .priority_epsilon = 1.0 },
                                        NULL);
    assert_non_null(r);
    data_rng rng = data_rng_make(2, 0);
    push(r, 0), push(r, 1);
    set(r, 0, 0.0f), set(r, 1, 1.0f); // p 1 and 2: the first of two slices may give either
    int first = 0;
    for (int d = 0; d < 300; d++) {
        const batch b = drawn(r, 2, 1.0, &rng);
        assert_int_equal(b.index[1], 1);
        first += b.index[0] == 0;
        assert_true(b.weight[1] == (b.index[0] == 0 ? 0.5f : 1.0f) && b.weight[0] == 1.0f);
    }
    assert_true(abs(first - 200) < 41); // 2/3 of them: five standard deviations of 8.2
    data_replay_destroy(r);
}

static void test_largest_and_smallest_errors(void **state)
{
    (void)state;
    data_replay *r = create(MAX, 1.0);
    data_rng rng = data_rng_make(1, 0);
    for (int i = 0; i < MAX; i++) push(r, i), set(r, i, i % 2 ? FLT_MAX : FLT_TRUE_MIN);
    for (int d = 0; d < 20; d++) {
        const batch b = drawn(r, MAX, 1.0, &rng);
        for (int k = 0; k < MAX; k++) assert_true(b.index[k] % 2 == 1 && b.weight[k] == 1.0f);
    }
    for (int i = 1; i < MAX; i++) set(r, i, FLT_TRUE_MIN); // nothing of what was large is left in the sums
    for (int i = 0; i < MAX; i++) assert_int_equal(drawn(r, MAX, 1.0, &rng).index[i], i);
    data_replay_destroy(r);
}

static void test_uniform_has_indices_and_weights(void **state)
{
    (void)state;
    data_replay *r = create(4, 0.0);
    data_rng rng = data_rng_make(1, 0);
    for (int i = 0; i < 6; i++) push(r, i);
    size_t size, after;
    const size_t row = 12 + 8, whole = 32 + 4 * row;
    char before[32 + 4 * 20];
    memcpy(before, data_replay_state(r, &size), sizeof before);
    assert_int_equal(size, whole);
    assert_int_equal(data_replay_set_priorities(r, (int32_t[]){ 0, 3 }, 2, (float[]){ 9, -9 }, NULL), DATA_OK);
    assert_memory_equal(data_replay_state(r, &after), before, sizeof before);
    assert_int_equal(after, whole);
    const batch b = drawn(r, 4, 1.0, &rng);
    unsigned seen = 0;
    for (int k = 0; k < 4; k++) {
        const float held[] = { 4, 5, 2, 3 };
        assert_true(b.observation[k] == held[b.index[k]] && b.weight[k] == 1.0f);
        seen |= 1u << b.index[k];
    }
    assert_int_equal(seen, 15);
    data_replay_destroy(r);
}

/* --- state -------------------------------------------------------------------------------------------------------- */

static void test_state_goes_on(void **state)
{
    (void)state;
    // 5: not full; 8: just full; 21: wrapped
    for (int pushes = 3; pushes <= 21; pushes++) {
        data_replay *r = create(8, 0.6), *resumed = create(8, 0.6);
        size_t size, again;
        for (int i = 0; i < pushes; i++) push(r, i), set(r, i % 8, (float)(i % 7));
        for (int i = 0; i < 8; i++) push(resumed, 40 + i), set(resumed, i, 50.0f); // forgotten by the restore
        const void *bytes = data_replay_state(r, &size);
        assert_int_equal(size, 40 + (size_t)data_replay_count(r) * (12 + 8 + 4));
        assert_int_equal(data_replay_restore(resumed, bytes, size, NULL), DATA_OK);
        assert_same_draws(r, resumed, 3);
        for (int i = pushes; i < pushes + 3; i++) push(r, i), push(resumed, i);
        set(r, 1, 0.5f), set(resumed, 1, 0.5f);
        assert_same_draws(r, resumed, 3);
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
    double p[8];
    size_t size;
    data_replay *r = graded(8, 0.4, p), *other = create(8, 1.0), *wanted = graded(8, 1.0, p);
    const void *bytes = data_replay_state(r, &size);
    assert_int_equal(data_replay_restore(other, bytes, size, NULL), DATA_OK);
    assert_same_draws(other, wanted, 8);
    data_replay_destroy(r);
    data_replay_destroy(other);
    data_replay_destroy(wanted);
}

static void refuse_state(const void *bytes, size_t size, double exponent, const char *reason)
{
    data_replay *r = create(8, exponent), *untouched = create(8, exponent);
    data_error error = { 0 };
    for (int i = 0; i < 6; i++) {
        push(r, i), set(r, i, (float)i);
        push(untouched, i), set(untouched, i, (float)i);
    }
    assert_int_equal(data_replay_restore(r, bytes, size, &error), DATA_ERR_FORMAT);
    if (!strstr(error.text, reason)) fail_msg("expected \"%s\" in: %s", reason, error.text);
    assert_same_draws(r, untouched, 6);
    push(r, 6), push(untouched, 6);
    assert_same_draws(r, untouched, 7);
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
    data_replay *r = create(8, 0.6), *uniform = create(8, 0.0);
    size_t size, uniform_size;
    const void *uniform_bytes = data_replay_state(uniform, &uniform_size), *bytes = data_replay_state(r, &size);
    refuse_state(uniform_bytes, uniform_size, 0.6, "bytes: expected at least 40, got 32");
    refuse_state(bytes, size, 0.0, "bytes: expected 32, got 40");
    for (int i = 0; i < 5; i++) push(r, i), push(uniform, i), set(r, i, 2.0f);
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
    data_replay *r = create(8, exponent);
    data_error error = { 0 };
    const float errors[] = { 5.0f, 6.0f, td_error };
    char before[40 + 6 * 24];
    size_t size;
    for (int i = 0; i < 6; i++) push(r, i);
    const void *bytes = data_replay_state(r, &size);
    memcpy(before, bytes, size);
    const data_status status = data_replay_set_priorities(r, (int32_t[]){ 0, 1, index }, 3, errors, &error);
    assert_int_equal(status, DATA_ERR_ARGUMENT);
    assert_int_equal(error.status, DATA_ERR_ARGUMENT);
    assert_string_equal(error.text, reason);
    assert_memory_equal(data_replay_state(r, &size), before, size);
    data_rng rng = data_rng_make(1, 0);
    const batch b = drawn(r, 6, 1.0, &rng);
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
    data_replay *r = create(8, 0.6);
    assert_int_equal(data_replay_set_priorities(r, NULL, -1, NULL, NULL), DATA_ERR_ARGUMENT);
    assert_int_equal(data_replay_set_priorities(r, NULL, 0, NULL, NULL), DATA_OK);
    assert_int_equal(data_replay_set_priorities(r, (int32_t[]){ 0 }, 1, (float[]){ 1 }, NULL), DATA_ERR_ARGUMENT);
    data_replay_destroy(r);
}

static void test_sample_refused(void **state)
{
    (void)state;
    data_replay *r = create(8, 0.6);
    data_rng rng = data_rng_make(1, 0), before = rng;
    batch b, untouched;
    data_error error;
    memset(&b, 0x5a, sizeof b);
    memcpy(&untouched, &b, sizeof b);
    assert_int_equal(sample(r, 1, 0.0, &rng, &b, &error), DATA_ERR_STATE);
    for (int i = 0; i < 3; i++) push(r, i);
    assert_int_equal(sample(r, 4, 0.0, &rng, &b, &error), DATA_ERR_STATE);
    assert_int_equal(sample(r, 0, 0.0, &rng, &b, &error), DATA_ERR_ARGUMENT);
    const double betas[] = { -0.1, 1.1, NAN };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(sample(r, 2, betas[i], &rng, &b, &error), DATA_ERR_ARGUMENT);
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
        cmocka_unit_test(test_against_a_twin),
        cmocka_unit_test(test_frequencies),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_new_transitions_have_the_largest),
        cmocka_unit_test(test_of_one_twice_the_last_stays),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_epsilon),
        cmocka_unit_test(test_largest_and_smallest_errors),
        cmocka_unit_test(test_uniform_has_indices_and_weights),
        cmocka_unit_test(test_state_goes_on),
        cmocka_unit_test(test_restore_under_another_alpha),
        cmocka_unit_test(test_state_faults),
        cmocka_unit_test(test_priorities_refused),
        cmocka_unit_test(test_sample_refused),
        cmocka_unit_test(test_definition_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
