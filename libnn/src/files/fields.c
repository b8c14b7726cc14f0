#include "fields.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* --- enumerations --- */

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

static void write_name(nn_field_kind kind, const void *at, nn_text *out)
{
    int value = 0;
    memcpy(&value, at, sizeof value);
    const name_list list = names_of(kind);
    const char *name = value >= 0 && value < list.count ? list.names[value] : "?";
    nn_text_add_string(out, name, strlen(name));
}

static bool read_name(nn_field_kind kind, const nn_json *json, void *at)
{
    const name_list list = names_of(kind);
    for (int value = 0; value < list.count; value++) {
        if (!nn_json_is(json, list.names[value])) continue;
        memcpy(at, &value, sizeof value);
        return true;
    }
    return false;
}

/* --- values --- */

static bool read_int(const nn_json *json, int *number)
{
    int64_t value = 0;
    if (!nn_json_number(json, &value) || value < INT_MIN || value > INT_MAX) return false;
    *number = (int)value;
    return true;
}

bool nn_read_list(const nn_json *json, int *numbers, int most, int *count)
{
    nn_json_walk walk;
    nn_status status = nn_json_begin(&walk, json, false, NULL);
    for (*count = 0; status == NN_OK && walk.more; status = nn_json_next(&walk, NULL))
        if (*count == most || !read_int(&walk.value, &numbers[(*count)++])) return false;
    return status == NN_OK;
}

/* A short string without escapes, as our numbers are. */
static bool read_short(const nn_json *json, nn_number_text *text)
{
    if (json->size < 2 || json->size > sizeof text->text) return false;
    return !nn_json_string(json, text->text);
}

static bool read_real(nn_field_kind kind, const nn_json *json, double *value)
{
    nn_number_text text;
    if (!read_short(json, &text) || !nn_real_parse(text.text, value)) return false;
    if (kind == NN_FIELD_REAL_DEFAULT && *value == 0.0) *value = NN_ZERO;
    return true;
}

static void write_field(nn_field_kind kind, const void *at, nn_text *out)
{
    const nn_shape *shape = at;
    nn_number_text text;
    switch (kind) {
    case NN_FIELD_INT:
        nn_text_add_number(out, *(const int *)at);
        break;
    case NN_FIELD_PAIR:
        nn_text_add_list(out, at, 2);
        break;
    case NN_FIELD_BOOL:
        nn_text_add_chars(out, *(const bool *)at ? "true" : "false");
        break;
    case NN_FIELD_U64:
        text = nn_u64_format(*(const uint64_t *)at);
        nn_text_add_string(out, text.text, strlen(text.text));
        break;
    case NN_FIELD_REAL:
    case NN_FIELD_REAL_DEFAULT:
        text = nn_real_format(*(const double *)at);
        nn_text_add_string(out, text.text, strlen(text.text));
        break;
    case NN_FIELD_SHAPE:
        nn_text_add_list(out, shape->dim, shape->rank);
        break;
    default:
        write_name(kind, at, out);
    }
}

static bool read_field(nn_field_kind kind, const nn_json *json, void *at)
{
    nn_shape *shape = at;
    nn_number_text text;
    bool is_true = false;
    int count = 0;
    switch (kind) {
    case NN_FIELD_INT:
        return read_int(json, at);
    case NN_FIELD_PAIR:
        return nn_read_list(json, at, 2, &count) && count == 2;
    case NN_FIELD_BOOL:
        is_true = json->size == 4 && memcmp(json->text, "true", 4) == 0;
        *(bool *)at = is_true;
        return is_true || (json->size == 5 && memcmp(json->text, "false", 5) == 0);
    case NN_FIELD_U64:
        return read_short(json, &text) && nn_u64_parse(text.text, at);
    case NN_FIELD_REAL:
    case NN_FIELD_REAL_DEFAULT:
        return read_real(kind, json, at);
    case NN_FIELD_SHAPE:
        return nn_read_list(json, shape->dim, NN_MAX_RANK, &shape->rank);
    default:
        return read_name(kind, json, at);
    }
}

/* --- tables --- */

void nn_fields_write(nn_field_table table, const void *base, nn_text *object)
{
    for (size_t i = 0; i < table.count; i++) {
        nn_text_add_name(object, table.fields[i].name);
        write_field(table.fields[i].kind, (const char *)base + table.fields[i].offset, object);
    }
}

const char *nn_fields_read(nn_field_table table, void *base, nn_json_walk *object)
{
    for (size_t i = 0; i < table.count; i++) {
        const nn_field *field = &table.fields[i];
        if (!object->more || !nn_json_is(&object->key, field->name) ||
            !read_field(field->kind, &object->value, (char *)base + field->offset) ||
            nn_json_next(object, NULL) != NN_OK)
            return field->name;
    }
    return NULL;
}

/* A piece for messages: reals in decimal, however the file spells them; no quotes, no control characters. */
static void show(const nn_json *json, char *text, size_t size)
{
    nn_number_text number;
    double real = 0.0;
    const bool quoted = json->size >= 2 && json->text[0] == '"';
    if (quoted && read_short(json, &number) && nn_real_parse(number.text, &real))
        snprintf(text, size, "%.9g", real);
    else
        snprintf(text, size, "%.*s", (int)(json->size < size ? json->size : size) - 2 * quoted, json->text + quoted);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f) *at = '?';
}

static bool same_text(const nn_json *a, const nn_json *b)
{
    return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

bool nn_fields_differ(nn_json_walk *expected, nn_json_walk *got, bool (*ignored)(const nn_json *key),
                      nn_difference *difference)
{
    nn_error error = { 0 };
    while (expected->more && got->more) {
        const bool same_key = same_text(&expected->key, &got->key);
        if (!same_key || (!(ignored && ignored(&got->key)) && !same_text(&expected->value, &got->value))) {
            show(&expected->key, difference->key, sizeof difference->key);
            show(same_key ? &expected->value : &expected->key, difference->expected, sizeof difference->expected);
            show(same_key ? &got->value : &got->key, difference->got, sizeof difference->got);
            return true;
        }
        if (nn_json_next(expected, &error) != NN_OK || nn_json_next(got, &error) != NN_OK) break;
    }
    if (!expected->more && !got->more && error.status == NN_OK) return false;
    *difference = (nn_difference){ "options", "as many", "more or fewer" };
    return true;
}
