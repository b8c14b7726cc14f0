#include "replace.h"
#include "report.h"
#include "system.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAME_COUNT = 6,
    NAME_EXTRA = 48, /* what is put around a name at most: ".", ".", pid, ".old.tmp" */
    CLAIM_TRIES = 16
};

/* target, directory, lock, temporary, old, previous: all in one piece of memory. */
static bool name_files(nn_claim *claim, const char *path)
{
    const size_t length = strlen(path), room = length + NAME_EXTRA;
    char *memory = calloc(NAME_COUNT, room);
    if (!memory) return false;
    const char *name = nn_path_name(path);
    const int base = (int)(name - path); /* of the directory, its slash included */
    const long pid = claim->pid = nn_sys_pid();
    claim->target = memory;
    claim->directory = memory + room;
    claim->lock = memory + 2 * room;
    claim->temporary = memory + 3 * room;
    claim->old = memory + 4 * room;
    claim->previous = memory + 5 * room;
    memcpy(claim->target, path, length + 1);
    snprintf(claim->directory, room, "%.*s", base > 0 ? base : 1, base > 0 ? path : ".");
    snprintf(claim->lock, room, "%s.lock", path);
    snprintf(claim->temporary, room, "%.*s.%s.%ld.tmp", base, path, name, pid);
    snprintf(claim->old, room, "%.*s.%s.%ld.old.tmp", base, path, name, pid);
    snprintf(claim->previous, room, "%s.prev", path);
    return true;
}

/*
 * The lock is ours as long as its name leads to the file we hold: others may have removed it. A forked child shares the
 * descriptor, so that the lock would let it in; it is the parent's.
 */
static bool holds_lock(const nn_claim *claim)
{
    nn_sys_info held, named;
    return claim->pid == nn_sys_pid() && nn_sys_fstat(claim->fd, &held) == 0 && nn_sys_stat(claim->lock, &named) == 0 &&
           held.device == named.device && held.inode == named.inode;
}

/* A file system without locks saves without them: no rename is less atomic for it. */
static bool no_locks_here(int number)
{
    return number == ENOLCK || number == EOPNOTSUPP || number == ENOSYS || number == EINVAL;
}

/* The lock is removed in the end, so it must be one: another program's file may have its name. */
static nn_status check_lock(const nn_claim *claim, nn_error *error)
{
    nn_sys_info info;
    if (nn_sys_fstat(claim->fd, &info) != 0) return nn_fail_errno(error, claim->lock, "look at it", errno);
    if (info.kind) return nn_fail_kind(error, claim->lock, info.kind);
    if (info.size == 0) return NN_OK;
    return nn_fail_file(error, NN_ERR_IO, claim->lock, "file: expected a lock, which is empty, got %llu bytes",
                        (unsigned long long)info.size);
}

static nn_status take_lock(nn_claim *claim, nn_error *error)
{
    /* The holder before us removes the file when it ends: then the one we opened is no longer the one with the name. */
    for (int i = 0; i < CLAIM_TRIES; i++) {
        claim->fd = nn_sys_open_lock(claim->lock);
        if (claim->fd < 0) return nn_fail_errno(error, claim->lock, "create", errno);
        const nn_status status = check_lock(claim, error);
        if (status != NN_OK) {
            nn_sys_close(claim->fd);
            return status;
        }
        const int result = nn_sys_lock(claim->fd), number = errno;
        if (result == 0 && holds_lock(claim)) return NN_OK;
        if (result != 0 && no_locks_here(number)) return NN_OK;
        nn_sys_close(claim->fd);
        if (result != 0 && (number == EAGAIN || number == EACCES))
            return nn_fail_file(error, NN_ERR_IO, claim->target, "another process or archive is saving to it");
        if (result != 0) return nn_fail_errno(error, claim->lock, "lock", number);
    }
    return nn_fail_file(error, NN_ERR_IO, claim->lock, "cannot lock: others come and go");
}

typedef struct nn_leftovers {
    const nn_claim *claim;
    const char *name; /* of the target in its directory */
} nn_leftovers;

