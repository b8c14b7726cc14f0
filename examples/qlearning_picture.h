/* The learning curves of one or several runs of tabular Q-learning. */
#ifndef KVIST_EXAMPLES_QLEARNING_PICTURE_H
#define KVIST_EXAMPLES_QLEARNING_PICTURE_H

#include "support/run.h"

#include <stdint.h>

/* As many as lines can be told apart: seven colours, solid and dashed. */
enum { QLEARNING_MOST_RUNS = 14 };

/* Where a run leaves its lines: folder/history.csv, or folder/history-seedS.csv if it is one of several. */
void qlearning_history(char path[RUN_PATH], const char *folder, uint64_t seed, int runs);

/* Draws the histories of seed .. seed + runs - 1 to folder/history.png: mean rewards, good runs, epsilon. What is wrong
 * is told on stderr. */
void qlearning_draw(const char *folder, uint64_t seed, int runs);

#endif
