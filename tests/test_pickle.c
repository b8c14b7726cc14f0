/* The pickle of imdb.npz at its limits: each argument of each call that numpy writes, made another; texts, numbers,
   memo and stack with the last value that is taken and the first that is not; lists of more numbers than one piece
   holds. */
#include "npz.h"
#include "temp.h"

#include <kvist/data.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct bytes {
    const char *at;
    size_t size;
} bytes;
#define BYTES(text) ((bytes){ text, sizeof(text) - 1 })

static void add(zip *z, const char *name, const npz_bytes *content)
{
    zip_add(z, &(zip_member){ .name = name, .content = content->bytes, .size = content->size });
}

/* Loads an archive whose training reviews are these. */
static data_status load(const npz_bytes *lists, int count, data_imdb *imdb, data_error *error)
{
    npz_bytes labels = { 0 }, one = { 0 }, label = { 0 };
    zip z = { 0 };
    npz_labels(&labels, count);
    npz_lists(&one, 1, "]K\1a", 4);
    npz_labels(&label, 1);
    add(&z, "x_train.npy", lists);
    add(&z, "y_train.npy", &labels);
    add(&z, "x_test.npy", &one);
    add(&z, "y_test.npy", &label);
    zip_end(&z);
    const char *path = temp_write(&temp_here, "imdb.npz", z.bytes, z.size);
    zip_free(&z);
    npz_free(&labels);
    npz_free(&one);
    npz_free(&label);
    return data_imdb_load(path, &(data_imdb_def){ .no_shuffle = true }, imdb, error);
}

/* A good pickle of one review of the words 5 and 6, with `from` (once in it) replaced. */
static npz_bytes changed(bytes from, bytes to)
{
    npz_bytes good = { 0 }, lists = { 0 };
    npz_lists(&good, 1, "](K\5K\6e", 7);
    size_t at = NPZ_HEADER;
    while (at + from.size <= good.size && memcmp(good.bytes + at, from.at, from.size) != 0) at++;
    assert_true(at + from.size <= good.size);
    npz_put(&lists, good.bytes, at);
    npz_put(&lists, to.at, to.size);
    npz_put(&lists, good.bytes + at + from.size, good.size - at - from.size);
    npz_free(&good);
    return lists;
}

static void take(bytes from, bytes to)
{
    data_imdb imdb;
    data_error error = { 0 };
    npz_bytes lists = changed(from, to);
    if (load(&lists, 1, &imdb, &error) != DATA_OK) fail_msg("%s", error.text);
    assert_memory_equal(imdb.train.indices, ((int32_t[]){ 1, 8, 9 }), 3 * sizeof(int32_t));
    assert_int_equal(imdb.train.offsets[1], 3);
    data_imdb_free(&imdb);
    npz_free(&lists);
}
#define TAKE(from, to) take(BYTES(from), BYTES(to))

static void refuse(bytes from, bytes to, const char *why)
{
    data_imdb imdb;
    data_error error = { 0 };
    npz_bytes lists = changed(from, to);
    if (load(&lists, 1, &imdb, &error) != DATA_ERR_FORMAT) fail_msg("taken: %.*s", (int)to.size, to.at);
    if (!strstr(error.text, why)) fail_msg("expected \"%s\" in: %s", why, error.text);
    npz_free(&lists);
}
#define REFUSE(from, to, why) refuse(BYTES(from), BYTES(to), why)

