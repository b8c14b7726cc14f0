/* Samples of a step's time, and the most memory that the process has held. */
#ifndef KVIST_BENCH_MEASURE_H
#define KVIST_BENCH_MEASURE_H

enum { MAX_SAMPLES = 1000, MIN_SAMPLES = 5 };

/* Times of a step in seconds, ascending. */
typedef struct samples {
    double value[MAX_SAMPLES];
    int count;
} samples;

/* Times steps for so many seconds, each sample long enough for the clock; the first step is not counted. */
void measure_step(void (*step)(void *state), void *state, double seconds, samples *taken);
/* Sorts them. @return the median */
double samples_median(samples *taken);

/* Megabytes of the process at its largest since it began or since measure_forget_peak(); 0 where this is not known. */
double measure_peak_mb(void);
/* From now on the peak counts anew: what was there only to read the data does not belong to the training. */
void measure_forget_peak(void);

/*
 * Runs a function in a process of its own, so that its memory is its own and a failure ends nothing else.
 * @return whether it returned 0
 */
int run_apart(int (*function)(const void *context), const void *context);

#endif
