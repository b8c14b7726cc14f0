#include "file.h"

#include "error.h"
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 64 };

struct data_file {
    char *path, *temporary;
    FILE *stream;
    int number; // errno of the first failed write, or 0
};

static void release(data_file *file)
{
    free(file->path);
    free(file->temporary);
    free(file);
}

// "dir/name" gives "dir/.name.<pid>.<try>.tmp".
static void name_temporary(data_file *file, size_t size, int attempt)
{
    const char *slash = strrchr(file->path, '/');
    const char *name = slash ? slash + 1 : file->path;
    snprintf(file->temporary, size, "%.*s.%s.%ld.%d.tmp", (int)(name - file->path), file->path, name, (long)getpid(),
             attempt);
}

// A rename over a device or a FIFO would take it away from everybody else.
static data_status check_target(const char *path, data_error *error)
{
    struct stat info;
    if (stat(path, &info) != 0 || S_ISREG(info.st_mode)) return DATA_OK;
    return data_fail(error, DATA_ERR_IO, path, 0, "file: expected a regular file or none, got something else");
}

static data_status open_temporary(data_file *file, size_t size, data_error *error)
{
    int descriptor = -1;
    for (int i = 0; i < TRIES && descriptor < 0; i++) {
        name_temporary(file, size, i);
        descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor < 0 && errno != EEXIST) break;
    }
    if (descriptor < 0) return data_fail_errno(error, file->path, "create", errno);
    file->stream = fdopen(descriptor, "wb");
    if (file->stream) return DATA_OK;
    const int number = errno;
    close(descriptor);
    unlink(file->temporary);
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
    release(file);
    return status;
}

void data_file_discard(data_file *file)
{
    if (!file) return;
    fclose(file->stream);
    unlink(file->temporary);
    release(file);
}
