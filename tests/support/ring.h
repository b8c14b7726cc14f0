/* Replay memories by priority, of transitions that tell their number. */
#ifndef KVIST_TESTS_RING_H
#define KVIST_TESTS_RING_H

#include <kvist/data.h>

enum { RING_MAX = 64 };   /* the largest batch */
#define RING_EPSILON 1e-6 /* the library's default */

typedef struct ring_batch {
    float observation[RING_MAX], reward[RING_MAX], next[RING_MAX], weight[RING_MAX];
    int32_t index[RING_MAX];
} ring_batch;

/* A replay of one value an observation. */
data_replay *ring_create(int capacity, double priority_exponent);
/* Transition i: observation i, reward 10 i, next -i. */
void ring_push(data_replay *r, int i);
/* Gives one row its TD error. */
void ring_set(data_replay *r, int index, float td_error);
/* data_replay_sample into a batch. */
data_status ring_sample(data_replay *r, int size, double beta, data_rng *rng, ring_batch *b, data_error *error);
/* The same where it must succeed and give whole transitions; what is not drawn is 0. */
ring_batch ring_draw(data_replay *r, int size, double beta, data_rng *rng);
/* Two replays draw the same transitions with the same weights. */
void ring_same_draws(data_replay *a, data_replay *b, int size);

#endif
