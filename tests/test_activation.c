/* Activations and LeakyReLU where they bend or end: values and gradients at 0, at the bounds, at numbers beyond all
 * use. */
#include <kvist/nn.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "isas.h"
#include "one_layer.h"
#include <cmocka.h>

enum { SIZE = 5, MOST = 37 };

typedef struct bend_case {
    nn_layer_def layer;
    nn_float x[SIZE], y[SIZE], dx[SIZE]; /* of dy = 1, 2, 3, 4, 5 */
} bend_case;

static const bend_case cases[] = {
    { { .type = NN_LEAKY_RELU, .leaky_relu = { 0.25 } },
      { -4, -0.0f, 0, 1e-30f, 8 },
      { -1, 0, 0, 1e-30f, 8 },
      { 0.25f, 0.5f, 0.75f, 4, 5 } }, /* TensorFlow's gradient at 0 is the slope's */
    { { .type = NN_LEAKY_RELU, .leaky_relu = { NN_ZERO } },
      { -4, -0.0f, 0, 2, 8 },
      { 0, 0, 0, 2, 8 },
      { 0, 0, 0, 4, 5 } },
    { { .type = NN_LEAKY_RELU, .leaky_relu = { 2 } }, { -4, -1, 0, 1, 4 }, { -8, -2, 0, 1, 4 }, { 2, 4, 6, 4, 5 } },
    { { .type = NN_ACTIVATION },
      { -1e30f, -2, 0, 2, 1e30f },
      { -1e30f, -2, 0, 2, 1e30f },
      { 1, 2, 3, 4, 5 } }, /* linear */
    { { .type = NN_ACTIVATION, .activation = { NN_RELU } },
      { -1e30f, -0.0f, 0, 1e-30f, 1e30f },
      { 0, 0, 0, 1e-30f, 1e30f },
      { 0, 0, 0, 4, 5 } },
    { { .type = NN_ACTIVATION, .activation = { NN_HARD_SIGMOID } },
      { -1e30f, -3, 0, 3, 1e30f },
      { 0, 0, 0.5f, 1, 1 },
      { 0, 0, 0.6f, 0, 0 } },
    { { .type = NN_ACTIVATION, .activation = { NN_SIGMOID } },
      { -1e30f, -1e30f, 0, 1e30f, 1e30f },
      { 0, 0, 0.5f, 1, 1 },
      { 0, 0, 0.75f, 0, 0 } },
    { { .type = NN_ACTIVATION, .activation = { NN_TANH } },
      { -1e30f, -1e30f, 0, 1e30f, 1e30f },
      { -1, -1, 0, 1, 1 },
      { 0, 0, 3, 0, 0 } },
    { { .type = NN_ACTIVATION, .activation = { NN_SOFTMAX } },
      { -1e30f, 0, 1e30f, -1e30f, 1e30f },
      { 0, 0, 0.5f, 0, 0.5f },
      { 0, 0, -0.5f, 0, 0.5f } },
};

static void check(const bend_case *k, nn_isa isa)
{
    nn_float x[SIZE], ones[SIZE] = { 1, 2, 3, 4, 5 };
    memcpy(x, k->x, sizeof x);
    const nn_tensor in = nn_view_f32(x, NN_SHAPE(1, SIZE)), dy = nn_view_f32(ones, NN_SHAPE(1, SIZE));
    nn_model *model = nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(SIZE), .max_batch = 1, .layers = &k->layer, .layer_count = 1, .isa = isa },
        NULL);
    assert_non_null(model);
    const nn_tensor *y = nn_forward(model, &in, NN_TRAIN);
    assert_non_null(y);
    for (int i = 0; i < SIZE; i++) assert_float_equal((float)y->f32[i], (float)k->y[i], 1e-7f * fabsf((float)k->y[i]));
    const nn_tensor *dx = nn_backward(model, &dy, NN_GRAD_INPUT);
    assert_non_null(dx);
    for (int i = 0; i < SIZE; i++) assert_float_equal((float)dx->f32[i], (float)k->dx[i], 1e-6f);
    nn_model_destroy(model);
}

/* Runs a convolution with one more layer behind it, so that its activation is not the model's last; y and dx of 3
 * samples. */
static void run_inside(const nn_layer_def *layers, int count, int units, nn_isa isa, nn_float *y, nn_float *dx)
{
    nn_float values[3 * SIZE], up[3 * MOST];
    nn_rng rng = { .seed = 6 };
    nn_tensor x = nn_view_f32(values, NN_SHAPE(3, 1, 1, SIZE)), dy = nn_view_f32(up, NN_SHAPE(3, units));
    nn_fill_normal(&x, 0, 2, &rng);
    nn_fill_normal(&dy, 0, 1, &rng);
    nn_model *model = nn_model_create(&(nn_model_def){ .input = NN_SHAPE(1, 1, SIZE),
                                                       .max_batch = 3,
                                                       .layers = layers,
                                                       .layer_count = count,
                                                       .seed = 8,
                                                       .isa = isa },
                                      NULL);
    assert_non_null(model);
    const nn_tensor *out = nn_forward(model, &x, NN_TRAIN);
    assert_non_null(out);
    memcpy(y, out->f32, (size_t)units * 3 * sizeof *y);
    const nn_tensor *back = nn_backward(model, &dy, NN_GRAD_INPUT);
    assert_non_null(back);
    memcpy(dx, back->f32, 3 * SIZE * sizeof *dx);
    nn_model_destroy(model);
}

