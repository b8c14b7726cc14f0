/* Folders, signals, the result line and a stdout that cannot be written, each in a process of its own where it ends
 * one. */
#include "run.h"
#include "temp.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static int remove_folder(void **state)
{
    const int left = temp_entries(&temp_here); /* by a test */
    return temp_tear_down(state) + left;
}

static void joins_paths(void **state)
{
    (void)state;
    char path[RUN_PATH], longest[RUN_PATH];
    assert_true(run_join(path, "a", "b"));
    assert_string_equal(path, "a/b");
    assert_true(run_join(path, "/", "b"));
    assert_string_equal(path, "/b");
    memset(longest, 'x', sizeof longest);
    longest[RUN_PATH - 1] = '\0';
    assert_false(run_join(path, longest, "b"));
    assert_string_equal(path, "");
}

static void touch(const char *parent, const char *name, char path[RUN_PATH])
{
    assert_true(run_join(path, parent, name));
    const int file = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(file >= 0);
    close(file);
}

static void finds_data_in_the_order_promised(void **state)
{
    (void)state;
    static const char *const names[] = { "set.tar.gz", "set", NULL };
    char a[RUN_PATH], b[RUN_PATH], kvist[RUN_PATH], file_a[RUN_PATH], file_b[RUN_PATH], file_user[RUN_PATH],
        path[RUN_PATH];
    run_join(a, temp_here.path, "a");
    run_join(b, temp_here.path, "b");
    run_join(kvist, temp_here.path, "kvist");
    assert_int_equal(mkdir(a, 0700) | mkdir(b, 0700) | mkdir(kvist, 0700), 0);
    touch(a, "set", file_a);
    touch(b, "set.tar.gz", file_b);

    unsetenv("KVIST_DATA");
    setenv("XDG_DATA_HOME", temp_here.path, 1);
    assert_int_equal(run_find_data(path, NULL, names), RUN_DATA_NONE);
    touch(kvist, "set", file_user);
    assert_int_equal(run_find_data(path, NULL, names), RUN_DATA_FOUND);
    assert_string_equal(path, file_user);
    setenv("KVIST_DATA", b, 1);
    assert_int_equal(run_find_data(path, NULL, names), RUN_DATA_FOUND);
    assert_string_equal(path, file_b);
    assert_int_equal(run_find_data(path, a, names), RUN_DATA_FOUND);
    assert_string_equal(path, file_a);
    assert_int_equal(run_find_data(path, file_a, names), RUN_DATA_FOUND);
    assert_string_equal(path, file_a);
    assert_int_equal(run_find_data(path, temp_here.path, names),
                     RUN_DATA_FOUND); /* the data set itself, for its loader to judge */
    assert_string_equal(path, temp_here.path);
    assert_int_equal(run_find_data(path, "/nonexistent", names), RUN_DATA_MISSING);

    unlink(file_a), unlink(file_b), unlink(file_user);
    rmdir(a), rmdir(b), rmdir(kvist);
}

/* What body prints on stdout and stderr, and how its process ends. */
typedef struct outcome {
    int status;
    char text[1024];
} outcome;

static outcome in_child(int (*body)(void), const char *stdout_path)
{
    outcome result = { 0 };
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], 2);
        dup2(stdout_path ? open(stdout_path, O_WRONLY) : ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        const int code = body();
        fflush(NULL);
        _exit(code);
    }
    close(ends[1]);
    size_t length = 0;
    for (ssize_t n; length < sizeof result.text - 1 &&
                    (n = read(ends[0], result.text + length, sizeof result.text - 1 - length)) > 0;)
        length += (size_t)n;
    close(ends[0]);
    waitpid(child, &result.status, 0);
    return result;
}

static void assert_exit(outcome result, int code, const char *text)
{
    assert_true(WIFEXITED(result.status));
    assert_int_equal(WEXITSTATUS(result.status), code);
    assert_string_equal(result.text, text);
}

static int make_bad_folders(void)
{
    run_start("prog");
    return run_make_out("/proc/self/nothing") || run_make_out("/dev/null") || run_make_out("");
}

/* A path of which only the folder's own part fits. */
static int make_long_folder(void)
{
    char path[RUN_PATH] = "";
    const size_t length = strlen(temp_here.path);
    memcpy(path, temp_here.path, length);
    for (size_t i = length; i < RUN_PATH - 30; i++) path[i] = (i - length) % 2 ? '.' : '/';
    run_start("prog");
    if (run_make_out(path)) return 1;
    path[RUN_PATH - 100] = '\0';
    return !run_make_out(path);
}

