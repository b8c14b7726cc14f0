/* Models from files alone: every kind of layer with every option, and weights of other origin. */
#include "forged.h"
#include "model.h"
#include "temp.h"
#include <kvist/nn.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* --- models of all layers --- */

enum { BATCH = 3 };

static const nn_layer_def dense_layers[] = {
    { NN_DENSE, .dense = { 6, NN_TANH, .kernel_init = NN_HE_NORMAL, .bias_init = NN_ONES } },
    { NN_DROPOUT, .name = "a dropout", .dropout = { 0.3 } },
    { NN_LEAKY_RELU, .leaky_relu = { 0 } },
    { NN_LEAKY_RELU, .leaky_relu = { NN_ZERO } },
    { NN_LEAKY_RELU, .leaky_relu = { 0.1 } },
    { NN_BATCH_NORM, .batch_norm = { .momentum = NN_ZERO, .epsilon = 1e-5, .biased_moving_variance = true } },
    { NN_BATCH_NORM, .batch_norm = { .no_scale = true, .no_center = true } },
    { NN_BATCH_NORM, .batch_norm = { .momentum = 0.5 } },
    { NN_RESHAPE, .reshape = { NN_DIMS(-1, 2) } },
    { NN_ACTIVATION, .activation = { NN_HARD_SIGMOID } },
    { .type = NN_FLATTEN },
    { NN_DENSE, .dense = { 4, NN_SOFTMAX, .no_bias = true } },
};
static const nn_layer_def image_layers[] = {
    { NN_CONV2D, .conv = { 3, { 3 }, { 1, 2 }, NN_SAME, NN_RELU, .bias_init = NN_ONES } },
    { NN_MAX_POOL2D, .pool = { { 3, 2 }, { 1, 1 }, NN_SAME } },
    { NN_CONV2D_TRANSPOSE, .conv = { 2, { 2, 3 }, { 2 }, NN_VALID, .no_bias = true, .kernel_init = NN_ORTHOGONAL } },
    { .type = NN_AVERAGE_POOL2D },
    { .type = NN_BATCH_NORM },
    { NN_GLOBAL_MAX_POOL2D, .from = { 5 } },
    { NN_GLOBAL_AVERAGE_POOL2D, .from = { 5 } },
    { NN_ADD, .from = { 6, 7 } },
    { NN_CONCAT, .from = { 8, 6, 7 } },
    { NN_DENSE, .name = "value", .dense = { .units = 1 } },
    { NN_DENSE, .name = "advantages", .dense = { .units = 3 }, .from = { 9 } },
    { NN_DUELING, .from = { 10, 11 } },
};
static const nn_layer_def sequence_layers[] = {
    { NN_EMBEDDING, .embedding = { 11, 4, NN_NORMAL_05 } },
    { NN_SIMPLE_RNN, .rnn = { 3, NN_RELU, .return_sequences = true } },
    { NN_LSTM,
      .rnn = { 3, .recurrent_activation = NN_HARD_SIGMOID, .return_sequences = true, .no_unit_forget_bias = true } },
    { NN_LSTM, .rnn = { 2, .return_sequences = true, .go_backwards = true }, .from = { 3 } },
    { .type = NN_REVERSE },
    { NN_CONCAT, .from = { 3, 5 } },
    { NN_GRU, .rnn = { 3, .return_sequences = true, .no_bias = true } },
    { NN_GRU, .rnn = { 3, .reset_before = true, .kernel_init = NN_LECUN_UNIFORM, .recurrent_init = NN_GLOROT_NORMAL } },
    { NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } },
};
static const nn_layer_def words_layers[] = { { NN_MULTI_HOT, .multi_hot = { 9 } },
                                             { NN_DENSE, .dense = { .units = 2 } } };

