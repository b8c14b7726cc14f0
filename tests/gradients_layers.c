/* Every layer with every option, on shapes that do not fit any vector or tile: batch 1, odd sizes, one time step. */
#include "gradients.h"

#include <string.h>

static const nn_activation activations[] = { NN_LINEAR, NN_RELU, NN_SIGMOID, NN_TANH, NN_SOFTMAX, NN_HARD_SIGMOID };

/* One layer on reals. */
static void check_layer(gradient_tally *tally, uint64_t seed, nn_shape input, int batch, nn_layer_def layer,
                        nn_mode mode)
{
    gradient_check(tally,
                   &(gradient_case){ .input = input, .batch = batch, .layers = &layer, .layer_count = 1, .mode = mode },
                   seed);
}

void gradients_dense(gradient_tally *tally, uint64_t seed)
{
    const nn_shape inputs[] = { NN_SHAPE(1), NN_SHAPE(7), NN_SHAPE(3, 5), NN_SHAPE(2, 3, 4) };
    const int units[] = { 1, 5, 18 };
    for (size_t s = 0; s < COUNT_OF(inputs); s++)
        for (size_t u = 0; u < COUNT_OF(units); u++)
            for (size_t a = 0; a < COUNT_OF(activations); a++)
                for (int no_bias = 0; no_bias < 2; no_bias++) {
                    nn_layer_def layer = { .type = NN_DENSE,
                                           .dense = {
                                               .units = units[u], .activation = activations[a], .no_bias = no_bias } };
                    check_layer(tally, seed, inputs[s], (int)(u * 2) + 1, layer, NN_TRAIN);
                }
}

void gradients_activation(gradient_tally *tally, uint64_t seed)
{
    const nn_shape inputs[] = { NN_SHAPE(1), NN_SHAPE(19), NN_SHAPE(3, 5), NN_SHAPE(3, 2, 7) };
    const double slopes[] = { 0, NN_ZERO, 0.01, 1, 2.5 };
    for (size_t s = 0; s < COUNT_OF(inputs); s++)
        for (int batch = 1; batch <= 3; batch += 2) {
            for (size_t a = 0; a < COUNT_OF(activations); a++)
                check_layer(tally, seed, inputs[s], batch,
                            (nn_layer_def){ .type = NN_ACTIVATION, .activation = { activations[a] } }, NN_EVAL);
            for (size_t i = 0; i < COUNT_OF(slopes); i++)
                check_layer(tally, seed, inputs[s], batch,
                            (nn_layer_def){ .type = NN_LEAKY_RELU, .leaky_relu = { slopes[i] } }, NN_TRAIN);
        }
}

/* --- layers on indices -------------------------------------------------------------------------------------------- */

void gradients_embedding(gradient_tally *tally, uint64_t seed)
{
    const int sizes[][4] = {
        { 1, 1, 1, 1 }, { 5, 3, 7, 2 }, { 4, 9, 1, 3 }, { 30, 17, 3, 1 }
    }; /* vocab, dim, time, batch */
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        nn_layer_def layer = { .type = NN_EMBEDDING, .embedding = { .vocab = sizes[i][0], .dim = sizes[i][1] } };
        gradient_case c = { .input = NN_SHAPE(sizes[i][2]),
                            .input_type = NN_I32,
                            .batch = sizes[i][3],
                            .layers = &layer,
                            .layer_count = 1,
                            .vocab = sizes[i][0] };
        gradient_check(tally, &c, seed);
    }
}

void gradients_multi_hot(gradient_tally *tally, uint64_t seed)
{
    const int units[] = { 1, 4, 17 };
    for (int ragged = 0; ragged < 2; ragged++)
        for (size_t u = 0; u < COUNT_OF(units); u++)
            for (size_t a = 0; a < COUNT_OF(activations); a++)
                for (int no_bias = 0; no_bias < 2; no_bias++) {
                    nn_layer_def layers[] = {
                        { .type = NN_MULTI_HOT, .multi_hot = { 11 } },
                        { .type = NN_DENSE,
                          .dense = { .units = units[u], .activation = activations[a], .no_bias = no_bias } },
                        { .type = NN_DENSE, .dense = { .units = 2 } }
                    };
                    gradient_case c = { .input = NN_SHAPE(ragged ? NN_RAGGED : 6),
                                        .input_type = NN_I32,
                                        .batch = (int)u * 2 + 1,
                                        .layers = layers,
                                        .layer_count = no_bias ? 2 : 3,
                                        .vocab = 11,
                                        .padded = !ragged };
                    gradient_check(tally, &c, seed);
                }
}

