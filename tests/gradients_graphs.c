/* Layers together: graphs with branches, stacks as programs use them, losses after every kind of last layer. */
#include "gradients.h"

static void check_table(gradient_tally *tally, uint64_t seed, nn_shape input, int batch, const nn_layer_def *layers,
                        size_t count)
{
    for (int mode = NN_EVAL; mode <= NN_TRAIN; mode++)
        gradient_check(tally,
                       &(gradient_case){ .input = input,
                                         .batch = batch,
                                         .layers = layers,
                                         .layer_count = (int)count,
                                         .mode = (nn_mode)mode,
                                         .vocab = 5 },
                       seed);
}

#define CHECK_TABLE(input, batch, table) check_table(tally, seed, input, batch, table, COUNT_OF(table))

/* Outputs taken twice, by the same layer and by two, the model's input among them. */
void gradients_graphs(gradient_tally *tally, uint64_t seed)
{
    const nn_layer_def residual[] = { { .type = NN_DENSE, .dense = { .units = 4, .activation = NN_TANH } },
                                      { .type = NN_DENSE, .dense = { .units = 4, .activation = NN_SIGMOID } },
                                      { .type = NN_ADD, .from = { 1, 2 } },
                                      { .type = NN_DENSE, .dense = { .units = 2 } } };
    const nn_layer_def around_input[] = { { .type = NN_DENSE, .dense = { .units = 3, .activation = NN_TANH } },
                                          { .type = NN_ADD, .from = { NN_INPUT, 1, NN_INPUT } } };
    const nn_layer_def twice_the_same[] = { { .type = NN_DENSE, .dense = { .units = 3 } },
                                            { .type = NN_ADD, .from = { 1, 1 } } };
    const nn_layer_def concat_same[] = { { .type = NN_CONCAT, .from = { NN_INPUT, NN_INPUT, NN_INPUT, NN_INPUT } } };
    const nn_layer_def four_ways[] = { { .type = NN_DENSE, .dense = { .units = 3, .activation = NN_TANH } },
                                       { .type = NN_DENSE, .dense = { .units = 2 }, .from = { 1 } },
                                       { .type = NN_DENSE, .dense = { .units = 1 }, .from = { 1 } },
                                       { .type = NN_DENSE, .dense = { .units = 5 }, .from = { NN_INPUT } },
                                       { .type = NN_CONCAT, .from = { 4, 2, 1, 3 } },
                                       { .type = NN_DENSE, .dense = { .units = 2, .activation = NN_SOFTMAX } } };
    const nn_layer_def dueling[] = { { .type = NN_DENSE, .dense = { .units = 6, .activation = NN_RELU } },
                                     { .type = NN_DENSE, .dense = { .units = 1 }, .from = { 1 } },
                                     { .type = NN_DENSE, .dense = { .units = 3 }, .from = { 1 } },
                                     { .type = NN_DUELING, .from = { 2, 3 } } };
    const nn_layer_def aliases[] = {
        { .type = NN_RESHAPE, .reshape = { NN_DIMS(2, 2, 1) } },
        { .type = NN_FLATTEN },
        { .type = NN_DENSE, .dense = { .units = 4, .activation = NN_TANH }, .from = { 2 } },
        { .type = NN_ADD, .from = { 2, 3 } },
        { .type = NN_RESHAPE, .reshape = { NN_DIMS(-1, 2) } }
    };
    const nn_layer_def alias_taken_twice[] = { { .type = NN_DENSE, .dense = { .units = 4, .activation = NN_TANH } },
                                               { .type = NN_RESHAPE, .reshape = { NN_DIMS(2, 2) }, .from = { 1 } },
                                               { .type = NN_REVERSE },
                                               { .type = NN_ADD, .from = { 2, 3 } },
                                               { .type = NN_FLATTEN },
                                               { .type = NN_CONCAT, .from = { 1, 5 } } };
    CHECK_TABLE(NN_SHAPE(3), 2, residual);
    CHECK_TABLE(NN_SHAPE(3), 3, around_input);
    CHECK_TABLE(NN_SHAPE(2), 1, twice_the_same);
    CHECK_TABLE(NN_SHAPE(2), 2, concat_same);
    CHECK_TABLE(NN_SHAPE(4), 3, four_ways);
    CHECK_TABLE(NN_SHAPE(3), 2, dueling);
    CHECK_TABLE(NN_SHAPE(4), 2, aliases);
    CHECK_TABLE(NN_SHAPE(3), 2, alias_taken_twice);

    /* A bidirectional pair: the second walks backwards, its outputs are turned around. */
    const nn_layer_def both_ways[] = {
        { .type = NN_LSTM, .rnn = { .units = 2, .return_sequences = true }, .from = { NN_INPUT } },
        { .type = NN_LSTM,
          .rnn = { .units = 3, .return_sequences = true, .go_backwards = true },
          .from = { NN_INPUT } },
        { .type = NN_REVERSE },
        { .type = NN_CONCAT, .from = { 1, 3 } },
        { .type = NN_GRU, .rnn = { .units = 2 } }
    };
    CHECK_TABLE(NN_SHAPE(4, 3), 2, both_ways);
    /* A residual block. */
    const nn_layer_def block[] = {
        { .type = NN_CONV2D, .conv = { .filters = 3, .kernel = { 3 }, .stride = { 0 }, .padding = NN_SAME } },
        { .type = NN_BATCH_NORM },
        { .type = NN_ACTIVATION, .activation = { NN_TANH } },
        { .type = NN_CONV2D, .conv = { .filters = 3, .kernel = { 3 }, .stride = { 0 }, .padding = NN_SAME } },
        { .type = NN_ADD, .from = { 4, 1 } },
        { .type = NN_GLOBAL_AVERAGE_POOL2D }
    };
    CHECK_TABLE(NN_SHAPE(4, 5, 2), 3, block);
}

