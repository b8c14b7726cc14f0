/*
 * Fault row 39 for pictures and the cache of reviews: each call that writes them fails with each errno. What was there
 * stays as it was, byte for byte, nothing temporary remains, and the failure is told; a cache is gone without. The
 * linker puts these calls before the C library's (--wrap). And what a killed writer left is removed, what a live one
 * writes is not.
 */
#define _DEFAULT_SOURCE /* mknod */
#include "child.h"
#include "faults.h"
#include "file.h"
#include "temp.h"

#include <errno.h>
#include <fcntl.h>
#include <kvist/data.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

size_t __real_fwrite(const void *bytes, size_t size, size_t count, FILE *file);
size_t __wrap_fwrite(const void *bytes, size_t size, size_t count, FILE *file);
size_t __wrap_fwrite(const void *bytes, size_t size, size_t count, FILE *file)
{
    return fault_due(false) ? 0 : __real_fwrite(bytes, size, count, file);
}

/* Only the copying of a descriptor is called. */
int __real_fcntl(int descriptor, int command, ...);
int __wrap_fcntl(int descriptor, int command, int from);
int __wrap_fcntl(int descriptor, int command, int from)
{
    return fault_due(false) ? -1 : __real_fcntl(descriptor, command, from);
}

/* Once, before a lock is taken: this file is gone, or another has its name. */
static const char *vanishing;
static bool replaced;

int __real_flock(int descriptor, int operation);
int __wrap_flock(int descriptor, int operation);
int __wrap_flock(int descriptor, int operation)
{
    if (vanishing) assert_int_equal(unlink(vanishing), 0);
    if (vanishing && replaced) assert_int_equal(close(creat(vanishing, 0600)), 0);
    vanishing = NULL;
    return fault_due(false) ? -1 : __real_flock(descriptor, operation);
}

/* --- what is written ---------------------------------------------------------------------------------------------- */

static const char *folder;                             /* of reviews */
static int number;                                     /* the errno of the call that fails */
static const uint64_t old[3] = { 0x31626d697473766b }; /* what was there before; by its magic number a cache */

typedef data_status (*operation)(const char *path, data_error *error);

static data_status write_png(const char *path, data_error *error)
{
    static const uint8_t pixels[25];
    return data_png_write(path, pixels, 5, 5, 1, error);
}

static data_status write_gif(const char *path, data_error *error)
{
    static const uint8_t pixels[25];
    data_gif *gif = data_gif_open(path, &(data_gif_def){ .width = 5, .height = 5 }, error);
    if (!gif) return DATA_ERR_IO;
    const data_status status = data_gif_add(gif, pixels, error);
    if (status == DATA_OK) return data_gif_close(gif, error);
    data_gif_discard(gif);
    return status;
}

/* A cache that could not be written is a failure here. */
static data_status write_cache(const char *path, data_error *error)
{
    data_imdb imdb = { 0 };
    data_status status = data_imdb_load(folder, &(data_imdb_def){ .cache = path }, &imdb, error);
    if (status == DATA_OK && imdb.cache == DATA_CACHE_FAILED) {
        status = DATA_ERR_IO; /* the reviews are there all the same */
        assert_int_equal(imdb.train.count, 2);
        *error = (data_error){ .status = status };
        snprintf(error->text, sizeof error->text, "%s: %s", path, strerror(number));
    }
    data_imdb_free(&imdb);
    return status;
}

/* --- each call fails ---------------------------------------------------------------------------------------------- */

static void each_call_fails(const char *name, operation run)
{
    static const int numbers[] = { ENOSPC, EIO, EDQUOT, EINTR, EROFS };
    const size_t count = sizeof numbers / sizeof numbers[0];
    for (size_t i = 0; i < 2 * count; i++) {
        int errors = 0;
        for (int k = 1; k == 1 || fault_happened(); k++) {
            const char *path = temp_write(&temp_here, name, old, sizeof old);
            const int entries = temp_entries(&temp_here);
            data_error error = { 0 };
            size_t size;
            number = numbers[i % count];
            if (i < count)
                fault_at(k, number, false);
            else
                fault_from(k, number);
            const data_status status = run(path, &error);
            fault_at(0, 0, false);
            unsigned char *now = temp_read(path, &size);
            const bool same = size == sizeof old && memcmp(now, old, size) == 0;
            free(now);
            if (same == (status == DATA_OK)) fail_msg("%s: call %d, %s: the file", name, k, strerror(number));
            if (temp_entries(&temp_here) != entries) fail_msg("%s: call %d: something is left", name, k);
            errors += status != DATA_OK;
            if (status == DATA_OK) continue;
            if (status != DATA_ERR_IO || error.status != status || !strstr(error.text, strerror(number)) ||
                !strstr(error.text, temp_here.path))
                fail_msg("%s: call %d, %s: %d: %s", name, k, strerror(number), (int)status, error.text);
        }
        assert_true(errors >= 4); /* making, opening, writing, closing, renaming */
    }
}

