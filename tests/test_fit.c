/* nn_fit(): the rules of the training loop, each seen from outside; when it stops is in test_fit_stop.c, what it
   refuses in test_fit_refusals.c. */
#include "fitting.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- order, split, means --- */

enum { SAMPLES = 11 };

/* The losses of single batches, worked out of the running mean. */
typedef struct recorder {
    double loss[64];
    int count, batches, stop_at; /* stop after this many batches; 0: never */
    double sum;
} recorder;

/* With batches of one sample the difference of the running sums is that sample's loss. */
static bool record(const nn_progress *p, void *user)
{
    recorder *r = user;
    if (p->batch == 1) r->sum = 0;
    r->loss[r->count++] = p->loss * p->batch - r->sum;
    r->sum = p->loss * p->batch;
    r->batches = p->batches;
    assert_true(isnan(p->val_loss) && isnan(p->val_accuracy) && isnan(p->accuracy));
    return r->count != r->stop_at;
}

/* Which samples two epochs took, by their targets 1 .. SAMPLES. */
static void record_order(uint64_t seed, bool no_shuffle, double val_split, int order[2][SAMPLES])
{
    nn_float x[SAMPLES], y[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) x[i] = 0, y[i] = (nn_float)(i + 1);
    const nn_tensor tx = nn_view_f32(x, NN_SHAPE(SAMPLES, 1)), ty = nn_view_f32(y, NN_SHAPE(SAMPLES, 1));
    nn_model *model = make_zero_line(4);
    nn_optim *optim = make_optim(model, &still);
    recorder r = { .count = 0 };
    nn_error error;
    const nn_fit_def def = { .x = &tx,
                             .y = &ty,
                             .epochs = 2,
                             .batch = 1,
                             .val_split = val_split,
                             .seed = seed,
                             .on_batch = record,
                             .user = &r,
                             .no_shuffle = no_shuffle,
                             .loss = mse };
    expect_fit(nn_fit(model, optim, &def, &error), NN_OK, &error);
    assert_int_equal(r.count, 2 * r.batches);
    for (int i = 0; i < r.count; i++) order[i / r.batches][i % r.batches] = (int)lrint(sqrt(r.loss[i]));
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

static void assert_permutation(const int *order, int count)
{
    unsigned seen = 0;
    for (int i = 0; i < count; i++) seen |= 1u << order[i];
    assert_int_equal(seen, (1u << (count + 1)) - 2); /* bits 1 .. count */
}

static void test_shuffle(void **state)
{
    (void)state;
    int a[2][SAMPLES], again[2][SAMPLES], other[2][SAMPLES], plain[2][SAMPLES];
    record_order(1, false, 0, a);
    record_order(1, false, 0, again);
    record_order(2, false, 0, other);
    record_order(1, true, 0, plain);
    assert_memory_equal(a, again, sizeof a);
    assert_memory_not_equal(a, other, sizeof a);
    assert_memory_not_equal(a[0], a[1], sizeof a[0]); /* another order each epoch */
    for (int e = 0; e < 2; e++) {
        assert_permutation(a[e], SAMPLES);
        for (int i = 0; i < SAMPLES; i++) assert_int_equal(plain[e][i], i + 1);
    }
}

/* The split is taken before the shuffle: int(11 (1 - 0.3)) = 7, so samples 8 to 11 are never trained on. */
static void test_split_before_shuffle(void **state)
{
    (void)state;
    int order[2][SAMPLES];
    record_order(1, false, 0.3, order);
    assert_permutation(order[0], 7);
    assert_permutation(order[1], 7);
}

/* The sizes of the parts, as Keras has them; in float 0.2 would split 25,000 at 19,999. */
static void test_split_sizes(void **state)
{
    (void)state;
    static const struct {
        int samples;
        double split;
        int trained;
    } cases[] = { { 25000, 0.2, 20000 }, { 25000, 0.4, 15000 }, { 10, 0.25, 7 },
                  { 10, 0.3, 7 },        { 3, 0.5, 1 },         { 1000, 0.001, 999 } };
    nn_float *zeros = calloc(25000, sizeof *zeros);
    assert_non_null(zeros);
    for (int i = 0; i < COUNT(cases); i++) {
        nn_model *model = make_zero_line(4);
        nn_optim *optim = make_optim(model, &still);
        const nn_tensor x = nn_view_f32(zeros, NN_SHAPE(cases[i].samples, 1));
        recorder r = { .stop_at = 1 };
        nn_error error;
        const nn_fit_def def = {
            .x = &x, .y = &x, .loss = mse, .batch = 1, .val_split = cases[i].split, .on_batch = record, .user = &r
        };
        expect_fit(nn_fit(model, optim, &def, &error), NN_STOPPED, &error);
        assert_int_equal(r.batches, cases[i].trained);
        nn_optim_destroy(optim);
        nn_model_destroy(model);
    }
    free(zeros);
}

/* Targets 1 .. 5 in batches of 2, the last of 1: the mean is over samples, (1 + 4 + 9 + 16 + 25) / 5. Row 51. */
static void test_weighted_means(void **state)
{
    (void)state;
    nn_float x[7] = { 0 }, y[] = { 1, 2, 3, 4, 5, 6, 8 };
    const nn_tensor tx = nn_view_f32(x, NN_SHAPE(7, 1)), ty = nn_view_f32(y, NN_SHAPE(7, 1));
    nn_model *model = make_zero_line(3);
    nn_optim *optim = make_optim(model, &still);
    nn_progress history[2];
    int done = 0;
    nn_error error;
    const nn_fit_def def = { .x = &tx,
                             .y = &ty,
                             .loss = mse,
                             .batch = 2,
                             .epochs = 2,
                             .val_split = 0.2,
                             .history = history,
                             .epochs_done = &done };
    expect_fit(nn_fit(model, optim, &def, &error), NN_OK, &error); /* int(7 * 0.8) = 5 */
    assert_int_equal(done, 2);
    for (int e = 0; e < 2; e++) {
        assert_true(fabs(history[e].loss - 11) < 1e-5);
        assert_true(fabs(history[e].val_loss - 50) < 1e-5);
        assert_true(isnan(history[e].accuracy) && isnan(history[e].val_accuracy));
        assert_int_equal(history[e].epoch, e + 1);
        assert_int_equal(history[e].epochs, 2);
        assert_int_equal(history[e].batch, 3);
        assert_int_equal(history[e].batches, 3);
        assert_true(history[e].seconds >= 0);
    }
    assert_true(nn_optim_steps(optim) == 6);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

/* --- learning --- */

static void test_xor(void **state)
{
    (void)state;
    nn_float x[] = { 0, 0, 0, 1, 1, 0, 1, 1 }, y[] = { 0, 1, 1, 0 };
    const nn_tensor tx = nn_view_f32(x, NN_SHAPE(4, 2)), ty = nn_view_f32(y, NN_SHAPE(4, 1));
    const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 8, .activation = NN_TANH } },
                                    { NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } } };
    nn_model *model = make_model(&(nn_model_def){ .input = NN_SHAPE(2), .max_batch = 4, .seed = 1, NN_LAYERS(layers) });
    nn_optim *optim = make_optim(model, &(nn_optim_def){ .lr = 0.05 });
    nn_error error;
    const nn_fit_def def = { .x = &tx, .y = &ty, .loss = { .type = NN_BCE }, .epochs = 300, .batch = 4 };
    expect_fit(nn_fit(model, optim, &def, &error), NN_OK, &error);
    double loss = NAN, accuracy = NAN;
    assert_int_equal(nn_evaluate(model, &def.loss, NN_METRIC_DEFAULT, &tx, &ty, &loss, &accuracy, &error), NN_OK);
    assert_true(accuracy == 1);
    assert_true(loss < 0.05);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

