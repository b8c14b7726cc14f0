/*
 * MaxPool2D and AveragePool2D: the greatest, the mean of each window's cells; padding never counts. The gradient of the
 * maximum goes to the first cell that holds it.
 */
#include "../kernels/pool.h"
#include "layers.h"
#include "window.h"

enum { CELLS_PER_TASK = 1 << 15 };

typedef struct pool_run {
    const nn_layer *layer;
    const nn_run *run;
    const nn_float *dy;
    nn_float *dx;
    int samples; /* of a task */
} pool_run;

static nn_status plan(nn_layer *layer, nn_error *error)
{
    nn_conv *pool = layer->priv;
    nn_pool_def *def = &layer->def.pool;
    static const int two[2] = { 2, 2 };
    nn_status status = nn_layer_check_rank(layer, 3, "(batch, height, width, channels)", error);
    if (status == NN_OK) status = nn_window_option(layer, "size", def->size, two, error);
    if (status == NN_OK) status = nn_window_option(layer, "stride", def->stride, def->size, error);
    if (status == NN_OK) status = nn_window_padding(layer, def->padding, error);
    if (status == NN_OK)
        status = nn_window_over(&pool->down, layer, "height", layer->in[0].dim[0], def->size[0], def->stride[0],
                                def->padding, error);
    if (status == NN_OK)
        status = nn_window_over(&pool->across, layer, "width", layer->in[0].dim[1], def->size[1], def->stride[1],
                                def->padding, error);
    pool->c = pool->f = layer->in[0].dim[2];
    layer->keeps_dy = true;
    layer->out = (nn_shape){ 3, { pool->down.map, pool->across.map, pool->c } };
    return status;
}

static pool_run split(const nn_layer *layer, const nn_run *run, const nn_float *dy, nn_float *dx)
{
    const size_t cells = nn_shape_count(layer->in[0]);
    return (pool_run){ layer, run, dy, dx, cells < CELLS_PER_TASK ? (int)(CELLS_PER_TASK / cells) : 1 };
}

static void run_tasks(nn_task *task, pool_run *p)
{
    nn_parallel(p->run->team, (p->run->batch - 1) / p->samples + 1, task, p);
}

/* Samples *first .. of a task, up to what is returned. */
static int task_samples(const pool_run *p, int task, int *first)
{
    *first = task * p->samples;
    return p->run->batch - *first < p->samples ? p->run->batch : *first + p->samples;
}

static void forward_task(void *context, int task, int worker)
{
    const pool_run *p = context;
    const nn_layer *layer = p->layer;
    const nn_pool_kernels *kernels = p->run->kernels->pool;
    int first = 0;
    const int last = task_samples(p, task, &first);
    (void)worker;
    (layer->def.type == NN_MAX_POOL2D ? kernels->max : kernels->average)(layer->y, layer->x[0], layer->priv, first,
                                                                         last);
}

static void backward_task(void *context, int task, int worker)
{
    const pool_run *p = context;
    const nn_layer *layer = p->layer;
    const nn_pool_kernels *kernels = p->run->kernels->pool;
    int first = 0;
    const int last = task_samples(p, task, &first);
    (void)worker;
    if (layer->def.type == NN_MAX_POOL2D) {
        kernels->max_backward(p->dx, p->dy, layer->y, layer->x[0], layer->priv, false, first, last);
    } else {
        kernels->average_backward(p->dx, p->dy, layer->priv, first, last);
    }
}

static nn_status forward(nn_layer *layer, const nn_run *run)
{
    pool_run p = split(layer, run, NULL, NULL);
    run_tasks(forward_task, &p);
    return NN_OK;
}

static void backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params)
{
    pool_run p = split(layer, run, dy, dx[0]);
    (void)want_params;
    run_tasks(backward_task, &p);
}

const nn_layer_ops nn_max_pool2d_ops = { .name = "max_pool2d",
                                         .type_name = "MaxPooling2D",
                                         .private_size = sizeof(nn_conv),
                                         .plan = plan,
                                         .forward = forward,
                                         .backward = backward };

const nn_layer_ops nn_average_pool2d_ops = { .name = "average_pool2d",
                                             .type_name = "AveragePooling2D",
                                             .private_size = sizeof(nn_conv),
                                             .plan = plan,
                                             .forward = forward,
                                             .backward = backward };
