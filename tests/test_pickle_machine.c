/*
 * The pickle of an array of lists, from inside the library: one thing changed in a good one, and it is refused at the
 * opcode that sees it; cut anywhere, and it is refused; long lists come whole. What users meet is in test_imdb_npz.c,
 * fault rows 17 and 18.
 */
#include "temp.h"
#include "zip.h"

#include "pickle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct piece {
    const char *bytes;
    size_t size;
} piece;

#define PIECE(text)                                                                                                    \
    {                                                                                                                  \
        text, sizeof text - 1                                                                                          \
    }

#define RECONSTRUCT "cnumpy.core.multiarray\n_reconstruct\n"
#define NDARRAY     "cnumpy\nndarray\n"
#define BYTES       "U\1b"
#define DTYPE       "cnumpy\ndtype\n"
#define TYPE_STATE  "(K\3U\1|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb"
#define MAKE_TYPE   "U\2O8K\0K\1\x87R"
#define ROWS        "](]K\5a](K\6M\x2c\1ee"

/* Two lists, {5} and {6, 300}. */
static const piece good = PIECE("\x80\2" RECONSTRUCT NDARRAY "K\0\x85" BYTES "\x87R"
                                "(K\1K\2\x85" DTYPE MAKE_TYPE TYPE_STATE "\x89" ROWS "tb.");

/* Reads a pickle of two lists, which is a member of a zip. */
static data_status read_pickle(piece pickle, int method, data_lists *lists, data_error *error)
{
    zip z = { 0 };
    data_zip *opened;
    data_member *member;
    zip_add(&z, &(zip_member){ .name = "p", .content = pickle.bytes, .size = pickle.size, .method = method });
    zip_end(&z);
    const char *path = temp_write(&temp_here, "a.npz", z.bytes, z.size);
    zip_free(&z);
    assert_int_equal(data_zip_open(path, &opened, error), DATA_OK);
    assert_int_equal(data_zip_next(opened, &member), DATA_OK);
    const data_status status = data_pickle_read(member, 2, 1000, lists);
    data_zip_close(opened);
    return status;
}

static void accepts(piece pickle)
{
    static const int32_t expected[] = { 5, 6, 300 };
    data_lists lists = { 0 };
    data_error error = { 0 };
    int32_t numbers[3];
    if (read_pickle(pickle, 0, &lists, &error) != DATA_OK) fail_msg("%s", error.text);
    assert_int_equal(lists.count, 2);
    assert_int_equal(data_numbers_count(&lists.numbers), 3);
    data_numbers_copy(&lists.numbers, numbers);
    assert_memory_equal(numbers, expected, sizeof expected);
    assert_memory_equal(lists.offsets, ((int64_t[]){ 0, 1, 3 }), 3 * sizeof(int64_t));
    data_lists_free(&lists);
}

/* Refused with that text, at the opcode. */
static void refuses(piece pickle, char opcode, const char *text)
{
    data_lists lists = { 0 };
    data_error error = { 0 };
    const data_status status = read_pickle(pickle, 0, &lists, &error);
    if (status != DATA_ERR_FORMAT || error.status != status || !strstr(error.text, "a.npz(p):") ||
        !strstr(error.text, text))
        fail_msg("expected \"%s\", got %d: %s", text, (int)status, error.text);
    if (error.offset >= pickle.size || pickle.bytes[error.offset] != opcode)
        fail_msg("expected opcode %c, got offset %d: %s", opcode, (int)error.offset, error.text);
    data_lists_free(&lists);
}

/* The good pickle with its only `from` as `to`. */
static piece changed(piece from, piece to, char *bytes)
{
    size_t at = 0;
    while (at + from.size <= good.size && memcmp(good.bytes + at, from.bytes, from.size) != 0) at++;
    if (at + from.size > good.size) fail_msg("not there: %s", from.bytes);
    memcpy(bytes, good.bytes, at);
    memcpy(bytes + at, to.bytes, to.size);
    memcpy(bytes + at + to.size, good.bytes + at + from.size, good.size - at - from.size);
    return (piece){ bytes, good.size - from.size + to.size };
}

