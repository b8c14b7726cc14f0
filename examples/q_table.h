/* A table of Q-values over discretised observations (Watkins 1989), as the lab report's lab3_rl0 keeps one. */
#ifndef KVIST_EXAMPLES_Q_TABLE_H
#define KVIST_EXAMPLES_Q_TABLE_H

#include <kvist/data.h>
#include <kvist/env.h>
#include <kvist/nn.h>

#include <stdbool.h>
#include <stdint.h>

/* A table of them takes 100 MB, which every checkpoint writes. */
enum { Q_MOST_BINS = 50 };

/* How observations become states: each is cut into `bins` over +-edge. */
typedef struct q_grid {
    uint64_t bins;
    double edges[ENV_CARTPOLE_OBS]; /* m, m/s, rad, rad/s */
} q_grid;

typedef struct q_table {
    q_grid grid;
    env_discretizer states;
    double *values; /* (states, 2): what each action is worth, zero at the start */
    double rate, discount;
} q_table;

/* Whether observations can be cut so. */
bool q_grid_check(const q_grid *grid);
/* False if that cannot be or memory runs out, with *error filled and the table empty. */
bool q_table_create(q_table *table, const q_grid *grid, double rate, double discount, env_error *error);
void q_table_destroy(q_table *table);
/* The state of an observation, -1 if it is not a number. */
int q_table_state(const q_table *table, const float obs[ENV_CARTPOLE_OBS]);
/* The better action of a state; a tie is decided by the generator. */
int q_table_greedy(const q_table *table, int state, data_rng *rng);
/* Q(s, a) += rate (reward + discount max Q(s', .) - Q(s, a)); a terminal s' is worth nothing. */
void q_table_update(q_table *table, int state, int action, double reward, int next, bool terminated);

/* Puts grid, or grid and values, on the list of what a file holds; borrowed until the list is destroyed. */
void q_grid_list(q_grid *grid, nn_archive *archive);
void q_table_list(q_table *table, nn_archive *archive);
/* Makes the table that a file holds, a saved one or a checkpoint, to play with. False with *error filled and the table
 * empty; after true error->text may tell that the file before was taken. */
bool q_table_load(q_table *table, const char *path, nn_error *error);

#endif
