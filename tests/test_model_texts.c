/*
 * The texts in model files from inside the library: JSON where nobody checked it before, escapes and UTF-8, numbers;
 * and an architecture with one thing changed, which is refused by the option's name. What whole files do is in
 * test_safetensors.c and test_model_file.c.
 */
#include "files/architecture.h"
#include "files/archive.h"
#include "files/fields.h"
#include "files/json.h"
#include "files/text.h"
#include <math.h>
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

/* --- walks -------------------------------------------------------------------------------------------------------- */

/* Walks over all members of an object. */
static nn_status walk_all(const nn_json *json, int *count, nn_error *error)
{
    nn_json_walk walk;
    nn_status status = nn_json_begin(&walk, json, true, error);
    for (*count = 0; status == NN_OK && walk.more; status = nn_json_next(&walk, error)) ++*count;
    return status;
}

static void walks_over_members(void **state)
{
    (void)state;
    int count = 0;
    const nn_json json = json_of("{\t\"a\"\r:\n1 ,\"b\" : [ {\"c\":\"]\"} ] } \r\n\t");
    assert_int_equal(nn_json_check(&json, 3, NULL), NN_OK);
    assert_int_equal(walk_all(&json, &count, NULL), NN_OK);
    assert_int_equal(count, 2);
    const nn_json key = json_of("\"name\""), number = json_of("123456");
    assert_true(nn_json_is(&key, "name"));
    assert_false(nn_json_is(&key, "nama"));
    assert_false(nn_json_is(&number, "name"));
}

