/* The sum tree against a scan of its values, which are whole numbers here: their sums are exact in any order. */
#include "sum_tree.h"

#include <kvist/data.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 100 };

static const size_t counts[] = { 1, 2, 3, 7, 8, 9, 33, MOST };
enum { COUNTS = sizeof counts / sizeof counts[0] };

static void make(data_sum_tree *tree, size_t count)
{
    assert_true(data_sum_tree_make(tree, count));
}

// The naive twin: value i begins where those before it end.
static size_t scan(const double *value, size_t count, double position)
{
    size_t last = 0;
    for (size_t i = 0; i < count; i++) {
        if (value[i] == 0.0) continue;
        last = i;
        if (position < value[i]) break;
        position -= value[i];
    }
    return last;
}

// Every whole position (the borders are among them), the middles between, and one beyond the end.
static void compare(const data_sum_tree *tree, const double *value, size_t count)
{
    double total = 0.0;
    for (size_t i = 0; i < count; i++) total += value[i];
    assert_true(data_sum_tree_total(tree) == total);
    for (double position = 0.0; total > 0.0 && position <= total; position += 0.5) {
        assert_int_equal(data_sum_tree_find(tree, position), scan(value, count, position));
    }
}

static void test_against_a_scan(void **state)
{
    (void)state;
    for (size_t c = 0; c < COUNTS; c++) {
        data_sum_tree tree;
        data_rng rng = data_rng_make(1, c);
        double value[MOST] = { 0 };
        make(&tree, counts[c]);
        compare(&tree, value, counts[c]); // all 0 at the start
        for (int change = 0; change < 300; change++) {
            const uint32_t i = data_rng_below(&rng, (uint32_t)counts[c]);
            value[i] = data_rng_below(&rng, 3) ? data_rng_below(&rng, 9) : 0.0;
            data_sum_tree_set(&tree, i, value[i]);
            compare(&tree, value, counts[c]);
        }
        data_sum_tree_free(&tree);
    }
}

// Alone among zeros, wherever it stands, a value is found from every position, those that rounding spoilt too.
static void test_zeros_are_never_found(void **state)
{
    (void)state;
    for (size_t c = 0; c < COUNTS; c++) {
        data_sum_tree tree;
        make(&tree, counts[c]);
        for (size_t i = 0; i < counts[c]; i++) {
            data_sum_tree_set(&tree, i, 0.3);
            const double positions[] = { 0.0, 0.1, 0.3, 0.4, 1e30 };
            for (size_t k = 0; k < 5; k++) assert_int_equal(data_sum_tree_find(&tree, positions[k]), i);
            data_sum_tree_set(&tree, i, 0.0);
        }
        data_sum_tree_free(&tree);
    }
}

// Two trees of the same values are the same bit for bit, whatever was set before and in which order.
static void test_no_drift(void **state)
{
    (void)state;
    data_sum_tree used, fresh;
    data_rng rng = data_rng_make(2, 0);
    make(&used, MOST);
    make(&fresh, MOST);
    assert_int_equal(used.leaves, 128);
    for (int change = 0; change < 20000; change++) {
        const double value = data_rng_uniform(&rng) * (change % 2 ? 1e15 : 1e-15);
        data_sum_tree_set(&used, data_rng_below(&rng, MOST), value);
    }
    for (size_t i = 0; i < MOST; i++) {
        data_sum_tree_set(&used, i, 0.1 + (double)i);
        data_sum_tree_set(&fresh, MOST - 1 - i, 0.1 + (double)(MOST - 1 - i));
    }
    assert_memory_equal(used.node, fresh.node, 2 * used.leaves * sizeof *used.node);
    data_sum_tree_free(&used);
    data_sum_tree_free(&fresh);
}

static void test_without_memory(void **state)
{
    (void)state;
    data_sum_tree tree = { 1, NULL };
    assert_false(data_sum_tree_make(&tree, SIZE_MAX)); // no power of two that large
    assert_true(tree.leaves == 0 && tree.node == NULL);
    assert_false(data_sum_tree_make(&tree, SIZE_MAX / 16 + 1)); // 16 bytes each
    data_sum_tree_free(&tree);
    make(&tree, 3);
    data_sum_tree_free(&tree);
    assert_true(tree.leaves == 0 && tree.node == NULL);
    data_sum_tree_free(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_a_scan),
        cmocka_unit_test(test_zeros_are_never_found),
        cmocka_unit_test(test_no_drift),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
