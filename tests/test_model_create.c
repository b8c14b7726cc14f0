/* What the creation of a model refuses, and how it says so: layers that do not fit, options, tables, sizes, no memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kvist/nn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("\"%s\" does not say \"%s\"", text, part);
}

/* --- what creation refuses ---------------------------------------------------------------------------------------- */

typedef struct refusal {
    nn_shape input;
    nn_dtype type;
    nn_layer_def layers[3];
    nn_status status;
    const char *says[3]; /* parts of the message */
} refusal;

/* Every layer that does not fit what comes before it names itself, what it wants and what it got. */
static const refusal misfits[] = {
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_DENSE, .dense = { .units = 8 } }, { .type = NN_LSTM, .rnn = { .units = 2 } } },
      NN_ERR_SHAPE,
      { "lstm_2", "(batch, time, features)", "(4, 8)" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_CONV2D, .conv = { .filters = 1, .kernel = { 3 } } } },
      NN_ERR_SHAPE,
      { "conv2d_1", "height", "(4, 5)" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_EMBEDDING, .embedding = { .vocab = 3, .dim = 2 } } },
      NN_ERR_SHAPE,
      { "embedding_1", "indices" } },
    { NN_DIMS(5), NN_I32, { { .type = NN_DENSE, .dense = { .units = 1 } } }, NN_ERR_SHAPE, { "dense_1", "indices" } },
    { NN_DIMS(5),
      NN_I32,
      { { .type = NN_MULTI_HOT, .multi_hot = { 9 } }, { .type = NN_FLATTEN } },
      NN_ERR_SHAPE,
      { "flatten_2", "multi_hot" } },
    { NN_DIMS(5), NN_I32, { { .type = NN_MULTI_HOT, .multi_hot = { 9 } } }, NN_ERR_SHAPE, { "multi_hot_1" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_MULTI_HOT, .multi_hot = { 9 } } },
      NN_ERR_SHAPE,
      { "multi_hot_1", "wants the model's indices" } },
    { NN_DIMS(5, 2),
      NN_I32,
      { { .type = NN_MULTI_HOT, .multi_hot = { 9 } } },
      NN_ERR_SHAPE,
      { "multi_hot_1", "wants the model's indices" } },
    { NN_DIMS(5), NN_I32, { { .type = NN_BATCH_NORM } }, NN_ERR_SHAPE, { "batch_norm_1", "wants reals" } },
    { NN_DIMS(5, 4),
      NN_I32,
      { { .type = NN_LSTM, .rnn = { .units = 2 } } },
      NN_ERR_SHAPE,
      { "lstm_1", "wants reals" } },
    { NN_DIMS(NN_RAGGED),
      NN_I32,
      { { .type = NN_EMBEDDING, .embedding = { .vocab = 3, .dim = 2 } } },
      NN_ERR_SHAPE,
      { "embedding_1" } },
    { NN_DIMS(5, 2, 2),
      NN_I32,
      { { .type = NN_EMBEDDING, .embedding = { .vocab = 3, .dim = 2 } } },
      NN_ERR_SHAPE,
      { "embedding_1", "indices (batch, time)" } },
    { NN_DIMS(4, 4, 1),
      NN_F32,
      { { .type = NN_CONV2D, .conv = { .filters = 1, .kernel = { 5 } } } },
      NN_ERR_SHAPE,
      { "conv2d_1", "5" } },
    { NN_DIMS(4, 2147483647, 1),
      NN_F32,
      { { .type = NN_CONV2D, .conv = { .filters = 1, .kernel = { 1 }, .stride = { 1, 2147483647 } } } },
      NN_ERR_SHAPE,
      { "conv2d_1", "width", "at most 1048576 cells, got 2147483647" } }, /* found by fuzzing: planned for minutes */
    { NN_DIMS(4, 4, 1),
      NN_F32,
      { { .type = NN_MAX_POOL2D, .pool = { .size = { 2, 5 } } } },
      NN_ERR_SHAPE,
      { "max_pool2d_1" } },
    { NN_DIMS(6),
      NN_F32,
      { { .type = NN_RESHAPE, .reshape = { NN_DIMS(4, 2) } } },
      NN_ERR_SHAPE,
      { "reshape_1", "(4, 2)" } },
    { NN_DIMS(6), NN_F32, { { .type = NN_RESHAPE, .reshape = { NN_DIMS(4, -1) } } }, NN_ERR_SHAPE, { "reshape_1" } },
    { NN_DIMS(6), NN_F32, { { .type = NN_RESHAPE, .reshape = { NN_DIMS(-1, -1) } } }, NN_ERR_SHAPE, { "reshape_1" } },
    { NN_DIMS(1), NN_F32, { { .type = NN_RESHAPE } }, NN_ERR_SHAPE, { "reshape_1", "cannot make () of (1)" } },
    { NN_DIMS(6), NN_F32, { { .type = NN_RESHAPE, .reshape = { NN_DIMS(-1, 0) } } }, NN_ERR_SHAPE, { "reshape_1" } },
    { NN_DIMS(6), NN_F32, { { .type = NN_RESHAPE, .reshape = { NN_DIMS(6, -2) } } }, NN_ERR_SHAPE, { "reshape_1" } },
    { NN_DIMS(6),
      NN_F32,
      { { .type = NN_RESHAPE, .reshape = { NN_DIMS(3, 2, 1, 1) } } }, /* five dimensions with the batch */
      NN_ERR_SHAPE,
      { "reshape_1", "cannot make (3, 2, 1, 1)" } },
    { NN_DIMS(6),
      NN_F32,
      { { .type = NN_RESHAPE, .reshape = { NN_DIMS(1056175639, 177602, 393365) } } }, /* 2^66 + 6 */
      NN_ERR_SHAPE,
      { "reshape_1", "cannot make" } },
    { NN_DIMS(1 << 16, 1 << 16),
      NN_F32,
      { { .type = NN_RESHAPE, .reshape = { NN_DIMS(-1, 1) } } },
      NN_ERR_SHAPE,
      { "reshape_1", "(*, 1)" } }, /* 2^32 */
    { NN_DIMS(1 << 16, 1 << 16),
      NN_F32,
      { { .type = NN_FLATTEN } },
      NN_ERR_SHAPE,
      { "flatten_1", "4294967296 elements are too many" } },
    { NN_DIMS(6),
      NN_F32,
      { { .type = NN_DENSE, .dense = { .units = 5 } }, { .type = NN_ADD, .from = { NN_INPUT, 1 } } },
      NN_ERR_SHAPE,
      { "add_2", "(6)", "(5)" } },
    { NN_DIMS(2, 3),
      NN_F32,
      { { .type = NN_FLATTEN }, { .type = NN_CONCAT, .from = { NN_INPUT, 1 } } },
      NN_ERR_SHAPE,
      { "concat_2", "(2, 3)", "(6)" } },
    { NN_DIMS(6),
      NN_F32,
      { { .type = NN_DUELING, .from = { NN_INPUT, NN_INPUT } } },
      NN_ERR_SHAPE,
      { "dueling_1", "(batch, 1)" } },
    { NN_DIMS(1), NN_F32, { { .type = NN_DUELING, .from = { NN_INPUT } } }, NN_ERR_SHAPE, { "dueling_1", "from" } },
    { NN_DIMS(1, 4),
      NN_F32,
      { { .type = NN_FLATTEN }, { .type = NN_DUELING, .from = { NN_INPUT, 1 } } },
      NN_ERR_SHAPE,
      { "dueling_2", "(batch, 1)" } },
    { NN_DIMS(1, 1),
      NN_F32,
      { { .type = NN_FLATTEN }, { .type = NN_DUELING, .from = { 1, NN_INPUT } } },
      NN_ERR_SHAPE,
      { "dueling_2", "(batch, n)" } },
    { NN_DIMS(1 << 30),
      NN_F32,
      { { .type = NN_CONCAT, .from = { NN_INPUT, NN_INPUT } } },
      NN_ERR_SHAPE,
      { "concat_1", "the last axis is too long" } },
    { NN_DIMS(4, 4, 1),
      NN_F32,
      { { .type = NN_MAX_POOL2D, .pool = { .size = { 2147483647, 1 }, .stride = { 1, 1 }, .padding = NN_SAME } } },
      NN_ERR_SHAPE,
      { "max_pool2d_1", "height", "windows reach beyond" } },
    { NN_DIMS(6), NN_F32, { { .type = NN_REVERSE } }, NN_ERR_SHAPE, { "reverse_1" } },
    { NN_DIMS(4, 4),
      NN_F32,
      { { .type = NN_GLOBAL_MAX_POOL2D } },
      NN_ERR_SHAPE,
      { "global_max_pool2d_1", "(4, 4, 4)" } },
};

