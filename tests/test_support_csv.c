/* history.csv: written, cut after a resume, on a disk that is full, and read back. */
#include "csv.h"
#include "temp.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *path;
static const char header[] = "epoch,loss";

static int make_path(void **state)
{
    const int code = temp_set_up(state);
    path = temp_write(&temp_here, "a.csv", "", 0);
    return code;
}

static void write_text(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_text(const char *expected)
{
    char text[4096];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(text, expected);
}

static void rows_are_on_disk_at_once(void **state)
{
    (void)state;
    csv_writer csv;
    assert_true(csv_create(&csv, path, header, NULL));
    csv_row(&csv, (double[]){ 1, (double)0.35f }, 2);
    assert_text("epoch,loss\n1,0.35\n");
    csv_row(&csv, (double[]){ 1000000, (double)0.123456789f }, 2);
    csv_row(&csv, (double[]){ 3, -2 }, 2);
    csv_row(&csv, (double[]){ 4, NAN }, 2);
    assert_text("epoch,loss\n1,0.35\n1000000,0.12345679\n3,-2\n4,nan\n");
    assert_true(csv_close(&csv));
}

static void resume_cuts_what_the_checkpoint_does_not_know(void **state)
{
    (void)state;
    csv_writer csv;
    write_text("epoch,loss\n1,0.5\n2,0.4\n3,0.3\n4,0.");
    assert_true(csv_resume(&csv, path, header, 2, NULL));
    csv_row(&csv, (double[]){ 3, 0.25 }, 2);
    assert_true(csv_close(&csv));
    assert_text("epoch,loss\n1,0.5\n2,0.4\n3,0.25\n");

    write_text("epoch,loss\n1,0.5\n2,0.4"); /* torn, even if its epoch is known */
    assert_true(csv_resume(&csv, path, header, 2, NULL));
    assert_true(csv_close(&csv));
    assert_text("epoch,loss\n1,0.5\n");

    assert_true(csv_resume(&csv, path, header, 0, NULL));
    assert_true(csv_close(&csv));
    assert_text("epoch,loss\n");
}

static void resume_needs_the_same_header_and_makes_a_missing_file(void **state)
{
    (void)state;
    csv_writer csv;
    write_text("epoch,loss,accuracy\n1,2,3\n");
    assert_false(csv_resume(&csv, path, header, 9, NULL));
    assert_text("epoch,loss,accuracy\n1,2,3\n");
    csv_row(&csv, (double[]){ 1, 2 }, 2);
    assert_false(csv_close(&csv));
    assert_text("epoch,loss,accuracy\n1,2,3\n");
    write_text("");
    assert_true(csv_resume(&csv, path, header, 9, NULL));
    assert_true(csv_close(&csv));
    assert_text("epoch,loss\n");
    unlink(path);
    assert_true(csv_resume(&csv, path, header, 9, NULL));
    assert_true(csv_close(&csv));
    assert_text("epoch,loss\n");

    write_text("epoch,lo"); /* torn */
    assert_true(csv_resume(&csv, path, header, 9, NULL));
    csv_row(&csv, (double[]){ 1, 2 }, 2);
    assert_true(csv_close(&csv));
    assert_text("epoch,loss\n1,2\n");
    write_text("epoch,time");
    assert_false(csv_resume(&csv, path, header, 9, NULL));
    assert_text("epoch,time");
    FILE *file = fopen(path, "w"); /* no text at all */
    assert_non_null(file);
    assert_int_equal(fwrite("epoch\0x", 1, 7, file), 7);
    assert_int_equal(fclose(file), 0);
    assert_false(csv_resume(&csv, path, header, 9, NULL));
    size_t size;
    free(temp_read(path, &size));
    assert_int_equal(size, 7);
}

/* A FIFO's other end may never come. Row 14. */
static void a_fifo_is_not_waited_for(void **state)
{
    (void)state;
    csv_writer csv;
    csv_table table;
    char error[256] = "", *told;
    size_t size;
    const char *fifo = temp_path(&temp_here, "fifo.csv");
    FILE *log = open_memstream(&told, &size);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    alarm(10);
    assert_false(csv_create(&csv, fifo, header, log));
    assert_false(csv_resume(&csv, fifo, header, 2, log));
    assert_false(csv_read(&table, fifo, error));
    alarm(0);
    fclose(log);
    assert_non_null(strstr(told, "fifo.csv: No such device or address\n"));
    assert_non_null(strstr(told, "fifo.csv: Invalid argument\n"));
    assert_non_null(strstr(error, "fifo.csv:0: expected a regular file"));
    free(told);
}

/* A limit on the size of files is a disk that fills up in the middle of a row. Row 48. */
static void full_disk_loses_whole_rows_and_is_told_once(void **state)
{
    (void)state;
    csv_writer csv;
    char *told;
    size_t size;
    struct rlimit before, small;
    FILE *log = open_memstream(&told, &size);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 20;
    assert_true(csv_create(&csv, path, header, log));
    csv_row(&csv, (double[]){ 1, 0.5 }, 2);
    setrlimit(RLIMIT_FSIZE, &small);
    csv_row(&csv, (double[]){ 2, 0.25 }, 2);
    csv_row(&csv, (double[]){ 3, 0.125 }, 2);
    setrlimit(RLIMIT_FSIZE, &before);
    csv_row(&csv, (double[]){ 4, 0.0625 }, 2);
    assert_false(csv_close(&csv));
    fclose(log);
    assert_text("epoch,loss\n1,0.5\n4,0.0625\n");
    assert_ptr_equal(strstr(told, "kvist: warning: "), told);
    assert_non_null(strstr(told, "File too large"));
    assert_ptr_equal(strchr(told, '\n'), told + strlen(told) - 1);
    free(told);
}

/* Neither a file without a header nor half of one, which a reader would take for a row or a row for it. Row 48. */
static void a_header_that_found_no_room_comes_before_the_first_row(void **state)
{
    (void)state;
    csv_writer csv;
    struct rlimit before, small;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = sizeof header - 1; /* its newline is too much */
    for (int resumes = 0; resumes < 2; resumes++) {
        unlink(path);
        setrlimit(RLIMIT_FSIZE, &small);
        assert_true((resumes ? csv_resume(&csv, path, header, 9, NULL) : csv_create(&csv, path, header, NULL)));
        csv_row(&csv, (double[]){ 1, 0.5 }, 2);
        assert_text("");
        setrlimit(RLIMIT_FSIZE, &before);
        csv_row(&csv, (double[]){ 2, 0.25 }, 2);
        csv_row(&csv, (double[]){ 3, 0.125 }, 2);
        assert_false(csv_close(&csv));
        assert_text("epoch,loss\n2,0.25\n3,0.125\n");
    }
    assert_true(csv_resume(&csv, path, header, 2, NULL));
    assert_true(csv_close(&csv));
    assert_text("epoch,loss\n2,0.25\n");
}

static void closed_writer_drops_rows_and_bad_paths_are_told(void **state)
{
    (void)state;
    csv_writer none = CSV_CLOSED, csv;
    csv_row(&none, (double[]){ 1 }, 1);
    assert_true(csv_close(&none));
    assert_false(csv_create(&csv, "/nonexistent/history.csv", header, NULL));
    csv_row(&csv, (double[]){ 1, 2 }, 2);
    assert_false(csv_close(&csv));
    assert_true(csv_create(&csv, path, header, NULL));
    csv_row(&csv, (double[]){ 1, 2, 3 }, 3); /* not as many as the header names */
    assert_false(csv_close(&csv));
    assert_text("epoch,loss\n");
}

static void reads_what_it_wrote(void **state)
{
    (void)state;
    csv_table table;
    char error[256];
    csv_writer csv;
    assert_true(csv_create(&csv, path, "a,bb,c", NULL));
    for (int i = 0; i < 200; i++) csv_row(&csv, (double[]){ i, i * 0.5, NAN }, 3);
    assert_true(csv_close(&csv));
    assert_true(csv_read(&table, path, error));
    assert_int_equal(table.rows, 200);
    const double *b = csv_column(&table, "bb");
    assert_non_null(b);
    for (int i = 0; i < 200; i++) assert_true(b[i] == i * 0.5);
    assert_true(isnan(csv_column(&table, "c")[7]));
    assert_null(csv_column(&table, "b"));
    csv_free(&table);

    write_text("a,b\n1,\n2,3\n4,");
    assert_true(csv_read(&table, path, error));
    assert_int_equal(table.rows, 2);
    assert_true(isnan(csv_column(&table, "b")[0]));
    csv_free(&table);
}

static void refuses_what_is_no_table(void **state)
{
    (void)state;
    csv_table table;
    char error[256];
    write_text("a,b\n1,2\n1\n");
    assert_false(csv_read(&table, path, error));
    assert_non_null(strstr(error, ":3: expected as many numbers"));
    write_text("a,b\n1,2,3\n");
    assert_false(csv_read(&table, path, error));
    assert_non_null(strstr(error, ":2: "));
    write_text("");
    assert_false(csv_read(&table, path, error));
    assert_non_null(strstr(error, ":1: expected a header line"));
    assert_false(csv_read(&table, "/nonexistent", error));
    assert_non_null(strstr(error, "/nonexistent: No such file"));
    assert_null(table.values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_on_disk_at_once),
        cmocka_unit_test(resume_cuts_what_the_checkpoint_does_not_know),
        cmocka_unit_test(resume_needs_the_same_header_and_makes_a_missing_file),
        cmocka_unit_test(a_fifo_is_not_waited_for),
        cmocka_unit_test(full_disk_loses_whole_rows_and_is_told_once),
        cmocka_unit_test(a_header_that_found_no_room_comes_before_the_first_row),
        cmocka_unit_test(closed_writer_drops_rows_and_bad_paths_are_told),
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(refuses_what_is_no_table),
    };
    return cmocka_run_group_tests(tests, make_path, temp_tear_down);
}
