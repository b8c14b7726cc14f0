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
    static const nn_layer_def layers[] = { { NN_CONV2D, .conv = { .filters = 2, .kernel = { 1, 1 } } },
                                           { .type = NN_FLATTEN },
                                           { NN_DROPOUT, .dropout = { .rate = 0.5 } },
                                           { NN_ADD, .from = { 2, 3 } },
                                           { NN_DENSE, .dense = { .units = 3, .activation = NN_RELU } },
                                           { NN_DENSE,
                                             .dense = { .units = 2, .activation = NN_SOFTMAX, .no_bias = true } } };
    nn_error error = { 0 };
    nn_model *model = nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(2, 2, 1), .max_batch = 1, .threads = 1, NN_LAYERS(layers) }, &error);
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

/* Comparing refuses it, too, and the first reason stays. */
static void refuse_text(const nn_model *model, const char *text, const char *fragment)
{
    nn_architecture architecture;
    nn_error error = { 0 };
    const nn_json json = json_of(text);
    const nn_status status = nn_architecture_read(&architecture, &json, &error);
    if (status != NN_ERR_FORMAT) fail_msg("%s was taken", text);
    if (!strstr(error.text, fragment)) fail_msg("expected \"%s\" in: %s", fragment, error.text);
    assert_null(architecture.layers);
    const nn_error first = error;
    if (nn_architecture_compare(model, &json, &error) == NN_OK) fail_msg("%s is the same", text);
    assert_string_equal(error.text, first.text);
    assert_int_equal(error.offset, first.offset);
    assert_int_not_equal(nn_architecture_compare(model, &json, NULL), NN_OK);
}

static void refuse(const nn_model *model, const char *from, const char *to, const char *fragment)
{
    char *text = edited(model, from, to);
    refuse_text(model, text, fragment);
    free(text);
}

