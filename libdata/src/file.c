#include "file.h"

#include "error.h"
#include "memory.h"
#include "reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 64 };

struct data_file {
    char *path, *temporary;
    FILE *stream;
    int lock;   // a second descriptor of the temporary: locked until that has its last name
    int number; // errno of the first failed write, or 0
};

static void release(data_file *file)
{
    free(file->path);
    free(file->temporary);
    free(file);
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// "dir/name" gives "dir/.name.<pid>-<try>.tmp", which is no name that libnn gives what it saves beside it.
static void name_temporary(data_file *file, size_t size, int attempt)
{
    const char *name = last_name(file->path);
    snprintf(file->temporary, size, "%.*s.%s.%ld-%d.tmp", (int)(name - file->path), file->path, name, (long)getpid(),
             attempt);
}

// --- what killed writers left ---

static const char *skip_number(const char *text, char end)
{
    const size_t digits = strspn(text, "0123456789");
    return digits > 0 && text[digits] == end ? text + digits + 1 : NULL;
}

// Whether an entry of the directory is a temporary of this name.
static bool is_temporary(const char *entry, const char *name)
{
    const size_t length = strlen(name);
    if (entry[0] != '.' || strncmp(entry + 1, name, length) != 0 || entry[length + 1] != '.') return false;
    const char *rest = skip_number(entry + length + 2, '-');
    if (rest) rest = skip_number(rest, '.');
    return rest && strcmp(rest, "tmp") == 0;
}

static bool leads_to(const char *path, int descriptor)
{
    struct stat named, held;
    return fstat(descriptor, &held) == 0 && lstat(path, &named) == 0 && named.st_dev == held.st_dev &&
           named.st_ino == held.st_ino;
}

// A writer, of any process or container that shares the folder, holds the lock of its temporary until it ends. (Locks
// that a network file system keeps to one machine do not tell of writers on another.)
static void remove_unlocked(const char *path)
{
    const int descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) return;
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0 && leads_to(path, descriptor)) unlink(path);
    close(descriptor);
}

// What stays does no harm. The room for the temporary's name serves for those found.
static void remove_leftovers(data_file *file, size_t size)
{
    const char *name = last_name(file->path);
    const int base = (int)(name - file->path);
    snprintf(file->temporary, size, "%.*s", base > 0 ? base : 1, base > 0 ? file->path : ".");
    DIR *folder = opendir(file->temporary);
    if (!folder) return;
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (!is_temporary(entry->d_name, name)) continue;
        const int length = snprintf(file->temporary, size, "%.*s%s", base, file->path, entry->d_name);
        if (length > 0 && (size_t)length < size) remove_unlocked(file->temporary);
    }
    closedir(folder);
}

// --- writing ---

// A rename over a device or a FIFO would take it away from everybody else, one over a link leave what that leads to.
static data_status check_target(const char *path, data_error *error)
{
    struct stat info;
    if (lstat(path, &info) != 0 || S_ISREG(info.st_mode)) return DATA_OK;
    return data_fail(error, DATA_ERR_IO, path, 0, "file: expected a regular file or none, got %s",
                     data_kind_of(info.st_mode));
}

// False: who removes leftovers has the new file already, and takes it away. Where there are no locks nobody does.
static bool lock_temporary(const data_file *file, int descriptor)
{
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;
    return leads_to(file->temporary, descriptor);
}

// A new and locked temporary, or -1 with errno.
static int make_temporary(data_file *file, size_t size)
{
    for (int i = 0; i < TRIES; i++) {
        name_temporary(file, size, i);
        const int descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0 && lock_temporary(file, descriptor)) return descriptor;
        if (descriptor < 0 && errno != EEXIST) return -1;
        if (descriptor >= 0) close(descriptor);
    }
    errno = EEXIST;
    return -1;
}

static data_status open_temporary(data_file *file, size_t size, data_error *error)
{
    file->lock = make_temporary(file, size);
    if (file->lock < 0) return data_fail_errno(error, file->path, "create", errno);
    const int descriptor = fcntl(file->lock, F_DUPFD_CLOEXEC, 0);
    file->stream = descriptor >= 0 ? fdopen(descriptor, "wb") : NULL;
    if (file->stream) return DATA_OK;
    const int number = errno;
    if (descriptor >= 0) close(descriptor);
    unlink(file->temporary);
    close(file->lock);
    return data_fail_errno(error, file->path, "create", number);
}

data_status data_file_create(const char *path, data_file **file, data_error *error)
{
    const size_t length = strlen(path), size = length + 64;
    data_file *made = calloc(1, sizeof *made);
    if (!made) return data_fail_memory(error, path, sizeof *made);
    made->path = data_allocate(length + 1, 1);
    made->temporary = data_allocate(size, 1);
    data_status status = DATA_OK;
    if (made->path && made->temporary) {
        memcpy(made->path, path, length + 1);
        status = check_target(path, error);
        if (status == DATA_OK) remove_leftovers(made, size);
        if (status == DATA_OK) status = open_temporary(made, size, error);
    } else {
        status = data_fail_memory(error, path, size);
    }
    if (status == DATA_OK) {
        *file = made;
    } else {
        release(made);
    }
    return status;
}

const char *data_file_path(const data_file *file)
{
    return file->path;
}

bool data_file_write(data_file *file, const void *bytes, size_t size)
{
    if (file->number == 0 && size > 0 && fwrite(bytes, 1, size, file->stream) != size) {
        file->number = errno ? errno : EIO;
    }
    return file->number == 0;
}

int data_file_error(const data_file *file)
{
    return file->number;
}

data_status data_file_commit(data_file *file, data_error *error)
{
    // Pictures and caches can be made again: they are whole or absent after a crash of the program, without an fsync.
    if (fclose(file->stream) != 0 && file->number == 0) file->number = errno;
    if (file->number == 0 && rename(file->temporary, file->path) != 0) file->number = errno;
    data_status status = DATA_OK;
    if (file->number != 0) {
        unlink(file->temporary);
        status = data_fail_errno(error, file->path, "write", file->number);
    }
    close(file->lock);
    release(file);
    return status;
}

void data_file_discard(data_file *file)
{
    if (!file) return;
    fclose(file->stream);
    unlink(file->temporary);
    close(file->lock);
    release(file);
}
