/* Random networks: up to six random layers with random options, of which those are kept that the library accepts. */
#include "gradients.h"

enum { MOST_LAYERS = 6, TRIES = 14 };

static int below(nn_rng *rng, int n)
{
    return (int)nn_random_below(rng, (uint32_t)n);
}

static bool coin(nn_rng *rng)
{
    return below(rng, 2) == 1;
}

static nn_activation any_activation(nn_rng *rng)
{
    return (nn_activation)below(rng, NN_HARD_SIGMOID + 1);
}

static void random_conv(nn_conv_def *conv, nn_rng *rng)
{
    *conv = (nn_conv_def){ .filters = 1 + below(rng, 6),
                           .kernel = { 1 + below(rng, 4), below(rng, 4) },
                           .stride = { below(rng, 4), below(rng, 3) },
                           .padding = coin(rng) ? NN_SAME : NN_VALID,
                           .activation = any_activation(rng),
                           .no_bias = coin(rng) };
}

static void random_options(nn_layer_def *layer, nn_rng *rng)
{
    switch (layer->type) {
    case NN_DENSE:
        layer->dense =
            (nn_dense_def){ .units = 1 + below(rng, 9), .activation = any_activation(rng), .no_bias = coin(rng) };
        break;
    case NN_SIMPLE_RNN:
    case NN_LSTM:
    case NN_GRU:
        layer->rnn = (nn_rnn_def){ .units = 1 + below(rng, 6),
                                   .activation = any_activation(rng),
                                   .recurrent_activation = any_activation(rng),
                                   .return_sequences = below(rng, 4) > 0,
                                   .go_backwards = coin(rng),
                                   .no_bias = coin(rng),
                                   .reset_before = layer->type == NN_GRU && coin(rng) };
        break;
    case NN_CONV2D:
    case NN_CONV2D_TRANSPOSE:
        random_conv(&layer->conv, rng);
        break;
    case NN_MAX_POOL2D:
    case NN_AVERAGE_POOL2D:
        layer->pool = (nn_pool_def){ .size = { 1 + below(rng, 3), below(rng, 3) },
                                     .stride = { below(rng, 3), below(rng, 3) },
                                     .padding = coin(rng) ? NN_SAME : NN_VALID };
        break;
    case NN_BATCH_NORM:
        layer->batch_norm = (nn_batch_norm_def){ .no_scale = coin(rng),
                                                 .no_center = coin(rng),
                                                 .epsilon = coin(rng) ? 0.0 : 0.5 * (double)nn_uniform(rng) };
        break;
    case NN_LEAKY_RELU:
        layer->leaky_relu.slope = coin(rng) ? 0.0 : (double)nn_uniform(rng);
        break;
    case NN_ACTIVATION:
        layer->activation.type = any_activation(rng);
        break;
    case NN_DROPOUT:
        layer->dropout.rate = 0.5 * (double)nn_uniform(rng);
        break;
    case NN_RESHAPE:
        layer->reshape.shape = NN_SHAPE(1 + below(rng, 4), -1, 1 + below(rng, 3));
        break;
    default:
        break;
    }
}

/* A layer after `count` others; sums, concatenations take the last one and others, so that no output is left over. */
static nn_layer_def random_layer(nn_rng *rng, int count)
{
    nn_layer_def layer = { .type = (nn_layer_type)(1 + below(rng, NN_LAYER_TYPE_END - 1)) };
    random_options(&layer, rng);
    if (layer.type != NN_ADD && layer.type != NN_CONCAT) return layer;
    const int inputs = 2 + below(rng, NN_MAX_INPUTS - 1), last = below(rng, inputs);
    for (int i = 0; i < inputs; i++) {
        const int position = i == last ? count : below(rng, count + 1);
        layer.from[i] = position == 0 ? NN_INPUT : position;
    }
    return layer;
}

static bool is_accepted(const gradient_case *c)
{
    const nn_model_def def = { .input = c->input,
                               .input_type = c->input_type,
                               .max_batch = c->batch,
                               .layers = c->layers,
                               .layer_count = c->layer_count,
                               .threads = 1 };
    nn_model *model = nn_model_create(&def, NULL);
    const bool small = model && nn_shape_count(nn_model_output_shape(model)) <= 500;
    nn_model_destroy(model);
    return small;
}

static nn_shape random_input(nn_rng *rng)
{
    switch (below(rng, 3)) {
    case 0:
        return NN_SHAPE(1 + below(rng, 8));
    case 1:
        return NN_SHAPE(1 + below(rng, 6), 1 + below(rng, 4));
    default:
        return NN_SHAPE(1 + below(rng, 8), 1 + below(rng, 8), 1 + below(rng, 4));
    }
}

static nn_layer_def random_table(nn_rng *rng, int vocab)
{
    if (coin(rng))
        return (nn_layer_def){ .type = NN_EMBEDDING, .embedding = { .vocab = vocab, .dim = 1 + below(rng, 5) } };
    return (nn_layer_def){ .type = NN_MULTI_HOT, .multi_hot = { vocab } };
}

static int random_words(gradient_case *c, nn_layer_def *layers, nn_rng *rng)
{
    c->input_type = NN_I32;
    c->padded = coin(rng);
    c->input = NN_SHAPE(1 + below(rng, 7));
    layers[0] = random_table(rng, c->vocab);
    if (layers[0].type == NN_EMBEDDING) return 1;
    layers[1] = (nn_layer_def){ .type = NN_DENSE };
    random_options(&layers[1], rng);
    return 2;
}

/* A table of few words of many features, which a recurrent layer goes through by word. */
static int random_wide_words(gradient_case *c, nn_layer_def *layers, nn_rng *rng)
{
    c->input_type = NN_I32;
    c->padded = coin(rng);
    c->batch += below(rng, 9);
    c->input = NN_SHAPE(2 + below(rng, 7));
    c->vocab = 1 + below(rng, 8);
    c->elements = 16;
    layers[0] = (nn_layer_def){ .type = NN_EMBEDDING, .embedding = { .vocab = c->vocab, .dim = 16 + below(rng, 33) } };
    do {
        layers[1] = (nn_layer_def){ .type = (nn_layer_type)(NN_SIMPLE_RNN + below(rng, 3)) };
        random_options(&layers[1], rng);
        c->layer_count = 2;
    } while (!is_accepted(c));
    return 2;
}

void gradients_random(gradient_tally *tally, uint64_t seed)
{
    nn_rng rng = { .seed = seed, .stream = 4 };
    nn_layer_def layers[MOST_LAYERS];
    gradient_case c = { .input = random_input(&rng),
                        .batch = 1 + below(&rng, 5),
                        .layers = layers,
                        .vocab = 6,
                        .mode = coin(&rng) ? NN_TRAIN : NN_EVAL };
    switch (below(&rng, 8)) {
    case 0:
        c.layer_count = random_wide_words(&c, layers, &rng);
        break;
    case 1:
    case 2:
        c.layer_count = random_words(&c, layers, &rng);
        break;
    default:
        break;
    }
    for (int tries = 0; tries < TRIES && c.layer_count < MOST_LAYERS; tries++) {
        layers[c.layer_count] = random_layer(&rng, c.layer_count);
        c.layer_count++;
        if (!is_accepted(&c)) c.layer_count--;
    }
    if (c.layer_count > 0) gradient_check(tally, &c, seed);
}