/* Options out of range name the layer, the option and the value. */
static const refusal bad_options[] = {
    { NN_DIMS(5), NN_F32, { { .type = NN_DENSE } }, NN_ERR_ARGUMENT, { "dense_1", "units", "0" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_DENSE, .dense = { .units = -3 } } },
      NN_ERR_ARGUMENT,
      { "dense_1", "units", "-3" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_DENSE, .dense = { .units = 1, .activation = (nn_activation)99 } } },
      NN_ERR_ARGUMENT,
      { "dense_1", "activation", "99" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_DENSE, .dense = { .units = 1, .kernel_init = (nn_init)99 } } },
      NN_ERR_ARGUMENT,
      { "dense_1", "initialiser", "99" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_DENSE, .dense = { .units = 1, .kernel_init = (nn_init)-1 } } },
      NN_ERR_ARGUMENT,
      { "dense_1", "initialiser", "-1" } },
    { NN_DIMS(5),
      NN_I32,
      { { .type = NN_EMBEDDING, .embedding = { .vocab = 0, .dim = 2 } } },
      NN_ERR_ARGUMENT,
      { "embedding_1", "vocab" } },
    { NN_DIMS(5),
      NN_I32,
      { { .type = NN_EMBEDDING, .embedding = { .vocab = 2, .dim = -1 } } },
      NN_ERR_ARGUMENT,
      { "embedding_1", "dim" } },
    { NN_DIMS(5), NN_I32, { { .type = NN_MULTI_HOT } }, NN_ERR_ARGUMENT, { "multi_hot_1", "vocab" } },
    { NN_DIMS(5, 2), NN_F32, { { .type = NN_GRU } }, NN_ERR_ARGUMENT, { "gru_1", "units" } },
    { NN_DIMS(5, 2),
      NN_F32,
      { { .type = NN_LSTM, .rnn = { .units = 1, .activation = NN_SOFTMAX } } },
      NN_ERR_ARGUMENT,
      { "lstm_1", "activation", "softmax" } },
    { NN_DIMS(5, 2),
      NN_F32,
      { { .type = NN_LSTM, .rnn = { .units = 1, .recurrent_activation = NN_SOFTMAX } } },
      NN_ERR_ARGUMENT,
      { "lstm_1", "recurrent_activation", "softmax" } },
    { NN_DIMS(5, 5, 2),
      NN_F32,
      { { .type = NN_CONV2D, .conv = { .kernel = { 3 } } } },
      NN_ERR_ARGUMENT,
      { "conv2d_1", "filters" } },
    { NN_DIMS(5, 5, 2),
      NN_F32,
      { { .type = NN_CONV2D, .conv = { .filters = 2 } } },
      NN_ERR_ARGUMENT,
      { "conv2d_1", "kernel" } },
    { NN_DIMS(5, 5, 2),
      NN_F32,
      { { .type = NN_CONV2D, .conv = { .filters = 2, .kernel = { 3 }, .stride = { -1 } } } },
      NN_ERR_ARGUMENT,
      { "conv2d_1", "stride" } },
    { NN_DIMS(5, 5, 2),
      NN_F32,
      { { .type = NN_CONV2D, .conv = { .filters = 2, .kernel = { 3 }, .padding = (nn_padding)7 } } },
      NN_ERR_ARGUMENT,
      { "conv2d_1", "padding" } },
    { NN_DIMS(5, 5, 2),
      NN_F32,
      { { .type = NN_AVERAGE_POOL2D, .pool = { .size = { -2 } } } },
      NN_ERR_ARGUMENT,
      { "average_pool2d_1", "size" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_BATCH_NORM, .batch_norm = { .momentum = -0.5 } } },
      NN_ERR_ARGUMENT,
      { "batch_norm_1", "momentum" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_BATCH_NORM, .batch_norm = { .momentum = 1.5 } } },
      NN_ERR_ARGUMENT,
      { "batch_norm_1", "momentum", "1.5" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_BATCH_NORM, .batch_norm = { .epsilon = NAN } } },
      NN_ERR_ARGUMENT,
      { "batch_norm_1", "epsilon" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_LEAKY_RELU, .leaky_relu = { -0.2 } } },
      NN_ERR_ARGUMENT,
      { "leaky_relu_1", "slope" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_LEAKY_RELU, .leaky_relu = { INFINITY } } },
      NN_ERR_ARGUMENT,
      { "leaky_relu_1", "slope", "inf" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_LEAKY_RELU, .leaky_relu = { 1e39 } } },
      NN_ERR_ARGUMENT,
      { "leaky_relu_1", "slope", "1e+39" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_LEAKY_RELU, .leaky_relu = { NAN } } },
      NN_ERR_ARGUMENT,
      { "leaky_relu_1", "slope" } },
    { NN_DIMS(5), NN_F32, { { .type = NN_DROPOUT, .dropout = { 1 } } }, NN_ERR_ARGUMENT, { "dropout_1", "rate", "1" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_DROPOUT, .dropout = { -0.1 } } },
      NN_ERR_ARGUMENT,
      { "dropout_1", "rate", "-0.1" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_DROPOUT, .dropout = { NAN } } },
      NN_ERR_ARGUMENT,
      { "dropout_1", "rate", "nan" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_ACTIVATION, .activation = { (nn_activation)-1 } } },
      NN_ERR_ARGUMENT,
      { "activation_1", "-1" } },
};

