#define _GNU_SOURCE /* F_OFD_SETLK */
#include "system.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int nn_sys_open_read(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

int nn_sys_open_directory(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
}

int nn_sys_create(const char *path, mode_t mode)
{
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
}

int nn_sys_open_lock(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0666);
}

static const char *kind_of(mode_t mode)
{
    if (S_ISREG(mode)) return NULL;
    if (S_ISLNK(mode)) return "a symbolic link";
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISSOCK(mode)) return "a socket";
    return S_ISFIFO(mode) ? "a FIFO" : "a device";
}

static int describe(int result, const struct stat *status, nn_sys_info *info)
{
    if (result == 0)
        *info = (nn_sys_info){ .kind = kind_of(status->st_mode),
                               .size = (uint64_t)status->st_size,
                               .device = (uint64_t)status->st_dev,
                               .inode = (uint64_t)status->st_ino,
                               .mode = status->st_mode & 0777 };
    return result;
}

int nn_sys_stat(const char *path, nn_sys_info *info)
{
    struct stat status;
    return describe(stat(path, &status), &status, info);
}

int nn_sys_lstat(const char *path, nn_sys_info *info)
{
    struct stat status;
    return describe(lstat(path, &status), &status, info);
}

int nn_sys_fstat(int fd, nn_sys_info *info)
{
    struct stat status;
    return describe(fstat(fd, &status), &status, info);
}

ssize_t nn_sys_read(int fd, void *bytes, size_t size)
{
    return read(fd, bytes, size);
}

ssize_t nn_sys_write(int fd, const void *bytes, size_t size)
{
    return write(fd, bytes, size);
}

int nn_sys_fsync(int fd)
{
    return fsync(fd);
}

int nn_sys_close(int fd)
{
    return close(fd);
}

int nn_sys_link(const char *from, const char *to)
{
    return link(from, to);
}

int nn_sys_rename(const char *from, const char *to)
{
    return rename(from, to);
}

int nn_sys_unlink(const char *path)
{
    return unlink(path);
}

long nn_sys_pid(void)
{
    return (long)getpid();
}

long nn_sys_name_max(const char *directory)
{
    return pathconf(directory, _PC_NAME_MAX);
}

int nn_sys_lock(int fd)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
#ifdef F_OFD_SETLK
    const int result = fcntl(fd, F_OFD_SETLK, &lock);
    if (result == 0 || errno != EINVAL) return result; /* EINVAL: a kernel that does not know them */
#endif
    return fcntl(fd, F_SETLK, &lock);
}

int nn_sys_list(const char *directory, void (*visit)(const char *name, void *context), void *context)
{
    DIR *stream = opendir(directory);
    if (!stream) return -1;
    for (const struct dirent *entry = readdir(stream); entry; entry = readdir(stream)) visit(entry->d_name, context);
    return closedir(stream);
}
