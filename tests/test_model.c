/* Models as their callers see them: what creation refuses and how it says so, calls out of order, weights, the summary.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kvist/nn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static nn_model *create(const nn_model_def *def)
{
    nn_error error;
    nn_model *model = nn_model_create(def, &error);
    if (!model) fail_msg("%s", error.text);
    return model;
}

/* A model of reals with room for 4 samples. */
#define CREATE(shape, table) create(&(nn_model_def){ .input = shape, .max_batch = 4, NN_LAYERS(table) })

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
    { NN_DIMS(NN_RAGGED),
      NN_I32,
      { { .type = NN_EMBEDDING, .embedding = { .vocab = 3, .dim = 2 } } },
      NN_ERR_SHAPE,
      { "embedding_1" } },
    { NN_DIMS(4, 4, 1),
      NN_F32,
      { { .type = NN_CONV2D, .conv = { .filters = 1, .kernel = { 5 } } } },
      NN_ERR_SHAPE,
      { "conv2d_1", "5" } },
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
    { NN_DIMS(5),
      NN_F32,
      { { .type = NN_DENSE, .dense = { .units = 1 }, .name = "a/b" } },
      NN_ERR_ARGUMENT,
      { "layer 1", "name" } },
    { NN_DIMS(5), NN_F32, { { .type = NN_FLATTEN, .name = "" } }, NN_ERR_ARGUMENT, { "layer 1", "name" } },
    { NN_DIMS(5), NN_F32, { { .type = NN_FLATTEN, .name = "tab\there" } }, NN_ERR_ARGUMENT, { "layer 1", "name" } },
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

/* The n-th allocation of creation fails, alone or with all after it: an error, nothing lost, and then it works. */
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

/* --- calls that cannot be served ---------------------------------------------------------------------------------- */

static nn_float numbers[256];

static void expect_refused(const nn_model *model, const void *result, const char *says)
{
    assert_null(result);
    assert_contains(nn_model_error(model), says);
}

static void test_bad_inputs(void **state)
{
    (void)state;
    const nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = 2 } } };
    nn_model *model = CREATE(NN_SHAPE(3), layers);
    int32_t ids[12] = { 0 };
    nn_tensor none = nn_view_f32(NULL, NN_SHAPE(2, 3)), indices = nn_view_i32(ids, NN_SHAPE(2, 3));
    const nn_shape shapes[] = { NN_SHAPE(2, 4), NN_SHAPE(2),    NN_SHAPE(2, 3, 1),
                                NN_SHAPE(5, 3), NN_SHAPE(0, 3), NN_SHAPE(-1, 3) };
    const char *says[] = { "(2, 4)", "(2)", "(2, 3, 1)", "5", "0", "-1" };
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        nn_tensor x = nn_view_f32(numbers, shapes[i]);
        expect_refused(model, nn_forward(model, &x, NN_EVAL), says[i]);
    }
    expect_refused(model, nn_forward(model, &none, NN_EVAL), "data");
    expect_refused(model, nn_forward(model, &indices, NN_EVAL), "indices");
    assert_null(nn_forward(NULL, &none, NN_EVAL));
    assert_true(*nn_model_error(NULL));

    /* The model is as good as ever, and the error is forgotten. */
    nn_tensor x = nn_view_f32(numbers, NN_SHAPE(4, 3));
    assert_non_null(nn_forward(model, &x, NN_EVAL));
    assert_string_equal(nn_model_error(model), "");
    expect_refused(model, nn_forward(model, NULL, NN_EVAL), "forward");
    nn_model_destroy(model);
}

