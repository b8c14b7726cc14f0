/* Initial weights: the distribution that Keras gives each initialiser, by its range, mean and variance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kvist/nn.h>
#include <math.h>

enum { IN = 300, UNITS = 200 };

/* What a truncated normal keeps: within 2 standard deviations, so that its own is smaller by this. */
#define KEPT_DEVIATION 0.87962566103423978

typedef struct expected {
    nn_init init;
    const char *name;
    double variance;
    double limit; /* of the absolute value; 0: none */
} expected;

static nn_model *create(nn_init init, int in, int units, nn_tensor *kernel)
{
    nn_error error;
    const nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = units, .kernel_init = init } } };
    nn_model *model = nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(in), .max_batch = 1, .seed = 11, NN_LAYERS(layers) }, &error);
    if (!model) fail_msg("%s", error.text);
    assert_int_equal(nn_model_weight(model, "dense_1/kernel", kernel, NULL), NN_OK);
    return model;
}

static expected uniform(nn_init init, const char *name, double limit)
{
    return (expected){ init, name, limit * limit / 3, limit };
}

static expected truncated(nn_init init, const char *name, double variance)
{
    return (expected){ init, name, variance, 2 * sqrt(variance) / KEPT_DEVIATION };
}

static void check(const expected *e)
{
    nn_tensor kernel;
    nn_model *model = create(e->init, IN, UNITS, &kernel);
    const size_t count = (size_t)IN * UNITS;
    double sum = 0, squares = 0, most = 0;
    for (size_t i = 0; i < count; i++) {
        const double w = (double)kernel.f32[i];
        sum += w;
        squares += w * w;
        most = fmax(most, fabs(w));
    }
    /* Four standard errors; of a variance at most sqrt(2 / n). */
    const double mean = sum / (double)count, variance = squares / (double)count - mean * mean;
    if (fabs(mean) > 4 * sqrt(e->variance / (double)count)) fail_msg("%s: mean: expected 0, got %g", e->name, mean);
    if (fabs(variance / e->variance - 1) > 4 * sqrt(2 / (double)count))
        fail_msg("%s: variance: expected %g, got %g", e->name, e->variance, variance);
    if (e->limit > 0 && (most > e->limit * (1 + 1e-6) || most < 0.99 * e->limit))
        fail_msg("%s: most: expected %g, got %g", e->name, e->limit, most);
    nn_model_destroy(model);
}

static void test_distributions(void **state)
{
    (void)state;
    const expected all[] = {
        uniform(NN_INIT_DEFAULT, "default of Dense", sqrt(6.0 / (IN + UNITS))),
        uniform(NN_GLOROT_UNIFORM, "glorot_uniform", sqrt(6.0 / (IN + UNITS))),
        uniform(NN_HE_UNIFORM, "he_uniform", sqrt(6.0 / IN)),
        uniform(NN_LECUN_UNIFORM, "lecun_uniform", sqrt(3.0 / IN)),
        uniform(NN_UNIFORM_05, "random_uniform", 0.05),
        truncated(NN_GLOROT_NORMAL, "glorot_normal", 2.0 / (IN + UNITS)),
        truncated(NN_HE_NORMAL, "he_normal", 2.0 / IN),
        truncated(NN_LECUN_NORMAL, "lecun_normal", 1.0 / IN),
        { NN_NORMAL_05, "random_normal", 0.05 * 0.05, 0 },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) check(&all[i]);
}

static void test_constants(void **state)
{
    (void)state;
    for (int one = 0; one < 2; one++) {
        nn_tensor kernel;
        nn_model *model = create(one ? NN_ONES : NN_ZEROS, 5, 3, &kernel);
        for (int i = 0; i < 15; i++) assert_true(kernel.f32[i] == (nn_float)one);
        nn_model_destroy(model);
    }
}

/* The shorter side is orthonormal, whichever it is. */
static void test_orthogonal(void **state)
{
    (void)state;
    static const int sizes[][2] = { { 40, 24 }, { 24, 40 }, { 16, 16 } };
    for (size_t s = 0; s < 3; s++) {
        const int rows = sizes[s][0], columns = sizes[s][1];
        const bool tall = rows > columns;
        const int width = tall ? columns : rows, length = tall ? rows : columns;
        nn_tensor kernel;
        nn_model *model = create(NN_ORTHOGONAL, rows, columns, &kernel);
        for (int a = 0; a < width; a++) {
            for (int b = 0; b <= a; b++) {
                double sum = 0;
                for (int i = 0; i < length; i++) {
                    const int at = tall ? i * columns + a : a * columns + i;
                    const int with = tall ? i * columns + b : b * columns + i;
                    sum += (double)kernel.f32[at] * (double)kernel.f32[with];
                }
                if (fabs(sum - (a == b)) > 1e-6)
                    fail_msg("%d x %d: (%d, %d): expected %d, got %g", rows, columns, a, b, a == b, sum);
            }
        }
        nn_model_destroy(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_distributions), cmocka_unit_test(test_constants),
                                        cmocka_unit_test(test_orthogonal) };
    return cmocka_run_group_tests_name("init", tests, NULL, NULL);
}
