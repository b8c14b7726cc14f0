#include "run.h"

#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *program_name = "kvist";
static bool stdout_reported;
static volatile sig_atomic_t caught_signal;

void run_start(const char *program)
{
    program_name = program;
    /* open returns the lowest free number: each closed one of 0, 1, 2 in turn */
    for (int fd = open("/dev/null", O_RDONLY); fd >= 0; fd = open("/dev/null", O_RDONLY)) {
        if (fd <= 2) continue;
        close(fd);
        break;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file beyond the limit: the write says so */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
}

enum { MESSAGE = 2 * RUN_PATH }; /* longer ones are cut */

/* "program: message", as a terminal shows it: names and files of others may hold anything. */
static void say(FILE *stream, const char *kind, const char *format, va_list arguments)
{
    char text[MESSAGE], shown[MESSAGE];
    vsnprintf(text, sizeof text, format, arguments);
    terminal_text(shown, sizeof shown, text, strlen(text));
    fprintf(stream, "%s: %s%s\n", program_name, kind, shown);
}

int run_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(stderr, "", format, arguments);
    va_end(arguments);
    return RUN_FAILED;
}

void run_warn(FILE *log, const char *format, ...)
{
    va_list arguments;
    if (!log) return;
    va_start(arguments, format);
    say(log, "warning: ", format, arguments);
    va_end(arguments);
}

/* --- folders ------------------------------------------------------------------------------------------------------ */

bool run_join(char path[RUN_PATH], const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    const char *separator = length > 0 && folder[length - 1] == '/' ? "" : "/";
    const int written = snprintf(path, RUN_PATH, "%s%s%s", folder, separator, name);
    if (written >= 0 && written < RUN_PATH) return true;
    path[0] = '\0';
    return false;
}

static bool find_in(char path[RUN_PATH], const char *folder, const char *const names[])
{
    for (; *names; names++)
        if (run_join(path, folder, *names) && access(path, R_OK) == 0) return true;
    return false;
}

static bool is_set(const char *value)
{
    return value && *value;
}

run_data run_find_data(char path[RUN_PATH], const char *option, const char *const names[])
{
    if (option) {
        if (find_in(path, option, names)) return RUN_DATA_FOUND;
        const int written = snprintf(path, RUN_PATH, "%s", option);
        return written < RUN_PATH && access(path, R_OK) == 0 ? RUN_DATA_FOUND : RUN_DATA_MISSING;
    }
    const char *folder = getenv("KVIST_DATA");
    if (is_set(folder) && find_in(path, folder, names)) return RUN_DATA_FOUND;

    char user[RUN_PATH], kvist[RUN_PATH];
    const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    bool known = false;
    if (is_set(xdg))
        known = run_join(kvist, xdg, "kvist");
    else if (is_set(home))
        known = run_join(user, home, ".local/share") && run_join(kvist, user, "kvist");
    if (known && find_in(path, kvist, names)) return RUN_DATA_FOUND;
    path[0] = '\0';
    return RUN_DATA_NONE;
}

bool run_make_folders(const char *folder)
{
    char path[RUN_PATH];
    const size_t length = strlen(folder);
    if (length == 0 || length >= sizeof path) {
        errno = length ? ENAMETOOLONG : ENOENT;
        return false;
    }
    for (size_t i = 1; i <= length; i++) {
        if (folder[i] != '/' && folder[i] != '\0') continue;
        memcpy(path, folder, i);
        path[i] = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST) return false;
    }
    return true;
}

/* Writes, not asks: access() knows nothing of a full disk, and root may write everywhere by its word. The name is
 * longer than any that a program gives there: a folder whose path leaves no room is found now. */
