/* One CartPole. */
#include "cartpole_physics.h"

#include <kvist/env.h>
#include <limits.h>

env_status env_cartpole_init(env_cartpole *env, int max_steps, uint64_t seed)
{
    if (!env || max_steps < 0) return ENV_ERR_ARGUMENT;
    *env = (env_cartpole){ .max_steps = max_steps ? max_steps : ENV_CARTPOLE_V1_STEPS, .rng = env_rng_make(seed) };
    return ENV_OK;
}

void env_cartpole_observe(const env_cartpole *env, float *obs)
{
    obs[0] = (float)env->x;
    obs[1] = (float)env->x_dot;
    obs[2] = (float)env->theta;
    obs[3] = (float)env->theta_dot;
}

void env_cartpole_reset(env_cartpole *env, float *obs)
{
    double start[4];
    env_rng_uniform_fill(&env->rng, -CARTPOLE_START_LIMIT, CARTPOLE_START_LIMIT, start, 4);
    env->x = start[0];
    env->x_dot = start[1];
    env->theta = start[2];
    env->theta_dot = start[3];
    env->step = 0;
    env->running = env->max_steps > 0; /* false only where init has not been */
    if (obs) env_cartpole_observe(env, obs);
}

static cartpole_state next_state(cartpole_state q, int action)
{
    const bool small = fabs(q.theta) <= CARTPOLE_SERIES_LIMIT; /* always, unless the caller set the state */
    const double s = small ? cartpole_sin(q.theta) : sin(q.theta);
    const double c = small ? cartpole_cos(q.theta) : cos(q.theta);
    return cartpole_euler(q, cartpole_force(action), s, c);
}

env_status env_cartpole_step(env_cartpole *env, int action, float *obs, env_step *result)
{
    if (!env) return ENV_ERR_ARGUMENT;
    if (action < 0 || action >= ENV_CARTPOLE_ACTIONS) return ENV_ERR_ACTION;
    if (!env->running) return ENV_ERR_STATE;
    if (!isfinite(env->x) || !isfinite(env->x_dot) || !isfinite(env->theta) || !isfinite(env->theta_dot))
        return ENV_ERR_NUMERIC;

    const cartpole_state q = next_state((cartpole_state){ env->x, env->x_dot, env->theta, env->theta_dot }, action);
    env->x = q.x;
    env->x_dot = q.x_dot;
    env->theta = q.theta;
    env->theta_dot = q.theta_dot;
    if (env->step < INT_MAX) env->step++; /* the caller may have written any number */

    const bool terminated = cartpole_fell(q.x, q.theta), truncated = env->step >= env->max_steps;
    env->running = !terminated && !truncated;
    if (obs) env_cartpole_observe(env, obs);
    if (result) *result = (env_step){ 1.0f, terminated, truncated };
    return ENV_OK;
}
