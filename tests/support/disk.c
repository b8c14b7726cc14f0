#include "disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BLOCK = 512 };

/* --- noting ------------------------------------------------------------------------------------------------------- */

int disk_add_file(disk *d)
{
    assert_true(d->files < DISK_FILES);
    return d->files++;
}

void disk_note(disk *d, disk_event event)
{
    assert_true(d->count < DISK_EVENTS);
    d->events[d->count++] = event;
}

void disk_write(disk *d, int file, const void *bytes, size_t size)
{
    d->bytes[file] = realloc(d->bytes[file], d->size[file] + size + 1);
    assert_non_null(d->bytes[file]);
    memcpy(d->bytes[file] + d->size[file], bytes, size);
    d->size[file] += size;
    disk_note(d, (disk_event){ .kind = DISK_WRITE, .file = file, .size = d->size[file] });
}

void disk_free(disk *d)
{
    for (int i = 0; i < d->files; i++) free(d->bytes[i]);
    *d = (disk){ 0 };
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static void rename_in(disk_names *names, const disk_event *event)
{
    if (event->from < DISK_NAMES) names->file[event->from] = DISK_NOTHING;
    if (event->to < DISK_NAMES) names->file[event->to] = event->file;
}

/* The names that are durable after the first `events` events; *pending: the renames since, as far as they matter. */
static disk_names durable_names(const disk *d, int events, const disk_event *pending[], int *pending_count)
{
    disk_names names = { { DISK_NOTHING, DISK_NOTHING } };
    *pending_count = 0;
    for (int i = 0; i < events; i++) {
        const disk_event *event = &d->events[i];
        if (event->kind == DISK_RENAME && (event->to < DISK_NAMES || event->from < DISK_NAMES))
            pending[(*pending_count)++] = event;
        if (event->kind != DISK_SYNC_NAMES) continue;
        for (int k = 0; k < *pending_count; k++) rename_in(&names, pending[k]);
        *pending_count = 0;
    }
    return names;
}

/* --- bytes -------------------------------------------------------------------------------------------------------- */

/* A file when power is lost: `size` bytes were written, of which the first `durable` were synced. */
typedef struct extent {
    size_t size, durable;
    const unsigned char *bytes;
} extent;

static extent extent_of(const disk *d, int file, int events)
{
    extent e = { .bytes = d->bytes[file] };
    for (int i = 0; i < events; i++) {
        const disk_event *event = &d->events[i];
        if (event->file != file) continue;
        if (event->kind == DISK_WRITE) e.size = event->size;
        if (event->kind == DISK_SYNC) e.durable = e.size;
    }
    return e;
}

/*
 * The v-th of the ways in which the blocks that are not durable may be there: none of them, as a shorter file and as
 * zeros; the first k; all but the k-th; all.
 */
static size_t way_count(const extent *e)
{
    const size_t blocks = (e->size - e->durable + BLOCK - 1) / BLOCK;
    return blocks ? 2 + 2 * blocks : 1;
}

static disk_found find(const extent *e, int file, size_t v, unsigned char *room)
{
    const size_t blocks = (e->size - e->durable + BLOCK - 1) / BLOCK;
    disk_found found = { .file = file, .size = e->size, .bytes = room };
    if (e->size > 0) memcpy(room, e->bytes, e->size);
    if (v <= blocks) { /* the first v */
        found.size = e->durable + v * BLOCK < e->size ? e->durable + v * BLOCK : e->size;
    } else if (v <= 2 * blocks) { /* all but one */
        const size_t from = e->durable + (v - blocks - 1) * BLOCK, left = e->size - from;
        memset(room + from, 0, left < BLOCK ? left : BLOCK);
    } else { /* none, but the size is there */
        memset(room + e->durable, 0, e->size - e->durable);
    }
    return found;
}

/* --- states ------------------------------------------------------------------------------------------------------- */

static int each_content(const disk *d, const disk_names *names, int events,
                        void (*visit)(const disk_found found[DISK_NAMES], void *user), void *user)
{
    extent extents[DISK_NAMES] = { 0 };
    unsigned char *room[DISK_NAMES];
    size_t ways = 1;
    for (int i = 0; i < DISK_NAMES; i++) {
        if (names->file[i] != DISK_NOTHING) extents[i] = extent_of(d, names->file[i], events);
        room[i] = malloc(extents[i].size + 1);
        assert_non_null(room[i]);
        ways *= way_count(&extents[i]);
    }
    for (size_t way = 0; way < ways; way++) {
        disk_found found[DISK_NAMES];
        size_t rest = way;
        for (int i = 0; i < DISK_NAMES; i++) {
            const size_t count = way_count(&extents[i]);
            found[i] = (disk_found){ .file = DISK_NOTHING };
            if (names->file[i] != DISK_NOTHING) found[i] = find(&extents[i], names->file[i], rest % count, room[i]);
            rest /= count;
        }
        visit(found, user);
    }
    for (int i = 0; i < DISK_NAMES; i++) free(room[i]);
    return (int)ways;
}

int disk_each_state(const disk *d, int events, void (*visit)(const disk_found found[DISK_NAMES], void *user),
                    void *user)
{
    const disk_event *pending[DISK_EVENTS];
    int pending_count = 0, states = 0;
    const disk_names durable = durable_names(d, events, pending, &pending_count);
    assert_true(pending_count < 16);
    for (unsigned chosen = 0; chosen < 1u << pending_count; chosen++) {
        disk_names names = durable;
        for (int k = 0; k < pending_count; k++)
            if (chosen >> k & 1) rename_in(&names, pending[k]);
        states += each_content(d, &names, events, visit, user);
    }
    return states;
}
