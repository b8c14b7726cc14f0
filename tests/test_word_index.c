/* Keras' word index byte by byte: escapes and code points where their encoding changes, white space, every byte that
   may not stand where it does, ranks at their limits. Files that are none are in test_imdb_npz.c. */
#include "temp.h"

#include "word_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static data_status read_index(const char *text, data_vocabulary **vocabulary, data_error *error)
{
    return data_word_index_read(temp_write(&temp_here, "words.json", text, strlen(text)), vocabulary, error);
}

static void expect_word(const char *json, const char *word)
{
    char text[128];
    data_vocabulary *vocabulary = NULL;
    data_error error = { 0 };
    snprintf(text, sizeof text, "{\"%s\": 1}", json);
    if (read_index(text, &vocabulary, &error) != DATA_OK) fail_msg("%s: %s", json, error.text);
    assert_int_equal(data_vocabulary_count(vocabulary), 1);
    assert_string_equal(data_vocabulary_word(vocabulary, 4, NULL), word);
    data_vocabulary_destroy(vocabulary);
}

static void refuse(const char *text, size_t offset, const char *why)
{
    data_vocabulary *vocabulary = NULL;
    data_error error = { 0 };
    assert_int_equal(read_index(text, &vocabulary, &error), DATA_ERR_FORMAT);
    assert_null(vocabulary);
    if (!strstr(error.text, why)) fail_msg("expected \"%s\" in: %s", why, error.text);
    assert_int_equal(error.offset, offset);
}

static void test_code_points(void **state)
{
    (void)state;
    static const struct {
        const char *json, *word;
    } cases[] = {
        { "\\u007f", "\x7f" },
        { "\\u0080", "\xc2\x80" },
        { "\\u07fF", "\xdf\xbf" },
        { "\\u0800", "\xe0\xa0\x80" },
        { "\\ud7ff", "\xed\x9f\xbf" },
        { "\\uE000", "\xee\x80\x80" },
        { "\\uffff", "\xef\xbf\xbf" },
        { "\\ud800\\udc00", "\xf0\x90\x80\x80" },
        { "\\uD801\\uDC01", "\xf0\x90\x90\x81" },
        { "\\udbff\\udfff", "\xf4\x8f\xbf\xbf" },
        { "\\u9aA9\\uFf0a", "\xe9\xaa\xa9\xef\xbc\x8a" },
        { "\\b\\f\\r", "\b\f\r" },
        { "\\u0041b\\u0063", "abc" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) expect_word(cases[i].json, cases[i].word);
}

static void test_wrong_escapes(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "\\u00/0",        "\\u00:0",       "\\u00@0", "\\u00`0",        "\\u000",         "\\uG000",
        "\\udbff",        "\\udc00",       "\\udfff", "\\udbff\\ue000", "\\ud800\\udbff", "\\ud800udc00",
        "\\ud800\\tdc00", "\\ud800\\udc0", "\\a",     "\\U0041"
    };
    char text[64];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(text, sizeof text, "{\"a%s\": 1}", wrong[i]);
        refuse(text, 3, "word index: expected a valid escape, got byte 0x5c");
    }
    // What stands for a separator is none of a word, either; the offset is that in the decoded text.
    static const char *const separators[] = { "\\\"", "\\\\", "\\/", "\\n", "\\t", "\\u0020" };
    for (size_t i = 0; i < sizeof separators / sizeof separators[0]; i++) {
        snprintf(text, sizeof text, "{\"a%s\": 1}", separators[i]);
        refuse(text, 3, "word index: expected a word without separators");
    }
}

static void test_white_space(void **state)
{
    (void)state;
    data_vocabulary *vocabulary = NULL;
    data_error error = { 0 };
    const char *text = "\r\n\t {\n\t \r\"a\" \r\n\t: \t\r\n2 \t\r\n, \r\t\n\"b\":1\t \r\n} \r\n\t";
    if (read_index(text, &vocabulary, &error) != DATA_OK) fail_msg("%s", error.text);
    assert_int_equal(data_vocabulary_count(vocabulary), 2);
    assert_string_equal(data_vocabulary_word(vocabulary, 4, NULL), "b");
    assert_string_equal(data_vocabulary_word(vocabulary, 5, NULL), "a");
    data_vocabulary_destroy(vocabulary);
    refuse("\v{\"a\": 1}", 0, "word index: expected '{', got byte 0x0b");
    refuse("{\"a\": 1}\f", 8, "word index: expected the end, got byte 0x0c");
}

static void test_ranks(void **state)
{
    (void)state;
    // Ranks beyond what the bytes have room for, five for each, ask for no memory.
    refuse("{\"a\":2}   ", 10, "ranks: expected 1 to 2 without gaps, got 1 words");
    refuse("{\"a\":2}  ", 5, "rank: expected every one up to it, got 2 first");
    refuse("{\"a\":3}       ", 5, "rank: expected every one up to it, got 3 first");
    refuse("{\"a\": 16777217}", 6, "rank: expected 1 to 16777216, got 16777217");
    refuse("{\"a\": /}", 6, "word index: expected a rank, got byte 0x2f");
    refuse("{\"a\": :}", 6, "word index: expected a rank, got byte 0x3a");
    refuse("{\"a\": - 1}", 7, "word index: expected a rank, got byte 0x20");
    // Each digit counts, and so does the order; the words are more than the first room for them.
    char text[4096] = "{";
    size_t used = 1;
    for (int i = 150; i > 0; i--) used += (size_t)snprintf(text + used, sizeof text - used, "\"w%d\":%d,", i, i);
    text[used - 1] = '}';
    data_vocabulary *vocabulary = NULL;
    assert_int_equal(read_index(text, &vocabulary, NULL), DATA_OK);
    assert_int_equal(data_vocabulary_count(vocabulary), 150);
    for (int i = 1; i <= 150; i++) {
        char word[16];
        snprintf(word, sizeof word, "w%d", i);
        assert_string_equal(data_vocabulary_word(vocabulary, 3 + i, NULL), word);
    }
    data_vocabulary_destroy(vocabulary);
}

