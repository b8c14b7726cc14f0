/*
 * A program linked so that it is killed before its N-th step of learning (of a table, an agent, an optimiser); its main
 * is program_main. With N = 0 it runs to its end, and the last line on stderr says how many steps it took.
 *
 * usage: killed_PROGRAM N OPTIONS..
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(TEST_TABLE)
#include "q_table.h"
#elif defined(TEST_AGENT)
#include "dqn_agent.h"
#else
#include <kvist/nn.h>
#endif

int program_main(int argc, char *argv[]);

static long kill_at, steps;

static void count_step(void)
{
    if (++steps == labs(kill_at)) raise(kill_at > 0 ? SIGKILL : SIGINT);
}

#if defined(TEST_TABLE)
void __real_q_table_update(q_table *table, int state, int action, double reward, int next, bool terminated);
void __wrap_q_table_update(q_table *table, int state, int action, double reward, int next, bool terminated);

void __wrap_q_table_update(q_table *table, int state, int action, double reward, int next, bool terminated)
{
    count_step();
    __real_q_table_update(table, state, action, reward, next, terminated);
}
#elif defined(TEST_AGENT)
bool __real_dqn_learn(dqn_agent *agent, const float *obs, int action, const env_step *result, const float *next);
bool __wrap_dqn_learn(dqn_agent *agent, const float *obs, int action, const env_step *result, const float *next);

bool __wrap_dqn_learn(dqn_agent *agent, const float *obs, int action, const env_step *result, const float *next)
{
    count_step();
    return __real_dqn_learn(agent, obs, action, result, next);
}
#else
void __real_nn_optim_step(nn_optim *optim);
void __wrap_nn_optim_step(nn_optim *optim);

void __wrap_nn_optim_step(nn_optim *optim)
{
    count_step();
    __real_nn_optim_step(optim);
}
#endif

static void tell_steps(void)
{
    fprintf(stderr, "%ld steps\n", steps);
}

int main(int argc, char *argv[])
{
    if (argc < 2) return 2;
    kill_at = strtol(argv[1], NULL, 10);
    if (kill_at == 0) atexit(tell_steps);
    argv[1] = argv[0];
    return program_main(argc - 1, argv + 1);
}
