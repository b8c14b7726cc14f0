/* A run of training with everything that an archive can keep. */
#ifndef KVIST_TESTS_ARCHIVE_RUN_H
#define KVIST_TESTS_ARCHIVE_RUN_H

#include <kvist/nn.h>

enum { BATCH = 4, IN = 5, OUT = 2, BYTES = 13 };

typedef struct run {
    nn_model *model;
    nn_optim *optim;
    nn_rng rng;
    uint64_t count;
    double number;
    unsigned char bytes[BYTES];
    nn_archive *archive;
} run;

void begin_run(run *r, uint64_t seed);
void end_run(run *r);
void train(run *r, int steps);
/* Bitwise. */
bool same_runs(run *a, run *b);
/* Saves its archive, which must succeed. */
void save(run *r, const char *path);
/* The archive does not load, says why, and nothing on its list changed. */
void expect_refused(run *r, const char *path, nn_status status, const char *fragment);

#endif
