#include "q_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static size_t bytes_of(const q_table *table)
{
    return (size_t)table->states.states * ENV_CARTPOLE_ACTIONS * sizeof *table->values;
}

static bool cut(env_discretizer *states, const q_grid *grid, env_error *error)
{
    double low[ENV_CARTPOLE_OBS];
    int counts[ENV_CARTPOLE_OBS];
    for (int i = 0; i < ENV_CARTPOLE_OBS; i++) {
        low[i] = -grid->edges[i];
        counts[i] = (int)grid->bins;
    }
    return env_discretizer_init(states, ENV_CARTPOLE_OBS, low, grid->edges, counts, error) == ENV_OK;
}

bool q_grid_check(const q_grid *grid)
{
    env_discretizer states;
    return cut(&states, grid, NULL);
}

bool q_table_create(q_table *table, const q_grid *grid, double rate, double discount, env_error *error)
{
    *table = (q_table){ .grid = *grid, .rate = rate, .discount = discount };
    if (!cut(&table->states, grid, error)) return false;
    table->values = calloc(1, bytes_of(table));
    if (!table->values) *error = (env_error){ .status = ENV_ERR_MEMORY, .text = "out of memory for the table" };
    return table->values != NULL;
}

void q_table_destroy(q_table *table)
{
    free(table->values);
}

int q_table_state(const q_table *table, const float obs[ENV_CARTPOLE_OBS])
{
    int state = -1;
    return env_discretize(&table->states, obs, &state) == ENV_OK ? state : -1;
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

/* --- files -------------------------------------------------------------------------------------------------------- */

void q_grid_list(q_grid *grid, nn_archive *archive)
{
    static const char *const names[ENV_CARTPOLE_OBS] = { "edge_position", "edge_velocity", "edge_angle",
                                                         "edge_angular" };
    nn_archive_add_u64(archive, "bins", &grid->bins);
    for (int i = 0; i < ENV_CARTPOLE_OBS; i++) nn_archive_add_f64(archive, names[i], &grid->edges[i]);
}

/* The values as this machine holds them: little-endian doubles, (states, 2). */
void q_table_list(q_table *table, nn_archive *archive)
{
    q_grid_list(&table->grid, archive);
    nn_archive_add_bytes(archive, "values", table->values, bytes_of(table));
}

static bool makes_sense(const q_grid *grid)
{
    for (int i = 0; i < ENV_CARTPOLE_OBS; i++)
        if (!(grid->edges[i] > 0.0 && isfinite(grid->edges[i]))) return false;
    return grid->bins >= 1 && grid->bins <= Q_MOST_BINS;
}

static nn_status load_grid(q_grid *grid, const char *path, nn_error *error)
{
    nn_archive *archive = nn_archive_create(error);
    if (!archive) return error->status;
    q_grid_list(grid, archive);
    nn_status status = nn_archive_load(archive, path, error);
    nn_archive_destroy(archive);
    if (status != NN_OK || makes_sense(grid)) return status;
    status = NN_ERR_DATA;
    *error = (nn_error){ .status = status };
    snprintf(error->text, sizeof error->text, "%.150s: expected 1 to %d bins over finite edges above 0", path,
             Q_MOST_BINS);
    return status;
}

static nn_status load_values(q_table *table, const char *path, nn_error *error)
{
    nn_archive *archive = nn_archive_create(error);
    if (!archive) return error->status;
    q_table_list(table, archive);
    const nn_status status = nn_archive_load(archive, path, error);
    nn_archive_destroy(archive);
    return status;
}

bool q_table_load(q_table *table, const char *path, nn_error *error)
{
    q_grid grid = { 0 };
    env_error why;
    *table = (q_table){ 0 };
    if (load_grid(&grid, path, error) != NN_OK) return false;
    if (!q_table_create(table, &grid, 0.0, 0.0, &why)) {
        *error = (nn_error){ .status = why.status == ENV_ERR_MEMORY ? NN_ERR_MEMORY : NN_ERR_DATA };
        snprintf(error->text, sizeof error->text, "%.100s: %.150s", path, why.text);
        return false;
    }
    if (load_values(table, path, error) == NN_OK) return true;
    q_table_destroy(table);
    *table = (q_table){ 0 };
    return false;
}
