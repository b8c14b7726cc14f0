/* imdb_word_index.json from inside the library: every escape, every byte that may not stand where it does, by its
   offset. Files that are none are in test_imdb_npz.c. */
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

static void refuses(const char *text, uint64_t offset, const char *why)
{
    data_vocabulary *vocabulary = NULL;
    data_error error = { 0 };
    assert_int_equal(read_index(text, &vocabulary, &error), DATA_ERR_FORMAT);
    assert_null(vocabulary);
    if (!strstr(error.text, why)) fail_msg("%s: expected \"%s\" in: %s", text, why, error.text);
    if (error.offset != offset) fail_msg("%s: expected offset %d: %s", text, (int)offset, error.text);
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
        refuses(text, 2, "word index: expected a valid escape, got byte 0x5c");
    }
    refuses("{\"a\\", 3, "expected a valid escape, got byte 0x5c");
    refuses("{\"a\\n\":1}", 3, "expected a word without separators, got byte 0x0a");
}

static void test_refused_bytes(void **state)
{
    (void)state;
    refuses("", 0, "expected '{', got the end 0x00");
    refuses("[1]", 0, "expected '{', got byte 0x5b");
    refuses("{}", 1, "expected a word in quotes, got byte 0x7d");
    refuses("{\"\":1}", 2, "expected a word that is not empty, got byte 0x22");
    refuses("{\"a\nb\":1}", 3, "expected the end of a word, got byte 0x0a");
    refuses("{\"a", 3, "expected the end of a word, got the end 0x00");
    refuses("{\"a\" 1}", 5, "expected ':', got byte 0x31");
    refuses("{\"a\":x}", 5, "expected a rank, got byte 0x78");
    refuses("{\"a\":-}", 6, "expected a rank, got byte 0x7d");
    refuses("{\"a\":-1}", 5, "rank: expected 1 to 16777216, got -1");
    refuses("{\"a\":0}", 5, "rank: expected 1 to 16777216, got 0");
    refuses("{\"a\":16777217}", 5, "rank: expected 1 to 16777216, got 16777217");
    refuses("{\"a\":3}", 5, "rank: expected every one up to it, got 3 first");
    refuses("{\"a\":1.5}", 6, "expected ',' or '}', got byte 0x2e");
    refuses("{\"a\":1", 6, "expected ',' or '}', got the end 0x00");
    refuses("{\"a\":1} x", 8, "expected the end, got byte 0x78");
    refuses("{\"a\":1,\"b\":1}", 11, "rank: expected each once, got 1 twice");
    refuses("{\"a\":1,\"A\":2}", 8, "word: expected a new one, got that of rank 1 again");
    refuses("{\"a\":2     }", 12, "ranks: expected 1 to 2 without gaps, got 1 words");
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
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_refused_escapes),
        cmocka_unit_test(test_refused_bytes),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
