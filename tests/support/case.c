#include "case.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool golden_error(golden_case *c, const char *format, ...)
{
    c->failures++;
    size_t used = strlen(c->report);
    if (GOLDEN_REPORT_SIZE - used < GOLDEN_NAME_SIZE) return false;
    if (c->run) used += (size_t)snprintf(c->report + used, GOLDEN_NAME_SIZE / 2, "[%s] ", c->run);
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(c->report + used, GOLDEN_REPORT_SIZE - used - 1, format, arguments);
    va_end(arguments);
    if (length >= 0) strcat(c->report, "\n");
    return false;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

/* The shape that case.json gives again. */
static bool check_shape(golden_case *c, const golden_tensor *tensor)
{
    int dim[NPY_MAX_RANK];
    char prefix[GOLDEN_NAME_SIZE + 8];
    snprintf(prefix, sizeof prefix, "%s_", tensor->name);
    int rank = golden_ints(c, prefix, "shape", dim, NPY_MAX_RANK);
    bool equal = rank == tensor->data.rank;
    for (int i = 0; equal && i < rank; i++) equal = dim[i] == tensor->data.dim[i];
    return equal || golden_error(c, "%s.npy: its shape is not %s_shape", tensor->name, tensor->name);
}

static bool read_tensor(golden_case *c, golden_tensor *tensor, const json_t *entry)
{
    const char *name = json_string_value(entry);
    if (!name || strlen(name) >= GOLDEN_NAME_SIZE || strpbrk(name, "/.")) {
        return golden_error(c, "case.json: tensors: expected names");
    }
    strcpy(tensor->name, name);
    char path[GOLDEN_PATH_SIZE + GOLDEN_NAME_SIZE + 8], error[NPY_ERROR_SIZE];
    snprintf(path, sizeof path, "%s/%s.npy", c->folder, name);
    if (!npy_read(path, &tensor->data, error)) return golden_error(c, "%s", error);
    return check_shape(c, tensor);
}

static bool read_tensors(golden_case *c)
{
    const json_t *names = json_object_get(c->options, "tensors");
    size_t count = json_array_size(names);
    if (count == 0) return golden_error(c, "case.json: tensors: expected an array of names");
    c->tensors = calloc(count, sizeof *c->tensors);
    if (!c->tensors) return golden_error(c, "out of memory");
    c->tensor_count = count;
    for (size_t i = 0; i < count; i++)
        if (!read_tensor(c, &c->tensors[i], json_array_get(names, i))) return false;
    return true;
}

bool golden_open(golden_case *c, const char *folder)
{
    memset(c, 0, sizeof *c);
    snprintf(c->folder, sizeof c->folder, "%s", folder);
    char path[GOLDEN_PATH_SIZE + 16];
    snprintf(path, sizeof path, "%s/case.json", folder);
    json_error_t error;
    c->options = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(c->options)) return golden_error(c, "%s: %s", path, c->options ? "not an object" : error.text);
    c->option_used = calloc(json_object_size(c->options) + 1, sizeof *c->option_used);
    if (!c->option_used) return golden_error(c, "out of memory");

    c->name = golden_text(c, "", "case", "?");
    c->kind = golden_text(c, "", "kind", "?");
    c->rtol = golden_number(c, "", "rtol", NAN);
    c->atol = golden_number(c, "", "atol", NAN);
    if (!(c->rtol >= 0 && c->atol >= 0)) return golden_error(c, "case.json: rtol and atol: expected numbers");
    return read_tensors(c);
}

void golden_close(golden_case *c)
{
    for (size_t i = 0; i < c->tensor_count; i++) npy_free(&c->tensors[i].data);
    free(c->tensors);
    free(c->option_used);
    json_decref(c->options);
    memset(c, 0, sizeof *c);
}

/* What tells about a case rather than being an option of it. */
static bool is_remark(const char *key)
{
    static const char *const remarks[] = { "tensors", "source", "tfjs_version", "note" };
    for (size_t i = 0; i < sizeof remarks / sizeof *remarks; i++)
        if (strcmp(key, remarks[i]) == 0) return true;
    return strncmp(key, "checked_", strlen("checked_")) == 0;
}

void golden_finish(golden_case *c)
{
    c->run = NULL;
    for (size_t i = 0; i < c->tensor_count; i++)
        if (!c->tensors[i].used) golden_error(c, "%s: a tensor that the test does not know", c->tensors[i].name);
    if (c->failures == 0) return;
    size_t i = 0;
    const char *key;
    json_t *value;
    json_object_foreach(c->options, key, value)
    {
        if (!c->option_used[i++] && !is_remark(key)) golden_error(c, "%s: an option that nothing asked for", key);
    }
}

/* --- options ------------------------------------------------------------------------------------------------------ */