static bool can_write(const char *folder)
{
    char path[RUN_PATH];
    if (!run_join(path, folder, ".kvist-a-name-as-long-as-the-longest-of-a-checkpoint-beside-it-XXXXXX")) {
        errno = ENAMETOOLONG;
        return false;
    }
    const int file = mkstemp(path);
    if (file < 0) return false;
    unlink(path); /* at once: whoever is killed here leaves nothing behind */
    bool written = write(file, "x", 1) == 1 && fsync(file) == 0;
    const int error = errno;
    if (close(file) != 0) written = false;
    if (!written) errno = error;
    return written;
}

bool run_make_out(const char *folder)
{
    if (run_make_folders(folder) && can_write(folder)) return true;
    run_error("--out: expected a folder that can be written, %s: %s", folder, strerror(errno));
    return false;
}

bool run_has_checkpoint(const char *path)
{
    char previous[RUN_PATH + 8];
    snprintf(previous, sizeof previous, "%s.prev", path);
    return access(path, F_OK) == 0 || access(previous, F_OK) == 0;
}

/* --- signals ------------------------------------------------------------------------------------------------------ */

/* timeout(1) sends its signal twice, to the program and to the group it is in: only what comes later is a second wish.
 */
static void on_signal(int number)
{
    static double caught_at; /* of the handler alone, which masks both signals */
    const double now = run_seconds();
    if (caught_signal && now - caught_at >= RUN_SIGNAL_PAUSE) _exit(RUN_INTERRUPTED);
    if (!caught_signal) caught_at = now;
    caught_signal = number;
}

void run_catch_signals(void)
{
    struct sigaction action = { .sa_flags = SA_RESTART };
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool run_interrupted(void)
{
    return caught_signal != 0;
}

static bool is_shown(const char *argument)
{
    char shown[RUN_PATH];
    terminal_text(shown, sizeof shown, argument, strlen(argument));
    return strcmp(shown, argument) == 0;
}

/* What a terminal would not show, as $'...' of octal numbers. */
static void print_escaped(const char *argument)
{
    fputs(" $'", stderr);
    for (; *argument; argument++) {
        const unsigned char c = (unsigned char)*argument;
        if (c >= ' ' && c < 0x7f && c != '\'' && c != '\\')
            fputc(c, stderr);
        else
            fprintf(stderr, "\\%03o", c);
    }
    fputc('\'', stderr);
}

/* An argument as a shell takes it. */
static void print_quoted(const char *argument)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+./:,@%";
    if (*argument && strspn(argument, plain) == strlen(argument)) {
        fprintf(stderr, " %s", argument);
        return;
    }
    if (!is_shown(argument)) {
        print_escaped(argument);
        return;
    }
    fputs(" '", stderr);
    for (; *argument; argument++) {
        if (*argument == '\'')
            fputs("'\\''", stderr);
        else
            fputc(*argument, stderr);
    }
    fputc('\'', stderr);
}

int run_say_resume(int argc, char *const argv[])
{
    bool resumes = false;
    fprintf(stderr, "%s: interrupted, state saved; go on with:\n ", program_name);
    for (int i = 0; i < argc; i++) {
        const bool load = strcmp(argv[i], "--load") == 0;
        if (load) i++; /* its value too */
        if (load || strncmp(argv[i], "--load=", 7) == 0) continue;
        print_quoted(argv[i]);
        if (strcmp(argv[i], "--resume") == 0) resumes = true;
    }
    fputs(resumes ? "\n" : " --resume\n", stderr);
    return RUN_INTERRUPTED;
}

int run_say_lost(void)
{
    run_error("interrupted; nothing is saved without --out");
    return RUN_INTERRUPTED;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

double run_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void run_result(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("result: ", stdout);
    vprintf(format, arguments);
    fputc('\n', stdout);
    va_end(arguments);
}

bool run_stdout_ok(void)
{
    const bool flushed = fflush(stdout) == 0;
    const int error = errno;
    if (flushed && !ferror(stdout)) return true;
    if (!stdout_reported)
        run_error("warning: stdout: %s", flushed ? "some lines could not be written" : strerror(error));
    stdout_reported = true;
    return false;
}

int run_finish(int code)
{
    run_stdout_ok();
    return code;
}
