/*
 * The pickle that numpy writes of an array of lists, from inside the library: what may be otherwise in it, and what is
 * refused, at the opcode that sees it, as soon as one thing is another; cut anywhere; lists longer than one piece of
 * memory. Pickles that numpy does not write are in test_pickle_machine.c.
 */
#include "pickled.h"
#include "temp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const piece good = PIECE(GOOD);

static void accepts(piece pickle, int32_t first)
{
    data_lists lists = { 0 };
    data_error error = { 0 };
    int32_t numbers[3];
    if (pickled_read(pickle, 2, 0, &lists, &error) != DATA_OK) fail_msg("%s", error.text);
    assert_int_equal(lists.count, 2);
    assert_int_equal(data_numbers_count(&lists.numbers), 3);
    data_numbers_copy(&lists.numbers, numbers);
    assert_memory_equal(numbers, ((int32_t[]){ first, 6, 300 }), sizeof numbers);
    assert_memory_equal(lists.offsets, ((int64_t[]){ 0, 1, 3 }), 3 * sizeof(int64_t));
    data_lists_free(&lists);
}

/* One thing as another. */
typedef struct change {
    piece from, to;
} change;

/* The good pickle with its first `from` as `to`. */
static piece changed(const change *c, char bytes[512])
{
    size_t at = 0;
    while (at + c->from.size <= good.size && memcmp(good.bytes + at, c->from.bytes, c->from.size) != 0) at++;
    if (at + c->from.size > good.size) fail_msg("not there: %s", c->from.bytes);
    memcpy(bytes, good.bytes, at);
    memcpy(bytes + at, c->to.bytes, c->to.size);
    memcpy(bytes + at + c->to.size, good.bytes + at + c->from.size, good.size - at - c->from.size);
    return (piece){ bytes, good.size - c->from.size + c->to.size };
}

static void test_variants(void **state)
{
    (void)state;
    static const change variants[] = {
        { PIECE("\x80\2"), PIECE("\x80\5") },
        { PIECE("U\2O8"), PIECE("U\2O4") },
        { PIECE("K\0K\1\x87R"), PIECE("\x89\x88\x87R") },      // truth values
        { PIECE("K\0\x85" BYTES), PIECE("\x8a\0\x85" BYTES) }, // a 0 of no bytes
        { PIECE(BYTES), PIECE("C\1b") },
        { PIECE(BYTES), PIECE("c_codecs\nencode\nX\1\0\0\0bX\6\0\0\0latin1\x86R") }, // of protocol 2
        { PIECE(BYTES), PIECE("c_codecs\nencode\nU\1bU\6latin1\x86R") },
        { PIECE(NDARRAY), PIECE("U\5numpyU\7ndarray\x93") }, // of protocol 4
        { PIECE(DTYPE), PIECE("\x8c\5numpy\x8c\5dtype\x93") },
        { PIECE("cnumpy.core.multiarray\n"), PIECE("cnumpy._core.multiarray\n") },
        { PIECE("\x89]("), PIECE("\x88](") }, // Fortran's order
        { PIECE("\x89]("), PIECE("K\0](") },
        { PIECE("K\6M\x2c\1e"), PIECE("\x8a\1\6\x8a\2\x2c\1e") }, // long integers
        { PIECE("NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff"), PIECE("NNNJ\xff\xff\xff\xffq\1h\1") },
        { PIECE(MAKE_TYPE), PIECE(MAKE_TYPE "r\xff\xff\xff\3") }, // the last index of the memo
    };
    char bytes[512];
    accepts(good, 5);
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) accepts(changed(&variants[i], bytes), 5);
}

/* --- one thing is another ----------------------------------------------------------------------------------------- */

/* Refused with that text, at such an opcode. */
static void refuses(const change *c, char opcode, const char *text)
{
    char bytes[512];
    const piece pickle = changed(c, bytes);
    data_lists lists = { 0 };
    data_error error = { 0 };
    const data_status status = pickled_read(pickle, 2, 0, &lists, &error);
    if (status != DATA_ERR_FORMAT || error.status != status || !strstr(error.text, text))
        fail_msg("%s: expected \"%s\", got %d: %s", c->to.bytes, text, (int)status, error.text);
    if (error.offset >= pickle.size || pickle.bytes[error.offset] != opcode)
        fail_msg("%s: expected opcode %c, got offset %d: %s", c->to.bytes, opcode, (int)error.offset, error.text);
    data_lists_free(&lists);
}