static void test_calls(void **state)
{
    (void)state;
    static const char call[] = "reduce: expected an array or its type, got another call";
    TAKE("K\0\x85q\2", "K\0\x85q\2");
    // _reconstruct(ndarray, (0,), b"b")
    REFUSE("K\0\x85q\2", "K\1\x85q\2", call);
    REFUSE("K\0\x85q\2", "\x89\x85q\2", call);
    REFUSE("K\0\x85q\2", "K\0K\0\x86q\2", call);
    REFUSE("K\0\x85q\2", "K\0q\2", call);
    REFUSE("cnumpy\nndarray\n", "cnumpy\ndtype\n", call);
    REFUSE("cnumpy\nndarray\n", "K\1", call);
    REFUSE("U\1bq\3", "U\1|q\3", call);
    REFUSE("U\1bq\3", "K\1q\3", call);
    REFUSE("U\1bq\3\x87", "U\1bq\3\x86", call);
    TAKE("U\1bq\3", "C\1bq\3");
    TAKE("U\1bq\3", "c_codecs\nencode\nU\1bU\6latin1\x86R");
    REFUSE("U\1bq\3", "c_codecs\nencode\nU\1bU\2O8\x86R", call);
    REFUSE("U\1bq\3", "c_codecs\nencode\nU\2O8U\6latin1\x86R", call);
    REFUSE("U\1bq\3", "c_codecs\nencode\nU\1b\x85R", call);
    REFUSE("U\1bq\3", "c_codecs\nencode\nU\1bU\6latin1N\x87R", call);
    // dtype("O8", false, true)
    TAKE("U\2O8q\10K\0K\1\x87", "U\2O4q\10\x89\x88\x87");
    REFUSE("U\2O8q\10K\0K\1\x87", "U\1bq\10K\0K\1\x87", call);
    REFUSE("U\2O8q\10K\0K\1\x87", "U\2O8q\10NK\1\x87", call);
    REFUSE("U\2O8q\10K\0K\1\x87", "U\2O8q\10K\0N\x87", call);
    REFUSE("U\2O8q\10K\0K\1\x87", "U\2O8q\10K\0\x86", call);
    REFUSE("cnumpy\ndtype\n", "cnumpy\nndarray\n", call);
    REFUSE("cnumpy\ndtype\n", "K\1", call);
}

static void test_states(void **state)
{
    (void)state;
    static const char build[] = "build: expected an array of 1 lists or its type, got another state";
    // Of a type: (3, "|", None, None, None, -1, -1, 63)
    REFUSE("(K\3U\1|", "(\x88U\1|", build);
    REFUSE("(K\3U\1|", "(K\3U\1b", build);
    REFUSE("q\13NNN", "q\13\x88NN", build);
    REFUSE("q\13NNN", "q\13NNK\1", build);
    REFUSE("q\13NNN", "q\13NN", build);
    REFUSE("K?tq\14", "Ntq\14", build);
    REFUSE("q\13NNNJ\xff\xff\xff\xff", "q\13NNNN", build);
    REFUSE("K?tq\14b", "K?tq\14", build); // then the array's own state follows another value
    // Of the array: (1, (1,), type, false, rows)
    REFUSE("q\5(K\1J\1\0\0\0\x85", "q\5(\x88J\1\0\0\0\x85", build);
    REFUSE("q\5(K\1J\1\0\0\0\x85", "q\5(K\1J\1\0\0\0", build);
    REFUSE("q\5(K\1J\1\0\0\0\x85", "q\5(K\1J\2\0\0\0\x85", build);
    REFUSE("q\5(K\1J\1\0\0\0\x85", "q\5(K\1\x88\x85", build);
    REFUSE("q\5(K\1J\1\0\0\0\x85", "q\5(K\1J\1\0\0\0K\1\x86", build);
    REFUSE("b\x89]q\15", "b\x89\x89]q\15", build);
    REFUSE("b\x89]q\15", "b]q\15", build);
    REFUSE("b\x89]q\15", "bN]q\15", build);
    TAKE("b\x89]q\15", "b\x88]q\15");
    TAKE("b\x89]q\15", "bK\0]q\15");
    REFUSE("etq\16b.", "etq\16.", "stop: expected the array alone on the stack, got 2 values");
    REFUSE("q\5(K\1J\1", "q\5.", "stop: expected the array alone on the stack, got 1 values"); // before it has its rows
    REFUSE("b\x89]q\15", "bh\4]q\15", build);
}

