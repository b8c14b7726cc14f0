/* The generator, orders, splits, batches and gathering. */
#include <kvist/data.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_generator(void **state)
{
    (void)state;
    // xoshiro256++ from the state 1, 2, 3, 4, worked out by hand from its definition.
    data_rng rng = { { 1, 2, 3, 4 } };
    assert_true(data_rng_next(&rng) == 41943041u); // rotl(1 + 4, 23) + 1
    assert_true(data_rng_next(&rng) == 58720359u); // state is now 7, 0, 262146, rotl(6, 45)
    data_rng a = data_rng_make(1, 0), b = data_rng_make(0, 1), c = data_rng_make(1, 0);
    assert_true(data_rng_next(&a) == data_rng_next(&c));
    assert_true(data_rng_next(&a) != data_rng_next(&b));
    assert_int_equal(data_rng_below(&a, 0), 0);
    assert_int_equal(data_rng_below(&a, 1), 0);
}

// From zeros alone the recurrence never leaves them; a generator with a single bit is left as it is.
static void test_zeroed_generator(void **state)
{
    (void)state;
    data_rng zeroed = { 0 }, made = data_rng_make(0, 0);
    for (int i = 0; i < 10; i++) assert_true(data_rng_next(&zeroed) == data_rng_next(&made));
    assert_memory_equal(&zeroed, &made, sizeof made);
    // rotl(s0 + s3, 23) + s0, worked out by hand
    static const uint64_t first[] = { (UINT64_C(1) << 23) + 1, 0, 0, UINT64_C(1) << 23 };
    for (int i = 0; i < 4; i++) {
        data_rng rng = { 0 };
        rng.state[i] = 1;
        assert_true(data_rng_next(&rng) == first[i]);
    }
}

static void test_draws(void **state)
{
    (void)state;
    enum { DRAWS = 60000 };
    data_rng rng = data_rng_make(3, 0);
    int seen[6] = { 0 };
    double sum = 0.0, low = 1.0, high = 0.0;
    for (int i = 0; i < DRAWS; i++) {
        const uint32_t k = data_rng_below(&rng, 6);
        assert_true(k < 6);
        seen[k]++;
        const double u = data_rng_uniform(&rng);
        sum += u;
        low = fmin(low, u);
        high = fmax(high, u);
    }
    for (int i = 0; i < 6; i++) assert_true(abs(seen[i] - DRAWS / 6) < 400); // over four standard deviations
    assert_true(fabs(sum / DRAWS - 0.5) < 0.006);
    assert_true(low >= 0.0 && low < 0.001 && high < 1.0 && high > 0.999);
    // A bound of 3 * 2^30 shows a bias: by remainder the low third comes twice as often, by scaling every third number.
    int lower = 0, thirds = 0;
    for (int i = 0; i < DRAWS; i++) {
        const uint32_t k = data_rng_below(&rng, 3221225472u);
        lower += k < 1073741824u;
        thirds += k % 3 == 0;
    }
    assert_true(abs(lower - DRAWS / 3) < 500);
    assert_true(abs(thirds - DRAWS / 3) < 500);
}

static void test_split(void **state)
{
    (void)state;
    assert_int_equal(data_split(25000, 0.2), 20000); // in float it would be 19,999
    assert_int_equal(data_split(25000, 0.4), 15000);
    assert_int_equal(data_split(10, 0.25), 7);               // int(7.5)
    assert_int_equal(data_split(33554435, 1e-12), 33554434); // a float would round the count
    assert_int_equal(data_split(7, 0.0), 7);
    assert_int_equal(data_split(7, 1.0), 0);
    assert_int_equal(data_split(7, -0.5), 7);
    assert_int_equal(data_split(7, 1.5), 0);
    assert_int_equal(data_split(7, (double)NAN), 7);
}

