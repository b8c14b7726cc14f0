/* What nn_fit() refuses: options and data that are wrong, and numbers that are no longer finite. */
#include "fitting.h"
#include "temp.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

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
    nn_fit_def binary = def;
    binary.metric = NN_BINARY_ACCURACY;
    assert_int_equal(nn_fit(model, optim, &binary, &error), NN_ERR_SHAPE);
    assert_string_equal(error.text, "epoch 1, batch 1: target: expected reals (NN_F32), got indices (NN_I32)");

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

/* A list of more words than there are addresses, in batches of one list and of all: four times as many wrap to none. */
static void test_endless_lists(void **state)
{
    (void)state;
    int32_t words[] = { 1, 2, 1 };
    const int64_t all = (int64_t)1 << 62;
    const int64_t offsets[] = { 0, all, all, all, all };
    nn_float labels[4] = { 0 };
    const nn_layer_def layers[] = { { NN_MULTI_HOT, .multi_hot = { .vocab = 3 } },
                                    { NN_DENSE, .dense = { .units = 1 } } };
    nn_model *model = make_model(
        &(nn_model_def){ .input = NN_SHAPE(NN_RAGGED), .input_type = NN_I32, .max_batch = 4, NN_LAYERS(layers) });
    nn_optim *optim = make_optim(model, &still);
    const nn_tensor x = nn_view_ragged(words, offsets, 4), y = nn_view_f32(labels, NN_SHAPE(4, 1));
    nn_error error;
    for (int batch = 1; batch <= 4; batch += 3) {
        const nn_fit_def def = { .x = &x, .y = &y, .loss = mse, .batch = batch };
        assert_int_equal(nn_fit(model, optim, &def, &error), NN_ERR_MEMORY);
        assert_memory_equal(error.text, "fit: out of memory for ", 23);
    }
    assert_true(nn_optim_steps(optim) == 0);
    nn_optim_destroy(optim);
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

typedef struct counter {
    int batches, stop_at; /* stops after so many; 0: never */
} counter;

static bool count_batch(const nn_progress *progress, void *user)
{
    counter *c = user;
    (void)progress;
    return ++c->batches != c->stop_at;
}

/* Where it began, and the last checkpoint, which is whole and of finite weights. */
static void expect_not_finite(const nn_optim_def *how, nn_float *x, nn_float *y, int samples, int stop_at, int batches,
                              const char *text)
{
    const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 1, .no_bias = true }, .name = "first" },
                                    { NN_DENSE, .dense = { .units = 1 }, .name = "second" } };
    const nn_model_def model_def = { .input = NN_SHAPE(1), .max_batch = 1, .threads = 1, .seed = 1, NN_LAYERS(layers) };
    const nn_tensor tx = nn_view_f32(x, NN_SHAPE(samples, 1)), ty = nn_view_f32(y, NN_SHAPE(samples, 1));
    nn_error error;
    size_t count;
    counter done = { .stop_at = stop_at };
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
    assert_int_equal(done.batches, batches);
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
    expect_not_finite(&still, x, y, 3, 0, 2, "epoch 1, batch 3: loss is nan; first not finite: input of layer first");
    expect_not_finite(&still, ones, far, 3, 0, 2, "epoch 1, batch 3: loss is inf; every layer is finite: the target");
    expect_not_finite(&wild, ones, y, 3, 0, 1,
                      "epoch 1, batch 2: loss is inf; first not finite: output of layer second");
    /* Found only when the epoch is over: by what would have become the next checkpoint. */
    nn_float large[] = { 1e4f, 1 };
    expect_not_finite(&wild, ones, large, 1, 0, 1, "after batch 1 of epoch 1: ");
    /* Or when the caller stops in the middle of one. */
    expect_not_finite(&wild, ones, large, 2, 1, 1, "after batch 1 of epoch 1: ");
}

/* Whether the file of the best epoch's model is kept from others while the run lasts. */
static bool try_best(const nn_progress *progress, void *user)
{
    const char *path = user;
    nn_error error;
    nn_archive *other = nn_archive_create(NULL);
    (void)progress;
    assert_int_equal(nn_archive_claim(other, path, &error), NN_ERR_IO);
    assert_non_null(strstr(error.text, "another process or archive is saving to it"));
    nn_archive_destroy(other);
    return true;
}