static const nn_model_def defs[] = {
    { .input = { 1, { 5 } }, .max_batch = BATCH, .seed = UINT64_MAX, NN_LAYERS(dense_layers) },
    { .input = { 3, { 5, 6, 2 } }, .max_batch = BATCH, .seed = 2, NN_LAYERS(image_layers) },
    { .input = { 1, { 7 } }, .input_type = NN_I32, .max_batch = BATCH, .seed = 3, NN_LAYERS(sequence_layers) },
    { .input = { 1, { NN_RAGGED } }, .input_type = NN_I32, .max_batch = BATCH, .seed = 4, NN_LAYERS(words_layers) },
};
enum { DEFS = sizeof defs / sizeof defs[0] };

static nn_model *make(const nn_model_def *def)
{
    nn_error error = { 0 };
    nn_model_def one = *def;
    one.threads = 1;
    nn_model *model = nn_model_create(&one, &error);
    if (!model) fail_msg("%s", error.text);
    return model;
}

/* The same input for every model of a shape; the output is the model's. */
static const nn_tensor *run(nn_model *model, nn_mode mode)
{
    static nn_float reals[BATCH * 64];
    static int32_t ids[] = { 1, 2, 3, 4, 5, 6, 7, 8, 3, 1, 0, 2, 2, 4, 5, 1, 0, 0, 7, 8, 8 };
    static const int64_t offsets[] = { 0, 5, 5, 9 };
    const nn_shape in = nn_model_input_shape(model);
    nn_shape shape = { in.rank + 1, { BATCH, in.dim[0], in.dim[1], in.dim[2] } };
    nn_tensor x;
    if (in.dim[0] == NN_RAGGED) {
        x = nn_view_ragged(ids, offsets, BATCH);
    } else if (in.dim[0] == 7) {
        x = nn_view_i32(ids, shape);
    } else {
        nn_rng rng = { 9, 9, 0 };
        x = nn_view_f32(reals, shape);
        nn_fill_normal(&x, 0.0, 1.0, &rng);
    }
    static nn_tensor kept; /* the input must stay */
    kept = x;
    const nn_tensor *y = nn_forward(model, &kept, mode);
    if (!y) fail_msg("%s", nn_model_error(model));
    return y;
}

static void expect_same_output(nn_model *a, nn_model *b, nn_mode mode)
{
    const nn_tensor *x = run(a, mode), *y = run(b, mode);
    assert_int_equal(x->shape.rank, y->shape.rank);
    const size_t count = nn_shape_count(x->shape);
    assert_int_equal(count, nn_shape_count(y->shape));
    assert_memory_equal(x->f32, y->f32, count * sizeof(nn_float));
}

typedef struct lines {
    char text[4096];
} lines;

static void add_line(const char *text, void *user)
{
    lines *all = user;
    const size_t used = strlen(all->text);
    snprintf(all->text + used, sizeof all->text - used, "%s\n", text);
}

/* The file is all that is needed: the model made from it does the same, trains the same, and saves the same bytes. */
static void files_make_models(void **state)
{
    (void)state;
    for (int i = 0; i < DEFS; i++) {
        nn_error error = { 0 };
        const char *path = temp_path(&temp_here, "model"), *again = temp_path(&temp_here, "again");
        nn_model *model = make(&defs[i]);
        run(model, NN_TRAIN); /* moves the generator and the moving statistics */
        if (nn_model_save(model, path, &error) != NN_OK) fail_msg("%s", error.text);
        nn_model *copy = nn_model_load(path, NULL, &(nn_model_def){ .threads = 1 }, &error);
        if (!copy) fail_msg("%s", error.text);
        assert_string_equal(error.text, "");
        assert_int_equal(nn_model_max_batch(copy), BATCH);
        expect_same_output(model, copy, NN_EVAL);
        assert_int_equal(nn_model_save(copy, again, &error), NN_OK);
        size_t size = 0, other = 0;
        unsigned char *one = temp_read(path, &size), *two = temp_read(again, &other);
        assert_int_equal(size, other);
        assert_memory_equal(one, two, size);
        free(one);
        free(two);
        lines a = { "" }, b = { "" };
        nn_model_summary(model, add_line, &a);
        nn_model_summary(copy, add_line, &b);
        assert_string_equal(a.text, b.text);
        expect_same_output(model, copy, NN_TRAIN);
        expect_same_output(model, copy, NN_EVAL);
        nn_model_destroy(model);
        nn_model_destroy(copy);
    }
}

