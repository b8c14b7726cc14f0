/* Batch normalisation against plain loops in double, over awkward shapes, on every instruction set. */
#include <kvist/nn.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isas.h"
#include "one_layer.h"
#include <cmocka.h>

typedef struct norm_case {
    nn_shape in;
    int batch;
    nn_batch_norm_def def;
} norm_case;

static const norm_case cases[] = {
    { { 1, { 1 } }, 1, { .momentum = 0 } },
    { { 1, { 70 } }, 1, { .epsilon = 1e-10 } }, /* no gradient, times 1e5 */
    { { 1, { 5 } }, 7, { .momentum = 0 } },
    { { 1, { 1300 } }, 40, { .momentum = 0.5 } }, /* several blocks of columns */
    { { 2, { 9, 66 } }, 3, { .epsilon = 0.25 } },
    { { 3, { 1, 1, 3 } }, 1, { .momentum = 0 } }, /* n = 1: no n / (n - 1) */
    { { 3, { 14, 14, 64 } }, 5, { .momentum = 0 } },
    { { 3, { 5, 3, 17 } }, 4, { .biased_moving_variance = true } },
    { { 3, { 28, 29, 130 } }, 3, { .no_scale = true, .momentum = NN_ZERO } }, /* many blocks of rows */
    { { 3, { 6, 6, 20 } }, 2, { .no_center = true } },
    { { 3, { 6, 6, 20 } }, 2, { .no_scale = true, .no_center = true } },
};

/* One channel of a case: `rows` values `c` apart. */
typedef struct channel {
    const nn_float *x, *dy;
    size_t rows, c;
    double mean, variance; /* that normalise */
    double gamma, beta, epsilon;
    bool batch_statistics;
} channel;

static void batch_moments(channel *k)
{
    k->mean = k->variance = 0.0;
    for (size_t r = 0; r < k->rows; r++) k->mean += (double)k->x[r * k->c] / (double)k->rows;
    for (size_t r = 0; r < k->rows; r++) k->variance += pow((double)k->x[r * k->c] - k->mean, 2.0) / (double)k->rows;
}

/* y, dx, dgamma, dbeta of a channel by the definition: the gradient by x through mean and variance, step by step. */
static void normalise(const channel *k, double *y, double *dx, double *dgamma, double *dbeta)
{
    const double i = 1.0 / sqrt(k->variance + k->epsilon), n = (double)k->rows;
    double dvariance = 0.0, dmean = 0.0;
    for (size_t r = 0; r < k->rows; r++) {
        const double d = (double)k->x[r * k->c] - k->mean, dy = (double)k->dy[r * k->c];
        y[r * k->c] = k->gamma * d * i + k->beta;
        *dgamma += dy * d * i;
        *dbeta += dy;
        dvariance += dy * k->gamma * d * -0.5 * i * i * i;
        dmean -= dy * k->gamma * i;
    }
    for (size_t r = 0; r < k->rows; r++) {
        const double d = (double)k->x[r * k->c] - k->mean;
        dx[r * k->c] = (double)k->dy[r * k->c] * k->gamma * i;
        if (k->batch_statistics) dx[r * k->c] += dvariance * 2.0 * d / n + dmean / n;
    }
}

static double value_or(const one_layer *one, int weight, size_t j, double fallback)
{
    return weight >= 0 ? (double)one->before[weight].f32[j] : fallback;
}

static void check_moving(const norm_case *k, const one_layer *one, int moving, size_t j, const channel *batch,
                         const char *label)
{
    const double momentum = k->def.momentum == 0.0 ? 0.99 : k->def.momentum == NN_ZERO ? 0.0 : k->def.momentum;
    const double n = (double)batch->rows;
    const bool unbiased = k->in.rank == 3 && !k->def.biased_moving_variance && batch->rows > 1;
    const double variance = unbiased ? batch->variance * n / (n - 1.0) : batch->variance;
    const double want[2] = { (double)one->before[moving].f32[j] * momentum + batch->mean * (1.0 - momentum),
                             (double)one->before[moving + 1].f32[j] * momentum + variance * (1.0 - momentum) };
    const nn_float got[2] = { one->weight[moving].f32[j], one->weight[moving + 1].f32[j] };
    assert_close(got, want, NULL, 2, 1e-6, label);
}

