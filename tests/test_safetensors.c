/* The reader of safetensors: every way a header can be wrong is refused with a message that says where and why. */
#include "files/report.h"
#include "files/safetensors.h"
#include "temp.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* A file of a header, with its length before it, and `data_size` bytes after it. */
static const char *write_sized(uint64_t length, const char *header, size_t data_size)
{
    const size_t text = strlen(header), size = 8 + text + data_size;
    unsigned char *bytes = calloc(1, size);
    assert_non_null(bytes);
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(length >> (8 * i) & 0xff);
    memcpy(bytes + 8, header, text);
    const char *path = temp_write(&temp_here, "t.safetensors", bytes, size);
    free(bytes);
    return path;
}

static const char *write_header(const char *header, size_t data_size)
{
    return write_sized(strlen(header), header, data_size);
}

static void expect_refused(const char *path, uint64_t offset, const char *fragment)
{
    nn_st_reader reader;
    nn_error error = { 0 };
    const nn_status status = nn_st_open(&reader, path, &error);
    if (status != NN_ERR_FORMAT || error.offset != offset || !strstr(error.text, fragment))
        print_error("got %d at %llu: %s\n", (int)status, (unsigned long long)error.offset, error.text);
    assert_int_equal(status, NN_ERR_FORMAT);
    assert_int_equal(error.status, NN_ERR_FORMAT);
    assert_int_equal(error.offset, offset);
    assert_non_null(strstr(error.text, fragment));
    char place[160];
    snprintf(place, sizeof place, "%s:%llu: ", nn_path_format(path).text, (unsigned long long)offset);
    assert_memory_equal(error.text, place, strlen(place));
    assert_true(reader.damaged);
}

/* The header's '@' is left out and marks where it is wrong. */
static void expect_wrong_at_mark(const char *marked, size_t data_size, const char *fragment)
{
    char header[1024];
    const size_t mark = strcspn(marked, "@");
    snprintf(header, sizeof header, "%.*s%s", (int)mark, marked, marked + mark + 1);
    expect_refused(write_header(header, data_size), 8 + mark, fragment);
}

#define ENTRY(shape, begin, end) "{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

static void reads_what_is_right(void **state)
{
    (void)state;
    nn_st_reader reader;
    nn_error error = { 0 };
    const char *path =
        write_header("{\"b\":" ENTRY("[2,3]", "4", "28") ", \"__metadata__\" : {\"k\":\"\\u00e9\"} ,\n"
                                                         "\"\\u0061\":" ENTRY("[]", "0", "4") ",\"e\":" ENTRY(
                                                             "[0,7]", "28", "28") "}   ",
                     28);
    assert_int_equal(nn_st_open(&reader, path, &error), NN_OK);
    assert_int_equal(reader.count, 3);
    const nn_st_tensor *a = nn_st_find(&reader, "a"), *b = nn_st_find(&reader, "b"), *e = nn_st_find(&reader, "e");
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(e);
    assert_null(nn_st_find(&reader, "c"));
    assert_int_equal(a->rank, 0);
    assert_int_equal(a->size, 4);
    assert_int_equal(b->rank, 2);
    assert_int_equal(b->dim[1], 3);
    assert_int_equal(b->begin, 4);
    assert_int_equal(e->size, 0);
    assert_string_equal(nn_st_format(b).text, "F32 (2, 3)");
    assert_string_equal(nn_st_metadata(&reader, "k"), "\xc3\xa9");
    assert_null(nn_st_metadata(&reader, "none"));
    assert_false(nn_st_sealed(&reader));
    assert_int_equal(nn_st_read(&reader, &error), NN_OK);
    nn_st_close(&reader);
}

