/* A deep Q-network (Mnih et al. 2015) on CartPole, and the original it descends from. */
#ifndef KVIST_EXAMPLES_DQN_AGENT_H
#define KVIST_EXAMPLES_DQN_AGENT_H

#include <kvist/data.h>
#include <kvist/env.h>
#include <kvist/nn.h>

enum { DQN_MOST_BATCH = 512 };

typedef struct dqn_def {
    int units, batch, memory;
    double lr;         /* of Adam; falls to a hundredth in a straight line .. */
    int lr_steps;      /* .. over so many updates; 0: lr all the time */
    double gamma, tau; /* tau: how far the target net follows at each update; 1: no target net */
    double epsilon, epsilon_least, epsilon_decay; /* of exploration, per update */
    bool prioritised;   /* surprising transitions are replayed more often (Schaul et al. 2016) */
    bool dueling;       /* values and advantages apart (Wang et al. 2016) */
    bool double_q;      /* the online net chooses the next action (van Hasselt et al. 2016) */
    bool classic;       /* the original's quirks: batch-of-one fits, no update on a last step */
    double fall_reward; /* of the step that ends an episode */
    uint64_t seed;
} dqn_def;

typedef struct dqn_agent {
    dqn_def def;
    nn_model *online, *target;
    nn_optim *optim;
    data_replay *memory;
    data_rng explore, sample;
    double epsilon;
    char error[256]; /* why dqn_act() or dqn_learn() failed */
} dqn_agent;

/* False with *error filled on failure; to be given to dqn_destroy() all the same. */
bool dqn_create(dqn_agent *agent, const dqn_def *def, nn_error *error);
void dqn_destroy(dqn_agent *agent);

/* Lists networks, optimiser, generators and exploration; the memory, which grows, is the caller's to list. */
void dqn_add_state(dqn_agent *agent, nn_archive *archive);
/* The better action by a network; -1 on failure. */
int dqn_greedy(nn_model *model, const float *obs);
/* The better action, or any with probability epsilon; -1 with agent->error filled on failure. */
int dqn_act(dqn_agent *agent, const float *obs);
/* Remembers a step and learns from a sample of the memory; false with agent->error filled if the library failed or a
 * Q-value is not finite, which changes no weight. */
bool dqn_learn(dqn_agent *agent, const float *obs, int action, const env_step *result, const float *next);

#endif