/* The '@' is left out and marks where it is wrong. */
static void refuses_what_nobody_checked(void **state)
{
    (void)state;
    static const struct {
        const char *marked, *expected;
    } cases[] = {
        { "@", "expected '{'" },
        { "@[]", "expected '{'" },
        { "{@", "expected a name in quotes" },
        { "{ @1:2}", "expected a name in quotes" },
        { "{\"a\"@", "expected ':'" },
        { "{\"a\" @1}", "expected ':'" },
        { "{\"a\":@", "expected a value" },
        { "{\"a\": @,}", "expected a value" },
        { "{\"a\":1@", "expected ',' or its end" },
        { "{\"a\":1@]", "expected ',' or its end" },
        { "{\"a\":1@}x", "expected ',' or its end" },
        { "{@}x", "expected ',' or its end" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        int count;
        nn_error error = { 0 };
        const size_t mark = strcspn(cases[i].marked, "@");
        snprintf(text, sizeof text, "%.*s%s", (int)mark, cases[i].marked, cases[i].marked + mark + 1);
        const nn_json json = json_of(text);
        assert_int_equal(walk_all(&json, &count, &error), NN_ERR_FORMAT);
        if (!strstr(error.text, cases[i].expected) || error.offset != 100 + mark)
            fail_msg("%s: %d: %s", cases[i].marked, (int)error.offset, error.text);
        assert_int_equal(walk_all(&json, &count, NULL), NN_ERR_FORMAT);
    }
}

/* --- strings and numbers ------------------------------------------------------------------------------------------ */

static void decodes(const char *text, const char *expected)
{
    char out[64];
    const nn_json json = json_of(text);
    const char *fault = nn_json_string(&json, out);
    if (fault) fail_msg("%s: %s", text, fault);
    assert_string_equal(out, expected);
}

static void decodes_strings(void **state)
{
    (void)state;
    decodes("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
    decodes("\"\\u0041\\u007f\"", "A\x7f");
    decodes("\"\\u00e9\\u07FF\"", "\xc3\xa9\xdf\xbf");
    decodes("\"\\u20aC\\ud7ff\\ue000\\uffff\"", "\xe2\x82\xac\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf");
    decodes("\"\\ud800\\udc00\\udbff\\udfff\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
    decodes("\"\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
            "\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

static void refuses_strings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *fault;
    } cases[] = {
        { "\"", "expected a string" },
        { "a\"", "expected a string" },
        { "\"a", "expected a string" },
        { "\"a\"b\"", "expected a string" },
        { "\"\n\"", "expected no control characters in a string" },
        { "\"\\\"", "expected a known escape" },
        { "\"\\x\"", "expected a known escape" },
        { "\"\\u123\"", "expected a character after \\u" },
        { "\"\\u/000\"", "expected a character after \\u" },
        { "\"\\u:000\"", "expected a character after \\u" },
        { "\"\\u@000\"", "expected a character after \\u" },
        { "\"\\uG000\"", "expected a character after \\u" },
        { "\"\\u`000\"", "expected a character after \\u" },
        { "\"\\ug000\"", "expected a character after \\u" },
        { "\"\\u0000\"", "expected a character after \\u" },
        { "\"\\udc00\"", "expected a character after \\u" },
        { "\"\\udfff\"", "expected a character after \\u" },
        { "\"\\ud800\"", "expected a character after \\u" },
        { "\"\\ud800xudc00\"", "expected a character after \\u" },
        { "\"\\ud800\\xdc00\"", "expected a character after \\u" },
        { "\"\\ud800\\udbff\"", "expected a character after \\u" },
        { "\"\\ud800\\ue000\"", "expected a character after \\u" },
        { "\"\x80\"", "expected UTF-8" },
        { "\"\xc1\xbf\"", "expected UTF-8" },
        { "\"\xc3\"", "expected UTF-8" },
        { "\"\xc3(\"", "expected UTF-8" },
        { "\"\xe0\x9f\xbf\"", "expected UTF-8" }, // too long
        { "\"\xed\xa0\x80\"", "expected UTF-8" }, // a surrogate
        { "\"\xf0\x8f\xbf\xbf\"", "expected UTF-8" },
        { "\"\xf4\x90\x80\x80\"", "expected UTF-8" },
        { "\"\xf5\x80\x80\x80\"", "expected UTF-8" },
    };
    char out[64];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const nn_json json = json_of(cases[i].text);
        const char *fault = nn_json_string(&json, out);
        if (!fault || strcmp(fault, cases[i].fault) != 0) fail_msg("%d: %s", (int)i, fault ? fault : "taken");
    }
    const nn_json zero = { "file", "text", "\"\\\0\"", 4, 0 };
    assert_string_equal(nn_json_string(&zero, out), "expected a known escape");
    assert_false(nn_is_utf8("a\0b", 3));
}

static void reads_numbers(void **state)
{
    (void)state;
    static const char *const refused[] = { "", "-", "01", "-01", "1a", "1.0", "+1", "9223372036854775807" };
    int64_t number = 7;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const nn_json json = json_of(refused[i]);
        assert_false(nn_json_number(&json, &number));
    }
    assert_int_equal(number, 7);
    const nn_json zero = json_of("0"), negative = json_of("-42");
    assert_true(nn_json_number(&zero, &number) && number == 0);
    assert_true(nn_json_number(&negative, &number) && number == -42);
}

static void writes_texts(void **state)
{
    (void)state;
    static const char all[] = "a\"b\\c\n\x1f\x7f\xc3\xa9";
    static const char escaped[] = "\"a\\\"b\\\\c\\u000a\\u001f\x7f\xc3\xa9\"";
    nn_text text = { 0 };
    nn_text_add_string(&text, all, sizeof all - 1);
    assert_int_equal(text.size, sizeof escaped - 1);
    assert_memory_equal(text.text, escaped, sizeof escaped - 1);
    free(text.text);
    double value = 7.0;
    assert_string_equal(nn_real_format(HUGE_VAL).text, "inf");
    assert_string_equal(nn_real_format(-HUGE_VAL).text, "-inf");
    assert_string_equal(nn_real_format(fabs((double)NAN)).text, "nan");
    assert_false(nn_real_parse("inf", &value));
    assert_true(value == 7.0);
}

/* --- fields ------------------------------------------------------------------------------------------------------- */

static void writes_unknown_names(void **state)
{
    (void)state;
    static const nn_field field[] = { { "a", NN_FIELD_ACTIVATION, 0 } };
    for (int value = -1; value <= 99; value += 100) {
        nn_text text = { 0 };
        nn_fields_write((nn_field_table){ field, 1 }, &value, &text);
        assert_memory_equal(text.text, "\"a\":\"?\"", text.size);
        free(text.text);
    }
}

static bool differ(const char *a, const char *b, nn_difference *difference)
{
    nn_json_walk expected, got;
    const nn_json x = json_of(a), y = json_of(b);
    assert_int_equal(nn_json_begin(&expected, &x, true, NULL), NN_OK);
    assert_int_equal(nn_json_begin(&got, &y, true, NULL), NN_OK);
    return nn_fields_differ(&expected, &got, NULL, difference);
}

static void tells_what_differs(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b, *key, *expected, *got;
    } cases[] = {
        { "{\"a\":1}", "{\"a\":2}", "a", "1", "2" },
        { "{\"a\":1}", "{\"b\":1}", "a", "a", "b" },
        { "{\"a\":\"x\"}", "{\"a\":\"y\x01\x7f\"}", "a", "x", "y??" },
        { "{\"a\":\"x\"}", "{\"a\":\"0x1.8000000000000p+0\"}", "a", "x", "1.5" },
        { "{\"a\":1,\"b\":2}", "{\"a\":1}", "options", "as many", "more or fewer" },
        { "{\"a\":1}", "{\"a\":1,\"b\":2}", "options", "as many", "more or fewer" },
        { "{\"a\":1}", "{\"a\":1,}", "options", "as many", "more or fewer" },
        { "{\"a\":1,}", "{\"a\":1}", "options", "as many", "more or fewer" },
        { "{\"a\":1]", "{\"a\":1]", "options", "as many", "more or fewer" },
        { "{\"a\":1}", "{\"a\":1]", "options", "as many", "more or fewer" },
    };
    nn_difference difference;
    assert_false(differ("{\"a\":1,\"b\":[2]}", "{\"a\":1,\"b\":[2]}", &difference));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(differ(cases[i].a, cases[i].b, &difference));
        assert_string_equal(difference.key, cases[i].key);
        assert_string_equal(difference.expected, cases[i].expected);
        assert_string_equal(difference.got, cases[i].got);
    }
}