static void holds(const char *text, const char *word)
{
    data_vocabulary *vocabulary = NULL;
    data_error error = { 0 };
    size_t size;
    if (read_index(text, &vocabulary, &error) != DATA_OK) fail_msg("%s: %s", text, error.text);
    assert_int_equal(data_vocabulary_count(vocabulary), 1);
    const char *got = data_vocabulary_word(vocabulary, 1 + DATA_INDEX_FROM, &size);
    assert_string_equal(got, word);
    assert_int_equal(size, strlen(word));
    data_vocabulary_destroy(vocabulary);
}

static void test_escapes(void **state)
{
    (void)state;
    holds("{\"\\u0041\":1}", "a"); // words are in lower case
    holds("{\"\\u00e9\\u00E9\":1}", "\xc3\xa9\xc3\xa9");
    holds("{\"\\u20ac\":1}", "\xe2\x82\xac");
    holds("{\"\\ud83d\\ude00\":1}", "\xf0\x9f\x98\x80");
    holds("{\"\\udbff\\udfff\":1}", "\xf4\x8f\xbf\xbf");
    holds("{\"\\ue000\\uffff\":1}", "\xee\x80\x80\xef\xbf\xbf");
    holds("{\"\\ud800\\udc00\":1}", "\xf0\x90\x80\x80");
    holds("{\"a\\b\\f\\rb\":1}", "a\b\f\rb");
    holds("\r\n\t {\r\n\t \"a\"\r\n\t :\r\n\t 1\r\n\t }\r\n\t ", "a");
}

static void test_refused_escapes(void **state)
{
    (void)state;
    static const char *const escapes[] = {
        "\\x",       "\\0",           "\\u004",         "\\u00:1",        "\\u00/1",        "\\u00g1",
        "\\u00G1",   "\\u00`1",       "\\udc00",        "\\udfff",        "\\ud83d",        "\\ud83d\\n",
        "\\ud83dxx", "\\ud83d\\ude0", "\\ud83d\\ud83d", "\\ud83d\\u0041", "\\ud83d\\ue000",
    };
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "{\"%s\":1}", escapes[i]);
        refuse(text, 2, "word index: expected a valid escape, got byte 0x5c");
    }
    refuse("{\"a\\", 3, "expected a valid escape, got byte 0x5c");
    refuse("{\"a\\n\":1}", 3, "expected a word without separators, got byte 0x0a");
}

static void test_refused_bytes(void **state)
{
    (void)state;
    refuse("", 0, "expected '{', got the end 0x00");
    refuse("[1]", 0, "expected '{', got byte 0x5b");
    refuse("{}", 1, "expected a word in quotes, got byte 0x7d");
    refuse("{\"\":1}", 2, "expected a word that is not empty, got byte 0x22");
    refuse("{\"a\nb\":1}", 3, "expected the end of a word, got byte 0x0a");
    refuse("{\"a", 3, "expected the end of a word, got the end 0x00");
    refuse("{\"a\" 1}", 5, "expected ':', got byte 0x31");
    refuse("{\"a\":x}", 5, "expected a rank, got byte 0x78");
    refuse("{\"a\":-}", 6, "expected a rank, got byte 0x7d");
    refuse("{\"a\":-1}", 5, "rank: expected 1 to 16777216, got -1");
    refuse("{\"a\":0}", 5, "rank: expected 1 to 16777216, got 0");
    refuse("{\"a\":16777217}", 5, "rank: expected 1 to 16777216, got 16777217");
    refuse("{\"a\":3}", 5, "rank: expected every one up to it, got 3 first");
    refuse("{\"a\":1.5}", 6, "expected ',' or '}', got byte 0x2e");
    refuse("{\"a\":1", 6, "expected ',' or '}', got the end 0x00");
    refuse("{\"a\":1} x", 8, "expected the end, got byte 0x78");
    refuse("{\"a\":1,\"b\":1}", 11, "rank: expected each once, got 1 twice");
    refuse("{\"a\":1,\"A\":2}", 8, "word: expected a new one, got that of rank 1 again");
    refuse("{\"a\":2     }", 12, "ranks: expected 1 to 2 without gaps, got 1 words");
}

/* Longer than any: refused by its size, before it is read. */
static void test_too_long(void **state)
{
    (void)state;
    data_vocabulary *vocabulary = NULL;
    data_error error = { 0 };
    const char *path = temp_write(&temp_here, "long.json", "{", 1);
    assert_int_equal(truncate(path, (64 << 20) + 1), 0); // of holes
    assert_int_equal(data_word_index_read(path, &vocabulary, &error), DATA_ERR_FORMAT);
    assert_non_null(strstr(error.text, "word index: expected at most 67108864 bytes, got 67108865"));
    assert_null(vocabulary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_code_points),   cmocka_unit_test(test_wrong_escapes),
        cmocka_unit_test(test_white_space),   cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_escapes),       cmocka_unit_test(test_refused_escapes),
        cmocka_unit_test(test_refused_bytes), cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
