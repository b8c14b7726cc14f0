/*
 * Every call to the operating system that files make, one raw call each and no policy. A test wraps these symbols
 * (-Wl,--wrap=nn_sys_write) to make any of them fail; each sets errno as the call behind it does.
 */
#ifndef NN_FILES_SYSTEM_H
#define NN_FILES_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What stat says of a file. */
typedef struct nn_sys_info {
    const char *kind; /* what is no regular file, as messages say it: "a FIFO"; else NULL */
    uint64_t size, device, inode;
    mode_t mode; /* permission bits */
} nn_sys_info;

int nn_sys_open_read(const char *path); /* does not wait for the writer of a FIFO */
int nn_sys_open_directory(const char *path);
int nn_sys_create(const char *path, mode_t mode);     /* for writing; fails if it exists */
int nn_sys_open_lock(const char *path);               /* for writing; made if it is not there; no link */
int nn_sys_stat(const char *path, nn_sys_info *info); /* follows links */
int nn_sys_lstat(const char *path, nn_sys_info *info);
int nn_sys_fstat(int fd, nn_sys_info *info);
ssize_t nn_sys_read(int fd, void *bytes, size_t size);
ssize_t nn_sys_write(int fd, const void *bytes, size_t size);
int nn_sys_fsync(int fd);
int nn_sys_close(int fd);
int nn_sys_link(const char *from, const char *to);
int nn_sys_rename(const char *from, const char *to);
int nn_sys_unlink(const char *path);
long nn_sys_pid(void);
long nn_sys_name_max(const char *directory); /* bytes of a name in it; -1: no limit, or none that is told */

/*
 * Takes a write lock on the whole file without waiting; EAGAIN or EACCES: someone else has it. Where the system knows
 * locks of open file descriptions, they hold within one process too, and closing another descriptor of the same file
 * does not drop them; elsewhere they are POSIX' locks of processes, and both is as it is.
 */
int nn_sys_lock(int fd);

/* Calls `visit` with the name of each entry of a directory. */
int nn_sys_list(const char *directory, void (*visit)(const char *name, void *context), void *context);

#endif