static void test_pictures(void **state)
{
    (void)state;
    each_call_fails("a.png", write_png);
    if (data_gif_available()) each_call_fails("a.gif", write_gif);
}

static void test_cache(void **state)
{
    (void)state;
    each_call_fails("a.cache", write_cache);
}

/* Row 14: a rename over it would take it away. */
static void test_14_what_is_no_file_stays(void **state)
{
    (void)state;
    static const struct {
        mode_t mode;
        const char *got;
    } kinds[] = {
        { S_IFIFO, "a FIFO" }, { S_IFSOCK, "a socket" }, { S_IFDIR, "a directory" }, { S_IFLNK, "a symbolic link" }
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct stat info;
        char name[16], expected[80];
        data_error error = { 0 };
        snprintf(name, sizeof name, "kind%zu.png", i);
        snprintf(expected, sizeof expected, "%s:0: file: expected a regular file or none, got %s", name, kinds[i].got);
        const char *path = temp_path(&temp_here, name);
        const mode_t mode = kinds[i].mode;
        const int made = mode == S_IFDIR   ? mkdir(path, 0700)
                         : mode == S_IFLNK ? symlink("aim.png", path)
                                           : mknod(path, mode | 0600, 0);
        assert_int_equal(made, 0);
        assert_int_equal(write_png(path, &error), DATA_ERR_IO);
        if (!strstr(error.text, expected)) fail_msg("%s", error.text);
        assert_int_equal(lstat(path, &info), 0);
        assert_int_equal(info.st_mode & S_IFMT, mode);
    }
}

/* --- what others left, and what they still write --- */

static data_file *begin_file(const char *path)
{
    data_error error = { 0 };
    data_file *file = NULL;
    if (data_file_create(path, &file, &error) != DATA_OK) fail_msg("%s", error.text);
    assert_true(data_file_write(file, "new", 3));
    return file;
}

static void expect_whole(const char *path)
{
    size_t size;
    unsigned char *bytes = temp_read(path, &size);
    assert_int_equal(size, 3);
    assert_memory_equal(bytes, "new", 3);
    free(bytes);
}

/* A process that begins the file and waits for a byte: then it ends the file, or dies with it. */
static pid_t begin_elsewhere(const char *path, int *to_child, bool dies)
{
    int down[2], up[2];
    char byte = 0;
    assert_int_equal(pipe(down), 0);
    assert_int_equal(pipe(up), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(100);
        data_file *file = begin_file(path);
        if (write(up[1], "x", 1) != 1 || read(down[0], &byte, 1) != 1) _exit(2);
        child_exit(dies || data_file_commit(file, NULL) == DATA_OK ? 0 : 1);
    }
    assert_int_equal(read(up[0], &byte, 1), 1);
    close(up[0]);
    close(up[1]);
    close(down[0]);
    *to_child = down[1];
    return child;
}

static void end_elsewhere(pid_t child, int to_child)
{
    int status = 0;
    assert_int_equal(write(to_child, "x", 1), 1);
    close(to_child);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_leftovers_go(void **state)
{
    (void)state;
    static const char *const others[] = { ".l2.1-0.tmp", ".l.x-0.tmp",   ".l.1-x.tmp", ".l.1.tmp",
                                          ".l.1-0.tmq",  ".l.1-0-2.tmp", ".l.1-.tmp",  "l.1-0.tmp",
                                          ".l.1-0.tmp2", ".l",           ".l.5.77.tmp" /* of l.5, by libnn */ };
    char own[64];
    int to_child;
    const char *path = temp_write(&temp_here, "l", "old", 3);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) temp_write(&temp_here, others[i], "x", 1);
    const int entries = temp_entries(&temp_here);
    /* In a container that starts anew the writer before had our number; another's may be anything. */
    snprintf(own, sizeof own, ".l.%ld-0.tmp", (long)getpid());
    temp_write(&temp_here, own, "x", 1);
    temp_write(&temp_here, ".l.1-63.tmp", "x", 1);
    const pid_t child = begin_elsewhere(path, &to_child, true);
    end_elsewhere(child, to_child);
    assert_int_equal(temp_entries(&temp_here), entries + 1);
    assert_int_equal(data_file_commit(begin_file(path), NULL), DATA_OK);
    assert_int_equal(temp_entries(&temp_here), entries);
    expect_whole(path);
}

