/* A table of Q-values over discretised observations (Watkins 1989), as the lab report's lab3_rl0 keeps one. */
#ifndef KVIST_EXAMPLES_Q_TABLE_H
#define KVIST_EXAMPLES_Q_TABLE_H

#include <kvist/data.h>
#include <kvist/env.h>

typedef struct q_table {
    env_discretizer bins;
    double *values; /* (states, 2): what each action is worth, zero at the start */
    double rate, discount;
} q_table;

/* `bins` for each of CartPole's observations, over +-edges. False if memory runs out or the options make no sense. */
bool q_table_create(q_table *table, int bins, const double edges[ENV_CARTPOLE_OBS], double rate, double discount);
void q_table_destroy(q_table *table);
/* The better action of a state; a tie is decided by the generator. */
int q_table_greedy(const q_table *table, int state, data_rng *rng);
/* Q(s, a) += rate (reward + discount max Q(s', .) - Q(s, a)); a terminal s' is worth nothing. */
void q_table_update(q_table *table, int state, int action, double reward, int next, bool terminated);

#endif
