/* The agent of cartpole_dqn: a Q-value that is no finite number ends the learning with a reason, not with weights. */
#include "dqn_agent.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { BATCH = 4, MOST_WEIGHTS = 128 };

static const float observation[ENV_CARTPOLE_OBS] = { 0.1f, -0.2f, 0.03f, 0.4f };

static void create(dqn_agent *agent, bool classic, bool prioritised)
{
    nn_error error = { 0 };
    const dqn_def def = { .units = 4,
                          .batch = BATCH,
                          .memory = 16,
                          .lr = 0.01,
                          .gamma = 0.9,
                          .tau = 0.5,
                          .classic = classic,
                          .prioritised = prioritised,
                          .double_q = !classic,
                          .seed = 1 };
    if (!dqn_create(agent, &def, &error)) fail_msg("%s", error.text);
}

static bool learn(dqn_agent *agent)
{
    return dqn_learn(agent, observation, 1, &(env_step){ .reward = 1.0f }, observation);
}

static void run_away(bool classic, bool prioritised, nn_float bias)
{
    dqn_agent agent;
    nn_float before[MOST_WEIGHTS];
    size_t count;
    create(&agent, classic, prioritised);
    for (int i = 0; i < BATCH; i++) assert_true(learn(&agent));
    const uint64_t updates = nn_optim_steps(agent.optim);
    assert_int_equal(updates, classic ? BATCH : 1);

    nn_float *params = nn_model_params(agent.online, &count);
    assert_true(count <= MOST_WEIGHTS);
    params[count - 1] = bias; /* of the last layer: one output of all inputs */
    memcpy(before, params, count * sizeof *params);
    assert_false(learn(&agent));
    char expected[64];
    snprintf(expected, sizeof expected, "update %d: Q - target: expected a finite number, got ", (int)updates + 1);
    if (strncmp(agent.error, expected, strlen(expected)) != 0) fail_msg("%s", agent.error);
    assert_int_equal(nn_optim_steps(agent.optim), updates);
    assert_memory_equal(nn_model_read_params(agent.online, NULL), before, count * sizeof *before);
    dqn_destroy(&agent);
}

static void tells_why_it_stops(void **state)
{
    (void)state;
    for (int classic = 0; classic < 2; classic++) {
        for (int prioritised = 0; prioritised < 2; prioritised++) {
            run_away(classic, prioritised, NAN);
            run_away(classic, prioritised, INFINITY);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(tells_why_it_stops) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
