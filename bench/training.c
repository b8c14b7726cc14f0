/* W2 to W6: whole training steps, forward, backward and optimiser. */
#include "workload.h"
#include <kvist/nn.h>
#include <stdlib.h>
#include <string.h>

/* A model with its optimiser, a batch and its targets. */
typedef struct trainee {
    nn_model *model, *target; /* target: DQN's next-state net, which is the model itself here */
    nn_optim *optim;
    nn_tensor x, y, next;
    nn_loss_def loss;
    int64_t *offsets;
} trainee;

typedef struct gan {
    trainee generator, discriminator;
    nn_tensor images, ones, zeros;
    nn_rng rng;
} gan;

static nn_tensor make_tensor(nn_dtype dtype, nn_shape shape)
{
    nn_tensor tensor;
    if (nn_tensor_alloc(&tensor, dtype, shape) != NN_OK) fail("tensor", "out of memory");
    return tensor;
}

static void init(trainee *t, nn_model_def def, nn_optim_def optim, int threads)
{
    nn_error error;
    def.threads = threads;
    def.seed = 1;
    if (!(t->model = nn_model_create(&def, &error))) fail("model", error.text);
    if (!(t->optim = nn_optim_create(t->model, &optim, &error))) fail("optimiser", error.text);
}

static void release(trainee *t)
{
    nn_optim_destroy(t->optim);
    nn_model_destroy(t->model);
    nn_tensor_free(&t->y);
    nn_tensor_free(&t->next);
    if (t->x.offsets)
        free(t->x.i32);
    else
        nn_tensor_free(&t->x);
    free(t->offsets);
}

static void destroy_trainee(void *state)
{
    release(state);
    free(state);
}

static trainee *new_trainee(void)
{
    trainee *t = calloc(1, sizeof *t);
    if (!t) fail("bench", "out of memory");
    return t;
}

static void step_trainee(void *state)
{
    trainee *t = state;
    nn_float loss = 0;
    if (!nn_forward(t->model, &t->x, NN_TRAIN) ||
        nn_backprop(t->model, &t->loss, &t->y, NN_GRAD_PARAMS, &loss) != NN_OK)
        fail("step", nn_model_error(t->model));
    nn_optim_step(t->optim);
}

/* --- W2: DQN --- */

enum { DQN_SMALL, DQN_LARGE };

static void *make_dqn(const workload *self, int threads)
{
    const int units = self->variant == DQN_SMALL ? 24 : 128, batch = self->variant == DQN_SMALL ? 20 : 64;
    const nn_layer_def layers[] = {
        { NN_DENSE, .dense = { .units = units, .activation = NN_RELU } },
        { NN_DENSE, .dense = { .units = units, .activation = NN_RELU } },
        { NN_DENSE, .dense = { .units = 2 } },
    };
    trainee *t = new_trainee();
    nn_rng rng = { 1, 0, 0 };
    init(t, (nn_model_def){ .input = NN_SHAPE(4), .max_batch = batch, NN_LAYERS(layers) }, (nn_optim_def){ 0 },
         threads);
    t->x = make_tensor(NN_F32, NN_SHAPE(batch, 4));
    t->next = make_tensor(NN_F32, NN_SHAPE(batch, 4));
    t->y = make_tensor(NN_F32, NN_SHAPE(batch, 2));
    nn_fill_normal(&t->x, 0, 1, &rng);
    nn_fill_normal(&t->next, 0, 1, &rng);
    return t;
}

/* Q-values of the next states, targets for the actions taken, one step. */
static void step_dqn(void *state)
{
    trainee *t = state;
    const nn_tensor *next = nn_forward(t->model, &t->next, NN_EVAL);
    if (!next) fail("step", nn_model_error(t->model));
    const int batch = t->x.shape.dim[0];
    nn_float best[64];
    for (int b = 0; b < batch; b++)
        best[b] = next->f32[2 * b] > next->f32[2 * b + 1] ? next->f32[2 * b] : next->f32[2 * b + 1];
    const nn_tensor *q = nn_forward(t->model, &t->x, NN_TRAIN);
    if (!q) fail("step", nn_model_error(t->model));
    memset(t->y.f32, 0, (size_t)batch * 2 * sizeof *t->y.f32);
    for (int b = 0; b < batch; b++) {
        const int a = b & 1;
        t->y.f32[2 * b + a] = (q->f32[2 * b + a] - (1.0f + 0.95f * 0.1f * best[b])) / (nn_float)batch;
    }
    if (!nn_backward(t->model, &t->y, NN_GRAD_PARAMS)) fail("step", nn_model_error(t->model));
    nn_optim_step(t->optim);
}

/* --- W3: Dense on multi-hot reviews --- */

enum { VOCABULARY = 10000, REVIEWS = 512, REVIEW_WORDS = 237 };

