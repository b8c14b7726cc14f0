/* Words of a text, the vocabulary, indices and padding, by the rules of Keras. */
#include <kvist/data.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static data_vocabulary *parse(const char *text)
{
    data_error error;
    data_vocabulary *v = data_vocabulary_parse(text, strlen(text), &error);
    if (!v) fail_msg("%s", error.text);
    return v;
}

static void expect(const int32_t *got, size_t count, const int32_t *wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (got[i] != wanted[i]) fail_msg("index %zu: expected %d, got %d", i, wanted[i], got[i]);
    }
}
#define EXPECT(got, ...) expect((got), sizeof((int32_t[]){ __VA_ARGS__ }) / sizeof(int32_t), (int32_t[]){ __VA_ARGS__ })

static size_t encode(const data_vocabulary *v, const data_encoding *e, const char *text, int32_t *out, size_t room)
{
    return data_encode(v, e, text, strlen(text), out, room);
}

static void test_separators(void **state)
{
    (void)state;
    // Every byte between two words: exactly Keras' filter characters, tab, newline and the space part them.
    static const char filters[] = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n ";
    data_vocabulary *v = parse("a\nb\n");
    for (int byte = 0; byte < 256; byte++) {
        const char text[3] = { 'a', (char)byte, 'b' };
        int32_t out[8];
        const size_t count = data_encode(v, NULL, text, 3, out, 8);
        if (byte != 0 && strchr(filters, byte)) {
            assert_int_equal(count, 3);
            EXPECT(out, DATA_START, 4, 5);
        } else {
            assert_int_equal(count, 2); // one word, and an unknown one
            EXPECT(out, DATA_START, DATA_UNKNOWN);
        }
    }
    data_vocabulary_destroy(v);
}

static void test_words(void **state)
{
    (void)state;
    int32_t out[16];
    data_vocabulary *v = parse("br\nisn't\ngood\ncaf\xc3\xa9\n");
    // The apostrophe stays, <br /> gives br, only ASCII is lower-cased (the capital E acute is another word).
    const size_t count = encode(v, NULL, "Isn't<br />GOOD... caf\xc3\xa9 CAF\xc3\x89", out, 16);
    assert_int_equal(count, 6);
    EXPECT(out, DATA_START, 5, 4, 6, 7, DATA_UNKNOWN);
    assert_int_equal(encode(v, NULL, "", out, 16), 1);
    EXPECT(out, DATA_START);
    assert_int_equal(encode(v, NULL, " .. ", out, 16), 1);
    data_vocabulary_destroy(v);
}

static void test_nul_and_broken_utf8_pass(void **state)
{
    (void)state;
    int32_t out[16];
    const char words[] = "x\0y\n\xff\xfe\n\xc3\n";
    data_error error;
    data_vocabulary *v = data_vocabulary_parse(words, sizeof words - 1, &error);
    assert_non_null(v);
    assert_int_equal(data_vocabulary_count(v), 3);
    const char text[] = { 'X', 0, 'Y', ' ', (char)0xff, (char)0xfe, ' ', (char)0xc3 }; // cut within a character, no NUL
    assert_int_equal(data_encode(v, NULL, text, sizeof text, out, 16), 4);
    EXPECT(out, DATA_START, 4, 5, 6);
    size_t size;
    assert_memory_equal(data_vocabulary_word(v, 4, &size), "x\0y", 4);
    assert_int_equal(size, 3);
    data_vocabulary_destroy(v);
}

static void test_vocabulary_both_ways(void **state)
{
    (void)state;
    data_vocabulary *v = parse("the\nand\na");
    assert_int_equal(data_vocabulary_count(v), 3);
    assert_string_equal(data_vocabulary_word(v, 0, NULL), "<pad>");
    assert_string_equal(data_vocabulary_word(v, 1, NULL), "<start>");
    assert_string_equal(data_vocabulary_word(v, 2, NULL), "<unknown>");
    assert_null(data_vocabulary_word(v, 3, NULL)); // as in Keras nobody has 3
    assert_string_equal(data_vocabulary_word(v, 4, NULL), "the");
    assert_string_equal(data_vocabulary_word(v, 6, NULL), "a");
    assert_null(data_vocabulary_word(v, 7, NULL));
    assert_null(data_vocabulary_word(v, -1, NULL));
    assert_null(data_vocabulary_word(v, INT32_MAX, NULL));
    assert_int_equal(data_vocabulary_index(v, "and", 3), 5);
    assert_int_equal(data_vocabulary_index(v, "AND", 3), 5);
    assert_int_equal(data_vocabulary_index(v, "an", 2), DATA_UNKNOWN);
    data_vocabulary_destroy(v);
    data_vocabulary_destroy(NULL);
}

