/* When nn_fit() stops before its last epoch, and the best epoch, which it restores. */
#include "fitting.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_callbacks_stop),     cmocka_unit_test(test_patience),
        cmocka_unit_test(test_min_delta),          cmocka_unit_test(test_restore_best),
        cmocka_unit_test(test_restore_everything), cmocka_unit_test(test_monitors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
