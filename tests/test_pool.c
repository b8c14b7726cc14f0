/* Pools against plain loops in double, over awkward shapes, on every instruction set. */
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

typedef struct pool_case {
    nn_layer_type type;
    int batch, h, w, c, size[2], stride[2]; /* of the global pools size is the image */
    nn_padding padding;
} pool_case;

#define MAX         NN_MAX_POOL2D
#define MEAN        NN_AVERAGE_POOL2D
#define GLOBAL_MAX  NN_GLOBAL_MAX_POOL2D
#define GLOBAL_MEAN NN_GLOBAL_AVERAGE_POOL2D

static const pool_case cases[] = {
    { MAX, 1, 1, 1, 1, { 1, 1 }, { 1, 1 }, NN_VALID },
    { MAX, 3, 6, 8, 5, { 2, 2 }, { 2, 2 }, NN_VALID },
    { MAX, 2, 7, 9, 17, { 3, 2 }, { 2, 1 }, NN_SAME },
    { MAX, 2, 5, 4, 33, { 3, 3 }, { 1, 1 }, NN_SAME },
    { MAX, 2, 3, 4, 2, { 5, 7 }, { 2, 3 }, NN_SAME },
    { MAX, 2, 9, 8, 3, { 2, 1 }, { 4, 3 }, NN_SAME },
    { MAX, 300, 14, 14, 6, { 2, 2 }, { 2, 2 }, NN_SAME },
    { MAX, 2, 100, 111, 3, { 9, 8 }, { 9, 8 }, NN_VALID }, /* a sample above a task's cells */
    { MAX, 3, 190, 180, 1, { 3, 2 }, { 2, 2 }, NN_VALID }, /* a task of one sample */
    { MEAN, 1, 1, 1, 1, { 1, 1 }, { 1, 1 }, NN_SAME },
    { MEAN, 3, 6, 8, 5, { 2, 2 }, { 2, 2 }, NN_VALID },
    { MEAN, 2, 7, 9, 17, { 3, 2 }, { 2, 1 }, NN_SAME },
    { MEAN, 2, 5, 4, 33, { 3, 3 }, { 1, 1 }, NN_SAME },
    { MEAN, 2, 3, 4, 2, { 5, 7 }, { 2, 3 }, NN_SAME },
    { MEAN, 2, 9, 8, 3, { 2, 1 }, { 4, 3 }, NN_VALID },
    { GLOBAL_MAX, 3, 5, 7, 18, { 5, 7 }, { 1, 1 }, NN_VALID },
    { GLOBAL_MAX, 1, 1, 1, 1, { 1, 1 }, { 1, 1 }, NN_VALID },
    { GLOBAL_MEAN, 3, 50, 70, 18, { 50, 70 }, { 1, 1 }, NN_VALID },
    { GLOBAL_MEAN, 9, 3, 1, 1, { 3, 1 }, { 1, 1 }, NN_VALID },
};

static int positions(int n, int size, int stride, nn_padding padding)
{
    return padding == NN_SAME ? (n + stride - 1) / stride : (n - size) / stride + 1;
}

/* The first cell of window `at` of an axis, which may lie before the image. */
static int window_start(int n, int size, int stride, nn_padding padding, int at)
{
    const int total = (positions(n, size, stride, padding) - 1) * stride + size - n;
    return at * stride - (padding == NN_SAME && total > 0 ? total / 2 : 0);
}

/* One window of one channel: its value, and its share of dy to the cells that it came from. */
static double pool_window(const pool_case *k, const nn_float *x, double *dx, double dy, int top, int left)
{
    const bool most = k->type == MAX || k->type == GLOBAL_MAX;
    double total = 0.0, greatest = -HUGE_VAL;
    int count = 0, ties = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int row = top; row < top + k->size[0]; row++) {
            for (int col = left; col < left + k->size[1]; col++) {
                if (row < 0 || row >= k->h || col < 0 || col >= k->w) continue;
                const size_t at = (size_t)(row * k->w + col) * (size_t)k->c;
                const double v = (double)x[at];
                if (pass == 0) {
                    count++;
                    total += v;
                    ties = v > greatest ? 1 : ties + (v == greatest);
                    greatest = fmax(greatest, v);
                } else if (!most) {
                    dx[at] += dy / count;
                } else if (v == greatest && k->type == GLOBAL_MAX) {
                    dx[at] += dy / ties;
                } else if (v == greatest && ties > 0) {
                    dx[at] += dy;
                    ties = 0;
                }
            }
        }
    }
    return most ? greatest : total / count;
}

