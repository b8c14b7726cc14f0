/* Options as JSON: every kind of field there and back, each at the limits of what it takes, and what is told of two
   objects that differ. */
#include "files/fields.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct options {
    int whole, pair[2];
    bool flag;
    uint64_t large;
    double real, real_or_default;
    nn_shape shape;
    nn_dtype dtype;
    nn_activation activation;
    nn_padding padding;
    nn_init init;
    nn_optim_type optim;
    nn_schedule_type schedule;
} options;

static const nn_field fields[] = {
    { "whole", NN_FIELD_INT, offsetof(options, whole) },
    { "pair", NN_FIELD_PAIR, offsetof(options, pair) },
    { "flag", NN_FIELD_BOOL, offsetof(options, flag) },
    { "large", NN_FIELD_U64, offsetof(options, large) },
    { "real", NN_FIELD_REAL, offsetof(options, real) },
    { "real_or_default", NN_FIELD_REAL_DEFAULT, offsetof(options, real_or_default) },
    { "shape", NN_FIELD_SHAPE, offsetof(options, shape) },
    { "dtype", NN_FIELD_DTYPE, offsetof(options, dtype) },
    { "activation", NN_FIELD_ACTIVATION, offsetof(options, activation) },
    { "padding", NN_FIELD_PADDING, offsetof(options, padding) },
    { "init", NN_FIELD_INIT, offsetof(options, init) },
    { "optim", NN_FIELD_OPTIM, offsetof(options, optim) },
    { "schedule", NN_FIELD_SCHEDULE, offsetof(options, schedule) },
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static nn_json json_of(const char *text)
{
    return (nn_json){ "file", "text", text, strlen(text), 0 };
}

static void fields_come_back_as_they_were(void **state)
{
    (void)state;
    static const char expected[] =
        "{\"whole\":-7,\"pair\":[3,-4],\"flag\":true,\"large\":\"0xfedcba9876543210\",\"real\":\"0x1.8000000000000p+"
        "1\","
        "\"real_or_default\":\"-0x1.0000000000000p-1\",\"shape\":[5,6,7],\"dtype\":\"i32\",\"activation\":\"hard_"
        "sigmoid\","
        "\"padding\":\"same\",\"init\":\"orthogonal\",\"optim\":\"sgd\",\"schedule\":\"cosine_decay\"}";
    const options was = { .whole = -7,
                          .pair = { 3, -4 },
                          .flag = true,
                          .large = 0xfedcba9876543210u,
                          .real = 3,
                          .real_or_default = -0.5,
                          .shape = { .rank = 3, .dim = { 5, 6, 7 } },
                          .dtype = NN_I32,
                          .activation = NN_HARD_SIGMOID,
                          .padding = NN_SAME,
                          .init = NN_ORTHOGONAL,
                          .optim = NN_SGD,
                          .schedule = NN_COSINE_DECAY };
    options is = { 0 };
    nn_text text = { 0 };
    nn_json_walk walk;
    nn_error error = { 0 };
    nn_text_add_chars(&text, "{");
    nn_fields_write((nn_field_table){ fields, FIELDS }, &was, &text);
    nn_text_add(&text, "}", 2);
    assert_string_equal(text.text, expected);
    const nn_json json = json_of(text.text);
    assert_int_equal(nn_json_begin(&walk, &json, true, &error), NN_OK);
    assert_null(nn_fields_read((nn_field_table){ fields, FIELDS }, &is, &walk));
    assert_false(walk.more);
    assert_int_equal(is.whole, was.whole);
    assert_memory_equal(is.pair, was.pair, sizeof is.pair);
    assert_true(is.flag && is.large == was.large && is.real == was.real && is.real_or_default == was.real_or_default);
    assert_int_equal(is.shape.rank, 3);
    assert_memory_equal(is.shape.dim, was.shape.dim, 3 * sizeof(int));
    assert_true(is.dtype == was.dtype && is.activation == was.activation && is.padding == was.padding);
    assert_true(is.init == was.init && is.optim == was.optim && is.schedule == was.schedule);
    free(text.text);
}

/* One field of that kind, alone in an object. */
static bool takes(int field, const char *value, options *is)
{
    char text[128];
    nn_json_walk walk;
    nn_error error = { 0 };
    snprintf(text, sizeof text, "{\"%s\":%s}", fields[field].name, value);
    const nn_json json = json_of(text);
    assert_int_equal(nn_json_begin(&walk, &json, true, &error), NN_OK);
    const char *wrong = nn_fields_read((nn_field_table){ fields + field, 1 }, is, &walk);
    if (wrong) assert_string_equal(wrong, fields[field].name);
    return !wrong;
}

static void fields_at_their_limits(void **state)
{
    (void)state;
    options is = { 0 };
    static const struct {
        int field;
        const char *value;
        bool taken;
    } cases[] = {
        { 0, "2147483647", true },
        { 0, "2147483648", false },
        { 0, "-2147483648", true },
        { 0, "-2147483649", false },
        { 0, "1.5", false },
        { 0, "\"1\"", false },
        { 1, "[1,2]", true },
        { 1, "[1]", false },
        { 1, "[1,2,3]", false },
        { 1, "[1,x]", false },
        { 1, "[2147483648,1]", false },
        { 1, "{}", false },
        { 2, "true", true },
        { 2, "false", true },
        { 2, "trux", false },
        { 2, "truex", false },
        { 2, "tru", false },
        { 2, "falsx", false },
        { 2, "falsee", false },
        { 2, "0", false },
        { 3, "\"0x0000000000000001\"", true },
        { 3, "\"0x000000000000001\"", false },
        { 3, "1", false },
        { 4, "\"0x1.0000000000000p+0\"", true },
        { 4, "1", false },
        { 4, "\"1.0\"", false },
        { 4, "\"inf\"", false },
        { 6, "[]", true },
        { 7, "\"f32\"", true },
        { 7, "\"f33\"", false },
        { 7, "f32", false },
        { 7, "[f32]", false },
        { 8, "\"default\"", true },
        { 8, "\"softmax \"", false },
        { 9, "\"valid\"", true },
        { 9, "\"SAME\"", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (takes(cases[i].field, cases[i].value, &is) != cases[i].taken)
            fail_msg("%s: %s", fields[cases[i].field].name, cases[i].value);
    char list[64] = "[1";
    for (int rank = 1; rank < NN_MAX_RANK; rank++) strcat(list, ",1");
    assert_true(takes(6, strcat(list, "]"), &is));
    assert_int_equal(is.shape.rank, NN_MAX_RANK);
    list[strlen(list) - 1] = '\0';
    assert_false(takes(6, strcat(list, ",1]"), &is));
    assert_true(takes(2, "true", &is) && is.flag && takes(2, "false", &is) && !is.flag);
    /* A zero is one where 0 would mean a default, and a plain one elsewhere. */
    assert_true(takes(5, "\"0x0.0000000000000p+0\"", &is) && is.real_or_default == NN_ZERO);
    assert_true(takes(4, "\"0x0.0000000000000p+0\"", &is) && is.real == 0.0);
}

static void names_that_are_unknown_are_written_so(void **state)
{
    (void)state;
    static const nn_field field[] = { { "a", NN_FIELD_ACTIVATION, 0 } };
    for (int value = -1; value <= 99; value += 100) {
        nn_text text = { 0 };
        nn_fields_write((nn_field_table){ field, 1 }, &value, &text);
        assert_int_equal(text.size, 7);
        assert_memory_equal(text.text, "\"a\":\"?\"", 7);
        free(text.text);
    }
}

static bool ignores_b(const nn_json *key)
{
    return nn_json_is(key, "b");
}

static void expect_difference(const char *mine, const char *theirs, bool (*ignored)(const nn_json *), const char *key,
                              const char *expected, const char *got)
{
    nn_json_walk a, b;
    nn_error error = { 0 };
    nn_difference difference = { "", "", "" };
    const nn_json left = json_of(mine), right = json_of(theirs);
    assert_int_equal(nn_json_begin(&a, &left, true, &error), NN_OK);
    assert_int_equal(nn_json_begin(&b, &right, true, &error), NN_OK);
    assert_int_equal(nn_fields_differ(&a, &b, ignored, &difference), key[0] != '\0');
    assert_string_equal(difference.key, key);
    assert_string_equal(difference.expected, expected);
    assert_string_equal(difference.got, got);
}

static void differences_are_told(void **state)
{
    (void)state;
    const char *own = "{\"a\":1,\"b\":\"relu\"}";
    expect_difference("{}", "{}", NULL, "", "", "");
    expect_difference(own, "{\"a\" : 1, \"b\":\"relu\"}", NULL, "", "", "");
    expect_difference(own, "{\"a\":2,\"b\":\"relu\"}", NULL, "a", "1", "2");
    expect_difference(own, "{\"a\":1,\"b\":\"relx\"}", NULL, "b", "relu", "relx");
    expect_difference(own, "{\"a\":1,\"b\":\"tanh!\"}", NULL, "b", "relu", "tanh!");
    expect_difference(own, "{\"a\":1,\"b\":\"relu!\"}", ignores_b, "", "", "");
    expect_difference(own, "{\"a\":2,\"b\":\"relu!\"}", ignores_b, "a", "1", "2");
    expect_difference(own, "{\"a\":1,\"c\":\"relu\"}", ignores_b, "b", "b", "c");
    expect_difference(own, "{\"a\":1}", NULL, "options", "as many", "more or fewer");
    expect_difference("{\"a\":1}", own, NULL, "options", "as many", "more or fewer");
    expect_difference(own, "{\"a\":1 \"b\":\"relu\"}", NULL, "a", "1", "1 \"b\":\"relu\"");
    expect_difference(own, "{\"a\":1,}", NULL, "options", "as many", "more or fewer");
    expect_difference("{\"a\":1,}", "{\"a\":1}", NULL, "options", "as many", "more or fewer");
    expect_difference("{\"a\":1]", "{\"a\":1]", NULL, "options", "as many", "more or fewer");
    expect_difference("{\"a\":1}", "{\"a\":1]", NULL, "options", "as many", "more or fewer");
    expect_difference("{\"a\":1}", "{\"b\":1}", NULL, "a", "a", "b");
    /* Reals in decimal; what the terminal could take for its own is hidden; long ones are cut. */
    expect_difference("{\"a\":\"0x1.8000000000000p+1\"}", "{\"a\":\"0x1.999999999999ap-4\"}", NULL, "a", "3", "0.1");
    expect_difference("{\"a\":\"x\"}", "{\"a\":\"0x1.8000000000000p+0\"}", NULL, "a", "x", "1.5");
    expect_difference("{\"a\":\"x\"}", "{\"a\":\"y\x01\x7f\"}", NULL, "a", "x", "y??");
    expect_difference("{\"a\":1}", "{\"a\":\"x\x1f\x7f y\"}", NULL, "a", "1", "x?? y");
    expect_difference("{\"a\":1}", "{\"a\":\"0123456789012345678901234567890123456789\"}", NULL, "a", "1",
                      "012345678901234567890123456789");
    expect_difference("{\"a\":1}", "{\"a\":0123456789012345678901234567890123456789}", NULL, "a", "1",
                      "0123456789012345678901234567890");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_come_back_as_they_were),
        cmocka_unit_test(fields_at_their_limits),
        cmocka_unit_test(names_that_are_unknown_are_written_so),
        cmocka_unit_test(differences_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
