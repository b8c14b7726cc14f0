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
    if (strncmp(agent.error, expected, strlen(expected)) != 0 ||
        !strstr(agent.error, "; first not finite: bias of layer dense_3"))
        fail_msg("%s", agent.error);
    assert_int_equal(nn_optim_steps(agent.optim), updates);
    assert_memory_equal(nn_model_read_params(agent.online, NULL), before, count * sizeof *before);
    dqn_destroy(&agent);
}

static void test_57_tells_why_it_stops(void **state)
{
    (void)state;
    for (int classic = 0; classic < 2; classic++) {
        for (int prioritised = 0; prioritised < 2; prioritised++) {
            run_away(classic, prioritised, NAN);
            run_away(classic, prioritised, INFINITY);
        }
    }
}

/* What is learnt of a step that ends so, many times over. */
static void learn_step(bool classic, bool terminated, bool truncated, nn_float params[MOST_WEIGHTS])
{
    dqn_agent agent;
    size_t count;
    create(&agent, classic, false);
    for (int i = 0; i < 3 * BATCH; i++)
        assert_true(dqn_learn(&agent, observation, 1,
                              &(env_step){ .reward = 1.0f, .terminated = terminated, .truncated = truncated },
                              observation));
    const nn_float *values = nn_model_read_params(agent.online, &count);
    memset(params, 0, MOST_WEIGHTS * sizeof *params);
    memcpy(params, values, count * sizeof *params);
    dqn_destroy(&agent);
}

/* The value after a step that reached the limit counts, as after any other; after a fall there is none. */
static void test_68_truncation_is_no_end(void **state)
{
    (void)state;
    nn_float on[MOST_WEIGHTS], limit[MOST_WEIGHTS], fall[MOST_WEIGHTS], both[MOST_WEIGHTS];
    learn_step(false, false, false, on);
    learn_step(false, false, true, limit);
    learn_step(false, true, false, fall);
    learn_step(false, true, true, both);
    assert_memory_equal(limit, on, sizeof on);
    assert_memory_not_equal(fall, on, sizeof on);
    assert_memory_equal(both, fall, sizeof on);
    /* The original takes the limit for a fall, and learns nothing then. */
    learn_step(true, true, false, fall);
    learn_step(true, false, true, limit);
    assert_memory_equal(limit, fall, sizeof on);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_57_tells_why_it_stops),
                                        cmocka_unit_test(test_68_truncation_is_no_end) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
