/* The table of cartpole_qlearning: what counts as an end, and observations that are no numbers. Rows 68 and 70 of
 * docs/faults.md. */
#include "q_table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static q_table create(void)
{
    q_table table;
    const q_grid grid = { .bins = 2, .edges = { 1, 1, 1, 1 } };
    assert_true(q_table_create(&table, &grid, 0.5, 0.9));
    return table;
}

/* q += rate (reward + discount max q' - q): without q' after an end, with it after the limit of steps. */
static void test_68_truncation_is_no_end(void **state)
{
    (void)state;
    q_table table = create();
    double *q = table.values, *next = table.values + 2;
    next[0] = 10;
    next[1] = 20;
    q_table_update(&table, 0, 1, 1.0, 1, false);
    assert_true(q[1] == 0.5 * (1 + 0.9 * 20));
    q_table_update(&table, 0, 0, 1.0, 1, true);
    assert_true(q[0] == 0.5);
    q_table_destroy(&table);
}

static void test_70_no_row_for_what_is_no_number(void **state)
{
    (void)state;
    q_table table = create();
    for (int i = 0; i < ENV_CARTPOLE_OBS; i++) {
        float obs[ENV_CARTPOLE_OBS] = { 0 };
        obs[i] = INFINITY;
        assert_in_range(q_table_state(&table, obs), 0, 15);
        obs[i] = NAN;
        assert_int_equal(q_table_state(&table, obs), -1);
    }
    q_table_destroy(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_68_truncation_is_no_end),
                                        cmocka_unit_test(test_70_no_row_for_what_is_no_number) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