static void test_reads_variants(void **state)
{
    (void)state;
    static const struct {
        piece from, to;
    } variants[] = {
        { PIECE("\x80\2"), PIECE("\x80\5") },
        { PIECE("U\2O8"), PIECE("U\2O4") },
        { PIECE("K\0K\1\x87R"), PIECE("\x89\x88\x87R") },                            // truth values
        { PIECE("K\0\x85" BYTES), PIECE("\x8a\0\x85" BYTES) },                       // a 0 of no bytes
        { PIECE(BYTES), PIECE("c_codecs\nencode\nX\1\0\0\0bX\6\0\0\0latin1\x86R") }, // of protocol 2
        { PIECE(NDARRAY), PIECE("U\5numpyU\7ndarray\x93") },                         // of protocol 4
        { PIECE("\x89" ROWS), PIECE("\x88" ROWS) },                                  // Fortran's order
        { PIECE("K\6M\x2c\1e"), PIECE("\x8a\1\6\x8a\2\x2c\1e") },                    // long integers
    };
    char bytes[512];
    accepts(good);
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++)
        accepts(changed(variants[i].from, variants[i].to, bytes));
}

/* --- one thing is another ----------------------------------------------------------------------------------------- */

typedef struct fault {
    piece from, to;
} fault;

static void refuse_all(const fault *faults, size_t count, char opcode, const char *text)
{
    char bytes[512];
    for (size_t i = 0; i < count; i++) refuses(changed(faults[i].from, faults[i].to, bytes), opcode, text);
}

#define REFUSE_ALL(faults, opcode, text) refuse_all(faults, sizeof(faults) / sizeof(faults)[0], opcode, text)

static void test_calls(void **state)
{
    (void)state;
    static const fault faults[] = {
        { PIECE(RECONSTRUCT), PIECE("N") },
        { PIECE(NDARRAY "K\0\x85" BYTES "\x87R"), PIECE("NR") },
        { PIECE(NDARRAY "K\0\x85" BYTES "\x87R"), PIECE(NDARRAY "K\0\x85\x86R") },
        { PIECE(NDARRAY), PIECE("N") },
        { PIECE(NDARRAY), PIECE(DTYPE) },
        { PIECE("K\0\x85" BYTES), PIECE("K\0" BYTES) },
        { PIECE("K\0\x85" BYTES), PIECE("K\0K\0\x86" BYTES) },
        { PIECE("K\0\x85" BYTES), PIECE("N\x85" BYTES) },
        { PIECE("K\0\x85" BYTES), PIECE("K\1\x85" BYTES) },
        { PIECE(BYTES), PIECE("N") },
        { PIECE(BYTES), PIECE("U\1|") },
        { PIECE(MAKE_TYPE), PIECE("U\2O8K\0\x86R") },
        { PIECE(MAKE_TYPE), PIECE("U\1bK\0K\1\x87R") },
        { PIECE(MAKE_TYPE), PIECE("NK\0K\1\x87R") },
        { PIECE(MAKE_TYPE), PIECE("U\2O8NK\1\x87R") },
        { PIECE(MAKE_TYPE), PIECE("U\2O8K\0N\x87R") },
        { PIECE(BYTES), PIECE("c_codecs\nencode\nU\1b\x85R") },
        { PIECE(BYTES), PIECE("c_codecs\nencode\nU\1|U\6latin1\x86R") },
        { PIECE(BYTES), PIECE("c_codecs\nencode\nU\1bU\1b\x86R") },
    };
    REFUSE_ALL(faults, 'R', "reduce: expected an array or its type, got another call");
}