/* --- architectures ------------------------------------------------------------------------------------------------ */

static nn_model *make_model(void)
{
    static const nn_layer_def layers[] = { { .type = NN_CONV2D, .conv = { .filters = 2, .kernel = { 1, 1 } } },
                                           { .type = NN_FLATTEN },
                                           { .type = NN_DROPOUT, .dropout = { .rate = 0.5 } },
                                           { .type = NN_DENSE, .dense = { .units = 3, .no_bias = true } } };
    nn_model *model = nn_model_create(
        &(nn_model_def){ .input = { 3, { 2, 2, 1 } }, .max_batch = 2, .threads = 1, NN_LAYERS(layers) }, NULL);
    assert_non_null(model);
    return model;
}

/* Its text with the first `from` as `to`. */
static void change(const nn_model *model, const char *from, const char *to, char *out, size_t size)
{
    nn_text text = { 0 };
    nn_architecture_write(model, &text);
    nn_text_add(&text, "", 1);
    const char *at = strstr(text.text, from);
    if (!at) fail_msg("not in %s: %s", text.text, from);
    snprintf(out, size, "%.*s%s%s", (int)(at - text.text), text.text, to, at + strlen(from));
    free(text.text);
}

static void refuses_architectures(void **state)
{
    (void)state;
    static const char long_name[] =
        "\"name\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"";
    static const struct {
        const char *from, *to, *fault;
    } cases[] = {
        { "\"layers\":[", "\"others\":[", "text: layers: expected a legal value" },
        { ",\"layers\":[", ",\"layers\":[],\"x\":[", "text: option: expected a legal value" },
        { "\"input\":[2,2,1]", "\"input\":[2,2,1,1,1,1,1,1,1]", "text: input: expected a legal value" },
        { "\"input\":[2,2,1]", "\"input\":[2,2,2147483648]", "text: input: expected a legal value" },
        { "\"input\":[2,2,1]", "\"input\":[2,2,-2147483649]", "text: input: expected a legal value" },
        { "\"input\":[2,2,1]", "\"input\":2", "text: input: expected a legal value" },
        { "\"input\":[2,2,1]", "\"input\":[2,,1]", "text: input: expected a legal value" },
        { "\"input_type\":\"f32\"", "\"input_type\":\"f33\"", "text: input_type: expected a legal value" },
        { "\"max_batch\":2", "\"max_batch\":x", "text: max_batch: expected a legal value" },
        { "\"max_batch\":2,", "\"max_batch\":2,,", "text: max_batch: expected a legal value" },
        { "\"seed\":\"0x", "\"seed\":\"1x", "text: seed: expected a legal value" },
        { "\"seed\":\"0x0000000000000000\"", "\"seed\":1", "text: seed: expected a legal value" },
        { "\"layers\":[", "\"layers\":[,", "text: expected a value" },
        { "\"layers\":[", "\"layers\":[3,", "text: expected '{'" },
        { "\"layers\":[", "\"layers\":[{},", "text: layer 1: type: expected a legal value" },
        { "{\"type\":\"conv2d\",\"name\"", "{\"kind\":\"conv2d\",\"name\"", "text: layer 1: type: expected" },
        { "\"type\":\"conv2d\"", "\"type\":\"conv9d\"", "text: layer 1: type: expected a legal value" },
        { "\"type\":\"conv2d\",", "\"type\":\"conv2d\",,", "text: layer 1: type: expected a legal value" },
        { "{\"type\":\"conv2d\",", "{\"type\":\"conv2d\"},{", "text: layer 1: name: expected a legal value" },
        { "\"conv2d\",\"name\"", "\"conv2d\",\"nome\"", "text: layer 1: name: expected a legal value" },
        { "\"name\":\"conv2d_1\"", "\"name\":\"\"", "text: layer 1: name: expected a legal value" },
        { "\"name\":\"conv2d_1\"", "\"name\":1", "text: layer 1: name: expected a legal value" },
        { "\"name\":\"conv2d_1\"", long_name, "text: layer 1: name: expected a legal value" },
        { "\"name\":\"conv2d_1\",", "\"name\":\"conv2d_1\",,", "text: layer 1: from: expected a legal value" },
        { "\"name\":\"conv2d_1\",", "\"name\":\"conv2d_1\"},{", "text: layer 1: from: expected a legal value" },
        { "\"from\":[", "\"form\":[", "text: layer 1: from: expected a legal value" },
        { "\"from\":[-1]", "\"from\":[]", "text: layer 1: from: expected a legal value" },
        { "\"from\":[-1]", "\"from\":[0]", "text: layer 1: from: expected a legal value" },
        { "\"from\":[-1]", "\"from\":[-2]", "text: layer 1: from: expected a legal value" },
        { "\"from\":[-1]", "\"from\":-1", "text: layer 1: from: expected a legal value" },
        { "\"from\":[-1],", "\"from\":[-1],,", "text: layer 1: from: expected a legal value" },
        { "\"kernel\":[1,1]", "\"kernel\":[1]", "text: layer 1: kernel: expected a legal value" },
        { "\"kernel\":[1,1]", "\"kernel\":1", "text: layer 1: kernel: expected a legal value" },
        { "\"kernel\":[1,1]", "\"colonel\":[1,1]", "text: layer 1: kernel: expected a legal value" },
        { "\"padding\":\"valid\"", "\"padding\":\"loose\"", "text: layer 1: padding: expected a legal value" },
        { "\"rate\":\"0x1.", "\"rate\":\"0x2.", "text: layer 3: rate: expected a legal value" },
        { "\"rate\":\"0x1.0000000000000p-1\"", "\"rate\":\"0x1.0000000000000p-1 and more than fits\"",
          "layer 3: rate" },
        { "\"rate\":\"0x1.0000000000000p-1\"", "\"rate\":0", "text: layer 3: rate: expected a legal value" },
        { "\"no_bias\":true", "\"no_bias\":treu", "text: layer 4: no_bias: expected a legal value" },
        { "\"no_bias\":true", "\"no_bias\":fasle", "text: layer 4: no_bias: expected a legal value" },
        { "\"no_bias\":true", "\"no_bias\":1", "text: layer 4: no_bias: expected a legal value" },
        { "\"no_bias\":true", "\"no_bias\":true,\"more\":1", "text: layer 4: " },
        { ",\"bias_init\":\"default\"}]}", "}]}", "text: layer 4: bias_init: expected a legal value" },
        { "}]}", "}]}x", "text: expected its end, got more" },
        { "}]}", "}],}", "text: expected a name in quotes" },
        { "}]}", ",\"more\":1}]}", "text: layer 4: option: expected a legal value" },
        { "}]}", "}, {\"type\":\"flatten\"}]", "expected '}', got the end" },
    };
    nn_model *model = make_model();
    char text[4096];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nn_architecture architecture;
        nn_error error = { 0 };
        change(model, cases[i].from, cases[i].to, text, sizeof text);
        const nn_json json = json_of(text);
        assert_int_equal(nn_architecture_read(&architecture, &json, &error), NN_ERR_FORMAT);
        if (!strstr(error.text, cases[i].fault)) fail_msg("%s: %s", cases[i].to, error.text);
        assert_null(architecture.layers);
        assert_int_not_equal(nn_architecture_compare(model, &json, &error), NN_OK);
    }
    /* Without any layers; with a name that is no name. */
    nn_architecture architecture;
    nn_error error = { 0 };
    change(model, ",\"layers\":", "}", text, sizeof text);
    text[strcspn(text, "}") + 1] = '\0';
    nn_json json = json_of(text);
    assert_int_equal(nn_architecture_read(&architecture, &json, &error), NN_ERR_FORMAT);
    assert_non_null(strstr(error.text, "text: layers: expected a legal value"));
    char name[400] = "\"name\":\"";
    memset(name + 8, 'n', sizeof name - 10);
    name[sizeof name - 2] = '"';
    name[sizeof name - 1] = '\0';
    change(model, "\"name\":\"conv2d_1\"", name, text, sizeof text);
    json = json_of(text);
    error = (nn_error){ 0 };
    assert_int_equal(nn_architecture_read(&architecture, &json, &error), NN_ERR_FORMAT);
    assert_non_null(strstr(error.text, "text: layer 1: name: expected a legal value"));
    change(model, "{\"type\":\"flatten\",\"name\":\"flatten_2\",\"from\":[1]}", "3", text, sizeof text);
    json = json_of(text);
    error = (nn_error){ 0 };
    assert_int_equal(nn_architecture_compare(model, &json, &error), NN_ERR_FORMAT);
    assert_non_null(strstr(error.text, "text: expected '{'"));
    nn_model_destroy(model);
}