static void test_vocabulary_many_words(void **state)
{
    (void)state;
    enum { MANY = 50000 };
    char *text = malloc(MANY * 8);
    size_t used = 0;
    assert_non_null(text);
    for (int i = 0; i < MANY; i++) used += (size_t)sprintf(text + used, "w%d\n", i);
    data_vocabulary *v = data_vocabulary_parse(text, used, NULL);
    assert_int_equal(data_vocabulary_count(v), MANY);
    for (int i = 0; i < MANY; i++) {
        char word[16];
        const int length = sprintf(word, "w%d", i);
        assert_int_equal(data_vocabulary_index(v, word, (size_t)length), i + 4);
        assert_string_equal(data_vocabulary_word(v, i + 4, NULL), word);
    }
    // Writing gives the text again, also a part of it, also into too little room.
    char *again = malloc(used);
    assert_int_equal(data_vocabulary_write(v, DATA_ALL_WORDS, again, used), used);
    assert_memory_equal(again, text, used);
    memset(again, '#', 8);
    assert_int_equal(data_vocabulary_write(v, 2, again, used), 6);
    assert_memory_equal(again, "w0\nw1\n##", 8);
    memset(again, '#', 8);
    assert_int_equal(data_vocabulary_write(v, 2, again, 4), 6);
    assert_memory_equal(again, "w0\nw####", 8);
    data_vocabulary_destroy(v);
    free(text);
    free(again);
}

static void refuse(const char *text, uint64_t offset, const char *reason)
{
    data_error error = { 0 };
    assert_null(data_vocabulary_parse(text, strlen(text), &error));
    assert_int_equal(error.status, DATA_ERR_FORMAT);
    assert_int_equal(error.offset, offset);
    if (!strstr(error.text, reason)) fail_msg("expected \"%s\" in: %s", reason, error.text);
}

static void test_vocabulary_faults(void **state)
{
    (void)state;
    refuse("the\n\na\n", 4, "word: expected one, got none");
    refuse("the\na b\n", 5, "word: expected no separator, got byte 32");
    refuse("the\na\nthe\n", 6, "expected a new one, got that of rank 1 again");
}

static void test_vocabulary_of_few_words(void **state)
{
    (void)state;
    char text[8];
    data_vocabulary *v = parse("the\na\n"), *none = parse("");
    assert_int_equal(data_vocabulary_count(none), 0);
    assert_int_equal(data_vocabulary_write(none, DATA_ALL_WORDS, text, sizeof text), 0);
    assert_null(data_vocabulary_word(none, 4, NULL));
    assert_int_equal(data_vocabulary_write(v, 0, text, sizeof text), 0);
    assert_int_equal(data_vocabulary_write(v, 1, text, sizeof text), 4);
    assert_memory_equal(text, "the\n", 4);
    assert_int_equal(data_vocabulary_write(v, 3, text, sizeof text), 6);
    assert_memory_equal(text, "the\na\n", 6);
    // Room that ends before a newline, and with it.
    for (size_t room = 0; room < 6; room++) {
        memset(text, '?', sizeof text);
        assert_int_equal(data_vocabulary_write(v, 2, text, room), 6);
        assert_memory_equal(text, "the\na\n", room);
        assert_int_equal(text[room], '?');
    }
    static const char *const words[] = { NULL, "<pad>", "<start>", "<unknown>", NULL, "the", "a", NULL };
    for (int i = 0; i < 8; i++) {
        size_t size = 0;
        const char *word = data_vocabulary_word(v, i - 1, &size);
        assert_int_equal(!word, !words[i]);
        if (word) assert_string_equal(word, words[i]);
        if (word) assert_int_equal(size, strlen(words[i]));
    }
    data_vocabulary_destroy(none);
    data_vocabulary_destroy(v);
}

static void test_limits(void **state)
{
    (void)state;
    int32_t out[16];
    data_vocabulary *v = parse("a\nb\nc\nd\ne\nf\n");
    // words = 7 keeps the indices below 7, ranks up to 3: as 10000 keeps ranks up to 9996.
    assert_int_equal(encode(v, &(data_encoding){ .words = 7 }, "a b c d e f x", out, 16), 8);
    EXPECT(out, 1, 4, 5, 6, 2, 2, 2, 2);
    encode(v, &(data_encoding){ .words = DATA_ALL_WORDS }, "a b c d e f x", out, 16);
    EXPECT(out, 1, 4, 5, 6, 7, 8, 9, 2);
    // skip_top hides the most frequent words, and from 2 on the start.
    encode(v, &(data_encoding){ .skip_top = 6 }, "a b c d e f x", out, 16);
    EXPECT(out, 2, 2, 2, 6, 7, 8, 9, 2);
    // More indices than room: all are counted, none beyond is written.
    out[3] = -7;
    assert_int_equal(encode(v, NULL, "a b c d", out, 3), 5);
    EXPECT(out, 1, 4, 5, -7);
    data_vocabulary_destroy(v);
}