/* Where tensors without elements begin others may begin, in any order; a seal of another size is a tensor. */
static void reads_empty_tensors(void **state)
{
    (void)state;
    nn_st_reader reader;
    nn_error error = { 0 };
    const char *path = write_header(
        "{\"c\":" ENTRY("[1]", "0", "4") ",\"b\":" ENTRY("[0]", "0", "0") ",\"a\":" ENTRY(
            "[0]", "0", "0") ",\"d\":" ENTRY("[0]", "4", "4") ",\"kvist.seal\":" ENTRY("[1]", "4", "8") "}",
        8);
    if (nn_st_open(&reader, path, &error) != NN_OK) fail_msg("%s", error.text);
    static const char *const order[] = { "b", "a", "c", "d", "kvist.seal" };
    assert_int_equal(reader.count, 5);
    for (int i = 0; i < 5; i++) assert_string_equal(reader.tensors[i].name, order[i]);
    assert_false(nn_st_sealed(&reader));
    assert_int_equal(nn_st_read(&reader, &error), NN_OK);
    nn_st_close(&reader);
    assert_int_equal(nn_st_open(&reader, write_header("{}", 0), &error), NN_OK); /* of nothing */
    assert_false(nn_st_sealed(&reader));
    nn_st_close(&reader);
}

/* Row 26. */
static void refuses_lengths(void **state)
{
    (void)state;
    expect_refused(temp_write(&temp_here, "t", "", 0), 0, "header length: expected 8 bytes, got 0");
    expect_refused(temp_write(&temp_here, "t", "\2\0\0", 3), 3, "header length: expected 8 bytes, got 3");
    expect_refused(write_sized(1, "{}", 0), 0, "header length: expected 2 to 2, got 1");
    expect_refused(write_sized(3, "{}", 0), 0, "header length: expected 2 to 2, got 3");
    expect_refused(write_sized(UINT64_MAX, "{}", 0), 0, "got 18446744073709551615");
    expect_refused(write_sized(UINT64_C(1) << 40, "{}", 0), 0, "got 1099511627776");
    expect_refused(write_sized(NN_ST_MAX_HEADER + 1, "{}", NN_ST_MAX_HEADER), 0,
                   "expected 2 to 16777216, got 16777217");
}

