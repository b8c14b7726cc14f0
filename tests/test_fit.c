/* nn_fit(), nn_evaluate(), nn_predict(): the rules of the training loop, each seen from outside. */
#include "temp.h"
#include <kvist/nn.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

static const nn_loss_def mse = { .type = NN_MSE };
/* A step that changes nothing that float can show. */
static const nn_optim_def still = { .type = NN_SGD, .lr = 1e-30 };

static nn_model *make_model(const nn_model_def *def)
{
    nn_error error;
    nn_model *model = nn_model_create(def, &error);
    if (!model) fail_msg("%s", error.text);
    return model;
}

static nn_optim *make_optim(nn_model *model, const nn_optim_def *def)
{
    nn_error error;
    nn_optim *optim = nn_optim_create(model, def, &error);
    if (!optim) fail_msg("%s", error.text);
    return optim;
}

/* y = w x without bias, w = 0: the squared error of a sample is its target's square. */
static nn_model *make_zero_line(int max_batch)
{
    const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 1, .no_bias = true, .kernel_init = NN_ZEROS } } };
    return make_model(&(nn_model_def){ .input = NN_SHAPE(1), .max_batch = max_batch, .threads = 1, NN_LAYERS(layers) });
}

static void expect_fit(nn_status got, nn_status want, const nn_error *error)
{
    if (got != want) fail_msg("expected %s, got %s: %s", nn_status_string(want), nn_status_string(got), error->text);
}

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

/* --- stopping, the best epoch --- */

typedef struct stopper {
    int calls, stop_at;
    nn_progress last;
} stopper;

static bool stop_at(const nn_progress *p, void *user)
{
    stopper *s = user;
    s->last = *p;
    return ++s->calls != s->stop_at;
}