static void check_case(const norm_case *k, int index, nn_isa isa, nn_mode mode)
{
    const nn_layer_def layer = { .type = NN_BATCH_NORM, .batch_norm = k->def };
    char label[64];
    one_layer one;
    snprintf(label, sizeof label, "case %d, %s, instruction set %d", index, mode == NN_TRAIN ? "training" : "inference",
             (int)isa);
    one_layer_run(&one, &layer, k->in, k->batch, mode, isa, 1, false, 3);
    const int gamma = k->def.no_scale ? -1 : 0, beta = k->def.no_center ? -1 : gamma + 1, moving = one.weights - 2;
    const size_t count = nn_shape_count(one.x.shape), c = (size_t)k->in.dim[k->in.rank - 1];
    double *y = doubles(count), *dx = doubles(count);
    for (size_t j = 0; j < c; j++) {
        double dgamma = 0.0, dbeta = 0.0;
        channel one_channel = { .x = one.x.f32 + j,
                                .dy = one.dy.f32 + j,
                                .rows = count / c,
                                .c = c,
                                .mean = (double)one.before[moving].f32[j],
                                .variance = (double)one.before[moving + 1].f32[j],
                                .gamma = value_or(&one, gamma, j, 1.0),
                                .beta = value_or(&one, beta, j, 0.0),
                                .epsilon = k->def.epsilon == 0.0 ? 1e-3 : k->def.epsilon,
                                .batch_statistics = mode == NN_TRAIN };
        if (mode == NN_TRAIN) {
            batch_moments(&one_channel);
            check_moving(k, &one, moving, j, &one_channel, label);
        }
        normalise(&one_channel, y + j, dx + j, &dgamma, &dbeta);
        const double scale = 1.0 + (double)one_channel.rows * 0.1;
        if (gamma >= 0) assert_close(&one.grad[gamma].f32[j], &dgamma, &scale, 1, 4e-6, label);
        if (beta >= 0) assert_close(&one.grad[beta].f32[j], &dbeta, &scale, 1, 4e-6, label);
    }
    if (mode == NN_EVAL) {
        for (int i = 0; i < one.weights; i++)
            assert_memory_equal(one.before[i].f32, one.weight[i].f32,
                                nn_shape_count(one.before[i].shape) * sizeof(nn_float));
    }
    assert_close(one.y.f32, y, NULL, count, 4e-6, label);
    assert_close(one.dx.f32, dx, NULL, count, 1e-5, label);
    one_layer_check_threads(&one, &layer, k->in, k->batch, mode, isa, false, 3, label);
    free(y);
    free(dx);
    one_layer_free(&one);
}

static void as_the_twin(void **state)
{
    const nn_isa isa = isa_of_test(state);
    for (int i = 0; i < (int)(sizeof cases / sizeof *cases); i++) {
        check_case(&cases[i], i, isa, NN_TRAIN);
        check_case(&cases[i], i, isa, NN_EVAL);
    }
}

/* Batch normalisation of one channel. */
static nn_model *make_channel(int rows)
{
    const nn_layer_def layer = { .type = NN_BATCH_NORM };
    nn_model *model = nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(1), .max_batch = rows, .layers = &layer, .layer_count = 1 }, NULL);
    assert_non_null(model);
    return model;
}

/* A mean of thousands beside a deviation of one costs no digits but the input's own. */
static void large_mean(void **state)
{
    (void)state;
    enum { ROWS = 3000 };
    nn_model *model = make_channel(ROWS);
    static nn_float x[ROWS];
    for (int i = 0; i < ROWS; i++) x[i] = (nn_float)(8192 + (i % 2 ? 1 : -1));
    const nn_tensor batch = nn_view_f32(x, NN_SHAPE(ROWS, 1)), *y = nn_forward(model, &batch, NN_TRAIN);
    assert_non_null(y);
    const double want = 1.0 / sqrt(1.0 + 1e-3);
    for (int i = 0; i < ROWS; i++) assert_true(fabs((double)y->f32[i] - (i % 2 ? want : -want)) < 1e-6);
    nn_model_destroy(model);
}