/* The table itself. */
static const refusal bad_tables[] = {
    { NN_DIMS(5), NN_F32, { { .type = (nn_layer_type)77 } }, NN_ERR_ARGUMENT, { "layer 1", "77" } },
    { NN_DIMS(5), NN_F32, { { .type = (nn_layer_type)-1 } }, NN_ERR_ARGUMENT, { "layer 1", "-1" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_DENSE, .dense = { .units = 1 }, .name = "a/b" } },
      NN_ERR_ARGUMENT,
      { "layer 1", "name" } },
    { NN_DIMS(5), NN_F32, { { .type = NN_FLATTEN, .name = "" } }, NN_ERR_ARGUMENT, { "layer 1", "name" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_FLATTEN, .name = ".." } },
      NN_ERR_ARGUMENT,
      { "layer 1: name: \"..\" is taken" } },
    { NN_DIMS(5), NN_F32, { { .type = NN_FLATTEN, .name = "tab\there" } }, NN_ERR_ARGUMENT, { "layer 1", "name" } },
    { NN_DIMS(5), NN_F32, { { .type = NN_FLATTEN, .name = "del\x7f" } }, NN_ERR_ARGUMENT, { "layer 1", "name" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_FLATTEN, .name = "a name of forty-eight characters, one beyond what may" } },
      NN_ERR_ARGUMENT,
      { "layer 1", "name", "47" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_FLATTEN, .name = "same" }, { .type = NN_FLATTEN, .name = "same" } },
      NN_ERR_ARGUMENT,
      { "layer 2", "same" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_FLATTEN, .name = "flatten_2" }, { .type = NN_FLATTEN } },
      NN_ERR_ARGUMENT,
      { "layer 2", "flatten_2" } },
    { NN_DIMS(5), NN_F32, { { .type = NN_FLATTEN, .from = { 1 } } }, NN_ERR_ARGUMENT, { "flatten_1", "from", "1" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_FLATTEN }, { .type = NN_FLATTEN, .from = { 3 } }, { .type = NN_FLATTEN } },
      NN_ERR_ARGUMENT,
      { "flatten_2", "from", "3" } },
    { NN_DIMS(5), NN_F32, { { .type = NN_FLATTEN, .from = { -2 } } }, NN_ERR_ARGUMENT, { "flatten_1", "from", "-2" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_DENSE, .dense = { .units = 1 }, .from = { NN_INPUT, NN_INPUT } } },
      NN_ERR_ARGUMENT,
      { "dense_1", "one input", "2" } },
    { NN_DIMS(5), NN_F32, { { .type = NN_FLATTEN }, { .type = NN_ADD } }, NN_ERR_ARGUMENT, { "add_2", "two" } },
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_FLATTEN }, { .type = NN_FLATTEN, .from = { NN_INPUT } } },
      NN_ERR_ARGUMENT,
      { "flatten_1", "output" } },
};