static void test_live_writers_stay(void **state)
{
    (void)state;
    int to_child;
    const char *path = temp_path(&temp_here, "live");
    const int entries = temp_entries(&temp_here);
    const pid_t child = begin_elsewhere(path, &to_child, false);
    data_file *one = begin_file(path), *two = begin_file(path), *three = begin_file(path);
    assert_int_equal(temp_entries(&temp_here), entries + 4);
    assert_int_equal(data_file_commit(two, NULL), DATA_OK);
    data_file_discard(three);
    assert_int_equal(data_file_commit(one, NULL), DATA_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(temp_entries(&temp_here), entries + 1);
    end_elsewhere(child, to_child);
    assert_int_equal(temp_entries(&temp_here), entries + 1);
    expect_whole(path);
}

/* A leftover is not followed. What has no room for its name is none of ours, nor is a file whose name is as much of it
 * as there is room for. */
static void test_odd_leftovers_stay(void **state)
{
    (void)state;
    char name[128];
    const char *path = temp_path(&temp_here, "odd"), *aim = temp_write(&temp_here, "aim", "x", 1);
    assert_int_equal(symlink(aim, temp_path(&temp_here, ".odd.1-0.tmp")), 0);
    snprintf(name, sizeof name, ".odd.%0100d-0.tmp", 1);
    temp_write(&temp_here, name, "x", 1);
    name[strlen("odd") + 63] = '\0';
    temp_write(&temp_here, name, "x", 1);
    const int entries = temp_entries(&temp_here);
    data_file *file = begin_file(path);
    assert_true(data_file_write(file, NULL, 0));
    assert_int_equal(data_file_commit(file, NULL), DATA_OK);
    assert_int_equal(temp_entries(&temp_here), entries + 1);
    expect_whole(path);
}

/* A temporary may get its last name, and its first go to another, just before the one who takes it for a leftover locks
 * it. */
static void test_what_was_a_leftover(void **state)
{
    (void)state;
    const char *path = temp_path(&temp_here, "late");
    for (int i = 0; i < 2; i++) {
        const int entries = temp_entries(&temp_here);
        vanishing = temp_write(&temp_here, ".late.1-0.tmp", "x", 1);
        replaced = i > 0;
        data_file *file = begin_file(path);
        assert_null(vanishing);
        assert_int_equal(temp_entries(&temp_here), entries + 1 + i);
        data_file_discard(file);
    }
    replaced = false;
}

/* Who removes leftovers may come between the making of a file and its lock: then the next name is taken. */
static void test_a_lost_race(void **state)
{
    (void)state;
    char name[64];
    const char *path = temp_path(&temp_here, "race");
    const int entries = temp_entries(&temp_here);
    snprintf(name, sizeof name, ".race.%ld-0.tmp", (long)getpid());
    vanishing = temp_path(&temp_here, name);
    assert_int_equal(data_file_commit(begin_file(path), NULL), DATA_OK);
    expect_whole(path);
    assert_int_equal(temp_entries(&temp_here), entries + 1);
    for (int locks = 0; locks < 2; locks++) {
        fault_at(2, locks ? EWOULDBLOCK : ENOLCK, false); /* after open */
        data_file *file = begin_file(path);
        fault_at(0, 0, false);
        assert_int_equal(temp_entries(&temp_here), entries + 2 + locks); /* who holds the first one removes it */
        assert_int_equal(data_file_commit(file, NULL), DATA_OK);
        expect_whole(path);
    }
}

static int set_up(void **state)
{
    (void)state;
    temp_make(&temp_here);
    temp_write(&temp_here, "set/train/neg/0.txt", "a bad film", 10);
    temp_write(&temp_here, "set/train/pos/0.txt", "a good film", 11);
    temp_write(&temp_here, "set/test/neg/0.txt", "bad", 3);
    temp_write(&temp_here, "set/test/pos/0.txt", "fine", 4);
    folder = temp_path(&temp_here, "set");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_pictures),
                                        cmocka_unit_test(test_cache),
                                        cmocka_unit_test(test_14_what_is_no_file_stays),
                                        cmocka_unit_test(test_leftovers_go),
                                        cmocka_unit_test(test_odd_leftovers_stay),
                                        cmocka_unit_test(test_what_was_a_leftover),
                                        cmocka_unit_test(test_live_writers_stay),
                                        cmocka_unit_test(test_a_lost_race) };
    return cmocka_run_group_tests(tests, set_up, temp_tear_down);
}
