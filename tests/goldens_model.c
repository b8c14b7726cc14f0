/* From the options of a case to a model: layers by Keras' names, weights by theirs. */
#include "goldens.h"

#include "model.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX_SIZE = 32, MAX_LAYERS = 4096 };

/* Where the layer's options and weights are: "" or "l3_". */
static void layer_prefix(char prefix[PREFIX_SIZE], const char *list, int index)
{
    if (*list) {
        snprintf(prefix, PREFIX_SIZE, "%s%d_", list, index);
    } else {
        strcpy(prefix, "");
    }
}

/* --- options of layers -------------------------------------------------------------------------------------------- */

/* A field whose default is not zero takes NN_ZERO for a real zero. */
static double real_zero(double value)
{
    return value == 0 ? NN_ZERO : value;
}

static nn_activation read_activation(golden_case *c, const char *prefix, const char *key)
{
    static const char *const names[] = { "default", "linear", "relu", "sigmoid", "tanh", "softmax", "hard_sigmoid" };
    const char *name = golden_text(c, prefix, key, "default");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return (nn_activation)i;
    golden_error(c, "%s%s: %s: libnn has no such activation", prefix, key, name);
    return NN_ACTIVATION_DEFAULT;
}

static nn_padding read_padding(golden_case *c, const char *prefix)
{
    const char *name = golden_text(c, prefix, "padding", "valid");
    if (strcmp(name, "same") == 0) return NN_SAME;
    if (strcmp(name, "valid") != 0) golden_error(c, "%spadding: %s: libnn has no such padding", prefix, name);
    return NN_VALID;
}

/* Options that libnn has in one value only. */
static void require_default(golden_case *c, const char *prefix)
{
    int dilation[2] = { 1, 1 };
    golden_ints(c, prefix, "dilation_rate", dilation, 2);
    if (dilation[0] != 1 || dilation[1] != 1) golden_error(c, "%sdilation_rate: libnn has none", prefix);
    const char *format = golden_text(c, prefix, "data_format", "channels_last");
    if (strcmp(format, "channels_last") != 0) golden_error(c, "%sdata_format: libnn has channels_last only", prefix);
}

static void read_dense(golden_case *c, const char *prefix, nn_layer_def *def)
{
    def->dense.units = golden_int(c, prefix, "units", 0);
    def->dense.activation = read_activation(c, prefix, "activation");
    def->dense.no_bias = !golden_flag(c, prefix, "use_bias", true);
}

static void read_embedding(golden_case *c, const char *prefix, nn_layer_def *def)
{
    def->embedding.vocab = golden_int(c, prefix, "input_dim", 0);
    def->embedding.dim = golden_int(c, prefix, "output_dim", 0);
    if (golden_flag(c, prefix, "mask_zero", false)) golden_error(c, "%smask_zero: libnn has none", prefix);
}

static void read_rnn(golden_case *c, const char *prefix, nn_layer_def *def)
{
    def->rnn.units = golden_int(c, prefix, "units", 0);
    def->rnn.activation = read_activation(c, prefix, "activation");
    def->rnn.recurrent_activation = read_activation(c, prefix, "recurrent_activation");
    def->rnn.no_bias = !golden_flag(c, prefix, "use_bias", true);
    def->rnn.return_sequences = golden_flag(c, prefix, "return_sequences", false);
    def->rnn.go_backwards = golden_flag(c, prefix, "go_backwards", false);
    if (def->type == NN_GRU) def->rnn.reset_before = !golden_flag(c, prefix, "reset_after", true);
}

static void read_conv(golden_case *c, const char *prefix, nn_layer_def *def)
{
    def->conv.filters = golden_int(c, prefix, "filters", 0);
    golden_ints(c, prefix, "kernel_size", def->conv.kernel, 2);
    golden_ints(c, prefix, "strides", def->conv.stride, 2);
    def->conv.padding = read_padding(c, prefix);
    def->conv.activation = read_activation(c, prefix, "activation");
    def->conv.no_bias = !golden_flag(c, prefix, "use_bias", true);
    require_default(c, prefix);
}

static void read_pool(golden_case *c, const char *prefix, nn_layer_def *def)
{
    golden_ints(c, prefix, "pool_size", def->pool.size, 2);
    golden_ints(c, prefix, "strides", def->pool.stride, 2);
    def->pool.padding = read_padding(c, prefix);
    require_default(c, prefix);
}

