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

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(options_are_compared) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
