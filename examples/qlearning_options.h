/* The command line of cartpole_qlearning. */
#ifndef KVIST_EXAMPLES_QLEARNING_OPTIONS_H
#define KVIST_EXAMPLES_QLEARNING_OPTIONS_H

#include "q_table.h"
#include "support/options.h"

#include <kvist/env.h>

#include <stdbool.h>

/* What was typed, and what stands where nothing was. */
typedef struct qlearning_options {
    options_common common;
    int preset, episodes, bins, runs, play, render;
    double lr, gamma, epsilon, edges[ENV_CARTPOLE_OBS];
    const char *edges_text; /* NULL: the preset's */
    bool random;
} qlearning_options;

/* How --bins and --edges cut what is observed. */
q_grid qlearning_options_grid(const qlearning_options *set);

/* Fills set by the command line, which goes to `read`. @return what that returns: -1 to go on, or an exit code */
int qlearning_options_read(qlearning_options *set, int argc, char *const argv[], options_reader *read);

#endif
