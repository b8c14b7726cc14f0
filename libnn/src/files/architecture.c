#include "architecture.h"
#include "fields.h"
#include "report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYER = 4096 /* text of a layer */, MAX_VALUE = 256 /* text of any other option */ };

/* --- the fields of each kind of layer -------------------------------------------------------------------------------
 */

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

static nn_layer_type type_named(const char *name)
{
    for (int type = 1; name && type < NN_LAYER_TYPE_END; type++) {
        const nn_layer_ops *ops = nn_layer_ops_of((nn_layer_type)type);
        if (ops && strcmp(ops->name, name) == 0) return (nn_layer_type)type;
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

/* --- writing -------------------------------------------------------------------------------------------------------
 */

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

static json_t *write_layer(const nn_model *model, int index)
{
    const nn_layer *layer = &model->layers[index];
    const nn_layer_def def = resolved(model, index);
    json_t *from = json_array();
    bool written = from != NULL;
    for (int i = 0; written && i < layer->input_count; i++) {
        const int position = layer->from[i] < 0 ? NN_INPUT : layer->from[i] + 1;
        written = json_array_append_new(from, json_integer(position)) == 0;
    }
    json_t *object =
        written ? json_pack("{s:s, s:s, s:O}", "type", layer->ops->name, "name", layer->name, "from", from) : NULL;
    json_decref(from);
    if (object && nn_fields_write(fields_of(def.type), &def, object)) return object;
    json_decref(object);
    return NULL;
}

bool nn_architecture_write(const nn_model *model, nn_text *text)
{
    json_t *object = json_object(), *layers = json_array();
    bool written = object && layers && nn_fields_write(model_table, &model->def, object);
    for (int i = 0; written && i < model->def.layer_count; i++)
        written = json_array_append_new(layers, write_layer(model, i)) == 0;
    written = written && json_object_set(object, "layers", layers) == 0 &&
              json_dump_callback(object, nn_text_append, text, JSON_COMPACT | JSON_ENSURE_ASCII) == 0;
    json_decref(layers);
    json_decref(object);
    return written;
}

/* --- reading -------------------------------------------------------------------------------------------------------
 */

/* Parses the members before "layers" into one object, and leaves the walk at "layers". */
static nn_status read_head(nn_json_walk *walk, const nn_json *json, json_t **head, nn_error *error)
{
    nn_status status = nn_json_check(json, 4, error); /* model, layers, layer, list */
    if (status == NN_OK) status = nn_json_begin(walk, json, true, error);
    if (status != NN_OK) return status;
    *head = json_object();
    if (!*head) return nn_fail_file(error, NN_ERR_MEMORY, json->path, "%s: no memory to read it", json->what);
    for (size_t i = 0; status == NN_OK && i <= model_table.count; i++) {
        const char *name = i < model_table.count ? model_table.fields[i].name : "layers";
        const size_t length = strlen(name);
        json_t *value = NULL;
        if (!walk->more || walk->key.size != length + 2 || memcmp(walk->key.text + 1, name, length) != 0)
            return nn_fail_at(error, NN_ERR_FORMAT, json->path, json->offset, "%s: %s: expected it in its place",
                              json->what, name);
        if (i == model_table.count) break;
        if (walk->value.size > MAX_VALUE) return nn_json_fail(&walk->value, 0, error, "expected a shorter value");
        status = nn_json_parse(&walk->value, &value, error);
        if (status == NN_OK && json_object_set_new(*head, name, value) != 0)
            return nn_fail_file(error, NN_ERR_MEMORY, json->path, "%s: no memory to read it", json->what);
        if (status == NN_OK) status = nn_json_next(walk, error);
    }
    return status;
}

/* The next layer of a walk over them as an object. */
static nn_status parse_layer(const nn_json_walk *walk, json_t **layer, nn_error *error)
{
    const nn_json *json = &walk->value;
    if (json->size > MAX_LAYER) return nn_json_fail(json, 0, error, "layer: expected less text");
    const nn_status status = nn_json_parse(json, layer, error);
    if (status != NN_OK || json_is_object(*layer)) return status;
    json_decref(*layer);
    return nn_json_fail(json, 0, error, "layer: expected an object");
}

static bool copy_name(char to[NN_NAME_SIZE], const char *name)
{
    const size_t length = name ? strlen(name) : 0;
    if (length == 0 || length >= NN_NAME_SIZE) return false;
    memcpy(to, name, length + 1);
    return true;
}

static bool read_from(const json_t *list, int from[NN_MAX_INPUTS])
{
    if (!json_is_array(list) || json_array_size(list) < 1 || json_array_size(list) > NN_MAX_INPUTS) return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_int_t position = json_integer_value(json_array_get(list, i));
        if (position != NN_INPUT && (position < 1 || position > INT32_MAX)) return false;
        from[i] = (int)position;
    }
    return true;
}

/* NULL, or the option that is not as expected. */
static const char *take_layer(const json_t *object, nn_layer_def *def, char name[NN_NAME_SIZE])
{
    def->type = type_named(json_string_value(json_object_get(object, "type")));
    if (def->type == NN_LAYER_TYPE_END) return "type";
    if (!copy_name(name, json_string_value(json_object_get(object, "name")))) return "name";
    if (!read_from(json_object_get(object, "from"), def->from)) return "from";
    def->name = name;
    const char *wrong = nn_fields_read(fields_of(def->type), def, object);
    if (!wrong && json_object_size(object) != fields_of(def->type).count + 3) return "options of a newer kvist";
    return wrong;
}

static nn_status count_layers(const nn_json *json, int *count, nn_error *error)
{
    nn_json_walk walk;
    nn_status status = nn_json_begin(&walk, json, false, error);
    for (*count = 0; status == NN_OK && walk.more; status = nn_json_next(&walk, error)) ++*count; /* text < 2^31 */
    return status;
}

static nn_status read_layers(nn_architecture *architecture, const nn_json *json, nn_error *error)
{
    nn_json_walk walk;
    int count = 0;
    nn_status status = count_layers(json, &count, error);
    if (status != NN_OK) return status;
    architecture->layers = calloc((size_t)count + 1, sizeof *architecture->layers);
    architecture->names = calloc((size_t)count + 1, sizeof *architecture->names);
    if (!architecture->layers || !architecture->names)
        return nn_fail_file(error, NN_ERR_MEMORY, json->path, "%s: no memory for %d layers", json->what, count);
    architecture->def.layers = architecture->layers;
    architecture->def.layer_count = count;
    status = nn_json_begin(&walk, json, false, error);
    for (int i = 0; status == NN_OK && walk.more; i++) {
        json_t *layer = NULL;
        status = parse_layer(&walk, &layer, error);
        if (status != NN_OK) return status;
        const char *wrong = take_layer(layer, &architecture->layers[i], architecture->names[i]);
        json_decref(layer);
        if (wrong)
            return nn_fail_at(error, NN_ERR_FORMAT, json->path, json->offset,
                              "%s: layer %d: %s: expected a legal value", json->what, i + 1, wrong);
        status = nn_json_next(&walk, error);
    }
    return status;
}

nn_status nn_architecture_read(nn_architecture *architecture, const nn_json *json, nn_error *error)
{
    nn_json_walk walk;
    json_t *head = NULL;
    *architecture = (nn_architecture){ 0 };
    nn_status status = read_head(&walk, json, &head, error);
    const char *wrong = status == NN_OK ? nn_fields_read(model_table, &architecture->def, head) : NULL;
    json_decref(head);
    if (wrong)
        status = nn_fail_at(error, NN_ERR_FORMAT, json->path, json->offset, "%s: %s: expected a legal value",
                            json->what, wrong);
    if (status == NN_OK) status = read_layers(architecture, &walk.value, error);
    if (status != NN_OK) nn_architecture_free(architecture);
    return status;
}

void nn_architecture_free(nn_architecture *architecture)
{
    free(architecture->layers);
    free(architecture->names);
    *architecture = (nn_architecture){ 0 };
}

/* --- comparing -----------------------------------------------------------------------------------------------------
 */

static nn_status compare_head(const nn_model *model, const nn_json *json, const json_t *head, nn_error *error)
{
    nn_difference difference;
    json_t *own = json_object();
    nn_status status = NN_OK;
    /* max_batch and seed come last and do not count. */
    if (!own || !nn_fields_write((nn_field_table){ model_fields, 2 }, &model->def, own))
        status = nn_fail_file(error, NN_ERR_MEMORY, json->path, "%s: no memory to compare it", json->what);
    else if (nn_fields_differ(own, head, NULL, &difference))
        status = nn_fail_file(error, NN_ERR_MISMATCH, json->path, "%s: another architecture: %s: expected %s, got %s",
                              json->what, difference.key, difference.expected, difference.got);
    json_decref(own);
    return status;
}

/* What does not change what the weights mean: names, which the tensors' names are about, and how weights began. */
static bool is_free(const char *key)
{
    return strcmp(key, "name") == 0 || strcmp(key, "init") == 0 || strstr(key, "_init") != NULL;
}

static nn_status compare_layer(const nn_model *model, int index, const nn_json_walk *walk, nn_error *error)
{
    nn_difference difference;
    json_t *theirs = NULL;
    nn_status status = parse_layer(walk, &theirs, error);
    if (status != NN_OK) return status;
    json_t *own = write_layer(model, index);
    if (!own)
        status = nn_fail_file(error, NN_ERR_MEMORY, walk->json->path, "%s: no memory to compare it", walk->json->what);
    else if (nn_fields_differ(own, theirs, is_free, &difference))
        status =
            nn_fail_file(error, NN_ERR_MISMATCH, walk->json->path,
                         "%s: another architecture: layer %d (%s): %s: expected %s, got %s", walk->json->what,
                         index + 1, model->layers[index].name, difference.key, difference.expected, difference.got);
    json_decref(own);
    json_decref(theirs);
    return status;
}

nn_status nn_architecture_compare(const nn_model *model, const nn_json *json, nn_error *error)
{
    nn_json_walk walk, layers;
    json_t *head = NULL;
    int count = 0;
    nn_status status = read_head(&walk, json, &head, error);
    if (status == NN_OK) status = compare_head(model, json, head, error);
    json_decref(head);
    if (status == NN_OK) status = count_layers(&walk.value, &count, error);
    if (status == NN_OK && count != model->def.layer_count)
        status =
            nn_fail_file(error, NN_ERR_MISMATCH, json->path, "%s: another architecture: expected %d layers, got %d",
                         json->what, model->def.layer_count, count);
    if (status == NN_OK) status = nn_json_begin(&layers, &walk.value, false, error);
    for (int i = 0; status == NN_OK && layers.more; i++) {
        status = compare_layer(model, i, &layers, error);
        if (status == NN_OK) status = nn_json_next(&layers, error);
    }
    return status;
}
