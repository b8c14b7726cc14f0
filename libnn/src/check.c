/* Checks of tensors that losses, metrics and training share. */
#include "loss.h"
#include "model.h"

bool nn_same_shape(nn_shape a, nn_shape b)
{
    bool same = a.rank == b.rank;
    for (int i = 0; same && i < a.rank; i++) same = a.dim[i] == b.dim[i];
    return same;
}

bool nn_overlap(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return (uintptr_t)a < (uintptr_t)b + b_size && (uintptr_t)b < (uintptr_t)a + a_size;
}

bool nn_tensor_overlaps(const nn_tensor *tensor, const void *memory, size_t size)
{
    const size_t element = tensor->dtype == NN_F32 ? sizeof *tensor->f32 : sizeof *tensor->i32;
    const size_t count =
        tensor->offsets ? (size_t)tensor->offsets[tensor->shape.dim[0]] : nn_shape_count(tensor->shape);
    return nn_overlap(tensor->i32, count * element, memory, size);
}

static const char *type_name(nn_dtype dtype)
{
    return dtype == NN_F32 ? "reals (NN_F32)" : dtype == NN_I32 ? "indices (NN_I32)" : "no known type";
}

static bool has_data(const nn_tensor *tensor)
{
    return tensor->dtype == NN_F32 ? tensor->f32 != NULL : tensor->i32 != NULL;
}

nn_status nn_check_apart(const char *what, const nn_model *model, const nn_tensor *tensor, nn_error *error)
{
    if (!nn_model_owns(model, tensor->i32)) return NN_OK;
    return nn_fail(error, NN_ERR_ARGUMENT, "%s: expected memory of its own, got the model's: copy it first", what);
}

nn_status nn_check_tensor(const char *what, const nn_tensor *tensor, nn_dtype dtype, nn_error *error)
{
    if (!tensor) return nn_fail(error, NN_ERR_ARGUMENT, "%s: expected a tensor, got NULL", what);
    if (tensor->dtype != dtype)
        return nn_fail(error, NN_ERR_SHAPE, "%s: expected %s, got %s", what, type_name(dtype),
                       type_name(tensor->dtype));
    if (tensor->offsets) return nn_fail(error, NN_ERR_SHAPE, "%s: expected rows of one length, got ragged ones", what);
    if (tensor->shape.rank < 1 || tensor->shape.rank > NN_MAX_RANK || nn_shape_count(tensor->shape) == 0)
        return nn_fail(error, NN_ERR_SHAPE, "%s: expected 1 to %d positive dimensions, got %s", what, NN_MAX_RANK,
                       nn_shape_format(tensor->shape).text);
    if (!has_data(tensor)) return nn_fail(error, NN_ERR_ARGUMENT, "%s: expected data, got NULL", what);
    return NN_OK;
}

static nn_status check_labels(const char *what, const nn_tensor *labels, int classes, nn_error *error)
{
    const size_t count = nn_shape_count(labels->shape);
    for (size_t i = 0; i < count; i++)
        if (labels->i32[i] < 0 || labels->i32[i] >= classes)
            return nn_fail(error, NN_ERR_DATA, "%s: row %zu: expected a class in [0, %d), got %d", what, i, classes,
                           labels->i32[i]);
    return NN_OK;
}

nn_status nn_check_target(const char *what, bool sparse, nn_shape y, const nn_tensor *target, nn_error *error)
{
    const nn_status status = nn_check_tensor(what, target, sparse ? NN_I32 : NN_F32, error);
    if (status != NN_OK) return status;
    const int classes = y.dim[y.rank - 1];
    nn_shape expected = y;
    if (sparse) {
        expected.dim[y.rank - 1] = 1;
        if (nn_same_shape(target->shape, expected)) return check_labels(what, target, classes, error);
        expected.rank--;
        if (nn_same_shape(target->shape, expected)) return check_labels(what, target, classes, error);
    }
    if (nn_same_shape(target->shape, expected)) return NN_OK;
    return nn_fail(error, NN_ERR_SHAPE, "%s: expected %s, got %s", what, nn_shape_format(expected).text,
                   nn_shape_format(target->shape).text);
}

static nn_status check_offsets(const char *what, const nn_tensor *x, nn_error *error)
{
    for (int i = 0; i < x->shape.dim[0]; i++)
        if (x->offsets[i] < 0 || x->offsets[i + 1] < x->offsets[i])
            return nn_fail(error, NN_ERR_DATA, "%s: row %d: offsets: expected ascending from 0, got %lld then %lld",
                           what, i, (long long)x->offsets[i], (long long)x->offsets[i + 1]);
    return NN_OK;
}

nn_status nn_check_samples(const char *what, const nn_model *model, const nn_tensor *x, nn_error *error)
{
    if (!x) return nn_fail(error, NN_ERR_ARGUMENT, "%s: expected a tensor, got NULL", what);
    const nn_shape sample = nn_model_input_shape(model);
    nn_shape expected = { sample.rank + 1, { x->shape.rank > 0 ? x->shape.dim[0] : 0 } };
    for (int i = 0; i < sample.rank; i++) expected.dim[i + 1] = sample.dim[i];
    const bool ragged = sample.dim[0] == NN_RAGGED;
    if (!ragged || !x->offsets) {
        if (ragged) return nn_fail(error, NN_ERR_SHAPE, "%s: expected ragged rows, got rows of one length", what);
        const nn_status status = nn_check_tensor(what, x, model->def.input_type, error);
        if (status != NN_OK) return status;
    }
    if (expected.dim[0] < 1 || !nn_same_shape(x->shape, expected))
        return nn_fail(error, NN_ERR_SHAPE, "%s: expected %s with at least one sample, got %s", what,
                       nn_shape_format(expected).text, nn_shape_format(x->shape).text);
    if (!ragged) return NN_OK;
    if (x->dtype != NN_I32 || !x->i32)
        return nn_fail(error, NN_ERR_ARGUMENT, "%s: expected lists of indices (NN_I32), got none", what);
    return check_offsets(what, x, error);
}
