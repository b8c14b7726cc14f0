/* CartPole in a checkpoint. */
#ifndef KVIST_EXAMPLES_POLE_STATE_H
#define KVIST_EXAMPLES_POLE_STATE_H

#include <kvist/env.h>
#include <kvist/nn.h>

/* Lists the running episode (its state, its steps) and the generator of those to come. */
void pole_list_state(env_cartpole *env, nn_archive *archive);

#endif