/* --- recurrent layers --------------------------------------------------------------------------------------------- */

/* units, features, time steps, batch */
static const int rnn_sizes[][4] = { { 1, 1, 1, 1 }, { 3, 2, 5, 2 }, { 5, 1, 1, 3 }, { 2, 4, 3, 1 } };

/* All of the boolean options of one layer; GRU has reset_before besides. */
static void check_rnn(gradient_tally *tally, uint64_t seed, nn_layer_type type, nn_activation activation,
                      nn_activation gates)
{
    const int options = type == NN_GRU ? 16 : 8;
    for (int option = 0; option < options; option++) {
        const int *size = rnn_sizes[(size_t)(option + (int)activation + (int)seed) % COUNT_OF(rnn_sizes)];
        nn_layer_def layer = { .type = type,
                               .rnn = { .units = size[0],
                                        .activation = activation,
                                        .recurrent_activation = gates,
                                        .return_sequences = option & 1,
                                        .go_backwards = option & 2,
                                        .no_bias = option & 4,
                                        .reset_before = option & 8 } };
        check_layer(tally, seed, NN_SHAPE(size[2], size[1]), size[3], layer, option & 1 ? NN_TRAIN : NN_EVAL);
    }
}

static void check_rnn_activations(gradient_tally *tally, uint64_t seed, nn_layer_type type)
{
    const nn_activation outputs[] = { NN_ACTIVATION_DEFAULT, NN_TANH, NN_RELU, NN_SIGMOID, NN_LINEAR, NN_HARD_SIGMOID };
    const nn_activation gates[] = { NN_ACTIVATION_DEFAULT, NN_SIGMOID, NN_HARD_SIGMOID, NN_TANH, NN_RELU, NN_LINEAR };
    const size_t gate_count = type == NN_SIMPLE_RNN ? 1 : COUNT_OF(gates);
    for (size_t a = 0; a < COUNT_OF(outputs); a++)
        for (size_t g = 0; g < gate_count; g++) check_rnn(tally, seed, type, outputs[a], gates[g]);
}

/* Units beyond one vector, and batches beyond a tile of rows. */
static void check_rnn_sizes(gradient_tally *tally, uint64_t seed, nn_layer_type type)
{
    const int sizes[][4] = { { 9, 3, 2, 17 }, { 16, 5, 3, 8 }, { 17, 1, 4, 2 }, { 33, 2, 2, 1 } };
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        for (int option = 0; option < 4; option++) {
            nn_layer_def layer = {
                .type = type,
                .rnn = { .units = sizes[i][0], .return_sequences = option & 1, .reset_before = option & 2 }
            };
            if (option >= 2 && type != NN_GRU) layer.rnn = (nn_rnn_def){ .units = sizes[i][0], .go_backwards = true };
            check_layer(tally, seed, NN_SHAPE(sizes[i][2], sizes[i][1]), sizes[i][3], layer, NN_TRAIN);
        }
}

void gradients_simple_rnn(gradient_tally *tally, uint64_t seed)
{
    check_rnn_activations(tally, seed, NN_SIMPLE_RNN);
    check_rnn_sizes(tally, seed, NN_SIMPLE_RNN);
}

void gradients_lstm(gradient_tally *tally, uint64_t seed)
{
    check_rnn_activations(tally, seed, NN_LSTM);
    check_rnn_sizes(tally, seed, NN_LSTM);
}

void gradients_gru(gradient_tally *tally, uint64_t seed)
{
    check_rnn_activations(tally, seed, NN_GRU);
    check_rnn_sizes(tally, seed, NN_GRU);
}

