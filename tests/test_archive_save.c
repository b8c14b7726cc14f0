/*
 * Saving when the system does not play along: every call made to fail with every error, to be interrupted, to be the
 * last one before a kill. The old or the new file is there afterwards, whole; the linker puts these calls before the
 * library's own (-Wl,--wrap).
 */
#include "child.h"
#include "files/system.h"
#include "generations.h"
#include "temp.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* --- faults --- */

typedef enum fault_kind { NO_FAULT, FAIL_ONCE, FAIL_FROM, KILL } fault_kind;

static struct {
    fault_kind kind;
    int at;     /* the call, from 1 */
    int number; /* errno */
    int calls;
    const char *failed; /* the name of the call that was hit */
    int unsynced;       /* the descriptor whose fsync failed, until it is closed; else -1 */
    int synced_again;   /* fsyncs of it after that */
    bool short_reads_and_writes;
} fault;

static bool hit(const char *name)
{
    fault.calls++;
    const bool this_one = fault.calls == fault.at || (fault.kind == FAIL_FROM && fault.calls > fault.at);
    if (fault.kind == NO_FAULT || !this_one) return false;
    if (fault.kind == KILL) _exit(9);
    if (!fault.failed) fault.failed = name;
    errno = fault.number;
    return true;
}

static void set_fault(fault_kind kind, int at, int number)
{
    fault.kind = kind;
    fault.at = at;
    fault.number = number;
    fault.calls = 0;
    fault.failed = NULL;
    fault.unsynced = -1;
    fault.synced_again = 0;
}

