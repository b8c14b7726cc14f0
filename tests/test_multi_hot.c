/* Multi-hot: Dense over index lists is Dense over rows of zeros and ones; padding sets none, repeats set one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <kvist/nn.h>
#include <math.h>
#include <string.h>

enum { VOCAB = 1500, UNITS = 70, BATCH = 70, LONGEST = 4000, LENGTH = 90 };

static int32_t ids[BATCH * LONGEST];
static int64_t offsets[BATCH + 1];
static nn_float rows[BATCH * VOCAB], dy[BATCH * UNITS];

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Lists with padding and repeats, some empty, every 20th so long that it names most words, every third ascending, the
 * long ones at least at first; and their rows. `length`: of every list; 0: each its own. */
static void make_lists(int length)
{
    uint32_t random = 1;
    memset(rows, 0, sizeof rows);
    for (int b = 0; b < BATCH; b++) {
        const bool long_one = b % 20 == 3, ascends = b % 3 == 0;
        const int most = ascends ? VOCAB - 1 : LONGEST, own = long_one ? most : (int)(next_random(&random) % 60);
        const int count = length ? length : own, first = ascends ? (int)(next_random(&random) % 2) : 0;
        offsets[b + 1] = offsets[b] + count;
        for (int i = 0; i < count; i++) {
            const int32_t random_word = (int32_t)(next_random(&random) % (long_one ? VOCAB : 40));
            const int32_t any = long_one && i < VOCAB / 2 ? i : i < 5 ? 0 : random_word;
            const int32_t word = ascends ? first + i * (VOCAB - 1) / count : any;
            ids[offsets[b] + i] = word;
            if (word > 0) rows[b * VOCAB + word] = 1;
        }
    }
    for (int i = 0; i < BATCH * UNITS; i++) dy[i] = (nn_float)((double)next_random(&random) / (1 << 23) - 1.0);
}

/* Lists that ascend but for one repeat each, at the positions around which they are looked over block by block. */
static void make_repeats(void)
{
    static const int places[] = { 1, 2, 254, 255, 256, 257, 258, 511, 512, 513, 514, 599 };
    enum { SIZE = 600 };
    uint32_t random = 7;
    memset(rows, 0, sizeof rows);
    for (int b = 0; b < BATCH; b++) {
        const int place = places[b % (int)(sizeof places / sizeof *places)];
        offsets[b + 1] = offsets[b] + SIZE;
        for (int i = 0; i < SIZE; i++) {
            ids[offsets[b] + i] = 1 + b + i - (i >= place);
            rows[b * VOCAB + ids[offsets[b] + i]] = 1;
        }
    }
    for (int i = 0; i < BATCH * UNITS; i++) dy[i] = (nn_float)((double)next_random(&random) / (1 << 23) - 1.0);
}

static nn_model *create(const nn_layer_def *layers, int count, nn_shape input, nn_dtype type, int threads)
{
    nn_error error;
    nn_model *model = nn_model_create(&(nn_model_def){ .input = input,
                                                       .input_type = type,
                                                       .max_batch = BATCH,
                                                       .threads = threads,
                                                       .seed = 5,
                                                       .layers = layers,
                                                       .layer_count = count },
                                      &error);
    if (!model) fail_msg("%s", error.text);
    return model;
}

static void assert_close(const nn_float *got, const nn_float *want, size_t count, const char *what)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - (double)want[i]) <= 2e-5)) /* sums of up to 1400 weights below 0.07 */
            fail_msg("%s %zu: expected %.8g, got %.8g", what, i, (double)want[i], (double)got[i]);
}

