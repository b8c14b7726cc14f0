/* Models that files are loaded into. */
#ifndef KVIST_FUZZ_MODELS_H
#define KVIST_FUZZ_MODELS_H

#include <kvist/nn.h>

/* Something of every kind that an archive keeps. */
typedef struct fuzz_run {
    nn_model *model;
    nn_optim *optim;
    nn_rng rng;
    uint64_t count;
    double number;
    uint8_t bytes[5];
    nn_archive *archive;
} fuzz_run;

/* Always the same. */
void fuzz_begin_run(fuzz_run *run);
void fuzz_end_run(fuzz_run *run);
/* Loads a file into the run, which is always the same before: all is taken and finite where it must be, or nothing. */
void fuzz_load_into_run(nn_status (*load)(fuzz_run *run, const char *path, nn_error *error), const char *path);

#endif