static void test_shuffle_is_uniform(void **state)
{
    (void)state;
    enum { DRAWS = 24000 };
    data_rng rng = data_rng_make(11, 0);
    int seen[64] = { 0 }, kinds = 0;
    for (int i = 0; i < DRAWS; i++) {
        int32_t order[3];
        data_shuffle(order, 3, &rng);
        assert_int_equal(1 << order[0] | 1 << order[1] | 1 << order[2], 7);
        seen[order[0] * 16 + order[1] * 4 + order[2]]++;
    }
    for (int i = 0; i < 64; i++) {
        if (seen[i] == 0) continue;
        kinds++;
        assert_true(abs(seen[i] - DRAWS / 6) < 250);
    }
    assert_int_equal(kinds, 6);
    const data_rng before = rng;
    int32_t none = 7;
    data_shuffle(&none, 0, &rng);
    data_shuffle(&none, INT32_MIN, &rng);
    assert_int_equal(none, 7);
    assert_memory_equal(&rng, &before, sizeof rng);
}

// Goes through one epoch; returns how many samples it gave, each at most once.
static int walk(data_batches *b, int count, int batch, int32_t *order)
{
    int total = 0, size;
    unsigned char *seen = calloc((size_t)count, 1);
    const int32_t *indices;
    while ((indices = data_batches_next(b, &size))) {
        assert_true(size == batch || size == count % batch);
        for (int k = 0; k < size; k++) {
            assert_true(indices[k] >= 0 && indices[k] < count);
            assert_false(seen[indices[k]]);
            seen[indices[k]] = 1;
            order[total++] = indices[k];
        }
    }
    assert_int_equal(size, 0);
    free(seen);
    return total;
}

static void test_epochs(void **state)
{
    (void)state;
    enum { COUNT = 103 };
    int32_t first[COUNT], second[COUNT], again[COUNT];
    data_error error;
    data_batches *b = data_batches_create(&(data_batches_def){ .count = COUNT, .batch = 10, .seed = 4 }, &error);
    assert_non_null(b);
    assert_int_equal(data_batches_per_epoch(b), 11); // the last partial batch counts
    assert_int_equal(walk(b, COUNT, 10, first), COUNT);
    assert_int_equal(walk(b, COUNT, 10, again), 0); // over until another is sought
    data_batches_seek(b, 1, 0);
    assert_int_equal(walk(b, COUNT, 10, second), COUNT);
    assert_memory_not_equal(first, second, sizeof first);
    // Resumed within an epoch, by another object: the order goes on as it was.
    data_batches *resumed = data_batches_create(&(data_batches_def){ .count = COUNT, .batch = 10, .seed = 4 }, &error);
    data_batches_seek(resumed, 1, 7);
    assert_int_equal(walk(resumed, COUNT, 10, again), COUNT - 70);
    assert_memory_equal(again, second + 70, (COUNT - 70) * sizeof *again);
    data_batches_seek(resumed, 0, 0);
    assert_int_equal(walk(resumed, COUNT, 10, again), COUNT);
    assert_memory_equal(again, first, sizeof first);
    data_batches_seek(resumed, 0, 99); // beyond the end: over
    assert_int_equal(walk(resumed, COUNT, 10, again), 0);
    data_batches_destroy(b);
    data_batches_destroy(resumed);
    data_batches_destroy(NULL);
}

static void test_options(void **state)
{
    (void)state;
    int32_t order[40];
    data_batches *b =
        data_batches_create(&(data_batches_def){ .count = 40, .no_shuffle = true, .drop_last = true }, NULL);
    assert_int_equal(data_batches_per_epoch(b), 1); // 32, and 8 left out
    assert_int_equal(walk(b, 40, 32, order), 32);
    for (int i = 0; i < 32; i++) assert_int_equal(order[i], i);
    data_batches_destroy(b);
    b = data_batches_create(&(data_batches_def){ .count = 40, .batch = 8, .no_shuffle = true }, NULL);
    assert_int_equal(data_batches_per_epoch(b), 5); // none smaller
    assert_int_equal(walk(b, 40, 8, order), 40);
    data_batches_seek(b, 0, 99); // as at the end
    assert_int_equal(walk(b, 40, 8, order), 0);
    data_batches_seek(b, 0, -7); // as at the beginning
    assert_int_equal(walk(b, 40, 8, order), 40);
    data_batches_destroy(b);
    b = data_batches_create(&(data_batches_def){ .count = 5 }, NULL); // fewer than the default batch
    assert_int_equal(walk(b, 5, 5, order), 5);
    data_batches_destroy(b);
}