static void test_states(void **state)
{
    (void)state;
    static const fault faults[] = {
        // of the type
        { PIECE(TYPE_STATE), PIECE("Nb") },
        { PIECE("U\1|NNN"), PIECE("U\1|NN") },
        { PIECE("(K\3U"), PIECE("(NU") },
        { PIECE("U\1|NNN"), PIECE("U\1bNNN") },
        { PIECE("U\1|NNN"), PIECE("U\1|NNK\1") },
        { PIECE("K?tb"), PIECE("Ntb") },
        // of the array
        { PIECE("(K\1K\2\x85" DTYPE MAKE_TYPE TYPE_STATE "\x89" ROWS "tb."), PIECE("Nb.") },
        { PIECE("\x89" ROWS), PIECE(ROWS) },
        { PIECE("(K\1K\2\x85"), PIECE("(NK\2\x85") },
        { PIECE("(K\1K\2\x85"), PIECE("(K\1K\2") },
        { PIECE("(K\1K\2\x85"), PIECE("(K\1K\2K\2\x86") },
        { PIECE("(K\1K\2\x85"), PIECE("(K\1N\x85") },
        { PIECE("(K\1K\2\x85"), PIECE("(K\1K\3\x85") },
        { PIECE(DTYPE MAKE_TYPE TYPE_STATE), PIECE("N") },
        { PIECE("\x89" ROWS), PIECE("N" ROWS) },
        { PIECE(ROWS), PIECE("N") },
        // of what has none
        { PIECE(RECONSTRUCT NDARRAY "K\0\x85" BYTES "\x87R"), PIECE("N") },
    };
    REFUSE_ALL(faults, 'b', "build: expected an array of 2 lists or its type, got another state");
}