static json_t *option(golden_case *c, const char *prefix, const char *key)
{
    char name[2 * GOLDEN_NAME_SIZE];
    snprintf(name, sizeof name, "%s%s", prefix, key);
    size_t i = 0;
    const char *other;
    json_t *value;
    json_object_foreach(c->options, other, value)
    {
        if (strcmp(other, name) == 0) {
            c->option_used[i] = true;
            return json_is_null(value) ? NULL : value;
        }
        i++;
    }
    return NULL;
}

double golden_number(golden_case *c, const char *prefix, const char *key, double fallback)
{
    const json_t *value = option(c, prefix, key);
    if (!value) return fallback;
    if (json_is_number(value)) return json_number_value(value);
    golden_error(c, "%s%s: expected a number", prefix, key);
    return fallback;
}

/* A whole number that an int holds. */
static bool to_int(const json_t *value, int *result)
{
    if (!json_is_number(value)) return false;
    double number = json_number_value(value);
    if (!(number >= -2147483647.0 && number <= 2147483647.0)) return false;
    *result = (int)number;
    return (double)*result == number;
}

int golden_int(golden_case *c, const char *prefix, const char *key, int fallback)
{
    const json_t *value = option(c, prefix, key);
    int result = fallback;
    if (value && !to_int(value, &result)) {
        golden_error(c, "%s%s: expected a whole number", prefix, key);
        return fallback;
    }
    return result;
}

bool golden_flag(golden_case *c, const char *prefix, const char *key, bool fallback)
{
    const json_t *value = option(c, prefix, key);
    if (!value) return fallback;
    if (json_is_boolean(value)) return json_is_true(value);
    golden_error(c, "%s%s: expected true or false", prefix, key);
    return fallback;
}

const char *golden_text(golden_case *c, const char *prefix, const char *key, const char *fallback)
{
    const json_t *value = option(c, prefix, key);
    if (!value) return fallback;
    if (json_is_string(value)) return json_string_value(value);
    golden_error(c, "%s%s: expected a string", prefix, key);
    return fallback;
}

int golden_ints(golden_case *c, const char *prefix, const char *key, int *values, int capacity)
{
    const json_t *value = option(c, prefix, key);
    if (!value) return 0;
    if (json_is_number(value) && capacity > 0 && to_int(value, values)) return 1;
    size_t count = json_array_size(value);
    bool good = json_is_array(value) && count <= (size_t)capacity;
    for (size_t i = 0; good && i < count; i++) good = to_int(json_array_get(value, i), &values[i]);
    if (good) return (int)count;
    golden_error(c, "%s%s: expected at most %d whole numbers", prefix, key, capacity);
    return 0;
}

/* --- tensors ------------------------------------------------------------------------------------------------------ */

const npy *golden_find(golden_case *c, const char *prefix, const char *name)
{
    char full[2 * GOLDEN_NAME_SIZE];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    for (size_t i = 0; i < c->tensor_count; i++) {
        if (strcmp(c->tensors[i].name, full) != 0) continue;
        c->tensors[i].used = true;
        return &c->tensors[i].data;
    }
    return NULL;
}

const npy *golden_need(golden_case *c, const char *prefix, const char *name)
{
    const npy *array = golden_find(c, prefix, name);
    if (!array) golden_error(c, "%s%s: no such tensor", prefix, name);
    return array;
}

nn_tensor golden_view(const npy *array, int skip, size_t first)
{
    nn_shape shape = { .rank = array->rank - skip };
    for (int i = 0; i < shape.rank && i < NN_MAX_RANK; i++) shape.dim[i] = array->dim[skip + i];
    return array->is_int ? nn_view_i32(array->i32 + first, shape) : nn_view_f32(array->f32 + first, shape);
}

void golden_compare(golden_case *c, const char *what, const nn_float *got, size_t count, const npy *want, size_t first)
{
    if (want->is_int || first > want->count || count > want->count - first) {
        golden_error(c, "%s: golden tensor has type or size of its own", what);
        return;
    }
    size_t wrong = 0, worst = 0;
    double worst_ratio = -1, tolerance_there = 0;
    for (size_t i = 0; i < count; i++) {
        double a = (double)got[i], b = (double)want->f32[first + i];
        double difference = fabs(a - b), tolerance = c->atol + c->rtol * fabs(b);
        if (difference <= tolerance || a == b) continue;
        wrong++;
        double ratio = isnan(difference) ? INFINITY : difference / tolerance;
        if (ratio <= worst_ratio) continue;
        worst_ratio = ratio;
        tolerance_there = tolerance;
        worst = i;
    }
    if (wrong == 0) return;
    double a = (double)got[worst], b = (double)want->f32[first + worst];
    golden_error(c, "%s: %zu of %zu values off; worst [%zu]: got %.9g, golden %.9g, error %.3g > tolerance %.3g", what,
                 wrong, count, worst, a, b, fabs(a - b), tolerance_there);
}
