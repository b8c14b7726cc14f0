/* What surrounds a caller and must not show in the results: the floating-point mode, fork, threads of the caller's own.
 * Rows 59 and 61 to 63 of docs/faults.md. */
#include "child.h"

#include <dirent.h>
#include <fenv.h>
#include <float.h>
#include <kvist/nn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include <cmocka.h>

enum { SAMPLES = 96, FEATURES = 48, UNITS = 64, BATCH = 32, EPOCHS = 2 };

/* Wide enough that products are shared among threads, and with every kind of arithmetic. */
static const nn_layer_def layers[] = {
    { NN_DENSE, .dense = { .units = 16 * UNITS, .activation = NN_TANH } },
    { NN_RESHAPE, .reshape = { NN_DIMS(16, UNITS) } },
    { NN_LSTM, .rnn = { .units = 24 } },
    { .type = NN_BATCH_NORM },
    { NN_DROPOUT, .dropout = { .rate = 0.25 } },
    { NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } },
};

/* All that a training leaves behind. */
typedef struct outcome {
    nn_status status;
    char error[256];
    int threads;
    nn_isa isa;               /* the portable kernels leave large products to the BLAS, if there is one */
    bool flushes;             /* of the caller's mode, as it was in a callback */
    int rounds, most_threads; /* likewise, and the threads of this process */
    nn_progress history[EPOCHS];
    double val_loss;
    size_t count;
    nn_float *params;
} outcome;

/* The threads of this process; 0 where the system does not tell. */
static int count_threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task; tasks && (task = readdir(tasks));) count += task->d_name[0] != '.';
    if (tasks) closedir(tasks);
    return count;
}

static bool flushes_denormals(void)
{
    volatile float least = FLT_MIN;
    return least / 2 == 0;
}

/* How arithmetic rounds now; fegetround() may look elsewhere. */
static int rounds(void)
{
    volatile float one = 1, little = 0x1p-30f;
    return (one + little > 1) * 4 + (one - little < 1) * 2 + (-one - little < -1);
}

static bool on_batch(const nn_progress *progress, void *user)
{
    outcome *out = user;
    const int threads = count_threads();
    (void)progress;
    out->flushes = flushes_denormals();
    out->rounds = rounds();
    if (threads > out->most_threads) out->most_threads = threads;
    return true;
}