static void check_refusals(const refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const refusal *r = &refusals[i];
        nn_model_def def = { .input = r->input, .input_type = r->type, .max_batch = 4, .layers = r->layers };
        while (def.layer_count < 3 && r->layers[def.layer_count].type) def.layer_count++;
        nn_error error = { 0 };
        nn_model *model = nn_model_create(&def, &error);
        nn_model_destroy(model);
        if (model)
            fail_msg("number %zu: expected \"%s .. %s\", got a model", i, r->says[0], r->says[1] ? r->says[1] : "");
        if (error.status != r->status) fail_msg("number %zu: status %d: %s", i, (int)error.status, error.text);
        for (int k = 0; k < 3 && r->says[k]; k++) assert_contains(error.text, r->says[k]);
        assert_null(nn_model_create(&def, NULL)); /* nobody need listen */
    }
}

static void test_misfits(void **state)
{
    (void)state;
    check_refusals(misfits, COUNT_OF(misfits));
}

/* Row 50 of docs/faults.md. */
static void test_bad_options(void **state)
{
    (void)state;
    check_refusals(bad_options, COUNT_OF(bad_options));
}

static void test_bad_tables(void **state)
{
    (void)state;
    check_refusals(bad_tables, COUNT_OF(bad_tables));
}

static void test_bad_definitions(void **state)
{
    (void)state;
    const nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = 2 } } };
    const nn_model_def good = { .input = NN_SHAPE(3), .max_batch = 4, NN_LAYERS(layers) };
    nn_model_def bad[16];
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(bad); i++) bad[i] = good;
    bad[count++].layers = NULL;
    bad[count++].layer_count = 0;
    bad[count++].layer_count = -1;
    bad[count++].max_batch = 0;
    bad[count++].max_batch = -5;
    bad[count++].threads = -1;
    bad[count++].threads = 257;
    bad[count++].input.rank = 0;
    bad[count++].input = NN_SHAPE(1, 1, 1, 1); /* five dimensions with the batch */
    bad[count++].input = NN_SHAPE(3, 0);
    bad[count++].input = NN_SHAPE(-3);
    bad[count++].input = NN_SHAPE(NN_RAGGED); /* of reals */
    bad[count++].input_type = (nn_dtype)9;
    bad[count++].isa = (nn_isa)9;
    for (size_t i = 0; i < count; i++) {
        nn_error error = { 0 };
        nn_model *model = nn_model_create(&bad[i], &error);
        nn_model_destroy(model);
        if (model || error.status == NN_OK || !*error.text) fail_msg("definition %zu was not refused", i);
    }
    assert_in_range(count, 1, COUNT_OF(bad));
    nn_error error = { 0 };
    assert_null(nn_model_create(NULL, &error));
    assert_int_equal(error.status, NN_ERR_ARGUMENT);
    nn_model_destroy(NULL);
}

