/* One CartPole. Forces come in pairs, one for each action: see next_state(). */
#define CARTPOLE_REAL double __attribute__((vector_size(16)))
#include "cartpole_physics.h"

#include <kvist/env.h>
#include <limits.h>

env_status env_cartpole_init(env_cartpole *env, int max_steps, uint64_t seed)
{
    if (!env || max_steps < 0) return ENV_ERR_ARGUMENT;
    *env = (env_cartpole){ .max_steps = max_steps ? max_steps : ENV_CARTPOLE_V1_STEPS, .rng = env_rng_make(seed) };
    return ENV_OK;
}

static inline void observe(cartpole_state q, float *obs)
{
    obs[0] = (float)q.x;
    obs[1] = (float)q.x_dot;
    obs[2] = (float)q.theta;
    obs[3] = (float)q.theta_dot;
}

static inline cartpole_state state_of(const env_cartpole *env)
{
    return (cartpole_state){ env->x, env->x_dot, env->theta, env->theta_dot };
}

void env_cartpole_observe(const env_cartpole *env, float *obs)
{
    observe(state_of(env), obs);
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

typedef int64_t bits __attribute__((vector_size(16)));

/* Of both the one that the mask leaves. */
static inline double pick(cartpole_real both, bits mask)
{
    const bits picked = (bits)both & mask;
    return ((cartpole_real)(picked | (bits){ picked[1], picked[0] }))[0];
}

/*
 * Both actions' next states, and of them the one that is wanted: the action comes last, for it comes late. An agent
 * looks for it in the state before, and what it need not wait for is done meanwhile.
 */
static cartpole_state next_state(cartpole_state q, int action)
{
    const bool small = fabs(q.theta) <= CARTPOLE_SERIES_LIMIT; /* always, unless the caller set the state */
    const double s = small ? cartpole_sin(q.theta) : sin(q.theta);
    const double c = small ? cartpole_cos(q.theta) : cos(q.theta);
    const cartpole_next both = cartpole_euler(q, (cartpole_real){ -CARTPOLE_FORCE, CARTPOLE_FORCE }, s, c);
    const bits mask = { action - (int64_t)1, -(int64_t)action };
    return (cartpole_state){ both.x, pick(both.x_dot, mask), both.theta, pick(both.theta_dot, mask) };
}

env_status env_cartpole_step(env_cartpole *env, int action, float *obs, env_step *result)
{
    if (!env) return ENV_ERR_ARGUMENT;
    if (action < 0 || action >= ENV_CARTPOLE_ACTIONS) return ENV_ERR_ACTION;
    if (!env->running) return ENV_ERR_STATE;
    if (!isfinite(env->x) || !isfinite(env->x_dot) || !isfinite(env->theta) || !isfinite(env->theta_dot))
        return ENV_ERR_NUMERIC;

    const cartpole_state q = next_state(state_of(env), action);
    env->x = q.x;
    env->x_dot = q.x_dot;
    env->theta = q.theta;
    env->theta_dot = q.theta_dot;
    if (env->step < INT_MAX) env->step++; /* the caller may have written any number */

    const bool terminated = cartpole_fell(q.x, q.theta), truncated = env->step >= env->max_steps;
    env->running = !terminated && !truncated;
    if (obs) observe(q, obs);
    if (result) *result = (env_step){ 1.0f, terminated, truncated };
    return ENV_OK;
}
