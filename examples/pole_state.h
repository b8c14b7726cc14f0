/* CartPole in a checkpoint, and what a loaded one is held to: who can write a file can write its seal. */
#ifndef KVIST_EXAMPLES_POLE_STATE_H
#define KVIST_EXAMPLES_POLE_STATE_H

#include <kvist/data.h>
#include <kvist/env.h>
#include <kvist/nn.h>

/* Lists the running episode (its state, its steps) and the generator of those to come. */
void pole_list_state(env_cartpole *env, nn_archive *archive);
/* Whether such an episode can be played on; told if not. @return an exit code, as below */
int pole_check_state(const env_cartpole *env, const char *path);
/* A generator of zeros alone gives nothing else, and whoever waits for another number waits for ever. */
int pole_check_random(const data_rng *rng, const char *path, const char *name);

#endif