/* Row 27. */
static void refuses_bad_json(void **state)
{
    (void)state;
    static const struct {
        const char *header, *fragment;
    } cases[] = {
        { "@ {}", "expected '{'" },
        { "@[]", "expected '{'" },
        { "{ @", "expected '}', got the end" },
        { "{@]", "expected the other bracket" },
        { "{}@x", "expected its end, got more" },
        { "{}@{}", "expected its end, got more" },
        { "{\"a@", "expected the end of a string" },
        { "{\"a\\\"@", "expected the end of a string" },
        { "{\"a\\@", "expected the end of a string" },
        { "{\"a\":{\"b\":[@[]]}}", "expected less depth" },
        { "{\"a\":@" ENTRY("[1.5]", "0", "4") "}", "a: shape: expected at most 8 whole numbers from 0" },
        { "{\"a\":@" ENTRY("[1e999]", "0", "4") "}", "a: shape: expected at most 8 whole numbers from 0" },
        { "{\"a\":@" ENTRY("[01]", "0", "4") "}", "a: shape: expected at most 8 whole numbers from 0" },
        { "{\"a\":@" ENTRY("[1,]", "0", "4") "}", "a: shape: expected at most 8 whole numbers from 0" },
        { "{\"a\":@" ENTRY("[1 1]", "0", "4") "}", "a: shape: expected at most 8 whole numbers from 0" },
        { "{\"a\":@" ENTRY("[9223372036854775808]", "0", "4") "}",
          "a: shape: expected at most 8 whole numbers from 0" },
        { "{@a:1}", "expected a name in quotes" },
        { "{\"a\" @1}", "expected ':'" },
        { "{\"a\":@}", "expected a value" },
        { "{\"a\":@{},}", "expected dtype, shape and data_offsets" },
        { "{\"a\":" ENTRY("[1]", "0", "4") ",@}", "expected a name in quotes" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]@} \"b\":1}", "expected ',' or its end" },
        { "{\"a\":@" ENTRY("[1]", "0", "18446744073709551616") "}", "a: data_offsets: expected a begin and an end" },
        { "{\"a\":@" ENTRY("[1],\"shape\":[1]", "0", "4") "}", "a: expected each name once, got a duplicate" },
        { "{@\"\\u0000\":" ENTRY("[1]", "0", "4") "}", "expected a character after \\u" },
        { "{@\"\\ud800\":" ENTRY("[1]", "0", "4") "}", "expected a character after \\u" },
        { "{@\"\\ud800\\u0041\":" ENTRY("[1]", "0", "4") "}", "expected a character after \\u" },
        { "{@\"\\udc00\":" ENTRY("[1]", "0", "4") "}", "expected a character after \\u" },
        { "{@\"\\udc00\\udc00\":" ENTRY("[1]", "0", "4") "}", "expected a character after \\u" },
        { "{@\"\\u00g0\":" ENTRY("[1]", "0", "4") "}", "expected a character after \\u" },
        { "{@\"\\u00\":" ENTRY("[1]", "0", "4") "}", "expected a character after \\u" },
        { "{@\"\\x\":" ENTRY("[1]", "0", "4") "}", "expected a known escape" },
        { "{@\"a\nb\":" ENTRY("[1]", "0", "4") "}", "expected no control characters in a string" },
        { "{@\"\xff\":" ENTRY("[1]", "0", "4") "}", "expected UTF-8" },
        { "{@\"\xc0\xaf\":" ENTRY("[1]", "0", "4") "}", "expected UTF-8" },
        { "{@\"\xe0\x9f\xbf\":" ENTRY("[1]", "0", "4") "}", "expected UTF-8" },
        { "{@\"\xed\xa0\x80\":" ENTRY("[1]", "0", "4") "}", "expected UTF-8" },
        { "{@\"\xf0\x8f\xbf\xbf\":" ENTRY("[1]", "0", "4") "}", "expected UTF-8" },
        { "{@\"\xf4\x90\x80\x80\":" ENTRY("[1]", "0", "4") "}", "expected UTF-8" },
        { "{@\"\xe2\x82\":" ENTRY("[1]", "0", "4") "}", "expected UTF-8" },
        { "{\"__metadata__\":{\"a\":\"b\",@\"a\":\"c\"}}", "got a duplicate" },
        { "{\"__metadata__\":{\"a\":@1}}", "expected a string" },
        { "{\"__metadata__\":{\"a\":\"b\",@\"c\\x\":\"d\"}}", "expected a known escape" },
        { "{\"__metadata__\":{},\"__metadata__\":@{}}", "expected it once" },
        { "{\"__metadata__\":@[]}", "expected '{'" },
        { "{\"__metadata__\":{@\"\\u0000\":\"x\"}}", "expected a character after \\u" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_wrong_at_mark(cases[i].header, 4, cases[i].fragment);
}

/* A header of many small things must not take much memory or time. Row 27. */
static void refuses_bombs(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    char *text = malloc(SIZE + 64);
    assert_non_null(text);
    memset(text, '[', SIZE);
    text[0] = '{';
    text[SIZE] = '\0';
    expect_refused(write_header(text, 0), 8 + 3, "expected less depth");

    size_t at = (size_t)sprintf(text, "{\"a\":{\"shape\":[1");
    while (at < SIZE) at += (size_t)sprintf(text + at, ",1");
    sprintf(text + at, "]}}");
    expect_refused(write_header(text, 0), 8 + 5, "a: shape: expected at most 8 whole numbers from 0");

    at = (size_t)sprintf(text, "{\"__metadata__\":{\"a\":\"\"");
    while (at < SIZE) at += (size_t)sprintf(text + at, ",\"a\":\"\"");
    sprintf(text + at, "}}");
    expect_refused(write_header(text, 0), 8 + 16, "expected at most 1024 entries");

    at = (size_t)sprintf(text, "{\"a\":{}");
    while (at < SIZE) at += (size_t)sprintf(text + at, ",\"a\":{}");
    sprintf(text + at, "}");
    expect_refused(write_header(text, 0), 8 + 5, "expected dtype, shape and data_offsets");

    at = (size_t)sprintf(text, "{");
    size_t last = 0;
    for (int i = 0; i <= NN_ST_MAX_TENSORS; i++) {
        last = at + (i > 0);
        at += (size_t)sprintf(text + at, "%s\"%d\":" ENTRY("[0]", "0", "0"), i > 0 ? "," : "", i);
    }
    sprintf(text + at, "}");
    expect_refused(write_header(text, 0), 8 + last, "expected at most 8192 tensors");
    free(text);
}

