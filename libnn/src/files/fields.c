#include "fields.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* --- enumerations --------------------------------------------------------------------------------------------------
 */

static const char *const dtype_names[] = { [NN_F32] = "f32", [NN_I32] = "i32" };
static const char *const activation_names[] = { [NN_ACTIVATION_DEFAULT] = "default",
                                                [NN_LINEAR] = "linear",
                                                [NN_RELU] = "relu",
                                                [NN_SIGMOID] = "sigmoid",
                                                [NN_TANH] = "tanh",
                                                [NN_SOFTMAX] = "softmax",
                                                [NN_HARD_SIGMOID] = "hard_sigmoid" };
static const char *const padding_names[] = { [NN_VALID] = "valid", [NN_SAME] = "same" };
static const char *const init_names[] = {
    [NN_INIT_DEFAULT] = "default",
    [NN_ZEROS] = "zeros",
    [NN_ONES] = "ones",
    [NN_GLOROT_UNIFORM] = "glorot_uniform",
    [NN_GLOROT_NORMAL] = "glorot_normal",
    [NN_HE_UNIFORM] = "he_uniform",
    [NN_HE_NORMAL] = "he_normal",
    [NN_LECUN_UNIFORM] = "lecun_uniform",
    [NN_LECUN_NORMAL] = "lecun_normal",
    [NN_UNIFORM_05] = "uniform_05",
    [NN_NORMAL_05] = "normal_05",
    [NN_ORTHOGONAL] = "orthogonal",
};
static const char *const optim_names[] = { [NN_ADAM] = "adam", [NN_RMSPROP] = "rmsprop", [NN_SGD] = "sgd" };
static const char *const schedule_names[] = { [NN_CONSTANT] = "constant",
                                              [NN_EXPONENTIAL_DECAY] = "exponential_decay",
                                              [NN_INVERSE_TIME_DECAY] = "inverse_time_decay",
                                              [NN_POLYNOMIAL_DECAY] = "polynomial_decay",
                                              [NN_COSINE_DECAY] = "cosine_decay" };

typedef struct name_list {
    const char *const *names;
    int count;
} name_list;

#define NAME_LIST(names)                                                                                               \
    {                                                                                                                  \
        names, (int)(sizeof names / sizeof names[0])                                                                   \
    }
static name_list names_of(nn_field_kind kind)
{
    static const name_list lists[] = {
        [NN_FIELD_DTYPE] = NAME_LIST(dtype_names),     [NN_FIELD_ACTIVATION] = NAME_LIST(activation_names),
        [NN_FIELD_PADDING] = NAME_LIST(padding_names), [NN_FIELD_INIT] = NAME_LIST(init_names),
        [NN_FIELD_OPTIM] = NAME_LIST(optim_names),     [NN_FIELD_SCHEDULE] = NAME_LIST(schedule_names),
    };
    return lists[kind];
}

/* Enumerations are as large as int with every compiler this builds with. */
_Static_assert(sizeof(nn_activation) == sizeof(int) && sizeof(nn_padding) == sizeof(int) &&
                   sizeof(nn_init) == sizeof(int),
               "enumerations are read and written as int");
_Static_assert(sizeof(nn_dtype) == sizeof(int) && sizeof(nn_optim_type) == sizeof(int) &&
                   sizeof(nn_schedule_type) == sizeof(int),
               "enumerations are read and written as int");

static json_t *write_name(nn_field_kind kind, const void *at)
{
    int value = 0;
    memcpy(&value, at, sizeof value);
    const name_list list = names_of(kind);
    return value >= 0 && value < list.count ? json_string(list.names[value]) : NULL;
}

static bool read_name(nn_field_kind kind, const json_t *json, void *at)
{
    const char *text = json_string_value(json);
    const name_list list = names_of(kind);
    for (int value = 0; text && value < list.count; value++) {
        if (strcmp(list.names[value], text) != 0) continue;
        memcpy(at, &value, sizeof value);
        return true;
    }
    return false;
}

/* --- values --------------------------------------------------------------------------------------------------------
 */

static json_t *write_list(const int *numbers, int count)
{
    json_t *list = json_array();
    for (int i = 0; list && i < count; i++) {
        if (json_array_append_new(list, json_integer(numbers[i])) == 0) continue;
        json_decref(list);
        return NULL;
    }
    return list;
}

static bool read_int(const json_t *json, int *number)
{
    const json_int_t value = json_integer_value(json);
    if (!json_is_integer(json) || value < INT_MIN || value > INT_MAX) return false;
    *number = (int)value;
    return true;
}