static void row_is(const data_vocabulary *v, data_encoding e, const char *text, const int32_t wanted[4])
{
    int32_t row[5] = { -1, -1, -1, -1, -9 };
    e.length = 4;
    assert_int_equal(data_imdb_encode(v, &e, text, strlen(text), row), DATA_OK);
    expect(row, 4, wanted);
    assert_int_equal(row[4], -9);
    // The same by way of lists.
    int32_t list[16], padded[4];
    const int64_t offsets[] = { 0, (int64_t)encode(v, &e, text, list, 16) };
    assert_int_equal(data_pad_lists(list, offsets, 1, &e, padded, NULL), DATA_OK);
    expect(padded, 4, wanted);
}
#define ROW(v, e, text, ...) row_is(v, e, text, (int32_t[4]){ __VA_ARGS__ })

static void test_padding(void **state)
{
    (void)state;
    data_vocabulary *v = parse("a\nb\nc\nd\ne\nf\n");
    const data_encoding pre = { 0 }, pad_post = { .pad_post = true }, cut_post = { .truncate_post = true };
    const data_encoding post = { .pad_post = true, .truncate_post = true };
    ROW(v, pre, "a b", 0, 1, 4, 5);
    ROW(v, pad_post, "a b", 1, 4, 5, 0);
    ROW(v, cut_post, "a b", 0, 1, 4, 5);
    ROW(v, pre, "", 0, 0, 0, 1); // an empty review: the start alone
    ROW(v, post, "", 1, 0, 0, 0);
    ROW(v, pre, "a b c", 1, 4, 5, 6);
    ROW(v, pre, "a b c d", 4, 5, 6, 7); // keeps the last
    ROW(v, pad_post, "a b c d e", 5, 6, 7, 8);
    ROW(v, cut_post, "a b c d e", 1, 4, 5, 6);
    ROW(v, post, "a b c d e", 1, 4, 5, 6);
    data_vocabulary_destroy(v);
}

static void test_encoding_out_of_range(void **state)
{
    (void)state;
    int32_t row[8];
    const data_encoding wrong[] = {
        { .words = -2 }, { .words = 3 }, { .skip_top = -1 }, { .length = -1 }, { .length = 32769 }
    };
    data_vocabulary *v = parse("a\n");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(data_imdb_encode(v, &wrong[i], "a", 1, row), DATA_ERR_ARGUMENT);
        assert_int_equal(data_encode(v, &wrong[i], "a", 1, row, 8), 0);
        const int64_t offsets[] = { 0, 1 };
        data_error error;
        assert_int_equal(data_pad_lists((int32_t[]){ 1 }, offsets, 1, &wrong[i], row, &error), DATA_ERR_ARGUMENT);
        assert_non_null(strstr(error.text, "encoding."));
    }
    data_vocabulary_destroy(v);
}

// Fault row 19.
static void test_19_indices_are_checked(void **state)
{
    (void)state;
    data_error error;
    const int64_t offsets[] = { 0, 2, 2, 5 };
    int32_t indices[] = { 0, 9, 1, 2, 3 };
    assert_int_equal(data_check_lists(indices, offsets, 3, 10, &error), DATA_OK);
    indices[3] = 10;
    assert_int_equal(data_check_lists(indices, offsets, 3, 10, &error), DATA_ERR_FORMAT);
    assert_string_equal(error.text, "list 2, position 1: expected an index from 0 to 9, got 10");
    indices[3] = -1;
    assert_int_equal(data_check_lists(indices, offsets, 3, 10, &error), DATA_ERR_FORMAT);
    assert_non_null(strstr(error.text, "got -1"));
    const int64_t falling[] = { 0, 2, 1, 5 }, late[] = { 1, 2, 3, 4 };
    assert_int_equal(data_check_lists(indices, falling, 3, 10, &error), DATA_ERR_FORMAT);
    assert_string_equal(error.text, "offset 2: expected at least 2, got 1");
    assert_int_equal(data_check_lists(indices, late, 3, 10, &error), DATA_ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_separators),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_nul_and_broken_utf8_pass),
        cmocka_unit_test(test_vocabulary_both_ways),
        cmocka_unit_test(test_vocabulary_many_words),
        cmocka_unit_test(test_vocabulary_faults),
        cmocka_unit_test(test_vocabulary_of_few_words),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_encoding_out_of_range),
        cmocka_unit_test(test_19_indices_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