/* A model that has run already, with other weights, keeps nothing of them: no packed copies either. */
static void loads_into_a_model_that_ran(void **state)
{
    (void)state;
    for (int i = 0; i < DEFS; i++) {
        const char *path = temp_path(&temp_here, "into");
        nn_model_def other_def = defs[i];
        other_def.seed++;
        nn_model *model = make(&defs[i]), *other = make(&other_def);
        run(other, NN_EVAL);
        assert_int_equal(nn_model_save(model, path, NULL), NN_OK);
        nn_archive *archive = nn_archive_create(NULL);
        nn_archive_add_model(archive, "model", other);
        nn_error error = { 0 };
        if (nn_archive_load(archive, path, &error) != NN_OK) fail_msg("%s", error.text);
        expect_same_output(model, other, NN_EVAL);
        nn_archive_destroy(archive);
        nn_model_destroy(model);
        nn_model_destroy(other);
    }
}

/* Makes a locale for the test, or takes the system's; false if there is neither. */
static bool use_locale(const char *name)
{
    char command[TEMP_PATH * 2], full[64];
    snprintf(full, sizeof full, "%s.UTF-8", name);
    snprintf(command, sizeof command, "localedef -c -i %s -f UTF-8 '%s/%s' >/dev/null 2>&1", name, temp_here.path,
             full);
    const bool made = system(command) == 0;
    if (made) setenv("LOCPATH", temp_here.path, 1);
    const bool used = setlocale(LC_ALL, full) != NULL;
    unsetenv("LOCPATH");
    return used;
}

/* One line that a terminal takes for text, whatever a path holds. */
static void messages_are_lines(void **state)
{
    nn_error error;
    (void)state;
    assert_null(nn_model_load("no\nfile\033[31m\x7f", NULL, NULL, &error));
    assert_string_equal(error.text, "no?file?[31m?: cannot open: No such file or directory");
}

/* Neither a comma for a point nor a point of two bytes gets into a file, or in the way of reading one. Row 63. */
static void locales_do_not_matter(void **state)
{
    (void)state;
    static const struct {
        const char *name, *point;
    } locales[] = { { "de_DE", "," }, { "ps_AF", "\xd9\xab" } };
    int tried = 0;
    for (size_t i = 0; i < sizeof locales / sizeof locales[0]; i++) {
        if (!use_locale(locales[i].name)) {
            print_message("no locale %s, and none to be made (localedef, locale sources)\n", locales[i].name);
            continue;
        }
        tried++;
        assert_string_equal(localeconv()->decimal_point, locales[i].point);
        files_make_models(NULL);
    }
    setlocale(LC_ALL, "C");
    if (tried == 0) skip();
}

/* Counts what is asked for and gives none. */
static void *give_nothing(size_t size, size_t align, void *user)
{
    (void)size;
    (void)align;
    ++*(int *)user;
    return NULL;
}

static void take_nothing_back(void *memory, void *user)
{
    (void)memory;
    (void)user;
}

