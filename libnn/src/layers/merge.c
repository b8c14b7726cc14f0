/* Layers that make a graph of the table: Add, Concat, Reverse (time), Dueling (Wang et al. 2016). */
#include "../kernels/elementwise.h"
#include "layers.h"
#include <string.h>

static bool same_shape(nn_shape a, nn_shape b)
{
    return a.rank == b.rank && memcmp(a.dim, b.dim, (size_t)a.rank * sizeof(int)) == 0;
}

static nn_status check_several(nn_layer *layer, nn_error *error)
{
    if (layer->input_count >= 2) return NN_OK;
    return nn_layer_fail(layer, error, NN_ERR_ARGUMENT, "from: expected at least two layers");
}

/* --- Add: y = x0 + x1 + .. --- */

static nn_status plan_add(nn_layer *layer, nn_error *error)
{
    layer->out = layer->in[0];
    for (int i = 1; i < layer->input_count; i++)
        if (!same_shape(layer->in[i], layer->out))
            return nn_layer_fail(layer, error, NN_ERR_SHAPE, "input %d: expected %s, got %s", i + 1,
                                 nn_shape_format(layer->out).text, nn_shape_format(layer->in[i]).text);
    return check_several(layer, error);
}

static nn_status add_forward(nn_layer *layer, const nn_run *run)
{
    const size_t count = (size_t)run->batch * layer->out_size;
    memcpy(layer->y, layer->x[0], count * sizeof *layer->y);
    for (int i = 1; i < layer->input_count; i++) run->kernels->elementwise->add(layer->y, layer->x[i], count);
    return NN_OK;
}

static void add_backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params)
{
    (void)want_params;
    for (int i = 0; i < layer->input_count; i++)
        if (dx[i]) memcpy(dx[i], dy, (size_t)run->batch * layer->out_size * sizeof *dy);
}

const nn_layer_ops nn_add_ops = {
    .name = "add", .type_name = "Add", .plan = plan_add, .forward = add_forward, .backward = add_backward
};

/* --- Concat: along the last axis --- */

static nn_status plan_concat(nn_layer *layer, nn_error *error)
{
    const int last = layer->in[0].rank - 1;
    int64_t width = 0;
    for (int i = 0; i < layer->input_count; i++) {
        nn_shape with_my_width = layer->in[0];
        if (layer->in[i].rank == last + 1) with_my_width.dim[last] = layer->in[i].dim[last];
        if (!same_shape(layer->in[i], with_my_width))
            return nn_layer_fail(layer, error, NN_ERR_SHAPE, "input %d: %s does not fit beside %s", i + 1,
                                 nn_shape_format(layer->in[i]).text, nn_shape_format(layer->in[0]).text);
        width += layer->in[i].dim[last];
    }
    if (width > INT32_MAX) return nn_layer_fail(layer, error, NN_ERR_SHAPE, "the last axis is too long");
    layer->out = layer->in[0];
    layer->out.dim[last] = (int)width;
    return check_several(layer, error);
}

/* Copies each input's columns into the output's, or back. */
static void concat_copy(const nn_layer *layer, const nn_run *run, nn_float *out, nn_float *const *parts, bool back)
{
    const int last = layer->out.rank - 1;
    const size_t width = (size_t)layer->out.dim[last], rows = (size_t)run->batch * layer->out_size / width;
    size_t at = 0;
    for (int i = 0; i < layer->input_count; i++) {
        const size_t n = (size_t)layer->in[i].dim[last];
        for (size_t r = 0; parts[i] && r < rows; r++) {
            nn_float *whole = out + r * width + at, *part = parts[i] + r * n;
            memcpy(back ? part : whole, back ? whole : part, n * sizeof *part);
        }
        at += n;
    }
}

static nn_status concat_forward(nn_layer *layer, const nn_run *run)
{
    nn_float *parts[NN_MAX_INPUTS] = { NULL }; /* read only in this direction */
    for (int i = 0; i < layer->input_count; i++) parts[i] = (nn_float *)(uintptr_t)layer->x[i];
    concat_copy(layer, run, layer->y, parts, false);
    return NN_OK;
}

static void concat_backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params)
{
    (void)want_params;
    concat_copy(layer, run, dy, dx, true);
}

const nn_layer_ops nn_concat_ops = { .name = "concat",
                                     .type_name = "Concatenate",
                                     .plan = plan_concat,
                                     .forward = concat_forward,
                                     .backward = concat_backward };

/* --- Reverse: y[t] = x[T - 1 - t] --- */

static nn_status plan_reverse(nn_layer *layer, nn_error *error)
{
    layer->out = layer->in[0];
    return nn_layer_check_rank(layer, 2, "(batch, time, features)", error);
}

static void reverse(const nn_layer *layer, int batch, nn_float *out, const nn_float *in)
{
    const size_t steps = (size_t)layer->out.dim[0], n = (size_t)layer->out.dim[1];
    for (size_t b = 0; b < (size_t)batch; b++)
        for (size_t t = 0; t < steps; t++)
            memcpy(out + (b * steps + t) * n, in + (b * steps + steps - 1 - t) * n, n * sizeof *out);
}

static nn_status reverse_forward(nn_layer *layer, const nn_run *run)
{
    reverse(layer, run->batch, layer->y, layer->x[0]);
    return NN_OK;
}

static void reverse_backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params)
{
    (void)want_params;
    reverse(layer, run->batch, dx[0], dy);
}

const nn_layer_ops nn_reverse_ops = { .name = "reverse",
                                      .type_name = "Reverse",
                                      .plan = plan_reverse,
                                      .forward = reverse_forward,
                                      .backward = reverse_backward };

/* --- Dueling: Q = V + A - mean A, from V (batch, 1) and A (batch, n) --- */

static nn_status plan_dueling(nn_layer *layer, nn_error *error)
{
    if (layer->input_count != 2 || layer->in[0].rank != 1 || layer->in[0].dim[0] != 1 || layer->in[1].rank != 1)
        return nn_layer_fail(layer, error, NN_ERR_SHAPE, "from: expected a value (batch, 1) and advantages (batch, n)");
    layer->out = layer->in[1];
    return NN_OK;
}

static nn_status dueling_forward(nn_layer *layer, const nn_run *run)
{
    const size_t n = layer->out_size;
    for (size_t b = 0; b < (size_t)run->batch; b++) {
        const nn_float *advantage = layer->x[1] + b * n;
        nn_float mean = 0;
        for (size_t i = 0; i < n; i++) mean += advantage[i];
        mean /= (nn_float)n;
        for (size_t i = 0; i < n; i++) layer->y[b * n + i] = layer->x[0][b] + advantage[i] - mean;
    }
    return NN_OK;
}

/* dV = sum dQ, dA = dQ - mean dQ */
static void dueling_backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params)
{
    const size_t n = layer->out_size;
    (void)want_params;
    for (size_t b = 0; b < (size_t)run->batch; b++) {
        nn_float sum = 0;
        for (size_t i = 0; i < n; i++) sum += dy[b * n + i];
        if (dx[0]) dx[0][b] = sum;
        for (size_t i = 0; dx[1] && i < n; i++) dx[1][b * n + i] = dy[b * n + i] - sum / (nn_float)n;
    }
}

const nn_layer_ops nn_dueling_ops = { .name = "dueling",
                                      .type_name = "Dueling",
                                      .plan = plan_dueling,
                                      .forward = dueling_forward,
                                      .backward = dueling_backward };
