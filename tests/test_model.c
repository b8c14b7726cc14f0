/* Models as their callers see them: calls that cannot be served, weights, the summary. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kvist/nn.h>
#ifdef TEST_GAPS
#include <sanitizer/asan_interface.h>
#endif
#include <math.h>
#include <stdio.h>
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

/* --- calls that cannot be served ---------------------------------------------------------------------------------- */

static nn_float numbers[256];

static void expect_refused(const nn_model *model, const void *result, const char *says)
{
    assert_null(result);
    assert_contains(nn_model_error(model), says);
}

/* Row 53 of docs/faults.md. */
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

/* Row 53 of docs/faults.md. */
static void test_backward_out_of_order(void **state)
{
    (void)state;
    const nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = 2 } } };
    nn_model *model = CREATE(NN_SHAPE(3), layers);
    nn_tensor x = nn_view_f32(numbers, NN_SHAPE(2, 3)), dy = nn_view_f32(numbers, NN_SHAPE(2, 2));
    nn_tensor wide = nn_view_f32(numbers, NN_SHAPE(2, 5)), more = nn_view_f32(numbers, NN_SHAPE(3, 2));
    nn_tensor none = nn_view_f32(NULL, NN_SHAPE(2, 2)), wrong = nn_view_f32(numbers, NN_SHAPE(2, 7));
    nn_tensor flat = nn_view_f32(numbers, NN_SHAPE(2)), indices = dy;
    indices.dtype = NN_I32;
    expect_refused(model, nn_backward(model, &dy, NN_GRAD_PARAMS), "forward");
    assert_null(nn_input_grad(model));
    assert_null(nn_input_grad(NULL));
    assert_non_null(nn_forward(model, &x, NN_EVAL));
    assert_null(nn_input_grad(model));
    expect_refused(model, nn_backward(model, &wide, NN_GRAD_PARAMS), "(2, 5)");
    expect_refused(model, nn_backward(model, &more, NN_GRAD_PARAMS), "(3, 2)");
    expect_refused(model, nn_backward(model, &none, NN_GRAD_PARAMS), "dy");
    expect_refused(model, nn_backward(model, &flat, NN_GRAD_PARAMS), "expected reals (2, 2), got reals (2)");
    expect_refused(model, nn_backward(model, &indices, NN_GRAD_PARAMS), "expected reals (2, 2), got indices (2, 2)");
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
    nn_float *far = nn_model_params(to, NULL);
    for (size_t i = 0; i < count; i++) far[i] = i % 2 ? 1e8f : INFINITY; /* all of a, whatever was there */
    assert_int_equal(nn_model_blend_weights(to, from, 1), NN_OK);
    assert_memory_equal(a, b, count * sizeof *a);
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

/* --- shares of gradients ------------------------------------------------------------------------------------------ */

/* Where two branches meet and one leads to the input alone, gradients of weights are the same with and without the
 * input's; so are those of branches that lead to weights both. */
static void test_branches(void **state)
{
    (void)state;
    const nn_layer_def dense = { .type = NN_DENSE, .dense = { .units = 3 } },
                       one = { .type = NN_DENSE, .dense = { .units = 1 } };
    const struct {
        nn_layer_def layers[4];
        int count, features;
    } graphs[] = {
        { { dense, { .type = NN_ADD, .from = { 1, NN_INPUT } } }, 2, 3 },
        { { dense, { .type = NN_ADD, .from = { NN_INPUT, 1 } }, { .type = NN_ADD, .from = { 1, 2 } } }, 3, 3 },
        { { dense, { .type = NN_CONCAT, .from = { NN_INPUT, 1, NN_INPUT } } }, 2, 3 },
        { { one, { .type = NN_DUELING, .from = { 1, NN_INPUT } } }, 2, 3 },
        { { dense, one, { .type = NN_DUELING, .from = { 2, 1 } } }, 3, 3 },
        { { dense, { .type = NN_FLATTEN }, { .type = NN_ADD, .from = { 1, 2 } } }, 3, 3 },
        { { dense, { .type = NN_ACTIVATION }, { .type = NN_LEAKY_RELU }, { .type = NN_ADD, .from = { NN_INPUT, 3 } } },
          4,
          3 },
        { { dense, { .type = NN_DUELING, .from = { NN_INPUT, 1 } } }, 2, 1 },
    };
    for (size_t i = 0; i < COUNT_OF(graphs); i++) {
        nn_float values[12], kept[64];
        size_t count;
        nn_rng rng = { .seed = 9 };
        nn_model *model = create(&(nn_model_def){ .input = NN_SHAPE(graphs[i].features),
                                                  .max_batch = 4,
                                                  .layers = graphs[i].layers,
                                                  .layer_count = graphs[i].count });
        nn_tensor x = nn_view_f32(values, NN_SHAPE(4, graphs[i].features));
        nn_fill_normal(&x, 0, 1, &rng);
        const nn_tensor *y = nn_forward(model, &x, NN_TRAIN);
        assert_non_null(y);
        nn_tensor dy = nn_view_f32(numbers, y->shape);
        nn_fill_normal(&dy, 0, 1, &rng);
        const nn_float *grads = nn_model_grads(model, &count);
        assert_in_range(count, 1, COUNT_OF(kept));
        assert_non_null(nn_backward(model, &dy, NN_GRAD_PARAMS | NN_GRAD_INPUT));
        memcpy(kept, grads, count * sizeof *grads);
        nn_zero_grad(model);
        assert_non_null(nn_backward(model, &dy, NN_GRAD_PARAMS));
        assert_memory_equal(kept, grads, count * sizeof *grads);
        for (size_t k = 0; k < count; k++) assert_true(kept[k] != 0);
        nn_model_destroy(model);
    }
}