static void test_backward_out_of_order(void **state)
{
    (void)state;
    const nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = 2 } } };
    nn_model *model = CREATE(NN_SHAPE(3), layers);
    nn_tensor x = nn_view_f32(numbers, NN_SHAPE(2, 3)), dy = nn_view_f32(numbers, NN_SHAPE(2, 2));
    nn_tensor wide = nn_view_f32(numbers, NN_SHAPE(2, 5)), more = nn_view_f32(numbers, NN_SHAPE(3, 2));
    nn_tensor none = nn_view_f32(NULL, NN_SHAPE(2, 2)), wrong = nn_view_f32(numbers, NN_SHAPE(2, 7));
    expect_refused(model, nn_backward(model, &dy, NN_GRAD_PARAMS), "forward");
    assert_null(nn_input_grad(model));
    assert_null(nn_input_grad(NULL));
    assert_non_null(nn_forward(model, &x, NN_EVAL));
    assert_null(nn_input_grad(model));
    expect_refused(model, nn_backward(model, &wide, NN_GRAD_PARAMS), "(2, 5)");
    expect_refused(model, nn_backward(model, &more, NN_GRAD_PARAMS), "(3, 2)");
    expect_refused(model, nn_backward(model, &none, NN_GRAD_PARAMS), "dy");
    assert_null(nn_backward(NULL, &dy, NN_GRAD_PARAMS));

    /* Only what was wanted comes back. */
    const nn_tensor *dx = nn_backward(model, &dy, NN_GRAD_PARAMS);
    assert_non_null(dx);
    assert_null(dx->f32);
    assert_null(nn_input_grad(model));
    expect_refused(model, nn_backward(model, NULL, NN_GRAD_PARAMS), "backward");
    dx = nn_backward(model, &dy, NN_GRAD_INPUT);
    assert_non_null(dx->f32);
    assert_ptr_equal(dx->f32, nn_input_grad(model)->f32);

    /* A forward that failed leaves nothing to go back through. */
    assert_null(nn_forward(model, &wrong, NN_EVAL));
    expect_refused(model, nn_backward(model, &dy, NN_GRAD_PARAMS), "forward");
    nn_model_destroy(model);
}

/* Indices outside the vocabulary: the sample, the place, the bounds and the value; and the model goes on. */
static void test_indices_out_of_range(void **state)
{
    (void)state;
    const nn_layer_def embedding[] = { { .type = NN_EMBEDDING, .embedding = { .vocab = 7, .dim = 2 } } };
    const nn_layer_def multi_hot[] = { { .type = NN_MULTI_HOT, .multi_hot = { 7 } },
                                       { .type = NN_DENSE, .dense = { .units = 2 } } };
    for (int kind = 0; kind < 3; kind++) {
        const nn_model_def def = { .input = NN_SHAPE(kind == 2 ? NN_RAGGED : 3),
                                   .input_type = NN_I32,
                                   .max_batch = 2,
                                   .layers = kind ? multi_hot : embedding,
                                   .layer_count = kind ? 2 : 1 };
        nn_model *model = create(&def);
        const int32_t bad[] = { 7, -1, INT32_MAX, INT32_MIN };
        for (size_t i = 0; i < COUNT_OF(bad); i++) {
            int32_t ids[] = { 1, 2, 6, 0, bad[i], 3 };
            const int64_t offsets[] = { 0, 3, 6 };
            nn_tensor x = kind == 2 ? nn_view_ragged(ids, offsets, 2) : nn_view_i32(ids, NN_SHAPE(2, 3));
            char value[16];
            snprintf(value, sizeof value, "got %ld", (long)bad[i]);
            expect_refused(model, nn_forward(model, &x, NN_EVAL), value);
            assert_contains(nn_model_error(model), kind ? "multi_hot_1" : "embedding_1");
            assert_contains(nn_model_error(model), "sample 1");
            assert_contains(nn_model_error(model), "0 to 6");
            ids[4] = 5;
            assert_non_null(nn_forward(model, &x, NN_EVAL));
            nn_tensor dy = nn_view_f32(numbers, NN_SHAPE(2, 3, 2));
            if (kind) dy.shape = NN_SHAPE(2, 2);
            assert_non_null(nn_backward(model, &dy, NN_GRAD_PARAMS));
            expect_refused(model, nn_backward(model, &dy, NN_GRAD_PARAMS | NN_GRAD_INPUT), "indices");
        }
        nn_model_destroy(model);
    }
}

