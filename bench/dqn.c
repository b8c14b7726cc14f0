/* W2: a DQN update with the forward pass of the next states. */
#include "workload.h"

#include <kvist/nn.h>

#include <stdlib.h>
#include <string.h>

enum { OBSERVATION = 4, ACTIONS = 2, MOST_BATCH = 64, SMALL = 0, LARGE = 1 };

typedef struct agent {
    nn_model *model;
    nn_optim *optim;
    nn_tensor now, next, dq;
} agent;

static const struct {
    int units, batch;
} sizes[] = { [SMALL] = { 24, 20 }, [LARGE] = { 128, 64 } };

static void *make(const workload *self, int threads)
{
    const int units = sizes[self->variant].units, batch = sizes[self->variant].batch;
    const nn_layer_def layers[] = {
        { NN_DENSE, .dense = { .units = units, .activation = NN_RELU } },
        { NN_DENSE, .dense = { .units = units, .activation = NN_RELU } },
        { NN_DENSE, .dense = { .units = ACTIONS } },
    };
    const nn_model_def def = {
        .input = NN_SHAPE(OBSERVATION), .max_batch = batch, .threads = threads, .seed = 1, NN_LAYERS(layers)
    };
    nn_error error;
    nn_rng rng = { 1, 0, 0 };
    agent *a = calloc(1, sizeof *a);
    if (!a) fail(self->name, "out of memory");
    if (!(a->model = nn_model_create(&def, &error)) ||
        !(a->optim = nn_optim_create(a->model, &(nn_optim_def){ .type = NN_ADAM }, &error)))
        fail(self->name, error.text);
    if (nn_tensor_alloc(&a->now, NN_F32, NN_SHAPE(batch, OBSERVATION)) != NN_OK ||
        nn_tensor_alloc(&a->next, NN_F32, NN_SHAPE(batch, OBSERVATION)) != NN_OK ||
        nn_tensor_alloc(&a->dq, NN_F32, NN_SHAPE(batch, ACTIONS)) != NN_OK)
        fail(self->name, "out of memory");
    nn_fill_normal(&a->now, 0, 1, &rng);
    nn_fill_normal(&a->next, 0, 1, &rng);
    return a;
}

/* Q-values of the next states, targets for the actions taken, one step. */
static void step(void *state)
{
    agent *a = state;
    const int batch = a->now.shape.dim[0];
    nn_float best[MOST_BATCH];
    const nn_tensor *next = nn_forward(a->model, &a->next, NN_EVAL);
    if (!next) fail("dqn", nn_model_error(a->model));
    for (int b = 0; b < batch; b++)
        best[b] = next->f32[2 * b] > next->f32[2 * b + 1] ? next->f32[2 * b] : next->f32[2 * b + 1];
    const nn_tensor *q = nn_forward(a->model, &a->now, NN_TRAIN);
    if (!q) fail("dqn", nn_model_error(a->model));
    memset(a->dq.f32, 0, (size_t)(batch * ACTIONS) * sizeof *a->dq.f32);
    for (int b = 0; b < batch; b++) {
        const int taken = ACTIONS * b + (b & 1);
        a->dq.f32[taken] = (q->f32[taken] - (1.0f + 0.95f * 0.1f * best[b])) / (nn_float)batch;
    }
    if (!nn_backward(a->model, &a->dq, NN_GRAD_PARAMS)) fail("dqn", nn_model_error(a->model));
    nn_optim_step(a->optim);
}

static void destroy(void *state)
{
    agent *a = state;
    nn_optim_destroy(a->optim);
    nn_model_destroy(a->model);
    nn_tensor_free(&a->now);
    nn_tensor_free(&a->next);
    nn_tensor_free(&a->dq);
    free(a);
}

/* Two forward passes and a backward pass, which costs two more. */
#define FLOPS(units, batch) (4.0 * 2.0 * (batch) * (units) * (OBSERVATION + (units) + ACTIONS))

const workload dqn_workloads[] = {
    { "W2", "dqn_24_b20", make, step, destroy, FLOPS(24, 20), .variant = SMALL },
    { "W2", "dqn_128_b64", make, step, destroy, FLOPS(128, 64), .variant = LARGE },
    { 0 },
};
