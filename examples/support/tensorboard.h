/* Event files that TensorBoard reads: scalars and pictures by step, each on disk as soon as it is written. */
#ifndef KVIST_SUPPORT_TENSORBOARD_H
#define KVIST_SUPPORT_TENSORBOARD_H

#include "run.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * A file being written, as csv_writer is: a failing disk never stops training, an event that cannot be written whole is
 * taken back, the first failure is told once on `log`, later events are tried again, and `error` keeps the errno. What
 * a file begins with is tried again before each event.
 */
typedef struct tensorboard_writer {
    int file;            /* descriptor; -1: not open, events are dropped in silence */
    char path[RUN_PATH]; /* empty until there is one */
    bool has_version;    /* the event that a file begins with is written */
    int64_t restart;     /* the step of a restart that has yet to be announced; 0: none */
    int error;           /* errno of the first failure, 0 if there was none */
    FILE *log;           /* NULL: silent */
} tensorboard_writer;

/** A writer that drops its events. */
#define TENSORBOARD_CLOSED                                                                                             \
    {                                                                                                                  \
        .file = -1                                                                                                     \
    }

/**
 * Makes the folder and in it a new events.out.tfevents.<seconds>.<host>; files of earlier runs stay beside it, and
 * TensorBoard takes them all for one run.
 *
 * @param folder  NULL leaves the writer closed
 * @param restart 0, or the step after the checkpoint's that the run goes on from: TensorBoard is told to forget what
 *                earlier files hold of it and of later ones, be there points of this run or not
 * @param log     where the first failure is told
 * @return false if the file cannot be opened; told on log, and the writer drops its events
 */
bool tensorboard_open(tensorboard_writer *writer, const char *folder, int64_t restart, FILE *log);

/** Adds a point to the curve of that tag. */
void tensorboard_scalar(tensorboard_writer *writer, const char *tag, int64_t step, double value);

/** Adds a row of csv.h: the first column is the step, each other one a scalar under its name in "epoch,loss,...". */
void tensorboard_row(tensorboard_writer *writer, const char *header, const double *values, int count);

/** Adds a picture under that tag, the bytes of a PNG file; its height, width and colours are read from them. */
void tensorboard_image(tensorboard_writer *writer, const char *tag, int64_t step, const void *png, size_t size);

/** Closes. @return whether every event was written */
bool tensorboard_close(tensorboard_writer *writer);

#endif
