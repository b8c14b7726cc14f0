/* Progress on stderr, as Keras shows it: a bar with ETA and running metrics on a terminal, a line per epoch elsewhere.
 */
#ifndef KVIST_SUPPORT_PROGRESS_H
#define KVIST_SUPPORT_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

/** A number shown after the bar. One that is NaN because there is none (no validation set) is best left out. */
typedef struct progress_metric {
    const char *name;
    double value;
} progress_metric;

/** Where and how to show. Errors of the stream are ignored: a lost bar is no reason to stop training. */
typedef struct progress_def {
    FILE *stream;          /* NULL: stderr */
    bool quiet;            /* show nothing */
    bool terminal;         /* draw a bar in place */
    int width;             /* columns; 0: the terminal's, asked at each drawing */
    double (*clock)(void); /* seconds; NULL: the monotonic clock */
} progress_def;

typedef struct progress {
    progress_def def;
    const char *unit;
    int index, count;
    long first, total;   /* steps done before; of all */
    double start, drawn; /* seconds */
    bool on_line;        /* an unfinished line stands on the terminal */
} progress;

/** The usual choice: stderr, a bar where it is a terminal. */
progress progress_create(bool quiet);

/** As progress_create, with everything chosen. */
progress progress_of(const progress_def *def);

/**
 * Begins `unit` index of count ("Epoch 3/10") with total steps, of which `done` were done before now, as in an epoch
 * that is resumed: they do not count as quick ones. unit is borrowed until progress_end; count 0 gives a bar without a
 * heading.
 */
void progress_begin(progress *bar, const char *unit, int index, int count, long done, long total);

/** Shows that `done` of the total steps are done; draws at most ten times a second. */
void progress_update(progress *bar, long done, const progress_metric *metrics, int count);

/** Ends what progress_begin began after `done` steps, with the final metrics: the bar's last state, or the plain line.
 */
void progress_end(progress *bar, long done, const progress_metric *metrics, int count);

/** Removes an unfinished bar so that another line can be printed; the next update draws it again. */
void progress_clear(progress *bar);

#endif
