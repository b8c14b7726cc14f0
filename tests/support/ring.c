#include "ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

data_replay *ring_create(int capacity, double priority_exponent)
{
    data_error error;
    data_replay *r = data_replay_create(
        &(data_replay_def){ .capacity = capacity, .observation = 1, .priority_exponent = priority_exponent }, &error);
    if (!r) fail_msg("%s", error.text);
    return r;
}

void ring_push(data_replay *r, int i)
{
    const float observation = (float)i, next = (float)-i;
    data_replay_push(r,
                     &(data_transition){ .observation = &observation, .reward = 10.0f * observation, .next = &next });
}

void ring_set(data_replay *r, int index, float td_error)
{
    assert_int_equal(data_replay_set_priorities(r, &(int32_t){ index }, 1, &td_error, NULL), DATA_OK);
}

data_status ring_sample(data_replay *r, int size, double beta, data_rng *rng, ring_batch *b, data_error *error)
{
    const data_transitions out = { .observation = b->observation,
                                   .reward = b->reward,
                                   .next = b->next,
                                   .index = b->index,
                                   .weight = b->weight,
                                   .weight_exponent = beta };
    return data_replay_sample(r, size, rng, &out, error);
}

ring_batch ring_draw(data_replay *r, int size, double beta, data_rng *rng)
{
    ring_batch b = { 0 };
    assert_int_equal(ring_sample(r, size, beta, rng, &b, NULL), DATA_OK);
    for (int k = 0; k < size; k++) {
        assert_true(b.next[k] == -b.observation[k] && b.reward[k] == 10.0f * b.observation[k]);
    }
    return b;
}

void ring_same_draws(data_replay *a, data_replay *b, int size)
{
    data_rng rng = data_rng_make(11, 0), same = rng;
    for (int d = 0; d < 20; d++) {
        const ring_batch of_a = ring_draw(a, size, 0.5, &rng), of_b = ring_draw(b, size, 0.5, &same);
        assert_memory_equal(&of_a, &of_b, sizeof of_a);
    }
}