static void compares_architectures(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *difference;
    } cases[] = {
        { "\"name\":\"conv2d_1\"", "\"name\":\"other\"", "layer 1 (conv2d_1): name: expected conv2d_1, got other" },
        { "\"filters\":2", "\"filters\":3", "layer 1 (conv2d_1): filters: expected 2, got 3" },
        { "\"type\":\"flatten\"", "\"type\":\"relu\"", "type: expected flatten, got relu" },
        { "\"input\":[2,2,1]", "\"input\":[2,2,2]", "input: expected [2,2,1], got [2,2,2]" },
        { "\"layers\":[", "\"layers\":[{},", "expected 4 layers, got 5" },
    };
    nn_model *model = make_model();
    char text[4096];
    nn_error error = { 0 };
    change(model, "\"name\":\"flatten_2\"", "\"name\":\"of no matter\"", text, sizeof text);
    nn_json json = json_of(text);
    if (nn_architecture_compare(model, &json, &error) != NN_OK) fail_msg("%s", error.text);
    change(model, "_init\":\"", "_init\":\"other_", text, sizeof text);
    json = json_of(text);
    assert_int_equal(nn_architecture_compare(model, &json, NULL), NN_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        error = (nn_error){ 0 };
        change(model, cases[i].from, cases[i].to, text, sizeof text);
        json = json_of(text);
        assert_int_equal(nn_architecture_compare(model, &json, &error), NN_ERR_MISMATCH);
        if (!strstr(error.text, cases[i].difference)) fail_msg("%s: %s", cases[i].to, error.text);
    }
    nn_model_destroy(model);
}

