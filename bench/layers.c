/* W7: single layers, forward and forward + backward. */
#include "workload.h"
#include <kvist/nn.h>
#include <stdlib.h>

typedef struct single_layer {
    nn_model *model;
    nn_tensor x, dy;
    unsigned want;
} single_layer;

typedef struct layer_case {
    nn_layer_def layer;
    nn_shape input;
    nn_dtype type;
    int batch;
} layer_case;

enum { DENSE, LSTM, CONV5, CONV3, TRANSPOSE, NORM, LOOKUP };

static const layer_case cases[] = {
    [DENSE] = { { NN_DENSE, .dense = { .units = 512 } }, NN_DIMS(512), NN_F32, 128 },
    [LSTM] = { { NN_LSTM, .rnn = { .units = 128 } }, NN_DIMS(100, 128), NN_F32, 64 },
    [CONV5] = { { NN_CONV2D, .conv = { .filters = 128, .kernel = { 5, 5 }, .stride = { 2, 2 }, .padding = NN_SAME } },
                NN_DIMS(14, 14, 64),
                NN_F32,
                256 },
    [CONV3] = { { NN_CONV2D, .conv = { .filters = 64, .kernel = { 3, 3 }, .padding = NN_SAME } },
                NN_DIMS(28, 28, 64),
                NN_F32,
                64 },
    [TRANSPOSE] = { { NN_CONV2D_TRANSPOSE,
                      .conv = { .filters = 64, .kernel = { 5, 5 }, .stride = { 2, 2 }, .padding = NN_SAME } },
                    NN_DIMS(7, 7, 128),
                    NN_F32,
                    256 },
    [NORM] = { { .type = NN_BATCH_NORM }, NN_DIMS(14, 14, 64), NN_F32, 256 },
    [LOOKUP] = { { NN_EMBEDDING, .embedding = { .vocab = 10000, .dim = 32 } }, NN_DIMS(500), NN_I32, 128 },
};

static nn_shape with_batch(int batch, nn_shape sample)
{
    nn_shape shape = { sample.rank + 1, { batch } };
    for (int i = 0; i < sample.rank; i++) shape.dim[i + 1] = sample.dim[i];
    return shape;
}

static void *make(const workload *self, int threads)
{
    const layer_case *c = &cases[self->variant];
    const nn_model_def def = { .input = c->input,
                               .input_type = c->type,
                               .max_batch = c->batch,
                               .layers = &c->layer,
                               .layer_count = 1,
                               .seed = 1,
                               .threads = threads };
    single_layer *s = calloc(1, sizeof *s);
    nn_error error;
    nn_rng rng = { 1, 0, 0 };
    if (!s) fail(self->name, "out of memory");
    if (!(s->model = nn_model_create(&def, &error))) fail(self->name, error.text);
    if (nn_tensor_alloc(&s->x, c->type, with_batch(c->batch, c->input)) != NN_OK ||
        nn_tensor_alloc(&s->dy, NN_F32, with_batch(c->batch, nn_model_output_shape(s->model))) != NN_OK)
        fail(self->name, "out of memory");
    if (c->type == NN_F32)
        nn_fill_normal(&s->x, 0, 1, &rng);
    else
        for (size_t i = 0; i < nn_shape_count(s->x.shape); i++) s->x.i32[i] = (int32_t)nn_random_below(&rng, 10000);
    nn_fill_normal(&s->dy, 0, 1, &rng);
    s->want = NN_GRAD_PARAMS | (c->type == NN_F32 ? NN_GRAD_INPUT : 0u);
    return s;
}

static void forward(void *state)
{
    single_layer *s = state;
    if (!nn_forward(s->model, &s->x, NN_TRAIN)) fail("forward", nn_model_error(s->model));
}

static void train(void *state)
{
    single_layer *s = state;
    forward(state);
    if (!nn_backward(s->model, &s->dy, s->want)) fail("backward", nn_model_error(s->model));
}

static void destroy(void *state)
{
    single_layer *s = state;
    nn_model_destroy(s->model);
    nn_tensor_free(&s->x);
    nn_tensor_free(&s->dy);
    free(s);
}

/* `flops` of the forward pass; forward and backward are three times that. */
#define LAYER(name, which, flops)                                                                                      \
    { "W7", name "_forward", make, forward, destroy, (flops), .variant = which },                                      \
    {                                                                                                                  \
        "W7", name "_train", make, train, destroy, 3.0 * (flops), .variant = which                                     \
    }

/* What moves bytes and hardly computes: `once` is read or written so many times. */
#define MOVING_LAYER(name, which, once, forward_times, train_times)                                                    \
    { "W7",                                                                                                            \
      name "_forward",                                                                                                 \
      make,                                                                                                            \
      forward,                                                                                                         \
      destroy,                                                                                                         \
      .variant = which,                                                                                                \
      .bytes = (once) * (forward_times),                                                                               \
      .level = TRAFFIC_L3 },                                                                                           \
    {                                                                                                                  \
        "W7", name "_train", make, train, destroy, .variant = which, .bytes = (once) * (train_times),                  \
                                                   .level = TRAFFIC_L3                                                 \
    }

const workload layer_workloads[] = {
    LAYER("dense512", DENSE, 2.0 * 128 * 512 * 512),
    LAYER("lstm128", LSTM, 2.0 * 64 * 100 * 256 * 512),
    LAYER("conv5x5s2", CONV5, 2.0 * 256 * 49 * 1600 * 128),
    LAYER("conv3x3", CONV3, 2.0 * 64 * 784 * 576 * 64),
    LAYER("convt5x5s2", TRANSPOSE, 2.0 * 256 * 49 * 1600 * 128),
    /* statistics read x, the result reads x and writes y; backward sums read x and dy, the result reads both, writes dx
     */
    MOVING_LAYER("batch_norm", NORM, 4.0 * 256 * 14 * 14 * 64, 3, 8),
    /* the rows of all ids: written; backward read. The table stays in the cache */
    MOVING_LAYER("embedding", LOOKUP, 4.0 * 128 * 500 * 32, 1, 2),
    { 0 },
};
