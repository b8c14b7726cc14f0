#include "architecture.h"
#include "fields.h"
#include "report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the fields of each kind of layer --- */

#define FIELD(kind, group, member)                                                                                     \
    {                                                                                                                  \
#member, NN_FIELD_##kind, offsetof(nn_layer_def, group.member)                                                 \
    }
#define TABLE(fields)                                                                                                  \
    {                                                                                                                  \
        fields, sizeof fields / sizeof fields[0]                                                                       \
    }

static const nn_field dense_fields[] = {
    FIELD(INT, dense, units),        FIELD(ACTIVATION, dense, activation), FIELD(BOOL, dense, no_bias),
    FIELD(INIT, dense, kernel_init), FIELD(INIT, dense, bias_init),
};
static const nn_field embedding_fields[] = {
    FIELD(INT, embedding, vocab),
    FIELD(INT, embedding, dim),
    FIELD(INIT, embedding, init),
};
static const nn_field multi_hot_fields[] = { FIELD(INT, multi_hot, vocab) };
static const nn_field rnn_fields[] = {
    FIELD(INT, rnn, units),
    FIELD(ACTIVATION, rnn, activation),
    FIELD(ACTIVATION, rnn, recurrent_activation),
    FIELD(BOOL, rnn, return_sequences),
    FIELD(BOOL, rnn, go_backwards),
    FIELD(BOOL, rnn, no_bias),
    FIELD(BOOL, rnn, no_unit_forget_bias),
    FIELD(BOOL, rnn, reset_before),
    FIELD(INIT, rnn, kernel_init),
    FIELD(INIT, rnn, recurrent_init),
    FIELD(INIT, rnn, bias_init),
};
static const nn_field conv_fields[] = {
    FIELD(INT, conv, filters),      FIELD(PAIR, conv, kernel),           FIELD(PAIR, conv, stride),
    FIELD(PADDING, conv, padding),  FIELD(ACTIVATION, conv, activation), FIELD(BOOL, conv, no_bias),
    FIELD(INIT, conv, kernel_init), FIELD(INIT, conv, bias_init),
};
static const nn_field pool_fields[] = {
    FIELD(PAIR, pool, size),
    FIELD(PAIR, pool, stride),
    FIELD(PADDING, pool, padding),
};
static const nn_field batch_norm_fields[] = {
    FIELD(REAL_DEFAULT, batch_norm, momentum),
    FIELD(REAL_DEFAULT, batch_norm, epsilon),
    FIELD(BOOL, batch_norm, no_scale),
    FIELD(BOOL, batch_norm, no_center),
    FIELD(BOOL, batch_norm, biased_moving_variance),
};
static const nn_field leaky_relu_fields[] = { FIELD(REAL_DEFAULT, leaky_relu, slope) };
static const nn_field activation_fields[] = { { "activation", NN_FIELD_ACTIVATION,
                                                offsetof(nn_layer_def, activation.type) } };
static const nn_field dropout_fields[] = { FIELD(REAL, dropout, rate) };
static const nn_field reshape_fields[] = { FIELD(SHAPE, reshape, shape) };

static nn_field_table fields_of(nn_layer_type type)
{
    static const nn_field_table tables[NN_LAYER_TYPE_END] = {
        [NN_DENSE] = TABLE(dense_fields),
        [NN_EMBEDDING] = TABLE(embedding_fields),
        [NN_MULTI_HOT] = TABLE(multi_hot_fields),
        [NN_SIMPLE_RNN] = TABLE(rnn_fields),
        [NN_LSTM] = TABLE(rnn_fields),
        [NN_GRU] = TABLE(rnn_fields),
        [NN_CONV2D] = TABLE(conv_fields),
        [NN_CONV2D_TRANSPOSE] = TABLE(conv_fields),
        [NN_MAX_POOL2D] = TABLE(pool_fields),
        [NN_AVERAGE_POOL2D] = TABLE(pool_fields),
        [NN_BATCH_NORM] = TABLE(batch_norm_fields),
        [NN_LEAKY_RELU] = TABLE(leaky_relu_fields),
        [NN_ACTIVATION] = TABLE(activation_fields),
        [NN_DROPOUT] = TABLE(dropout_fields),
        [NN_RESHAPE] = TABLE(reshape_fields),
    };
    return tables[type];
}

