/* Many CartPoles in step. */
#include "cartpole_kernel.h"
#include "cartpole_physics.h"
#include "error.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    ALIGN = 64, /* a cache line, and the widest vector */
    BLOCK = 512 /* environments stepped, reset and observed while they are in the first-level cache */
};

struct env_cartpole_vec {
    cartpole_lanes lanes;
    env_rng *rng;   /* (count) */
    uint8_t *ended; /* (BLOCK), of the block in work */
    const cartpole_kernel *kernel;
    int count, max_steps;
    bool running;
    env_allocator alloc;
    env_error error;
};

/* --- memory ------------------------------------------------------------------------------------------------------- */

static void *default_alloc(size_t size, size_t align, void *user)
{
    (void)user;
    return aligned_alloc(align, size);
}

static void default_release(void *memory, void *user)
{
    (void)user;
    free(memory);
}

/* Places count elements after *offset, at the next cache line, and moves *offset past them; returns where they lie.
   Sets *overflow when the sum does not fit. */
static size_t place(size_t *offset, size_t count, size_t size, bool *overflow)
{
    if (*overflow || count > (SIZE_MAX - *offset - ALIGN) / size) {
        *overflow = true;
        return 0;
    }
    const size_t here = *offset;
    *offset = (here + count * size + ALIGN - 1) / ALIGN * ALIGN;
    return here;
}

typedef struct layout {
    size_t x, x_dot, theta, theta_dot, step, rng, ended, total;
    bool overflow;
} layout;

static layout plan(int count)
{
    layout at = { 0 };
    const size_t n = (size_t)count;
    place(&at.total, 1, sizeof(env_cartpole_vec), &at.overflow);
    at.x = place(&at.total, n, sizeof(double), &at.overflow);
    at.x_dot = place(&at.total, n, sizeof(double), &at.overflow);
    at.theta = place(&at.total, n, sizeof(double), &at.overflow);
    at.theta_dot = place(&at.total, n, sizeof(double), &at.overflow);
    at.step = place(&at.total, n, sizeof(int), &at.overflow);
    at.rng = place(&at.total, n, sizeof(env_rng), &at.overflow);
    at.ended = place(&at.total, BLOCK, sizeof(uint8_t), &at.overflow);
    return at;
}