static void test_texts_and_memo(void **state)
{
    (void)state;
    // 31 bytes are read and not known; 32 are not read.
    static const char unknown[] = "text: expected one that numpy writes, got 0123456789012345678901234567890",
                      more[] = "text: expected fewer than 32 bytes";
    REFUSE("cnumpy\ndtype\n",
           "U\37"
           "0123456789012345678901234567890",
           unknown);
    REFUSE("cnumpy\ndtype\n",
           "U\40"
           "01234567890123456789012345678901",
           more);
    REFUSE("cnumpy\ndtype\n",
           "X\37\0\0\0"
           "0123456789012345678901234567890",
           unknown);
    REFUSE("cnumpy\ndtype\n",
           "X\0\1\0\0"
           "0123456789012345678901234567890",
           "text: expected fewer than 32 bytes, got 256");
    REFUSE("cnumpy\ndtype\n",
           "X\0\0\0\1"
           "0123456789012345678901234567890",
           "text: expected fewer than 32 bytes, got 16777216");
    REFUSE("cnumpy\ndtype\n", "c0123456789012345678901234567890\n", unknown);
    REFUSE("cnumpy\ndtype\n", "c01234567890123456789012345678901\n", more);
    TAKE("cnumpy\ndtype\n", "\x8c\5numpy\x8c\5dtype\x93");
    REFUSE("cnumpy\ndtype\n", "\x8c\5numpyK\1\x93", "global: expected two texts, got other values");
    REFUSE("cnumpy\ndtype\n", "K\1\x8c\5dtype\x93", "global: expected two texts, got other values");
    TAKE("cnumpy.core.multiarray\n", "cnumpy._core.multiarray\n");
    // The index of the memo, and what is kept under it.
    TAKE("q\11R", "r\xff\xff\xff\3R");
    REFUSE("q\11R", "r\0\0\0\4R", "memo: expected an index below 67108864, got 67108864");
    REFUSE("b\x89]q\15", "bh\15]q\15", "memo: expected the index of a value, got 13, a list's or nobody's");
}

static void test_numbers(void **state)
{
    (void)state;
    TAKE("K\5", "M\5\0");
    TAKE("K\5", "J\5\0\0\0");
    TAKE("K\5", "\x8a\1\5");
    TAKE("K\5", "\x8a\7\5\0\0\0\0\0\0");
    REFUSE("K\5", "M\0\0", "list 0: expected a word from 1 to 16777216, got 0");
    REFUSE("K\5", "J\0\0\0\x80", "got -2147483648");
    REFUSE("K\5", "J\xff\xff\xff\x7f", "got 2147483647");
    REFUSE("K\5", "\x8a\0", "got 0");
    REFUSE("K\5", "\x8a\1\x7f\x8a\1\x80", "got -128");
    REFUSE("K\5", "\x8a\2\xff\x7f\x8a\2\0\x80", "got -32768");
    REFUSE("K\5", "\x8a\5\0\0\0\0\1", "got 4294967296");
    REFUSE("K\5", "\x8a\7\xff\xff\xff\xff\xff\xff\x7f", "got 36028797018963967");
    REFUSE("K\5", "\x8a\7\xff\xff\xff\xff\xff\xff\xff", "got -1");
    REFUSE("K\5", "J\1\0\0\1", "got 16777217");
}

/* Lists that together fill several pieces (4096 numbers, then twice as many each) and several blocks of the archive,
   whose ends fall before, within and after a number. */
static void check_many_numbers(int first)
{
    static const int sizes[] = { 4095, 1, 1, 8191, 0, 1, 16384, 20000 };
    enum { LISTS = sizeof sizes / sizeof sizes[0] };
    npz_bytes rows = { 0 }, lists = { 0 };
    int number = first;
    for (int i = 0; i < LISTS; i++) {
        npz_put(&rows, "](", 2);
        for (int k = 0; k < sizes[i]; k++, number++) {
            const int word = number % 9973 + 1;
            const unsigned char code[] = { 'M', (unsigned char)word, (unsigned char)(word >> 8) };
            const unsigned char small[] = { 'K', (unsigned char)word };
            npz_put(&rows, word < 256 ? small : code, word < 256 ? 2 : 3);
        }
        npz_put(&rows, "e", 1);
    }
    npz_lists(&lists, LISTS, rows.bytes, rows.size);
    data_imdb imdb;
    data_error error = { 0 };
    if (load(&lists, LISTS, &imdb, &error) != DATA_OK) fail_msg("%s", error.text);
    number = first;
    for (int i = 0; i < LISTS; i++) {
        const int32_t *list = imdb.train.indices + imdb.train.offsets[i];
        assert_int_equal(imdb.train.offsets[i + 1] - imdb.train.offsets[i], sizes[i] + 1);
        for (int k = 1; k <= sizes[i]; k++, number++) assert_int_equal(list[k], number % 9973 + 1 + DATA_INDEX_FROM);
    }
    data_imdb_free(&imdb);
    npz_free(&rows);
    npz_free(&lists);
}

static void test_more_numbers_than_a_piece_holds(void **state)
{
    (void)state;
    for (int first = 0; first < 3; first++) check_many_numbers(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_texts_and_memo),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_more_numbers_than_a_piece_holds),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