#define WRAP(name, parameters, arguments)                                                                              \
    int __real_nn_sys_##name parameters;                                                                               \
    int __wrap_nn_sys_##name parameters;                                                                               \
    int __wrap_nn_sys_##name parameters                                                                                \
    {                                                                                                                  \
        return hit(#name) ? -1 : __real_nn_sys_##name arguments;                                                       \
    }
WRAP(open_directory, (const char *path), (path))
WRAP(create, (const char *path, mode_t mode), (path, mode))
WRAP(open_read, (const char *path), (path))
WRAP(stat, (const char *path, nn_sys_info *info), (path, info))
WRAP(fstat, (int fd, nn_sys_info *info), (fd, info))
WRAP(link, (const char *from, const char *to), (from, to))
WRAP(rename, (const char *from, const char *to), (from, to))
WRAP(unlink, (const char *path), (path))
WRAP(lock, (int fd), (fd))
WRAP(open_lock, (const char *path), (path))

/* Its data may be lost, of which a second fsync says nothing. */
int __real_nn_sys_fsync(int fd);
int __wrap_nn_sys_fsync(int fd);
int __wrap_nn_sys_fsync(int fd)
{
    if (fd == fault.unsynced) fault.synced_again++;
    if (!hit("fsync")) return __real_nn_sys_fsync(fd);
    fault.unsynced = fd;
    return -1;
}

/* The descriptor is gone even if close() fails. */
int __real_nn_sys_close(int fd);
int __wrap_nn_sys_close(int fd);
int __wrap_nn_sys_close(int fd)
{
    const bool fails = hit("close");
    if (fd == fault.unsynced) fault.unsynced = -1;
    const int number = errno, result = __real_nn_sys_close(fd);
    errno = fails ? number : errno;
    return fails ? -1 : result;
}

/* A disk that is full takes what there is room for first. */
ssize_t __real_nn_sys_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_nn_sys_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_nn_sys_write(int fd, const void *bytes, size_t size)
{
    const bool fails = hit("write");
    if (fails && fault.number == ENOSPC && size > 1 && __real_nn_sys_write(fd, bytes, size / 2) < 0) return -1;
    if (fails) {
        errno = fault.number;
        return -1;
    }
    return __real_nn_sys_write(fd, bytes, fault.short_reads_and_writes && size > 3 ? 3 : size);
}

ssize_t __real_nn_sys_read(int fd, void *bytes, size_t size);
ssize_t __wrap_nn_sys_read(int fd, void *bytes, size_t size);
ssize_t __wrap_nn_sys_read(int fd, void *bytes, size_t size)
{
    return hit("read") ? -1 : __real_nn_sys_read(fd, bytes, fault.short_reads_and_writes && size > 3 ? 3 : size);
}

int __real_nn_sys_list(const char *directory, void (*visit)(const char *, void *), void *context);
int __wrap_nn_sys_list(const char *directory, void (*visit)(const char *, void *), void *context);
int __wrap_nn_sys_list(const char *directory, void (*visit)(const char *, void *), void *context)
{
    return hit("list") ? -1 : __real_nn_sys_list(directory, visit, context);
}

static int remove_folder(void **state)
{
    set_fault(NO_FAULT, 0, 0);
    return temp_tear_down(state);
}

static const char *prepare(const char *name, bool with_old)
{
    set_fault(NO_FAULT, 0, 0);
    return prepare_generations(name, with_old);
}

/* --- each call fails --- */

static void expect_message(const nn_error *error, int number)
{
    if (error->status != NN_ERR_IO || !strstr(error->text, strerror(number)) || !strstr(error->text, temp_here.path))
        fail_msg("%s failed with %s: %d: %s", fault.failed, strerror(number), (int)error->status, error->text);
}

/* One save with the k-th call failing; false when there is no k-th call. */
static bool save_with_fault(const char *name, bool with_old, fault_kind kind, int k, int number)
{
    nn_error error = { 0 };
    bool exact = false;
    size_t old_size = 0, new_size = 0;
    const char *path = prepare(name, with_old);
    unsigned char *old = with_old ? temp_read(path, &old_size) : NULL;
    set_fault(kind, k, number);
    const nn_status status = save_generation(path, 3, &error);
    const char *failed = fault.failed;
    fault.kind = NO_FAULT;
    assert_int_equal(fault.synced_again, 0);
    if (failed && strcmp(failed, "fsync") == 0) assert_int_equal(status, NN_ERR_IO);
    const uint64_t loaded = load_generation(path, &exact);
    if (status == NN_OK) {
        if (loaded != 3 || !exact) fail_msg("%s (call %d) failed and the save said it did not", failed, k);
    } else if (kind == FAIL_ONCE) {
        fault.failed = failed;
        expect_message(&error, number);
        if (with_old) {
            unsigned char *now = temp_read(path, &new_size);
            assert_int_equal(new_size, old_size);
            assert_memory_equal(now, old, old_size);
            free(now);
        } else {
            assert_int_not_equal(access(path, F_OK), 0);
        }
        if (strcmp(failed, "unlink") != 0) assert_int_equal(count_temporaries(), 0);
    } else if (with_old && loaded != 2 && loaded != 3) {
        fail_msg("all from %s (call %d) on failed, and no generation loads", failed, k);
    }
    free(old);
    /* Whatever happened: the next one works and leaves nothing behind. */
    assert_int_equal(save_generation(path, 4, NULL), NN_OK);
    assert_int_equal(load_generation(path, &exact), 4);
    assert_true(exact);
    assert_int_equal(count_temporaries(), 0);
    return failed != NULL;
}

/* Rows 39 and 41. */
static void every_call_fails(void **state)
{
    (void)state;
    static const int numbers[] = { ENOSPC, EIO, EDQUOT, EINTR, EROFS };
    for (int with_old = 0; with_old < 2; with_old++)
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
            int k = 1;
            while (save_with_fault("fails", with_old, FAIL_ONCE, k, numbers[i])) k++;
            assert_in_range(k, 20, 60);
            /* Writing goes on after each signal, for as long as they come. */
            for (k = 1; numbers[i] != EINTR && save_with_fault("fails", with_old, FAIL_FROM, k, numbers[i]);) k++;
        }
}

