/* W1: CartPole alone, vectorised, and with a Q-table. */
#include "workload.h"
#include <kvist/env.h>
#include <stdlib.h>

enum { STEPS = 100000, ENVIRONMENTS = 1024, BINS = 10 };

/* Those of cartpole_qlearning. */
static const double low[] = { -2.4, -3.0, -0.21, -3.5 }, high[] = { 2.4, 3.0, 0.21, 3.5 };
static const int bins[] = { BINS, BINS, BINS, BINS };

typedef struct single {
    env_cartpole env;
    float obs[ENV_CARTPOLE_OBS];
    uint32_t random;
    env_discretizer bins;
    float (*table)[ENV_CARTPOLE_ACTIONS]; /* (states) */
} single;

/* Marsaglia's xorshift: cheap enough not to be what is measured. */
static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void *make_single(const workload *self, int threads)
{
    single *s = calloc(1, sizeof *s);
    (void)self, (void)threads;
    if (!s) fail("cartpole", "out of memory");
    s->random = 1;
    if (env_discretizer_init(&s->bins, ENV_CARTPOLE_OBS, low, high, bins, NULL) != ENV_OK) fail("cartpole", "bins");
    if (!(s->table = calloc((size_t)s->bins.states, sizeof *s->table))) fail("cartpole", "out of memory");
    if (env_cartpole_init(&s->env, ENV_CARTPOLE_V1_STEPS, 1) != ENV_OK) fail("cartpole", "init");
    env_cartpole_reset(&s->env, s->obs);
    return s;
}

static void destroy_single(void *state)
{
    single *s = state;
    free(s->table);
    free(s);
}

static void step_single(void *state)
{
    single *s = state;
    for (int i = 0; i < STEPS; i++) {
        env_step result;
        if (env_cartpole_step(&s->env, (int)(next_random(&s->random) & 1), s->obs, &result) != ENV_OK)
            fail("cartpole", "step");
        if (result.terminated || result.truncated) env_cartpole_reset(&s->env, s->obs);
    }
}

static int state_of(const single *s)
{
    int state = 0;
    if (env_discretize(&s->bins, s->obs, &state) != ENV_OK) fail("cartpole", "discretize");
    return state;
}

static void step_q(void *state)
{
    single *s = state;
    const float rate = 0.1f, discount = 0.99f;
    int now = state_of(s);
    for (int i = 0; i < STEPS; i++) {
        const uint32_t random = next_random(&s->random);
        const int greedy = s->table[now][1] > s->table[now][0];
        const int action = (random & 0xff) < 13 ? (int)(random >> 31) : greedy; /* explores 5 % of the time */
        env_step result;
        if (env_cartpole_step(&s->env, action, s->obs, &result) != ENV_OK) fail("cartpole", "step");
        const int next = state_of(s);
        const float best = s->table[next][0] > s->table[next][1] ? s->table[next][0] : s->table[next][1];
        const float target = result.reward + (result.terminated ? 0.0f : discount * best);
        s->table[now][action] += rate * (target - s->table[now][action]);
        now = next;
        if (!result.terminated && !result.truncated) continue;
        env_cartpole_reset(&s->env, s->obs);
        now = state_of(s);
    }
}

typedef struct many {
    env_cartpole_vec *vec;
    uint32_t random;
    int action[ENVIRONMENTS];
    float obs[ENVIRONMENTS * ENV_CARTPOLE_OBS], final_obs[ENVIRONMENTS * ENV_CARTPOLE_OBS], reward[ENVIRONMENTS];
    bool terminated[ENVIRONMENTS], truncated[ENVIRONMENTS];
} many;

static void *make_many(const workload *self, int threads)
{
    many *m = calloc(1, sizeof *m);
    env_error error = { ENV_OK, "" };
    (void)self, (void)threads;
    if (!m) fail("cartpole", "out of memory");
    m->random = 1;
    m->vec = env_cartpole_vec_create(&(env_cartpole_vec_def){ .count = ENVIRONMENTS, .seed = 1 }, &error);
    if (!m->vec) fail("cartpole", error.text);
    env_cartpole_vec_reset(m->vec, m->obs);
    return m;
}

static void destroy_many(void *state)
{
    many *m = state;
    env_cartpole_vec_destroy(m->vec);
    free(m);
}

static void step_many(void *state)
{
    many *m = state;
    const env_cartpole_vec_out out = { m->obs, m->final_obs, m->reward, m->terminated, m->truncated };
    for (int i = 0; i < 100; i++) {
        for (int k = 0; k < ENVIRONMENTS; k += 32) {
            const uint32_t bits = next_random(&m->random);
            for (int b = 0; b < 32; b++) m->action[k + b] = (int)(bits >> b & 1);
        }
        if (env_cartpole_vec_step(m->vec, m->action, &out) != ENV_OK) fail("cartpole", env_cartpole_vec_error(m->vec));
    }
}

const workload cartpole_workloads[] = {
    { "W1", "cartpole_env", make_single, step_single, destroy_single, .events = STEPS },
    { "W1", "cartpole_env_vector", make_many, step_many, destroy_many, .events = 100.0 * ENVIRONMENTS },
    { "W1", "cartpole_q", make_single, step_q, destroy_single, .events = STEPS },
    { 0 },
};
