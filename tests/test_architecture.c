/* A model's architecture as text: what each wrong word of it is told as, and what may differ where weights are loaded.
 */
#include "files/architecture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static nn_model *make(void)
{
    static const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 3, .activation = NN_RELU } },
                                           { NN_DROPOUT, .dropout = { .rate = 0.5 } },
                                           { NN_ADD, .from = { 1, 2 } },
                                           { NN_DENSE, .dense = { .units = 2, .activation = NN_SOFTMAX } } };
    nn_error error = { 0 };
    nn_model *model = nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(3), .max_batch = 1, .threads = 1, NN_LAYERS(layers) }, &error);
    if (!model) fail_msg("%s", error.text);
    return model;
}

/* The model's text with `from` replaced, which must be in it; freed by the caller. */
static char *edited(const nn_model *model, const char *from, const char *to)
{
    nn_text text = { 0 };
    nn_architecture_write(model, &text);
    nn_text_add(&text, "", 1);
    assert_false(text.failed);
    const char *at = strstr(text.text, from);
    if (!at) fail_msg("%s is not in %s", from, text.text);
    const size_t room = text.size + strlen(to) + 1;
    char *changed = malloc(room);
    assert_non_null(changed);
    snprintf(changed, room, "%.*s%s%s", (int)(at - text.text), text.text, to, at + strlen(from));
    free(text.text);
    return changed;
}

static nn_json json_of(const char *text)
{
    return (nn_json){ "file", "model \"m\"", text, strlen(text), 8 };
}

/* --- reading --- */

static void refuse(const nn_model *model, const char *from, const char *to, const char *fragment)
{
    nn_architecture architecture;
    nn_error error = { 0 };
    char *text = edited(model, from, to);
    const nn_json json = json_of(text);
    const nn_status status = nn_architecture_read(&architecture, &json, &error);
    if (status != NN_ERR_FORMAT) fail_msg("%s was taken", text);
    if (!strstr(error.text, fragment)) fail_msg("expected \"%s\" in: %s", fragment, error.text);
    assert_null(architecture.layers);
    free(text);
}

static void every_wrong_word_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *fragment;
    } cases[] = {
        { "\"input\":[3]", "\"inputs\":[3]", "file:8: model \"m\": input: expected a legal value" },
        { "\"input\":[3]", "\"input\":3", "input: expected a legal value" },
        { "\"seed\"", "\"sead\"", "seed: expected a legal value" },
        { "\"layers\"", "\"layer\"", "layers: expected a legal value" },
        { ",\"layers\":[{\"type\"", ",\"x\":[{\"type\"", "layers: expected a legal value" },
        { "}]}", "}],\"more\":1}", "option: expected a legal value" },
        { "\"type\":\"dense\",\"name\":\"dense_1\"", "\"name\":\"dense_1\"", "layer 1: type: expected a legal value" },
        { "\"dropout\"", "\"dropin\"", "layer 2: type: expected a legal value" },
        { "\"type\":\"add\"", "\"type\":\"\"", "layer 3: type: expected a legal value" },
        { "\"name\":\"add_3\"", "\"nome\":\"add_3\"", "layer 3: name: expected a legal value" },
        { "\"name\":\"add_3\"", "\"name\":\"\"", "layer 3: name: expected a legal value" },
        { "\"name\":\"add_3\"", "\"name\":3", "layer 3: name: expected a legal value" },
        { "\"add_3\"", "\"123456789012345678901234567890123456789012345678\"",
          "layer 3: name: expected a legal value" },
        { ",\"name\":\"add_3\"", "", "layer 3: name: expected a legal value" },
        { "\"from\":[1,2]", "\"from\":[1,2,3,4,5]", "layer 3: from: expected a legal value" },
        { "\"from\":[1,2]", "\"from\":[]", "layer 3: from: expected a legal value" },
        { "\"from\":[1,2]", "\"from\":[0,2]", "layer 3: from: expected a legal value" },
        { "\"from\":[1,2]", "\"from\":[1,-2]", "layer 3: from: expected a legal value" },
        { "\"from\":[1,2]", "\"form\":[1,2]", "layer 3: from: expected a legal value" },
        { ",\"from\":[1,2]", "", "layer 3: from: expected a legal value" },
        { "\"from\":[1,2]", "\"from\":[1,2],\"more\":1", "layer 3: option: expected a legal value" },
        { "\"rate\"", "\"rite\"", "layer 2: rate: expected a legal value" },
        { "\"no_bias\":false", "\"no_bias\":falsy", "layer 1: no_bias: expected a legal value" },
        { ",\"bias_init\":\"default\"", "", "layer 1: bias_init: expected a legal value" },
    };
    nn_model *model = make();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refuse(model, cases[i].from, cases[i].to, cases[i].fragment);
    nn_model_destroy(model);
}