/* What the last layer's activation was split from has it again. */
static void writes_the_last_activation(void **state)
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
        char text[1024];
        change(model, i ? "\"activation\":\"sigmoid\"" : "\"activation\":\"softmax\"", "\"activation\":\"relu\"", text,
               sizeof text);
        const nn_json json = json_of(text);
        nn_error error = { 0 };
        assert_int_equal(nn_architecture_compare(model, &json, &error), NN_ERR_MISMATCH);
        assert_non_null(strstr(error.text, i ? "expected sigmoid, got relu" : "expected softmax, got relu"));
        nn_model_destroy(model);
    }
}

/* --- options of an optimiser -------------------------------------------------------------------------------------- */

/* Its own text is taken; one of another, one cut short and what is no object are refused. */
static void compares_optimisers(void **state)
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_over_members),
        cmocka_unit_test(refuses_what_nobody_checked),
        cmocka_unit_test(decodes_strings),
        cmocka_unit_test(refuses_strings),
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(writes_texts),
        cmocka_unit_test(writes_unknown_names),
        cmocka_unit_test(tells_what_differs),
        cmocka_unit_test(refuses_architectures),
        cmocka_unit_test(compares_architectures),
        cmocka_unit_test(writes_the_last_activation),
        cmocka_unit_test(compares_optimisers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
