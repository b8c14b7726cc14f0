/* Sets of index lists against the definition: the different indices of each list, ascending, and nothing behind them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kvist/data.h>

enum { MOST = 4000, LISTS = 40 };

static int compare(const void *left, const void *right)
{
    const int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

static size_t sort_and_drop(const int32_t *list, size_t size, int32_t *set)
{
    size_t count = 0;
    memcpy(set, list, size * sizeof *set);
    qsort(set, size, sizeof *set, compare);
    for (size_t i = 0; i < size; i++)
        if (i == 0 || set[i] != set[i - 1]) set[count++] = set[i];
    return count;
}

/* Lists of any length, some empty, of indices in 0 .. bound - 1. */
static void compare_with_definition(int32_t bound, uint64_t seed)
{
    static int32_t indices[MOST], wanted[MOST];
    int64_t offsets[LISTS + 1] = { 0 }, ends[LISTS + 1] = { 0 };
    data_rng rng = data_rng_make(seed, 0);
    for (int i = 0; i < LISTS; i++) {
        const int64_t size = i % 7 == 2 ? 0 : (int64_t)data_rng_below(&rng, MOST / LISTS);
        offsets[i + 1] = offsets[i] + size;
        for (int64_t k = offsets[i]; k < offsets[i + 1]; k++)
            indices[k] = (int32_t)data_rng_below(&rng, (uint32_t)bound);
    }
    for (int i = 0; i < LISTS; i++)
        ends[i + 1] = ends[i] + (int64_t)sort_and_drop(indices + offsets[i], (size_t)(offsets[i + 1] - offsets[i]),
                                                       wanted + ends[i]);
    data_error error;
    if (data_distinct_lists(indices, offsets, LISTS, &error) != DATA_OK) fail_msg("%s", error.text);
    assert_memory_equal(offsets, ends, sizeof offsets);
    assert_memory_equal(indices, wanted, (size_t)ends[LISTS] * sizeof *wanted);
}

static void sets_are_those_of_the_definition(void **state)
{
    (void)state;
    static const int32_t bounds[] = { 1, 2, 63, 64, 65, 128, 1000, 262144, 262145, 1000000, INT32_MAX };
    for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++)
        for (uint64_t seed = 0; seed < 5; seed++) compare_with_definition(bounds[b], seed);
}

static void the_largest_index_has_its_place(void **state)
{
    (void)state;
    int32_t indices[] = { 5000000, 0, 5000000, 63, 64 };
    int64_t offsets[] = { 0, 5 };
    assert_int_equal(data_distinct_lists(indices, offsets, 1, NULL), DATA_OK);
    assert_int_equal(offsets[1], 4);
    assert_memory_equal(indices, ((int32_t[]){ 0, 63, 64, 5000000 }), 4 * sizeof *indices);
}

static void nothing_changes_where_lists_are_refused(void **state)
{
    (void)state;
    data_error error;
    int32_t indices[] = { 3, 3, -1 };
    int64_t offsets[] = { 0, 2, 3 }, falling[] = { 0, 2, 1 };
    assert_int_equal(data_distinct_lists(indices, offsets, 2, &error), DATA_ERR_FORMAT);
    assert_string_equal(error.text, "list 1, position 0: expected an index from 0 to 2147483646, got -1");
    assert_int_equal(data_distinct_lists(indices, falling, 2, &error), DATA_ERR_FORMAT);
    assert_string_equal(error.text, "offset 2: expected at least 2, got 1");
    assert_memory_equal(indices, ((int32_t[]){ 3, 3, -1 }), sizeof indices);
    assert_memory_equal(offsets, ((int64_t[]){ 0, 2, 3 }), sizeof offsets);
}

/* Where no index can be right. */
static void bounds_below_one_refuse_all(void **state)
{
    (void)state;
    data_error error;
    const int32_t indices[] = { 0 };
    const int64_t offsets[] = { 0, 1 };
    assert_int_equal(data_check_lists(indices, offsets, 1, 0, &error), DATA_ERR_FORMAT);
    assert_string_equal(error.text, "list 0, position 0: expected an index from 0 to -1, got 0");
    assert_int_equal(data_check_lists(indices, offsets, 1, INT32_MIN, &error), DATA_ERR_FORMAT);
    assert_string_equal(error.text, "list 0, position 0: expected an index from 0 to -2147483649, got 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(sets_are_those_of_the_definition),
                                        cmocka_unit_test(the_largest_index_has_its_place),
                                        cmocka_unit_test(nothing_changes_where_lists_are_refused),
                                        cmocka_unit_test(bounds_below_one_refuse_all) };
    return cmocka_run_group_tests_name("lists", tests, NULL, NULL);
}
