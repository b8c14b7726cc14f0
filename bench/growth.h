/* How the time and the memory of a training step grow with one size while the others stay. */
#ifndef KVIST_BENCH_GROWTH_H
#define KVIST_BENCH_GROWTH_H

#include <stdbool.h>

enum { GROWTH_POINTS = 8 };

/* What was measured of one subject against one size. */
typedef struct growth_curve {
    const char *subject, *size; /* "lstm", "batch" */
    int count;
    double value[GROWTH_POINTS]; /* of the size, ascending */
    double milliseconds[GROWTH_POINTS], megabytes[GROWTH_POINTS];
    double flops[GROWTH_POINTS]; /* of a step, divided by its threads */
} growth_curve;

/*
 * Draws the curves of one subject, one panel for each, as FOLDER/growth-SUBJECT-time.png and -memory.png. The dashed
 * line beside a time grows as the arithmetic does.
 * @return false after telling why on stderr
 */
bool growth_draw(const growth_curve *curves, int count, const char *folder);

#endif