/* What the caller may choose. */
static void load_takes_the_callers_choices(void **state)
{
    (void)state;
    nn_error error = { 0 };
    const char *path = temp_path(&temp_here, "choices");
    nn_model *model = make(&defs[0]);
    nn_archive *archive = nn_archive_create(&error);
    nn_archive_add_model(archive, "critic", model);
    assert_int_equal(nn_archive_save(archive, path, &error), NN_OK);
    nn_archive_destroy(archive);
    nn_model *copy = nn_model_load(path, "critic", &(nn_model_def){ .max_batch = 17, .isa = NN_ISA_PORTABLE }, &error);
    assert_non_null(copy);
    assert_int_equal(nn_model_max_batch(copy), 17);
    nn_model_destroy(copy);
    copy = nn_model_load(path, "critic", NULL, &error);
    assert_non_null(copy);
    nn_model_destroy(copy);
    int asked = 0;
    const nn_allocator none = { give_nothing, take_nothing_back, &asked };
    assert_null(nn_model_load(path, "critic", &(nn_model_def){ .allocator = &none }, &error));
    assert_int_equal(error.status, NN_ERR_MEMORY);
    assert_true(asked > 0);
    assert_null(nn_model_load(path, NULL, NULL, &error));
    assert_int_equal(error.status, NN_ERR_MISMATCH);
    assert_non_null(strstr(error.text, "choices: model \"model\": expected it, got a file without"));
    assert_null(nn_model_load(path, "critic", &(nn_model_def){ .max_batch = -1 }, &error));
    assert_int_equal(error.status, NN_ERR_ARGUMENT);
    assert_non_null(strstr(error.text, "choices: model: max_batch"));
    assert_null(nn_model_load(temp_path(&temp_here, "nowhere"), NULL, NULL, &error));
    assert_int_equal(error.status, NN_ERR_IO);
    assert_null(nn_model_load(NULL, NULL, NULL, &error));
    assert_int_equal(error.status, NN_ERR_ARGUMENT);
    assert_int_equal(nn_model_save(model, NULL, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_model_save(NULL, path, &error), NN_ERR_ARGUMENT);
    nn_model_destroy(model);
}

static void load_falls_back_to_the_file_before(void **state)
{
    (void)state;
    nn_error error = { 0 };
    const char *path = temp_path(&temp_here, "previous");
    nn_model *model = make(&defs[0]);
    for (int i = 0; i < 2; i++) assert_int_equal(nn_model_save(model, path, &error), NN_OK);
    temp_write(&temp_here, "previous", "damage", 6);
    nn_model *copy = nn_model_load(path, NULL, &(nn_model_def){ .threads = 1 }, &error);
    assert_non_null(copy);
    assert_int_equal(error.status, NN_OK);
    assert_non_null(strstr(error.text, "took .prev instead: "));
    expect_same_output(model, copy, NN_EVAL);
    nn_model_destroy(copy);
    nn_model_destroy(model);
}

/* Weights that a file has no room for are not even given memory; those that a model keeps beside them count, too. */
static void refuses_more_weights_than_bytes(void **state)
{
    (void)state;
    const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 10, .no_bias = true } },
                                    { .type = NN_BATCH_NORM } };
    const nn_model_def def = { .input = NN_SHAPE(30), .max_batch = 1, .threads = 1, NN_LAYERS(layers) };
    enum { WEIGHTS = 30 * 10 + 4 * 10, CLAIMED = 30 * 99 + 4 * 99 };
    nn_error error = { 0 };
    char expected[80];
    size_t size = 0;
    const char *path = temp_path(&temp_here, "weights");
    nn_model *model = nn_model_create_within(&def, WEIGHTS, &error);
    if (!model) fail_msg("%s", error.text);
    assert_null(nn_model_create_within(&def, WEIGHTS - 1, &error));
    assert_int_equal(error.status, NN_ERR_MISMATCH);
    assert_string_equal(error.text, "model: weights: expected at most 339, got 340");
    assert_int_equal(nn_model_save(model, path, &error), NN_OK);
    nn_model_destroy(model);
    path = forge_text(&temp_here, path, "\\\"units\\\":10", "\\\"units\\\":99");
    free(temp_read(path, &size));
    snprintf(expected, sizeof expected, "model: weights: expected at most %zu, got %d", size / sizeof(nn_float),
             CLAIMED);
    assert_null(nn_model_load(path, NULL, NULL, &error));
    assert_int_equal(error.status, NN_ERR_MISMATCH);
    if (!strstr(error.text, expected)) fail_msg("expected \"%s\" in: %s", expected, error.text);
}

/* --- weights of other origin --- */

static const nn_layer_def import_layers[] = { { NN_DENSE, .name = "fc", .dense = { .units = 2 } } };
static const nn_model_def import_def = {
    .input = { 1, { 2 } }, .max_batch = 1, .threads = 1, NN_LAYERS(import_layers)
};

