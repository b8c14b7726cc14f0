/*
 * What a disk may hold when power is lost while a file and its .prev are being replaced. Calls to the system are noted
 * as they are made; POSIX promises of them only what an fsync has made durable:
 * - of the bytes written since a file's last fsync any block may be there or not, in any order;
 * - of the names changed since the directory's last fsync any may have changed or not, in any order. A rename is whole.
 */
#ifndef DISK_H
#define DISK_H

#include <stddef.h>

enum { DISK_FILES = 32, DISK_EVENTS = 512, DISK_NOTHING = -1 };

/* The names that matter; all others are temporary. */
typedef enum disk_name { DISK_TARGET, DISK_PREVIOUS, DISK_NAMES, DISK_OTHER = DISK_NAMES } disk_name;

/* Which files the names lead to, DISK_NOTHING: none. */
typedef struct disk_names {
    int file[DISK_NAMES];
} disk_names;

typedef enum disk_kind { DISK_WRITE, DISK_SYNC, DISK_RENAME, DISK_SYNC_NAMES } disk_kind;

typedef struct disk_event {
    disk_kind kind;
    int file;           /* WRITE, SYNC: which; RENAME: what `to` leads to from now on */
    size_t size;        /* WRITE: of the file afterwards */
    disk_name to, from; /* RENAME; `from` leads to nothing afterwards. Making, linking, removing are halves of it */
} disk_event;

/* Empty at first. */
typedef struct disk {
    unsigned char *bytes[DISK_FILES]; /* each file as it was meant; they only grow */
    size_t size[DISK_FILES];
    int files;
    disk_event events[DISK_EVENTS];
    int count;
} disk;

/* A new file, with no name yet. @return its number */
int disk_add_file(disk *d);
/* Notes that bytes were appended to a file. */
void disk_write(disk *d, int file, const void *bytes, size_t size);
/* Notes an event of another kind. */
void disk_note(disk *d, disk_event event);
void disk_free(disk *d);

/* One file as it may be found. */
typedef struct disk_found {
    int file; /* DISK_NOTHING: the name is not there */
    size_t size;
    const unsigned char *bytes; /* valid during the call */
} disk_found;

/* Calls `visit` for every state that power lost after the first `events` events may leave. @return how many */
int disk_each_state(const disk *d, int events, void (*visit)(const disk_found found[DISK_NAMES], void *user),
                    void *user);

#endif