static void test_ragged_inputs(void **state)
{
    (void)state;
    const nn_layer_def layers[] = { { .type = NN_MULTI_HOT, .multi_hot = { 7 } },
                                    { .type = NN_DENSE, .dense = { .units = 2 } } };
    nn_model *ragged = create(
        &(nn_model_def){ .input = NN_SHAPE(NN_RAGGED), .input_type = NN_I32, .max_batch = 2, NN_LAYERS(layers) });
    nn_model *padded =
        create(&(nn_model_def){ .input = NN_SHAPE(3), .input_type = NN_I32, .max_batch = 2, NN_LAYERS(layers) });
    int32_t ids[] = { 1, 2, 6, 0, 5, 3 };
    const int64_t good[] = { 0, 0, 6 }, down[] = { 4, 2, 6 }, negative[] = { -1, 2, 6 };
    nn_tensor flat = nn_view_i32(ids, NN_SHAPE(2, 3)), x = nn_view_ragged(ids, good, 2);
    assert_non_null(nn_forward(ragged, &x, NN_EVAL)); /* the first row is empty */
    expect_refused(padded, nn_forward(padded, &x, NN_EVAL), "ragged");
    expect_refused(ragged, nn_forward(ragged, &flat, NN_EVAL), "index lists");
    x.offsets = down;
    expect_refused(ragged, nn_forward(ragged, &x, NN_EVAL), "offsets");
    x.offsets = negative;
    expect_refused(ragged, nn_forward(ragged, &x, NN_EVAL), "offsets");
    nn_model_destroy(ragged);
    nn_model_destroy(padded);
}

/* --- weights ------------------------------------------------------------------------------------------------------ */

typedef struct expected_weight {
    const char *layer, *name;
    nn_shape shape;
    bool trainable;
} expected_weight;

static void expect_weights(nn_model *model, const expected_weight *expected, size_t count)
{
    assert_int_equal(nn_model_weight_count(model), count);
    size_t offset[2] = { 0, 0 }; /* of state, of params */
    size_t param_count, state_count;
    nn_float *params = nn_model_params(model, &param_count), *grads = nn_model_grads(model, NULL);
    nn_float *kept = nn_model_state(model, &state_count);
    for (size_t i = 0; i < count; i++) {
        const expected_weight *e = &expected[i];
        nn_weight_info info = nn_model_weight_info(model, (int)i);
        char path[128];
        nn_tensor value, grad;
        assert_string_equal(info.layer, e->layer);
        assert_string_equal(info.name, e->name);
        assert_int_equal(info.trainable, e->trainable);
        assert_int_equal(info.shape.rank, e->shape.rank);
        for (int k = 0; k < e->shape.rank; k++) assert_int_equal(info.shape.dim[k], e->shape.dim[k]);
        assert_int_equal(info.offset, offset[e->trainable]);
        offset[e->trainable] += nn_shape_count(e->shape);

        snprintf(path, sizeof path, "%s/%s", e->layer, e->name);
        assert_int_equal(nn_model_weight(model, path, &value, &grad), NN_OK);
        assert_ptr_equal(value.f32, (e->trainable ? params : kept) + info.offset);
        assert_ptr_equal(grad.f32, e->trainable ? grads + info.offset : NULL);
        assert_int_equal(nn_model_weight(model, path, NULL, NULL), NN_OK);
    }
    assert_int_equal(offset[1], param_count);
    assert_int_equal(offset[0], state_count);
}