/* Words as frequent as their cube is large: many common ones, as in text. */
static int32_t draw_word(nn_rng *rng)
{
    const double u = (double)nn_uniform(rng);
    return 1 + (int32_t)(u * u * u * (VOCABULARY - 1));
}

static void *make_multi_hot(const workload *self, int threads)
{
    const nn_layer_def layers[] = {
        { NN_MULTI_HOT, .multi_hot = { .vocab = VOCABULARY } },
        { NN_DENSE, .dense = { .units = 16, .activation = NN_RELU } },
        { NN_DENSE, .dense = { .units = 16, .activation = NN_RELU } },
        { NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } },
    };
    trainee *t = new_trainee();
    nn_rng rng = { 1, 0, 0 };
    (void)self;
    init(t,
         (nn_model_def){ .input = NN_SHAPE(NN_RAGGED), .input_type = NN_I32, .max_batch = REVIEWS, NN_LAYERS(layers) },
         (nn_optim_def){ .type = NN_RMSPROP }, threads);
    int32_t *words = calloc((size_t)REVIEWS * REVIEW_WORDS, sizeof *words);
    t->offsets = calloc(REVIEWS + 1, sizeof *t->offsets);
    if (!words || !t->offsets) fail("bench", "out of memory");
    for (int i = 0; i < REVIEWS * REVIEW_WORDS; i++) words[i] = draw_word(&rng);
    for (int i = 0; i <= REVIEWS; i++) t->offsets[i] = (int64_t)i * REVIEW_WORDS;
    t->x = nn_view_ragged(words, t->offsets, REVIEWS);
    t->y = make_tensor(NN_F32, NN_SHAPE(REVIEWS, 1));
    for (int i = 0; i < REVIEWS; i++) t->y.f32[i] = (nn_float)(i & 1);
    t->loss.type = NN_BCE;
    return t;
}

/* --- W4, W5: recurrent nets on sequences of words --- */

enum { STEPS = 500, SEQUENCES = 128, UNITS = 32, RNN = 0, LSTM = 1, LSTM_PADDED = 2 };

static void *make_recurrent(const workload *self, int threads)
{
    const nn_layer_def layers[] = {
        { NN_EMBEDDING, .embedding = { .vocab = VOCABULARY, .dim = UNITS } },
        { self->variant == RNN ? NN_SIMPLE_RNN : NN_LSTM, .rnn = { .units = UNITS } },
        { NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } },
    };
    trainee *t = new_trainee();
    nn_rng rng = { 1, 0, 0 };
    init(t, (nn_model_def){ .input = NN_SHAPE(STEPS), .input_type = NN_I32, .max_batch = SEQUENCES, NN_LAYERS(layers) },
         (nn_optim_def){ .type = NN_RMSPROP }, threads);
    t->x = make_tensor(NN_I32, NN_SHAPE(SEQUENCES, STEPS));
    t->y = make_tensor(NN_F32, NN_SHAPE(SEQUENCES, 1));
    for (int b = 0; b < SEQUENCES; b++) {
        /* Real reviews at this length are 55.5 % padding on the left, their lengths spread from full to nearly none. */
        const int padding = self->variant == LSTM_PADDED ? (int)(0.93 * 1.19 * STEPS * b / SEQUENCES) : 0;
        for (int s = 0; s < STEPS; s++) t->x.i32[b * STEPS + s] = s < padding ? 0 : draw_word(&rng);
        t->y.f32[b] = (nn_float)(b & 1);
    }
    t->loss.type = NN_BCE;
    return t;
}

/* --- W6: DCGAN --- */

enum { IMAGES = 256, NOISE = 100 };

static const nn_layer_def generator_layers[] = {
    { NN_DENSE, .dense = { .units = 7 * 7 * 256, .no_bias = true } },
    { .type = NN_BATCH_NORM },
    { .type = NN_LEAKY_RELU },
    { NN_RESHAPE, .reshape = { NN_DIMS(7, 7, 256) } },
    { NN_CONV2D_TRANSPOSE, .conv = { .filters = 128, .kernel = { 5, 5 }, .padding = NN_SAME, .no_bias = true } },
    { .type = NN_BATCH_NORM },
    { .type = NN_LEAKY_RELU },
    { NN_CONV2D_TRANSPOSE,
      .conv = { .filters = 64, .kernel = { 5, 5 }, .stride = { 2, 2 }, .padding = NN_SAME, .no_bias = true } },
    { .type = NN_BATCH_NORM },
    { .type = NN_LEAKY_RELU },
    { NN_CONV2D_TRANSPOSE, .conv = { .filters = 1,
                                     .kernel = { 5, 5 },
                                     .stride = { 2, 2 },
                                     .padding = NN_SAME,
                                     .activation = NN_TANH,
                                     .no_bias = true } },
};

