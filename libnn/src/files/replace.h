/*
 * Replacing a file so that at every moment, a kill included, the old or the new one is there: the new one is written
 * beside it, synced and renamed over it; the old one stays as `path`.prev. Whoever replaces holds the path's lock.
 */
#ifndef NN_FILES_REPLACE_H
#define NN_FILES_REPLACE_H

#include <kvist/nn.h>

/* The right to write a path, and the names that go with it. Zeroed: none. */
typedef struct nn_claim {
    char *target; /* NULL: no claim; the other names lie in the same memory */
    char *directory;
    char *lock;      /* target.lock, an empty file that is removed when the claim ends */
    char *temporary; /* .name.pid.tmp */
    char *old;       /* .name.pid.old.tmp, a second name for the old file until the new one is safe */
    char *previous;  /* target.prev */
    int fd;          /* of the lock */
    long pid;        /* of who claimed: a forked child inherits the descriptor and its lock, but not the claim */
} nn_claim;

/*
 * Claims a path until nn_claim_end(): takes its lock and removes what a killed process left beside it. Fails if
 * another process or archive holds it, if the directory is missing or cannot be written, if the path or its .prev is
 * no regular file (a link is none), if a file that is no lock has the lock's name, if its own is a lock's (".lock"
 * at its end), or leaves no room for those beside it. A claim of the same path is kept; in a forked child it is
 * given up and the path claimed anew.
 */
nn_status nn_claim_begin(nn_claim *claim, const char *path, nn_error *error);
/* In a forked child the lock stays what it is: the parent's. */
void nn_claim_end(nn_claim *claim);

/* A new file on its way. */
typedef struct nn_replacement {
    const nn_claim *claim;
    int fd;
} nn_replacement;

nn_status nn_replace_begin(nn_replacement *replacement, const nn_claim *claim, nn_error *error);
/* Writes all of it, or fails. */
nn_status nn_replace_write(nn_replacement *replacement, const void *bytes, size_t size, nn_error *error);
/* Puts the new file in place, durably; after a failure the old one is as it was. Ends the replacement either way. */
nn_status nn_replace_commit(nn_replacement *replacement, nn_error *error);
/* Gives it up. */
void nn_replace_discard(nn_replacement *replacement);

#endif
