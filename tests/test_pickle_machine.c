/*
 * Pickles that numpy does not write: each opcode, name, nesting and place that is none of its own is refused with its
 * offset, and stack, tuples, memo and lists end at fixed limits. Nothing is executed. What numpy writes is in
 * test_pickle.c.
 */
#include "pickled.h"
#include "temp.h"

#include "pickle_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define REFUSE(pickle, at, text)      pickled_refused((piece)PIECE(pickle), at, text)
/* In place of the lists of a good pickle; `at` counts from there. */
#define REFUSE_LISTS(lists, at, text) REFUSE(BEFORE_LISTS lists AFTER_LISTS, sizeof(BEFORE_LISTS) - 1 + (at), text)

/* Every opcode that is none of ours. */
static void test_17_opcodes(void **state)
{
    (void)state;
    static const unsigned char known[] = "().BCJKMNRTUX]abcehjqrt\x85\x86\x87\x88\x89\x8a\x8c\x93\x94\x95";
    char text[96];
    for (int code = 0; code < 256; code++) {
        if (memchr(known, code, sizeof known - 1)) continue;
        const char bytes[] = { '\x80', 2, (char)code };
        snprintf(text, sizeof text, "opcode: expected one of a list of lists of integers, got opcode 0x%02x", code);
        pickled_refused((piece){ bytes, sizeof bytes }, 2, text);
    }
}

static void test_17_globals_and_calls(void **state)
{
    (void)state;
    // What runs a command where pickles are trusted.
    REFUSE("\x80\2cposix\nsystem\nU\4echo\x85R.", 2, "text: expected one that numpy writes, got posix");
    REFUSE("\x80\4\x8c\5posix\x94\x8c\6system\x94\x93.", 2, "text: expected one that numpy writes, got posix");
    REFUSE("\x80\2cbuiltins\neval\n.", 2, "got builtins");
    REFUSE("\x80\2cnumpy\nencode\n.", 2, "global: expected one of numpy's arrays, got numpy encode");
    REFUSE("\x80\4\x8c\5numpyK\1\x93.", 11, "global: expected two texts, got other values");
    REFUSE("\x80\4K\1\x8c\5numpy\x93.", 11, "global: expected two texts, got other values");
    REFUSE("\x80\2NU\1b\x93", 6, "global: expected two texts, got other values");
    REFUSE("\x80\2U\1bN\x93", 6, "global: expected two texts, got other values");
    REFUSE("\x80\2cnumpy\ndtype\nU\1b\x85R.", 19, "reduce: expected an array or its type, got another call");
    REFUSE("\x80\2cnumpy\nndarray\nK\2\x85R.", 20, "reduce: expected an array or its type");
    REFUSE("\x80\2cnumpy.core.multiarray-and-something-else\n", 2, "text: expected fewer than 32 bytes");
    REFUSE("\x80\2X\xff\xff\xff\x7f", 2, "text: expected fewer than 32 bytes, got 2147483647");
    REFUSE("\x80\2U\5a\1\x80z\n.", 2, "text: expected one that numpy writes, got a??z?");
    REFUSE("\x80\2U\4a\1\x80\x7f", 2, "text: expected one that numpy writes, got a???");
    REFUSE("\x80\2K\1K\2\x86"
           "b.",
           7, "build: expected an array of 2 lists or its type, got another state");
}

static void test_17_shape_of_the_pickle(void **state)
{
    (void)state;
    REFUSE("\x80\1.", 0, "pickle: expected protocol 2 to 5 (0x80 0x02 to 0x05), got 0x80 0x01");
    REFUSE("\x80\6.", 0, "got 0x80 0x06");
    REFUSE("(lp0\n.", 0, "pickle: expected protocol 2 to 5 (0x80 0x02 to 0x05), got 0x28 0x6c");
    REFUSE("\x80\2.", 2, "stop: expected the array alone on the stack, got 0 values");
    REFUSE("\x80\2N.", 3, "stop: expected the array alone on the stack, got 1 values");
    REFUSE("\x80\2NN.", 4, "stop: expected the array alone on the stack, got 2 values");
    REFUSE("\x80\2" RECONSTRUCT NDARRAY "K\0\x85" BYTES "\x87R.", 61, "got 1 values"); // without its rows
    REFUSE(BEFORE_LISTS LISTS "et.", sizeof(BEFORE_LISTS LISTS) + 1, "got 2 values");  // and its state not built
    REFUSE("\x80\2K\1", 4, "opcode: expected one, got the end");
    REFUSE("\x80\2J\1\2", 3, "opcode: expected 4 bytes, got 2");
    REFUSE("\x80\2t", 2, "tuple: expected a mark of its own, got none");
    REFUSE("\x80\2\x87", 2, "tuple: expected 3 values, got 0");
    REFUSE("\x80\2(K\1\x86", 5, "tuple: expected values, got a mark");
    REFUSE("\x80\2](\x85", 4, "tuple: expected values, got a mark");
    REFUSE("\x80\2](]\x85", 5, "tuple: expected values, got another list");
}

