/* One run of tabular Q-learning: episodes with a check every thousand, checkpoints to go on from. */
#ifndef KVIST_EXAMPLES_QLEARNING_TRAINING_H
#define KVIST_EXAMPLES_QLEARNING_TRAINING_H

#include "q_table.h"
#include "support/csv.h"
#include "support/run.h"
#include "support/tensorboard.h"

#include <kvist/data.h>
#include <kvist/env.h>
#include <kvist/nn.h>

#include <stdbool.h>
#include <stdint.h>

/* The report's rule: every CHECK episodes epsilon is halved if more than LIMIT runs of it were good, else doubled. */
enum { QLEARNING_CHECK = 1000, QLEARNING_GOOD_STEPS = 180, QLEARNING_GOOD_LIMIT = 166 };
extern const double qlearning_least_epsilon, qlearning_most_epsilon;

/* What the numbers depend on: must be those of the run that is resumed. */
typedef struct qlearning_settings {
    uint64_t seed;
    uint64_t random; /* 1: act at random, learn nothing */
    q_grid grid;
    double lr, gamma, epsilon; /* epsilon: at the start */
} qlearning_settings;

/* What is to be done; the strings are borrowed. */
typedef struct qlearning_def {
    qlearning_settings settings;
    int episodes;
    bool resume, quiet;
    const char *history;     /* NULL, or the file for a line each check */
    const char *checkpoint;  /* NULL, or the file for checkpoints */
    const char *tensorboard; /* NULL, or the folder for event files */
} qlearning_def;

/* Where a run stands: what a checkpoint holds besides table, environment and generators. */
typedef struct qlearning_position {
    uint64_t episode; /* episodes done */
    uint64_t steps;   /* of the episodes done since the last check */
    uint64_t good;    /* how many of these were good */
    double epsilon;
    double mean, good_ratio; /* of the last check */
    double seconds;          /* of the whole run */
} qlearning_position;

typedef struct qlearning {
    qlearning_def def;
    q_table table;
    env_cartpole env;
    data_rng rng;
    int state; /* of the episode at hand */
    qlearning_position at;
    nn_archive *list; /* of what a checkpoint holds; claims its file from the start */
    csv_writer csv;
    tensorboard_writer board;
    double start; /* on the clock, as if the run had never stopped */
} qlearning;

/* Allocates, opens the files, resumes. Failures are told on stderr; qlearning_end() is due in any case.
 * @return an exit code */
int qlearning_begin(qlearning *q, const qlearning_def *def);
/* Plays to the last episode, or until a signal: the step is finished and the state saved. @return an exit code */
int qlearning_run(qlearning *q);
/* Frees the members. */
void qlearning_end(qlearning *q);

#endif