/* Removes ".name.<pid>.tmp" and ".name.<pid>.old.tmp": with the lock in hand nobody is writing them. */
static void remove_leftover(const char *entry, void *context)
{
    const nn_leftovers *leftovers = context;
    const size_t length = strlen(leftovers->name);
    if (entry[0] != '.' || strncmp(entry + 1, leftovers->name, length) != 0 || entry[length + 1] != '.') return;
    const char *pid = entry + length + 2;
    const size_t digits = strspn(pid, "0123456789");
    if (digits == 0 || (strcmp(pid + digits, ".tmp") != 0 && strcmp(pid + digits, ".old.tmp") != 0)) return;

    const size_t room = strlen(leftovers->claim->directory) + strlen(entry) + 2;
    char *path = malloc(room);
    if (!path) return;
    snprintf(path, room, "%s/%s", leftovers->claim->directory, entry);
    nn_sys_unlink(path);
    free(path);
}

/*
 * The names beside the target are longer, and that of `old` is first asked for at the second save. Process numbers
 * count as ten digits: a path that one process may claim is not refused to the next.
 */
static nn_status check_length(const nn_claim *claim, nn_error *error)
{
    const long beside = (long)sizeof "..2147483647.old.tmp" - 1, most = nn_sys_name_max(claim->directory);
    const size_t length = strlen(nn_path_name(claim->target));
    if (most < beside || length <= (size_t)(most - beside)) return NN_OK;
    return nn_fail_file(error, NN_ERR_IO, claim->target,
                        "expected a name of at most %ld bytes, got %zu: those of the files beside it are longer",
                        most - beside, length);
}

/* A lock's name is the lock's: "file" could not be claimed any more. */
static nn_status check_suffix(const nn_claim *claim, nn_error *error)
{
    static const char suffix[] = ".lock";
    const size_t length = strlen(claim->target), end = sizeof suffix - 1;
    if (length < end || strcmp(claim->target + length - end, suffix) != 0) return NN_OK;
    return nn_fail_file(error, NN_ERR_IO, claim->target,
                        "expected a name that does not end in .lock, as those of locks do");
}

/* A rename would take away a device from everybody else, and leave what a link leads to as it was. `mode`: of the file
 * there, or of a new one. */
static nn_status check_place(const char *path, mode_t *mode, nn_error *error)
{
    nn_sys_info info;
    *mode = 0666;
    if (nn_sys_lstat(path, &info) == 0) {
        *mode = info.mode;
        return info.kind ? nn_fail_kind(error, path, info.kind) : NN_OK;
    }
    return errno == ENOENT ? NN_OK : nn_fail_errno(error, path, "look at it", errno);
}

/* The place of the file and that of the one before, to which the second save renames it. */
static nn_status check_target(const nn_claim *claim, mode_t *mode, nn_error *error)
{
    mode_t before;
    const nn_status status = check_place(claim->target, mode, error);
    return status == NN_OK ? check_place(claim->previous, &before, error) : status;
}

nn_status nn_claim_begin(nn_claim *claim, const char *path, nn_error *error)
{
    if (claim->target && strcmp(claim->target, path) == 0 && holds_lock(claim)) return NN_OK;
    nn_claim_end(claim);
    if (!path[0]) return nn_fail(error, NN_ERR_ARGUMENT, "path: expected a file, got an empty string");
    if (!name_files(claim, path))
        return nn_fail(error, NN_ERR_MEMORY, "no memory to save %s", nn_path_format(path).text);
    mode_t mode;
    nn_status status = check_suffix(claim, error);
    if (status == NN_OK) status = check_length(claim, error);
    if (status == NN_OK) status = check_target(claim, &mode, error);
    if (status == NN_OK) status = take_lock(claim, error);
    if (status != NN_OK) {
        free(claim->target);
        *claim = (nn_claim){ 0 };
        return status;
    }
    nn_leftovers leftovers = { claim, nn_path_name(claim->target) };
    nn_sys_list(claim->directory, remove_leftover, &leftovers); /* what is left over does no harm */
    return NN_OK;
}

void nn_claim_end(nn_claim *claim)
{
    if (!claim->target) return;
    if (holds_lock(claim)) nn_sys_unlink(claim->lock);
    nn_sys_close(claim->fd);
    free(claim->target);
    *claim = (nn_claim){ 0 };
}

