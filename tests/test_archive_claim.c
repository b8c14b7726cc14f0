/* Claims of a path: a place that cannot be written is found before the training, and a path has one trainer at a time.
 */
#define _DEFAULT_SOURCE /* mknod */
#include "child.h"
#include "files/system.h"
#include "generations.h"
#include "temp.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static bool lock_vanishes; /* once, when it was opened */

/* Between the opening and the locking the holder before may remove the file. */
int __real_nn_sys_open_lock(const char *path);
int __wrap_nn_sys_open_lock(const char *path);
int __wrap_nn_sys_open_lock(const char *path)
{
    const int fd = __real_nn_sys_open_lock(path);
    if (lock_vanishes) assert_int_equal(unlink(path), 0);
    lock_vanishes = false;
    return fd;
}

/* --- places that cannot be written --- */

static void expect_no_claim(const char *path, const char *fragment)
{
    nn_error error = { 0 };
    nn_archive *archive = nn_archive_create(NULL);
    assert_int_equal(nn_archive_claim(archive, path, &error), NN_ERR_IO);
    if (!strstr(error.text, fragment)) fail_msg("%s", error.text);
    assert_int_equal(error.status, NN_ERR_IO);
    assert_int_equal(error.offset, 0);
    error = (nn_error){ 0 };
    assert_int_equal(nn_archive_save(archive, path, &error), NN_ERR_IO);
    if (!strstr(error.text, fragment)) fail_msg("%s", error.text);
    nn_archive_destroy(archive);
}