static const nn_layer_def discriminator_layers[] = {
    { NN_CONV2D, .conv = { .filters = 64, .kernel = { 5, 5 }, .stride = { 2, 2 }, .padding = NN_SAME } },
    { .type = NN_LEAKY_RELU },
    { NN_DROPOUT, .dropout = { 0.3 } },
    { NN_CONV2D, .conv = { .filters = 128, .kernel = { 5, 5 }, .stride = { 2, 2 }, .padding = NN_SAME } },
    { .type = NN_LEAKY_RELU },
    { NN_DROPOUT, .dropout = { 0.3 } },
    { .type = NN_FLATTEN },
    { NN_DENSE, .dense = { .units = 1 } },
};

static void *make_gan(const workload *self, int threads)
{
    gan *g = calloc(1, sizeof *g);
    (void)self;
    if (!g) fail("bench", "out of memory");
    g->rng = (nn_rng){ 1, 0, 0 };
    init(&g->generator, (nn_model_def){ .input = NN_SHAPE(NOISE), .max_batch = IMAGES, NN_LAYERS(generator_layers) },
         (nn_optim_def){ .lr = 1e-4 }, threads);
    init(&g->discriminator,
         (nn_model_def){ .input = NN_SHAPE(28, 28, 1), .max_batch = IMAGES, NN_LAYERS(discriminator_layers) },
         (nn_optim_def){ .lr = 1e-4 }, threads);
    g->generator.x = make_tensor(NN_F32, NN_SHAPE(IMAGES, NOISE));
    g->images = make_tensor(NN_F32, NN_SHAPE(IMAGES, 28, 28, 1));
    g->ones = make_tensor(NN_F32, NN_SHAPE(IMAGES, 1));
    g->zeros = make_tensor(NN_F32, NN_SHAPE(IMAGES, 1));
    nn_fill_uniform(&g->images, -1, 1, &g->rng);
    nn_fill(&g->ones, 1);
    return g;
}

static void check(nn_status status, const nn_model *model)
{
    if (status != NN_OK) fail("step", nn_model_error(model));
}

/* Both gradients come from the same forward passes, then both updates are applied. */
static void step_gan(void *state)
{
    gan *g = state;
    nn_model *generator = g->generator.model, *discriminator = g->discriminator.model;
    const nn_loss_def bce = { .type = NN_BCE_LOGITS };
    nn_float loss = 0;
    nn_fill_normal(&g->generator.x, 0, 1, &g->rng);
    const nn_tensor *fake = nn_forward(generator, &g->generator.x, NN_TRAIN);
    if (!fake || !nn_forward(discriminator, &g->images, NN_TRAIN)) fail("step", nn_model_error(generator));
    check(nn_backprop(discriminator, &bce, &g->ones, NN_GRAD_PARAMS, &loss), discriminator);
    if (!nn_forward(discriminator, fake, NN_TRAIN)) fail("step", nn_model_error(discriminator));
    check(nn_backprop(discriminator, &bce, &g->zeros, NN_GRAD_PARAMS, &loss), discriminator);
    check(nn_backprop(discriminator, &bce, &g->ones, NN_GRAD_INPUT, &loss), discriminator);
    if (!nn_backward(generator, nn_input_grad(discriminator), NN_GRAD_PARAMS)) fail("step", nn_model_error(generator));
    nn_optim_step(g->discriminator.optim);
    nn_optim_step(g->generator.optim);
}

static void destroy_gan(void *state)
{
    gan *g = state;
    release(&g->generator);
    release(&g->discriminator);
    nn_tensor_free(&g->images);
    nn_tensor_free(&g->ones);
    nn_tensor_free(&g->zeros);
    free(g);
}

/* Multiply-adds count two; a backward pass costs two forward passes. */
#define RECURRENT_FLOPS(gates) (3.0 * 2.0 * SEQUENCES * STEPS * (2.0 * UNITS) * ((gates)*UNITS))

const workload training_workloads[] = {
    { "W2", "dqn_24_b20", make_dqn, step_dqn, destroy_trainee, 0, 0, DQN_SMALL },
    { "W2", "dqn_128_b64", make_dqn, step_dqn, destroy_trainee, 0, 0, DQN_LARGE },
    { "W3", "dense_multi_hot", make_multi_hot, step_trainee, destroy_trainee, 0, 0, 0 },
    { "W4", "rnn_train", make_recurrent, step_trainee, destroy_trainee, RECURRENT_FLOPS(1), 0, RNN },
    { "W5", "lstm_train", make_recurrent, step_trainee, destroy_trainee, RECURRENT_FLOPS(4), 0, LSTM },
    { "W5", "lstm_train_reviews", make_recurrent, step_trainee, destroy_trainee, 0, 0, LSTM_PADDED },
    { "W6", "dcgan_step", make_gan, step_gan, destroy_gan, 0, 0, 0 },
    { 0 },
};
