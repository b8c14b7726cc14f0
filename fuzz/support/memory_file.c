/*
 * The files that are fuzzed lie in memory: calls of the system that a reader makes are linked with --wrap and answered
 * here, which costs a fraction of what the system would take. Other paths below the folder do not exist; all else goes
 * to the system.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLOTS = 4, MOST_OPEN = 8, FIRST = 1 << 20 }; /* descriptors begin beyond those of the system */
static const char folder[] = "/fuzzed/";

typedef struct slot {
    char path[sizeof folder + 1];
    const uint8_t *bytes;
    size_t size;
} slot;

typedef struct opened {
    const slot *slot; /* NULL if it is closed */
    size_t at;
} opened;

static slot slots[SLOTS];
static opened files[MOST_OPEN];

int __real_open(const char *path, int flags, ...);
int __real_close(int descriptor);
ssize_t __real_read(int descriptor, void *bytes, size_t size);
int __real_stat(const char *path, struct stat *info);
int __real_fstat(int descriptor, struct stat *info);
int __real_access(const char *path, int mode);

int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int descriptor);
ssize_t __wrap_read(int descriptor, void *bytes, size_t size);
int __wrap_stat(const char *path, struct stat *info);
int __wrap_fstat(int descriptor, struct stat *info);
int __wrap_access(const char *path, int mode);

const char *fuzz_file(int number, const void *bytes, size_t size)
{
    slot *s = &slots[number];
    for (int i = 0; i < MOST_OPEN; i++) FUZZ_CHECK(!files[i].slot); /* what was opened was closed */
    if (!s->path[0]) snprintf(s->path, sizeof s->path, "%s%d", folder, number);
    s->bytes = bytes;
    s->size = size;
    return s->path;
}

static bool is_ours(const char *path)
{
    return strncmp(path, folder, sizeof folder - 1) == 0;
}

/* NULL with errno set if there is none. */
static const slot *find_slot(const char *path)
{
    for (int i = 0; i < SLOTS; i++)
        if (strcmp(slots[i].path, path) == 0) return &slots[i];
    errno = ENOENT;
    return NULL;
}

static opened *find_file(int descriptor)
{
    return descriptor >= FIRST && descriptor < FIRST + MOST_OPEN ? &files[descriptor - FIRST] : NULL;
}

bool fuzz_opened(int descriptor, const uint8_t **bytes, size_t *size)
{
    const opened *file = find_file(descriptor);
    if (!file) return false;
    FUZZ_CHECK(file->slot && file->at == 0);
    *bytes = file->slot->bytes;
    *size = file->slot->size;
    return true;
}

static void describe(const slot *s, struct stat *info)
{
    *info = (struct stat){ .st_mode = S_IFREG | 0600, .st_nlink = 1, .st_size = (off_t)s->size };
}

int __wrap_open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if (!is_ours(path)) return __real_open(path, flags, mode);
    const slot *s = find_slot(path);
    if (!s) return -1;
    FUZZ_CHECK((flags & O_ACCMODE) == O_RDONLY);
    int i = 0;
    while (i < MOST_OPEN && files[i].slot) i++;
    FUZZ_CHECK(i < MOST_OPEN);
    files[i] = (opened){ .slot = s };
    return FIRST + i;
}

int __wrap_close(int descriptor)
{
    opened *file = find_file(descriptor);
    if (!file) return __real_close(descriptor);
    FUZZ_CHECK(file->slot);
    file->slot = NULL;
    return 0;
}

ssize_t __wrap_read(int descriptor, void *bytes, size_t size)
{
    opened *file = find_file(descriptor);
    if (!file) return __real_read(descriptor, bytes, size);
    FUZZ_CHECK(file->slot);
    const size_t left = file->slot->size - file->at, got = size < left ? size : left;
    if (got > 0) memcpy(bytes, file->slot->bytes + file->at, got);
    file->at += got;
    return (ssize_t)got;
}

int __wrap_stat(const char *path, struct stat *info)
{
    if (!is_ours(path)) return __real_stat(path, info);
    const slot *s = find_slot(path);
    if (s) describe(s, info);
    return s ? 0 : -1;
}

int __wrap_fstat(int descriptor, struct stat *info)
{
    const opened *file = find_file(descriptor);
    if (!file) return __real_fstat(descriptor, info);
    FUZZ_CHECK(file->slot);
    describe(file->slot, info);
    return 0;
}

int __wrap_access(const char *path, int mode)
{
    if (!is_ours(path)) return __real_access(path, mode);
    return find_slot(path) ? 0 : -1;
}
