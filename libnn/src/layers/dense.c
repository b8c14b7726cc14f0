/*
 * Dense: y = activation(x W + b) over the last axis.
 *   dz = dy * activation'(z),  dW += x^T dz,  db += sum of dz,  dx = dz W^T
 */
#include "../gemm.h"
#include "../kernels/elementwise.h"
#include "dense_multi_hot.h"
#include "layers.h"
#include <string.h>

enum { ELEMENTS_PER_TASK = 1 << 14 };

typedef struct dense_run {
    const nn_layer *layer;
    const nn_run *run;
    nn_float *dz;
    size_t rows, rows_per_task;
} dense_run;

static nn_status plan(nn_layer *layer, nn_error *error)
{
    nn_dense_def *def = &layer->def.dense;
    const int last = layer->in[0].rank - 1;
    nn_status status = nn_layer_check_positive(layer, "units", def->units, error);
    if (status == NN_OK) status = nn_layer_check_activation(layer, "activation", def->activation, true, error);
    if (status != NN_OK) return status;
    if (def->activation == NN_ACTIVATION_DEFAULT) def->activation = NN_LINEAR;
    layer->keeps_dy = def->activation == NN_LINEAR;
    const int in = layer->in[0].dim[last];
    layer->out = layer->in[0];
    layer->out.dim[last] = def->units;
    nn_layer_add_weight(layer, "kernel", (nn_shape){ 2, { in, def->units } },
                        nn_default_init(def->kernel_init, NN_GLOROT_UNIFORM), in, def->units, true);
    if (!def->no_bias)
        nn_layer_add_weight(layer, "bias", (nn_shape){ 1, { def->units } }, nn_default_init(def->bias_init, NN_ZEROS),
                            in, def->units, true);
    const size_t rows = (size_t)layer->max_batch * (nn_shape_count(layer->in[0]) / (size_t)in);
    layer->by_blas = !layer->in_sparse && nn_gemm_is_by_blas(layer->kernels, rows, (size_t)def->units, (size_t)in);
    layer->worker_scratch = layer->in_sparse ? nn_multi_hot_worker_scratch(in) : nn_gemm_worker_scratch(layer->kernels);
    return NN_OK;
}

static void carve(nn_layer *layer, nn_arena *arena)
{
    if (layer->in_sparse) nn_multi_hot_carve(layer->priv, arena, layer->max_batch);
}

static dense_run split_rows(const nn_layer *layer, const nn_run *run, nn_float *dz)
{
    const size_t units = (size_t)layer->def.dense.units, rows = (size_t)run->batch * layer->out_size / units;
    return (dense_run){ layer, run, dz, rows, units >= ELEMENTS_PER_TASK ? 1 : ELEMENTS_PER_TASK / units };
}

static int task_count(const dense_run *d)
{
    return (int)((d->rows + d->rows_per_task - 1) / d->rows_per_task);
}

static size_t task_rows(const dense_run *d, int task, size_t *first)
{
    *first = (size_t)task * d->rows_per_task;
    return d->rows - *first < d->rows_per_task ? d->rows - *first : d->rows_per_task;
}

static void activate_task(void *context, int task, int worker)
{
    const dense_run *d = context;
    const nn_layer *layer = d->layer;
    const size_t units = (size_t)layer->def.dense.units;
    size_t first = 0;
    const size_t rows = task_rows(d, task, &first);
    nn_float *y = layer->y + first * units;
    (void)worker;
    d->run->kernels->elementwise->activate(y, y, NULL, rows, units, layer->def.dense.activation);
}

static nn_status forward(nn_layer *layer, const nn_run *run)
{
    dense_run d = split_rows(layer, run, NULL);
    const size_t units = (size_t)layer->def.dense.units, in = (size_t)layer->weights[0].shape.dim[0];
    const nn_float *bias = layer->def.dense.no_bias ? NULL : layer->weights[1].value;
    if (layer->in_sparse)
        nn_multi_hot_forward(layer, layer->priv, run, bias);
    else
        nn_gemm(run, &(nn_product){ .m = d.rows,
                                    .n = units,
                                    .k = in,
                                    .a = { layer->x[0], in, false },
                                    .b = { layer->weights[0].value, units, false },
                                    .start = bias,
                                    .c = layer->y,
                                    .ldc = units });
    if (layer->def.dense.activation != NN_LINEAR) nn_parallel(run->team, task_count(&d), activate_task, &d);
    return NN_OK;
}

static void activate_backward_task(void *context, int task, int worker)
{
    const dense_run *d = context;
    const size_t units = (size_t)d->layer->def.dense.units;
    size_t first = 0;
    const size_t rows = task_rows(d, task, &first), at = first * units;
    (void)worker;
    d->run->kernels->elementwise->activate_backward(d->dz + at, d->dz + at, d->layer->y + at, rows, units,
                                                    d->layer->def.dense.activation);
}

static void backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params)
{
    dense_run d = split_rows(layer, run, dy);
    const size_t units = (size_t)layer->def.dense.units, in = (size_t)layer->weights[0].shape.dim[0];
    const nn_operand dz = { dy, units, false };
    nn_weight *kernel = &layer->weights[0];
    if (layer->def.dense.activation != NN_LINEAR) nn_parallel(run->team, task_count(&d), activate_backward_task, &d);
    if (want_params) {
        if (layer->in_sparse)
            nn_multi_hot_backward(layer, layer->priv, run, dy);
        else
            nn_gemm(run, &(nn_product){ .m = in,
                                        .n = units,
                                        .k = d.rows,
                                        .a = { layer->x[0], in, true },
                                        .b = dz,
                                        .start = kernel->grad,
                                        .c = kernel->grad,
                                        .ldc = units });
        if (!layer->def.dense.no_bias) run->kernels->elementwise->add_rows(layer->weights[1].grad, dy, d.rows, units);
    }
    if (dx[0])
        nn_gemm(run, &(nn_product){ .m = d.rows,
                                    .n = in,
                                    .k = units,
                                    .a = dz,
                                    .b = { kernel->value, units, true },
                                    .c = dx[0],
                                    .ldc = in });
}

const nn_layer_ops nn_dense_ops = { .name = "dense",
                                    .type_name = "Dense",
                                    .private_size = sizeof(nn_multi_hot),
                                    .plan = plan,
                                    .carve = carve,
                                    .forward = forward,
                                    .backward = backward };
