/*
 * A program linked so that every allocation of ours in it can be made to fail (support/alloc.c); its main is
 * program_main. The command line is run with the n-th allocation failing, once, n from 1 in steps of ONCE, then with
 * all from the n-th on, in steps of FOR-GOOD, until none is left to fail, each time in a new empty folder. It must end
 * by itself, soon: with exit code 1 and one line that says why, or with the last line of a run in which nothing failed.
 *
 * usage: oom_PROGRAM ONCE FOR-GOOD OPTIONS..
 */
#include "alloc.h"
#include "temp.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SECONDS = 200 }; /* more is a hang */

int program_main(int argc, char *argv[]);

static int program_argc;
static char **program_argv;
static int told; /* where the child says whether an allocation failed */

typedef struct outcome {
    bool any_failed; /* of the allocations; false if the program was killed */
    int status;      /* of waitpid */
    char *out, *err; /* what it printed */
} outcome;

static void tell_failed(void)
{
    const char failed = alloc_failed() > 0;
    alloc_fail(0, false);
    if (write(told, &failed, 1) != 1) _exit(99);
}

static void send_to(int descriptor, const char *name)
{
    const int file = open(temp_path(&temp_here, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || dup2(file, descriptor) < 0) _exit(98);
    close(file);
}

static void run_child(size_t n, bool for_good)
{
    if (chdir(temp_here.path) != 0) _exit(97);
    send_to(STDOUT_FILENO, "stdout");
    send_to(STDERR_FILENO, "stderr");
    static const int cmockas[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL }; /* which it would turn into an exit code */
    for (size_t i = 0; i < sizeof cmockas / sizeof cmockas[0]; i++) signal(cmockas[i], SIG_DFL);
    lseek(STDIN_FILENO, 0, SEEK_SET); /* from its beginning, if it is a file */
    alarm(SECONDS);
    atexit(tell_failed);
    alloc_fail(n, for_good);
    exit(program_main(program_argc, program_argv));
}

static char *read_text(const char *name)
{
    size_t size;
    char *text = (char *)temp_read(temp_path(&temp_here, name), &size);
    text[size] = '\0';
    return text;
}

static outcome run(size_t n, bool for_good)
{
    outcome o = { 0 };
    int ends[2];
    char failed = 0;
    temp_make(&temp_here);
    assert_int_equal(pipe(ends), 0);
    told = ends[1];
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) run_child(n, for_good);
    close(ends[1]);
    assert_int_equal(waitpid(child, &o.status, 0), child);
    o.any_failed = read(ends[0], &failed, 1) == 1 && failed;
    close(ends[0]);
    o.out = read_text("stdout");
    o.err = read_text("stderr");
    temp_remove(&temp_here);
    return o;
}

/* The last line, without the seconds that a result ends with. */
static void cut_to_result(char *out)
{
    size_t length = strlen(out);
    while (length > 0 && out[length - 1] == '\n') out[--length] = '\0';
    char *last = strrchr(out, '\n'), *seconds;
    if (last) memmove(out, last + 1, strlen(last));
    if ((seconds = strstr(out, " seconds="))) *seconds = '\0';
}

/* Each failure tells of itself in a line: pictures and events that are done without do not end the program. */
static bool has_lines(const char *text, int least, int most)
{
    int lines = 0;
    for (const char *c = text; *c; c++) lines += *c == '\n';
    return lines >= least && lines <= most;
}

/* What is wrong with the outcome, or NULL. */
static const char *judge(const outcome *o, const outcome *clean, bool for_good)
{
    const int most = for_good ? 3 : 1;
    if (WIFSIGNALED(o->status)) return WTERMSIG(o->status) == SIGALRM ? "a hang" : "killed by a signal";
    if (WEXITSTATUS(o->status) > 1) return "another exit code than 0 and 1";
    if (!has_lines(o->err, WEXITSTATUS(o->status), most)) return "too few or too many lines on stderr";
    if (o->status == 0 && strcmp(o->out, clean->out) != 0) return "it went on, to another result";
    return NULL;
}

static void fail_each(const outcome *clean, size_t step, bool for_good)
{
    size_t n = 1, errors = 0;
    for (bool any_failed = true; any_failed; n += step) {
        outcome o = run(n, for_good);
        cut_to_result(o.out);
        const char *wrong = judge(&o, clean, for_good);
        if (wrong)
            fail_msg("allocation %zu%s: %s (status %d): %s%s", n, for_good ? " and all after it" : "", wrong, o.status,
                     o.err, o.out);
        errors += o.status != 0;
        any_failed = o.any_failed || o.status != 0;
        free(o.out);
        free(o.err);
    }
    printf("allocations 1 to %zu%s, in steps of %zu: %zu errors\n", n - 2 * step, for_good ? " and all after each" : "",
           step, errors);
    assert_true(errors > 0);
}

static size_t steps[2]; /* once, for good */

static void each_allocation_fails(void **state)
{
    (void)state;
    outcome clean = run(0, false);
    if (clean.status != 0) fail_msg("with all its memory: %s%s", clean.out, clean.err);
    cut_to_result(clean.out);
    for (int for_good = 0; for_good < 2; for_good++) fail_each(&clean, steps[for_good], for_good);
    free(clean.out);
    free(clean.err);
}

int main(int argc, char *argv[])
{
    if (argc < 3) return 2;
    for (int i = 0; i < 2; i++) steps[i] = strtoul(argv[i + 1], NULL, 10);
    program_argc = argc - 2;
    program_argv = argv + 2;
    program_argv[0] = argv[0];
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_allocation_fails) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
