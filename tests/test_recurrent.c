/*
 * SimpleRNN, LSTM and GRU through the public API against a naive twin (plain loops in double) on every instruction set,
 * the same bits for any number of threads, and the vector exponentials against the C library.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernels/vector_math.h"
#include "recurrent_twin.h"
#include <float.h>
#include <kvist/nn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const nn_isa isas[] = { NN_ISA_PORTABLE, NN_ISA_AVX2, NN_ISA_AVX512 };
enum { ISA_COUNT = sizeof isas / sizeof *isas };

/* What one run of a model gave. */
typedef struct outcome {
    nn_float *y, *dx, *gradients;
    size_t y_count, dx_count, gradient_count;
} outcome;

static void outcome_free(outcome *o)
{
    free(o->y);
    free(o->dx);
    free(o->gradients);
}

static nn_float *copy(const nn_float *from, size_t count)
{
    nn_float *to = malloc(count * sizeof *to);
    assert_non_null(to);
    memcpy(to, from, count * sizeof *to);
    return to;
}

static nn_model *make_model(const twin *t, nn_isa isa, int threads, int max_batch, nn_error *error)
{
    const nn_layer_def layer = { .type = t->type, .rnn = t->def };
    return nn_model_create(&(nn_model_def){ .input = NN_SHAPE(t->time, t->in),
                                            .max_batch = max_batch,
                                            .layers = &layer,
                                            .layer_count = 1,
                                            .seed = 1,
                                            .threads = threads,
                                            .isa = isa },
                           error);
}

/* Whether this processor and this build have an instruction set. */
static bool has_isa(nn_isa isa)
{
    const twin t = { .type = NN_LSTM, .time = 1, .in = 1, .def = { .units = 1 } };
    nn_model *model = make_model(&t, isa, 1, 1, NULL);
    nn_model_destroy(model);
    return model != NULL;
}

/* Forward in inference mode, then backward, and once more for `again` unless that is 0; weights, x and dy as in the
 * twin. */
enum { BOTH = NN_GRAD_PARAMS | NN_GRAD_INPUT };
static outcome run_again(const twin *t, nn_isa isa, int threads, int spare, unsigned again)
{
    nn_error error = { 0 };
    nn_model *model = make_model(t, isa, threads, t->batch + spare, &error);
    if (!model) fail_msg("%s", error.text);
    outcome o = { .y_count = t->y_count, .dx_count = t->x_count };
    nn_float *params = nn_model_params(model, &o.gradient_count);
    assert_int_equal(o.gradient_count, t->weight_count);
    for (size_t i = 0; i < t->weight_count; i++) params[i] = (nn_float)t->weights[i];

    nn_float *x = malloc(t->x_count * sizeof *x), *dy = malloc(t->y_count * sizeof *dy);
    assert_true(x && dy);
    for (size_t i = 0; i < t->x_count; i++) x[i] = (nn_float)t->x[i];
    for (size_t i = 0; i < t->y_count; i++) dy[i] = (nn_float)t->dy[i];
    const nn_tensor x_view = nn_view_f32(x, NN_SHAPE(t->batch, t->time, t->in));
    const nn_tensor *y = nn_forward(model, &x_view, NN_EVAL);
    assert_non_null(y);
    assert_int_equal(nn_shape_count(y->shape), t->y_count);
    o.y = copy(y->f32, t->y_count);
    const nn_tensor dy_view = nn_view_f32(dy, y->shape);
    const nn_tensor *dx = nn_backward(model, &dy_view, BOTH);
    if (again) dx = nn_backward(model, &dy_view, again);
    assert_non_null(dx);
    o.dx = copy(dx->f32, t->x_count);
    o.gradients = copy(nn_model_grads(model, NULL), o.gradient_count);
    nn_model_destroy(model);
    free(x);
    free(dy);
    return o;
}

static outcome run(const twin *t, nn_isa isa, int threads, int spare)
{
    return run_again(t, isa, threads, spare, 0);
}

/* Every element to within `tolerance` of the largest one. */
static void assert_near(const char *name, const char *what, const nn_float *got, const double *expected, size_t count)
{
    double largest = 1e-3;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(expected[i]));
    for (size_t i = 0; i < count; i++) {
        const double tolerance = 4e-6 * largest;
        if (!(fabs(got[i] - expected[i]) <= tolerance))
            fail_msg("%s: %s[%zu]: expected %.9g, got %.9g", name, what, i, expected[i], (double)got[i]);
    }
}