/* Word indices padded on the left, which recurrent layers may take a shorter way through. */
void gradients_padded(gradient_tally *tally, uint64_t seed)
{
    const int sizes[][3] = { { 1, 3, 2 }, { 9, 5, 4 }, { 6, 4, 7 }, { 2, 3, 1 } }; /* time, units, batch */
    for (int type = NN_SIMPLE_RNN; type <= NN_GRU; type++)
        for (size_t i = 0; i < COUNT_OF(sizes); i++)
            for (int option = 0; option < 8; option++) {
                nn_layer_def layers[] = { { .type = NN_EMBEDDING, .embedding = { .vocab = 7, .dim = 3 } },
                                          { .type = (nn_layer_type)type,
                                            .rnn = { .units = sizes[i][1],
                                                     .return_sequences = option & 1,
                                                     .go_backwards = option & 2,
                                                     .reset_before = type == NN_GRU && (option & 4) } },
                                          { .type = NN_DENSE, .dense = { .units = 2 } } };
                if (option & 4 && type != NN_GRU) layers[1].rnn.no_bias = true;
                gradient_case c = { .input = NN_SHAPE(sizes[i][0]),
                                    .input_type = NN_I32,
                                    .batch = sizes[i][2],
                                    .layers = layers,
                                    .layer_count = 3,
                                    .vocab = 7,
                                    .padded = true,
                                    .mode = NN_TRAIN };
                gradient_check(tally, &c, seed);
            }
}

/* --- images ------------------------------------------------------------------------------------------------------- */

typedef struct conv_size {
    int image[3], kernel[2], stride[2], filters, batch;
} conv_size;

/* Square and not, stride above the kernel, kernel above the image (under 'same'), one channel, many. */
static const conv_size conv_sizes[] = {
    { { 1, 1, 1 }, { 1, 1 }, { 1, 1 }, 1, 1 },   { { 5, 7, 2 }, { 3, 3 }, { 1, 1 }, 3, 2 },
    { { 7, 4, 3 }, { 5, 5 }, { 2, 2 }, 2, 1 },   { { 6, 6, 1 }, { 2, 3 }, { 3, 1 }, 4, 3 },
    { { 4, 5, 2 }, { 1, 1 }, { 2, 2 }, 5, 2 },   { { 9, 5, 1 }, { 2, 2 }, { 3, 4 }, 1, 2 },
    { { 3, 3, 17 }, { 3, 2 }, { 1, 2 }, 19, 1 }, { { 8, 8, 4 }, { 4, 4 }, { 2, 2 }, 9, 2 },
};

static void check_conv(gradient_tally *tally, uint64_t seed, nn_layer_type type)
{
    for (size_t i = 0; i < COUNT_OF(conv_sizes); i++)
        for (size_t a = 0; a < COUNT_OF(activations); a++)
            for (int option = 0; option < 4; option++) {
                const conv_size *s = &conv_sizes[i];
                const bool fits = s->kernel[0] <= s->image[0] && s->kernel[1] <= s->image[1];
                if (!fits && type == NN_CONV2D && (option & 1)) continue;
                nn_layer_def layer = { .type = type,
                                       .conv = { .filters = s->filters,
                                                 .kernel = { s->kernel[0], s->kernel[1] },
                                                 .stride = { s->stride[0], s->stride[1] },
                                                 .padding = option & 1 ? NN_VALID : NN_SAME,
                                                 .activation = activations[a],
                                                 .no_bias = option & 2 } };
                check_layer(tally, seed, NN_SHAPE(s->image[0], s->image[1], s->image[2]), s->batch, layer, NN_TRAIN);
            }
}

void gradients_conv2d(gradient_tally *tally, uint64_t seed)
{
    check_conv(tally, seed, NN_CONV2D);
    /* A kernel beyond the image is legal under 'same'. */
    nn_layer_def layer = { .type = NN_CONV2D, .conv = { .filters = 2, .kernel = { 5, 3 }, .padding = NN_SAME } };
    check_layer(tally, seed, NN_SHAPE(2, 2, 3), 2, layer, NN_TRAIN);
}