static void refuse_all(const change *changes, size_t count, char opcode, const char *text)
{
    for (size_t i = 0; i < count; i++) refuses(&changes[i], opcode, text);
}

#define REFUSE_ALL(changes, opcode, text) refuse_all(changes, sizeof(changes) / sizeof(changes)[0], opcode, text)

static void test_calls(void **state)
{
    (void)state;
    static const change changes[] = {
        // _reconstruct(ndarray, (0,), b"b")
        { PIECE(RECONSTRUCT), PIECE("N") },
        { PIECE(NDARRAY "K\0\x85" BYTES "\x87R"), PIECE("NR") },
        { PIECE(NDARRAY "K\0\x85" BYTES "\x87R"), PIECE(NDARRAY "K\0\x85\x86R") },
        { PIECE(NDARRAY), PIECE("N") },
        { PIECE(NDARRAY), PIECE("K\1") },
        { PIECE(NDARRAY), PIECE(DTYPE) },
        { PIECE("K\0\x85" BYTES), PIECE("K\0" BYTES) },
        { PIECE("K\0\x85" BYTES), PIECE("K\0K\0\x86" BYTES) },
        { PIECE("K\0\x85" BYTES), PIECE("N\x85" BYTES) },
        { PIECE("K\0\x85" BYTES), PIECE("\x89\x85" BYTES) },
        { PIECE("K\0\x85" BYTES), PIECE("K\1\x85" BYTES) },
        { PIECE(BYTES), PIECE("N") },
        { PIECE(BYTES), PIECE("K\x8") }, // the number that stands for it
        { PIECE(BYTES), PIECE("U\1|") },
        { PIECE(BYTES "\x87R"), PIECE(BYTES "\x86R") },
        // dtype("O8", false, true)
        { PIECE(DTYPE), PIECE(NDARRAY) },
        { PIECE(DTYPE), PIECE("K\2") },
        { PIECE(MAKE_TYPE), PIECE("U\2O8K\0\x86R") },
        { PIECE(MAKE_TYPE), PIECE("U\1bK\0K\1\x87R") },
        { PIECE(MAKE_TYPE), PIECE("NK\0K\1\x87R") },
        { PIECE(MAKE_TYPE), PIECE("U\2O8NK\1\x87R") },
        { PIECE(MAKE_TYPE), PIECE("U\2O8K\0N\x87R") },
        // encode("b", "latin1")
        { PIECE(BYTES), PIECE("c_codecs\nencode\nU\1b\x85R") },
        { PIECE(BYTES), PIECE("c_codecs\nencode\nU\1bU\6latin1N\x87R") },
        { PIECE(BYTES), PIECE("c_codecs\nencode\nU\1|U\6latin1\x86R") },
        { PIECE(BYTES), PIECE("c_codecs\nencode\nU\2O8U\6latin1\x86R") },
        { PIECE(BYTES), PIECE("c_codecs\nencode\nU\1bU\1b\x86R") },
        { PIECE(BYTES), PIECE("c_codecs\nencode\nU\1bU\2O8\x86R") },
    };
    REFUSE_ALL(changes, 'R', "reduce: expected an array or its type, got another call");
}