static void a_text_makes_the_model_again(void **state)
{
    (void)state;
    nn_model *model = make();
    nn_architecture architecture;
    nn_error error = { 0 };
    char *text = edited(model, "\"add_3\"", "\"12345678901234567890\\u00e91234567890123456789012345\"");
    const nn_json json = json_of(text);
    if (nn_architecture_read(&architecture, &json, &error) != NN_OK) fail_msg("%s", error.text);
    assert_int_equal(architecture.def.layer_count, 4);
    assert_int_equal(architecture.layers[0].type, NN_DENSE);
    assert_int_equal(architecture.layers[0].from[0], NN_INPUT);
    assert_int_equal(architecture.layers[0].dense.activation, NN_RELU);
    assert_true(architecture.layers[1].dropout.rate == 0.5);
    assert_int_equal(architecture.layers[2].from[0], 1);
    assert_int_equal(architecture.layers[2].from[1], 2);
    assert_int_equal(architecture.layers[2].from[2], 0);
    assert_string_equal(architecture.layers[2].name, "12345678901234567890\xc3\xa9"
                                                     "1234567890123456789012345"); /* 47 bytes */
    assert_int_equal(architecture.layers[3].dense.units, 2);
    assert_int_equal(architecture.layers[3].dense.activation, NN_SOFTMAX); /* a layer of its own while it runs */
    nn_architecture_free(&architecture);
    free(text);
    nn_model_destroy(model);
}

/* --- comparing --- */

static void compare(const nn_model *model, const char *from, const char *to, const char *difference)
{
    nn_error error = { 0 };
    char *text = edited(model, from, to);
    const nn_json json = json_of(text);
    const nn_status status = nn_architecture_compare(model, &json, &error);
    if (!difference && status != NN_OK) fail_msg("%s", error.text);
    if (difference) {
        char whole[256];
        assert_int_equal(status, NN_ERR_MISMATCH);
        snprintf(whole, sizeof whole, "file: model \"m\": another architecture: %s", difference);
        assert_string_equal(error.text, whole);
    }
    free(text);
}

static void only_what_weights_do_not_depend_on_may_differ(void **state)
{
    (void)state;
    nn_model *model = make();
    compare(model, "{", "{", NULL);
    compare(model, "\"max_batch\":1", "\"max_batch\":1000", NULL);
    compare(model, "\"seed\":\"0x0000000000000000\"", "\"seed\":\"0x0000000000000001\"", NULL);
    compare(model, "\"kernel_init\":\"default\"", "\"kernel_init\":\"he_normal\"", NULL);
    compare(model, "\"bias_init\":\"default\"", "\"bias_init\":\"ones\"", NULL);
    compare(model, "\"name\":\"dropout_2\"", "\"name\":\"drop\"", NULL); /* without weights */
    compare(model, "\"name\":\"dense_1\"", "\"name\":\"dense\"",
            "layer 1 (dense_1): name: expected dense_1, got dense");
    compare(model, "\"name\":\"dense_4\"", "\"name\":\"dense\"",
            "layer 4 (dense_4): name: expected dense_4, got dense");
    compare(model, "\"units\":3", "\"units\":4", "layer 1 (dense_1): units: expected 3, got 4");
    compare(model, "\"softmax\"", "\"sigmoid\"", "layer 4 (dense_4): activation: expected softmax, got sigmoid");
    compare(model, "\"0x1.0000000000000p-1\"", "\"0x1.0000000000000p-2\"",
            "layer 2 (dropout_2): rate: expected 0.5, got 0.25");
    compare(model, "\"from\":[1,2]", "\"from\":[2,1]", "layer 3 (add_3): from: expected [1,2], got [2,1]");
    compare(model, "\"input\":[3]", "\"input\":[3,1]", "input: expected [3], got [3,1]");
    compare(model, "\"f32\"", "\"i32\"", "input_type: expected f32, got i32");
    compare(model, "{\"type\":\"add\",\"name\":\"add_3\",\"from\":[1,2]},", "", "expected 4 layers, got 3");
    nn_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_word_is_named),
        cmocka_unit_test(a_text_makes_the_model_again),
        cmocka_unit_test(only_what_weights_do_not_depend_on_may_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