static void read_batch_norm(golden_case *c, const char *prefix, nn_layer_def *def)
{
    def->batch_norm.momentum = real_zero(golden_number(c, prefix, "momentum", 0.99));
    def->batch_norm.epsilon = real_zero(golden_number(c, prefix, "epsilon", 1e-3));
    def->batch_norm.no_scale = !golden_flag(c, prefix, "scale", true);
    def->batch_norm.no_center = !golden_flag(c, prefix, "center", true);
}

static void read_leaky_relu(golden_case *c, const char *prefix, nn_layer_def *def)
{
    double slope = golden_number(c, prefix, "negative_slope", 0.3); /* Keras 3's name */
    def->leaky_relu.slope = real_zero(golden_number(c, prefix, "alpha", slope));
}

static void read_activation_layer(golden_case *c, const char *prefix, nn_layer_def *def)
{
    def->activation.type = read_activation(c, prefix, "activation");
}

static void read_dropout(golden_case *c, const char *prefix, nn_layer_def *def)
{
    def->dropout.rate = golden_number(c, prefix, "rate", NAN);
}

static void read_reshape(golden_case *c, const char *prefix, nn_layer_def *def)
{
    def->reshape.shape.rank = golden_ints(c, prefix, "target_shape", def->reshape.shape.dim, NN_MAX_RANK);
}

static void read_nothing(golden_case *c, const char *prefix, nn_layer_def *def)
{
    (void)c, (void)prefix, (void)def;
}

static const struct {
    const char *name;
    nn_layer_type type;
    void (*read)(golden_case *c, const char *prefix, nn_layer_def *def);
} layer_kinds[] = {
    { "Dense", NN_DENSE, read_dense },
    { "Embedding", NN_EMBEDDING, read_embedding },
    { "SimpleRNN", NN_SIMPLE_RNN, read_rnn },
    { "LSTM", NN_LSTM, read_rnn },
    { "GRU", NN_GRU, read_rnn },
    { "Conv2D", NN_CONV2D, read_conv },
    { "Conv2DTranspose", NN_CONV2D_TRANSPOSE, read_conv },
    { "MaxPooling2D", NN_MAX_POOL2D, read_pool },
    { "AveragePooling2D", NN_AVERAGE_POOL2D, read_pool },
    { "GlobalMaxPooling2D", NN_GLOBAL_MAX_POOL2D, read_nothing },
    { "GlobalAveragePooling2D", NN_GLOBAL_AVERAGE_POOL2D, read_nothing },
    { "BatchNormalization", NN_BATCH_NORM, read_batch_norm },
    { "LeakyReLU", NN_LEAKY_RELU, read_leaky_relu },
    { "Activation", NN_ACTIVATION, read_activation_layer },
    { "Dropout", NN_DROPOUT, read_dropout },
    { "Flatten", NN_FLATTEN, read_nothing },
    { "Reshape", NN_RESHAPE, read_reshape },
};

static bool read_layer(golden_case *c, const char *prefix, nn_layer_def *def)
{
    const char *name = golden_text(c, prefix, "layer", "?");
    for (size_t i = 0; i < sizeof layer_kinds / sizeof *layer_kinds; i++) {
        if (strcmp(name, layer_kinds[i].name) != 0) continue;
        def->type = layer_kinds[i].type;
        layer_kinds[i].read(c, prefix, def);
        return true;
    }
    return golden_error(c, "%slayer: %s: libnn has no such layer", prefix, name);
}

/* --- weights ------------------------------------------------------------------------------------------------------ */

/* The case's name of a weight: "kernel", "l3_kernel". */
static void weight_name(char name[GOLDEN_NAME_SIZE], const char *list, const nn_weight_info *info)
{
    if (*list) {
        snprintf(name, GOLDEN_NAME_SIZE, "%s_%s", info->layer, info->name);
    } else {
        snprintf(name, GOLDEN_NAME_SIZE, "%s", info->name);
    }
}

static bool view_weight(golden_case *c, nn_model *model, const nn_weight_info *info, nn_tensor *value, nn_tensor *grad)
{
    char path[2 * GOLDEN_NAME_SIZE];
    snprintf(path, sizeof path, "%s/%s", info->layer, info->name);
    if (nn_model_weight(model, path, value, grad) == NN_OK) return true;
    return golden_error(c, "%s: %s", path, nn_model_error(model));
}

static bool same_shape(const nn_shape *shape, const npy *array)
{
    if (array->is_int || shape->rank != array->rank) return false;
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] != array->dim[i]) return false;
    return true;
}