/* Rows 28 to 30. */
static void refuses_bad_entries(void **state)
{
    (void)state;
    static const struct {
        const char *header, *fragment;
    } cases[] = {
        { "{\"a\":@" ENTRY("[2]", "0", "4") "}", "a: data_offsets: expected as many bytes as shape and dtype say" },
        { "{\"a\":@" ENTRY("[1]", "4", "0") "}", "a: data_offsets: expected a begin and an end after it" },
        { "{\"a\":@" ENTRY("[1]", "-4", "0") "}", "a: data_offsets: expected a begin and an end after it" },
        { "{\"a\":@" ENTRY("[1]", "0", "\"4\"") "}", "a: data_offsets: expected a begin and an end after it" },
        { "{\"a\":@" ENTRY("[1]", "4],\"x\":[4", "4") "}", "a: data_offsets: expected a begin and an end after it" },
        { "{\"a\":@{\"dtype\":\"F32\",\"data_offsets\":[0,4]          }}",
          "a: expected dtype, shape and data_offsets" },
        { "{\"a\":@" ENTRY("[1]", "0", "4,8") "}", "a: data_offsets: expected a begin and an end after it" },
        { "{\"a\":@" ENTRY("[-1]", "0", "4") "}", "a: shape: expected at most 8 whole numbers from 0" },
        { "{\"a\":@" ENTRY("[true]", "0", "4") "}", "a: shape: expected at most 8 whole numbers from 0" },
        { "{\"a\":@" ENTRY("[1,1,1,1,1,1,1,1,1]", "0", "4") "}", "a: shape: expected at most 8 whole numbers from 0" },
        { "{\"a\":@" ENTRY("[4294967296,4294967296,4294967296]", "0", "4") "}", "a: data_offsets: expected as many" },
        { "{\"a\":@" ENTRY("[4611686018427387905]", "0", "4") "}", "a: data_offsets: expected as many" },
        { "{\"a\":@{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}", "a: dtype: expected a known type" },
        { "{\"a\":@{\"dtype\":320,\"shape\":[1],\"data_offsets\":[0,4]}}", "a: dtype: expected a known type" },
        { "{\"a\":@{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}",
          "a: shape: expected at most 8 whole numbers from 0" },
        { "{\"a\":@{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":7777}}",
          "a: data_offsets: expected a begin and an end after it" },
        { "{\"a\":@{\"dtype\":\"F32\",\"shape\":[1],\"data_offset\":[0,4]}}",
          "a: expected dtype, shape and data_offsets" },
        { "{\"a\":@" ENTRY("[1],\"x\":1", "0", "4") "}", "a: expected dtype, shape and data_offsets" },
        { "{\"a\":@\"a string that is long enough to be an entry\"}", "expected '{'" },
        { "{\"a\":" ENTRY("[1]", "0", "4") ",@\"b\":" ENTRY("[1]", "0", "4") "}", "data_offsets: expected 4, got 0" },
        { "{@\"a\":" ENTRY("[1]", "4", "8") "}", "a: data_offsets: expected 0, got 4" },
        { "{\"b\":" ENTRY("[1]", "0", "4") ",@\"b\":" ENTRY("[0]", "4", "4") "}", "b: expected each name once" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_wrong_at_mark(cases[i].header, 4, cases[i].fragment);
    const char *whole = "{\"a\":" ENTRY("[2]", "0", "8") "}";
    expect_refused(write_header(whole, 7), 8 + strlen(whole), "data: expected 8 bytes, got 7");
    expect_refused(write_header(whole, 9), 8 + strlen(whole), "data: expected 8 bytes, got 9");
    expect_refused(write_header("{}", 1), 10, "data: expected 0 bytes, got 1");
}