static void check_twin(twin *t, const char *name)
{
    twin_randomize(t, 7);
    twin_run(t);
    for (int i = 0; i < ISA_COUNT; i++) {
        if (!has_isa(isas[i])) continue;
        char text[160];
        snprintf(text, sizeof text, "%s, isa %d, batch %d, time %d, in %d, units %d", name, (int)isas[i], t->batch,
                 t->time, t->in, t->def.units);
        outcome o = run(t, isas[i], 1, i);
        assert_near(text, "y", o.y, t->y, t->y_count);
        assert_near(text, "dx", o.dx, t->dx, t->x_count);
        assert_near(text, "gradients", o.gradients, t->gradients, t->weight_count);
        outcome_free(&o);
    }
    free(t->memory);
}

static void test_shapes(void **state)
{
    /* batch, time, in, units: ones; around the vectors' widths; more panels than one; several tiles and chunks */
    static const int shapes[][4] = { { 1, 1, 1, 1 },   { 2, 3, 1, 1 },    { 1, 5, 3, 17 },   { 3, 2, 16, 15 },
                                     { 9, 4, 5, 16 },  { 8, 70, 4, 33 },  { 17, 9, 33, 8 },  { 5, 6, 70, 65 },
                                     { 4, 3, 2, 150 }, { 30, 130, 3, 4 }, { 150, 2, 3, 31 }, { 7, 1, 9, 5 } };
    (void)state;
    for (int c = 0; c < TWIN_CELLS; c++) {
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            const int *shape = shapes[s];
            twin t = { .type = twin_cells[c].type, .batch = shape[0], .time = shape[1], .in = shape[2] };
            t.def = (nn_rnn_def){ .units = shape[3], .reset_before = twin_cells[c].reset_before };
            check_twin(&t, twin_cells[c].name);
        }
    }
}

static void test_options(void **state)
{
    (void)state;
    for (int c = 0; c < TWIN_CELLS; c++) {
        for (int options = 0; options < 8; options++) {
            twin t = { .type = twin_cells[c].type, .batch = 11, .time = 67, .in = 6 };
            t.def = (nn_rnn_def){ .units = 21,
                                  .reset_before = twin_cells[c].reset_before,
                                  .return_sequences = options & 1,
                                  .go_backwards = options & 2,
                                  .no_bias = options & 4 };
            check_twin(&t, twin_cells[c].name);
        }
    }
}

static void test_activations(void **state)
{
    static const nn_activation kinds[] = { NN_LINEAR, NN_RELU, NN_SIGMOID, NN_TANH, NN_HARD_SIGMOID };
    const int count = sizeof kinds / sizeof *kinds;
    (void)state;
    for (int c = 0; c < TWIN_CELLS; c++) {
        for (int k = 0; k < count * count; k++) {
            twin t = { .type = twin_cells[c].type, .batch = 10, .time = 5, .in = 3 };
            t.def = (nn_rnn_def){ .units = 19,
                                  .reset_before = twin_cells[c].reset_before,
                                  .return_sequences = true,
                                  .activation = kinds[k / count],
                                  .recurrent_activation = kinds[k % count] };
            if (t.type == NN_SIMPLE_RNN && k % count > 0) continue;
            check_twin(&t, twin_cells[c].name);
        }
    }
}

static void assert_same_bits(const outcome *a, const outcome *b)
{
    assert_memory_equal(a->y, b->y, a->y_count * sizeof *a->y);
    assert_memory_equal(a->dx, b->dx, a->dx_count * sizeof *a->dx);
    assert_memory_equal(a->gradients, b->gradients, a->gradient_count * sizeof *a->gradients);
}

static void test_threads_give_the_same_bits(void **state)
{
    static const int threads[] = { 2, 3, 4, 8 };
    (void)state;
    for (int c = 0; c < TWIN_CELLS; c++) {
        twin t = { .type = twin_cells[c].type, .batch = 150, .time = 40, .in = 5 };
        t.def = (nn_rnn_def){ .units = 20, .reset_before = twin_cells[c].reset_before, .return_sequences = c % 2 };
        twin_randomize(&t, 3);
        outcome one = run(&t, NN_ISA_BEST, 1, 0);
        for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
            outcome other = run(&t, NN_ISA_BEST, threads[i], 0);
            assert_same_bits(&one, &other);
            outcome_free(&other);
        }
        outcome_free(&one);
        free(t.memory);
    }
}

