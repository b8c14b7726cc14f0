/* Training of a DQN: episodes until the mean of the last scores reaches a bar, checkpoints to go on from. */
#ifndef KVIST_EXAMPLES_DQN_TRAINING_H
#define KVIST_EXAMPLES_DQN_TRAINING_H

#include "dqn_agent.h"
#include "support/csv.h"
#include "support/run.h"
#include "support/tensorboard.h"

#include <kvist/env.h>
#include <kvist/nn.h>

#include <stdbool.h>

/** The mean of so many last scores decides. */
enum { DQN_TRAINING_WINDOW = 100 };

/** What is to be done; everything is borrowed. */
typedef struct dqn_training_def {
    dqn_def agent;
    int episodes;            /* the most */
    double bar;              /* mean score to stop at */
    const char *out;         /* NULL, or the folder for scores.csv, the plot and the checkpoint */
    const char *tensorboard; /* NULL, or the folder for event files */
    bool resume, quiet;
} dqn_training_def;

/** Everything that changes the numbers, as command-line options: a checkpoint is refused under others. */
typedef struct dqn_training_settings {
    char text[256];
} dqn_training_settings;

typedef struct dqn_training {
    dqn_training_def def;
    dqn_training_settings settings;
    dqn_agent agent;
    env_cartpole env;       /* the running episode; its score is the number of its steps */
    double episode_epsilon; /* exploration when it began */
    double *scores;         /* (episodes) of the finished ones */
    int count, least, most;
    int solved_at; /* episodes it took; 0: the bar is not reached */
    double seconds;
    nn_archive *checkpoint; /* claims its file from the start */
    char checkpoint_path[RUN_PATH];
    csv_writer csv;
    tensorboard_writer board;
} dqn_training;

/** Allocates, opens the folder, resumes. Failures are told on stderr; dqn_training_end() is due in any case. */
int dqn_training_begin(dqn_training *t, const dqn_training_def *def);
/** Trains to the bar or the last episode, or until a signal: the step is finished and the state saved. @return an exit
 * code */
int dqn_training_run(dqn_training *t);
/** Mean of the last DQN_TRAINING_WINDOW scores, of all while there are fewer. */
double dqn_training_mean(const dqn_training *t);
/** Draws score, mean, goal and linear trend into the folder. */
void dqn_training_draw(const dqn_training *t);
/** Frees the members. */
void dqn_training_end(dqn_training *t);

#endif