/* The calls that must be there, each failing with its own message. */
static void names_the_call_that_failed(void **state)
{
    (void)state;
    static const struct {
        const char *call, *fragment;
    } cases[] = {
        { "open_lock", "named.lock: cannot create: Input/output error" },
        { "lock", "named.lock: cannot lock: Input/output error" },
        { "create", ".tmp: cannot create: Input/output error" },
        { "write", ".tmp: cannot write: Input/output error" },
        { "fsync", ".tmp: cannot sync: Input/output error" },
        { "close", ".tmp: cannot close: Input/output error" },
        { "link", "named: cannot link: Input/output error" },
        { "rename", "named: cannot rename to it: Input/output error" },
        { "open_directory", "/: cannot open: Input/output error" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nn_error error = { 0 };
        for (int k = 1; !fault.failed || strcmp(fault.failed, cases[i].call) != 0; k++) {
            const char *path = prepare("named", true);
            set_fault(FAIL_ONCE, k, EIO);
            (void)!save_generation(path, 3, &error);
            if (!fault.failed) fail_msg("%s is never called", cases[i].call);
        }
        if (!strstr(error.text, cases[i].fragment)) fail_msg("%s: %s", cases[i].call, error.text);
        fault.failed = NULL;
    }
}

/* A file system may lack links, locks, or the syncing of directories, and signals may interrupt: saving goes on. */
static void lacking_features_are_no_failures(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        int number;
        int nth;
    } cases[] = { { "link", EPERM, 1 },   { "link", EOPNOTSUPP, 1 }, { "link", EMLINK, 1 }, { "lock", ENOLCK, 1 },
                  { "fsync", EINVAL, 2 }, { "write", EINTR, 1 },     { "close", EINTR, 1 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int seen = 0;
        bool exact = false;
        for (int k = 1; seen < cases[i].nth; k++) {
            const char *path = prepare("lacking", true);
            nn_error error = { 0 };
            set_fault(FAIL_ONCE, k, cases[i].number);
            const nn_status status = save_generation(path, 3, &error);
            assert_non_null(fault.failed);
            if (strcmp(fault.failed, cases[i].call) != 0 || ++seen < cases[i].nth) continue;
            if (status != NN_OK) fail_msg("%s: %s", cases[i].call, error.text);
            set_fault(NO_FAULT, 0, 0);
            assert_int_equal(load_generation(path, &exact), 3);
        }
    }
}

/* Row 40. */
static void short_reads_and_writes_are_gone_on_with(void **state)
{
    (void)state;
    bool exact = false;
    const char *path = prepare("short", true);
    fault.short_reads_and_writes = true;
    assert_int_equal(save_generation(path, 3, NULL), NN_OK);
    assert_int_equal(load_generation(path, &exact), 3);
    assert_true(exact);
    fault.short_reads_and_writes = false;
    assert_int_equal(load_generation(path, &exact), 3);
    assert_true(exact);
}

/* --- each call of a load fails --- */

static nn_status load_with_fault(const char *path, const char *call, int number, nn_error *error, uint64_t *loaded)
{
    for (int k = 1;; k++) {
        keeper keep = { 0 };
        begin_keeper(&keep);
        *error = (nn_error){ 0 };
        set_fault(FAIL_ONCE, k, number);
        const nn_status status = nn_archive_load(keep.archive, path, error);
        const char *failed = fault.failed;
        set_fault(NO_FAULT, 0, 0);
        *loaded = keep.generation;
        nn_archive_destroy(keep.archive);
        if (!failed) fail_msg("%s is never called", call);
        if (strcmp(failed, call) == 0) return status;
    }
}

/* A file that cannot be read may be replaced by the one before; one that must not be read may not. */
static void loads_say_what_failed(void **state)
{
    (void)state;
    nn_error error;
    uint64_t loaded = 0;
    const char *path = prepare("loads", true);
    assert_int_equal(load_with_fault(path, "read", EINTR, &error, &loaded), NN_OK);
    assert_int_equal(loaded, 2);
    assert_int_equal(load_with_fault(path, "read", EIO, &error, &loaded), NN_OK);
    assert_int_equal(loaded, 1);
    assert_non_null(strstr(error.text, "loads: cannot read: Input/output error"));
    assert_int_equal(load_with_fault(path, "open_read", EACCES, &error, &loaded), NN_ERR_IO);
    assert_int_equal(loaded, 0);
    assert_non_null(strstr(error.text, "loads: cannot open: Permission denied"));
    assert_int_equal(load_with_fault(path, "fstat", EIO, &error, &loaded), NN_ERR_IO);
    assert_int_equal(loaded, 0);
}

/* --- kills --- */

/* Row 42. */
static void killed_at_every_call(void **state)
{
    (void)state;
    bool killed = true;
    int k = 1, news = 0;
    for (; killed; k++) {
        const char *path = prepare("killed", true);
        bool exact = false;
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            set_fault(KILL, k, 0);
            child_exit(save_generation(path, 3, NULL) == NN_OK ? 0 : 1);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_not_equal(WEXITSTATUS(status), 1);
        killed = WEXITSTATUS(status) == 9;
        const uint64_t loaded = load_generation(path, &exact);
        if ((loaded != 2 && loaded != 3) || !exact) fail_msg("killed at call %d: generation %d", k, (int)loaded);
        news += loaded == 3;
        assert_int_equal(save_generation(path, 4, NULL), NN_OK);
        assert_int_equal(count_temporaries(), 0);
    }
    assert_in_range(k, 20, 60);
    assert_in_range(news, 3, 20);
}

/* A real limit, not one of ours: the file may not grow beyond 500 bytes. */
static void files_may_not_grow(void **state)
{
    (void)state;
    nn_error error = { 0 };
    bool exact = false;
    const char *path = prepare("limit", true);
    struct rlimit before, limit;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 500;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const nn_status status = save_generation(path, 3, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, NN_ERR_IO);
    assert_non_null(strstr(error.text, ".tmp: cannot write: File too large"));
    assert_int_equal(load_generation(path, &exact), 2);
    assert_true(exact);
    assert_int_equal(count_temporaries(), 0);
}

/* --- what else is in the folder --- */

/* What a killed process left is removed; what only looks alike is not. */
static void leftovers_are_removed(void **state)
{
    (void)state;
    static const char *const gone[] = { ".left.123.tmp", ".left.9.old.tmp" };
    static const char *const kept[] = { ".left.tmp",      ".left.12x.tmp", ".left..tmp",
                                        ".other.123.tmp", "left.123.tmp",  ".left.123.tmp2" };
    const char *path = prepare("left", false);
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) temp_write(&temp_here, gone[i], "x", 1);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) temp_write(&temp_here, kept[i], "x", 1);
    assert_int_equal(save_generation(path, 1, NULL), NN_OK);
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
        assert_int_not_equal(access(temp_path(&temp_here, gone[i]), F_OK), 0);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        assert_int_equal(access(temp_path(&temp_here, kept[i]), F_OK), 0);
        unlink(temp_path(&temp_here, kept[i]));
    }
}

