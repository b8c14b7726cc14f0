/* A file that is there whole or not at all: written to a temporary beside it, then renamed. */
#ifndef KVIST_SUPPORT_WHOLE_FILE_H
#define KVIST_SUPPORT_WHOLE_FILE_H

#include "run.h"

#include <stdbool.h>
#include <stdio.h>

/** A file being written. What failed first is kept in `why`; later calls then do nothing but clean up. */
typedef struct whole_file {
    FILE *stream;                             /* to write to while `why` is NULL */
    const char *why;                          /* NULL: nothing failed */
    char path[RUN_PATH], temporary[RUN_PATH]; /* temporary: "": there is none */
} whole_file;

/**
 * Creates ".NAME.PID.tmp" beside path. A directory, device or link in the file's place is refused: a rename would
 * take it away from others.
 *
 * @return whether nothing failed, as all below; whole_discard() is due after a failure, too
 */
bool whole_open(whole_file *file, const char *path);

/** Closes what was written, where a full disk shows at the latest. Of several files that belong together all before the
 * first whole_place(). */
bool whole_close(whole_file *file);

/** Renames what was closed: now it is there. */
bool whole_place(whole_file *file);

/** Removes the temporary unless it has its place. */
void whole_discard(whole_file *file);

#endif