/* Keras' names, shapes and order. */
static void test_weights(void **state)
{
    (void)state;
    const nn_layer_def sequence[] = { { .type = NN_LSTM, .rnn = { .units = 3, .return_sequences = true } },
                                      { .type = NN_GRU, .rnn = { .units = 4, .return_sequences = true } },
                                      { .type = NN_GRU,
                                        .rnn = { .units = 2, .return_sequences = true, .reset_before = true } },
                                      { .type = NN_SIMPLE_RNN, .rnn = { .units = 5, .no_bias = true }, .name = "rnn" },
                                      { .type = NN_DENSE, .dense = { .units = 2, .activation = NN_SOFTMAX } } };
    const expected_weight of_sequence[] = {
        { "lstm_1", "kernel", NN_SHAPE(7, 12), true },
        { "lstm_1", "recurrent_kernel", NN_SHAPE(3, 12), true },
        { "lstm_1", "bias", NN_SHAPE(12), true },
        { "gru_2", "kernel", NN_SHAPE(3, 12), true },
        { "gru_2", "recurrent_kernel", NN_SHAPE(4, 12), true },
        { "gru_2", "bias", NN_SHAPE(2, 12), true },
        { "gru_3", "kernel", NN_SHAPE(4, 6), true },
        { "gru_3", "recurrent_kernel", NN_SHAPE(2, 6), true },
        { "gru_3", "bias", NN_SHAPE(6), true },
        { "rnn", "kernel", NN_SHAPE(2, 5), true },
        { "rnn", "recurrent_kernel", NN_SHAPE(5, 5), true },
        { "dense_5", "kernel", NN_SHAPE(5, 2), true },
        { "dense_5", "bias", NN_SHAPE(2), true },
    };
    const nn_layer_def image[] = { { .type = NN_CONV2D, .conv = { .filters = 4, .kernel = { 3, 2 } } },
                                   { .type = NN_BATCH_NORM },
                                   { .type = NN_CONV2D_TRANSPOSE,
                                     .conv = { .filters = 5, .kernel = { 2 }, .no_bias = true } },
                                   { .type = NN_BATCH_NORM, .batch_norm = { .no_scale = true } } };
    const expected_weight of_image[] = {
        { "conv2d_1", "kernel", NN_SHAPE(3, 2, 3, 4), true },
        { "conv2d_1", "bias", NN_SHAPE(4), true },
        { "batch_norm_2", "gamma", NN_SHAPE(4), true },
        { "batch_norm_2", "beta", NN_SHAPE(4), true },
        { "batch_norm_2", "moving_mean", NN_SHAPE(4), false },
        { "batch_norm_2", "moving_variance", NN_SHAPE(4), false },
        { "conv2d_transpose_3", "kernel", NN_SHAPE(2, 2, 5, 4), true },
        { "batch_norm_4", "beta", NN_SHAPE(5), true },
        { "batch_norm_4", "moving_mean", NN_SHAPE(5), false },
        { "batch_norm_4", "moving_variance", NN_SHAPE(5), false },
    };
    nn_model *model = CREATE(NN_SHAPE(6, 7), sequence);
    expect_weights(model, of_sequence, COUNT_OF(of_sequence));
    nn_model_destroy(model);
    model = CREATE(NN_SHAPE(6, 6, 3), image);
    expect_weights(model, of_image, COUNT_OF(of_image));

    const char *wrong[] = { "kernel", "conv2d_1", "conv2d_1/", "conv2d_1/kerne", "conv2d_1/kernels", "/kernel", "" };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(nn_model_weight(model, wrong[i], NULL, NULL), NN_ERR_ARGUMENT);
        assert_contains(nn_model_error(model), wrong[i]);
    }
    assert_int_equal(nn_model_weight(model, NULL, NULL, NULL), NN_ERR_ARGUMENT);
    assert_null(nn_model_weight_info(model, COUNT_OF(of_image)).name);
    assert_null(nn_model_weight_info(model, -1).name);
    nn_model_destroy(model);
}