static nn_layer_type type_named(const nn_json *name)
{
    for (int type = 1; type < NN_LAYER_TYPE_END; type++) {
        if (nn_json_is(name, nn_layer_ops_of((nn_layer_type)type)->name)) return (nn_layer_type)type;
    }
    return NN_LAYER_TYPE_END;
}

static const nn_field model_fields[] = {
    { "input", NN_FIELD_SHAPE, offsetof(nn_model_def, input) },
    { "input_type", NN_FIELD_DTYPE, offsetof(nn_model_def, input_type) },
    { "max_batch", NN_FIELD_INT, offsetof(nn_model_def, max_batch) },
    { "seed", NN_FIELD_U64, offsetof(nn_model_def, seed) },
};
static const nn_field_table model_table = TABLE(model_fields);

/* --- writing --- */

/* A layer's definition with its defaults resolved; the last activation goes back into the layer it was split from. */
static nn_layer_def resolved(const nn_model *model, int index)
{
    nn_layer_def def = model->layers[index].def;
    const nn_layer *last = &model->layers[model->layer_count - 1];
    if (model->layer_count > model->def.layer_count && index == model->def.layer_count - 1) {
        if (def.type == NN_DENSE)
            def.dense.activation = last->def.activation.type;
        else
            def.conv.activation = last->def.activation.type;
    }
    return def;
}

static void write_layer(const nn_model *model, int index, nn_text *out)
{
    const nn_layer *layer = &model->layers[index];
    const nn_layer_def def = resolved(model, index);
    int from[NN_MAX_INPUTS];
    for (int i = 0; i < layer->input_count; i++) from[i] = layer->from[i] < 0 ? NN_INPUT : layer->from[i] + 1;
    nn_text_add_chars(out, "{");
    nn_text_add_name(out, "type");
    nn_text_add_string(out, layer->ops->name, strlen(layer->ops->name));
    nn_text_add_name(out, "name");
    nn_text_add_string(out, layer->name, strlen(layer->name));
    nn_text_add_name(out, "from");
    nn_text_add_list(out, from, layer->input_count);
    nn_fields_write(fields_of(def.type), &def, out);
    nn_text_add_chars(out, "}");
}

void nn_architecture_write(const nn_model *model, nn_text *text)
{
    nn_text_add_chars(text, "{");
    nn_fields_write(model_table, &model->def, text);
    nn_text_add_name(text, "layers");
    nn_text_add_chars(text, "[");
    for (int i = 0; i < model->def.layer_count; i++) {
        if (i > 0) nn_text_add_chars(text, ",");
        write_layer(model, i, text);
    }
    nn_text_add_chars(text, "]}");
}

/* --- reading --- */

static nn_status fail_option(const nn_json *json, const char *option, nn_error *error)
{
    return nn_fail_at(error, NN_ERR_FORMAT, json->path, json->offset, "%s: %s: expected a legal value", json->what,
                      option);
}

/* Reads the members before "layers", and leaves the walk at "layers", which is the last. */
static nn_status read_head(nn_json_walk *walk, const nn_json *json, nn_model_def *def, nn_error *error)
{
    nn_status status = nn_json_check(json, 4, error); /* model, layers, layer, list */
    if (status == NN_OK) status = nn_json_begin(walk, json, true, error);
    if (status != NN_OK) return status;
    const char *wrong = nn_fields_read(model_table, def, walk);
    if (!wrong && (!walk->more || !nn_json_is(&walk->key, "layers"))) wrong = "layers";
    return wrong ? fail_option(json, wrong, error) : NN_OK;
}

static bool read_from(const nn_json *list, int from[NN_MAX_INPUTS])
{
    int count = 0;
    if (!nn_read_list(list, from, NN_MAX_INPUTS, &count) || count < 1) return false;
    for (int i = 0; i < count; i++)
        if (from[i] != NN_INPUT && from[i] < 1) return false;
    return true;
}

