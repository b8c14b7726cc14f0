/*
 * A program linked so that every allocation of ours in it can be made to fail (support/alloc.c); its main is
 * program_main. The command line is run with the n-th allocation failing, once, n from 1 in steps of ONCE, then with
 * all from the n-th on, in steps of FOR-GOOD, until none is left to fail, each time in a new empty folder. It must end
 * by itself, soon: with exit code 1 and one line that says why, or with the last line of a run in which nothing failed
 * and with its files, unless a line says what became of one.
 *
 * usage: oom_PROGRAM ONCE FOR-GOOD OPTIONS..
 */
#include "alloc.h"
#include "temp.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

enum { SECONDS = 200 }; /* more is a hang */

int program_main(int argc, char *argv[]);

static int program_argc;
static char **program_argv;
static int told; /* where the child says whether an allocation failed */

enum { FILES = 32 };

typedef struct left_file {
    char name[TEMP_PATH]; /* below the folder */
    size_t size;
    uLong sum; /* of what is no time */
} left_file;

typedef struct outcome {
    bool any_failed; /* of the allocations; false if the program was killed */
    int status;      /* of waitpid */
    char *out, *err; /* what it printed */
    int count;       /* of the files it left, if its exit code was 0 */
    left_file files[FILES];
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

/* Without the last column of a history, its seconds; the size that remains. */
static size_t cut_history(char *text, size_t size)
{
    const char *newline = memchr(text, '\n', size);
    if (!newline || newline - text < 8 || strncmp(newline - 8, ",seconds", 8) != 0) return size;
    char *to = text, *comma = text;
    for (const char *from = text; from < text + size; from++) {
        if (*from == '\n') to = comma;
        if (*from == ',') comma = to;
        *to++ = *from;
    }
    return (size_t)(to - text);
}

/* Nulls for a checkpoint's seconds, its epochs with theirs and its seal, where the header says that they are. */
static void blank_checkpoint(char *text, size_t size)
{
    static const char *const names[] = { "seconds\":{", "fit.history\":{", "kvist.seal\":{" };
    uint64_t header;
    assert_true(size > sizeof header);
    memcpy(&header, text, sizeof header);
    assert_in_range(header, 1, size - sizeof header);
    char *data = text + sizeof header + header;
    data[-1] = '\0'; /* a space or the last brace */
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (const char *at = text + sizeof header; (at = strstr(at, names[i])); at++) {
            static const char key[] = "\"data_offsets\":[";
            char *offsets = strstr(at, key);
            assert_non_null(offsets);
            const size_t from = strtoul(offsets + sizeof key - 1, &offsets, 10), to = strtoul(offsets + 1, NULL, 10);
            assert_true(from <= to && to <= size - sizeof header - header);
            memset(data + from, 0, to - from);
        }
    }
}

static void look_at_file(outcome *o, const char *name)
{
    assert_in_range(o->count, 0, FILES - 1);
    left_file *file = &o->files[o->count++];
    unsigned char *bytes = temp_read(temp_path(&temp_here, name), &file->size);
    if (strstr(name, ".csv")) file->size = cut_history((char *)bytes, file->size);
    if (strstr(name, "checkpoint")) blank_checkpoint((char *)bytes, file->size);
    snprintf(file->name, sizeof file->name, "%s", name);
    char *events = strstr(file->name, ".tfevents"); /* times in its name and all over it */
    if (events)
        *events = '\0';
    else
        file->sum = crc32_z(0, bytes, file->size);
    free(bytes);
}

static void look_at_files(outcome *o, const char *folder)
{
    DIR *open_folder = opendir(temp_path(&temp_here, folder));
    const struct dirent *entry;
    assert_non_null(open_folder);
    while ((entry = readdir(open_folder))) {
        char name[TEMP_PATH];
        struct stat info;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        assert_in_range(snprintf(name, sizeof name, "%s%s%s", folder, *folder ? "/" : "", entry->d_name), 1,
                        sizeof name - 1);
        assert_int_equal(stat(temp_path(&temp_here, name), &info), 0);
        if (S_ISDIR(info.st_mode))
            look_at_files(o, name);
        else if (strcmp(name, "stdout") != 0 && strcmp(name, "stderr") != 0)
            look_at_file(o, name);
    }
    closedir(open_folder);
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
    if (o.status == 0) look_at_files(&o, "");
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

static const left_file *find_file(const outcome *o, const char *name)
{
    for (int i = 0; i < o->count; i++)
        if (strcmp(o->files[i].name, name) == 0) return &o->files[i];
    return NULL;
}

/* Whether stderr tells of the file: of a picture and of events, which hold one, any line does; a model and a checkpoint
 * are not done without. */
static bool is_told(const outcome *o, const char *name)
{
    const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;
    if (strcmp(name, "model") == 0 || strstr(name, "checkpoint")) return false;
    if (strstr(name, ".png") || strstr(name, ".gif") || strstr(name, "/events.")) return *o->err != '\0';
    return strstr(o->err, last) != NULL;
}

/* Whether both left the same files, but for those that stderr tells of. */
static bool same_files(const outcome *o, const outcome *clean)
{
    for (int i = 0; i < clean->count; i++) {
        const left_file *theirs = &clean->files[i], *ours = find_file(o, theirs->name);
        if ((!ours || ours->size != theirs->size || ours->sum != theirs->sum) && !is_told(o, theirs->name)) {
            fprintf(stderr, "%s: %s\n", theirs->name, ours ? "another" : "none");
            return false;
        }
    }
    for (int i = 0; i < o->count; i++) {
        if (!find_file(clean, o->files[i].name)) {
            fprintf(stderr, "%s: one too many\n", o->files[i].name);
            return false;
        }
    }
    return true;
}

/* What is wrong with the outcome, or NULL. */
static const char *judge(const outcome *o, const outcome *clean, bool for_good)
{
    const int most = for_good ? 3 : 1;
    if (WIFSIGNALED(o->status)) return WTERMSIG(o->status) == SIGALRM ? "a hang" : "killed by a signal";
    if (WEXITSTATUS(o->status) > 1) return "another exit code than 0 and 1";
    if (!has_lines(o->err, WEXITSTATUS(o->status), most)) return "too few or too many lines on stderr";
    if (o->status == 0 && strcmp(o->out, clean->out) != 0) return "it went on, to another result";
    if (o->status == 0 && !same_files(o, clean)) return "it went on, to other files";
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