static void set_weights(golden_case *c, const char *list, nn_model *model)
{
    for (int i = 0; i < nn_model_weight_count(model); i++) {
        nn_weight_info info = nn_model_weight_info(model, i);
        char name[GOLDEN_NAME_SIZE];
        weight_name(name, list, &info);
        const npy *initial = golden_need(c, "", name);
        nn_tensor value;
        if (!initial || !view_weight(c, model, &info, &value, NULL)) continue;
        if (same_shape(&value.shape, initial)) {
            memcpy(value.f32, initial->f32, initial->count * sizeof(nn_float));
        } else {
            golden_error(c, "%s: the model's weight has another shape", name);
        }
    }
}

void golden_compare_grads(golden_case *c, const char *list, nn_model *model)
{
    for (int i = 0; i < nn_model_weight_count(model); i++) {
        nn_weight_info info = nn_model_weight_info(model, i);
        if (!info.trainable) continue;
        char name[GOLDEN_NAME_SIZE], what[GOLDEN_NAME_SIZE + 2];
        weight_name(name, list, &info);
        snprintf(what, sizeof what, "d_%s", name);
        const npy *want = golden_need(c, "", what);
        nn_tensor value, grad;
        if (!want || !view_weight(c, model, &info, &value, &grad)) continue;
        golden_compare(c, what, grad.f32, nn_shape_count(grad.shape), want, 0);
    }
}

static bool is_on_images(const nn_model *model, const char *layer)
{
    for (int i = 0; i < model->layer_count; i++)
        if (strcmp(model->layers[i].name, layer) == 0) return model->layers[i].in[0].rank == 3;
    return false;
}

void golden_compare_weights(golden_case *c, const golden_run *run, const char *list, nn_model *model,
                            const char *suffix, const char *fused_suffix)
{
    for (int i = 0; i < nn_model_weight_count(model); i++) {
        nn_weight_info info = nn_model_weight_info(model, i);
        char name[GOLDEN_NAME_SIZE];
        weight_name(name, list, &info);
        const bool fused = strcmp(info.name, "moving_variance") == 0 && !run->biased_moving_variance &&
                           is_on_images(model, info.layer);
        const npy *want = golden_find(c, name, fused ? fused_suffix : suffix);
        nn_tensor value;
        if (!want || !view_weight(c, model, &info, &value, NULL)) continue;
        char what[2 * GOLDEN_NAME_SIZE];
        snprintf(what, sizeof what, "%s%s", name, suffix);
        golden_compare(c, what, value.f32, nn_shape_count(value.shape), want, 0);
    }
}

/* --- models ------------------------------------------------------------------------------------------------------- */

static nn_model *create(golden_case *c, const golden_run *run, const nn_layer_def *layers, int count,
                        const nn_tensor *x)
{
    nn_model_def def = { .input = { .rank = x->shape.rank - 1 },
                         .input_type = x->dtype,
                         .max_batch = x->shape.dim[0] + run->spare,
                         .layers = layers,
                         .layer_count = count,
                         .threads = run->threads,
                         .isa = run->isa };
    for (int i = 0; i < def.input.rank; i++) def.input.dim[i] = x->shape.dim[i + 1];
    nn_error error;
    nn_model *model = nn_model_create(&def, &error);
    if (!model) golden_error(c, "%s", error.text);
    return model;
}

nn_model *golden_model(golden_case *c, const golden_run *run, const char *list, int count, const nn_tensor *x)
{
    if (count < 1 || count > MAX_LAYERS || x->shape.rank < 1) {
        golden_error(c, "layers: %d: expected 1 to %d", count, MAX_LAYERS);
        return NULL;
    }
    nn_layer_def *layers = calloc((size_t)count, sizeof *layers);
    char(*names)[PREFIX_SIZE] = calloc((size_t)count, sizeof *names);
    bool good = layers && names;
    for (int i = 0; good && i < count; i++) {
        char prefix[PREFIX_SIZE];
        layer_prefix(prefix, list, i);
        snprintf(names[i], PREFIX_SIZE, *list ? "%s%d" : "layer", list, i);
        layers[i].name = names[i];
        good = read_layer(c, prefix, &layers[i]);
        if (layers[i].type == NN_BATCH_NORM) layers[i].batch_norm.biased_moving_variance = run->biased_moving_variance;
    }
    nn_model *model = good ? create(c, run, layers, count, x) : NULL;
    free(layers);
    free(names);
    if (model) set_weights(c, list, model);
    return model;
}

bool golden_compare_tensor(golden_case *c, nn_model *model, const char *what, const nn_tensor *got, const npy *want)
{
    if (!want) return false;
    if (!got) return golden_error(c, "%s: %s", what, nn_model_error(model));
    if (!same_shape(&got->shape, want)) return golden_error(c, "%s: shape differs from the golden tensor's", what);
    golden_compare(c, what, got->f32, want->count, want, 0);
    return true;
}