static void every_wrong_word_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *fragment;
    } cases[] = {
        { "\"input\":[2,2,1]", "\"inputs\":[2,2,1]", "file:8: model \"m\": input: expected a legal value" },
        { "\"input\":[2,2,1]", "\"input\":3", "input: expected a legal value" },
        { "\"input\":[2,2,1]", "\"input\":[2,,1]", "input: expected a legal value" },
        { "\"input\":[2,2,1]", "\"input\":[2,2,1,1,1,1,1,1,1]", "input: expected a legal value" },
        { "\"input\":[2,2,1]", "\"input\":[2,2,2147483648]", "input: expected a legal value" },
        { "\"input\":[2,2,1]", "\"input\":[2,2,-2147483649]", "input: expected a legal value" },
        { "\"input_type\":\"f32\"", "\"input_type\":\"f33\"", "input_type: expected a legal value" },
        { "\"max_batch\":1", "\"max_batch\":x", "max_batch: expected a legal value" },
        { "\"max_batch\":1,", "\"max_batch\":1,,", "max_batch: expected a legal value" },
        { "\"seed\"", "\"sead\"", "seed: expected a legal value" },
        { "\"seed\":\"0x", "\"seed\":\"1x", "seed: expected a legal value" },
        { "\"seed\":\"0x0000000000000000\"", "\"seed\":1", "seed: expected a legal value" },
        { "\"layers\"", "\"layer\"", "layers: expected a legal value" },
        { ",\"layers\":[{\"type\"", ",\"x\":[{\"type\"", "layers: expected a legal value" },
        { ",\"layers\":[", ",\"layers\":[],\"x\":[", "option: expected a legal value" },
        { "}]}", "}],\"more\":1}", "option: expected a legal value" },
        { "\"layers\":[", "\"layers\":[,", "model \"m\": expected a value" },
        { "\"layers\":[", "\"layers\":[3,", "model \"m\": expected '{'" },
        { "\"layers\":[", "\"layers\":[{},", "layer 1: type: expected a legal value" },
        { "{\"type\":\"conv2d\",\"name\"", "{\"kind\":\"conv2d\",\"name\"", "layer 1: type: expected a legal value" },
        { "\"type\":\"conv2d\",\"name\":\"conv2d_1\"", "\"name\":\"conv2d_1\"",
          "layer 1: type: expected a legal value" },
        { "\"type\":\"conv2d\"", "\"type\":\"conv9d\"", "layer 1: type: expected a legal value" },
        { "\"type\":\"conv2d\"", "\"type\":\"\"", "layer 1: type: expected a legal value" },
        { "\"type\":\"conv2d\",", "\"type\":\"conv2d\",,", "layer 1: type: expected a legal value" },
        { "\"type\":\"dropout\"", "\"type\":\"dropin\"", "layer 3: type: expected a legal value" },
        { "{\"type\":\"conv2d\",", "{\"type\":\"conv2d\"},{", "layer 1: name: expected a legal value" },
        { "\"name\":\"conv2d_1\"", "\"nome\":\"conv2d_1\"", "layer 1: name: expected a legal value" },
        { "\"name\":\"conv2d_1\"", "\"name\":\"\"", "layer 1: name: expected a legal value" },
        { "\"name\":\"conv2d_1\"", "\"name\":1", "layer 1: name: expected a legal value" },
        { "\"conv2d_1\"", "\"123456789012345678901234567890123456789012345678\"",
          "layer 1: name: expected a legal value" },
        { ",\"name\":\"conv2d_1\"", "", "layer 1: name: expected a legal value" },
        { "\"name\":\"add_4\"", "\"nome\":\"add_4\"", "layer 4: name: expected a legal value" },
        { "\"name\":\"conv2d_1\",", "\"name\":\"conv2d_1\",,", "layer 1: from: expected a legal value" },
        { "\"name\":\"conv2d_1\",", "\"name\":\"conv2d_1\"},{", "layer 1: from: expected a legal value" },
        { "\"from\":[-1],", "\"from\":[-1],,", "layer 1: from: expected a legal value" },
        { "\"from\":[-1]", "\"from\":-1", "layer 1: from: expected a legal value" },
        { "\"from\":[-1]", "\"from\":[-2]", "layer 1: from: expected a legal value" },
        { "\"from\":[2,3]", "\"from\":[2,3,4,5,6]", "layer 4: from: expected a legal value" },
        { "\"from\":[2,3]", "\"from\":[]", "layer 4: from: expected a legal value" },
        { "\"from\":[2,3]", "\"from\":[0,3]", "layer 4: from: expected a legal value" },
        { "\"from\":[2,3]", "\"from\":[2,-2]", "layer 4: from: expected a legal value" },
        { "\"from\":[2,3]", "\"form\":[2,3]", "layer 4: from: expected a legal value" },
        { ",\"from\":[2,3]", "", "layer 4: from: expected a legal value" },
        { "\"from\":[2,3]", "\"from\":[2,3],\"more\":1", "layer 4: option: expected a legal value" },
        { "\"kernel\":[1,1]", "\"kernel\":[1]", "layer 1: kernel: expected a legal value" },
        { "\"kernel\":[1,1]", "\"kernel\":1", "layer 1: kernel: expected a legal value" },
        { "\"kernel\":[1,1]", "\"colonel\":[1,1]", "layer 1: kernel: expected a legal value" },
        { "\"padding\":\"valid\"", "\"padding\":\"loose\"", "layer 1: padding: expected a legal value" },
        { "\"rate\"", "\"rite\"", "layer 3: rate: expected a legal value" },
        { "\"rate\":\"0x1.", "\"rate\":\"0x2.", "layer 3: rate: expected a legal value" },
        { "\"rate\":\"0x1.0000000000000p-1\"", "\"rate\":\"0x1.0000000000000p-1 and more than fits\"",
          "layer 3: rate: expected a legal value" },
        { "\"rate\":\"0x1.0000000000000p-1\"", "\"rate\":0", "layer 3: rate: expected a legal value" },
        { "\"no_bias\":false", "\"no_bias\":falsy", "layer 1: no_bias: expected a legal value" },
        { "\"no_bias\":true", "\"no_bias\":treu", "layer 6: no_bias: expected a legal value" },
        { "\"no_bias\":true", "\"no_bias\":fasle", "layer 6: no_bias: expected a legal value" },
        { "\"no_bias\":true", "\"no_bias\":1", "layer 6: no_bias: expected a legal value" },
        { "\"no_bias\":true", "\"no_bias\":true,\"more\":1", "layer 6: kernel_init: expected a legal value" },
        { ",\"bias_init\":\"default\"", "", "layer 1: bias_init: expected a legal value" },
        { ",\"bias_init\":\"default\"}]}", "}]}", "layer 6: bias_init: expected a legal value" },
        { "}]}", ",\"more\":1}]}", "layer 6: option: expected a legal value" },
        { "}]}", "}]}x", "expected its end, got more" },
        { "}]}", "}],}", "expected a name in quotes" },
        { "}]}", "}, {\"type\":\"flatten\"}]", "expected '}', got the end" },
    };
    nn_model *model = make();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refuse(model, cases[i].from, cases[i].to, cases[i].fragment);
    nn_model_destroy(model);
}