/* A layer's own activation, taken together with its bias, is that of a layer behind it. */
static void check_inside(nn_isa isa)
{
    static const int widths[] = { 1, 3, 16, 37 };
    for (int type = NN_LINEAR; type <= NN_HARD_SIGMOID; type++) {
        for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
            nn_float y[2][3 * MOST], dx[2][3 * SIZE];
            const nn_conv_def conv = { .filters = widths[i], .kernel = { 1 }, .bias_init = NN_NORMAL_05 };
            nn_conv_def active = conv;
            active.activation = (nn_activation)type;
            const nn_layer_def inside[] = { { .type = NN_CONV2D, .conv = active }, { .type = NN_FLATTEN } };
            const nn_layer_def behind[] = { { .type = NN_CONV2D, .conv = conv },
                                            { .type = NN_ACTIVATION, .activation = { (nn_activation)type } },
                                            { .type = NN_FLATTEN } };
            run_inside(inside, 2, widths[i], isa, y[0], dx[0]);
            run_inside(behind, 3, widths[i], isa, y[1], dx[1]);
            for (int k = 0; k < 3 * widths[i]; k++) assert_float_equal((float)y[0][k], (float)y[1][k], 1e-6f);
            for (int k = 0; k < 3 * SIZE; k++) assert_float_equal((float)dx[0][k], (float)dx[1][k], 1e-5f);
        }
    }
}

static void as_the_twin(void **state)
{
    const nn_isa isa = isa_of_test(state);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check(&cases[i], isa);
    check_inside(isa);
}

/* More rows than a task takes, the last task with fewer; rows longer than a task. */
static void rows_of_several_tasks(void **state)
{
    (void)state;
    const nn_layer_def layers[] = { { .type = NN_ACTIVATION, .activation = { NN_RELU } },
                                    { .type = NN_LEAKY_RELU, .leaky_relu = { 0.25 } } };
    const nn_shape shapes[] = { NN_SHAPE(1000, 5), NN_SHAPE(20000) };
    for (int k = 0; k < 4; k++) {
        one_layer one;
        one_layer_run(&one, &layers[k / 2], shapes[k % 2], 7, NN_TRAIN, NN_ISA_BEST, 1, false, 1);
        const nn_float below = k / 2 ? 0.25f : 0;
        for (size_t i = 0; i < nn_shape_count(one.y.shape); i++) {
            const nn_float x = one.x.f32[i], slope = x > 0 ? 1 : below;
            if (one.y.f32[i] != slope * x || one.dx.f32[i] != slope * one.dy.f32[i])
                fail_msg("case %d, element %zu: got %g, %g", k, i, (double)one.y.f32[i], (double)one.dx.f32[i]);
        }
        one_layer_free(&one);
    }
}

/* Softmax between layers is one, too: with a Dense of the unit matrix behind it, the output is its. */
static void softmax_inside(void **state)
{
    (void)state;
    const nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = 3, .activation = NN_SOFTMAX } },
                                    { .type = NN_DENSE, .dense = { .units = 3, .no_bias = true } } };
    nn_model *model = nn_model_create(&(nn_model_def){ .input = NN_SHAPE(2), .max_batch = 1, NN_LAYERS(layers) }, NULL);
    assert_non_null(model);
    nn_tensor kernel;
    assert_int_equal(nn_model_weight(model, "dense_2/kernel", &kernel, NULL), NN_OK);
    for (int i = 0; i < 9; i++) kernel.f32[i] = i % 4 == 0;
    nn_float x[2] = { 1, -2 }, sum = 0;
    const nn_tensor in = nn_view_f32(x, NN_SHAPE(1, 2)), *y = nn_forward(model, &in, NN_EVAL);
    assert_non_null(y);
    for (int i = 0; i < 3; i++) {
        assert_true(y->f32[i] > 0);
        sum += y->f32[i];
    }
    assert_float_equal((float)sum, 1, 1e-6f);
    nn_model_destroy(model);
}

/* Softmax of one large value and many equal small ones, of which rounding takes a third of a unit each. */
static void softmax_of_many(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    const nn_layer_def layers[] = { { .type = NN_ACTIVATION, .activation = { NN_SOFTMAX } }, { .type = NN_FLATTEN } };
    nn_model *model =
        nn_model_create(&(nn_model_def){ .input = NN_SHAPE(COUNT), .max_batch = 1, NN_LAYERS(layers) }, NULL);
    assert_non_null(model);
    nn_float x[COUNT] = { 12 }, g[COUNT];
    for (int i = 0; i < COUNT; i++) g[i] = i == 0 ? 2 : 1;
    const nn_tensor in = nn_view_f32(x, NN_SHAPE(1, COUNT)), dy = nn_view_f32(g, NN_SHAPE(1, COUNT));
    const nn_tensor *y = nn_forward(model, &in, NN_TRAIN);
    assert_non_null(y);
    const double want = 1.0 / (1.0 + (COUNT - 1) * exp(-12.0)), slope = want * (1.0 - want);
    assert_true(fabs((double)y->f32[0] - want) < 1.5e-7);
    const nn_tensor *dx = nn_backward(model, &dy, NN_GRAD_INPUT);
    assert_non_null(dx);
    if (!(fabs((double)dx->f32[0] - slope) < 3e-7)) fail_msg("expected %.9g, got %.9g", slope, (double)dx->f32[0]);
    nn_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_EVERY_ISA(as_the_twin),
        cmocka_unit_test(rows_of_several_tasks),
        cmocka_unit_test(softmax_inside),
        cmocka_unit_test(softmax_of_many),
    };
    return cmocka_run_group_tests_name("activation", tests, NULL, NULL);
}
