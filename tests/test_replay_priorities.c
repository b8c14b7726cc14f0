/* Replay by priority: draws and weights against a naive twin, frequencies, slices, what new transitions get. */
#include "ring.h"

#include <kvist/data.h>

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- the naive twin ----------------------------------------------------------------------------------------------- */

typedef struct twin {
    int capacity, count, next, transition[RING_MAX];
    double alpha, priority[RING_MAX], largest;
} twin;

static double priority(double td_error, double alpha)
{
    return pow(fabs(td_error) + RING_EPSILON, alpha);
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
    const ring_batch b = ring_draw(r, size, beta, rng);
    double weight[RING_MAX];
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
    data_replay *r = ring_create(capacity, alpha);
    twin t = { .capacity = capacity, .alpha = alpha, .largest = priority(1.0, alpha) };
    data_rng rng = data_rng_make(3, (uint64_t)capacity), draws = data_rng_make(4, 0);
    for (int step = 0; step < steps; step++) {
        ring_push(r, step);
        twin_push(&t, step);
        const int size = 1 + (int)data_rng_below(&rng, (uint32_t)t.count);
        sample_both(r, &t, size, data_rng_uniform(&rng), &draws);
        int32_t index[RING_MAX];
        float td_error[RING_MAX];
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
    static const int capacities[] = { 1, 2, 5, 8, 13, RING_MAX };
    for (size_t c = 0; c < sizeof capacities / sizeof capacities[0]; c++) {
        follow_twin(capacities[c], 0.6, 200);
        follow_twin(capacities[c], 1.0, 200);
    }
}

/* --- draws -------------------------------------------------------------------------------------------------------- */

// Transitions 0 to n - 1 with the errors 1 to n; p: their probabilities under alpha.
static data_replay *graded(int n, double alpha, double *p)
{
    data_replay *r = ring_create(n, alpha);
    double total = 0.0;
    for (int i = 0; i < n; i++) ring_push(r, i), ring_set(r, i, (float)i + 1.0f);
    for (int i = 0; i < n; i++) total += priority(i + 1, alpha);
    for (int i = 0; i < n; i++) p[i] = priority(i + 1, alpha) / total;
    return r;
}

// Batches of one are drawn independently of each other.
static void test_frequencies(void **state)
{
    (void)state;
    enum { N = 10, DRAWS = 20000 };
    double p[N], chi = 0.0;
    int count[N] = { 0 };
    data_replay *r = graded(N, 0.6, p);
    data_rng rng = data_rng_make(7, 0);
    for (int d = 0; d < DRAWS; d++) count[ring_draw(r, 1, 0.0, &rng).index[0]]++;
    for (int i = 0; i < N; i++) chi += (count[i] - DRAWS * p[i]) * (count[i] - DRAWS * p[i]) / (DRAWS * p[i]);
    assert_true(chi < 27.9); // 9 degrees of freedom, p = 0.001
    data_replay_destroy(r);
}

// A transition that is B P(i) slices long covers more than B P(i) - 2 of them whole and touches less than B P(i) + 2.
// Only the two it covers in part are left to chance: over D batches its count has a variance of at most 2 * 1/4 * D.
static void test_slices(void **state)
{
    (void)state;
    enum { N = 20, BATCHES = 2000 };
    double p[N];
    int total[N] = { 0 }, repeats = 0;
    data_replay *r = graded(N, 1.0, p);
    data_rng rng = data_rng_make(8, 0);
    for (int d = 0; d < BATCHES; d++) {
        const ring_batch b = ring_draw(r, N, 0.0, &rng);
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

// The transition of a ring that is always drawn: beside it the others have next to no priority.
static float favourite(data_replay *r, data_rng *rng)
{
    const float first = ring_draw(r, 1, 0.0, rng).observation[0];
    for (int d = 0; d < 100; d++) assert_true(ring_draw(r, 1, 0.0, rng).observation[0] == first);
    return first;
}

static void test_new_transitions_have_the_largest(void **state)
{
    (void)state;
    data_replay *r = ring_create(4, 1.0);
    data_rng rng = data_rng_make(1, 0);
    ring_push(r, 0);
    ring_set(r, 0, 0.0f);
    ring_push(r, 1); // no error set so far beyond 1
    assert_true(favourite(r, &rng) == 1.0f);
    for (int i = 2; i < 4; i++) ring_push(r, i);
    for (int i = 0; i < 4; i++) ring_set(r, i, i == 0 ? -8.0f : 0.0f);
    assert_true(favourite(r, &rng) == 0.0f);
    ring_push(r, 4); // takes the place of 0, and its error of 8
    assert_true(favourite(r, &rng) == 4.0f);
    ring_set(r, 0, 0.0f);
    ring_push(r, 5); // 8 is still the largest so far, though the ring has no other with it
    assert_true(favourite(r, &rng) == 5.0f);
    ring_set(r, 0, 8.0f);
    ring_batch b = ring_draw(r, 4, 1.0, &rng);
    for (int k = 0; k < 4; k++) assert_true(b.index[k] == k / 2 && b.weight[k] == 1.0f);
    data_replay_destroy(r);
}

static void test_of_one_twice_the_last_stays(void **state)
{
    (void)state;
    data_replay *r = ring_create(2, 1.0);
    data_rng rng = data_rng_make(1, 0);
    ring_push(r, 0), ring_push(r, 1);
    assert_int_equal(data_replay_set_priorities(r, (int32_t[]){ 0, 1, 0 }, 3, (float[]){ 5, 5, 0 }, NULL), DATA_OK);
    assert_true(favourite(r, &rng) == 1.0f);
    data_replay_destroy(r);
}

/* --- weights ------------------------------------------------------------------------------------------------------ */

// Errors of 4, 4, 1, 1 under alpha 1/2 are priorities of 2, 2, 1, 1: three slices of 2 draw 0, 1 and one of the others.
static void test_weights(void **state)
{
    (void)state;
    data_replay *r = ring_create(8, 0.5);
    data_rng rng = data_rng_make(1, 0);
    for (int i = 0; i < 4; i++) ring_push(r, i), ring_set(r, i, i < 2 ? -4.0f : 1.0f);
    const double betas[] = { 0.0, 0.4, 1.0 };
    for (size_t c = 0; c < 3; c++) {
        const ring_batch b = ring_draw(r, 3, betas[c], &rng);
        assert_true(b.index[0] == 0 && b.index[1] == 1 && b.index[2] >= 2);
        for (int k = 0; k < 2; k++) assert_true(fabs(b.weight[k] - pow(2.0, -betas[c])) < 1e-6);
        assert_true(b.weight[2] == 1.0f);
        assert_true(ring_draw(r, 1, betas[c], &rng).weight[0] == 1.0f); // the largest of its batch
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
    ring_push(r, 0), ring_push(r, 1);
    ring_set(r, 0, 0.0f), ring_set(r, 1, 1.0f); // p 1 and 2: the first of two slices may give either
    int first = 0;
    for (int d = 0; d < 300; d++) {
        const ring_batch b = ring_draw(r, 2, 1.0, &rng);
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
    data_replay *r = ring_create(RING_MAX, 1.0);
    data_rng rng = data_rng_make(1, 0);
    for (int i = 0; i < RING_MAX; i++) ring_push(r, i), ring_set(r, i, i % 2 ? FLT_MAX : FLT_TRUE_MIN);
    for (int d = 0; d < 20; d++) {
        const ring_batch b = ring_draw(r, RING_MAX, 1.0, &rng);
        for (int k = 0; k < RING_MAX; k++) assert_true(b.index[k] % 2 == 1 && b.weight[k] == 1.0f);
    }
    for (int i = 1; i < RING_MAX; i++) ring_set(r, i, FLT_TRUE_MIN); // nothing of what was large is left in the sums
    for (int i = 0; i < RING_MAX; i++) assert_int_equal(ring_draw(r, RING_MAX, 1.0, &rng).index[i], i);
    data_replay_destroy(r);
}

static void test_uniform_has_indices_and_weights(void **state)
{
    (void)state;
    data_replay *r = ring_create(4, 0.0);
    data_rng rng = data_rng_make(1, 0);
    for (int i = 0; i < 6; i++) ring_push(r, i);
    size_t size;
    char before[32 + 4 * (12 + 8)];
    const void *bytes = data_replay_state(r, &size);
    assert_int_equal(size, sizeof before);
    memcpy(before, bytes, sizeof before);
    assert_int_equal(data_replay_set_priorities(r, (int32_t[]){ 0, 3 }, 2, (float[]){ 9, -9 }, NULL), DATA_OK);
    assert_memory_equal(data_replay_state(r, &size), before, sizeof before);
    const ring_batch b = ring_draw(r, 4, 1.0, &rng);
    unsigned seen = 0;
    for (int k = 0; k < 4; k++) {
        const float held[] = { 4, 5, 2, 3 };
        assert_true(b.observation[k] == held[b.index[k]] && b.weight[k] == 1.0f);
        seen |= 1u << b.index[k];
    }
    assert_int_equal(seen, 15);
    data_replay_destroy(r);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
