#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(whole_file *file, int error)
{
    if (!file->why) file->why = strerror(error ? error : EIO);
    return false;
}

/* "dir/name.png" -> "dir/.name.png.<pid>.tmp" */
static bool name_temporary(whole_file *file, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const int length =
        snprintf(file->temporary, RUN_PATH, "%.*s.%s.%ld.tmp", (int)(name - path), path, name, (long)getpid());
    if (length > 0 && length < RUN_PATH) return true;
    file->temporary[0] = '\0';
    return fail(file, ENAMETOOLONG);
}

static bool check_target(whole_file *file)
{
    struct stat info;
    if (!file->path[0]) return fail(file, ENAMETOOLONG);
    if (lstat(file->path, &info) != 0 || S_ISREG(info.st_mode)) return true;
    file->why = "expected a regular file or none, got something else";
    return false;
}

static bool open_temporary(whole_file *file)
{
    unlink(file->temporary); /* of a process that was killed and had this number */
    const int descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) file->stream = fdopen(descriptor, "wb");
    if (file->stream) return true;
    fail(file, errno);
    if (descriptor >= 0)
        close(descriptor);
    else
        file->temporary[0] = '\0';
    return false;
}

bool whole_open(whole_file *file, const char *path)
{
    *file = (whole_file){ 0 };
    snprintf(file->path, RUN_PATH, "%s", path);
    const bool opened = check_target(file) && name_temporary(file, path) && open_temporary(file);
    errno = 0; /* whole_close() finds that of a write here */
    return opened;
}

bool whole_close(whole_file *file)
{
    const int number = errno;
    if (!file->stream) return !file->why;
    if (ferror(file->stream)) fail(file, number);
    if (fclose(file->stream) != 0) fail(file, errno);
    file->stream = NULL;
    return !file->why;
}

bool whole_place(whole_file *file)
{
    if (!whole_close(file)) return false;
    if (rename(file->temporary, file->path) != 0) return fail(file, errno);
    file->temporary[0] = '\0';
    return true;
}

void whole_discard(whole_file *file)
{
    whole_close(file);
    if (file->temporary[0]) unlink(file->temporary);
    file->temporary[0] = '\0';
}
