#include "networks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

enum { TIME = 5, WORDS = 40, FEW_WORDS = NETWORK_BATCH * TIME / 2 };

#define IMAGE NN_DIMS(12, 12, 8), NN_F32
#define LISTS NN_DIMS(TIME), NN_I32
#define STEPS NN_DIMS(TIME, 4), NN_F32
#define PLAIN NN_DIMS(12), NN_F32

const network networks[] = {
    { "dense", PLAIN, { { .type = NN_DENSE, .dense = { .units = 5, .activation = NN_RELU } } } },
    { "softmax", PLAIN, { { .type = NN_DENSE, .dense = { .units = 5, .activation = NN_SOFTMAX } } } },
    { "embedding",
      LISTS,
      { { .type = NN_EMBEDDING, .embedding = { .vocab = WORDS, .dim = 6 } }, { .type = NN_FLATTEN } } },
    { "multi_hot",
      LISTS,
      { { .type = NN_MULTI_HOT, .multi_hot = { WORDS } }, { .type = NN_DENSE, .dense = { .units = 4 } } } },
    { "ragged multi_hot",
      NN_DIMS(NN_RAGGED),
      NN_I32,
      { { .type = NN_MULTI_HOT, .multi_hot = { WORDS } }, { .type = NN_DENSE, .dense = { .units = 4 } } } },
    { "simple_rnn", STEPS, { { .type = NN_SIMPLE_RNN, .rnn = { .units = 5 } } } },
    { "lstm", STEPS, { { .type = NN_LSTM, .rnn = { .units = 5 } } } },
    { "gru", STEPS, { { .type = NN_GRU, .rnn = { .units = 5 } } } },
    { "gru before", STEPS, { { .type = NN_GRU, .rnn = { .units = 5, .reset_before = true } } } },
    { "lstm sequences",
      STEPS,
      { { .type = NN_LSTM, .rnn = { .units = 5, .return_sequences = true, .go_backwards = true } } } },
    { "padded lstm",
      LISTS,
      { { .type = NN_EMBEDDING, .embedding = { .vocab = WORDS, .dim = 6 } },
        { .type = NN_LSTM, .rnn = { .units = 5 } } } },
    /* Words repeat in a batch, and their vectors are long: gradients word by word (recurrent_words.c). */
    { "lstm by word",
      LISTS,
      { { .type = NN_EMBEDDING, .embedding = { .vocab = FEW_WORDS, .dim = 32 } },
        { .type = NN_LSTM, .rnn = { .units = 5 } } } },
    { "gru by word",
      LISTS,
      { { .type = NN_EMBEDDING, .embedding = { .vocab = FEW_WORDS, .dim = 32 } },
        { .type = NN_GRU, .rnn = { .units = 5, .return_sequences = true } } } },
    { "conv2d", IMAGE, { { .type = NN_CONV2D, .conv = { .filters = 9, .kernel = { 5 }, .stride = { 2 } } } } },
    { "conv2d, 3 x 3",
      NN_DIMS(12, 12, 64),
      NN_F32,
      { { .type = NN_CONV2D, .conv = { .filters = 64, .kernel = { 3 }, .padding = NN_SAME } } } },
    { "conv2d_transpose",
      IMAGE,
      { { .type = NN_CONV2D_TRANSPOSE,
          .conv = { .filters = 9, .kernel = { 5 }, .stride = { 2 }, .padding = NN_SAME } } } },
    { "max_pool2d", IMAGE, { { .type = NN_MAX_POOL2D } } },
    { "average_pool2d", IMAGE, { { .type = NN_AVERAGE_POOL2D } } },
    { "global_max_pool2d", IMAGE, { { .type = NN_GLOBAL_MAX_POOL2D } } },
    { "global_average_pool2d", IMAGE, { { .type = NN_GLOBAL_AVERAGE_POOL2D } } },
    { "batch_norm", IMAGE, { { .type = NN_BATCH_NORM } } },
    { "leaky_relu", PLAIN, { { .type = NN_LEAKY_RELU } } },
    { "activation", PLAIN, { { .type = NN_ACTIVATION, .activation = { NN_HARD_SIGMOID } } } },
    { "dropout", PLAIN, { { .type = NN_DROPOUT, .dropout = { 0.5 } } } },
    { "flatten", IMAGE, { { .type = NN_FLATTEN } } },
    { "reshape", PLAIN, { { .type = NN_RESHAPE, .reshape = { NN_DIMS(3, 4) } } } },
    { "add", PLAIN, { { .type = NN_DENSE, .dense = { .units = 12 } }, { .type = NN_ADD, .from = { NN_INPUT, 1 } } } },
    { "concat",
      PLAIN,
      { { .type = NN_DENSE, .dense = { .units = 3 } }, { .type = NN_CONCAT, .from = { NN_INPUT, 1 } } } },
    { "reverse", STEPS, { { .type = NN_REVERSE } } },
    { "dueling",
      PLAIN,
      { { .type = NN_DENSE, .dense = { .units = 1 }, .from = { NN_INPUT } },
        { .type = NN_DENSE, .dense = { .units = 3 }, .from = { NN_INPUT } },
        { .type = NN_DUELING, .from = { 1, 2 } } } },
};

const size_t network_count = COUNT_OF(networks);

int network_layers(const network *n)
{
    int count = 0;
    while (count < NETWORK_MOST_LAYERS && n->layers[count].type) count++;
    return count;
}

nn_model *network_make(const network *n, int threads, nn_isa isa, nn_error *error)
{
    return nn_model_create(&(nn_model_def){ .input = n->input,
                                            .input_type = n->type,
                                            .max_batch = NETWORK_BATCH,
                                            .layers = n->layers,
                                            .layer_count = network_layers(n),
                                            .threads = threads,
                                            .isa = isa },
                           error);
}

nn_shape network_batch(nn_shape sample)
{
    nn_shape shape = { .rank = sample.rank + 1, .dim = { NETWORK_BATCH } };
    memcpy(shape.dim + 1, sample.dim, (size_t)sample.rank * sizeof *sample.dim);
    return shape;
}

nn_tensor network_input(const network *n)
{
    static nn_float reals[NETWORK_BATCH * 12 * 12 * 64];
    static int32_t ids[NETWORK_BATCH * TIME];
    static const int64_t offsets[NETWORK_BATCH + 1] = { 0, 4, 4, 7, 12, 19, 20 };
    const nn_layer_def *first = &n->layers[0];
    const uint32_t words = first->type == NN_EMBEDDING ? (uint32_t)first->embedding.vocab : WORDS;
    nn_rng rng = { .seed = 3 };
    for (int i = 0; i < NETWORK_BATCH * TIME; i++)
        ids[i] = i >= TIME && i % TIME < 2 ? 0 : 1 + (int32_t)nn_random_below(&rng, words - 1);
    if (n->input.dim[0] == NN_RAGGED) return nn_view_ragged(ids, offsets, NETWORK_BATCH);
    if (n->type == NN_I32) return nn_view_i32(ids, network_batch(n->input));
    nn_tensor x = nn_view_f32(reals, network_batch(n->input));
    assert_true(nn_shape_count(x.shape) <= COUNT_OF(reals));
    nn_fill_uniform(&x, -1, 1, &rng);
    return x;
}