/* --- tensors, statuses -------------------------------------------------------------------------------------------- */

static void test_tensors(void **state)
{
    (void)state;
    const int big = 2147483647;
    const nn_shape none[] = {
        { .rank = -1 }, { .rank = 5, .dim = { 1, 1, 1, 1 } }, NN_SHAPE(2, 0), NN_SHAPE(-2), NN_SHAPE(big, big, big, big)
    };
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        nn_tensor tensor = nn_view_f32(numbers, NN_SHAPE(1));
        assert_int_equal(nn_shape_count(none[i]), 0);
        assert_int_equal(nn_tensor_alloc(&tensor, NN_F32, none[i]), NN_ERR_SHAPE);
        assert_null(tensor.f32);
        nn_tensor_free(&tensor);
    }
    assert_int_equal(nn_shape_count(nn_shape_of(3, 4, 5, 6, 7)), 120);
    assert_int_equal(nn_shape_count((nn_shape){ .rank = 0 }), 1);
    nn_tensor_free(NULL);
}

static void test_status_strings(void **state)
{
    (void)state;
    static const char *const texts[] = {
#define TEXT(name, text) text,
        NN_STATUS_MAP(TEXT)
#undef TEXT
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) assert_string_equal(nn_status_string((nn_status)i), texts[i]);
    assert_string_equal(nn_status_string(NN_ERR_MISMATCH), "file does not fit the model");
    assert_string_equal(nn_status_string((nn_status)99), "unknown status");
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

#ifdef TEST_GAPS
/* Who reads or writes beyond an array of the model is seen. */
static void test_gaps(void **state)
{
    (void)state;
    static const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 3 } }, { .type = NN_BATCH_NORM } };
    nn_model *model = CREATE(NN_SHAPE(2), layers);
    const nn_tensor x = nn_view_f32(numbers, NN_SHAPE(1, 2));
    const nn_tensor *y = nn_forward(model, &x, NN_EVAL);
    assert_non_null(y);
    size_t params, state_count;
    nn_optim *optim = nn_optim_create(model, &(nn_optim_def){ .type = NN_ADAM }, NULL);
    assert_non_null(optim);
    const nn_float *after[] = { nn_model_read_params(model, &params) + params, nn_model_grads(model, NULL) + params,
                                nn_model_state(model, &state_count),           y->f32 + 4 * 3,
                                nn_optim_slot(optim, 0, NULL) + params,        nn_optim_slot(optim, 1, NULL) + params };
    after[2] += state_count;
    for (int i = 0; i < 6; i++) {
        assert_false(__asan_address_is_poisoned(after[i] - 1));
        for (int gap = 0; gap < 16; gap++) assert_true(__asan_address_is_poisoned(after[i] + gap));
    }
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_inputs),
        cmocka_unit_test(test_backward_out_of_order),
        cmocka_unit_test(test_indices_out_of_range),
        cmocka_unit_test(test_ragged_inputs),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_copy_and_blend),
        cmocka_unit_test(test_branches),
        cmocka_unit_test(test_tensors),
        cmocka_unit_test(test_status_strings),
        cmocka_unit_test(test_summary),
#ifdef TEST_GAPS
        cmocka_unit_test(test_gaps),
#endif
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