static void test_callbacks_stop(void **state)
{
    (void)state;
    nn_float x[5] = { 0 }, y[] = { 1, 2, 3, 4, 5 };
    const nn_tensor tx = nn_view_f32(x, NN_SHAPE(5, 1)), ty = nn_view_f32(y, NN_SHAPE(5, 1));
    nn_model *model = make_zero_line(2);
    nn_optim *optim = make_optim(model, &still);
    stopper s = { .stop_at = 2 };
    int done = -1;
    nn_error error;
    nn_fit_def def = {
        .x = &tx, .y = &ty, .loss = mse, .batch = 2, .epochs = 9, .on_epoch = stop_at, .user = &s, .epochs_done = &done
    };
    expect_fit(nn_fit(model, optim, &def, &error), NN_STOPPED, &error);
    assert_int_equal(done, 2);
    assert_int_equal(s.last.epoch, 2);
    assert_true(nn_optim_steps(optim) == 6);

    def.on_epoch = NULL;
    def.on_batch = stop_at;
    s = (stopper){ .stop_at = 5 }; /* the second batch of the second epoch */
    expect_fit(nn_fit(model, optim, &def, &error), NN_STOPPED, &error);
    assert_int_equal(done, 1);
    assert_int_equal(s.last.epoch, 2);
    assert_int_equal(s.last.batch, 2);
    assert_true(nn_optim_steps(optim) == 11);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

/* A loss that stays the same: the first epoch is the best, and patience runs from there. */
static void test_patience(void **state)
{
    (void)state;
    nn_float x[4] = { 0 }, y[] = { 1, 2, 3, 4 };
    const nn_tensor tx = nn_view_f32(x, NN_SHAPE(4, 1)), ty = nn_view_f32(y, NN_SHAPE(4, 1));
    for (int monitor = NN_MONITOR_DEFAULT; monitor <= NN_MONITOR_VAL_LOSS; monitor++) {
        nn_model *model = make_zero_line(2);
        nn_optim *optim = make_optim(model, &still);
        int done = 0;
        nn_error error;
        const nn_fit_def def = { .x = &tx,
                                 .y = &ty,
                                 .loss = mse,
                                 .batch = 2,
                                 .epochs = 9,
                                 .metric = NN_BINARY_ACCURACY,
                                 .val_split = 0.5,
                                 .monitor = (nn_monitor)monitor,
                                 .patience = 3,
                                 .epochs_done = &done };
        expect_fit(nn_fit(model, optim, &def, &error), NN_OK, &error);
        assert_int_equal(done, 4);
        nn_optim_destroy(optim);
        nn_model_destroy(model);
    }
}

/* Each monitor follows its own number: w goes 0, 1/2, 3/4, .. to 1, the answer 1 is right from 3/4 on. In training it
 * is counted before a step, in validation after it; the losses never stop to shrink. */
static void test_monitors(void **state)
{
    (void)state;
    static const int epochs[] = { [NN_MONITOR_DEFAULT] = 12,
                                  [NN_MONITOR_LOSS] = 12,
                                  [NN_MONITOR_ACCURACY] = 6,
                                  [NN_MONITOR_VAL_LOSS] = 12,
                                  [NN_MONITOR_VAL_ACCURACY] = 5 };
    nn_float x[] = { 1 }, y[] = { 1 };
    const nn_tensor tx = nn_view_f32(x, NN_SHAPE(1, 1)), ty = nn_view_f32(y, NN_SHAPE(1, 1));
    for (int monitor = NN_MONITOR_DEFAULT; monitor <= NN_MONITOR_VAL_ACCURACY; monitor++) {
        nn_model *model = make_zero_line(1);
        nn_optim *optim = make_optim(model, &(nn_optim_def){ .type = NN_SGD, .lr = 0.25 });
        int done = 0;
        nn_error error;
        const nn_fit_def def = { .x = &tx,
                                 .y = &ty,
                                 .val_x = &tx,
                                 .val_y = &ty,
                                 .loss = mse,
                                 .metric = NN_BINARY_ACCURACY,
                                 .monitor = (nn_monitor)monitor,
                                 .epochs = 12,
                                 .patience = 3,
                                 .epochs_done = &done };
        expect_fit(nn_fit(model, optim, &def, &error), NN_OK, &error);
        assert_int_equal(done, epochs[monitor]);
        nn_optim_destroy(optim);
        nn_model_destroy(model);
    }
}

/* w starts at 0 and goes to 1: the loss shrinks by a constant factor, from some epoch on by less than min_delta. */
static void test_min_delta(void **state)
{
    (void)state;
    nn_float x[] = { 1 }, y[] = { 1 };
    const nn_tensor tx = nn_view_f32(x, NN_SHAPE(1, 1)), ty = nn_view_f32(y, NN_SHAPE(1, 1));
    nn_model *model = make_zero_line(1);
    nn_optim *optim = make_optim(model, &(nn_optim_def){ .type = NN_SGD, .lr = 0.25 });
    int done = 0;
    nn_error error;
    /* e halves each epoch: losses 1, 1/4, 1/16, 1/64, ...; 1/16 - 1/64 = 0.047 < 0.05 */
    const nn_fit_def def = {
        .x = &tx, .y = &ty, .loss = mse, .epochs = 20, .patience = 1, .min_delta = 0.05, .epochs_done = &done
    };
    expect_fit(nn_fit(model, optim, &def, &error), NN_OK, &error);
    assert_int_equal(done, 4);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

/* Steps that overshoot more and more: the first epoch is the best, and its weights come back. */
static void test_restore_best(void **state)
{
    (void)state;
    nn_float x[] = { 1 }, y[] = { 1 };
    const nn_tensor tx = nn_view_f32(x, NN_SHAPE(1, 1)), ty = nn_view_f32(y, NN_SHAPE(1, 1));
    for (int restore = 0; restore < 2; restore++) {
        nn_model *model = make_zero_line(1);
        nn_optim *optim = make_optim(model, &(nn_optim_def){ .type = NN_SGD, .lr = 1.25 }); /* e = -1.5 e */
        nn_progress history[4];
        double loss = NAN;
        nn_error error;
        const nn_fit_def def = { .x = &tx,
                                 .y = &ty,
                                 .loss = mse,
                                 .epochs = 4,
                                 .val_x = &tx,
                                 .val_y = &ty,
                                 .restore_best = restore,
                                 .history = history };
        expect_fit(nn_fit(model, optim, &def, &error), NN_OK, &error);
        assert_int_equal(nn_evaluate(model, &mse, NN_METRIC_NONE, &tx, &ty, &loss, NULL, &error), NN_OK);
        assert_true(loss == history[restore ? 0 : 3].val_loss);
        assert_true(history[3].val_loss > 2 * history[0].val_loss);
        nn_optim_destroy(optim);
        nn_model_destroy(model);
    }
}

/* What is restored is all that an output depends on: weights, moving statistics, and what layers keep of the weights.
 */
static void test_restore_everything(void **state)
{
    (void)state;
    enum { N = 12, TIME = 4, FEATURES = 3 };
    nn_float x[N * TIME * FEATURES], y[N];
    nn_rng rng = { .seed = 9 };
    nn_tensor tx = nn_view_f32(x, NN_SHAPE(N, TIME, FEATURES)), ty = nn_view_f32(y, NN_SHAPE(N, 1));
    nn_fill_uniform(&tx, -1, 1, &rng);
    nn_fill_uniform(&ty, -1, 1, &rng);
    const nn_layer_def layers[] = { { NN_LSTM, .rnn = { .units = 8 } },
                                    { NN_BATCH_NORM, .batch_norm = { .momentum = 0.5 } },
                                    { NN_DENSE, .dense = { .units = 1 } } };
    nn_model *model =
        make_model(&(nn_model_def){ .input = NN_SHAPE(TIME, FEATURES), .max_batch = 6, .seed = 4, NN_LAYERS(layers) });
    nn_optim *optim = make_optim(model, &(nn_optim_def){ .type = NN_RMSPROP, .lr = 0.1 });
    nn_progress history[8];
    nn_error error;
    const nn_fit_def def = { .x = &tx,
                             .y = &ty,
                             .loss = mse,
                             .epochs = 8,
                             .batch = 6,
                             .val_x = &tx,
                             .val_y = &ty,
                             .restore_best = true,
                             .history = history };
    expect_fit(nn_fit(model, optim, &def, &error), NN_OK, &error);
    double best = history[0].val_loss, loss = NAN;
    for (int e = 1; e < 8; e++) best = fmin(best, history[e].val_loss);
    assert_true(best < history[7].val_loss); /* the last epoch is not the best, or this shows nothing */
    assert_int_equal(nn_evaluate(model, &mse, NN_METRIC_NONE, &tx, &ty, &loss, NULL, &error), NN_OK);
    assert_true(loss == best);
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

/* --- evaluate and predict --- */

static void test_evaluate_and_predict(void **state)
{
    (void)state;
    enum { N = 7 };
    nn_float x[N][2], y[N][2], out[N][2], labels[N][2];
    nn_rng rng = { .seed = 3 };
    nn_tensor tx = nn_view_f32(x[0], NN_SHAPE(N, 2)), tout = nn_view_f32(out[0], NN_SHAPE(N, 2));
    const nn_tensor ty = nn_view_f32(y[0], NN_SHAPE(N, 2)), tl = nn_view_f32(labels[0], NN_SHAPE(N, 2));
    nn_fill_uniform(&tx, -1, 1, &rng);
    for (int i = 0; i < N; i++) y[i][0] = x[i][0], y[i][1] = 1, labels[i][0] = (nn_float)(i % 3 == 0), labels[i][1] = 1;
    const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 2 } }, { NN_DROPOUT, .dropout = { .rate = 0.5 } } };
    nn_model *model = make_model(&(nn_model_def){ .input = NN_SHAPE(2), .max_batch = 3, .seed = 5, NN_LAYERS(layers) });
    nn_error error;
    assert_int_equal(nn_predict(model, &tx, &tout, &error), NN_OK);
    double sum = 0, mean = 0, accuracy = 0;
    int right = 0, between = 0;
    for (int i = 0; i < N; i++) {
        const nn_tensor one = nn_view_f32(x[i], NN_SHAPE(1, 2));
        const nn_tensor *single = nn_forward(model, &one, NN_EVAL);
        assert_non_null(single);
        for (int k = 0; k < 2; k++) {
            assert_float_equal((float)single->f32[k], (float)out[i][k], 1e-6f);
            sum += pow((double)out[i][k] - (double)y[i][k], 2);
            right += (out[i][k] > 0) == (labels[i][k] > 0.5f);
            between += out[i][k] > 0 && out[i][k] <= 0.5f ? (labels[i][k] > 0.5f) * 2 - 1 : 0;
        }
    }
    assert_int_equal(nn_evaluate(model, &mse, NN_METRIC_DEFAULT, &tx, &ty, &mean, &accuracy, &error), NN_OK);
    assert_true(fabs(mean - sum / (2 * N)) < 1e-6);
    assert_true(isnan(accuracy));
    /* Of logits, those above 0 are ones: another count than of those above 0.5. */
    assert_true(between != 0);
    const nn_loss_def logits = { .type = NN_BCE_LOGITS };
    assert_int_equal(nn_evaluate(model, &logits, NN_METRIC_DEFAULT, &tx, &tl, NULL, &accuracy, &error), NN_OK);
    assert_true(accuracy == (double)right / (2 * N));

    const nn_tensor few = nn_view_f32(y[0], NN_SHAPE(N - 1, 2));
    nn_tensor small = nn_view_f32(out[0], NN_SHAPE(N, 1));
    assert_int_equal(nn_evaluate(model, &mse, NN_METRIC_NONE, &tx, &few, &mean, NULL, &error), NN_ERR_SHAPE);
    assert_string_equal(error.text, "y: expected 7 samples, as x has, got 6");
    assert_int_equal(nn_predict(model, &tx, &small, &error), NN_ERR_SHAPE);
    assert_string_equal(error.text, "y: expected (7, 2), got (7, 1)");
    assert_int_equal(nn_predict(model, NULL, &tout, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_predict(model, &tx, NULL, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_predict(NULL, &tx, &tout, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_evaluate(model, NULL, NN_METRIC_NONE, &tx, &ty, &mean, NULL, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_evaluate(NULL, &mse, NN_METRIC_NONE, &tx, &ty, &mean, NULL, &error), NN_ERR_ARGUMENT);
    const nn_loss_def no_loss = { .type = (nn_loss_type)99 };
    assert_int_equal(nn_evaluate(model, &no_loss, NN_METRIC_NONE, &tx, &ty, &mean, NULL, &error), NN_ERR_ARGUMENT);
    assert_string_equal(error.text, "loss: type: expected a nn_loss_type, got 99");
    x[5][1] = NAN;
    assert_int_equal(nn_evaluate(model, &mse, NN_METRIC_NONE, &tx, &ty, &mean, NULL, &error), NN_ERR_NUMERIC);
    assert_non_null(strstr(error.text, "samples 3 to 5: loss is "));
    nn_model_destroy(model);
}

/* --- refusals --- */

typedef struct refusal {
    nn_fit_def def; /* x and y are filled in where NULL, unless `bare` */
    nn_status status;
    const char *text;
    bool bare;
} refusal;

/* Rows 51 and 53 of docs/faults.md. */
static void test_refusals(void **state)
{
    (void)state;
    nn_float data[12] = { 0 };
    int32_t ids[4] = { 0 };
    const nn_tensor x = nn_view_f32(data, NN_SHAPE(6, 1)), wide = nn_view_f32(data, NN_SHAPE(6, 2)),
                    few = nn_view_f32(data, NN_SHAPE(5, 1)), none = nn_view_f32(data, NN_SHAPE(0, 1)),
                    ints = nn_view_i32(ids, NN_SHAPE(4, 1)), one = nn_view_f32(data, NN_SHAPE(1, 1)),
                    empty = nn_view_f32(NULL, NN_SHAPE(6, 1)), flat = nn_view_f32(data, (nn_shape){ .rank = 0 });
    const int64_t offsets[7] = { 0 };
    nn_tensor ragged = x;
    ragged.offsets = offsets;
    const refusal cases[] = {
        { { .x = NULL }, NN_ERR_ARGUMENT, "x: expected a tensor, got NULL", .bare = true },
        { { .x = &x }, NN_ERR_ARGUMENT, "y: expected a tensor, got NULL", .bare = true },
        { { .x = &empty }, NN_ERR_ARGUMENT, "x: expected data, got NULL", false },
        { { .epochs = -1 }, NN_ERR_ARGUMENT, "fit: epochs: expected a positive number, got -1", false },
        { { .batch = -1 }, NN_ERR_ARGUMENT, "fit: batch: expected 1 to the model's max_batch 4, got -1", false },
        { { .batch = 5 }, NN_ERR_ARGUMENT, "fit: batch: expected 1 to the model's max_batch 4, got 5", false },
        { { .val_split = 1 }, NN_ERR_ARGUMENT, "fit: val_split: expected a number in [0, 1), got 1", false },
        { { .val_split = -0.1 }, NN_ERR_ARGUMENT, "fit: val_split: expected a number in [0, 1), got -0.1", false },
        { { .val_split = NAN }, NN_ERR_ARGUMENT, "fit: val_split: expected a number in [0, 1), got nan", false },
        { { .val_split = 0.99 },
          NN_ERR_ARGUMENT,
          "fit: val_split: expected a sample in each part, got 0 and 6 of 6 by 0.99",
          false },
        { { .val_split = 1e-20 },
          NN_ERR_ARGUMENT,
          "fit: val_split: expected a sample in each part, got 6 and 0 of 6 by 1e-20",
          false },
        { { .val_split = 0.5, .val_x = &x, .val_y = &x },
          NN_ERR_ARGUMENT,
          "fit: val_split: expected 0, as val_x is given, got 0.5",
          false },
        { { .val_x = &x }, NN_ERR_ARGUMENT, "fit: expected both of val_x and val_y or none, got one", false },
        { { .val_x = &wide, .val_y = &x },
          NN_ERR_SHAPE,
          "val_x: expected (6, 1) with at least one sample, got (6, 2)",
          false },
        { { .val_x = &x, .val_y = &few }, NN_ERR_SHAPE, "val_y: expected 6 samples, as val_x has, got 5", false },
        { { .patience = -1 }, NN_ERR_ARGUMENT, "fit: patience: expected a number of epochs >= 0, got -1", false },
        { { .min_delta = -1 }, NN_ERR_ARGUMENT, "fit: min_delta: expected a number >= 0, got -1", false },
        { { .min_delta = NAN }, NN_ERR_ARGUMENT, "fit: min_delta: expected a number >= 0, got nan", false },
        { { .checkpoint_every = -1 },
          NN_ERR_ARGUMENT,
          "fit: checkpoint_every: expected a positive number, got -1",
          false },
        { { .resume = true }, NN_ERR_ARGUMENT, "fit: resume: expected a checkpoint to go on from, got NULL", false },
        { { .monitor = NN_MONITOR_VAL_LOSS },
          NN_ERR_ARGUMENT,
          "fit: monitor: validation: expected validation data, got none",
          false },
        { { .monitor = NN_MONITOR_ACCURACY },
          NN_ERR_ARGUMENT,
          "fit: monitor: accuracy: expected a metric, got none",
          false },
        { { .monitor = NN_MONITOR_VAL_ACCURACY },
          NN_ERR_ARGUMENT,
          "fit: monitor: accuracy: expected a metric, got none",
          false },
        { { .monitor = NN_MONITOR_VAL_ACCURACY, .metric = NN_BINARY_ACCURACY },
          NN_ERR_ARGUMENT,
          "fit: monitor: validation: expected validation data, got none",
          false },
        { { .monitor = (nn_monitor)-1 }, NN_ERR_ARGUMENT, "fit: monitor: expected a nn_monitor, got -1", false },
        { { .metric = (nn_metric)-5 }, NN_ERR_ARGUMENT, "fit: metric: expected a nn_metric, got -5", false },
        { { .min_delta = INFINITY }, NN_ERR_ARGUMENT, "fit: min_delta: expected a number >= 0, got inf", false },
        { { .x = &ragged }, NN_ERR_SHAPE, "x: expected rows of one length, got ragged ones", false },
        { { .y = &flat }, NN_ERR_SHAPE, "y: expected 1 to 4 positive dimensions, got ()", false },
        { { .monitor = (nn_monitor)9 }, NN_ERR_ARGUMENT, "fit: monitor: expected a nn_monitor, got 9", false },
        { { .metric = (nn_metric)9 }, NN_ERR_ARGUMENT, "fit: metric: expected a nn_metric, got 9", false },
        { { .loss = { .type = (nn_loss_type)99 } },
          NN_ERR_ARGUMENT,
          "loss: type: expected a nn_loss_type, got 99",
          false },
        { { .x = &wide }, NN_ERR_SHAPE, "x: expected (6, 1) with at least one sample, got (6, 2)", false },
        { { .x = &ints }, NN_ERR_SHAPE, "x: expected reals (NN_F32), got indices (NN_I32)", false },
        { { .y = &few }, NN_ERR_SHAPE, "y: expected 6 samples, as x has, got 5", false },
        { { .y = &wide }, NN_ERR_SHAPE, "y: expected (6, 1), got (6, 2)", false },
        { { .x = &none, .y = &none }, NN_ERR_SHAPE, "x: expected 1 to 4 positive dimensions, got (0, 1)", false },
        { { .x = &one, .y = &one, .val_split = 0.5 },
          NN_ERR_ARGUMENT,
          "fit: val_split: expected a sample in each part, got 0 and 1 of 1 by 0.5",
          false },
        { { .checkpoint = "missing-directory/c.safetensors" }, NN_ERR_IO, "missing-directory/c.safetensors", false },
        { { .best = "missing-directory/b.safetensors" }, NN_ERR_IO, "missing-directory/b.safetensors", false },
    };
    nn_model *model = make_zero_line(4), *other = make_zero_line(4);
    nn_optim *optim = make_optim(model, &still), *foreign = make_optim(other, &still);
    nn_error error;
    for (int i = 0; i < COUNT(cases); i++) {
        nn_fit_def def = cases[i].def;
        int done = 7;
        def.epochs_done = &done;
        if (!def.x && !cases[i].bare) def.x = &x;
        if (!def.y && !cases[i].bare) def.y = &x;
        if (nn_fit(model, optim, &def, &error) != cases[i].status || !strstr(error.text, cases[i].text))
            fail_msg("case %d: expected \"%s\", got \"%s\"", i, cases[i].text, error.text);
        assert_int_equal(done, 0);
    }
    const nn_fit_def good = { .x = &x, .y = &x, .loss = mse };
    assert_int_equal(nn_fit(NULL, optim, &good, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_fit(model, NULL, &good, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_fit(model, optim, NULL, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_fit(model, foreign, &good, &error), NN_ERR_ARGUMENT);
    assert_string_equal(error.text, "fit: optim: expected one made for this model, got another's");
    assert_int_equal(nn_fit(model, foreign, &good, NULL), NN_ERR_ARGUMENT);
    assert_true(nn_optim_steps(optim) == 0);
    expect_fit(nn_fit(model, optim, &good, &error), NN_OK, &error); /* batch 32 would be more than max_batch */
    assert_true(nn_optim_steps(optim) == 2);
    nn_optim_destroy(optim);
    nn_optim_destroy(foreign);
    nn_model_destroy(model);
    nn_model_destroy(other);
}

static void test_bad_data(void **state)
{
    (void)state;
    int32_t words[] = { 1, 2, 1 }, classes[] = { 0, 1, 2 };
    int64_t offsets[] = { 0, 2, 1, 3 };
    const nn_tensor x = nn_view_ragged(words, offsets, 3), y = nn_view_i32(classes, NN_SHAPE(3)),
                    good_y = nn_view_i32(classes, NN_SHAPE(2));
    const nn_layer_def layers[] = { { NN_MULTI_HOT, .multi_hot = { .vocab = 3 } },
                                    { NN_DENSE, .dense = { .units = 2, .activation = NN_SOFTMAX } } };
    nn_model *model = make_model(
        &(nn_model_def){ .input = NN_SHAPE(NN_RAGGED), .input_type = NN_I32, .max_batch = 1, NN_LAYERS(layers) });
    nn_optim *optim = make_optim(model, &still);
    nn_error error;
    const nn_fit_def def = { .x = &x, .y = &y, .loss = { .type = NN_SPARSE_CATEGORICAL }, .no_shuffle = true };
    assert_int_equal(nn_fit(model, optim, &def, &error), NN_ERR_DATA);
    assert_string_equal(error.text, "x: row 1: offsets: expected ascending from 0, got 2 then 1");
    offsets[2] = 2;
    assert_int_equal(nn_fit(model, optim, &def, &error), NN_ERR_DATA);
    assert_string_equal(error.text, "y: row 2: expected a class in [0, 2), got 2");
    classes[2] = 1;
    words[2] = 3;
    assert_int_equal(nn_fit(model, optim, &def, &error), NN_ERR_DATA);
    assert_non_null(strstr(error.text, "epoch 1, batch 3: "));

    /* The same words met in validation, evaluation and prediction: the samples are named. */
    const nn_tensor good = nn_view_ragged(words, offsets, 2);
    const nn_fit_def validated = {
        .x = &good, .y = &good_y, .val_x = &x, .val_y = &y, .loss = { .type = NN_SPARSE_CATEGORICAL }
    };
    const char *bad_word = "samples 2 to 2: layer multi_hot_1: sample 0, index 0: expected 0 to 2, got 3";
    assert_int_equal(nn_fit(model, optim, &validated, &error), NN_ERR_DATA);
    assert_non_null(strstr(error.text, "epoch 1, validation: "));
    assert_non_null(strstr(error.text, bad_word));
    nn_float out[6];
    nn_tensor to = nn_view_f32(out, NN_SHAPE(3, 2));
    assert_int_equal(nn_predict(model, &x, &to, &error), NN_ERR_DATA);
    assert_string_equal(error.text, bad_word);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

/* What stands where ragged lists of words are expected. */
static void test_bad_ragged(void **state)
{
    (void)state;
    int32_t words[] = { 1, 2, 1 };
    int64_t offsets[] = { -1, 2, 3 };
    nn_float out[4];
    const nn_layer_def layers[] = { { NN_MULTI_HOT, .multi_hot = { .vocab = 3 } },
                                    { NN_DENSE, .dense = { .units = 2 } } };
    nn_model *model = make_model(
        &(nn_model_def){ .input = NN_SHAPE(NN_RAGGED), .input_type = NN_I32, .max_batch = 1, NN_LAYERS(layers) });
    const nn_tensor good = nn_view_ragged(words, offsets, 2);
    nn_tensor y = nn_view_f32(out, NN_SHAPE(2, 2)), bad = good;
    nn_error error;
    assert_int_equal(nn_predict(model, &bad, &y, &error), NN_ERR_DATA);
    assert_string_equal(error.text, "x: row 0: offsets: expected ascending from 0, got -1 then 2");
    offsets[0] = 0;
    assert_int_equal(nn_predict(model, &good, &y, &error), NN_OK);
    bad = nn_view_i32(words, NN_SHAPE(3, 1));
    assert_int_equal(nn_predict(model, &bad, &y, &error), NN_ERR_SHAPE);
    assert_string_equal(error.text, "x: expected ragged rows, got rows of one length");
    bad = good, bad.i32 = NULL;
    assert_int_equal(nn_predict(model, &bad, &y, &error), NN_ERR_ARGUMENT);
    assert_string_equal(error.text, "x: expected lists of indices (NN_I32), got none");
    bad = good, bad.dtype = NN_F32;
    assert_int_equal(nn_predict(model, &bad, &y, &error), NN_ERR_ARGUMENT);
    bad = good, bad.shape.rank = 0;
    assert_int_equal(nn_predict(model, &bad, &y, &error), NN_ERR_SHAPE);
    assert_string_equal(error.text, "x: expected (0, *) with at least one sample, got ()");
    bad = nn_view_ragged(words, offsets, 0);
    assert_int_equal(nn_predict(model, &bad, &y, &error), NN_ERR_SHAPE);
    nn_model_destroy(model);
}

/* A loss that is not finite stops at once; the step that made it is not taken. */
static void test_not_finite(void **state)
{
    (void)state;
    nn_float x[] = { 1, 1, 1 }, y[] = { 1, 2, INFINITY };
    const nn_tensor tx = nn_view_f32(x, NN_SHAPE(3, 1)), ty = nn_view_f32(y, NN_SHAPE(3, 1));
    nn_model *model = make_zero_line(1);
    nn_optim *optim = make_optim(model, &still);
    nn_error error;
    const nn_fit_def def = { .x = &tx, .y = &ty, .loss = mse, .no_shuffle = true, .epochs = 2 };
    assert_int_equal(nn_fit(model, optim, &def, &error), NN_ERR_NUMERIC);
    assert_non_null(strstr(error.text, "epoch 1, batch 3: loss is inf"));
    assert_true(nn_optim_steps(optim) == 2);

    /* Steps that are far too large: the weights themselves run away. */
    y[2] = 3;
    nn_optim *wild = make_optim(model, &(nn_optim_def){ .type = NN_SGD, .lr = 1e20 });
    assert_int_equal(nn_fit(model, wild, &def, &error), NN_ERR_NUMERIC);
    assert_non_null(strstr(error.text, "epoch 1, batch "));
    nn_optim_destroy(wild);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

static bool count_batch(const nn_progress *progress, void *user)
{
    (void)progress;
    ++*(int *)user;
    return true;
}

/* Where it began, and the last checkpoint, which is whole and of finite weights. */
static void expect_not_finite(const nn_optim_def *how, nn_float *x, nn_float *y, int samples, int batches,
                              const char *text)
{
    const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 1, .no_bias = true }, .name = "first" },
                                    { NN_DENSE, .dense = { .units = 1 }, .name = "second" } };
    const nn_model_def model_def = { .input = NN_SHAPE(1), .max_batch = 1, .threads = 1, .seed = 1, NN_LAYERS(layers) };
    const nn_tensor tx = nn_view_f32(x, NN_SHAPE(samples, 1)), ty = nn_view_f32(y, NN_SHAPE(samples, 1));
    nn_error error;
    size_t count;
    int done = 0;
    const char *path = temp_path(&temp_here, "c.safetensors");
    nn_model *model = make_model(&model_def);
    nn_optim *optim = make_optim(model, how);
    const nn_fit_def def = { .x = &tx,
                             .y = &ty,
                             .loss = mse,
                             .no_shuffle = true,
                             .epochs = 3,
                             .checkpoint = path,
                             .on_batch = count_batch,
                             .user = &done };
    assert_int_equal(nn_fit(model, optim, &def, &error), NN_ERR_NUMERIC);
    assert_int_equal(error.status, NN_ERR_NUMERIC);
    if (!strstr(error.text, text)) fail_msg("expected \"%s\" in: %s", text, error.text);
    assert_int_equal(done, batches);
    assert_true(strncmp(text, "after", 5) != 0 ||
                strstr(error.text, "model/first/kernel: element 0: expected a finite"));
    nn_model *kept = nn_model_load(path, NULL, NULL, &error);
    if (!kept) fail_msg("%s", error.text);
    const nn_float *params = nn_model_read_params(kept, &count);
    for (size_t i = 0; i < count; i++) assert_true(isfinite(params[i]));
    nn_model_destroy(kept);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

static void test_57_not_finite(void **state)
{
    (void)state;
    const nn_optim_def wild = { .type = NN_SGD, .lr = 1e38 };
    nn_float x[] = { 1, 1, NAN }, ones[] = { 1, 1, 1 }, y[] = { 1, 2, 3 }, far[] = { 1, 2, INFINITY };
    expect_not_finite(&still, x, y, 3, 2, "epoch 1, batch 3: loss is nan; first not finite: input of layer first");
    expect_not_finite(&still, ones, far, 3, 2, "epoch 1, batch 3: loss is inf; every layer is finite: the target");
    expect_not_finite(&wild, ones, y, 3, 1, "epoch 1, batch 2: loss is inf; first not finite: output of layer second");
    /* Found only when the epoch is over: by what would have become the next checkpoint. */
    nn_float large[] = { 1e4f };
    expect_not_finite(&wild, ones, large, 1, 1, "after batch 1 of epoch 1: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shuffle),
        cmocka_unit_test(test_split_before_shuffle),
        cmocka_unit_test(test_split_sizes),
        cmocka_unit_test(test_weighted_means),
        cmocka_unit_test(test_xor),
        cmocka_unit_test(test_regression),
        cmocka_unit_test(test_ragged),
        cmocka_unit_test(test_indices),
        cmocka_unit_test(test_callbacks_stop),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_min_delta),
        cmocka_unit_test(test_restore_best),
        cmocka_unit_test(test_restore_everything),
        cmocka_unit_test(test_starts_from_no_gradients),
        cmocka_unit_test(test_evaluate_and_predict),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_bad_data),
        cmocka_unit_test(test_bad_ragged),
        cmocka_unit_test(test_monitors),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_57_not_finite),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