static env_cartpole_vec *carve(void *memory, const layout *at)
{
    char *base = memory;
    env_cartpole_vec *vec = memory;
    memset(vec, 0, sizeof *vec);
    vec->lanes = (cartpole_lanes){
        .x = (void *)(base + at->x),
        .x_dot = (void *)(base + at->x_dot),
        .theta = (void *)(base + at->theta),
        .theta_dot = (void *)(base + at->theta_dot),
        .step = (void *)(base + at->step),
    };
    vec->rng = (void *)(base + at->rng);
    vec->ended = (void *)(base + at->ended);
    return vec;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static const cartpole_kernel *best_kernel(void)
{
#ifdef CARTPOLE_X86_64
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw"))
        return &env_cartpole_kernel_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &env_cartpole_kernel_avx2;
#endif
    return &env_cartpole_kernel_portable;
}

env_cartpole_vec *env_cartpole_vec_create(const env_cartpole_vec_def *def, env_error *error)
{
    static const char name[] = "env_cartpole_vec_create";
    env_clear_error(error);
    if (!def) {
        env_fail(error, ENV_ERR_ARGUMENT, "%s: def: expected a definition, got NULL", name);
        return NULL;
    }
    if (def->count < 1) {
        env_fail(error, ENV_ERR_ARGUMENT, "%s: count: expected at least 1, got %d", name, def->count);
        return NULL;
    }
    if (def->max_steps < 0) {
        env_fail(error, ENV_ERR_ARGUMENT, "%s: max_steps: expected at least 0, got %d", name, def->max_steps);
        return NULL;
    }
    if (def->alloc && (!def->alloc->alloc || !def->alloc->release)) {
        env_fail(error, ENV_ERR_ARGUMENT, "%s: alloc: expected both functions, got NULL", name);
        return NULL;
    }

    const env_allocator alloc = def->alloc ? *def->alloc : (env_allocator){ default_alloc, default_release, NULL };
    const layout at = plan(def->count);
    void *memory = at.overflow ? NULL : alloc.alloc(at.total, ALIGN, alloc.user);
    if (!memory) {
        env_fail(error, ENV_ERR_MEMORY, "%s: count: no memory for %d environments", name, def->count);
        return NULL;
    }

    env_cartpole_vec *vec = carve(memory, &at);
    vec->kernel = best_kernel();
    vec->count = def->count;
    vec->max_steps = def->max_steps ? def->max_steps : ENV_CARTPOLE_V1_STEPS;
    vec->alloc = alloc;
    for (int i = 0; i < vec->count; i++) vec->rng[i] = env_rng_make(def->seed + (uint64_t)i);
    return vec;
}

void env_cartpole_vec_destroy(env_cartpole_vec *vec)
{
    if (!vec) return;
    const env_allocator alloc = vec->alloc; /* vec is part of the memory it releases */
    alloc.release(vec, alloc.user);
}

int env_cartpole_vec_count(const env_cartpole_vec *vec)
{
    return vec->count;
}

const char *env_cartpole_vec_error(const env_cartpole_vec *vec)
{
    return vec->error.text;
}

/* --- one environment in and out ----------------------------------------------------------------------------------- */

static env_cartpole get(const env_cartpole_vec *vec, int i)
{
    const cartpole_lanes *lanes = &vec->lanes;
    return (env_cartpole){
        .x = lanes->x[i],
        .x_dot = lanes->x_dot[i],
        .theta = lanes->theta[i],
        .theta_dot = lanes->theta_dot[i],
        .step = lanes->step[i],
        .max_steps = vec->max_steps,
        .running = vec->running,
        .rng = vec->rng[i],
    };
}

static void set(env_cartpole_vec *vec, int i, const env_cartpole *env)
{
    const cartpole_lanes *lanes = &vec->lanes;
    lanes->x[i] = env->x;
    lanes->x_dot[i] = env->x_dot;
    lanes->theta[i] = env->theta;
    lanes->theta_dot[i] = env->theta_dot;
    lanes->step[i] = env->step;
    vec->rng[i] = env->rng;
}

env_status env_cartpole_vec_get(const env_cartpole_vec *vec, int index, env_cartpole *env)
{
    if (!vec || !env || index < 0 || index >= vec->count) return ENV_ERR_ARGUMENT;
    *env = (env_cartpole){ .max_steps = vec->max_steps, .rng = vec->rng[index] };
    if (vec->running) *env = get(vec, index);
    return ENV_OK;
}

env_status env_cartpole_vec_set(env_cartpole_vec *vec, int index, const env_cartpole *env)
{
    static const char name[] = "env_cartpole_vec_set";
    if (!vec) return ENV_ERR_ARGUMENT;
    if (!env) return env_fail(&vec->error, ENV_ERR_ARGUMENT, "%s: env: expected an environment, got NULL", name);
    if (index < 0 || index >= vec->count)
        return env_fail(&vec->error, ENV_ERR_ARGUMENT, "%s: index: expected 0 to %d, got %d", name, vec->count - 1,
                        index);
    if (env->max_steps != vec->max_steps)
        return env_fail(&vec->error, ENV_ERR_ARGUMENT, "%s: max_steps: expected %d, got %d", name, vec->max_steps,
                        env->max_steps);
    if (!isfinite(env->x) || !isfinite(env->x_dot) || !isfinite(env->theta) || !isfinite(env->theta_dot))
        return env_fail(&vec->error, ENV_ERR_NUMERIC, "%s: state: expected finite numbers, got %g %g %g %g", name,
                        env->x, env->x_dot, env->theta, env->theta_dot);
    if (!vec->running || !env->running || env->step < 0 || env->step >= env->max_steps ||
        cartpole_fell(env->x, env->theta))
        return env_fail(&vec->error, ENV_ERR_STATE, "%s: env: expected an episode under way on both sides, got %s",
                        name, vec->running ? "one that is over or not begun" : "environments before their reset");
    set(vec, index, env);
    return ENV_OK;
}

/* --- reset and step ----------------------------------------------------------------------------------------------- */

static cartpole_lanes lanes_from(const cartpole_lanes *lanes, int first)
{
    return (cartpole_lanes){ lanes->x + first, lanes->x_dot + first, lanes->theta + first, lanes->theta_dot + first,
                             lanes->step + first };
}

static void reset_one(env_cartpole_vec *vec, int i)
{
    double start[4];
    env_rng_uniform_fill(&vec->rng[i], -CARTPOLE_START_LIMIT, CARTPOLE_START_LIMIT, start, 4);
    vec->lanes.x[i] = start[0];
    vec->lanes.x_dot[i] = start[1];
    vec->lanes.theta[i] = start[2];
    vec->lanes.theta_dot[i] = start[3];
    vec->lanes.step[i] = 0;
}

void env_cartpole_vec_reset(env_cartpole_vec *vec, float *obs)
{
    for (int i = 0; i < vec->count; i++) reset_one(vec, i);
    vec->running = true;
    if (obs) vec->kernel->observe(&vec->lanes, vec->count, obs);
}

/* Keeps the last observation of environment i and starts its next episode. */
static void finish(env_cartpole_vec *vec, int i, float *final_obs)
{
    if (final_obs) {
        const env_cartpole last = get(vec, i);
        env_cartpole_observe(&last, final_obs + (size_t)i * ENV_CARTPOLE_OBS);
    }
    reset_one(vec, i);
}

/* Lists the environments that ended first: which ones is chance, and no branch can foresee it. */
static void finish_block(env_cartpole_vec *vec, int first, int n, float *final_obs)
{
    int list[BLOCK], count = 0;
    for (int i = 0; i < n; i++) {
        list[count] = first + i;
        count += vec->ended[i] != 0;
    }
    for (int k = 0; k < count; k++) finish(vec, list[k], final_obs);
}

static void report_ends(const env_cartpole_vec *vec, int first, int n, const env_cartpole_vec_out *out)
{
    if (out->terminated) vec->kernel->report(vec->ended, CARTPOLE_TERMINATED, n, out->terminated + first);
    if (out->truncated) vec->kernel->report(vec->ended, CARTPOLE_TRUNCATED, n, out->truncated + first);
    if (out->reward)
        for (int i = 0; i < n; i++) out->reward[first + i] = 1.0f;
}

static env_status check_step(env_cartpole_vec *vec, const int *action, const env_cartpole_vec_out *out)
{
    static const char name[] = "env_cartpole_vec_step";
    if (!action || !out)
        return env_fail(&vec->error, ENV_ERR_ARGUMENT, "%s: %s: expected an array, got NULL", name,
                        action ? "out" : "action");
    if (!vec->running) return env_fail(&vec->error, ENV_ERR_STATE, "%s: expected a reset before the first step", name);

    if (vec->kernel->all_bits(action, vec->count) < ENV_CARTPOLE_ACTIONS) return ENV_OK;
    int i = 0;
    while ((unsigned)action[i] < ENV_CARTPOLE_ACTIONS) i++;
    return env_fail(&vec->error, ENV_ERR_ACTION, "%s: action[%d]: expected 0 or 1, got %d", name, i, action[i]);
}

env_status env_cartpole_vec_step(env_cartpole_vec *vec, const int *action, const env_cartpole_vec_out *out)
{
    if (!vec) return ENV_ERR_ARGUMENT;
    const env_status status = check_step(vec, action, out);
    if (status != ENV_OK) return status;

    for (int first = 0; first < vec->count; first += BLOCK) {
        const int n = vec->count - first < BLOCK ? vec->count - first : BLOCK;
        const cartpole_lanes lanes = lanes_from(&vec->lanes, first);
        vec->kernel->step(&lanes, action + first, vec->max_steps, n, vec->ended);
        finish_block(vec, first, n, out->final_obs);
        report_ends(vec, first, n, out);
        if (out->obs) vec->kernel->observe(&lanes, n, out->obs + (size_t)first * ENV_CARTPOLE_OBS);
    }
    return ENV_OK;
}