static void test_other_places(void **state)
{
    (void)state;
    static const struct {
        piece pickle;
        char opcode;
        const char *text;
    } faults[] = {
        { PIECE("\x80\2."), '.', "stop: expected the array alone on the stack, got 0 values" },
        { PIECE("\x80\2N."), '.', "stop: expected the array alone on the stack, got 1 values" },
        { PIECE("\x80\2NN."), '.', "stop: expected the array alone on the stack, got 2 values" },
        { PIECE("\x80\2" RECONSTRUCT NDARRAY "K\0\x85" BYTES "\x87R."), '.', "got 1 values" }, // without rows
        { PIECE("\x80\2NU\1b\x93"), '\x93', "global: expected two texts, got other values" },
        { PIECE("\x80\2U\1bN\x93"), '\x93', "global: expected two texts, got other values" },
        { PIECE("\x80\2U\4a\1\x80\x7f"), 'U', "text: expected one that numpy writes, got a???" },
        { PIECE("\x80\2](]\x85"), '\x85', "tuple: expected values, got another list" },
        { PIECE("\x80\2](\x85"), '\x85', "tuple: expected values, got a mark" },
        { PIECE("\x80\2]]]"), ']', "list: expected one among the rows, got one elsewhere" },
        { PIECE("\x80\2]]e"), 'e', "appends: expected the values of a list, got others" },
        { PIECE("\x80\2(e"), 'e', "appends: expected the values of a list, got others" },
        { PIECE("\x80\2]]Na"), 'a', "append: expected a list and its value, got others" },
        { PIECE("\x80\2]Na"), 'a', "append: expected a list and its value, got others" },
        { PIECE("\x80\2(q\0"), 'q', "memo: expected a value, got none" },
        { PIECE("\x80\2Nq\0]q\0h\0"), 'h', "memo: expected the index of a value, got 0, a list's or nobody's" },
        { PIECE("\x80\2Nq\0]]q\0h\0"), 'h', "memo: expected the index of a value, got 0, a list's or nobody's" },
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        refuses(faults[i].pickle, faults[i].opcode, faults[i].text);
}

/* --- ends and lengths --------------------------------------------------------------------------------------------- */

static void test_cut_anywhere(void **state)
{
    (void)state;
    static const piece long_ones = PIECE("\x80\2" RECONSTRUCT NDARRAY "\x8a\1\0\x85" BYTES "\x87R");
    const piece whole[] = { good, long_ones };
    for (int i = 0; i < 2; i++) {
        for (size_t size = 0; size < whole[i].size; size++) {
            data_lists lists = { 0 };
            data_error error = { 0 };
            assert_int_equal(read_pickle((piece){ whole[i].bytes, size }, 0, &lists, &error), DATA_ERR_FORMAT);
            assert_non_null(strstr(error.text, "expected"));
            assert_true(error.offset <= size);
            data_lists_free(&lists);
        }
    }
}

/* Longer than what libarchive hands out at once and than the first pieces of numbers, stored and deflated. */
static void test_long_list(void **state)
{
    (void)state;
    enum { COUNT = 300001 };
    const size_t rows_at = good.size - 3 - (sizeof ROWS - 1), size = rows_at + 3 * COUNT + 16;
    char *bytes = malloc(size);
    int32_t *numbers = malloc(COUNT * sizeof *numbers);
    assert_non_null(bytes);
    assert_non_null(numbers);
    memcpy(bytes, good.bytes, rows_at);
    size_t at = rows_at;
    memcpy(bytes + at, "](](", 4);
    at += 4;
    for (int i = 0; i < COUNT; i++) {
        const int number = 1 + i % 1000;
        bytes[at++] = number < 256 ? 'K' : 'M';
        bytes[at++] = (char)number;
        if (number >= 256) bytes[at++] = (char)(number >> 8);
    }
    memcpy(bytes + at, "e]etb.", 6);
    at += 6;
    for (int method = 0; method <= 8; method += 8) {
        data_lists lists = { 0 };
        data_error error = { 0 };
        if (read_pickle((piece){ bytes, at }, method, &lists, &error) != DATA_OK) fail_msg("%s", error.text);
        assert_int_equal(data_numbers_count(&lists.numbers), COUNT);
        data_numbers_copy(&lists.numbers, numbers);
        for (int i = 0; i < COUNT; i++) assert_int_equal(numbers[i], 1 + i % 1000);
        assert_memory_equal(lists.offsets, ((int64_t[]){ 0, COUNT, COUNT }), 3 * sizeof(int64_t));
        data_lists_free(&lists);
    }
    free(bytes);
    free(numbers);
}

/* Two short of the limit, which the third number passes. */
static void test_too_many_numbers(void **state)
{
    (void)state;
    static const piece pickle = PIECE("\x80\2](](K\1K\2K\3e");
    data_lists lists = { .numbers = { .before = DATA_NUMBERS_MOST - 2 } };
    data_error error = { 0 };
    assert_int_equal(read_pickle(pickle, 0, &lists, &error), DATA_ERR_FORMAT);
    assert_non_null(strstr(error.text, "lists: expected at most 67108864 words, got more"));
    assert_int_equal(error.offset, pickle.size - 3);
    assert_int_equal(data_numbers_count(&lists.numbers), DATA_NUMBERS_MOST);
    data_lists_free(&lists);
}

/* What libarchive handed out is used up to its end, and more comes. */
static void test_more_content(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    char *content = calloc(SIZE, 1);
    assert_non_null(content);
    zip z = { 0 };
    data_zip *opened;
    data_member *member;
    data_error error = { 0 };
    zip_add(&z, &(zip_member){ .name = "p", .content = content, .size = SIZE });
    zip_end(&z);
    const char *path = temp_write(&temp_here, "long.npz", z.bytes, z.size);
    zip_free(&z);
    free(content);
    assert_int_equal(data_zip_open(path, &opened, &error), DATA_OK);
    assert_int_equal(data_zip_next(opened, &member), DATA_OK);
    assert_true(data_member_fill(member));
    member->at = member->end;
    const uint64_t offset = data_member_offset(member);
    assert_in_range(offset, 1, SIZE - 1);
    assert_int_equal(data_member_finish(member), DATA_ERR_FORMAT);
    assert_non_null(strstr(error.text, "content: expected the end of the member, got more bytes"));
    assert_int_equal(error.offset, offset);
    data_zip_close(opened);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_variants),   cmocka_unit_test(test_calls),        cmocka_unit_test(test_states),
        cmocka_unit_test(test_other_places),     cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_long_list),
        cmocka_unit_test(test_too_many_numbers), cmocka_unit_test(test_more_content),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
