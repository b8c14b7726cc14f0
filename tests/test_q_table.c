/* The table of cartpole_qlearning: what counts as an end, and observations that are no numbers. Rows 68 and 70 of
 * docs/faults.md. */
#include "q_table.h"
#include "temp.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static q_table create(void)
{
    q_table table;
    const q_grid grid = { .bins = 2, .edges = { 1, 1, 1, 1 } };
    env_error error;
    assert_true(q_table_create(&table, &grid, 0.5, 0.9, &error));
    return table;
}

/* What cannot be cut is told as that, and not as a lack of memory; in a file, too. */
static void test_narrow_bins(void **state)
{
    (void)state;
    static const char reason[] = "expected finite high - low and bins / (high - low)";
    q_grid grid = { .bins = 2, .edges = { 1, 1, 1e-320, 1 } };
    q_table table;
    env_error why;
    nn_error error;
    assert_false(q_table_create(&table, &grid, 0.5, 0.9, &why));
    assert_null(table.values);
    assert_int_equal(why.status, ENV_ERR_ARGUMENT);
    assert_non_null(strstr(why.text, reason));

    const char *path = temp_write(&temp_here, "table", "", 0);
    nn_archive *archive = nn_archive_create(&error);
    assert_non_null(archive);
    q_grid_list(&grid, archive);
    assert_int_equal(nn_archive_save(archive, path, &error), NN_OK);
    nn_archive_destroy(archive);
    assert_false(q_table_load(&table, path, &error));
    assert_int_equal(error.status, NN_ERR_DATA);
    assert_memory_equal(error.text, path, strlen(path));
    assert_non_null(strstr(error.text, reason));
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
                                        cmocka_unit_test(test_70_no_row_for_what_is_no_number),
                                        cmocka_unit_test(test_narrow_bins) };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