static void test_17_lists(void **state)
{
    (void)state;
    REFUSE("\x80\2"
           "a",
           2, "append: expected a list and its value, got others");
    REFUSE("\x80\2]Na", 4, "append: expected a list and its value, got others");
    REFUSE("\x80\2](]a", 5, "append: expected a list and its value, got others");
    REFUSE("\x80\2]]Na", 5, "append: expected a list and its value, got others");
    REFUSE("\x80\2(e", 3, "appends: expected the values of a list, got others");
    REFUSE("\x80\2]]e", 4, "appends: expected the values of a list, got others");
    REFUSE("\x80\2]]]", 4, "list: expected one among the rows, got one elsewhere");
    REFUSE("\x80\2](K\1e.", 4, "rows: expected lists, got an integer");
    REFUSE_LISTS("N", 0, "rows: expected lists, got None");
    REFUSE_LISTS("](U\1be]", 2, "list 0: expected integers, got a text");
    REFUSE_LISTS("](\x88"
                 "e]",
                 2, "list 0: expected integers, got a truth value");
    REFUSE_LISTS("](]e]", 2, "list: expected one among the rows, got one elsewhere");
    REFUSE_LISTS("]]]", 2, "rows: expected 2 lists, got more");
    REFUSE_LISTS("]", 3, "rows: expected 2 lists, got 1"); // "e", "t", and then the state is built
}

static void test_18_bombs(void **state)
{
    (void)state;
    static char bytes[1 << 16];
    memset(bytes, '(', sizeof bytes);
    memcpy(bytes, "\x80\2", 2);
    const piece whole = { bytes, sizeof bytes };
    pickled_refused(whole, 2 + 32, "stack: expected at most 32 values, got more");
    for (size_t i = 2; i + 1 < sizeof bytes; i += 2) memcpy(bytes + i, "K\1", 2);
    pickled_refused(whole, 2 + 64, "stack: expected at most 32 values, got more");
    for (size_t i = 2; i + 3 < sizeof bytes; i += 3) memcpy(bytes + i, ")\x85\x85", 3);
    pickled_refused(whole, 2 + 3 * 31 + 3, "stack: expected at most 32 values, got more");
    bytes[2] = 'N';
    memset(bytes + 3, '\x85', sizeof bytes - 3); // a tuple in a tuple in a tuple
    pickled_refused(whole, 3 + 64, "tuples: expected at most 64 values, got more");
    for (int i = 0; i < 128; i++) {
        bytes[3 + 2 * i] = 'q';
        bytes[4 + 2 * i] = (char)i;
    }
    pickled_refused((piece){ bytes, 3 + 256 }, 3 + 128, "memo: expected at most 64 values and lists, got more");
}

static void test_18_memo(void **state)
{
    (void)state;
    REFUSE("\x80\2q\1", 2, "memo: expected a value, got none");
    REFUSE("\x80\2(q\0", 3, "memo: expected a value, got none");
    REFUSE("\x80\2Nr\0\0\0\4", 3, "memo: expected an index below 67108864, got 67108864");
    REFUSE("\x80\2Nr\xff\xff\xff\xff", 3, "memo: expected an index below 67108864, got 4294967295");
    REFUSE("\x80\2h\1", 2, "memo: expected the index of a value, got 1, a list's or nobody's");
    REFUSE("\x80\2j\1\0\0\0", 2, "memo: expected the index of a value");
    REFUSE("\x80\2Nq\0]q\0h\0", 8, "memo: expected the index of a value, got 0, a list's or nobody's");
    REFUSE("\x80\2Nq\0]]q\0h\0", 9, "memo: expected the index of a value, got 0, a list's or nobody's");
    // The same list again and again: two bytes would be a whole review.
    REFUSE_LISTS("]q\17K\5ah\17", 6, "memo: expected the index of a value, got 15, a list's or nobody's");
    REFUSE_LISTS("]q\5K\5ah\5", 6, "memo: expected the index of a value, got 5, a list's or nobody's");
}

/* Two short of the limit, which the third number passes. */
static void test_18_too_many_numbers(void **state)
{
    (void)state;
    static const piece pickle = PIECE("\x80\2](](K\1K\2K\3e");
    data_lists lists = { .numbers = { .before = DATA_NUMBERS_MOST - 2 } };
    data_error error = { 0 };
    assert_int_equal(pickled_read(pickle, 2, 0, &lists, &error), DATA_ERR_FORMAT);
    assert_non_null(strstr(error.text, "lists: expected at most 67108864 words, got more"));
    assert_int_equal(error.offset, pickle.size - 3);
    assert_int_equal(data_numbers_count(&lists.numbers), DATA_NUMBERS_MOST);
    data_lists_free(&lists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_17_opcodes),
        cmocka_unit_test(test_17_globals_and_calls),
        cmocka_unit_test(test_17_lists),
        cmocka_unit_test(test_17_shape_of_the_pickle),
        cmocka_unit_test(test_18_bombs),
        cmocka_unit_test(test_18_memo),
        cmocka_unit_test(test_18_too_many_numbers),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
