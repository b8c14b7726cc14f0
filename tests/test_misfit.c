/* What is told of tensors that do not fit: every count, and as many names as there is room for. */
#include "files/misfit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void add_many(nn_misfit *misfit, nn_misfit_kind kind, int first, int count)
{
    for (int i = first; i < first + count; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%02d", i);
        nn_misfit_add(misfit, kind, name);
    }
}

static void expect_report(const nn_misfit *misfit, const char *text)
{
    nn_error error = { 0 };
    assert_int_equal(nn_misfit_report(misfit, "file", &error), NN_ERR_MISMATCH);
    assert_string_equal(error.text, text);
}

static void counts_and_names_are_told(void **state)
{
    (void)state;
    nn_error error = { 0 };
    nn_misfit misfit = { 0 };
    assert_int_equal(nn_misfit_report(&misfit, "file", &error), NN_OK);
    nn_misfit_add(&misfit, NN_EXTRA, "a");
    expect_report(&misfit, "file: 1 extra: extra a");
    nn_misfit_add(&misfit, NN_EXTRA, "b");
    nn_misfit_add(&misfit, NN_MISSING, "c");
    expect_report(&misfit, "file: 1 missing, 2 extra: missing c; extra a, b");
    nn_misfit_add(&misfit, NN_MISMATCHED, "d");
    expect_report(&misfit, "file: 1 missing, 2 extra, 1 mismatched: missing c; extra a, b; mismatched d");
}

/* The first ten names, and dots where there are more. */
static void ten_names_are_told(void **state)
{
    (void)state;
    nn_misfit misfit = { 0 };
    add_many(&misfit, NN_MISSING, 0, 10);
    expect_report(&misfit, "file: 10 missing: missing t00, t01, t02, t03, t04, t05, t06, t07, t08, t09");
    add_many(&misfit, NN_MISSING, 10, 1);
    expect_report(&misfit, "file: 11 missing: missing t00, t01, t02, t03, t04, t05, t06, t07, t08, t09...");
}

/* 150 bytes of names for all lists together: what is longer is cut, and dots say so. */
static void long_names_share_their_room(void **state)
{
    (void)state;
    char name[160], text[512];
    nn_misfit misfit = { 0 };
    memset(name, 'n', sizeof name);
    name[75] = '\0';
    nn_misfit_add(&misfit, NN_MISSING, name);
    nn_misfit_add(&misfit, NN_EXTRA, name);
    snprintf(text, sizeof text, "file: 1 missing, 1 extra: missing %s; extra %s", name, name);
    expect_report(&misfit, text);
    misfit = (nn_misfit){ 0 };
    name[75] = 'n';
    name[76] = '\0';
    nn_misfit_add(&misfit, NN_MISSING, name);
    nn_misfit_add(&misfit, NN_EXTRA, "e");
    snprintf(text, sizeof text, "file: 1 missing, 1 extra: missing %.75s...; extra e", name);
    expect_report(&misfit, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_names_are_told),
        cmocka_unit_test(ten_names_are_told),
        cmocka_unit_test(long_names_share_their_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
