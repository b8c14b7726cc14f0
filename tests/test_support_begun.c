/* Which of two lists of options differs first, and in what words that is said. */
#include "begun.h"
#include "run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What begun_check() says, or "" where it agrees. */
static void assert_told(const char *begun, const char *now, const char *expected)
{
    char told[512] = "";
    FILE *file = tmpfile();
    const int kept = dup(STDERR_FILENO);
    assert_true(file && kept >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    const int code = begun_check("c", begun, now);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(file);
    const size_t size = fread(told, 1, sizeof told - 1, file);
    told[size] = '\0';
    fclose(file);
    assert_string_equal(told, expected);
    assert_int_equal(code, *expected ? RUN_FAILED : RUN_DONE);
}

static void names_what_differs(void **state)
{
    (void)state;
    assert_told("--seed 1 --lr 0.1 --single", "--seed 1 --lr 0.1 --single", "");
    assert_told("", "", "");
    assert_told("--seed 1 --lr 0.1", "--lr 0.1 --seed 1", "");
    assert_told("--seed 1 --lr 0.1", "--seed 2 --lr 0.2", "kvist: c: was begun with --seed 1, got 2\n");
    assert_told("--lr 0.1 --seed 1", "--lr 0.1 --seed 12", "kvist: c: was begun with --seed 1, got 12\n");
    assert_told("--data 4 films (a) --lr 1", "--data 4 films (b) --lr 1",
                "kvist: c: was begun with --data 4 films (a), got 4 films (b)\n");
    /* A name is no beginning of another. */
    assert_told("--lr-steps 7 --lr 1", "--lr 1 --lr-steps 8", "kvist: c: was begun with --lr-steps 7, got 8\n");
}

static void names_what_is_missing(void **state)
{
    (void)state;
    assert_told("--seed 1 --single", "--seed 2", "kvist: c: was begun with --single, got none\n");
    assert_told("--seed 1", "--seed 2 --single", "kvist: c: was begun without --single, got it\n");
    assert_told("--reviews 7 --data made", "--data read", "kvist: c: was begun with --data made, got read\n");
    assert_told("--reviews 7 --data made", "--data made", "kvist: c: was begun with --reviews 7, got none\n");
    assert_told("--data made", "--reviews 7 --data made", "kvist: c: was begun without --reviews, got it\n");
    assert_told("", "--lr 1", "kvist: c: was begun without --lr, got it\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(names_what_differs), cmocka_unit_test(names_what_is_missing) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
