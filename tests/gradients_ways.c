/* Ways through a layer that only large sizes take: gradients by word behind an Embedding, convolutions in squares. */
#include "gradients.h"

/* --- by word ------------------------------------------------------------------------------------------------------ */

/* Features as many as da's columns, or nearly, and at most half as many words as a batch reads. */
typedef struct word_size {
    int vocab, dim, time, batch, units, elements;
} word_size;

/* Words in one group and in several, in one block and in two; more than one vector of units; a word of over 256 steps.
 * The last table is small enough only where the model has room for one sample more. */
static const word_size word_sizes[] = {
    { 5, 40, 6, 3, 3, 16 }, { 9, 41, 3, 9, 5, 12 }, { 70, 33, 9, 17, 2, 8 }, { 90, 38, 25, 8, 2, 4 },
    { 3, 12, 1, 6, 1, 16 }, { 4, 37, 80, 9, 2, 4 }, { 11, 40, 7, 3, 4, 12 },
};

static void check_words(gradient_tally *tally, uint64_t seed, nn_layer_type type, const word_size *size, int option)
{
    const nn_rnn_def rnn = { .units = size->units,
                             .return_sequences = option & 1,
                             .go_backwards = option & 2,
                             .no_bias = option & 4,
                             .reset_before = option & 16 };
    const nn_layer_def layers[] = { { .type = NN_EMBEDDING, .embedding = { .vocab = size->vocab, .dim = size->dim } },
                                    { .type = type, .rnn = rnn },
                                    { .type = NN_DENSE, .dense = { .units = 2 } } };
    gradient_check(tally,
                   &(gradient_case){ .input = NN_SHAPE(size->time),
                                     .input_type = NN_I32,
                                     .batch = size->batch,
                                     .layers = layers,
                                     .layer_count = COUNT_OF(layers),
                                     .mode = NN_TRAIN,
                                     .vocab = size->vocab,
                                     .padded = option & 8,
                                     .elements = size->elements },
                   seed);
}

/* A stack, and two layers that take one table, of which neither has it to itself. */
static void check_words_together(gradient_tally *tally, uint64_t seed, nn_layer_type type)
{
    const nn_layer_def table = { .type = NN_EMBEDDING, .embedding = { .vocab = 6, .dim = 40 } };
    const nn_layer_def stack[] = { table,
                                   { .type = type, .rnn = { .units = 4, .return_sequences = true } },
                                   { .type = type, .rnn = { .units = 3, .go_backwards = true } } };
    const nn_layer_def shared[] = { table,
                                    { .type = type, .rnn = { .units = 3 }, .from = { 1 } },
                                    { .type = type, .rnn = { .units = 2, .go_backwards = true }, .from = { 1 } },
                                    { .type = NN_CONCAT, .from = { 2, 3 } } };
    for (int padded = 0; padded < 2; padded++) {
        gradient_case c = { .input = NN_SHAPE(7),
                            .input_type = NN_I32,
                            .batch = 4,
                            .layers = stack,
                            .layer_count = COUNT_OF(stack),
                            .mode = NN_TRAIN,
                            .vocab = 6,
                            .padded = padded,
                            .elements = 16 };
        gradient_check(tally, &c, seed);
        c.layers = shared, c.layer_count = COUNT_OF(shared);
        gradient_check(tally, &c, seed);
    }
}

void gradients_by_word(gradient_tally *tally, uint64_t seed)
{
    for (int type = NN_SIMPLE_RNN; type <= NN_GRU; type++) {
        const int options = type == NN_GRU ? 32 : 16;
        for (size_t i = 0; i < COUNT_OF(word_sizes); i++)
            for (int option = 0; option < options; option++)
                check_words(tally, seed, (nn_layer_type)type, &word_sizes[i], option);
        check_words_together(tally, seed, (nn_layer_type)type);
    }
}

/* --- squares ------------------------------------------------------------------------------------------------------ */

/* At least 32 channels on both sides and 128 squares, so that both directions go in squares, most of which overlap an
 * edge. */
typedef struct squares_size {
    int h, w, channels, filters, kernel, stride, batch; /* h, w: of the larger side */
    nn_activation activation;
} squares_size;

static const squares_size squares_sizes[] = {
    { 17, 16, 33, 35, 3, 1, 15, NN_TANH },
    { 11, 10, 34, 32, 5, 1, 15, NN_LINEAR },
    { 16, 15, 32, 33, 5, 2, 32, NN_SIGMOID },
};

static void check_squares(gradient_tally *tally, uint64_t seed, nn_layer_type type, const squares_size *size)
{
    const bool up = type == NN_CONV2D_TRANSPOSE;
    const int shrink = up ? size->stride : 1;
    const nn_layer_def layer = { .type = type,
                                 .conv = { .filters = size->filters,
                                           .kernel = { size->kernel },
                                           .stride = { size->stride },
                                           .padding = NN_SAME,
                                           .activation = size->activation,
                                           .no_bias = up && size->activation == NN_LINEAR } };
    gradient_check(tally,
                   &(gradient_case){ .input = NN_SHAPE(size->h / shrink, size->w / shrink, size->channels),
                                     .batch = size->batch,
                                     .layers = &layer,
                                     .layer_count = 1,
                                     .mode = NN_TRAIN,
                                     .elements = 1 },
                   seed);
}

void gradients_squares(gradient_tally *tally, uint64_t seed)
{
    for (size_t i = 0; i < COUNT_OF(squares_sizes); i++) {
        check_squares(tally, seed, NN_CONV2D, &squares_sizes[i]);
        check_squares(tally, seed, NN_CONV2D_TRANSPOSE, &squares_sizes[i]);
    }
}
