/* The JSON of headers, architectures and states, byte by byte: every rule of UTF-8 and of escapes at its limits,
   numbers where they stop to fit, walks and where they say that a text is wrong. */
#include "files/json.h"
#include "files/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static nn_json json_of(const char *text, size_t size)
{
    return (nn_json){ "file", "text", text, size, 100 };
}

/* --- UTF-8 --- */

/* A naive twin: the number that the bits stand for, written again in the shortest way, must be the same bytes. */
static bool is_character(const unsigned char *bytes, size_t size)
{
    static const unsigned char first[] = { 0x00, 0xc0, 0xe0, 0xf0 };
    static const unsigned data_bits[] = { 7, 5, 4, 3 };
    static const uint32_t least[] = { 1, 0x80, 0x800, 0x10000 };
    if (bytes[0] >> data_bits[size - 1] != first[size - 1] >> data_bits[size - 1]) return false;
    uint32_t code = bytes[0] & ((1u << data_bits[size - 1]) - 1);
    for (size_t i = 1; i < size; i++) {
        if (bytes[i] >> 6 != 2) return false;
        code = code << 6 | (bytes[i] & 0x3f);
    }
    return code >= least[size - 1] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

static void check_utf8(const unsigned char *bytes, size_t size)
{
    if (nn_is_utf8((const char *)bytes, size) != is_character(bytes, size))
        fail_msg("%zu bytes: %02x %02x %02x %02x", size, bytes[0], bytes[1], bytes[2], bytes[3]);
}

static void utf8_is_what_a_naive_reader_takes(void **state)
{
    (void)state;
    static const unsigned char next[] = { 0x00, 0x3f, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff };
    enum { NEXT = sizeof next };
    for (int lead = 0; lead < 256; lead++) {
        unsigned char bytes[4] = { (unsigned char)lead };
        check_utf8(bytes, 1);
        for (int i = 0; i < NEXT * NEXT * NEXT; i++) {
            bytes[1] = next[i % NEXT];
            bytes[2] = next[i / NEXT % NEXT];
            bytes[3] = next[i / NEXT / NEXT];
            if (lead >= 0x80) check_utf8(bytes, 2); /* also those that lead nothing */
            if (lead >= 0xe0) check_utf8(bytes, 3);
            if (lead >= 0xf0) check_utf8(bytes, 4);
        }
    }
    assert_true(nn_is_utf8("", 0));
    assert_true(nn_is_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z", 11));
    assert_false(nn_is_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z", 9));
    assert_false(nn_is_utf8("ab\xff", 3));
    assert_false(nn_is_utf8("a\0b", 3));
}

/* --- strings --- */

static void expect_text(const char *text, const char *string)
{
    char to[64];
    const nn_json json = json_of(text, strlen(text));
    const char *fault = nn_json_string(&json, to);
    if (fault) fail_msg("%s: %s", text, fault);
    assert_string_equal(to, string);
}

static void refuse_string(const char *text, const char *expected)
{
    char to[64];
    const nn_json json = json_of(text, strlen(text));
    const char *fault = nn_json_string(&json, to);
    if (!fault) fail_msg("%s was taken", text);
    assert_string_equal(fault, expected);
}

static void escapes_at_their_limits(void **state)
{
    (void)state;
    expect_text("\"\"", "");
    expect_text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
    expect_text("\"\\u0001\\u007f\"", "\x01\x7f");
    expect_text("\"\\u0080\\u07ff\"", "\xc2\x80\xdf\xbf");
    expect_text("\"\\u0800\\ud7ff\\uE000\\uffff\"", "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf");
    expect_text("\"\\ud800\\udc00\\udbff\\udfff\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
    expect_text("\"\\uD801\\uDC01\\uaAfF\\u9009\"", "\xf0\x90\x90\x81\xea\xab\xbf\xe9\x80\x89");
    expect_text("\"\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
                "\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
    static const char *const wrong[] = { "\"\\u/000\"",        "\"\\u:000\"",
                                         "\"\\u@000\"",        "\"\\uG000\"",
                                         "\"\\ug000\"",        "\"\\ud800\\xdc00\"",
                                         "\"\\u0000\"",        "\"\\u123\"",
                                         "\"\\u12/4\"",        "\"\\u12:4\"",
                                         "\"\\u@234\"",        "\"\\u123G\"",
                                         "\"\\u`123\"",        "\"\\u123g\"",
                                         "\"\\ud800\"",        "\"\\udbff\"",
                                         "\"\\udc00\"",        "\"\\udfff\"",
                                         "\"\\ud800\\udbff\"", "\"\\ud800\\ue000\"",
                                         "\"\\ud800/udc00\"",  "\"\\ud800\\tdc00\"",
                                         "\"\\ud800\\udc0\"",  "\"\\ud800\\ud800\"",
                                         "\"\\ud800\\udc0g\"", "\"\\u\"" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refuse_string(wrong[i], "expected a character after \\u");
    refuse_string("\"\\a\"", "expected a known escape");
    refuse_string("\"\\U0041\"", "expected a known escape");
    refuse_string("\"a\\\"", "expected a known escape"); /* the quote at the end is no part of the string */
    refuse_string("\"a\x1f\"", "expected no control characters in a string");
    expect_text("\" \x7f\"", " \x7f");
    refuse_string("\"a\"b\"", "expected a string");
    refuse_string("\"", "expected a string");
    refuse_string("a\"", "expected a string");
    refuse_string("\"a", "expected a string");
    refuse_string("", "expected a string");
    refuse_string("\"\xc3\"", "expected UTF-8");
}

/* A NUL ends no string, and is no escape. */
static void nul_is_a_control_character(void **state)
{
    (void)state;
    static const char *const texts[] = { "\"a\0b\"", "\"\\\0b\"", "\"\\n\0\"" };
    static const char *const faults[] = { "expected no control characters in a string", "expected a known escape",
                                          "expected no control characters in a string" };
    for (int i = 0; i < 3; i++) {
        char to[64];
        const nn_json json = json_of(texts[i], 5);
        assert_string_equal(nn_json_string(&json, to), faults[i]);
    }
}

static void strings_are_read_as_written(void **state)
{
    (void)state;
    static const char string[] = "\x01\x1f \"\\/\x7f\xc3\xa9";
    char back[64];
    nn_text text = { 0 };
    nn_text_add_string(&text, string, sizeof string - 1);
    const nn_json json = json_of(text.text, text.size);
    assert_int_equal(text.size, 23);
    assert_memory_equal(text.text, "\"\\u0001\\u001f \\\"\\\\/\x7f\xc3\xa9\"", 23);
    assert_null(nn_json_string(&json, back));
    assert_string_equal(back, string);
    free(text.text);
}

/* --- numbers --- */

static void numbers_at_their_limits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t number;
    } right[] = { { "0", 0 },
                  { "-0", 0 },
                  { "9", 9 },
                  { "-10", -10 },
                  { "-42", -42 },
                  { "1234567890", 1234567890 },
                  { "9223372036854775799", 9223372036854775799 },
                  { "-9223372036854775799", -9223372036854775799 } };
    static const char *const wrong[] = { "",
                                         "-",
                                         "00",
                                         "-01",
                                         "+1",
                                         "1.",
                                         "1e3",
                                         "1a",
                                         "/",
                                         ":",
                                         "1 ",
                                         " 1",
                                         "--1",
                                         "1-",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         "92233720368547758070",
                                         "-9223372036854775808" };
    int64_t number = 77;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        const nn_json json = json_of(right[i].text, strlen(right[i].text));
        if (!nn_json_number(&json, &number)) fail_msg("%s was refused", right[i].text);
        assert_true(number == right[i].number);
    }
    number = 77;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const nn_json json = json_of(wrong[i], strlen(wrong[i]));
        if (nn_json_number(&json, &number)) fail_msg("%s was taken", wrong[i]);
    }
    assert_int_equal(number, 77);
}

/* --- walks --- */

/* The members as "key=value;" one after the other. */
static nn_status walk_all(const nn_json *json, bool object, char *seen, size_t room, nn_error *error)
{
    nn_json_walk walk;
    size_t used = 0;
    seen[0] = '\0';
    nn_status status = nn_json_begin(&walk, json, object, error);
    for (; status == NN_OK && walk.more; status = nn_json_next(&walk, error)) {
        assert_int_equal(walk.value.offset, json->offset + (size_t)(walk.value.text - json->text));
        used += (size_t)snprintf(seen + used, room - used, "%.*s=%.*s;", (int)walk.key.size,
                                 walk.key.text ? walk.key.text : "", (int)walk.value.size, walk.value.text);
    }
    return status;
}

static void expect_walk(const char *text, const char *expected)
{
    char seen[256];
    nn_error error = { 0 };
    const nn_json json = json_of(text, strlen(text));
    const bool object = text[0] == '{';
    if (object) assert_int_equal(nn_json_check(&json, 4, &error), NN_OK);
    if (walk_all(&json, object, seen, sizeof seen, &error) != NN_OK) fail_msg("%s: %s", text, error.text);
    assert_string_equal(seen, expected);
}

static void walks_see_every_member(void **state)
{
    (void)state;
    expect_walk("{}", "");
    expect_walk("[]", "");
    expect_walk("{ \t\r\n} \t\r\n", "");
    expect_walk("[1,2 , 3]", "=1;=2;=3;");
    expect_walk("{\"a\":1}", "\"a\"=1;");
    expect_walk("{ \"a\" : [1, {\"b\": \"]}\"}] , \"c\\\"\" :\t\"x,\\\\\" \n}\r",
                "\"a\"=[1, {\"b\": \"]}\"}];\"c\\\"\"=\"x,\\\\\";");
    expect_walk("{\t\"a\"\r:\n1 ,\"b\" : [ {\"c\":\"]\"} ] } \r\n\t", "\"a\"=1;\"b\"=[ {\"c\":\"]\"} ];");
    expect_walk("[[], {} ,[[1],[2]]]", "=[];={};=[[1],[2]];");
}

static void expect_fault(nn_status status, const nn_error *error, const char *text, uint64_t offset,
                         const char *expected)
{
    char whole[128];
    snprintf(whole, sizeof whole, "file:%llu: text: %s", (unsigned long long)(100 + offset), expected);
    if (status != NN_ERR_FORMAT) fail_msg("%s was taken", text);
    assert_string_equal(error->text, whole);
}

static void refuse_walk(const char *text, bool object, uint64_t offset, const char *expected)
{
    char seen[256];
    nn_error error = { 0 };
    const nn_json json = json_of(text, strlen(text));
    const nn_status status = walk_all(&json, object, seen, sizeof seen, &error);
    expect_fault(status, &error, text, offset, expected);
    assert_int_equal(walk_all(&json, object, seen, sizeof seen, NULL), status);
}

static void walks_say_where_a_text_is_wrong(void **state)
{
    (void)state;
    refuse_walk("", true, 0, "expected '{'");
    refuse_walk("[]", true, 0, "expected '{'");
    refuse_walk("{}", false, 0, "expected '['");
    refuse_walk("{", true, 1, "expected a name in quotes");
    refuse_walk("{ 1}", true, 2, "expected a name in quotes");
    refuse_walk("{\"a\" 1}", true, 5, "expected ':'");
    refuse_walk("{\"a\"", true, 4, "expected ':'");
    refuse_walk("{\"a\":", true, 5, "expected a value");
    refuse_walk("{\"a\": }", true, 6, "expected a value");
    refuse_walk("{\"a\": ,\"b\":1}", true, 6, "expected a value");
    refuse_walk("{\"a\":1,}", true, 7, "expected a name in quotes");
    refuse_walk("{\"a\":1, ", true, 8, "expected a name in quotes");
    refuse_walk("{\"a\":1]", true, 6, "expected ',' or its end");
    refuse_walk("{\"a\":1", true, 6, "expected ',' or its end");
    refuse_walk("{\"a\":1} x", true, 6, "expected ',' or its end");
    refuse_walk("[1,]", false, 3, "expected a value");
    refuse_walk("[1}", false, 2, "expected ',' or its end");
    refuse_walk("{} x", true, 1, "expected ',' or its end");
}

static void refuse_check(const char *text, int depth, uint64_t offset, const char *expected)
{
    nn_error error = { 0 };
    const nn_json json = json_of(text, strlen(text));
    const nn_status status = nn_json_check(&json, depth, &error);
    expect_fault(status, &error, text, offset, expected);
}

static void a_text_is_checked_before_it_is_read(void **state)
{
    (void)state;
    nn_error error = { 0 };
    nn_json json = json_of("{\"a\":[{\"}\\\"\":1}]} \t\r\n", 21);
    assert_int_equal(nn_json_check(&json, 3, &error), NN_OK);
    refuse_check(json.text, 2, 6, "expected less depth");
    json = json_of("{[[[[[[[]]]]]]]}", 16);
    assert_int_equal(nn_json_check(&json, NN_JSON_MAX_DEPTH, &error), NN_OK);
    refuse_check("{[[[[[[[[]]]]]]]]}", NN_JSON_MAX_DEPTH, 8, "expected less depth");
    refuse_check("", 3, 0, "expected '}', got the end");
    refuse_check(" {}", 3, 0, "expected '{'");
    refuse_check("[]", 3, 0, "expected '{'");
    refuse_check("\"a\"", 3, 0, "expected '{'");
    refuse_check("{]", 3, 1, "expected the other bracket");
    refuse_check("{[}", 3, 2, "expected the other bracket");
    refuse_check("{}}", 3, 2, "expected its end, got more");
    refuse_check("{}{", 3, 2, "expected its end, got more");
    refuse_check("{}\v", 3, 2, "expected its end, got more");
    refuse_check("{[]", 3, 3, "expected '}', got the end");
    refuse_check("{\"a", 3, 3, "expected the end of a string");
    refuse_check("{\"a\\\"", 3, 5, "expected the end of a string");
    refuse_check("{\"a\\", 3, 4, "expected the end of a string");
}

static void names_are_compared_whole(void **state)
{
    (void)state;
    const nn_json key = json_of("\"seed\"", 6);
    assert_true(nn_json_is(&key, "seed"));
    assert_false(nn_json_is(&key, "see"));
    assert_false(nn_json_is(&key, "seeds"));
    assert_false(nn_json_is(&key, "deed"));
    const nn_json number = json_of("123456", 6);
    assert_false(nn_json_is(&number, "seed"));
    const nn_json bare = json_of("xseed\"", 6);
    assert_false(nn_json_is(&bare, "seed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_what_a_naive_reader_takes), cmocka_unit_test(escapes_at_their_limits),
        cmocka_unit_test(nul_is_a_control_character),        cmocka_unit_test(strings_are_read_as_written),
        cmocka_unit_test(numbers_at_their_limits),           cmocka_unit_test(walks_see_every_member),
        cmocka_unit_test(walks_say_where_a_text_is_wrong),   cmocka_unit_test(a_text_is_checked_before_it_is_read),
        cmocka_unit_test(names_are_compared_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