/* Row 44 of docs/faults.md. */
static void proves_that_out_can_be_written(void **state)
{
    (void)state;
    char parent[RUN_PATH], deep[RUN_PATH];
    run_join(parent, temp_here.path, "x");
    run_join(deep, parent, "y/");
    assert_true(run_make_out(deep));
    assert_true(run_make_out(deep));  /* there already */
    assert_int_equal(rmdir(deep), 0); /* and empty: the file of proof is gone */
    assert_int_equal(rmdir(parent), 0);
    const outcome told = in_child(make_long_folder, NULL);
    assert_int_equal(told.status, 0);
    assert_non_null(strstr(told.text, "prog: --out: expected a folder that can be written, "));
    assert_exit(in_child(make_bad_folders, NULL), 0,
                "prog: --out: expected a folder that can be written, /proc/self/nothing: No such file or directory\n"
                "prog: --out: expected a folder that can be written, /dev/null: Not a directory\n"
                "prog: --out: expected a folder that can be written, : No such file or directory\n");
}

static int first_signal(void)
{
    char *argv[] = { (char[]){ "./prog" },
                     (char[]){ "--load" },
                     (char[]){ "a" },
                     (char[]){ "--predict" },
                     (char[]){ "it's" },
                     (char[]){ "--load=b" },
                     (char[]){ "caf\xc3\xa9" },
                     (char[]){ "\033[31m'\xc2\x9b" },
                     NULL };
    run_start("prog");
    run_catch_signals();
    if (run_interrupted()) return 99;
    raise(SIGTERM);
    return run_interrupted() ? run_say_resume(8, argv) : 98;
}

static int lost(void)
{
    run_start("prog");
    return run_say_lost();
}

static int warn(void)
{
    run_start("prog");
    run_warn(stderr, "%s: %d", "file", 7);
    run_warn(NULL, "nobody hears");
    run_warn(stderr, "%s", "\033[31m\xc2\x9b\xff\xc3\xa9");
    return RUN_DONE;
}

static void says_who_speaks(void **state)
{
    (void)state;
    assert_exit(in_child(lost, NULL), 130, "prog: interrupted; nothing is saved without --out\n");
    assert_exit(in_child(warn, NULL), 0, "prog: warning: file: 7\nprog: warning: ?[31m???\xc3\xa9\n");
}

static int second_signal(void)
{
    run_start("prog");
    run_catch_signals();
    raise(SIGINT);
    raise(SIGINT); /* the double of the first, as timeout(1) sends it */
    fputs("alive\n", stderr);
    nanosleep(&(struct timespec){ .tv_sec = RUN_SIGNAL_PAUSE }, NULL);
    raise(SIGINT);
    return 97;
}

/* Row 46 of docs/faults.md. */
static void first_signal_is_a_wish_second_an_order(void **state)
{
    (void)state;
    assert_exit(in_child(first_signal, NULL), 130,
                "prog: interrupted, state saved; go on with:\n  ./prog --predict 'it'\\''s' 'caf\xc3\xa9' "
                "$'\\033[31m\\047\\302\\233' --resume\n");
    assert_exit(in_child(second_signal, NULL), 130, "alive\n");
}

static int print_result(void)
{
    run_start("prog");
    run_result("score=%.1f seconds=%d", 4.25, 7);
    return run_finish(RUN_DONE);
}

static void result_is_one_line(void **state)
{
    (void)state;
    assert_exit(in_child(print_result, NULL), 0, "result: score=4.2 seconds=7\n");
}

static int print_to_closed(void)
{
    close(1);
    run_start("prog");
    const int file = open("/dev/null", O_WRONLY);
    const bool own = file > 2; /* a file of ours must not become stdout */
    run_result("a=1");
    return own ? run_finish(RUN_DONE) : 96;
}

static int print_to_broken_pipe(void)
{
    int ends[2];
    if (pipe(ends) != 0) return 95;
    dup2(ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    return print_result();
}

/* Row 48 of docs/faults.md. */
static void lost_stdout_is_told_and_stops_nothing(void **state)
{
    (void)state;
    outcome result = in_child(print_result, "/dev/full");
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.text, "prog: warning: stdout: "));
    assert_ptr_equal(strchr(result.text, '\n'), result.text + strlen(result.text) - 1);
    result = in_child(print_to_closed, NULL);
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.text, "prog: warning: stdout: "));
    result = in_child(print_to_broken_pipe, NULL);
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.text, "prog: warning: stdout: "));
}

static void clock_goes_forward(void **state)
{
    (void)state;
    const double start = run_seconds();
    nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
    const double passed = run_seconds() - start;
    assert_true(passed >= 0.02 && passed < 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_paths),
        cmocka_unit_test(finds_data_in_the_order_promised),
        cmocka_unit_test(proves_that_out_can_be_written),
        cmocka_unit_test(first_signal_is_a_wish_second_an_order),
        cmocka_unit_test(says_who_speaks),
        cmocka_unit_test(result_is_one_line),
        cmocka_unit_test(lost_stdout_is_told_and_stops_nothing),
        cmocka_unit_test(clock_goes_forward),
    };
    return cmocka_run_group_tests(tests, temp_set_up, remove_folder);
}