static void test_regression(void **state)
{
    (void)state;
    enum { N = 64 };
    nn_float x[N][2], y[N];
    nn_rng rng = { .seed = 7 };
    nn_tensor tx = nn_view_f32(x[0], NN_SHAPE(N, 2));
    const nn_tensor ty = nn_view_f32(y, NN_SHAPE(N, 1));
    nn_fill_uniform(&tx, -1, 1, &rng);
    for (int i = 0; i < N; i++) y[i] = 2 * x[i][0] - 3 * x[i][1] + 0.5f;
    static const nn_optim_def optims[] = { { .type = NN_SGD, .lr = 0.1, .momentum = 0.5 },
                                           { .type = NN_RMSPROP, .lr = 0.02 },
                                           { .type = NN_ADAM, .lr = 0.05 } };
    for (int i = 0; i < COUNT(optims); i++) {
        const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 1 } } };
        nn_model *model =
            make_model(&(nn_model_def){ .input = NN_SHAPE(2), .max_batch = 16, .seed = 2, NN_LAYERS(layers) });
        nn_optim *optim = make_optim(model, &optims[i]);
        nn_error error;
        const nn_fit_def def = { .x = &tx, .y = &ty, .loss = mse, .epochs = 200, .batch = 16 };
        expect_fit(nn_fit(model, optim, &def, &error), NN_OK, &error);
        const nn_float *w = nn_model_read_params(model, NULL);
        assert_float_equal((float)w[0], 2, 0.05f);
        assert_float_equal((float)w[1], -3, 0.05f);
        assert_float_equal((float)w[2], 0.5f, 0.05f);
        nn_optim_destroy(optim);
        nn_model_destroy(model);
    }
}

