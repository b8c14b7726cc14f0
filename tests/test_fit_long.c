/* Thousands of epochs in one checkpoint: their history comes back, and is no longer than an archive's list may be. */
#include "fitting.h"
#include "temp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EPOCHS = 9000 /* more than the tensors of a file */, STOP = 8500 };

static bool stop(const nn_progress *progress, void *user)
{
    return progress->epoch != *(const int *)user;
}

static void train(const char *checkpoint, bool resume, int stop_after, nn_progress *history, int expected)
{
    nn_float data[2] = { 1, 2 }, labels[2] = { 3, 5 };
    const nn_tensor x = nn_view_f32(data, NN_SHAPE(2, 1)), y = nn_view_f32(labels, NN_SHAPE(2, 1));
    nn_model *model = make_zero_line(1);
    nn_optim *optim = make_optim(model, &(nn_optim_def){ .type = NN_SGD, .lr = 1e-4 });
    nn_error error = { 0 };
    const nn_fit_def def = { .x = &x,
                             .y = &y,
                             .loss = mse,
                             .epochs = EPOCHS,
                             .batch = 1,
                             .val_x = &x,
                             .val_y = &y,
                             .checkpoint = checkpoint,
                             .checkpoint_every = EPOCHS,
                             .resume = resume,
                             .history = history,
                             .on_epoch = stop,
                             .user = &stop_after };
    expect_fit(nn_fit(model, optim, &def, &error), stop_after ? NN_STOPPED : NN_OK, &error);
    assert_int_equal(history[expected - 1].epoch, expected);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

static void test_history_of_thousands(void **state)
{
    (void)state;
    nn_progress *whole = calloc(EPOCHS, sizeof *whole), *parts = calloc(EPOCHS, sizeof *parts);
    assert_true(whole && parts);
    train(NULL, false, 0, whole, EPOCHS);
    const char *path = temp_path(&temp_here, "c.safetensors");
    train(path, false, STOP, parts, STOP);
    memset(parts, 0, EPOCHS * sizeof *parts);
    train(path, true, 0, parts, EPOCHS);
    for (int i = 0; i < EPOCHS; i++) {
        assert_true(parts[i].seconds > 0);
        parts[i].seconds = whole[i].seconds;
    }
    assert_memory_equal(parts, whole, EPOCHS * sizeof *parts);
    free(whole);
    free(parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_history_of_thousands) };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
