/* Whole epochs, from the data set's file to a checkpoint: what a user waits for. */
#ifndef KVIST_BENCH_EPOCHS_H
#define KVIST_BENCH_EPOCHS_H

#include <stdbool.h>

typedef struct epoch_def {
    const char *name; /* "dcgan_epoch" or "lstm_epoch" */
    int threads;
    double fraction; /* of the epoch's training that is run, above 0, at most 1 */
} epoch_def;

/* The names, NULL at the end. */
extern const char *const epoch_names[];

/*
 * Runs it and prints
 * epoch NAME threads=N data=mnist fraction=F load_s=.. train_s=.. save_s=.. seconds=.. peak_mb=..
 * where seconds is the whole epoch: loading, the training that was run divided by the fraction, saving.
 * @return 0; exits the program on failure
 */
int epoch_run(const void *def);

#endif
