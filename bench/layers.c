/* W7: single layers, forward and forward + backward. */
#include "single_layer.h"
#include "workload.h"

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

static void *make(const workload *self, int threads)
{
    return single_layer_create(self->name, &cases[self->variant], threads);
}

/* `flops` of the forward pass; forward and backward are three times that. */
#define LAYER(name, which, flops)                                                                                      \
    { "W7", name "_forward", make, single_layer_forward, single_layer_destroy, (flops), .variant = which },            \
    {                                                                                                                  \
        "W7", name "_train", make, single_layer_train, single_layer_destroy, 3.0 * (flops), .variant = which           \
    }

/* What moves bytes and hardly computes: `once` is read or written so many times. */
#define MOVING_LAYER(name, which, once, forward_times, train_times)                                                    \
    { "W7",                                                                                                            \
      name "_forward",                                                                                                 \
      make,                                                                                                            \
      single_layer_forward,                                                                                            \
      single_layer_destroy,                                                                                            \
      .variant = which,                                                                                                \
      .bytes = (once) * (forward_times),                                                                               \
      .level = TRAFFIC_L3 },                                                                                           \
    {                                                                                                                  \
        "W7", name "_train", make, single_layer_train, single_layer_destroy,                                           \
            .variant = which, .bytes = (once) * (train_times), .level = TRAFFIC_L3                                     \
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