/* After a first backward for all, a second one: the gradients of the weights are so many times those of one. */
static void check_again(int batch, int time, unsigned second, int times)
{
    for (int c = 0; c < TWIN_CELLS; c++) {
        twin t = { .type = twin_cells[c].type, .batch = batch, .time = time, .in = 5 };
        t.def = (nn_rnn_def){ .units = 9, .reset_before = twin_cells[c].reset_before };
        twin_randomize(&t, 5);
        outcome once = run(&t, NN_ISA_BEST, 1, 0), again = run_again(&t, NN_ISA_BEST, 1, 0, second);
        for (size_t i = 0; i < once.gradient_count; i++) once.gradients[i] *= (nn_float)times;
        assert_same_bits(&once, &again);
        outcome_free(&once);
        outcome_free(&again);
        free(t.memory);
    }
}

static void test_backward_again(void **state)
{
    (void)state;
    check_again(5, 70, BOTH, 2);
}

/* The gradient by the input is the same where nobody wants the weights', which are left alone. */
static void test_input_alone(void **state)
{
    (void)state;
    check_again(19, 12, NN_GRAD_INPUT, 1);
}

static void test_forget_bias(void **state)
{
    (void)state;
    for (int without = 0; without < 2; without++) {
        const twin t = { .type = NN_LSTM, .time = 2, .in = 3, .def = { .units = 5, .no_unit_forget_bias = without } };
        nn_model *model = make_model(&t, NN_ISA_BEST, 1, 1, NULL);
        assert_non_null(model);
        nn_tensor bias;
        assert_int_equal(nn_model_weight(model, "lstm_1/bias", &bias, NULL), NN_OK);
        for (int i = 0; i < 20; i++) assert_true(bias.f32[i] == (!without && i / 5 == 1 ? 1 : 0));
        nn_model_destroy(model);
    }
}

static void test_rejections(void **state)
{
    static const struct {
        nn_rnn_def def;
        const char *text;
    } cases[] = { { { .units = 0 }, "layer gru_1: units: expected a positive number, got 0" },
                  { { .units = 2, .activation = NN_SOFTMAX }, "layer gru_1: activation: softmax is not possible here" },
                  { { .units = 2, .recurrent_activation = (nn_activation)99 },
                    "layer gru_1: recurrent_activation: no such activation: 99" },
                  { { .units = INT32_MAX }, "layer gru_1: units: 2147483647 are too many" } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nn_error error = { 0 };
        const twin t = { .type = NN_GRU, .time = 2, .in = 3, .def = cases[i].def };
        assert_null(make_model(&t, NN_ISA_BEST, 1, 1, &error));
        assert_string_equal(error.text, cases[i].text);
    }
    nn_error error = { 0 };
    const nn_layer_def layer = { .type = NN_LSTM, .rnn = { .units = 4 } };
    assert_null(nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(128), .max_batch = 64, .layers = &layer, .layer_count = 1 }, &error));
    assert_string_equal(error.text, "layer lstm_1: wants (batch, time, features), got (64, 128)");
}

/* Few units, of which the states of all steps are more than memory has room for. */
static void test_too_many_states(void **state)
{
    static const nn_layer_def layers[] = { { NN_SIMPLE_RNN, .rnn = { .units = 1 } },
                                           { NN_LSTM, .rnn = { .units = 1 } },
                                           { NN_GRU, .rnn = { .units = 1 } },
                                           { NN_SIMPLE_RNN, .rnn = { .units = 32 } } /* 2^64 numbers */ };
    (void)state;
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        nn_error error = { 0 };
        char expected[40];
        snprintf(expected, sizeof expected, "units: %d are too many", layers[i].rnn.units);
        assert_null(nn_model_create(
            &(nn_model_def){
                .input = NN_SHAPE(1 << 30, 1), .max_batch = 1 << 29, .layers = &layers[i], .layer_count = 1 },
            &error));
        assert_int_equal(error.status, NN_ERR_SHAPE);
        if (!strstr(error.text, expected)) fail_msg("expected \"%s\" in: %s", expected, error.text);
    }
}