static void a_text_without_layers_is_refused(void **state)
{
    (void)state;
    nn_model *model = make();
    char *text = edited(model, ",\"layers\":", "}");
    text[strcspn(text, "}") + 1] = '\0';
    refuse_text(model, text, "layers: expected a legal value");
    free(text);
    nn_model_destroy(model);
}

/* As many as a model may have, and one more. */
static void too_many_layers_are_refused(void **state)
{
    (void)state;
    enum { MOST = 2048 };
    static char layers[MOST * 32];
    size_t used = 0;
    nn_model *model = make();
    nn_error error = { 0 };
    for (int i = 0; i < MOST - 6; i++)
        used +=
            (size_t)snprintf(layers + used, sizeof layers - used, "%s{\"type\":\"flatten\"},", i ? "" : "\"layers\":[");
    char *text = edited(model, "\"layers\":[", layers);
    const nn_json json = json_of(text);
    nn_architecture architecture;
    nn_architecture_read(&architecture, &json, &error);
    assert_null(strstr(error.text, "at most"));
    nn_architecture_free(&architecture);
    free(text);
    snprintf(layers + used, sizeof layers - used, "{\"type\":\"flatten\"},");
    text = edited(model, "\"layers\":[", layers);
    refuse_text(model, text, "model \"m\": layers: expected at most 2048, got 2049");
    free(text);
    nn_model_destroy(model);
}

/* Longer than any buffer for it. */
static void a_long_name_is_refused(void **state)
{
    (void)state;
    char name[400] = "\"";
    memset(name + 1, 'n', sizeof name - 3);
    memcpy(name + sizeof name - 2, "\"", 2);
    nn_model *model = make();
    refuse(model, "\"conv2d_1\"", name, "layer 1: name: expected a legal value");
    nn_model_destroy(model);
}