/* Index lists of different lengths, gathered from their offsets, are as good as the rows of zeros and ones. */
static void test_ragged(void **state)
{
    (void)state;
    enum { ROWS = 7, WORDS = 6 };
    int32_t words[] = { 0, 1, 2, 3, 3, 5, 4, 1, 2, 5, 5, 4, 3, 2, 1, 1 };
    int64_t offsets[] = { 1, 3, 4, 4, 7, 12, 14, 16 };
    nn_float hot[ROWS][WORDS] = { { 0 } }, labels[ROWS];
    for (int r = 0; r < ROWS; r++) {
        labels[r] = (nn_float)(r % 2);
        for (int64_t i = offsets[r]; i < offsets[r + 1]; i++) hot[r][words[i]] = 1;
    }
    const nn_tensor ragged = nn_view_ragged(words, offsets, ROWS), dense = nn_view_f32(hot[0], NN_SHAPE(ROWS, WORDS));
    const nn_tensor y = nn_view_f32(labels, NN_SHAPE(ROWS, 1));
    const nn_layer_def with_lists[] = {
        { NN_MULTI_HOT, .multi_hot = { .vocab = WORDS } },
        { NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID, .kernel_init = NN_ZEROS } }
    };
    const nn_layer_def with_rows[] = { { NN_DENSE,
                                         .dense = { .units = 1, .activation = NN_SIGMOID, .kernel_init = NN_ZEROS } } };
    nn_progress history[2][3];
    for (int form = 0; form < 2; form++) {
        nn_model_def model_def = { .input = NN_SHAPE(WORDS), .max_batch = 3, NN_LAYERS(with_rows) };
        if (form)
            model_def = (nn_model_def){
                .input = NN_SHAPE(NN_RAGGED), .input_type = NN_I32, .max_batch = 3, NN_LAYERS(with_lists)
            };
        nn_model *model = make_model(&model_def);
        nn_optim *optim = make_optim(model, &(nn_optim_def){ .lr = 0.1 });
        nn_error error;
        const nn_fit_def def = { .x = form ? &ragged : &dense,
                                 .y = &y,
                                 .loss = { .type = NN_BCE },
                                 .epochs = 3,
                                 .batch = 3,
                                 .seed = 4,
                                 .val_split = 0.3,
                                 .history = history[form] };
        expect_fit(nn_fit(model, optim, &def, &error), NN_OK, &error);
        nn_optim_destroy(optim);
        nn_model_destroy(model);
    }
    for (int e = 0; e < 3; e++) {
        assert_float_equal((float)history[0][e].loss, (float)history[1][e].loss, 1e-5f);
        assert_float_equal((float)history[0][e].val_loss, (float)history[1][e].val_loss, 1e-5f);
        assert_true(history[0][e].accuracy == history[1][e].accuracy);
    }
    assert_true(history[0][2].loss < history[0][0].loss);
}