/* Row 44, and 14: a claim finds it before the training. */
static void places_are_checked_first(void **state)
{
    (void)state;
    nn_error error = { 0 };
    expect_no_claim(temp_path(&temp_here, "missing/file"),
                    "missing/file.lock: cannot create: No such file or directory");
    const char *fifo = temp_path(&temp_here, "fifo"), *named = temp_path(&temp_here, "socket");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(mknod(named, S_IFSOCK | 0600, 0), 0);
    expect_no_claim(temp_here.path, ":0: file: expected a regular file, got a directory");
    expect_no_claim(fifo, "fifo:0: file: expected a regular file, got a FIFO");
    expect_no_claim(named, "socket:0: file: expected a regular file, got a socket");
    expect_no_claim("/dev/full", "/dev/full:0: file: expected a regular file, got a device");
    nn_archive *archive = nn_archive_create(NULL);
    assert_int_equal(nn_archive_claim(archive, "", &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_archive_claim(archive, NULL, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_archive_claim(NULL, "x", &error), NN_ERR_ARGUMENT);
    nn_archive_destroy(archive);

    /* Root writes anywhere, so that the child becomes nobody. */
    const char *directory = temp_path(&temp_here, "read-only"), *path = temp_path(&temp_here, "read-only/file");
    assert_int_equal(mkdir(directory, 0555), 0);
    assert_int_equal(chmod(temp_here.path, 0755), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
        archive = nn_archive_create(NULL);
        const nn_status status = nn_archive_claim(archive, path, &error);
        const char *expected = "read-only/file.lock: cannot create: Permission denied";
        _exit(status == NN_ERR_IO && strstr(error.text, expected) ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void expect_bytes(const char *path, const char *text)
{
    size_t size = 0;
    unsigned char *bytes = temp_read(path, &size);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(bytes, text, size);
    free(bytes);
}

/* Row 14: a save would leave what a link leads to as it was, and take the link away. */
static void links_stay(void **state)
{
    (void)state;
    const char *links[] = { temp_path(&temp_here, "leads"), temp_path(&temp_here, "dangles") };
    const char *aim = temp_write(&temp_here, "aim", "aim", 3);
    assert_int_equal(symlink(aim, links[0]), 0);
    assert_int_equal(symlink("nowhere", links[1]), 0);
    for (int i = 0; i < 2; i++) {
        struct stat info;
        expect_no_claim(links[i], ":0: file: expected a regular file, got a symbolic link");
        assert_int_equal(lstat(links[i], &info), 0);
        assert_true(S_ISLNK(info.st_mode));
    }
    expect_bytes(aim, "aim");

    nn_error error = { 0 };
    nn_archive *archive = nn_archive_create(NULL);
    const char *path = temp_path(&temp_here, "later");
    assert_int_equal(nn_archive_save(archive, path, &error), NN_OK);
    assert_int_equal(unlink(path) | symlink(aim, path), 0);
    assert_int_equal(nn_archive_save(archive, path, &error), NN_ERR_IO);
    assert_non_null(strstr(error.text, "later:0: file: expected a regular file, got a symbolic link"));
    expect_bytes(aim, "aim");
    nn_archive_destroy(archive);
}

/* Another program's file may have the lock's name; it is not removed. */
static void foreign_locks_stay(void **state)
{
    (void)state;
    const int lowest = dup(0); /* descriptor that is free, and again at the end */
    close(lowest);
    const char *lock = temp_write(&temp_here, "poetry.lock", "[[package]]", 11);
    expect_no_claim(temp_path(&temp_here, "poetry"),
                    "poetry.lock: file: expected a lock, which is empty, got 11 bytes");
    expect_bytes(lock, "[[package]]");
    const char *empty = temp_write(&temp_here, "empty", "", 0), *link = temp_path(&temp_here, "linked.lock");
    assert_int_equal(symlink(empty, link), 0);
    expect_no_claim(temp_path(&temp_here, "linked"), "linked.lock: cannot create: ");
    const char *fifo = temp_path(&temp_here, "pipe.lock");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    expect_no_claim(temp_path(&temp_here, "pipe"), "pipe.lock: cannot create: ");
    const int reader = open(fifo, O_RDONLY | O_NONBLOCK);
    expect_no_claim(temp_path(&temp_here, "pipe"), "pipe.lock:0: file: expected a regular file, got a FIFO");
    close(reader);
    assert_int_equal(access(fifo, F_OK) | access(empty, F_OK) | access(link, F_OK), 0);
    const int again = dup(0);
    close(again);
    assert_int_equal(again, lowest);
}

/* Row 44: "file" would take the lock of its name for its own. */
static void locks_are_no_files(void **state)
{
    (void)state;
    expect_no_claim(temp_path(&temp_here, "file.lock"), "file.lock: expected a name that does not end in .lock, as ");
    expect_no_claim(temp_path(&temp_here, ".lock"), "/.lock: expected a name that does not end in .lock, as ");
    assert_int_equal(save_generation(temp_path(&temp_here, "lock"), 1, NULL), NN_OK);
    assert_int_equal(save_generation(temp_path(&temp_here, "file.locks"), 1, NULL), NN_OK);
}

static void remove_any(const char *path)
{
    assert_true(unlink(path) == 0 || rmdir(path) == 0);
}

/* Row 14: the second save puts the file of before there, in whose place nothing is taken away and nothing in the way.
 */
static void what_is_no_previous_file_stays(void **state)
{
    (void)state;
    static const char *const kinds[] = { "a directory", "a FIFO", "a symbolic link" };
    const char *path = temp_path(&temp_here, "kept"), *previous = temp_path(&temp_here, "kept.prev");
    const char *aim = temp_write(&temp_here, "kept aim", "aim", 3);
    for (int i = 0; i < 3; i++) {
        char expected[80];
        struct stat before, after;
        nn_error error = { 0 };
        nn_archive *archive = nn_archive_create(NULL);
        assert_int_equal(nn_archive_save(archive, path, NULL), NN_OK);
        const int made = i == 0 ? mkdir(previous, 0700) : i == 1 ? mkfifo(previous, 0600) : symlink(aim, previous);
        assert_int_equal(made, 0);
        assert_int_equal(lstat(previous, &before), 0);
        snprintf(expected, sizeof expected, "kept.prev:0: file: expected a regular file, got %s", kinds[i]);
        assert_int_equal(nn_archive_save(archive, path, &error), NN_ERR_IO); /* it came after the claim */
        if (!strstr(error.text, expected)) fail_msg("%s", error.text);
        nn_archive_destroy(archive);
        expect_no_claim(path, expected);
        assert_int_equal(lstat(previous, &after), 0);
        assert_true(before.st_mode == after.st_mode && before.st_ino == after.st_ino);
        remove_any(previous);
        remove_any(path);
    }
    expect_bytes(aim, "aim");
}

/* A name that fits, but not those of the files beside it, would be saved to once and never again. */
static void names_leave_room(void **state)
{
    (void)state;
    const long most = pathconf(temp_here.path, _PC_NAME_MAX) - 20; /* ".", ".2147483647", ".old.tmp" */
    char name[NAME_MAX + 1] = "", expected[96];
    if (most < 1 || most > NAME_MAX - 20) skip();
    memset(name, 'n', (size_t)most);
    const char *path = temp_path(&temp_here, name);
    for (uint64_t generation = 1; generation <= 3; generation++)
        assert_int_equal(save_generation(path, generation, NULL), NN_OK);
    assert_int_equal(load_generation(path, NULL), 3);
    const int entries = temp_entries(&temp_here);
    for (long length = most + 1; length <= NAME_MAX; length++) {
        memset(name, 'm', (size_t)length);
        snprintf(expected, sizeof expected, "mmm: expected a name of at most %ld bytes, got %ld:", most, length);
        expect_no_claim(temp_path(&temp_here, name), expected);
    }
    assert_int_equal(temp_entries(&temp_here), entries);
}

/* --- one trainer a path --- */

/* Row 45. */
static void a_second_trainer_is_refused(void **state)
{
    (void)state;
    nn_error error = { 0 };
    int to_child[2], to_parent[2];
    char byte = 0;
    const char *path = prepare_generations("claimed", true);
    assert_int_equal(pipe(to_child), 0);
    assert_int_equal(pipe(to_parent), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        nn_archive *archive = nn_archive_create(NULL);
        const bool claimed = nn_archive_claim(archive, path, NULL) == NN_OK;
        if (write(to_parent[1], "x", 1) != 1 || read(to_child[0], &byte, 1) != 1) _exit(2);
        child_exit(claimed ? 0 : 1); /* as a kill does: the lock file stays */
    }
    assert_int_equal(read(to_parent[0], &byte, 1), 1);
    assert_int_equal(save_generation(path, 3, &error), NN_ERR_IO);
    assert_non_null(strstr(error.text, "claimed: another process or archive is saving to it"));
    assert_int_equal(load_generation(path, NULL), 2);
    int status = 0;
    assert_int_equal(write(to_child[1], "x", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    char lock[TEMP_PATH + 8];
    snprintf(lock, sizeof lock, "%s.lock", path);
    assert_int_equal(access(lock, F_OK), 0);
    assert_int_equal(save_generation(path, 3, &error), NN_OK);
    assert_int_not_equal(access(lock, F_OK), 0);
    for (int i = 0; i < 2; i++) {
        close(to_child[i]);
        close(to_parent[i]);
    }
}

/* Locks of processes would let a second archive of the same process in, and end with any descriptor it closes. */
static void a_second_archive_is_refused(void **state)
{
    (void)state;
    nn_error error = { 0 };
    const char *path = prepare_generations("archives", false), *other = temp_path(&temp_here, "other");
    nn_archive *one = nn_archive_create(NULL), *two = nn_archive_create(NULL);
    assert_int_equal(nn_archive_claim(one, path, NULL), NN_OK);
    assert_int_equal(nn_archive_claim(one, path, NULL), NN_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(nn_archive_claim(two, path, &error), NN_ERR_IO);
        assert_non_null(strstr(error.text, "archives: another process or archive is saving to it"));
    }
    assert_int_equal(nn_archive_save(one, path, NULL), NN_OK);
    assert_int_equal(nn_archive_save(two, path, NULL), NN_ERR_IO);
    assert_int_equal(nn_archive_claim(one, other, NULL), NN_OK);
    assert_int_equal(nn_archive_save(two, path, NULL), NN_OK);
    nn_archive_destroy(one);
    nn_archive_destroy(two);
}

/* Someone tidied up and removed the lock: it is taken again before the next save, unless another came first. */
static void a_removed_lock_is_taken_again(void **state)
{
    (void)state;
    nn_error error = { 0 };
    const char *path = prepare_generations("removed", false), *lock = temp_path(&temp_here, "removed.lock");
    nn_archive *one = nn_archive_create(NULL), *two = nn_archive_create(NULL);
    assert_int_equal(nn_archive_claim(one, path, NULL), NN_OK);
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(nn_archive_save(one, path, NULL), NN_OK);
    assert_int_equal(access(lock, F_OK), 0);
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(nn_archive_claim(two, path, NULL), NN_OK);
    assert_int_equal(nn_archive_save(one, path, &error), NN_ERR_IO);
    nn_archive_destroy(one);
    assert_int_equal(access(lock, F_OK), 0);
    nn_archive_destroy(two);
    assert_int_not_equal(access(lock, F_OK), 0);
}

/* A lock on a file that no longer has the name keeps nobody out. */
static void a_vanished_lock_is_not_taken(void **state)
{
    (void)state;
    const char *path = prepare_generations("vanished", false);
    nn_archive *one = nn_archive_create(NULL), *two = nn_archive_create(NULL);
    lock_vanishes = true;
    assert_int_equal(nn_archive_claim(one, path, NULL), NN_OK);
    assert_int_equal(access(temp_path(&temp_here, "vanished.lock"), F_OK), 0);
    assert_int_equal(nn_archive_claim(two, path, NULL), NN_ERR_IO);
    nn_archive_destroy(one);
    nn_archive_destroy(two);
}

/* --- processes that fork --- */

typedef struct forked {
    pid_t pid;
    int to_child[2], to_parent[2];
} forked;

/* Waits for the other side's byte, after one of one's own. */
static bool meet(int to, int from)
{
    char byte = 0;
    return write(to, "x", 1) == 1 && read(from, &byte, 1) == 1;
}

/* What the child does with a keeper whose path its parent claimed; 0 if all is as it should be. */
static int live_as_child(keeper *k, const char *path, const forked *child)
{
    nn_error error = { 0 };
    char byte = 0;
    for (int i = 0; i < 2; i++) {
        if (nn_archive_save(k->archive, path, &error) != NN_ERR_IO) return 1;
        if (!strstr(error.text, "inherited: another process or archive is saving to it")) return 2;
    }
    if (!meet(child->to_parent[1], child->to_child[0])) return 3; /* the parent is gone from here on */
    if (nn_archive_save(k->archive, path, &error) != NN_OK) return 4;
    nn_archive_destroy(k->archive);
    return read(child->to_child[0], &byte, 1) == 0 ? 0 : 5; /* until the parent has looked */
}

/* The child shares the lock's descriptor, but the path is the parent's until that gives it up. */
static void a_child_is_another_process(void **state)
{
    (void)state;
    forked child;
    nn_error error = { 0 };
    char byte = 0;
    const char *path = prepare_generations("inherited", true), *lock = temp_path(&temp_here, "inherited.lock");
    keeper k = { .generation = 3 };
    memset(k.bytes, 3, sizeof k.bytes);
    begin_keeper(&k);
    assert_int_equal(nn_archive_claim(k.archive, path, NULL), NN_OK);
    assert_int_equal(pipe(child.to_child), 0);
    assert_int_equal(pipe(child.to_parent), 0);
    child.pid = fork();
    assert_true(child.pid >= 0);
    if (child.pid == 0) {
        alarm(100);
        close(child.to_child[1]);
        k.generation = 4;
        memset(k.bytes, 4, sizeof k.bytes);
        child_exit(live_as_child(&k, path, &child));
    }
    close(child.to_parent[1]);
    assert_int_equal(read(child.to_parent[0], &byte, 1), 1);
    assert_int_equal(load_generation(path, NULL), 2);
    assert_int_equal(nn_archive_save(k.archive, path, &error), NN_OK);
    assert_int_equal(save_generation(path, 5, NULL), NN_ERR_IO);
    nn_archive_destroy(k.archive);
    assert_int_not_equal(access(lock, F_OK), 0);
    assert_int_equal(load_generation(path, NULL), 3);
    assert_int_equal(write(child.to_child[1], "x", 1), 1);
    close(child.to_child[1]);
    int status = 0;
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    assert_int_equal(status, 0);
    assert_int_equal(load_generation(path, NULL), 4);
    assert_int_not_equal(access(lock, F_OK), 0);
    close(child.to_child[0]);
    close(child.to_parent[0]);
}

/* A child that tidies up what it inherited takes nothing from its parent. */
static void a_child_ends_its_copy_alone(void **state)
{
    (void)state;
    const char *path = prepare_generations("tidied", false), *other = temp_path(&temp_here, "tidied elsewhere");
    nn_archive *archive = nn_archive_create(NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(nn_archive_claim(archive, path, NULL), NN_OK);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            const nn_status status = i == 0 ? NN_OK : nn_archive_claim(archive, other, NULL);
            nn_archive_destroy(archive);
            child_exit(status == NN_OK ? 0 : 1);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_int_equal(access(temp_path(&temp_here, "tidied.lock"), F_OK), 0);
        assert_int_equal(save_generation(path, 2, NULL), NN_ERR_IO);
        assert_int_equal(nn_archive_save(archive, path, NULL), NN_OK);
    }
    nn_archive_destroy(archive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_checked_first),
        cmocka_unit_test(links_stay),
        cmocka_unit_test(what_is_no_previous_file_stays),
        cmocka_unit_test(foreign_locks_stay),
        cmocka_unit_test(locks_are_no_files),
        cmocka_unit_test(names_leave_room),
        cmocka_unit_test(a_second_trainer_is_refused),
        cmocka_unit_test(a_second_archive_is_refused),
        cmocka_unit_test(a_removed_lock_is_taken_again),
        cmocka_unit_test(a_vanished_lock_is_not_taken),
        cmocka_unit_test(a_child_is_another_process),
        cmocka_unit_test(a_child_ends_its_copy_alone),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