static void a_text_makes_the_model_again(void **state)
{
    (void)state;
    nn_model *model = make();
    nn_architecture architecture;
    nn_error error = { 0 };
    char *text = edited(model, "\"add_4\"", "\"12345678901234567890\\u00e91234567890123456789012345\"");
    const nn_json json = json_of(text);
    if (nn_architecture_read(&architecture, &json, &error) != NN_OK) fail_msg("%s", error.text);
    assert_int_equal(architecture.def.layer_count, 6);
    assert_int_equal(architecture.layers[0].type, NN_CONV2D);
    assert_int_equal(architecture.layers[0].from[0], NN_INPUT);
    assert_int_equal(architecture.layers[0].conv.filters, 2);
    assert_true(architecture.layers[2].dropout.rate == 0.5);
    assert_int_equal(architecture.layers[3].from[0], 2);
    assert_int_equal(architecture.layers[3].from[1], 3);
    assert_int_equal(architecture.layers[3].from[2], 0);
    assert_string_equal(architecture.layers[3].name, "12345678901234567890\xc3\xa9"
                                                     "1234567890123456789012345"); /* 47 bytes */
    assert_int_equal(architecture.layers[4].dense.activation, NN_RELU);
    assert_int_equal(architecture.layers[5].dense.units, 2);
    assert_int_equal(architecture.layers[5].dense.activation, NN_SOFTMAX); /* a layer of its own while it runs */
    assert_true(architecture.layers[5].dense.no_bias);
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
    compare(model, "_init\":\"", "_init\":\"other_", NULL);
    compare(model, "\"name\":\"flatten_2\"", "\"name\":\"of no matter\"", NULL);
    compare(model, "\"name\":\"dropout_3\"", "\"name\":\"drop\"", NULL);
    compare(model, "\"name\":\"conv2d_1\"", "\"name\":\"other\"",
            "layer 1 (conv2d_1): name: expected conv2d_1, got other");
    compare(model, "\"name\":\"dense_6\"", "\"name\":\"dense\"",
            "layer 6 (dense_6): name: expected dense_6, got dense");
    compare(model, "\"filters\":2", "\"filters\":3", "layer 1 (conv2d_1): filters: expected 2, got 3");
    compare(model, "\"units\":3", "\"units\":4", "layer 5 (dense_5): units: expected 3, got 4");
    compare(model, "\"type\":\"flatten\"", "\"type\":\"relu\"",
            "layer 2 (flatten_2): type: expected flatten, got relu");
    compare(model, "\"softmax\"", "\"sigmoid\"", "layer 6 (dense_6): activation: expected softmax, got sigmoid");
    compare(model, "\"0x1.0000000000000p-1\"", "\"0x1.0000000000000p-2\"",
            "layer 3 (dropout_3): rate: expected 0.5, got 0.25");
    compare(model, "\"from\":[2,3]", "\"from\":[3,2]", "layer 4 (add_4): from: expected [2,3], got [3,2]");
    compare(model, "\"input\":[2,2,1]", "\"input\":[2,2,2]", "input: expected [2,2,1], got [2,2,2]");
    compare(model, "\"input\":[2,2,1]", "\"input\":[4]", "input: expected [2,2,1], got [4]");
    compare(model, "\"f32\"", "\"i32\"", "input_type: expected f32, got i32");
    compare(model, "{\"type\":\"add\",\"name\":\"add_4\",\"from\":[2,3]},", "", "expected 6 layers, got 5");
    compare(model, "\"layers\":[", "\"layers\":[{},", "expected 6 layers, got 7");
    nn_model_destroy(model);
}

/* Where another layer is expected. */
static void what_is_no_layer_is_refused(void **state)
{
    (void)state;
    nn_model *model = make();
    nn_error error = { 0 };
    char *text = edited(model, "{\"type\":\"flatten\",\"name\":\"flatten_2\",\"from\":[1]}", "3");
    const nn_json json = json_of(text);
    assert_int_equal(nn_architecture_compare(model, &json, &error), NN_ERR_FORMAT);
    assert_non_null(strstr(error.text, "model \"m\": expected '{'"));
    free(text);
    nn_model_destroy(model);
}

/* What the last layer's activation was split from has it again. */
static void the_last_activation_is_that_of_its_layer(void **state)
{
    (void)state;
    static const nn_layer_def layers[][2] = {
        { { .type = NN_DROPOUT, .dropout = { .rate = 0.5 } },
          { .type = NN_DENSE, .dense = { .units = 3, .activation = NN_SOFTMAX } } },
        { { .type = NN_DROPOUT, .dropout = { .rate = 0.5 } },
          { .type = NN_CONV2D, .conv = { .filters = 3, .kernel = { 1, 1 }, .activation = NN_SIGMOID } } }
    };
    static const nn_shape inputs[] = { { 1, { 4 } }, { 3, { 2, 2, 1 } } };
    for (int i = 0; i < 2; i++) {
        nn_model *model = nn_model_create(
            &(nn_model_def){ .input = inputs[i], .max_batch = 2, .threads = 1, .layers = layers[i], .layer_count = 2 },
            NULL);
        assert_non_null(model);
        compare(model, i ? "\"sigmoid\"" : "\"softmax\"", "\"relu\"",
                i ? "layer 2 (conv2d_2): activation: expected sigmoid, got relu"
                  : "layer 2 (dense_2): activation: expected softmax, got relu");
        nn_model_destroy(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_word_is_named),    cmocka_unit_test(a_text_without_layers_is_refused),
        cmocka_unit_test(too_many_layers_are_refused),  cmocka_unit_test(a_long_name_is_refused),
        cmocka_unit_test(a_text_makes_the_model_again), cmocka_unit_test(only_what_weights_do_not_depend_on_may_differ),
        cmocka_unit_test(what_is_no_layer_is_refused),  cmocka_unit_test(the_last_activation_is_that_of_its_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
