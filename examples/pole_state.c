#include "pole_state.h"

#include "support/run.h"

#include <math.h>
#include <string.h>

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

/* A bool that is neither 0 nor 1 may not even be read as one. */
static bool is_bool(const bool *value)
{
    unsigned char byte;
    memcpy(&byte, value, sizeof byte);
    return byte <= 1;
}

int pole_check_state(const env_cartpole *env, const char *path)
{
    if (!is_bool(&env->running)) return run_error("%s: running: expected 0 or 1, got another number", path);
    if (env->step < 0 || env->step > env->max_steps - env->running)
        return run_error("%s: step: expected 0 to %d, got %d", path, env->max_steps - env->running, env->step);
    if (!isfinite(env->x) || !isfinite(env->x_dot) || !isfinite(env->theta) || !isfinite(env->theta_dot))
        return run_error("%s: expected a state of the cart, got no number", path);
    return RUN_DONE;
}

int pole_check_random(const data_rng *rng, const char *path, const char *name)
{
    for (size_t i = 0; i < sizeof rng->state / sizeof *rng->state; i++)
        if (rng->state[i] != 0) return RUN_DONE;
    return run_error("%s: %s: expected a generator's state, got zeros alone", path, name);
}