static void test_states(void **state)
{
    (void)state;
    static const change changes[] = {
        // of the type: (3, "|", None, None, None, -1, -1, 63)
        { PIECE(TYPE_STATE), PIECE("Nb") },
        { PIECE("(K\3U"), PIECE("(NU") },
        { PIECE("(K\3U"), PIECE("(\x88U") },
        { PIECE("U\1|NNN"), PIECE("U\1bNNN") },
        { PIECE("U\1|NNN"), PIECE("U\1|NN") },
        { PIECE("U\1|NNN"), PIECE("U\1|\x88NN") },
        { PIECE("U\1|NNN"), PIECE("U\1|NNK\1") },
        { PIECE("NNNJ\xff\xff\xff\xff"), PIECE("NNNN") },
        { PIECE("K?tb"), PIECE("Ntb") },
        { PIECE("K?tb"), PIECE("K?t") }, // then the array's own state follows another value
        // of the array: (1, (2,), type, false, rows)
        { PIECE("(K\1K\2\x85" DTYPE MAKE_TYPE TYPE_STATE "\x89](" LISTS "etb."), PIECE("Nb.") },
        { PIECE("(K\1K\2\x85"), PIECE("(NK\2\x85") },
        { PIECE("(K\1K\2\x85"), PIECE("(\x88K\2\x85") },
        { PIECE("(K\1K\2\x85"), PIECE("(K\1K\2") },
        { PIECE("(K\1K\2\x85"), PIECE("(K\1K\2K\2\x86") },
        { PIECE("(K\1K\2\x85"), PIECE("(K\1N\x85") },
        { PIECE("(K\1K\2\x85"), PIECE("(K\1\x88\x85") },
        { PIECE("(K\1K\2\x85"), PIECE("(K\1K\3\x85") },
        { PIECE(DTYPE MAKE_TYPE TYPE_STATE), PIECE("N") },
        { PIECE("\x89]("), PIECE("](") },
        { PIECE("\x89]("), PIECE("\x89\x89](") },
        { PIECE("\x89]("), PIECE("N](") },
        { PIECE("\x89]("), PIECE(NDARRAY "](") },
        { PIECE("](" LISTS "e"), PIECE("N") },
        // of what has none
        { PIECE(RECONSTRUCT NDARRAY "K\0\x85" BYTES "\x87R"), PIECE("N") },
    };
    REFUSE_ALL(changes, 'b', "build: expected an array of 2 lists or its type, got another state");
    refuses(&(change){ PIECE("\x80\2"), PIECE("\x80\2N") }, '.',
            "stop: expected the array alone on the stack, got 2 values");
}

/* 31 bytes are read and not known; 32 are not read. */
static void test_texts(void **state)
{
    (void)state;
    static const char known[] = "text: expected one that numpy writes, got 0123456789012345678901234567890",
                      fewer[] = "text: expected fewer than 32 bytes";
#define DIGITS31 "0123456789012345678901234567890"
    refuses(&(change){ PIECE(DTYPE), PIECE("U\37" DIGITS31) }, 'U', known);
    refuses(&(change){ PIECE(DTYPE), PIECE("X\37\0\0\0" DIGITS31) }, 'X', known);
    refuses(&(change){ PIECE(DTYPE), PIECE("c" DIGITS31 "\n") }, 'c', known);
    refuses(&(change){ PIECE(DTYPE), PIECE("U\40" DIGITS31 "1") }, 'U', fewer);
    refuses(&(change){ PIECE(DTYPE), PIECE("c" DIGITS31 "1\n") }, 'c', fewer);
    refuses(&(change){ PIECE(DTYPE), PIECE("X\0\1\0\0" DIGITS31) }, 'X', "text: expected fewer than 32 bytes, got 256");
    refuses(&(change){ PIECE(DTYPE), PIECE("X\0\0\0\1" DIGITS31) }, 'X',
            "text: expected fewer than 32 bytes, got 16777216");
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        piece code;
        int32_t number;
    } taken[] = { { PIECE("K\1"), 1 },
                  { PIECE("M\5\0"), 5 },
                  { PIECE("M\xe8\3"), 1000 },
                  { PIECE("J\5\0\0\0"), 5 },
                  { PIECE("J\xe8\3\0\0"), 1000 },
                  { PIECE("\x8a\1\5"), 5 },
                  { PIECE("\x8a\5\5\0\0\0\0"), 5 },
                  { PIECE("\x8a\7\5\0\0\0\0\0\0"), 5 } };
    char bytes[512];
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        accepts(changed(&(change){ PIECE("K\5"), taken[i].code }, bytes), taken[i].number);
    static const struct {
        piece code;
        const char *got;
    } refused[] = {
        { PIECE("K\0"), "0" },
        { PIECE("M\0\0"), "0" },
        { PIECE("M\xe9\3"), "1001" },
        { PIECE("J\xe9\3\0\0"), "1001" },
        { PIECE("J\xff\xff\xff\x7f"), "2147483647" },
        { PIECE("J\0\0\0\x80"), "-2147483648" },
        { PIECE("J\xff\xff\xff\xff"), "-1" },
        { PIECE("\x8a\0"), "0" },
        { PIECE("\x8a\1\x80"), "-128" },
        { PIECE("\x8a\1\xff"), "-1" },
        { PIECE("\x8a\2\xff\x7f"), "32767" },
        { PIECE("\x8a\2\0\x80"), "-32768" },
        { PIECE("\x8a\5\0\0\0\0\1"), "4294967296" },
        { PIECE("\x8a\7\xff\xff\xff\xff\xff\xff\x7f"), "36028797018963967" },
        { PIECE("\x8a\7\xff\xff\xff\xff\xff\xff\xff"), "-1" },
        { PIECE("\x8a\7\0\0\0\0\0\0\x80"), "-36028797018963968" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        char text[96];
        snprintf(text, sizeof text, "list 0: expected a word from 1 to 1000, got %s", refused[i].got);
        refuses(&(change){ PIECE("K\5"), refused[i].code }, 'a', text); // alone: where it is appended
        text[5] = '1';
        refuses(&(change){ PIECE("K\6"), refused[i].code }, refused[i].code.bytes[0], text);
        refuses(&(change){ PIECE("M\x2c\1"), refused[i].code }, refused[i].code.bytes[0], text);
    }
    refuses(&(change){ PIECE("K\6"), PIECE("\x8a\x08\1\0\0\0\0\0\0\1") }, '\x8a',
            "integer: expected at most 7 bytes, got 8");
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
            assert_int_equal(pickled_read((piece){ whole[i].bytes, size }, 2, 0, &lists, &error), DATA_ERR_FORMAT);
            assert_non_null(strstr(error.text, "expected"));
            assert_true(error.offset <= size);
            data_lists_free(&lists);
        }
    }
}