/* Lists without a word leave the bias alone to be learnt. */
static void test_empty_lists(void **state)
{
    (void)state;
    int32_t word = 0;
    const int64_t offsets[5] = { 0 };
    nn_float labels[] = { 1, 1, 1, 0 };
    const nn_tensor x = nn_view_ragged(&word, offsets, 4), y = nn_view_f32(labels, NN_SHAPE(4, 1));
    const nn_layer_def layers[] = { { NN_MULTI_HOT, .multi_hot = { .vocab = 2 } },
                                    { NN_DENSE, .dense = { .units = 1, .kernel_init = NN_ONES } } };
    nn_model *model = make_model(
        &(nn_model_def){ .input = NN_SHAPE(NN_RAGGED), .input_type = NN_I32, .max_batch = 4, NN_LAYERS(layers) });
    nn_optim *optim = make_optim(model, &(nn_optim_def){ .type = NN_SGD, .lr = 0.5 });
    nn_error error;
    const nn_fit_def def = { .x = &x, .y = &y, .loss = mse, .batch = 4 };
    expect_fit(nn_fit(model, optim, &def, &error), NN_OK, &error);
    const nn_float *w = nn_model_read_params(model, NULL);
    assert_true(w[0] == 1 && w[1] == 1);
    assert_float_equal((float)w[2], 0.75f, 1e-6f); /* their mean: 0.5 times 2 times the error */
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

/* Indices in, class indices out. */
static void test_indices(void **state)
{
    (void)state;
    enum { ROWS = 12 };
    int32_t ids[ROWS][2], classes[ROWS];
    for (int i = 0; i < ROWS; i++) ids[i][0] = i % 4, ids[i][1] = i / 4, classes[i] = i % 4 % 3;
    const nn_tensor x = nn_view_i32(ids[0], NN_SHAPE(ROWS, 2)), y = nn_view_i32(classes, NN_SHAPE(ROWS));
    const nn_layer_def layers[] = { { NN_EMBEDDING, .embedding = { .vocab = 4, .dim = 6 } },
                                    { .type = NN_FLATTEN },
                                    { NN_DENSE, .dense = { .units = 3, .activation = NN_SOFTMAX } } };
    nn_model *model = make_model(
        &(nn_model_def){ .input = NN_SHAPE(2), .input_type = NN_I32, .max_batch = 5, .seed = 3, NN_LAYERS(layers) });
    nn_optim *optim = make_optim(model, &(nn_optim_def){ .lr = 0.05 });
    nn_progress history[60];
    nn_error error;
    const nn_fit_def def = {
        .x = &x, .y = &y, .loss = { .type = NN_SPARSE_CATEGORICAL }, .epochs = 60, .batch = 5, .history = history
    };
    expect_fit(nn_fit(model, optim, &def, &error), NN_OK, &error);
    assert_true(history[59].accuracy == 1);
    assert_true(history[59].loss < 0.1);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

/* Gradients that lie there from before are not part of the first step. */
static void test_starts_from_no_gradients(void **state)
{
    (void)state;
    nn_float x[] = { 1 }, y[] = { 1 }, weight[2];
    const nn_tensor tx = nn_view_f32(x, NN_SHAPE(1, 1)), ty = nn_view_f32(y, NN_SHAPE(1, 1));
    for (int dirty = 0; dirty < 2; dirty++) {
        nn_model *model = make_zero_line(1);
        nn_optim *optim = make_optim(model, &(nn_optim_def){ .type = NN_SGD, .lr = 0.25 });
        nn_error error;
        if (dirty) nn_model_grads(model, NULL)[0] = 100;
        expect_fit(nn_fit(model, optim, &(nn_fit_def){ .x = &tx, .y = &ty, .loss = mse }, &error), NN_OK, &error);
        weight[dirty] = nn_model_read_params(model, NULL)[0];
        nn_optim_destroy(optim);
        nn_model_destroy(model);
    }
    assert_true(weight[0] == 0.5f); /* 0 - 0.25 * -2 */
    assert_true(weight[1] == 0.5f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shuffle),     cmocka_unit_test(test_split_before_shuffle),
        cmocka_unit_test(test_split_sizes), cmocka_unit_test(test_weighted_means),
        cmocka_unit_test(test_xor),         cmocka_unit_test(test_regression),
        cmocka_unit_test(test_ragged),      cmocka_unit_test(test_empty_lists),
        cmocka_unit_test(test_indices),     cmocka_unit_test(test_starts_from_no_gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