/* Sizes whose products overflow are refused before anything is allocated. */
static void test_sizes_that_overflow(void **state)
{
    (void)state;
    const int big = 2147483647;
    const struct {
        nn_shape input;
        nn_dtype type;
        nn_layer_def layer;
    } huge[] = {
        { NN_SHAPE(big), NN_F32, { .type = NN_DENSE, .dense = { .units = big } } },
        { NN_SHAPE(big, big), NN_F32, { .type = NN_LSTM, .rnn = { .units = big } } },
        { NN_SHAPE(big, big), NN_F32, { .type = NN_FLATTEN } },
        { NN_SHAPE(big, big), NN_F32, { .type = NN_REVERSE } },
        { NN_SHAPE(big, big, big), NN_F32, { .type = NN_ACTIVATION } },
        { NN_SHAPE(big, big, 2), NN_F32, { .type = NN_GLOBAL_AVERAGE_POOL2D } },
        { NN_SHAPE(2, 2, big), NN_F32, { .type = NN_CONV2D, .conv = { .filters = big, .kernel = { 2 } } } },
        { NN_SHAPE(big, big, 1),
          NN_F32,
          { .type = NN_CONV2D_TRANSPOSE, .conv = { .filters = 1, .kernel = { 2 }, .stride = { 2 } } } },
        { NN_SHAPE(big), NN_I32, { .type = NN_EMBEDDING, .embedding = { .vocab = big, .dim = big } } },
        { NN_SHAPE(big), NN_F32, { .type = NN_CONCAT, .from = { NN_INPUT, NN_INPUT } } },
    };
    for (size_t i = 0; i < COUNT_OF(huge); i++) {
        nn_error error = { 0 };
        nn_model *model = nn_model_create(&(nn_model_def){ .input = huge[i].input,
                                                           .input_type = huge[i].type,
                                                           .max_batch = big,
                                                           .layers = &huge[i].layer,
                                                           .layer_count = 1 },
                                          &error);
        nn_model_destroy(model);
        if (model) fail_msg("size %zu was not refused", i);
        assert_in_range(error.status, NN_ERR_MEMORY, NN_ERR_SHAPE);
        assert_true(*error.text);
    }
}

