/* Training of the DCGAN: epochs of shuffled real digits, a grid and a score after each, checkpoints to go on from. */
#ifndef KVIST_DCGAN_TRAINING_H
#define KVIST_DCGAN_TRAINING_H

#include "dcgan_gallery.h"
#include "dcgan_model.h"
#include "support/csv.h"
#include "support/run.h"
#include "support/tensorboard.h"

#include <kvist/data.h>
#include <kvist/nn.h>

#include <stdbool.h>
#include <stdint.h>

/** What is to be done; everything is borrowed. */
typedef struct dcgan_training_def {
    const data_images *images;
    int epochs, batch, checkpoint_every;
    int samples;        /* generated images that are scored at the end; after an epoch 1,000 at most */
    double lr, average; /* of both Adams; decay of the average that draws, 0: none */
    uint64_t seed;
    int threads;
    const char *out;         /* NULL, or the folder for grids, history.csv and checkpoints */
    const char *load;        /* NULL, or a file to take both networks from */
    const char *tensorboard; /* NULL, or a folder for its events */
    bool resume, quiet;
} dcgan_training_def;

/** Where training stands: what a checkpoint holds besides networks and frames. */
typedef struct dcgan_position {
    uint64_t seed, batch, images; /* must be those of the run that is resumed */
    double lr, average;           /* likewise */
    uint64_t epoch, step;         /* epochs done, steps done of the one at hand */
    dcgan_losses sum;             /* of this epoch, weighted by real images */
    double seconds;               /* of this epoch */
    double total;                 /* of all */
} dcgan_position;

typedef struct dcgan_training {
    dcgan_training_def def;
    dcgan gan;
    gallery pictures;
    dcgan_position at;
    data_batches *batches;
    uint8_t *bytes;         /* (batch, 28, 28) */
    nn_tensor real;         /* (batch, 28, 28, 1) */
    nn_tensor fixed;        /* (16, 100), the noise of the grids */
    nn_tensor drawn;        /* (16, 28, 28, 1), what is drawn of it */
    nn_archive *checkpoint; /* claims its file from the start */
    char checkpoint_path[RUN_PATH], history_path[RUN_PATH];
    csv_writer history;
    tensorboard_writer board;
} dcgan_training;

/** Allocates, opens the folder, resumes. Failures are told on stderr; dcgan_training_end() is due in any case. */
int dcgan_training_begin(dcgan_training *t, const dcgan_training_def *def);
/**
 * Trains to the last epoch, each scored by the classifier, or until a signal: the step is finished and the state saved.
 * @return an exit code
 */
int dcgan_training_run(dcgan_training *t, nn_model *classifier);
/** Writes the animation and the curves of a finished run; what cannot be drawn is told and costs nothing else. */
void dcgan_training_show(dcgan_training *t);
/** Frees the members. */
void dcgan_training_end(dcgan_training *t);

#endif
