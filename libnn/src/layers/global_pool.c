/*
 * GlobalMaxPool2D and GlobalAveragePool2D: (batch, h, w, c) -> (batch, c), a pool whose one window is the image. The
 * gradient of the maximum is shared by all cells that hold it, as in TensorFlow's reduce_max.
 */
#include "../kernels/pool.h"
#include "layers.h"

typedef struct global_run {
    const nn_layer *layer;
    const nn_run *run;
    const nn_float *dy;
    nn_float *dx;
} global_run;

static nn_status plan(nn_layer *layer, nn_error *error)
{
    nn_conv *pool = layer->priv;
    const int *in = layer->in[0].dim;
    const nn_status status = nn_layer_check_rank(layer, 3, "(batch, height, width, channels)", error);
    pool->down = (nn_window){ .image = in[0], .map = 1, .size = in[0], .stride = 1 };
    pool->across = (nn_window){ .image = in[1], .map = 1, .size = in[1], .stride = 1 };
    pool->c = pool->f = in[2];
    layer->keeps_dy = true;
    layer->out = (nn_shape){ 1, { in[2] } };
    return status;
}

static void forward_task(void *context, int task, int worker)
{
    const global_run *g = context;
    const nn_layer *layer = g->layer;
    const nn_pool_kernels *kernels = g->run->kernels->pool;
    (void)worker;
    (layer->def.type == NN_GLOBAL_MAX_POOL2D ? kernels->max : kernels->average)(layer->y, layer->x[0], layer->priv,
                                                                                task, task + 1);
}

static void backward_task(void *context, int task, int worker)
{
    const global_run *g = context;
    const nn_layer *layer = g->layer;
    const nn_pool_kernels *kernels = g->run->kernels->pool;
    (void)worker;
    if (layer->def.type == NN_GLOBAL_MAX_POOL2D) {
        kernels->max_backward(g->dx, g->dy, layer->y, layer->x[0], layer->priv, true, task, task + 1);
    } else {
        kernels->average_backward(g->dx, g->dy, layer->priv, task, task + 1);
    }
}

static nn_status forward(nn_layer *layer, const nn_run *run)
{
    global_run g = { layer, run, NULL, NULL };
    nn_parallel(run->team, run->batch, forward_task, &g);
    return NN_OK;
}

static void backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params)
{
    global_run g = { layer, run, dy, dx[0] };
    (void)want_params;
    nn_parallel(run->team, run->batch, backward_task, &g);
}

const nn_layer_ops nn_global_max_pool2d_ops = { .name = "global_max_pool2d",
                                                .type_name = "GlobalMaxPooling2D",
                                                .private_size = sizeof(nn_conv),
                                                .plan = plan,
                                                .forward = forward,
                                                .backward = backward };

const nn_layer_ops nn_global_average_pool2d_ops = { .name = "global_average_pool2d",
                                                    .type_name = "GlobalAveragePooling2D",
                                                    .private_size = sizeof(nn_conv),
                                                    .plan = plan,
                                                    .forward = forward,
                                                    .backward = backward };