/* Row 37. */
static void refuses_bad_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *fragment;
    } cases[] = {
        { "", "tensor name: expected at least one byte" },
        { "..", "tensor name: expected no '..'" },
        { "../a", "tensor name: expected no '..'" },
        { "a/..", "tensor name: expected no '..'" },
        { "a/../../etc", "tensor name: expected no '..'" },
        { "a\\nb", "tensor name: expected no control characters" },
        { "\\u001b[2J", "tensor name: expected no control" },
        { "\\u007f", "tensor name: expected no control" },
    };
    char header[1024];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(header, sizeof header, "{\"%s\":" ENTRY("[1]", "0", "4") "}", cases[i].name);
        expect_refused(write_header(header, 4), 9, cases[i].fragment);
    }
    nn_st_reader reader;
    char name[NN_ST_MAX_NAME + 2];
    memset(name, 'n', sizeof name);
    name[NN_ST_MAX_NAME + 1] = '\0';
    snprintf(header, sizeof header, "{\"%s\":" ENTRY("[1]", "0", "4") "}", name);
    expect_refused(write_header(header, 4), 9, "tensor name: expected at most 255 bytes, got more");
    snprintf(header, sizeof header, "{\"%s\":" ENTRY("[1]", "0", "4") "}", name + 1);
    assert_int_equal(nn_st_open(&reader, write_header(header, 4), NULL), NN_OK);
    nn_st_close(&reader);
    assert_int_equal(nn_st_open(&reader, write_header("{\"..a/b..\":" ENTRY("[1]", "0", "4") "}", 4), NULL), NN_OK);
    nn_st_close(&reader);

    enum { LONG = 10 << 20 };
    char *text = malloc(LONG + 128);
    assert_non_null(text);
    memset(text, 'n', LONG);
    memcpy(text, "{\"", 2);
    strcpy(text + LONG, "\":" ENTRY("[1]", "0", "4") "}");
    expect_refused(write_header(text, 4), 9, "tensor name: expected at most 255 bytes, got more");
    free(text);
}

static void refuses_file(const char *path, const char *text, bool damaged)
{
    nn_st_reader reader;
    nn_error error = { 0 };
    char whole[256];
    snprintf(whole, sizeof whole, "%s:%s", nn_path_format(path).text, text);
    assert_int_equal(nn_st_open(&reader, path, &error), NN_ERR_IO);
    assert_int_equal(error.status, NN_ERR_IO);
    assert_int_equal(error.offset, 0);
    assert_string_equal(error.text, whole);
    assert_int_equal(reader.damaged, damaged);
}

