/* The inside of nn_fit(): one run of training, its batches and its checkpoints. */
#ifndef NN_SRC_FIT_H
#define NN_SRC_FIT_H

#include "memory.h"
#include "parallel.h"
#include <kvist/nn.h>

/* Where a run stands: with the weights and slots all that is needed to go on. */
typedef struct nn_fit_position {
    uint64_t epoch; /* epochs finished */
    uint64_t batch; /* batches done of the next one, and what they came to: */
    uint64_t samples, correct, counted;
    double loss_sum, seconds;
    uint64_t best_epoch; /* from 1; 0: none yet */
    double best;         /* what the monitor showed then */
} nn_fit_position;

/* What must be the same for a run to go on within an epoch; a checkpoint keeps it. */
typedef struct nn_fit_settings {
    uint64_t samples, batch, seed, shuffled, monitor;
} nn_fit_settings;

/* A batch in memory of its own. */
typedef struct nn_stage {
    nn_tensor tensor;
    int64_t *offsets; /* of ragged rows */
} nn_stage;

/* What a checkpoint keeps of an epoch's nn_progress, as one row of numbers. */
typedef enum nn_past {
    NN_PAST_LOSS,
    NN_PAST_ACCURACY,
    NN_PAST_VAL_LOSS,
    NN_PAST_VAL_ACCURACY,
    NN_PAST_SECONDS,
    NN_PAST_COUNT
} nn_past;

typedef struct nn_fit_run {
    nn_model *model;
    nn_optim *optim;
    nn_fit_def def; /* with the defaults filled in */
    nn_tensor x, y, val_x, val_y;
    bool validates;
    int batches;     /* in an epoch */
    uint32_t *order; /* (samples) of this epoch */
    nn_stage batch_x, batch_y;
    nn_float *best_params, *best_state; /* NULL unless the best epoch's are to be restored */
    nn_progress *history;               /* (epochs) */
    double (*past)[NN_PAST_COUNT];      /* (epochs); NULL without a checkpoint */
    nn_fit_position at;
    nn_fit_settings settings;
    nn_archive *archive;      /* the checkpoint; NULL: none */
    nn_archive *best;         /* the best epoch's model in a file; NULL: none */
    nn_float_mode float_mode; /* the caller's */
    nn_error *error;
} nn_fit_run;

/* Checks the definition and the data, fills in defaults, splits off the validation part. */
nn_status nn_fit_resolve(nn_fit_run *run, const nn_fit_def *def);
/* The monitored number of an epoch. */
double nn_fit_monitored(const nn_fit_run *run, const nn_progress *progress);
/* `value` is better than `best`, by min_delta at least. */
bool nn_fit_improves(const nn_fit_run *run, double value, double best);

/* Claims the files that will be written, so that what is in the way is found now; resumes if that is wanted. */
nn_status nn_checkpoint_begin(nn_fit_run *run);
/* The next save keeps the history to this epoch, from 0. */
void nn_checkpoint_add_epoch(nn_fit_run *run, uint64_t epoch);
nn_status nn_checkpoint_save(nn_fit_run *run);
nn_status nn_checkpoint_save_best(nn_fit_run *run);

/* Samples first .. first + count - 1, borrowed. */
nn_tensor nn_rows(const nn_tensor *set, int first, int count);
/* Memory for any `batch` samples of a set; see nn_arena. */
void nn_stage_carve(nn_stage *stage, nn_arena *arena, const nn_tensor *set, int batch);
/* Copies the samples that `rows` names into the stage. */
void nn_stage_gather(nn_stage *stage, const nn_tensor *set, const uint32_t *rows, int count);

#endif