/* As the programs have them, small: fused pairs of layers show here. */
void gradients_stacks(gradient_tally *tally, uint64_t seed)
{
    const nn_layer_def generator[] = {
        { .type = NN_DENSE, .dense = { .units = 12, .no_bias = true } },
        { .type = NN_BATCH_NORM },
        { .type = NN_LEAKY_RELU },
        { .type = NN_RESHAPE, .reshape = { NN_DIMS(2, 2, 3) } },
        { .type = NN_CONV2D_TRANSPOSE,
          .conv = { .filters = 4, .kernel = { 5 }, .stride = { 1 }, .padding = NN_SAME, .no_bias = true } },
        { .type = NN_BATCH_NORM },
        { .type = NN_LEAKY_RELU },
        { .type = NN_CONV2D_TRANSPOSE,
          .conv = { .filters = 1,
                    .kernel = { 5 },
                    .stride = { 2 },
                    .padding = NN_SAME,
                    .activation = NN_TANH,
                    .no_bias = true } }
    };
    const nn_layer_def discriminator[] = {
        { .type = NN_CONV2D, .conv = { .filters = 3, .kernel = { 5 }, .stride = { 2 }, .padding = NN_SAME } },
        { .type = NN_LEAKY_RELU },
        { .type = NN_DROPOUT, .dropout = { 0.3 } },
        { .type = NN_CONV2D, .conv = { .filters = 4, .kernel = { 5 }, .stride = { 2 }, .padding = NN_SAME } },
        { .type = NN_LEAKY_RELU },
        { .type = NN_DROPOUT, .dropout = { 0.3 } },
        { .type = NN_FLATTEN },
        { .type = NN_DENSE, .dense = { .units = 1 } }
    };
    const nn_layer_def classifier[] = { { .type = NN_CONV2D,
                                          .conv = { .filters = 3, .kernel = { 3 }, .activation = NN_RELU } },
                                        { .type = NN_MAX_POOL2D },
                                        { .type = NN_FLATTEN },
                                        { .type = NN_DENSE, .dense = { .units = 5, .activation = NN_RELU } },
                                        { .type = NN_DENSE, .dense = { .units = 4, .activation = NN_SOFTMAX } } };
    const nn_layer_def deep[] = { { .type = NN_LSTM, .rnn = { .units = 4, .return_sequences = true } },
                                  { .type = NN_DROPOUT, .dropout = { 0.2 } },
                                  { .type = NN_GRU, .rnn = { .units = 3, .return_sequences = true } },
                                  { .type = NN_SIMPLE_RNN, .rnn = { .units = 3 } },
                                  { .type = NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } } };
    CHECK_TABLE(NN_SHAPE(5), 4, generator);
    CHECK_TABLE(NN_SHAPE(8, 8, 1), 3, discriminator);
    CHECK_TABLE(NN_SHAPE(7, 7, 2), 2, classifier);
    CHECK_TABLE(NN_SHAPE(5, 2), 3, deep);
}

/* Each loss after each last layer: where they match, nn_backprop() takes them together. */
void gradients_losses(gradient_tally *tally, uint64_t seed)
{
    const struct {
        nn_loss_def loss;
        bool probabilities; /* only what is in (0, 1) makes sense before it */
    } losses[] = { { { .type = NN_MSE }, false },
                   { { .type = NN_HUBER }, false },
                   { { .type = NN_HUBER, .delta = 0.3 }, false },
                   { { .type = NN_BCE }, true },
                   { { .type = NN_BCE, .keras2 = true }, true },
                   { { .type = NN_BCE_LOGITS }, false },
                   { { .type = NN_CATEGORICAL }, true },
                   { { .type = NN_CATEGORICAL_LOGITS }, false },
                   { { .type = NN_SPARSE_CATEGORICAL }, true },
                   { { .type = NN_SPARSE_CATEGORICAL_LOGITS }, false } };
    const nn_shape inputs[] = { NN_SHAPE(3), NN_SHAPE(2, 3), NN_SHAPE(2, 2, 2) };
    const nn_activation ends[] = { NN_SIGMOID, NN_SOFTMAX, NN_LINEAR, NN_TANH };
    for (size_t l = 0; l < COUNT_OF(losses); l++)
        for (size_t s = 0; s < COUNT_OF(inputs); s++)
            for (size_t e = 0; e < COUNT_OF(ends); e++)
                for (int separate = 0; separate < 3; separate++) {
                    /* Taken together they are one of logits, which knows nothing of the 1e-7 that Keras 2 adds. */
                    if (losses[l].loss.keras2 && separate != 2) continue;
                    if (losses[l].probabilities && ends[e] != NN_SIGMOID && ends[e] != NN_SOFTMAX) continue;
                    /* The last activation inside Dense, as a layer after it, or followed by a reshape of the output. */
                    nn_layer_def layers[] = {
                        { .type = NN_DENSE,
                          .dense = { .units = 3, .activation = separate == 1 ? NN_LINEAR : ends[e] } },
                        { .type = separate == 1 ? NN_ACTIVATION : NN_FLATTEN },
                    };
                    if (separate == 1) layers[1].activation.type = ends[e];
                    gradient_case c = { .input = inputs[s],
                                        .batch = 1 + (int)l % 3,
                                        .layers = layers,
                                        .layer_count = separate ? 2 : 1,
                                        .loss = losses[l].loss,
                                        .use_loss = true };
                    gradient_check(tally, &c, seed);
                }
}