/* One file for both is found before the first step, however it is spelled; two are the run's own until it ends. */
static void test_44_best_and_checkpoint(void **state)
{
    (void)state;
    nn_float data[6] = { 0 };
    const nn_tensor x = nn_view_f32(data, NN_SHAPE(6, 1));
    const char *path = temp_write(&temp_here, "both/b.safetensors", "x", 1);
    const char *const spelled[] = { path, temp_path(&temp_here, "both/../both/b.safetensors"),
                                    temp_path(&temp_here, "both//b.safetensors"),
                                    temp_path(&temp_here, "both/./b.safetensors.prev") };
    nn_model *model = make_zero_line(4);
    nn_optim *optim = make_optim(model, &still);
    nn_error error;
    for (int i = 0; i < COUNT(spelled); i++) {
        size_t size = 0;
        const nn_fit_def def = { .x = &x, .y = &x, .loss = mse, .best = path, .checkpoint = spelled[i] };
        assert_int_equal(nn_fit(model, optim, &def, &error), NN_ERR_ARGUMENT);
        assert_non_null(strstr(error.text, "fit: best: expected another file than the checkpoint's, got "));
        assert_true(nn_optim_steps(optim) == 0);
        free(temp_read(path, &size));
        assert_int_equal(size, 1);
    }
    char best[TEMP_PATH];
    snprintf(best, sizeof best, "%s.prev", path);
    for (int i = 0; i < 2; i++) {
        const nn_fit_def def = {
            .x = &x, .y = &x, .loss = mse, .best = i ? path : best, .checkpoint = i ? best : path
        };
        assert_int_equal(nn_fit(model, optim, &def, &error), NN_ERR_ARGUMENT);
        assert_non_null(strstr(error.text, "fit: best: expected another file than the checkpoint's, got "));
    }
    snprintf(best, sizeof best, "%s", temp_path(&temp_here, "both/c.safetensors"));
    const nn_fit_def def = { .x = &x,
                             .y = &x,
                             .loss = mse,
                             .epochs = 2,
                             .best = best,
                             .checkpoint = path,
                             .on_batch = try_best,
                             .on_epoch = try_best,
                             .user = best };
    expect_fit(nn_fit(model, optim, &def, &error), NN_OK, &error);
    assert_true(nn_optim_steps(optim) == 4);
    nn_archive *other = nn_archive_create(NULL);
    assert_int_equal(nn_archive_claim(other, best, NULL), NN_OK);
    nn_archive_destroy(other);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

/* Names without a folder are of the one where the process is. */
static void test_44_names_alone(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "ck", "./ck" }, { "./ck.prev", "ck" }, { "ck", ".//ck.prev" }, { "ck", "ck.lock" }, { "ck.lock", "ck" }
    };
    nn_float data[6] = { 0 };
    char before[TEMP_PATH];
    const nn_tensor x = nn_view_f32(data, NN_SHAPE(6, 1));
    nn_model *model = make_zero_line(4);
    nn_optim *optim = make_optim(model, &still);
    nn_error error;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(temp_here.path), 0);
    for (int i = 0; i < COUNT(pairs); i++) {
        const nn_fit_def def = { .x = &x, .y = &x, .loss = mse, .checkpoint = pairs[i][0], .best = pairs[i][1] };
        const bool of_lock = i >= 3;
        assert_int_equal(nn_fit(model, optim, &def, &error), of_lock ? NN_ERR_IO : NN_ERR_ARGUMENT);
        assert_non_null(strstr(error.text, of_lock ? "ck.lock: expected a name that does not end in .lock"
                                                   : "fit: best: expected another file than the checkpoint's, got "));
        assert_true(nn_optim_steps(optim) == 0);
        assert_int_not_equal(access("ck.lock", F_OK), 0);
    }
    /* One name in two folders is two files. */
    assert_int_equal(mkdir("sub", 0700), 0);
    const nn_fit_def def = { .x = &x, .y = &x, .loss = mse, .checkpoint = "ck", .best = "sub/ck" };
    expect_fit(nn_fit(model, optim, &def, &error), NN_OK, &error);
    assert_int_equal(chdir(before), 0);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

/* What no save would write is found before the first step, not by the first best epoch. */
static void test_names_that_cannot_be_saved(void **state)
{
    (void)state;
    const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 1 }, .name = "\xff" } };
    nn_float data[6] = { 0 };
    const nn_tensor x = nn_view_f32(data, NN_SHAPE(6, 1));
    const char *path = temp_path(&temp_here, "unsaved.safetensors");
    nn_model *model = make_model(&(nn_model_def){ .input = NN_SHAPE(1), .max_batch = 4, NN_LAYERS(layers) });
    nn_optim *optim = make_optim(model, &still);
    nn_error error;
    for (int i = 0; i < 2; i++) {
        const nn_fit_def def = {
            .x = &x, .y = &x, .loss = mse, .best = i ? path : NULL, .checkpoint = i ? NULL : path
        };
        assert_int_equal(nn_fit(model, optim, &def, &error), NN_ERR_ARGUMENT);
        assert_string_equal(error.text, "archive: layer 1: name: expected UTF-8");
        assert_true(nn_optim_steps(optim) == 0);
    }
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_bad_data),
        cmocka_unit_test(test_bad_ragged),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_57_not_finite),
        cmocka_unit_test(test_endless_lists),
        cmocka_unit_test(test_44_best_and_checkpoint),
        cmocka_unit_test(test_44_names_alone),
        cmocka_unit_test(test_names_that_cannot_be_saved),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
