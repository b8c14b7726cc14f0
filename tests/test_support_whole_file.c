/* Files that are there whole or not at all: each call that writes one fails, the disk fills up, the place is taken. Row
 * 39. */
#include "faults.h"
#include "temp.h"
#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
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

static const char old[] = "what was there before";
enum { LINES = 1000 };

/* Writes more than a buffer; NULL, or why not. */
static const char *write_lines(const char *path)
{
    static whole_file file;
    if (whole_open(&file, path)) {
        for (int i = 0; i < LINES; i++) fprintf(file.stream, "line %d of a file that is longer\n", i);
        whole_place(&file);
    }
    whole_discard(&file);
    return file.why;
}

static void assert_old(const char *path, bool expected)
{
    size_t size;
    unsigned char *now = temp_read(path, &size);
    assert_int_equal(size == sizeof old && memcmp(now, old, size) == 0, expected);
    free(now);
}

static void replaces_the_old_file(void **state)
{
    (void)state;
    const char *path = temp_write(&temp_here, "file", old, sizeof old);
    const int entries = temp_entries(&temp_here);
    assert_null(write_lines(path));
    assert_old(path, false);
    assert_int_equal(temp_entries(&temp_here), entries);
    assert_int_equal(unlink(path), 0);
}

static void each_call_fails(void **state)
{
    (void)state;
    static const int numbers[] = { ENOSPC, EIO, EROFS };
    const char *path = temp_write(&temp_here, "file", old, sizeof old);
    const int entries = temp_entries(&temp_here);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        enum { CALLS = 4 /* open, fdopen, fclose, rename */ };
        for (int k = 1; k <= CALLS; k++) {
            fault_at(k, numbers[i], false);
            const char *why = write_lines(path);
            assert_true(fault_happened());
            fault_at(0, 0, false);
            assert_non_null(why);
            assert_string_equal(why, strerror(numbers[i]));
            assert_old(path, true);
            assert_int_equal(temp_entries(&temp_here), entries);
        }
    }
    assert_int_equal(unlink(path), 0);
}

/* A limit on the size of files is a disk that fills up. */
static void full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    const char *path = temp_write(&temp_here, "file", old, sizeof old);
    const int entries = temp_entries(&temp_here);
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 0; room <= 20000; room += 10000) {
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ room, limit.rlim_max }), 0);
        const char *why = write_lines(path);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_non_null(why);
        assert_string_equal(why, strerror(EFBIG));
        assert_old(path, true);
        assert_int_equal(temp_entries(&temp_here), entries);
    }
    signal(SIGXFSZ, before);
    assert_int_equal(unlink(path), 0);
}

/* What did not fit is lost even if there is room again when the file is closed. */
static void room_that_comes_too_late_is_no_help(void **state)
{
    (void)state;
    static whole_file file;
    const char *path = temp_write(&temp_here, "file", old, sizeof old);
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_true(whole_open(&file, path));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 10, limit.rlim_max }), 0);
    setvbuf(file.stream, NULL, _IONBF, 0);
    assert_true(fputs("more than ten bytes", file.stream) < 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_false(whole_place(&file));
    assert_string_equal(file.why, strerror(EFBIG));
    whole_discard(&file);
    assert_old(path, true);
    signal(SIGXFSZ, before);
    assert_int_equal(unlink(path), 0);
}

static void what_is_no_file_is_not_replaced(void **state)
{
    (void)state;
    const char *path = temp_path(&temp_here, "place");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_string_equal(write_lines(path), "expected a regular file or none, got something else");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_string_equal(write_lines(path), "expected a regular file or none, got something else");
    assert_int_equal(unlink(path), 0);
    assert_string_equal(write_lines("/nonexistent/file"), strerror(ENOENT));
    assert_int_equal(temp_entries(&temp_here), 0);
}

static void names_that_are_too_long_are_refused(void **state)
{
    (void)state;
    char *path = malloc(RUN_PATH);
    assert_non_null(path);
    memset(path, 'a', RUN_PATH - 1);
    path[RUN_PATH - 1] = '\0';
    assert_string_equal(write_lines(path), strerror(ENAMETOOLONG));
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces_the_old_file),           cmocka_unit_test(each_call_fails),
        cmocka_unit_test(full_disk_leaves_the_old_file),   cmocka_unit_test(room_that_comes_too_late_is_no_help),
        cmocka_unit_test(what_is_no_file_is_not_replaced), cmocka_unit_test(names_that_are_too_long_are_refused)
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
