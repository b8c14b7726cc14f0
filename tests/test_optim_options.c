/* An optimiser's options as text, which a checkpoint holds: those of another, and what is no such text, are refused. */
#include "files/archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static nn_json json_of(const char *text)
{
    return (nn_json){ "file", "text", text, strlen(text), 100 };
}

/* Its own text is taken; one of another, one cut short and what is no object are refused. */
static void options_are_compared(void **state)
{
    (void)state;
    static const nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = 1 } } };
    nn_model *model =
        nn_model_create(&(nn_model_def){ .input = NN_SHAPE(2), .max_batch = 1, .threads = 1, NN_LAYERS(layers) }, NULL);
    assert_non_null(model);
    nn_optim *adam = nn_optim_create(model, &(nn_optim_def){ .type = NN_ADAM }, NULL);
    nn_optim *another = nn_optim_create(model, &(nn_optim_def){ .type = NN_ADAM, .beta1 = 0.5 }, NULL);
    assert_non_null(adam);
    assert_non_null(another);
    nn_text own = { 0 }, other = { 0 };
    nn_optim_write_options(adam, &own);
    nn_optim_write_options(another, &other);
    const nn_json cases[] = { { "file", "text", own.text, own.size, 100 },
                              { "file", "text", other.text, other.size, 100 },
                              { "file", "text", own.text, own.size - 1, 100 },
                              json_of("[]"),
                              json_of("") };
    static const nn_status expected[] = { NN_OK, NN_ERR_MISMATCH, NN_ERR_FORMAT, NN_ERR_FORMAT, NN_ERR_FORMAT };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nn_error error = { 0 };
        if (nn_optim_compare_options(adam, &cases[i], &error) != expected[i])
            fail_msg("text %zu: expected %s, got %s: %s", i, nn_status_string(expected[i]),
                     nn_status_string(error.status), error.text);
        if (i == 1) assert_non_null(strstr(error.text, "beta1: expected 0.9, got 0.5"));
    }
    free(own.text);
    free(other.text);
    nn_optim_destroy(adam);
    nn_optim_destroy(another);
    nn_model_destroy(model);
}

/* What an optimiser has not got is the same to it whatever it says: a run goes on from the other's checkpoint. */
static void unknown_options_are_cleared(void **state)
{
    (void)state;
    static const nn_optim_def plain[] = { { .type = NN_ADAM }, { .type = NN_RMSPROP }, { .type = NN_SGD } };
    static const nn_optim_def adorned[] = {
        { .type = NN_ADAM, .rho = 7, .momentum = 0.9, .nesterov = true, .epsilon_inside_sqrt = true },
        { .type = NN_RMSPROP, .beta1 = -3, .beta2 = 0.5, .nesterov = true },
        { .type = NN_SGD, .beta1 = 0.5, .beta2 = 2, .rho = 0.5, .epsilon = -1, .epsilon_inside_sqrt = true },
    };
    static const nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = 1 } } };
    nn_model *model =
        nn_model_create(&(nn_model_def){ .input = NN_SHAPE(2), .max_batch = 1, .threads = 1, NN_LAYERS(layers) }, NULL);
    assert_non_null(model);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        nn_error error = { 0 };
        nn_optim *one = nn_optim_create(model, &plain[i], &error), *other = nn_optim_create(model, &adorned[i], &error);
        if (!one || !other) fail_msg("%s", error.text);
        nn_text text = { 0 };
        nn_optim_write_options(other, &text);
        const nn_json json = { "file", "text", text.text, text.size, 100 };
        if (nn_optim_compare_options(one, &json, &error) != NN_OK) fail_msg("%s", error.text);
        free(text.text);
        nn_optim_destroy(one);
        nn_optim_destroy(other);
    }
    nn_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(options_are_compared),
                                        cmocka_unit_test(unknown_options_are_cleared) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