/* The lists and the rows that were made. */
static void compare_made(int units, bool no_bias, int length, int threads)
{
    const nn_dense_def dense = { .units = units, .no_bias = no_bias, .bias_init = NN_UNIFORM_05 };
    const nn_layer_def listed[] = { { .type = NN_MULTI_HOT, .multi_hot = { VOCAB } },
                                    { .type = NN_DENSE, .dense = dense } },
                       plain[] = { { .type = NN_DENSE, .dense = dense } };
    nn_model *lists = create(listed, 2, NN_SHAPE(length ? length : NN_RAGGED), NN_I32, threads);
    nn_model *reals = create(plain, 1, NN_SHAPE(VOCAB), NN_F32, 1);
    size_t count = 0, same = 0;
    nn_float *weights = nn_model_params(lists, &count);
    memcpy(nn_model_params(reals, &same), weights, count * sizeof *weights);
    assert_int_equal(count, same);
    assert_int_equal(count, (size_t)(VOCAB + !no_bias) * (size_t)units);

    const nn_tensor x = length ? nn_view_i32(ids, NN_SHAPE(BATCH, length)) : nn_view_ragged(ids, offsets, BATCH);
    const nn_tensor all = nn_view_f32(rows, NN_SHAPE(BATCH, VOCAB)), up = nn_view_f32(dy, NN_SHAPE(BATCH, units));
    /* Twice: nothing of a step is left over for the next. */
    for (int step = 0; step < 2; step++) {
        const nn_tensor *got = nn_forward(lists, &x, NN_TRAIN), *want = nn_forward(reals, &all, NN_TRAIN);
        assert_non_null(got);
        assert_non_null(want);
        assert_close(got->f32, want->f32, (size_t)(BATCH * units), "output");
        assert_non_null(nn_backward(lists, &up, NN_GRAD_PARAMS));
        assert_non_null(nn_backward(reals, &up, NN_GRAD_PARAMS));
        assert_close(nn_model_grads(lists, NULL), nn_model_grads(reals, NULL), count, "gradient");
    }
    nn_model_destroy(lists);
    nn_model_destroy(reals);
}

static void compare(int units, bool no_bias, int length, int threads)
{
    make_lists(length);
    compare_made(units, no_bias, length, threads);
}

static void test_one_repeat(void **state)
{
    (void)state;
    make_repeats();
    compare_made(17, false, 0, 1);
}

static void test_ragged(void **state)
{
    (void)state;
    compare(17, false, 0, 1);
    compare(17, true, 0, 3);
    compare(UNITS, false, 0, 3); /* wide enough that threads share the rows of weights */
}

static void test_of_one_length(void **state)
{
    (void)state;
    compare(17, false, LENGTH, 2);
    compare(17, true, LENGTH, 1);
    compare(UNITS, true, LENGTH, 2);
}

/* The first index outside is told: next to the bounds, in the first block of a row, behind it, at a row's end. */
static void test_indices_outside(void **state)
{
    (void)state;
    enum { WORDS = 11, ROW = 300 };
    const nn_layer_def layers[] = { { .type = NN_MULTI_HOT, .multi_hot = { WORDS } },
                                    { .type = NN_DENSE, .dense = { .units = 2 } } };
    static const int places[] = { 0, 7, 256, ROW - 1 }, wrong[] = { WORDS, -1, INT32_MAX };
    nn_model *model = create(layers, 2, NN_SHAPE(ROW), NN_I32, 1);
    int32_t list[2 * ROW];
    const nn_tensor x = nn_view_i32(list, NN_SHAPE(2, ROW));
    for (int k = 0; k < 12; k++) {
        char text[64];
        for (int i = 0; i < 2 * ROW; i++) list[i] = i % 2 ? WORDS - 1 : 0;
        list[ROW + places[k / 3]] = wrong[k % 3];
        list[2 * ROW - 1] = k / 3 < 3 ? WORDS + 1 : wrong[k % 3];
        assert_null(nn_forward(model, &x, NN_EVAL));
        snprintf(text, sizeof text, "sample 1, index %d: expected 0 to 10, got %d", places[k / 3], wrong[k % 3]);
        if (!strstr(nn_model_error(model), text)) fail_msg("expected \"%s\" in: %s", text, nn_model_error(model));
        list[ROW + places[k / 3]] = list[2 * ROW - 1] = 0;
        assert_non_null(nn_forward(model, &x, NN_EVAL));
    }
    nn_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_ragged), cmocka_unit_test(test_one_repeat),
                                        cmocka_unit_test(test_of_one_length), cmocka_unit_test(test_indices_outside) };
    return cmocka_run_group_tests_name("multi_hot", tests, NULL, NULL);
}