/* --- permissions, readers, relative paths --- */

static void keeps_permissions(void **state)
{
    (void)state;
    struct stat info;
    const char *path = prepare("private", true);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(save_generation(path, 3, NULL), NN_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

/* Row 38. */
static void a_reader_keeps_its_file(void **state)
{
    (void)state;
    size_t size = 0;
    const char *path = prepare("read", true);
    unsigned char *before = temp_read(path, &size), *after = malloc(size);
    assert_non_null(after);
    FILE *reader = fopen(path, "rb");
    assert_non_null(reader);
    assert_int_equal(fread(after, 1, 10, reader), 10);
    assert_int_equal(save_generation(path, 3, NULL), NN_OK);
    assert_int_equal(save_generation(path, 4, NULL), NN_OK);
    assert_int_equal(fread(after + 10, 1, size - 10, reader), size - 10);
    assert_memory_equal(before, after, size);
    fclose(reader);
    free(before);
    free(after);
}

static void relative_paths_work(void **state)
{
    (void)state;
    char here[1024];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(temp_here.path), 0);
    assert_int_equal(save_generation("relative", 1, NULL), NN_OK);
    assert_int_equal(save_generation("relative", 2, NULL), NN_OK);
    assert_int_equal(load_generation("relative", NULL), 2);
    assert_int_equal(access("relative.prev", F_OK), 0);
    assert_int_equal(chdir(here), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_fails),
        cmocka_unit_test(names_the_call_that_failed),
        cmocka_unit_test(lacking_features_are_no_failures),
        cmocka_unit_test(short_reads_and_writes_are_gone_on_with),
        cmocka_unit_test(loads_say_what_failed),
        cmocka_unit_test(killed_at_every_call),
        cmocka_unit_test(files_may_not_grow),
        cmocka_unit_test(leftovers_are_removed),
        cmocka_unit_test(keeps_permissions),
        cmocka_unit_test(a_reader_keeps_its_file),
        cmocka_unit_test(relative_paths_work),
    };
    return cmocka_run_group_tests(tests, temp_set_up, remove_folder);
}
