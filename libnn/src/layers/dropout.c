/* Dropout (Srivastava et al. 2014), inverted: what is kept is scaled in training, inference is the identity. */
#include "dropout.h"
#include "../kernels/elementwise.h"
#include "layers.h"
#include <string.h>

enum { ELEMENTS_PER_TASK = 1 << 14 }; /* a multiple of 4: tasks begin at a block of the generator */

typedef struct dropout_run {
    const nn_layer *layer;
    const nn_run *run;
    const nn_float *in;
    nn_float *out;
    size_t count;
} dropout_run;

static nn_status plan(nn_layer *layer, nn_error *error)
{
    const double rate = layer->def.dropout.rate;
    layer->out = layer->in[0];
    layer->keeps_dy = true;
    if (!(rate >= 0.0 && rate < 1.0))
        return nn_layer_fail(layer, error, NN_ERR_ARGUMENT, "rate: expected 0 <= rate < 1, got %g", rate);
    return NN_OK;
}

static void drop_task(void *context, int task, int worker)
{
    const dropout_run *d = context;
    const nn_dropout_private *priv = d->layer->priv;
    const nn_rng rng = d->run->rng;
    const double rate = d->layer->def.dropout.rate;
    const size_t first = (size_t)task * ELEMENTS_PER_TASK;
    const size_t count = d->count - first < ELEMENTS_PER_TASK ? d->count - first : ELEMENTS_PER_TASK;
    (void)worker;
    if (priv->given_mask) {
        for (size_t i = first; i < first + count; i++)
            d->out[i] = d->in[i] * priv->given_mask[i] / (nn_float)(1.0 - rate);
        return;
    }
    d->run->kernels->elementwise->dropout(d->out + first, d->in + first, first, count, rate, rng.seed,
                                          rng.stream | (uint64_t)(d->layer->index + 1) << 32, rng.counter);
}

/* Both directions: the mask follows from the generator, so the backward pass draws it again. */
static void drop(const nn_layer *layer, const nn_run *run, const nn_float *in, nn_float *out)
{
    dropout_run d = { layer, run, in, out, (size_t)run->batch * layer->out_size };
    if (run->mode == NN_EVAL || layer->def.dropout.rate == 0.0)
        memcpy(out, in, d.count * sizeof *out);
    else
        nn_parallel(run->team, (int)((d.count + ELEMENTS_PER_TASK - 1) / ELEMENTS_PER_TASK), drop_task, &d);
}

static nn_status forward(nn_layer *layer, const nn_run *run)
{
    drop(layer, run, layer->x[0], layer->y);
    return NN_OK;
}

static void backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params)
{
    (void)want_params;
    drop(layer, run, dy, dx[0]);
}

const nn_layer_ops nn_dropout_ops = {
    .name = "dropout",
    .type_name = "Dropout",
    .private_size = sizeof(nn_dropout_private),
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