#define TENSOR(name, type, shape, begin, end)                                                                          \
    "\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

/* A file of a header and some reals, as another program would write it. */
static const char *write_foreign(const char *header, const float *values, size_t count)
{
    const size_t length = strlen(header), size = 8 + length + count * sizeof *values;
    unsigned char *bytes = calloc(1, size);
    assert_non_null(bytes);
    bytes[0] = (unsigned char)(length & 0xff);
    bytes[1] = (unsigned char)(length >> 8);
    memcpy(bytes + 8, header, length);
    if (count > 0) memcpy(bytes + 8 + length, values, count * sizeof *values);
    const char *path = temp_write(&temp_here, "foreign", bytes, size);
    free(bytes);
    return path;
}

static const char right_header[] = "{" TENSOR("fc/bias", "F32", "[2]", "0", "8") "," TENSOR(
    "fc/kernel", "F32", "[2,2]", "8", "24") ",\"__metadata__\":{\"format\":\"pt\"}}";
static const float right_values[] = { 1, 2, 3, 4, 5, 6 };

static void imports_by_name(void **state)
{
    (void)state;
    nn_error error = { 0 };
    nn_float x[] = { 1, 10 };
    nn_model *model = make(&import_def);
    const nn_tensor input = nn_view_f32(x, NN_SHAPE(1, 2));
    assert_non_null(nn_forward(model, &input, NN_EVAL));
    const char *path = write_foreign(right_header, right_values, 6);
    assert_int_equal(nn_model_import(model, path, &error), NN_OK);
    const nn_tensor *y = nn_forward(model, &input, NN_EVAL);
    assert_non_null(y);
    assert_true(y->f32[0] == 1 + 3 + 50 && y->f32[1] == 2 + 4 + 60);

    /* The same file is nothing to load or to resume from. */
    assert_null(nn_model_load(path, NULL, NULL, &error));
    assert_int_equal(error.status, NN_ERR_FORMAT);
    assert_non_null(strstr(error.text, "expected a seal, got none: not written by kvist (nn_model_import"));
    nn_model_destroy(model);
}

/* A model's weights under the names and in the form that nn_model_import() takes. */
static const char *export_weights(nn_model *model)
{
    char header[8192] = "{";
    static float values[1 << 14];
    size_t used = 1, count = 0;
    for (int i = 0; i < nn_model_weight_count(model); i++) {
        const nn_weight_info info = nn_model_weight_info(model, i);
        const size_t size = nn_shape_count(info.shape);
        const nn_float *from = info.trainable ? nn_model_read_params(model, NULL) : nn_model_state(model, NULL);
        char shape[64] = "";
        for (int k = 0; k < info.shape.rank; k++)
            snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%d", k > 0 ? "," : "", info.shape.dim[k]);
        used += (size_t)snprintf(header + used, sizeof header - used,
                                 "%s\"%s/%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
                                 i > 0 ? "," : "", info.layer, info.name, shape, count * 4, (count + size) * 4);
        memcpy(values + count, from + info.offset, size * sizeof *values);
        count += size;
    }
    snprintf(header + used, sizeof header - used, "}");
    return write_foreign(header, values, count);
}

static void imports_every_layer(void **state)
{
    (void)state;
    for (int i = 0; i < DEFS; i++) {
        nn_error error = { 0 };
        nn_model_def other_def = defs[i];
        other_def.seed++;
        nn_model *model = make(&defs[i]), *other = make(&other_def);
        run(other, NN_EVAL);
        if (nn_model_import(other, export_weights(model), &error) != NN_OK) fail_msg("%s", error.text);
        expect_same_output(model, other, NN_EVAL);
        nn_model_destroy(model);
        nn_model_destroy(other);
    }
}

