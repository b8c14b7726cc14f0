#include "q_table.h"

#include <stdlib.h>

bool q_table_create(q_table *table, int bins, const double edges[ENV_CARTPOLE_OBS], double rate, double discount)
{
    double low[ENV_CARTPOLE_OBS];
    int counts[ENV_CARTPOLE_OBS];
    for (int i = 0; i < ENV_CARTPOLE_OBS; i++) {
        low[i] = -edges[i];
        counts[i] = bins;
    }
    *table = (q_table){ .rate = rate, .discount = discount };
    if (env_discretizer_init(&table->bins, ENV_CARTPOLE_OBS, low, edges, counts, NULL) != ENV_OK) return false;
    table->values = calloc((size_t)table->bins.states, ENV_CARTPOLE_ACTIONS * sizeof *table->values);
    return table->values != NULL;
}

void q_table_destroy(q_table *table)
{
    free(table->values);
}

int q_table_greedy(const q_table *table, int state, data_rng *rng)
{
    const double *q = table->values + (size_t)state * ENV_CARTPOLE_ACTIONS;
    if (q[0] == q[1]) return (int)data_rng_below(rng, ENV_CARTPOLE_ACTIONS);
    return q[1] > q[0];
}

void q_table_update(q_table *table, int state, int action, double reward, int next, bool terminated)
{
    double *q = table->values + (size_t)state * ENV_CARTPOLE_ACTIONS;
    const double *after = table->values + (size_t)next * ENV_CARTPOLE_ACTIONS;
    const double best = after[0] > after[1] ? after[0] : after[1];
    q[action] += table->rate * (reward + (terminated ? 0.0 : table->discount * best) - q[action]);
}