/* --- vector exponentials
 * ---------------------------------------------------------------------------------------------- */

/* Error in units of the last place; results that are denormal may be flushed to zero. */
static double ulps(float got, double exact)
{
    int exponent = 0;
    if (isnan(exact)) return isnan(got) ? 0 : INFINITY;
    if (isinf((float)exact)) return got == (float)exact ? 0 : INFINITY;
    if (fabs(exact) < FLT_MIN) return fabs((double)got) <= FLT_MIN ? 0 : INFINITY;
    frexp(exact, &exponent);
    return fabs(got - exact) / ldexp(1, exponent - 24);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* Floats of all magnitudes, and the special ones. */
enum { SAMPLES = 1 << 16 };
static void sample(float *x, uint32_t round)
{
    static const float special[] = { 0,   -0.0f,  1e30f,   -1e30f, INFINITY, -INFINITY,
                                     NAN, 88.72f, -88.72f, 89.1f,  -89.1f,   9.1f };
    for (uint32_t i = 0; i < SAMPLES; i++) {
        const uint32_t bits = (round * SAMPLES + i) * 2654435761u;
        memcpy(&x[i], &bits, sizeof bits);
    }
    memcpy(x, special, sizeof special);
}

static void check_activation(nn_isa isa, nn_activation type, double (*exact)(double), double limit)
{
    static float x[SAMPLES];
    const nn_layer_def layer = { .type = NN_ACTIVATION, .activation = { type } };
    nn_model *model = nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(SAMPLES), .max_batch = 1, .layers = &layer, .layer_count = 1, .isa = isa },
        NULL);
    if (!model) return;
    for (uint32_t round = 0; round < 32; round++) {
        sample(x, round);
        const nn_tensor view = nn_view_f32(x, NN_SHAPE(1, SAMPLES)), *y = nn_forward(model, &view, NN_EVAL);
        assert_non_null(y);
        for (int i = 0; i < SAMPLES; i++)
            if (!(ulps(y->f32[i], exact(x[i])) <= limit))
                fail_msg("isa %d, activation %d of %a: expected %a, got %a", (int)isa, (int)type, (double)x[i],
                         exact(x[i]), (double)y->f32[i]);
    }
    nn_model_destroy(model);
}

static void test_sigmoid_and_tanh(void **state)
{
    (void)state;
    for (int i = 0; i < ISA_COUNT; i++) {
        check_activation(isas[i], NN_SIGMOID, sigmoid, 2.5);
        check_activation(isas[i], NN_TANH, tanh, 2.6);
    }
}

static void test_exp(void **state)
{
    static float x[SAMPLES];
    (void)state;
    for (uint32_t round = 0; round < 32; round++) {
        sample(x, round);
        for (int i = 0; i < SAMPLES; i += NN_LANES) {
            const nn_vec y = nn_vexp(nn_load(x + i));
            for (int k = 0; k < NN_LANES; k++)
                if (!(ulps(y[k], exp(x[i + k])) <= 1.5))
                    fail_msg("exp of %a: expected %a, got %a", (double)x[i + k], exp(x[i + k]), (double)y[k]);
        }
    }
}

static void test_limits(void **state)
{
    (void)state;
    assert_true(nn_vsigmoid(nn_splat(1e30f))[0] == 1 && nn_vsigmoid(nn_splat(-1e30f))[0] == 0);
    assert_true(nn_vtanh(nn_splat(1e30f))[0] == 1 && nn_vtanh(nn_splat(-1e30f))[0] == -1);
    assert_true(nn_vtanh(nn_splat(9.1f))[0] == 1 && nn_vsigmoid(nn_splat(17.4f))[0] == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_shapes),
                                        cmocka_unit_test(test_options),
                                        cmocka_unit_test(test_activations),
                                        cmocka_unit_test(test_threads_give_the_same_bits),
                                        cmocka_unit_test(test_backward_again),
                                        cmocka_unit_test(test_input_alone),
                                        cmocka_unit_test(test_forget_bias),
                                        cmocka_unit_test(test_rejections),
                                        cmocka_unit_test(test_too_many_states),
                                        cmocka_unit_test(test_sigmoid_and_tanh),
                                        cmocka_unit_test(test_exp),
                                        cmocka_unit_test(test_limits) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