/* Ten of twelve fit into the message: that there are more is said. Row 31. */
static void says_that_there_are_more(void **state)
{
    (void)state;
    nn_error error = { 0 };
    nn_layer_def many[12];
    static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l" };
    for (int i = 0; i < 12; i++)
        many[i] = (nn_layer_def){ NN_DENSE, .name = names[i], .dense = { .units = 2, .no_bias = true } };
    nn_model *model = make(&(nn_model_def){ .input = { 1, { 2 } }, .max_batch = 1, NN_LAYERS(many) });
    assert_int_equal(nn_model_import(model, write_foreign("{}", NULL, 0), &error), NN_ERR_MISMATCH);
    assert_non_null(strstr(error.text, "foreign: 12 missing: missing a/kernel, b/kernel, "));
    assert_non_null(strstr(error.text, ", i/kernel, j/kernel..."));
    nn_model_destroy(model);
}

/* Row 36 of docs/faults.md. */
static void refuses_imports(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        float first;
        nn_status status;
        const char *fragment;
    } cases[] = {
        { "{" TENSOR("fc/bias", "F32", "[6]", "0", "24") "}", 1, NN_ERR_MISMATCH,
          "foreign: 1 missing, 1 mismatched: missing fc/kernel; mismatched fc/bias: expected F32 (2), got F32 (6)" },
        { "{" TENSOR("fc/bias", "F32", "[2]", "0", "8") "," TENSOR("fc/kernel", "I32", "[2,2]", "8", "24") "}", 1,
          NN_ERR_MISMATCH, "1 mismatched: mismatched fc/kernel: expected F32 (2, 2), got I32 (2, 2)" },
        { "{" TENSOR("fc/bias", "F32", "[2]", "0", "8") "," TENSOR("fc/kernel", "F32", "[4]", "8", "24") "}", 1,
          NN_ERR_MISMATCH, "1 mismatched: mismatched fc/kernel: expected F32 (2, 2), got F32 (4)" },
        { "{" TENSOR("fc/bias", "F32", "[2]", "0", "8") "," TENSOR("fc/kernel", "F32", "[2,2]", "8", "24") "," TENSOR(
              "fc/x", "F32", "[0]", "24", "24") "}",
          1, NN_ERR_MISMATCH, "foreign: 1 extra: extra fc/x" },
        { right_header, NAN, NN_ERR_NUMERIC, ": fc/bias: element 0: expected a finite number, got nan" },
        { right_header, INFINITY, NN_ERR_NUMERIC, ": fc/bias: element 0: expected a finite number, got inf" },
        { "{" TENSOR("fc/bias", "F32", "[2]", "0", "8") "}", 1, NN_ERR_FORMAT, "data: expected 8 bytes, got 24" },
    };
    nn_model *model = make(&import_def);
    nn_tensor bias;
    assert_int_equal(nn_model_weight(model, "fc/bias", &bias, NULL), NN_OK);
    bias.f32[0] = 42;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nn_error error = { 0 };
        float values[6];
        memcpy(values, right_values, sizeof values);
        values[0] = cases[i].first;
        const nn_status status = nn_model_import(model, write_foreign(cases[i].header, values, 6), &error);
        if (!strstr(error.text, cases[i].fragment)) fail_msg("%s", error.text);
        assert_int_equal(status, cases[i].status);
        assert_int_equal(error.status, cases[i].status);
        assert_true(bias.f32[0] == 42);
    }
    nn_error error = { 0 };
    assert_int_equal(nn_model_import(model, temp_path(&temp_here, "nowhere"), &error), NN_ERR_IO);
    assert_int_equal(nn_model_import(NULL, "x", &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_model_import(model, NULL, &error), NN_ERR_ARGUMENT);
    nn_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_make_models),
        cmocka_unit_test(loads_into_a_model_that_ran),
        cmocka_unit_test(messages_are_lines),
        cmocka_unit_test(locales_do_not_matter),
        cmocka_unit_test(load_takes_the_callers_choices),
        cmocka_unit_test(load_falls_back_to_the_file_before),
        cmocka_unit_test(refuses_more_weights_than_bytes),
        cmocka_unit_test(imports_by_name),
        cmocka_unit_test(imports_every_layer),
        cmocka_unit_test(says_that_there_are_more),
        cmocka_unit_test(refuses_imports),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
