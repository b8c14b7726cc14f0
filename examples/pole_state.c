#include "pole_state.h"

void pole_list_state(env_cartpole *env, nn_archive *archive)
{
    nn_archive_add_f64(archive, "x", &env->x);
    nn_archive_add_f64(archive, "x_dot", &env->x_dot);
    nn_archive_add_f64(archive, "theta", &env->theta);
    nn_archive_add_f64(archive, "theta_dot", &env->theta_dot);
    nn_archive_add_bytes(archive, "step", &env->step, sizeof env->step);
    nn_archive_add_bytes(archive, "running", &env->running, sizeof env->running);
    nn_archive_add_bytes(archive, "env_state", env->rng.state, sizeof env->rng.state);
    nn_archive_add_bytes(archive, "env_increment", env->rng.increment, sizeof env->rng.increment);
}