/* Nor is it the input alone that may be too large: what a layer makes of a small one. */
static void test_layers_that_overflow(void **state)
{
    (void)state;
    const int big = 2147483647, axis = 1 << 20;
    const nn_layer_def dense = { .type = NN_DENSE, .dense = { .units = big } };
    const struct {
        nn_shape input;
        nn_layer_def layers[6];
        const char *says;
    } huge[] = {
        { NN_SHAPE(1), { dense, dense, dense, dense, dense, dense }, "layer dense_6: kernel (2147483647, 2147483647)" },
        { NN_SHAPE(1), { dense, dense }, "model: out of memory" },
        { NN_SHAPE(axis, axis, 1),
          { { .type = NN_CONV2D, .conv = { .filters = big, .kernel = { 1 } } } },
          "layer conv2d_1: output (1048576, 1048576, 2147483647) is too large" },
        { NN_SHAPE(axis, axis, 1),
          { { .type = NN_CONV2D, .conv = { .filters = 1 << 22, .kernel = { 1 } } } },
          "layer conv2d_1: output (1048576, 1048576, 4194304) is too large" },
        { NN_SHAPE(axis, axis, 1),
          { { .type = NN_CONV2D, .conv = { .filters = 1 << 20, .kernel = { 1 } } } },
          "layer conv2d_1: output (1048576, 1048576, 1048576) is too large" },
        { NN_SHAPE(1, 1, big),
          { { .type = NN_CONV2D, .conv = { .filters = 1, .kernel = { 2 }, .padding = NN_SAME } } },
          "layer conv2d_1: the kernel is too large" },
        { NN_SHAPE(1, 1, big),
          { { .type = NN_CONV2D, .conv = { .filters = big, .kernel = { 1 } } } },
          "layer conv2d_1: the kernel is too large" },
    };
    for (size_t i = 0; i < COUNT_OF(huge); i++) {
        nn_error error = { 0 };
        nn_model_def def = { .input = huge[i].input, .max_batch = 4, .layers = huge[i].layers };
        while (def.layer_count < 6 && huge[i].layers[def.layer_count].type) def.layer_count++;
        nn_model *model = nn_model_create(&def, &error);
        nn_model_destroy(model);
        if (model) fail_msg("%zu: expected \"%s\", got a model", i, huge[i].says);
        assert_contains(error.text, huge[i].says);
    }
}

/* --- an allocator that fails -------------------------------------------------------------------------------------- */

typedef struct counting {
    int left, held; /* allocations until one fails (-1: never), blocks not given back */
    bool sticky;    /* every later one fails too */
} counting;

static void *counting_alloc(size_t size, size_t align, void *user)
{
    counting *c = user;
    if (c->left == 0) {
        if (!c->sticky) c->left = -1;
        return NULL;
    }
    if (c->left > 0) c->left--;
    void *memory = aligned_alloc(align, (size + align - 1) / align * align);
    if (memory) c->held++;
    return memory;
}