static bool read_list(const json_t *json, int *numbers, int most, int *count)
{
    if (!json_is_array(json) || json_array_size(json) > (size_t)most) return false;
    *count = (int)json_array_size(json);
    for (int i = 0; i < *count; i++)
        if (!read_int(json_array_get(json, (size_t)i), &numbers[i])) return false;
    return true;
}

static json_t *write_real(nn_field_kind kind, double value)
{
    return json_string(nn_real_format(kind == NN_FIELD_REAL_DEFAULT && value == NN_ZERO ? 0.0 : value).text);
}

static bool read_real(nn_field_kind kind, const json_t *json, double *value)
{
    const char *text = json_string_value(json);
    if (!text || !nn_real_parse(text, value)) return false;
    if (kind == NN_FIELD_REAL_DEFAULT && *value == 0.0) *value = NN_ZERO;
    return true;
}

static json_t *write_field(nn_field_kind kind, const void *at)
{
    const nn_shape *shape = at;
    switch (kind) {
    case NN_FIELD_INT:
        return json_integer(*(const int *)at);
    case NN_FIELD_PAIR:
        return write_list(at, 2);
    case NN_FIELD_BOOL:
        return json_boolean(*(const bool *)at);
    case NN_FIELD_U64:
        return json_string(nn_u64_format(*(const uint64_t *)at).text);
    case NN_FIELD_REAL:
    case NN_FIELD_REAL_DEFAULT:
        return write_real(kind, *(const double *)at);
    case NN_FIELD_SHAPE:
        return write_list(shape->dim, shape->rank);
    default:
        return write_name(kind, at);
    }
}

static bool read_field(nn_field_kind kind, const json_t *json, void *at)
{
    nn_shape *shape = at;
    int count = 0;
    switch (kind) {
    case NN_FIELD_INT:
        return read_int(json, at);
    case NN_FIELD_PAIR:
        return read_list(json, at, 2, &count) && count == 2;
    case NN_FIELD_BOOL:
        *(bool *)at = json_is_true(json);
        return json_is_boolean(json);
    case NN_FIELD_U64:
        return json_is_string(json) && nn_u64_parse(json_string_value(json), at);
    case NN_FIELD_REAL:
    case NN_FIELD_REAL_DEFAULT:
        return read_real(kind, json, at);
    case NN_FIELD_SHAPE:
        return read_list(json, shape->dim, NN_MAX_RANK, &shape->rank);
    default:
        return read_name(kind, json, at);
    }
}

/* --- tables --------------------------------------------------------------------------------------------------------
 */

bool nn_fields_write(nn_field_table table, const void *base, json_t *object)
{
    for (size_t i = 0; i < table.count; i++) {
        const nn_field *field = &table.fields[i];
        json_t *value = write_field(field->kind, (const char *)base + field->offset);
        if (json_object_set_new(object, field->name, value) != 0) return false;
    }
    return true;
}

const char *nn_fields_read(nn_field_table table, void *base, const json_t *object)
{
    for (size_t i = 0; i < table.count; i++) {
        const nn_field *field = &table.fields[i];
        if (!read_field(field->kind, json_object_get(object, field->name), (char *)base + field->offset))
            return field->name;
    }
    return NULL;
}

/* A value for messages: reals in decimal, however the file spells them, and no control characters. */
static void show(const json_t *value, char *text, size_t size)
{
    double real = 0.0;
    const char *string = json_string_value(value);
    size_t length = 0;
    if (!value)
        snprintf(text, size, "nothing");
    else if (string && nn_real_parse(string, &real))
        snprintf(text, size, "%.9g", real);
    else if (string)
        snprintf(text, size, "%s", string);
    else if ((length = json_dumpb(value, text, size - 1, JSON_ENCODE_ANY)) < size)
        text[length] = '\0';
    else
        snprintf(text, size, "something long");
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f) *at = '?';
}

bool nn_fields_differ(json_t *expected, const json_t *got, bool (*ignored)(const char *key), nn_difference *difference)
{
    const char *key;
    json_t *value;
    json_object_foreach(expected, key, value)
    {
        const json_t *other = json_object_get(got, key);
        if ((ignored && ignored(key)) || (other && json_equal(value, other))) continue;
        *difference = (nn_difference){ .key = key };
        show(value, difference->expected, sizeof difference->expected);
        show(other, difference->got, sizeof difference->got);
        return true;
    }
    return false;
}
