/* Activation and LeakyReLU as layers of their own: element by element, softmax by rows of the last axis. */
#include "../kernels/elementwise.h"
#include "layers.h"
#include <float.h>
#include <math.h>

/* Rows of the last axis per task. */
enum { ELEMENTS_PER_TASK = 1 << 14 };

typedef struct split {
    nn_layer *layer;
    const nn_run *run;
    const nn_float *dy;
    nn_float *dx;
    size_t rows, n, rows_per_task; /* of the last axis */
} split;

static split split_rows(nn_layer *layer, const nn_run *run, const nn_float *dy, nn_float *dx)
{
    const size_t n = (size_t)layer->out.dim[layer->out.rank - 1], rows = (size_t)run->batch * layer->out_size / n;
    const size_t rows_per_task = n >= ELEMENTS_PER_TASK ? 1 : ELEMENTS_PER_TASK / n;
    return (split){ layer, run, dy, dx, rows, n, rows_per_task };
}

static int task_count(const split *s)
{
    return (int)((s->rows + s->rows_per_task - 1) / s->rows_per_task);
}

/* The rows of a task: *first and their number. */
static size_t task_rows(const split *s, int task, size_t *first)
{
    *first = (size_t)task * s->rows_per_task;
    return s->rows - *first < s->rows_per_task ? s->rows - *first : s->rows_per_task;
}

static nn_status plan_activation(nn_layer *layer, nn_error *error)
{
    nn_activation *type = &layer->def.activation.type;
    layer->out = layer->in[0];
    layer->keeps_dy = true;
    const nn_status status = nn_layer_check_activation(layer, "type", *type, true, error);
    if (*type == NN_ACTIVATION_DEFAULT) *type = NN_LINEAR;
    return status;
}

static void activation_forward_task(void *context, int task, int worker)
{
    const split *s = context;
    size_t first = 0;
    const size_t rows = task_rows(s, task, &first);
    (void)worker;
    s->run->kernels->elementwise->activate(s->layer->y + first * s->n, s->layer->x[0] + first * s->n, NULL, rows, s->n,
                                           s->layer->def.activation.type);
}

static void activation_backward_task(void *context, int task, int worker)
{
    const split *s = context;
    size_t first = 0;
    const size_t rows = task_rows(s, task, &first), at = first * s->n;
    (void)worker;
    s->run->kernels->elementwise->activate_backward(s->dx + at, s->dy + at, s->layer->y + at, rows, s->n,
                                                    s->layer->def.activation.type);
}

static nn_status activation_forward(nn_layer *layer, const nn_run *run)
{
    split s = split_rows(layer, run, NULL, NULL);
    nn_parallel(run->team, task_count(&s), activation_forward_task, &s);
    return NN_OK;
}

static void activation_backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params)
{
    split s = split_rows(layer, run, dy, dx[0]);
    (void)want_params;
    nn_parallel(run->team, task_count(&s), activation_backward_task, &s);
}

const nn_layer_ops nn_activation_ops = {
    .name = "activation",
    .type_name = "Activation",
    .plan = plan_activation,
    .forward = activation_forward,
    .backward = activation_backward,
};

static nn_status plan_leaky_relu(nn_layer *layer, nn_error *error)
{
    double *slope = &layer->def.leaky_relu.slope;
    const double given = *slope;
    layer->out = layer->in[0];
    layer->keeps_dy = true;
    *slope = nn_default(given, 0.3);
    if (!(*slope >= 0.0 && *slope <= (double)FLT_MAX))
        return nn_layer_fail(layer, error, NN_ERR_ARGUMENT, "slope: expected a finite number from 0, got %g", given);
    return NN_OK;
}

static void leaky_relu_forward_task(void *context, int task, int worker)
{
    const split *s = context;
    size_t first = 0;
    const size_t rows = task_rows(s, task, &first), at = first * s->n;
    (void)worker;
    s->run->kernels->elementwise->leaky_relu(s->layer->y + at, s->layer->x[0] + at, rows * s->n,
                                             (nn_float)s->layer->def.leaky_relu.slope);
}

static void leaky_relu_backward_task(void *context, int task, int worker)
{
    const split *s = context;
    size_t first = 0;
    const size_t rows = task_rows(s, task, &first), at = first * s->n;
    (void)worker;
    s->run->kernels->elementwise->leaky_relu_backward(s->dx + at, s->dy + at, s->layer->x[0] + at, rows * s->n,
                                                      (nn_float)s->layer->def.leaky_relu.slope);
}

static nn_status leaky_relu_forward(nn_layer *layer, const nn_run *run)
{
    split s = split_rows(layer, run, NULL, NULL);
    nn_parallel(run->team, task_count(&s), leaky_relu_forward_task, &s);
    return NN_OK;
}

static void leaky_relu_backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params)
{
    split s = split_rows(layer, run, dy, dx[0]);
    (void)want_params;
    nn_parallel(run->team, task_count(&s), leaky_relu_backward_task, &s);
}

const nn_layer_ops nn_leaky_relu_ops = {
    .name = "leaky_relu",
    .type_name = "LeakyReLU",
    .plan = plan_leaky_relu,
    .forward = leaky_relu_forward,
    .backward = leaky_relu_backward,
};