static void test_copy_and_blend(void **state)
{
    (void)state;
    const nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = 4 } }, { .type = NN_BATCH_NORM } };
    const nn_layer_def wider[] = { { .type = NN_DENSE, .dense = { .units = 5 } }, { .type = NN_BATCH_NORM } };
    const nn_layer_def shorter[] = { { .type = NN_DENSE, .dense = { .units = 4 } } };
    nn_model *from = create(&(nn_model_def){ .input = NN_SHAPE(3), .max_batch = 4, NN_LAYERS(layers), .seed = 1 });
    nn_model *to = create(&(nn_model_def){ .input = NN_SHAPE(3), .max_batch = 2, NN_LAYERS(layers), .seed = 2 });
    nn_model *other = CREATE(NN_SHAPE(3), wider), *less = CREATE(NN_SHAPE(3), shorter);
    size_t count, kept;
    nn_float *a = nn_model_params(from, &count), *s = nn_model_state(from, &kept);
    const nn_float *b = nn_model_read_params(to, NULL);
    for (size_t i = 0; i < kept; i++) s[i] = (nn_float)i + 3;

    nn_float before[64];
    memcpy(before, b, count * sizeof *b);
    assert_memory_not_equal(a, b, count * sizeof *a);
    assert_int_equal(nn_model_blend_weights(to, from, 0.25), NN_OK);
    for (size_t i = 0; i < count; i++) assert_true(fabs((double)(b[i] - (0.25f * a[i] + 0.75f * before[i]))) <= 1e-6);
    assert_int_equal(nn_model_blend_weights(to, from, 0), NN_OK);
    assert_int_equal(nn_model_copy_weights(to, from), NN_OK);
    assert_memory_equal(a, b, count * sizeof *a);
    assert_memory_equal(s, nn_model_state(to, NULL), kept * sizeof *s);
    assert_int_equal(nn_model_copy_weights(to, to), NN_OK);

    memcpy(before, b, count * sizeof *b);
    assert_int_equal(nn_model_copy_weights(to, other), NN_ERR_MISMATCH);
    assert_contains(nn_model_error(to), "dense_1/kernel");
    assert_contains(nn_model_error(to), "(3, 5)");
    assert_int_equal(nn_model_copy_weights(to, less), NN_ERR_MISMATCH);
    assert_int_equal(nn_model_blend_weights(less, to, 0.5), NN_ERR_MISMATCH);
    const double taus[] = { -0.1, 1.1, NAN };
    for (size_t i = 0; i < COUNT_OF(taus); i++)
        assert_int_equal(nn_model_blend_weights(to, from, taus[i]), NN_ERR_ARGUMENT);
    assert_memory_equal(before, b, count * sizeof *b);
    nn_model_destroy(from);
    nn_model_destroy(to);
    nn_model_destroy(other);
    nn_model_destroy(less);
}

/* --- summary ------------------------------------------------------------------------------------------------------ */

static void add_line(const char *text, void *user)
{
    strcat(user, text);
    strcat(user, "\n");
}

static void test_summary(void **state)
{
    (void)state;
    const nn_layer_def layers[] = {
        { .type = NN_CONV2D, .conv = { .filters = 64, .kernel = { 5 }, .stride = { 2 }, .padding = NN_SAME } },
        { .type = NN_BATCH_NORM },
        { .type = NN_LEAKY_RELU },
        { .type = NN_FLATTEN },
        { .type = NN_DENSE, .dense = { .units = 1000, .activation = NN_RELU }, .name = "features" },
        { .type = NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } },
    };
    static const char expected[] = "_________________________________________________________________\n"
                                   " Layer (type)                Output Shape              Param #\n"
                                   "=================================================================\n"
                                   " conv2d_1 (Conv2D)           (None, 14, 14, 64)        1664\n"
                                   " batch_norm_2 (BatchNormaliz (None, 14, 14, 64)        256\n"
                                   " leaky_relu_3 (LeakyReLU)    (None, 14, 14, 64)        0\n"
                                   " flatten_4 (Flatten)         (None, 12544)             0\n"
                                   " features (Dense)            (None, 1000)              12545000\n"
                                   " dense_6 (Dense)             (None, 1)                 1001\n"
                                   "=================================================================\n"
                                   "Total params: 12,547,921\n"
                                   "Trainable params: 12,547,793\n"
                                   "Non-trainable params: 128\n"
                                   "_________________________________________________________________\n";
    nn_model *model = CREATE(NN_SHAPE(28, 28, 1), layers);
    char text[4096] = "";
    nn_model_summary(model, add_line, text);
    assert_string_equal(text, expected);
    assert_int_equal(nn_model_max_batch(model), 4);
    assert_int_equal(nn_model_input_shape(model).rank, 3);
    assert_int_equal(nn_model_output_shape(model).dim[0], 1);
    assert_true(nn_model_memory(model) > 2 * 12547793 * sizeof(nn_float));
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
        cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_bad_inputs),
        cmocka_unit_test(test_backward_out_of_order),
        cmocka_unit_test(test_indices_out_of_range),
        cmocka_unit_test(test_ragged_inputs),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_copy_and_blend),
        cmocka_unit_test(test_summary),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