static void counting_release(void *memory, void *user)
{
    if (memory) ((counting *)user)->held--;
    free(memory);
}

/* The n-th allocation of creation fails, alone or with all after it: an error, nothing lost, and then it works. Row 49.
 */
static void test_failing_allocations(void **state)
{
    (void)state;
    const nn_layer_def layers[] = { { .type = NN_LSTM, .rnn = { .units = 4, .return_sequences = true } },
                                    { .type = NN_GRU, .rnn = { .units = 3 } },
                                    { .type = NN_BATCH_NORM },
                                    { .type = NN_DENSE, .dense = { .units = 2, .activation = NN_SOFTMAX } } };
    int failures = 0;
    for (int sticky = 0; sticky < 2; sticky++)
        for (int n = 0;; n++) {
            counting c = { .left = n, .sticky = sticky };
            const nn_allocator allocator = { counting_alloc, counting_release, &c };
            nn_error error = { 0 };
            nn_model *model = nn_model_create(
                &(nn_model_def){ .input = NN_SHAPE(3, 2), .max_batch = 4, NN_LAYERS(layers), .allocator = &allocator },
                &error);
            if (!model) {
                failures++;
                assert_int_equal(error.status, NN_ERR_MEMORY);
                assert_contains(error.text, "memory");
                assert_int_equal(c.held, 0);
                continue;
            }
            nn_model_destroy(model);
            assert_int_equal(c.held, 0);
            break;
        }
    assert_true(failures >= 4); /* two blocks or more, both ways */
}

enum { MOST_LAYERS = 2048 };

static nn_model *make_many(const nn_layer_def *layers, int count, nn_error *error)
{
    return nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(1), .max_batch = 1, .threads = 1, .layers = layers, .layer_count = count },
        error);
}

/* As many layers as there may be, one more, and two names that are met again: the first that is, is told. */
static void test_many_layers(void **state)
{
    (void)state;
    nn_layer_def *layers = calloc(MOST_LAYERS + 1, sizeof *layers);
    assert_non_null(layers);
    for (int i = 0; i <= MOST_LAYERS; i++) layers[i].type = NN_ACTIVATION;
    nn_error error = { 0 };
    nn_model *model = make_many(layers, MOST_LAYERS, &error);
    if (!model) fail_msg("%s", error.text);
    nn_model_destroy(model);
    assert_null(make_many(layers, MOST_LAYERS + 1, &error));
    assert_int_equal(error.status, NN_ERR_ARGUMENT);
    assert_string_equal(error.text, "model: layers: expected at most 2048, got 2049");
    layers[99].name = layers[1499].name = layers[1999].name = "z";
    layers[0].name = layers[1749].name = "a";
    assert_null(make_many(layers, MOST_LAYERS, &error));
    assert_int_equal(error.status, NN_ERR_ARGUMENT);
    assert_string_equal(error.text, "layer 1500: name: \"z\" is layer 100's already");
    free(layers);
}

/* Found by fuzzing: a position and such a stride together are more than an int holds. */
static void test_stride_beyond_the_image(void **state)
{
    (void)state;
    const nn_layer_def layer = {
        .type = NN_CONV2D,
        .conv = { .filters = 1, .kernel = { 3 }, .stride = { 2147483647, 1 }, .padding = NN_SAME },
    };
    nn_error error = { 0 };
    nn_model *model = nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(8, 4, 1), .max_batch = 1, .layers = &layer, .layer_count = 1 }, &error);
    if (!model) fail_msg("%s", error.text);
    assert_int_equal(nn_model_output_shape(model).dim[0], 1);
    assert_int_equal(nn_model_output_shape(model).dim[1], 4);
    nn_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_misfits),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_bad_tables),
        cmocka_unit_test(test_bad_definitions),
        cmocka_unit_test(test_sizes_that_overflow),
        cmocka_unit_test(test_layers_that_overflow),
        cmocka_unit_test(test_many_layers),
        cmocka_unit_test(test_stride_beyond_the_image),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests_name("model_create", tests, NULL, NULL);
}