nn_status nn_replace_begin(nn_replacement *replacement, const nn_claim *claim, nn_error *error)
{
    *replacement = (nn_replacement){ claim, -1 };
    mode_t mode;
    const nn_status status = check_target(claim, &mode, error); /* what came after the claim is not taken away either */
    if (status != NN_OK) return status;
    nn_sys_unlink(claim->temporary);
    *replacement = (nn_replacement){ claim, nn_sys_create(claim->temporary, mode) };
    return replacement->fd >= 0 ? NN_OK : nn_fail_errno(error, claim->temporary, "create", errno);
}

nn_status nn_replace_write(nn_replacement *replacement, const void *bytes, size_t size, nn_error *error)
{
    const unsigned char *from = bytes;
    while (size > 0) {
        const ssize_t wrote = nn_sys_write(replacement->fd, from, size);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return nn_fail_errno(error, replacement->claim->temporary, "write", errno);
        from += wrote;
        size -= (size_t)wrote;
    }
    return NN_OK;
}

void nn_replace_discard(nn_replacement *replacement)
{
    if (replacement->fd >= 0) nn_sys_close(replacement->fd);
    nn_sys_unlink(replacement->claim->temporary);
    nn_sys_unlink(replacement->claim->old);
    replacement->fd = -1;
}

/* A descriptor whose fsync failed may have lost its data and say nothing the second time: it is never asked again. */
static nn_status sync_and_close(nn_replacement *replacement, nn_error *error)
{
    nn_status status = NN_OK;
    if (nn_sys_fsync(replacement->fd) != 0) status = nn_fail_errno(error, replacement->claim->temporary, "sync", errno);
    /* After EINTR the descriptor is closed, and the data are on the disk already. */
    if (nn_sys_close(replacement->fd) != 0 && errno != EINTR && status == NN_OK)
        status = nn_fail_errno(error, replacement->claim->temporary, "close", errno);
    replacement->fd = -1;
    return status;
}

static nn_status sync_directory(const nn_claim *claim, nn_error *error)
{
    const int fd = nn_sys_open_directory(claim->directory);
    if (fd < 0) return nn_fail_errno(error, claim->directory, "open", errno);
    nn_status status = NN_OK;
    if (nn_sys_fsync(fd) != 0 && errno != EINVAL) /* EINVAL: this file system does not sync directories */
        status = nn_fail_errno(error, claim->directory, "sync", errno);
    nn_sys_close(fd);
    return status;
}

/* Whether the old file has its second name. */
typedef enum nn_old { NN_OLD_NONE, NN_OLD_LINKED, NN_OLD_UNLINKABLE } nn_old;

static nn_status link_old(const nn_claim *claim, nn_old *old, nn_error *error)
{
    nn_sys_unlink(claim->old);
    *old = NN_OLD_LINKED;
    if (nn_sys_link(claim->target, claim->old) == 0) return NN_OK;
    if (errno == ENOENT) {
        *old = NN_OLD_NONE;
        return NN_OK;
    }
    /* A file system without hard links goes without .prev. */
    *old = NN_OLD_UNLINKABLE;
    if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS || errno == EMLINK) return NN_OK;
    return nn_fail_errno(error, claim->target, "link", errno);
}

static void put_old_back(const nn_claim *claim, nn_old old)
{
    if (old == NN_OLD_LINKED) nn_sys_rename(claim->old, claim->target);
    if (old == NN_OLD_NONE) nn_sys_unlink(claim->target);
}

/*
 * .prev is replaced last, when the new file is durable: a damaged file that is being replaced never takes the place of
 * a whole .prev before there is a whole file again.
 */
static nn_status swap(const nn_claim *claim, nn_old old, nn_error *error)
{
    if (nn_sys_rename(claim->temporary, claim->target) != 0)
        return nn_fail_errno(error, claim->target, "rename to it", errno);
    nn_status status = sync_directory(claim, error);
    if (status == NN_OK && old == NN_OLD_LINKED && nn_sys_rename(claim->old, claim->previous) != 0)
        status = nn_fail_errno(error, claim->previous, "rename to it", errno);
    if (status != NN_OK) put_old_back(claim, old);
    return status;
}

nn_status nn_replace_commit(nn_replacement *replacement, nn_error *error)
{
    nn_old old = NN_OLD_NONE;
    nn_status status = sync_and_close(replacement, error);
    if (status == NN_OK) status = link_old(replacement->claim, &old, error);
    if (status == NN_OK) status = swap(replacement->claim, old, error);
    if (status != NN_OK) nn_replace_discard(replacement);
    return status;
}
