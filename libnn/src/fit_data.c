/* Samples of a set: runs of them borrowed, batches of them gathered. */
#include "fit.h"
#include <string.h>

/* Elements of one sample; the set is not ragged. */
static size_t sample_size(const nn_tensor *set)
{
    return nn_shape_count(set->shape) / (size_t)set->shape.dim[0];
}

nn_tensor nn_rows(const nn_tensor *set, int first, int count)
{
    nn_tensor rows = *set;
    rows.shape.dim[0] = count;
    if (set->offsets)
        rows.offsets = set->offsets + first;
    else if (set->dtype == NN_F32)
        rows.f32 = set->f32 + (size_t)first * sample_size(set);
    else
        rows.i32 = set->i32 + (size_t)first * sample_size(set);
    return rows;
}

/* The most elements that `batch` samples have; at least 1. */
static size_t capacity(const nn_tensor *set, int batch)
{
    if (!set->offsets) return (size_t)batch * sample_size(set);
    const int samples = set->shape.dim[0];
    const size_t all = (size_t)(set->offsets[samples] - set->offsets[0]);
    size_t longest = 1, most = 0;
    for (int i = 0; i < samples; i++) {
        const size_t length = (size_t)(set->offsets[i + 1] - set->offsets[i]);
        if (length > longest) longest = length;
    }
    return nn_mul_size(longest, (size_t)batch, &most) && (most < all || all == 0) ? most : all;
}

void nn_stage_carve(nn_stage *stage, nn_arena *arena, const nn_tensor *set, int batch)
{
    const size_t element = set->dtype == NN_F32 ? sizeof(nn_float) : sizeof(int32_t);
    void *data = nn_arena_take(arena, capacity(set, batch), element);
    stage->tensor = *set;
    if (set->dtype == NN_F32)
        stage->tensor.f32 = data;
    else
        stage->tensor.i32 = data;
    if (set->offsets) stage->tensor.offsets = stage->offsets = nn_arena_take(arena, (size_t)batch + 1, sizeof(int64_t));
}

static void gather_ragged(nn_stage *stage, const nn_tensor *set, const uint32_t *rows, int count)
{
    int64_t used = 0;
    stage->offsets[0] = 0;
    for (int i = 0; i < count; i++) {
        const int64_t start = set->offsets[rows[i]], length = set->offsets[rows[i] + 1] - start;
        memcpy(stage->tensor.i32 + used, set->i32 + start, (size_t)length * sizeof(int32_t));
        stage->offsets[i + 1] = used += length;
    }
}

void nn_stage_gather(nn_stage *stage, const nn_tensor *set, const uint32_t *rows, int count)
{
    stage->tensor.shape.dim[0] = count;
    if (set->offsets) {
        gather_ragged(stage, set, rows, count);
        return;
    }
    const size_t size = sample_size(set);
    for (int i = 0; i < count; i++) {
        const size_t to = (size_t)i * size, from = (size_t)rows[i] * size;
        if (set->dtype == NN_F32)
            memcpy(stage->tensor.f32 + to, set->f32 + from, size * sizeof(nn_float));
        else
            memcpy(stage->tensor.i32 + to, set->i32 + from, size * sizeof(int32_t));
    }
}