static bool read_layer_name(const nn_json *json, char name[NN_NAME_SIZE])
{
    char text[6 * NN_NAME_SIZE]; /* each byte may be an escape */
    if (json->size > sizeof text || nn_json_string(json, text)) return false;
    const size_t length = strlen(text);
    if (length == 0 || length >= NN_NAME_SIZE) return false;
    memcpy(name, text, length + 1);
    return true;
}

/* NULL, or the option that is not as expected. */
static const char *take_layer(nn_json_walk *walk, nn_layer_def *def, char name[NN_NAME_SIZE])
{
    if (!walk->more || !nn_json_is(&walk->key, "type")) return "type";
    def->type = type_named(&walk->value);
    if (def->type == NN_LAYER_TYPE_END || nn_json_next(walk, NULL) != NN_OK) return "type";
    if (!walk->more || !nn_json_is(&walk->key, "name") || !read_layer_name(&walk->value, name)) return "name";
    if (nn_json_next(walk, NULL) != NN_OK || !walk->more || !nn_json_is(&walk->key, "from")) return "from";
    if (!read_from(&walk->value, def->from) || nn_json_next(walk, NULL) != NN_OK) return "from";
    def->name = name;
    const char *wrong = nn_fields_read(fields_of(def->type), def, walk);
    return wrong || !walk->more ? wrong : "option";
}

static nn_status count_layers(const nn_json *json, int *count, nn_error *error)
{
    nn_json_walk walk;
    nn_status status = nn_json_begin(&walk, json, false, error);
    for (*count = 0; status == NN_OK && walk.more; status = nn_json_next(&walk, error)) ++*count; /* text < 2^31 */
    return status;
}

static nn_status read_layer(nn_architecture *architecture, int index, const nn_json *json, nn_error *error)
{
    nn_json_walk walk;
    const nn_status status = nn_json_begin(&walk, json, true, error);
    if (status != NN_OK) return status;
    const char *wrong = take_layer(&walk, &architecture->layers[index], architecture->names[index]);
    return wrong ? nn_fail_at(error, NN_ERR_FORMAT, json->path, json->offset,
                              "%s: layer %d: %s: expected a legal value", json->what, index + 1, wrong)
                 : NN_OK;
}

static nn_status read_layers(nn_architecture *architecture, const nn_json *json, nn_error *error)
{
    nn_json_walk walk;
    int count = 0;
    nn_status status = count_layers(json, &count, error);
    if (status != NN_OK) return status;
    if (count > NN_MAX_LAYERS)
        return nn_fail_at(error, NN_ERR_FORMAT, json->path, json->offset, "%s: layers: expected at most %d, got %d",
                          json->what, NN_MAX_LAYERS, count);
    architecture->layers = calloc((size_t)count + 1, sizeof *architecture->layers);
    architecture->names = calloc((size_t)count + 1, sizeof *architecture->names);
    if (!architecture->layers || !architecture->names)
        return nn_fail_file(error, NN_ERR_MEMORY, json->path, "%s: no memory for %d layers", json->what, count);
    architecture->def.layers = architecture->layers;
    architecture->def.layer_count = count;
    status = nn_json_begin(&walk, json, false, error);
    for (int i = 0; status == NN_OK && walk.more; i++) {
        status = read_layer(architecture, i, &walk.value, error);
        if (status == NN_OK) status = nn_json_next(&walk, error);
    }
    return status;
}

nn_status nn_architecture_read(nn_architecture *architecture, const nn_json *json, nn_error *error)
{
    nn_json_walk walk;
    *architecture = (nn_architecture){ 0 };
    nn_status status = read_head(&walk, json, &architecture->def, error);
    if (status == NN_OK) status = read_layers(architecture, &walk.value, error);
    if (status == NN_OK) status = nn_json_next(&walk, error);
    if (status == NN_OK && walk.more) status = fail_option(json, "option", error);
    if (status != NN_OK) nn_architecture_free(architecture);
    return status;
}

