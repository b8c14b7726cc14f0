/* The command line of cartpole_dqn. */
#ifndef KVIST_EXAMPLES_DQN_OPTIONS_H
#define KVIST_EXAMPLES_DQN_OPTIONS_H

#include "dqn_agent.h"
#include "support/options.h"

#include <stdbool.h>

/* What was typed, and what stands where nothing was. */
typedef struct dqn_options {
    options_common common;
    dqn_def dqn;
    int episodes, solved, play, render;
    bool plain;
} dqn_options;

/* Fills set by the command line, which goes to `read`. @return what that returns: -1 to go on, or an exit code */
int dqn_options_read(dqn_options *set, int argc, char *const argv[], options_reader *read);

#endif