/* Row 14, of models. */
static void refuses_what_is_no_file(void **state)
{
    (void)state;
    const char *fifo = temp_path(&temp_here, "fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    refuses_file(temp_here.path, "0: file: expected a regular file, got a directory", false);
    refuses_file(fifo, "0: file: expected a regular file, got a FIFO", false);
    refuses_file("/dev/zero", "0: file: expected a regular file, got a device", false);
    refuses_file(temp_path(&temp_here, "none"), " cannot open: No such file or directory", true);
}

/* Long paths lose their beginning, not the message its end. */
static void shortens_paths(void **state)
{
    (void)state;
    char path[300];
    memset(path, 'p', sizeof path - 1);
    strcpy(path + sizeof path - 10, "/end.file");
    const nn_path_text text = nn_path_format(path);
    assert_int_equal(strlen(text.text), sizeof text.text - 1);
    assert_memory_equal(text.text, "...ppp", 6);
    assert_string_equal(text.text + sizeof text.text - 10, "/end.file");
    assert_string_equal(nn_path_format("short").text, "short");
}

/* What comes after the first failure does not hide it. */
static void the_first_failure_stays(void **state)
{
    (void)state;
    nn_error error = { 0 };
    assert_int_equal(nn_fail_at(&error, NN_ERR_FORMAT, "file", 5, "first"), NN_ERR_FORMAT);
    assert_int_equal(nn_fail_at(&error, NN_ERR_IO, "file", 6, "second"), NN_ERR_IO);
    assert_int_equal(error.status, NN_ERR_FORMAT);
    assert_int_equal(error.offset, 5);
    assert_string_equal(error.text, "file:5: first");
}

static void check_real(double value, const char *text)
{
    double back = 7.0;
    assert_string_equal(nn_real_format(value).text, text);
    assert_true(nn_real_parse(text, &back));
    assert_memory_equal(&value, &back, sizeof value);
}

/* What float.fromhex() of Python reads, too. */
static void reals_are_exact(void **state)
{
    (void)state;
    check_real(0.0, "0x0.0000000000000p+0");
    check_real(-0.0, "-0x0.0000000000000p+0");
    check_real(1.0, "0x1.0000000000000p+0");
    check_real(0.1, "0x1.999999999999ap-4");
    check_real(-1e300, "-0x1.7e43c8800759cp+996");
    check_real(1.7976931348623157e308, "0x1.fffffffffffffp+1023");
    check_real(2.2250738585072014e-308, "0x1.0000000000000p-1022");
    check_real(4.9406564584124654e-324, "0x0.0000000000001p-1022");
    static const char *const wrong[] = { "",
                                         "0",
                                         "1.5",
                                         "0x1.0p+0",
                                         "0x2.0000000000000p+0",
                                         "0x1.0000000000000p+1024",
                                         "0x1.0000000000000p-1023",
                                         "0x1.0000000000000p0",
                                         "0x1.0000000000000p+00",
                                         "0x1.0000000000000p+",
                                         "0x1.0000000000000p+0 ",
                                         "0x1.000000000000Ap+0",
                                         "0x0.0000000000001p+0",
                                         "0x1.0000000000000p+99999",
                                         "inf",
                                         "nan" };
    double value = 7.0;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (nn_real_parse(wrong[i], &value)) fail_msg("\"%s\" was taken", wrong[i]);
    assert_string_equal(nn_real_format(HUGE_VAL).text, "inf");
    assert_string_equal(nn_real_format(-HUGE_VAL).text, "-inf");
    assert_string_equal(nn_real_format(fabs((double)NAN)).text, "nan");
    value = 7.0;
    assert_false(nn_real_parse("inf", &value));
    assert_true(value == 7.0);
    uint64_t number = 0;
    assert_string_equal(nn_u64_format(UINT64_MAX).text, "0xffffffffffffffff");
    assert_true(nn_u64_parse("0x0123456789abcdef", &number));
    assert_int_equal(number, UINT64_C(0x0123456789abcdef));
    assert_false(nn_u64_parse("0x0123456789abcde", &number));
    assert_false(nn_u64_parse("0x0123456789abcdef0", &number));
    assert_false(nn_u64_parse("0123456789abcdef", &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_right),     cmocka_unit_test(reads_empty_tensors),
        cmocka_unit_test(refuses_lengths),         cmocka_unit_test(refuses_bad_json),
        cmocka_unit_test(refuses_bombs),           cmocka_unit_test(refuses_bad_entries),
        cmocka_unit_test(refuses_bad_names),       cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(shortens_paths),          cmocka_unit_test(reals_are_exact),
        cmocka_unit_test(the_first_failure_stays),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