void gradients_conv2d_transpose(gradient_tally *tally, uint64_t seed)
{
    check_conv(tally, seed, NN_CONV2D_TRANSPOSE);
}

void gradients_pools(gradient_tally *tally, uint64_t seed)
{
    const int sizes[][5] = {
        { 2, 2, 2, 2, 1 }, { 3, 3, 1, 1, 2 }, { 3, 2, 2, 3, 1 }, { 2, 3, 4, 1, 3 }, { 1, 1, 2, 2, 2 }
    };
    const nn_shape images[] = { NN_SHAPE(6, 5, 2), NN_SHAPE(4, 7, 1), NN_SHAPE(5, 5, 9) };
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        for (size_t k = 0; k < COUNT_OF(images); k++)
            for (int option = 0; option < 4; option++) {
                nn_layer_def layer = { .type = option & 1 ? NN_MAX_POOL2D : NN_AVERAGE_POOL2D,
                                       .pool = { .size = { sizes[i][0], sizes[i][1] },
                                                 .stride = { sizes[i][2], sizes[i][3] },
                                                 .padding = option & 2 ? NN_SAME : NN_VALID } };
                check_layer(tally, seed, images[k], sizes[i][4], layer, NN_TRAIN);
            }
    for (size_t k = 0; k < COUNT_OF(images); k++)
        for (int type = NN_GLOBAL_MAX_POOL2D; type <= NN_GLOBAL_AVERAGE_POOL2D; type++)
            check_layer(tally, seed, images[k], (int)k + 1, (nn_layer_def){ .type = (nn_layer_type)type }, NN_EVAL);
    check_layer(tally, seed, images[0], 2, (nn_layer_def){ .type = NN_MAX_POOL2D }, NN_TRAIN);
}

/* --- training and inference --------------------------------------------------------------------------------------- */

void gradients_batch_norm(gradient_tally *tally, uint64_t seed)
{
    const nn_shape inputs[] = { NN_SHAPE(1), NN_SHAPE(5), NN_SHAPE(3, 4), NN_SHAPE(3, 2, 18) };
    const double epsilons[] = { 0, 0.1 };
    for (size_t s = 0; s < COUNT_OF(inputs); s++)
        for (int option = 0; option < 16; option++)
            for (int batch = 2; batch <= 7; batch += 5) {
                nn_layer_def layer = { .type = NN_BATCH_NORM,
                                       .batch_norm = { .epsilon = epsilons[(option >> 2) & 1],
                                                       .no_scale = option & 1,
                                                       .no_center = option & 2 } };
                check_layer(tally, seed, inputs[s], batch, layer, option & 8 ? NN_TRAIN : NN_EVAL);
            }
    /* A batch of one sample: of several pixels, and of a single value, which is its own mean. */
    check_layer(tally, seed, NN_SHAPE(2, 3, 2), 1, (nn_layer_def){ .type = NN_BATCH_NORM }, NN_TRAIN);
    check_layer(tally, seed, NN_SHAPE(3), 1, (nn_layer_def){ .type = NN_BATCH_NORM }, NN_TRAIN);
}

void gradients_dropout(gradient_tally *tally, uint64_t seed)
{
    const nn_shape inputs[] = { NN_SHAPE(1), NN_SHAPE(13), NN_SHAPE(3, 3, 2) };
    const double rates[] = { 0, 0.3, 0.9 };
    for (size_t s = 0; s < COUNT_OF(inputs); s++)
        for (size_t r = 0; r < COUNT_OF(rates); r++)
            for (int mode = NN_EVAL; mode <= NN_TRAIN; mode++) {
                nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = 4, .activation = NN_TANH } },
                                          { .type = NN_DROPOUT, .dropout = { rates[r] } },
                                          { .type = NN_DENSE, .dense = { .units = 3 } } };
                gradient_case c = {
                    .input = inputs[s], .batch = 3, .layers = layers, .layer_count = 3, .mode = (nn_mode)mode
                };
                gradient_check(tally, &c, seed);
                check_layer(tally, seed, inputs[s], 2, layers[1], (nn_mode)mode);
            }
}
