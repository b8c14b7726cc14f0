/* Learning-rate schedules against Keras' formulas, through the optimiser that follows them. */
#include <kvist/nn.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

static nn_model *make_model(void)
{
    const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 1 } } };
    const nn_model_def def = { .input = NN_SHAPE(1), .max_batch = 1, .threads = 1, NN_LAYERS(layers) };
    nn_model *model = nn_model_create(&def, NULL);
    assert_non_null(model);
    return model;
}

typedef struct schedule_case {
    nn_schedule_def schedule;
    double lr[4]; /* after 0, 3, 10 and 25 steps, from 0.1 */
} schedule_case;

static void test_values(void **state)
{
    (void)state;
    static const uint64_t steps[] = { 0, 3, 10, 25 };
    /* In hundredths: 10 0.5^(t / 10); 10 / (1 + 0.5 t / 10); 8 (1 - t / 10)^p + 2; 8 (1 + cos(pi t / 10)) / 2 + 2 */
    const schedule_case cases[] = {
        { { .type = NN_CONSTANT }, { 10, 10, 10, 10 } },
        { { .type = NN_EXPONENTIAL_DECAY, .steps = 10, .rate = 0.5 },
          { 10, 8.122523963562356, 5, 1.7677669529663689 } },
        { { .type = NN_EXPONENTIAL_DECAY, .steps = 10, .rate = 0.5, .staircase = true }, { 10, 10, 5, 2.5 } },
        { { .type = NN_INVERSE_TIME_DECAY, .steps = 10, .rate = 0.5 },
          { 10, 8.695652173913043, 6.666666666666667, 4.444444444444445 } },
        { { .type = NN_INVERSE_TIME_DECAY, .steps = 10, .rate = 0.5, .staircase = true },
          { 10, 10, 6.666666666666667, 5 } },
        { { .type = NN_POLYNOMIAL_DECAY, .steps = 10, .end = 0.02 }, { 10, 7.6, 2, 2 } },
        { { .type = NN_POLYNOMIAL_DECAY, .steps = 10, .end = 0.02, .power = 2 }, { 10, 5.92, 2, 2 } },
        { { .type = NN_COSINE_DECAY, .steps = 10, .end = 0.02 }, { 10, 8.351141009169893, 2, 2 } },
        { { .type = NN_COSINE_DECAY, .steps = 10 }, { 10, 7.938926261462366, 0, 0 } },
    };
    nn_model *model = make_model();
    for (int i = 0; i < COUNT(cases); i++) {
        const nn_optim_def def = { .type = NN_SGD, .lr = 0.1, .schedule = cases[i].schedule };
        nn_optim *optim = nn_optim_create(model, &def, NULL);
        assert_non_null(optim);
        for (int k = 0; k < COUNT(steps); k++) {
            nn_optim_set_steps(optim, steps[k]);
            const double want = cases[i].lr[k] / 100;
            if (!(fabs(nn_optim_lr(optim) - want) <= 1e-15))
                fail_msg("case %d after %d steps: expected %.17g, got %.17g", i, (int)steps[k], want,
                         nn_optim_lr(optim));
        }
        nn_optim_destroy(optim);
    }
    nn_model_destroy(model);
}

/* Each step takes the rate of its own number, and the schedule starts from what nn_optim_set_lr() says. */
static void test_steps_follow(void **state)
{
    (void)state;
    nn_model *model = make_model();
    const nn_optim_def def = { .type = NN_SGD,
                               .lr = 1,
                               .schedule = { .type = NN_EXPONENTIAL_DECAY, .steps = 1, .rate = 0.5 } };
    nn_optim *optim = nn_optim_create(model, &def, NULL);
    assert_non_null(optim);
    nn_float *params = nn_model_params(model, NULL), *grads = nn_model_grads(model, NULL);
    params[0] = 0;
    for (int i = 0; i < 3; i++) {
        grads[0] = 1;
        nn_optim_step(optim);
    }
    assert_true(params[0] == -1.75f); /* 1 + 1/2 + 1/4 */
    assert_true(nn_optim_steps(optim) == 3);
    assert_int_equal(nn_optim_set_lr(optim, 8), NN_OK);
    assert_true(nn_optim_lr(optim) == 1);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

/* Row 50 of docs/faults.md. */
static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        nn_schedule_def schedule;
        const char *text;
    } cases[] = {
        { { .type = (nn_schedule_type)9 }, "schedule: type: expected a nn_schedule_type, got 9" },
        { { .type = (nn_schedule_type)-1 }, "schedule: type: expected a nn_schedule_type, got -1" },
        { { .steps = 10 }, "schedule: steps: expected 0 without a type, got 10" },
        { { .type = NN_COSINE_DECAY }, "schedule: steps: expected a positive number, got 0" },
        { { .type = NN_EXPONENTIAL_DECAY, .steps = 1 },
          "schedule: rate: expected a positive number in the range of float, got 0" },
        { { .type = NN_EXPONENTIAL_DECAY, .steps = 1, .rate = -1 },
          "schedule: rate: expected a positive number in the range of float, got -1" },
        { { .type = NN_INVERSE_TIME_DECAY, .steps = 1, .rate = NAN },
          "schedule: rate: expected a positive number in the range of float, got nan" },
        { { .type = NN_INVERSE_TIME_DECAY, .steps = 1, .rate = INFINITY },
          "schedule: rate: expected a positive number in the range of float, got inf" },
        { { .type = NN_EXPONENTIAL_DECAY, .steps = 1, .rate = 1e39 },
          "schedule: rate: expected a positive number in the range of float, got 1e+39" },
        { { .type = NN_COSINE_DECAY, .steps = 1, .end = 1e39 },
          "schedule: end: expected 0 or a positive number in the range of float, got 1e+39" },
        { { .type = NN_POLYNOMIAL_DECAY, .steps = 1, .end = NAN },
          "schedule: end: expected 0 or a positive number in the range of float, got nan" },
        { { .type = NN_POLYNOMIAL_DECAY, .steps = 1, .end = -0.5 },
          "schedule: end: expected 0 or a positive number in the range of float, got -0.5" },
        { { .type = NN_POLYNOMIAL_DECAY, .steps = 1, .end = INFINITY },
          "schedule: end: expected 0 or a positive number in the range of float, got inf" },
        { { .type = NN_POLYNOMIAL_DECAY, .steps = 1, .power = -1 },
          "schedule: power: expected a positive number in the range of float, got -1" },
        { { .type = NN_POLYNOMIAL_DECAY, .steps = 1, .rate = 2 },
          "schedule: rate: expected 0: this type has none, got 2" },
        { { .type = NN_COSINE_DECAY, .steps = 1, .staircase = true },
          "schedule: staircase: expected false: this type has none, got 1" },
    };
    nn_model *model = make_model();
    for (int i = 0; i < COUNT(cases); i++) {
        nn_error error;
        assert_null(nn_optim_create(model, &(nn_optim_def){ .schedule = cases[i].schedule }, &error));
        assert_int_equal(error.status, NN_ERR_ARGUMENT);
        assert_string_equal(error.text, cases[i].text);
    }
    nn_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_steps_follow),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