// Fault row 51.
static void test_51_batch_out_of_range(void **state)
{
    (void)state;
    const data_batches_def wrong[] = {
        { .count = 0 }, { .count = -3 }, { .count = 5, .batch = 6 }, { .count = 5, .batch = -1 }
    };
    static const char *const texts[] = { "batches.count: expected at least 1, got 0",
                                         "batches.count: expected at least 1, got -3",
                                         "batches.batch: expected 1 to 5 (count), got 6",
                                         "batches.batch: expected 1 to 5 (count), got -1" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        data_error error = { 0 };
        assert_null(data_batches_create(&wrong[i], &error));
        assert_int_equal(error.status, DATA_ERR_ARGUMENT);
        assert_string_equal(error.text, texts[i]);
    }
}

// Numbers of epochs are not cut to 31 or 32 bits: each has an order of its own, and the same one again.
static void test_65_epochs_near_two_to_the_31(void **state)
{
    (void)state;
    enum { COUNT = 40, EPOCHS = 6 };
    static const uint64_t epochs[EPOCHS] = { 0, 1, 0x7fffffff, 0x80000000, 0x100000000, 0x100000001 };
    int32_t order[EPOCHS][COUNT], again[COUNT];
    data_batches *b = data_batches_create(&(data_batches_def){ .count = COUNT }, NULL);
    for (int i = 0; i < EPOCHS; i++) {
        data_batches_seek(b, epochs[i], 0);
        assert_int_equal(walk(b, COUNT, 32, order[i]), COUNT);
        for (int k = 0; k < i; k++) assert_memory_not_equal(order[i], order[k], sizeof order[i]);
    }
    for (int i = 0; i < EPOCHS; i++) {
        data_batches_seek(b, epochs[i], 0);
        assert_int_equal(walk(b, COUNT, 32, again), COUNT);
        assert_memory_equal(again, order[i], sizeof again);
    }
    data_batches_destroy(b);
}

static void test_gather(void **state)
{
    (void)state;
    const float rows[] = { 0, 1, 10, 11, 20, 21 };
    const uint8_t bytes[] = { 5, 6, 7 };
    const int32_t order[] = { 2, 0, 2 }, high[] = { 0, 3 }, low[] = { 0, -1 };
    float out[6];
    uint8_t picked[3];
    assert_int_equal(data_gather(rows, 3, 2 * sizeof *rows, order, 3, out), DATA_OK);
    assert_memory_equal(out, ((float[]){ 20, 21, 0, 1, 20, 21 }), sizeof out);
    assert_int_equal(data_gather(bytes, 3, 1, order, 3, picked), DATA_OK);
    assert_memory_equal(picked, ((uint8_t[]){ 7, 5, 7 }), 3);
    assert_int_equal(data_gather(bytes, 3, 1, high, 2, picked), DATA_ERR_ARGUMENT);
    assert_int_equal(data_gather(bytes, 3, 1, low, 2, picked), DATA_ERR_ARGUMENT);
}

static void test_gather_lists(void **state)
{
    (void)state;
    const int32_t indices[] = { 1, 2, 3, 4, 5, 6 }, order[] = { 2, 1, 0 }, wrong[] = { 3 };
    const int64_t offsets[] = { 0, 2, 2, 6 };
    int32_t out[6];
    int64_t out_offsets[4];
    assert_int_equal(data_gather_lists(indices, offsets, 3, order, 3, out, out_offsets), DATA_OK);
    assert_memory_equal(out, ((int32_t[]){ 3, 4, 5, 6, 1, 2 }), sizeof out);
    assert_memory_equal(out_offsets, ((int64_t[]){ 0, 4, 4, 6 }), sizeof out_offsets);
    assert_int_equal(data_gather_lists(indices, offsets, 3, wrong, 1, out, out_offsets), DATA_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generator),
        cmocka_unit_test(test_zeroed_generator),
        cmocka_unit_test(test_draws),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_shuffle_is_uniform),
        cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_51_batch_out_of_range),
        cmocka_unit_test(test_65_epochs_near_two_to_the_31),
        cmocka_unit_test(test_gather),
        cmocka_unit_test(test_gather_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