static void train(outcome *out)
{
    nn_error error = { 0 };
    nn_float data[SAMPLES * FEATURES], labels[SAMPLES];
    nn_tensor x = nn_view_f32(data, NN_SHAPE(SAMPLES, FEATURES)), y = nn_view_f32(labels, NN_SHAPE(SAMPLES, 1));
    nn_rng rng = { .seed = 7 };
    nn_fill_normal(&x, 0.1, 1.0, &rng);
    for (int i = 0; i < SAMPLES; i++) labels[i] = data[i * FEATURES] > 0 ? 1 : 0;
    const nn_model_def def = { .input = NN_SHAPE(FEATURES),
                               .max_batch = BATCH,
                               .seed = 5,
                               .threads = out->threads,
                               .isa = out->isa,
                               NN_LAYERS(layers) };
    nn_model *model = nn_model_create(&def, &error);
    nn_optim *optim = model
                          ? nn_optim_create(model,
                                            &(nn_optim_def){ .lr = 0.01,
                                                             .global_clip_norm = 0.5,
                                                             .schedule = { NN_COSINE_DECAY, .steps = 9, .end = 1e-5 } },
                                            &error)
                          : NULL;
    const nn_fit_def fit = { .x = &x,
                             .y = &y,
                             .loss = { .type = NN_BCE },
                             .epochs = EPOCHS,
                             .batch = BATCH,
                             .val_split = 0.2,
                             .on_batch = on_batch,
                             .user = out,
                             .history = out->history };
    out->status = optim ? nn_fit(model, optim, &fit, &error) : error.status;
    if (out->status == NN_OK)
        out->status = nn_evaluate(model, &fit.loss, NN_METRIC_DEFAULT, &x, &y, &out->val_loss, NULL, &error);
    memcpy(out->error, error.text, sizeof out->error);
    if (out->status == NN_OK) {
        const nn_float *params = nn_model_read_params(model, &out->count);
        out->params = malloc(out->count * sizeof *params);
        if (out->params) memcpy(out->params, params, out->count * sizeof *params);
    }
    for (int e = 0; e < EPOCHS; e++) out->history[e].seconds = 0;
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

static bool same(const outcome *a, const outcome *b)
{
    return a->status == NN_OK && b->status == NN_OK && a->params && b->params && a->count == b->count &&
           memcmp(a->params, b->params, a->count * sizeof *a->params) == 0 &&
           memcmp(a->history, b->history, sizeof a->history) == 0 && a->val_loss == b->val_loss;
}

static void expect_same(const outcome *a, const outcome *b)
{
    if (a->status != NN_OK || b->status != NN_OK) fail_msg("%s%s", a->error, b->error);
    assert_true(same(a, b));
}

/* --- rounding and denormals --- */

static const int rounding[] = { FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };

/* The caller may round as he likes: the same weights, losses and history; and his mode is there afterwards. */
static void test_63_rounding_mode(void **state)
{
    (void)state;
    outcome plain = { .threads = 1 };
    train(&plain);
    for (int threads = 1; threads <= 2; threads++) {
        for (size_t i = 0; i < sizeof rounding / sizeof rounding[0]; i++) {
            outcome other = { .threads = threads };
            assert_int_equal(fesetround(rounding[i]), 0);
            const int callers = rounds();
            train(&other);
            const int after = rounds();
            assert_int_equal(fesetround(FE_TONEAREST), 0);
            assert_int_not_equal(callers, rounds());
            assert_int_equal(after, callers);
            assert_int_equal(other.rounds, callers);
            expect_same(&plain, &other);
            free(other.params);
        }
    }
    free(plain.params);
}

#if defined(__SSE__)
/* The smallest floats go through a model as zeros, on every thread; whoever called it keeps them, or not, as before. */
static void test_59_denormals(void **state)
{
    (void)state;
    enum { ROWS = 256, SIDE = 64 };
    static nn_float data[ROWS * SIDE];
    const nn_layer_def wide[] = { { NN_DENSE, .dense = { .units = SIDE, .kernel_init = NN_ONES } } };
    const nn_tensor x = nn_view_f32(data, NN_SHAPE(ROWS, SIDE));
    const unsigned before = _mm_getcsr();
    for (int i = 0; i < ROWS * SIDE; i++) data[i] = FLT_MIN / 4;
    for (int threads = 1; threads <= 2; threads++) {
        for (int flushed = 0; flushed < 2; flushed++) {
            _mm_setcsr(before | (flushed ? 0x8040u : 0));
            nn_model *model = nn_model_create(
                &(nn_model_def){ .input = NN_SHAPE(SIDE), .max_batch = ROWS, .threads = threads, NN_LAYERS(wide) },
                NULL);
            assert_non_null(model);
            const nn_tensor *y = nn_forward(model, &x, NN_TRAIN);
            assert_non_null(y);
            assert_int_equal(flushes_denormals(), flushed);
            for (int i = 0; i < ROWS * SIDE; i++) assert_true(y->f32[i] == 0);
            assert_non_null(nn_backward(model, y, NN_GRAD_INPUT));
            assert_int_equal(flushes_denormals(), flushed);
            nn_optim *optim = nn_optim_create(model, &(nn_optim_def){ 0 }, NULL);
            nn_optim_step(optim);
            assert_int_equal(flushes_denormals(), flushed);
            nn_optim_destroy(optim);
            nn_model_destroy(model);
            outcome fitted = { .threads = threads };
            train(&fitted);
            assert_int_equal(fitted.status, NN_OK);
            assert_int_equal(fitted.flushes, flushed);
            assert_int_equal(flushes_denormals(), flushed);
            free(fitted.params);
        }
    }
    _mm_setcsr(before);
}
#endif

/* --- processes and threads --- */

static void train_in_child(const outcome *expected, outcome after)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(100); /* a loop that waits for threads that are not there */
        train(&after);
        child_exit(same(expected, &after) ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) fail_msg("%d threads: the child got signal %d", after.threads, WTERMSIG(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* A model from before the fork says the same in both processes. */
static void test_61_inherited_model(void **state)
{
    (void)state;
    nn_float data[BATCH * FEATURES], before[BATCH];
    nn_tensor x = nn_view_f32(data, NN_SHAPE(BATCH, FEATURES));
    nn_rng rng = { .seed = 3 };
    nn_fill_normal(&x, 0, 1, &rng);
    /* One more than there are processors: only such a model never goes on alone, without the threads that are gone. */
    const int threads = (int)sysconf(_SC_NPROCESSORS_ONLN) + 1;
    nn_model *model = nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(FEATURES), .max_batch = BATCH, .threads = threads, NN_LAYERS(layers) },
        NULL);
    assert_non_null(model);
    const nn_tensor *y = nn_forward(model, &x, NN_EVAL);
    assert_non_null(y);
    memcpy(before, y->f32, sizeof before);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(100);
        y = nn_forward(model, &x, NN_EVAL);
        child_exit(y && memcmp(before, y->f32, sizeof before) == 0 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) fail_msg("the child got signal %d", WTERMSIG(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    y = nn_forward(model, &x, NN_EVAL);
    assert_memory_equal(before, y->f32, sizeof before);
    nn_model_destroy(model);
}

/* A child trains as its parent did before the fork, and the parent goes on. */
static void test_61_fork(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 2; threads++) {
        for (int isa = NN_ISA_BEST; isa <= NN_ISA_PORTABLE; isa++) {
            const outcome def = { .threads = threads, .isa = (nn_isa)isa };
            outcome before = def, after = def;
            train(&before);
            train_in_child(&before, def);
            train(&after);
            expect_same(&before, &after);
            free(before.params);
            free(after.params);
        }
    }
}

static void *train_on_thread(void *out)
{
    train(out);
    return NULL;
}

/* Threads of the caller's, each with a model of so many: the same results, and no more threads than those. */
static void test_62_threads_of_threads(void **state)
{
    (void)state;
    enum { CALLERS = 3, THREADS = 2 };
    for (int isa = NN_ISA_BEST; isa <= NN_ISA_PORTABLE; isa++) {
        outcome alone = { .threads = 1, .isa = (nn_isa)isa }, each[CALLERS];
        pthread_t callers[CALLERS];
        train(&alone);
        const int before = count_threads();
        for (int i = 0; i < CALLERS; i++) {
            each[i] = (outcome){ .threads = THREADS, .isa = (nn_isa)isa };
            assert_int_equal(pthread_create(&callers[i], NULL, train_on_thread, &each[i]), 0);
        }
        for (int i = 0; i < CALLERS; i++) assert_int_equal(pthread_join(callers[i], NULL), 0);
        for (int i = 0; i < CALLERS; i++) {
            expect_same(&alone, &each[i]);
            assert_in_range(each[i].most_threads, 0, before + CALLERS * THREADS);
            free(each[i].params);
        }
        free(alone.params);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_63_rounding_mode),
#if defined(__SSE__)
        cmocka_unit_test(test_59_denormals),
#endif
        cmocka_unit_test(test_61_fork),
        cmocka_unit_test(test_61_inherited_model),
        cmocka_unit_test(test_62_threads_of_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