/* A mean between two floats: what rounding takes from it shifts no y, and leaves dx summing to zero. */
static void rounded_mean(void **state)
{
    (void)state;
    enum { ROWS = 7 };
    nn_model *model = make_channel(ROWS);
    nn_float x[ROWS] = { 1000.3f, 1000.5f, 1001.1f, 999.7f, 1000.9f, 1001.4f, 1000.2f },
             g[ROWS] = { 1, 2, 4, -1, 2, 3, 5 };
    channel k = { .x = x, .dy = g, .rows = ROWS, .c = 1, .gamma = 1.0, .epsilon = 1e-3, .batch_statistics = true };
    double want_y[ROWS], want_dx[ROWS], dgamma = 0.0, dbeta = 0.0;
    batch_moments(&k);
    normalise(&k, want_y, want_dx, &dgamma, &dbeta);
    assert_true((double)(nn_float)k.mean != k.mean);

    const nn_tensor batch = nn_view_f32(x, NN_SHAPE(ROWS, 1)), dy = nn_view_f32(g, NN_SHAPE(ROWS, 1));
    const nn_tensor *y = nn_forward(model, &batch, NN_TRAIN);
    assert_non_null(y);
    assert_close(y->f32, want_y, NULL, ROWS, 1e-6, "y");
    const nn_tensor *dx = nn_backward(model, &dy, NN_GRAD_INPUT | NN_GRAD_PARAMS);
    assert_non_null(dx);
    assert_close(dx->f32, want_dx, NULL, ROWS, 1e-6, "dx");
    assert_close(nn_model_grads(model, NULL), &dgamma, NULL, 1, 1e-6, "dgamma");
    nn_model_destroy(model);
}

/* One channel of rows that are all near `mean`, or all equal to it: y, and in what is equal nothing but beta. */
static void near_mean(int rows, float mean, float spread)
{
    nn_model *model = make_channel(rows);
    nn_float *x = calloc((size_t)rows, sizeof *x), *g = calloc((size_t)rows, sizeof *g);
    double *want_y = calloc((size_t)rows, sizeof *want_y), *want_dx = calloc((size_t)rows, sizeof *want_dx);
    assert_true(x && g && want_y && want_dx);
    for (int i = 0; i < rows; i++) {
        x[i] = mean + spread * (nn_float)(i % 3 - 1);
        g[i] = (nn_float)(i % 5) - 1;
    }
    channel k = {
        .x = x, .dy = g, .rows = (size_t)rows, .c = 1, .gamma = 1.0, .epsilon = 1e-3, .batch_statistics = true
    };
    double dgamma = 0.0, dbeta = 0.0;
    batch_moments(&k);
    normalise(&k, want_y, want_dx, &dgamma, &dbeta);
    const nn_tensor batch = nn_view_f32(x, NN_SHAPE(rows, 1)), dy = nn_view_f32(g, NN_SHAPE(rows, 1));
    const nn_tensor *y = nn_forward(model, &batch, NN_TRAIN);
    assert_non_null(y);
    for (int i = 0; i < rows; i++) {
        if (spread > 0 && !(fabs((double)y->f32[i] - want_y[i]) < 2e-6))
            fail_msg("y %d: expected %g, got %g", i, want_y[i], (double)y->f32[i]);
        if (spread <= 0) assert_true(y->f32[i] == 0);
    }
    const nn_tensor *dx = nn_backward(model, &dy, NN_GRAD_INPUT | NN_GRAD_PARAMS);
    assert_non_null(dx);
    for (int i = 0; i < rows; i++) assert_true(isfinite(dx->f32[i]));
    free(want_dx);
    free(want_y);
    free(g);
    free(x);
    nn_model_destroy(model);
}

/* Blocks whose deviations are small beside what their own mean lost, or are nothing but that. */
static void deviations_below_rounding(void **state)
{
    (void)state;
    near_mean(333, 1e7f, 1);
    near_mean(8774, 9.80022e12f, 0);
}

static void assert_refused(nn_batch_norm_def def, const char *text)
{
    nn_error error = { 0 };
    const nn_layer_def layer = { .type = NN_BATCH_NORM, .batch_norm = def };
    assert_null(nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(4), .max_batch = 2, .layers = &layer, .layer_count = 1 }, &error));
    assert_int_equal(error.status, NN_ERR_ARGUMENT);
    if (!strstr(error.text, text)) fail_msg("expected \"%s\" in \"%s\"", text, error.text);
}

static void refusals(void **state)
{
    (void)state;
    assert_refused((nn_batch_norm_def){ .momentum = 1.5 }, "momentum: expected 0 to 1, got 1.5");
    assert_refused((nn_batch_norm_def){ .momentum = -0.5 }, "momentum");
    assert_refused((nn_batch_norm_def){ .momentum = NAN }, "momentum");
    assert_refused((nn_batch_norm_def){ .epsilon = -1e-3 }, "epsilon: expected a finite number from 0");
    assert_refused((nn_batch_norm_def){ .epsilon = HUGE_VAL }, "epsilon");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_EVERY_ISA(as_the_twin),    cmocka_unit_test(large_mean),
        cmocka_unit_test(rounded_mean), cmocka_unit_test(deviations_below_rounding),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