static void check_case(const pool_case *k, int index, nn_isa isa, bool exact)
{
    const bool global = k->type == GLOBAL_MAX || k->type == GLOBAL_MEAN;
    const int h = positions(k->h, k->size[0], k->stride[0], k->padding);
    const int w = positions(k->w, k->size[1], k->stride[1], k->padding);
    const nn_shape in = NN_SHAPE(k->h, k->w, k->c);
    nn_layer_def layer = { .type = k->type };
    if (!global) layer.pool = (nn_pool_def){ { k->size[0], k->size[1] }, { k->stride[0], k->stride[1] }, k->padding };
    char label[64];
    one_layer one;
    snprintf(label, sizeof label, "case %d%s, instruction set %d", index, exact ? " with ties" : "", (int)isa);
    one_layer_run(&one, &layer, in, k->batch, NN_TRAIN, isa, 1, exact, 1);
    assert_int_equal(one.y.shape.rank, global ? 2 : 4);
    const size_t count = nn_shape_count(one.y.shape), inputs = nn_shape_count(one.x.shape), c = (size_t)k->c;
    assert_int_equal(count, (size_t)(k->batch * h * w) * c);
    double *y = doubles(count), *dx = doubles(inputs);
    for (size_t i = 0; i < count; i++) {
        const size_t position = i / c, sample = position / (size_t)(h * w) * (size_t)(k->h * k->w) * c + i % c;
        const int row = (int)(position / (size_t)w) % h, col = (int)(position % (size_t)w);
        y[i] = pool_window(k, one.x.f32 + sample, dx + sample, (double)one.dy.f32[i],
                           window_start(k->h, k->size[0], k->stride[0], k->padding, row),
                           window_start(k->w, k->size[1], k->stride[1], k->padding, col));
    }
    assert_close(one.y.f32, y, NULL, count, 1e-6, label);
    assert_close(one.dx.f32, dx, NULL, inputs, 2e-6, label);
    one_layer_check_threads(&one, &layer, in, k->batch, NN_TRAIN, isa, exact, 1, label);
    free(y);
    free(dx);
    one_layer_free(&one);
}

static void as_the_twin(void **state)
{
    const nn_isa isa = isa_of_test(state);
    for (int i = 0; i < (int)(sizeof cases / sizeof *cases); i++) {
        check_case(&cases[i], i, isa, false);
        check_case(&cases[i], i, isa, true);
    }
}

static void defaults(void **state)
{
    (void)state;
    one_layer one;
    one_layer_run(&one, &(nn_layer_def){ .type = MAX }, NN_SHAPE(5, 7, 1), 1, NN_EVAL, NN_ISA_BEST, 1, false, 1);
    assert_int_equal(one.y.shape.dim[1], 2);
    assert_int_equal(one.y.shape.dim[2], 3);
    one_layer_free(&one);
    const nn_layer_def wide = { .type = MEAN, .pool = { .size = { 1, 3 } } };
    one_layer_run(&one, &wide, NN_SHAPE(5, 7, 1), 1, NN_EVAL, NN_ISA_BEST, 1, false, 1);
    assert_int_equal(one.y.shape.dim[1], 5);
    assert_int_equal(one.y.shape.dim[2], 2);
    one_layer_free(&one);
}

/* A maximum never hides a NaN. */
static void nan_stays(void **state)
{
    (void)state;
    const nn_layer_def layer = { .type = MAX };
    nn_model *model = nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(2, 2, 1), .max_batch = 1, .layers = &layer, .layer_count = 1 }, NULL);
    assert_non_null(model);
    for (int i = 0; i < 4; i++) {
        nn_float x[4] = { 1, 2, 3, 4 };
        x[i] = (nn_float)NAN;
        const nn_tensor image = nn_view_f32(x, NN_SHAPE(1, 2, 2, 1)), *y = nn_forward(model, &image, NN_EVAL);
        assert_non_null(y);
        assert_true(y->f32[0] != y->f32[0]);
    }
    nn_model_destroy(model);
}

static void assert_refused(nn_pool_def def, nn_shape in, nn_status status, const char *text)
{
    nn_error error = { 0 };
    const nn_layer_def layer = { .type = MAX, .pool = def };
    assert_null(
        nn_model_create(&(nn_model_def){ .input = in, .max_batch = 2, .layers = &layer, .layer_count = 1 }, &error));
    assert_int_equal(error.status, status);
    if (!strstr(error.text, text)) fail_msg("expected \"%s\" in \"%s\"", text, error.text);
}

/* Row 64 of docs/faults.md. */
static void refusals(void **state)
{
    (void)state;
    assert_refused((nn_pool_def){ .size = { 3 } }, NN_SHAPE(2, 4, 1), NN_ERR_SHAPE,
                   "height: expected at least 3 cells for a valid window, got 2");
    assert_refused((nn_pool_def){ .size = { -3 } }, NN_SHAPE(4, 4, 1), NN_ERR_ARGUMENT, "size: expected a positive");
    assert_refused((nn_pool_def){ .stride = { 1, -3 } }, NN_SHAPE(4, 4, 1), NN_ERR_ARGUMENT,
                   "stride: expected a positive");
    assert_refused((nn_pool_def){ .padding = (nn_padding)-1 }, NN_SHAPE(4, 4, 1), NN_ERR_ARGUMENT, "padding");
    assert_refused((nn_pool_def){ .size = { 0 } }, NN_SHAPE(4, 4), NN_ERR_SHAPE, "wants");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_EVERY_ISA(as_the_twin),
        cmocka_unit_test(defaults),
        cmocka_unit_test(nan_stays),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