void nn_architecture_free(nn_architecture *architecture)
{
    free(architecture->layers);
    free(architecture->names);
    *architecture = (nn_architecture){ 0 };
}

/* --- comparing: the model's own text against the other --- */

static bool is_free_in_head(const nn_json *key)
{
    return nn_json_is(key, "max_batch") || nn_json_is(key, "seed") || nn_json_is(key, "layers");
}

/* What does not change what the weights mean: how they began. */
static bool is_free_with_weights(const nn_json *key)
{
    static const char suffix[] = "init\"";
    const size_t length = sizeof suffix - 1;
    return key->size > length && memcmp(key->text + key->size - length, suffix, length) == 0;
}

/* Nor names, but of layers with weights: by these the tensors find their places, which two layers may have swapped. */
static bool is_free(const nn_json *key)
{
    return nn_json_is(key, "name");
}

static nn_status fail_difference(const nn_json *json, const char *layer, const nn_difference *difference,
                                 nn_error *error)
{
    return nn_fail_file(error, NN_ERR_MISMATCH, json->path, "%s: another architecture: %s%s: expected %s, got %s",
                        json->what, layer, difference->key, difference->expected, difference->got);
}

static nn_status begin_both(nn_json_walk *mine, const nn_json *own, nn_json_walk *other, const nn_json *theirs,
                            bool object, nn_error *error)
{
    const nn_status status = nn_json_begin(other, theirs, object, error);
    return status == NN_OK ? nn_json_begin(mine, own, object, error) : status;
}

/* There are as many of both. */
static nn_status compare_layers(const nn_model *model, const nn_json *own, const nn_json *theirs, nn_error *error)
{
    nn_difference difference;
    nn_json_walk a, b, mine, other;
    nn_status status = begin_both(&a, own, &b, theirs, false, error);
    for (int i = 0; status == NN_OK && b.more; i++) {
        char layer[NN_NAME_SIZE + 24];
        snprintf(layer, sizeof layer, "layer %d (%s): ", i + 1, model->layers[i].name);
        status = begin_both(&mine, &a.value, &other, &b.value, true, error);
        const bool weights = model->layers[i].weight_count > 0;
        if (status == NN_OK && nn_fields_differ(&mine, &other, weights ? is_free_with_weights : is_free, &difference))
            status = fail_difference(theirs, layer, &difference, error);
        if (status == NN_OK) status = nn_json_next(&a, error);
        if (status == NN_OK) status = nn_json_next(&b, error);
    }
    return status;
}

static nn_status compare_texts(const nn_model *model, const nn_json *own, const nn_json *theirs, nn_error *error)
{
    nn_json_walk a = { 0 }, b = { 0 };
    nn_difference difference;
    nn_model_def ignored = { 0 };
    int count = 0;
    nn_status status = read_head(&b, theirs, &ignored, error); /* says what is wrong with it, if it is */
    const nn_json layers = b.value;
    if (status == NN_OK) status = read_head(&a, own, &ignored, error);
    const nn_json own_layers = a.value;
    if (status == NN_OK) status = count_layers(&layers, &count, error);
    if (status == NN_OK) status = begin_both(&a, own, &b, theirs, true, error);
    if (status != NN_OK) return status;
    if (nn_fields_differ(&a, &b, is_free_in_head, &difference)) return fail_difference(theirs, "", &difference, error);
    if (count != model->def.layer_count)
        return nn_fail_file(error, NN_ERR_MISMATCH, theirs->path,
                            "%s: another architecture: expected %d layers, got %d", theirs->what,
                            model->def.layer_count, count);
    return compare_layers(model, &own_layers, &layers, error);
}

nn_status nn_architecture_compare(const nn_model *model, const nn_json *json, nn_error *error)
{
    nn_text text = { 0 };
    nn_architecture_write(model, &text);
    const nn_json own = { json->path, "model", text.text, text.size, 0 };
    const nn_status status =
        text.failed ? nn_fail_file(error, NN_ERR_MEMORY, json->path, "%s: no memory to compare it", json->what)
                    : compare_texts(model, &own, json, error);
    free(text.text);
    return status;
}