/* Lists that together fill many pieces (4096 numbers, then twice as many each) and many blocks of what libarchive hands
   out, whose ends fall before, within and after a number: of `first` on, each one more. */
static const int sizes[] = { 4095, 1, 1, 8191, 0, 1, 16384, 20000, 300001 };
enum { SIZES = sizeof sizes / sizeof sizes[0], NUMBERS = 4095 + 1 + 1 + 8191 + 1 + 16384 + 20000 + 300001 };

static int number_of(int first, int i)
{
    return (first + i) % 997 + 1;
}

/* Freed by the caller. */
static piece pickle_of_many(int first)
{
    static const piece before = PIECE(BEFORE_LISTS), after = PIECE(AFTER_LISTS), two = PIECE("(K\1K\2\x85");
    char *bytes = malloc(before.size + 3 * NUMBERS + 3 * SIZES + after.size);
    assert_non_null(bytes);
    memcpy(bytes, before.bytes, before.size);
    char *rows = bytes;
    while (memcmp(rows, two.bytes, two.size) != 0) rows++;
    rows[4] = SIZES;
    char *to = bytes + before.size;
    for (int i = 0, number = 0; i < SIZES; i++) {
        *to++ = ']';
        *to++ = '(';
        for (int k = 0; k < sizes[i]; k++, number++) {
            const int word = number_of(first, number);
            *to++ = word < 256 ? 'K' : 'M';
            *to++ = (char)word;
            if (word >= 256) *to++ = (char)(word >> 8);
        }
        *to++ = 'e';
    }
    memcpy(to, after.bytes, after.size);
    return (piece){ bytes, (size_t)(to - bytes) + after.size };
}

static void check_many(int first, int method, int32_t *numbers)
{
    data_lists lists = { 0 };
    data_error error = { 0 };
    const piece pickle = pickle_of_many(first);
    if (pickled_read(pickle, SIZES, method, &lists, &error) != DATA_OK) fail_msg("%s", error.text);
    assert_int_equal(lists.count, SIZES);
    assert_int_equal(data_numbers_count(&lists.numbers), NUMBERS);
    data_numbers_copy(&lists.numbers, numbers);
    for (int i = 0; i < NUMBERS; i++) assert_int_equal(numbers[i], number_of(first, i));
    for (int i = 0; i < SIZES; i++) assert_int_equal(lists.offsets[i + 1] - lists.offsets[i], sizes[i]);
    data_lists_free(&lists);
    free((char *)pickle.bytes);
}

static void test_more_numbers_than_a_piece_holds(void **state)
{
    (void)state;
    int32_t *numbers = malloc(NUMBERS * sizeof *numbers);
    assert_non_null(numbers);
    for (int first = 0; first < 3; first++)
        for (int method = 0; method <= 8; method += 8) check_many(first, method, numbers);
    free(numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variants),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_more_numbers_than_a_piece_holds),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
