#include "memory.h"
#include <stdlib.h>
#include <string.h>

nn_shape nn_shape_of(int rank, int d0, int d1, int d2, int d3)
{
    return (nn_shape){ rank, { d0, d1, d2, d3 } };
}

size_t nn_shape_count(nn_shape shape)
{
    size_t count = 1;
    if (shape.rank < 0 || shape.rank > NN_MAX_RANK) return 0;
    for (int i = 0; i < shape.rank; i++)
        if (shape.dim[i] <= 0 || !nn_mul_size(count, (size_t)shape.dim[i], &count)) return 0;
    return count;
}

nn_tensor nn_view_f32(nn_float *data, nn_shape shape)
{
    return (nn_tensor){ .shape = shape, .dtype = NN_F32, .f32 = data };
}

nn_tensor nn_view_i32(int32_t *data, nn_shape shape)
{
    return (nn_tensor){ .shape = shape, .dtype = NN_I32, .i32 = data };
}

nn_tensor nn_view_ragged(int32_t *data, const int64_t *offsets, int rows)
{
    return (nn_tensor){ .shape = { 2, { rows, NN_RAGGED } }, .dtype = NN_I32, .i32 = data, .offsets = offsets };
}

nn_status nn_tensor_alloc(nn_tensor *tensor, nn_dtype dtype, nn_shape shape)
{
    const size_t count = nn_shape_count(shape);
    if (!tensor) return NN_ERR_ARGUMENT;
    *tensor = (nn_tensor){ 0 };
    if (count == 0) return NN_ERR_SHAPE;
    void *data = calloc(count, dtype == NN_F32 ? sizeof(nn_float) : sizeof(int32_t));
    if (!data) return NN_ERR_MEMORY;
    tensor->shape = shape;
    tensor->dtype = dtype;
    if (dtype == NN_F32)
        tensor->f32 = data;
    else
        tensor->i32 = data;
    return NN_OK;
}

void nn_tensor_free(nn_tensor *tensor)
{
    if (!tensor) return;
    free(tensor->dtype == NN_F32 ? (void *)tensor->f32 : (void *)tensor->i32);
    *tensor = (nn_tensor){ 0 };
}
