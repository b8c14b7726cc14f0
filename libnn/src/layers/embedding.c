/* Embedding: y[b, t] = embeddings[ids[b, t]]. */
#include "../kernels/lookup.h"
#include "layers.h"

enum { IDS_PER_TASK = 1 << 11 };

typedef struct lookup {
    const nn_layer *layer;
    const nn_run *run;
    const nn_float *dy;
    size_t count; /* of ids */
    int parts;    /* of the table */
} lookup;

static nn_status plan(nn_layer *layer, nn_error *error)
{
    const nn_embedding_def *def = &layer->def.embedding;
    nn_status status = nn_layer_check_positive(layer, "vocab", def->vocab, error);
    if (status == NN_OK) status = nn_layer_check_positive(layer, "dim", def->dim, error);
    if (status != NN_OK) return status;
    if (layer->in_type != NN_I32 || layer->in[0].dim[0] == NN_RAGGED || layer->in[0].rank > 2)
        return nn_layer_fail(layer, error, NN_ERR_SHAPE, "wants the model's indices (batch, time)");
    layer->keeps_dy = true;
    layer->out = layer->in[0];
    layer->out.dim[layer->out.rank++] = def->dim;
    nn_layer_add_weight(layer, "embeddings", (nn_shape){ 2, { def->vocab, def->dim } },
                        nn_default_init(def->init, NN_UNIFORM_05), def->vocab, def->dim, true);
    return NN_OK;
}

static void gather_task(void *context, int task, int worker)
{
    const lookup *k = context;
    const size_t dim = (size_t)k->layer->def.embedding.dim, first = (size_t)task * IDS_PER_TASK;
    const size_t count = k->count - first < IDS_PER_TASK ? k->count - first : IDS_PER_TASK;
    (void)worker;
    k->run->kernels->lookup->gather(k->layer->y + first * dim, k->layer->weights[0].value, k->layer->ids + first, count,
                                    dim);
}

static nn_status forward(nn_layer *layer, const nn_run *run)
{
    const size_t steps = nn_shape_count(layer->in[0]);
    lookup k = { layer, run, NULL, (size_t)run->batch * steps, 0 };
    const size_t bad = run->kernels->lookup->outside(layer->ids, k.count, layer->def.embedding.vocab);
    if (bad < k.count)
        return nn_layer_fail(layer, run->error, NN_ERR_DATA,
                             "sample %zu, step %zu: expected an index from 0 to %d, got %d", bad / steps, bad % steps,
                             layer->def.embedding.vocab - 1, (int)layer->ids[bad]);
    if (!layer->out_table) nn_parallel(run->team, (int)((k.count + IDS_PER_TASK - 1) / IDS_PER_TASK), gather_task, &k);
    return NN_OK;
}

/* A part of the table's rows: each row takes its gradients in the order of the samples, whoever does it. */
static void scatter_task(void *context, int task, int worker)
{
    const lookup *k = context;
    const size_t dim = (size_t)k->layer->def.embedding.dim;
    (void)worker;
    k->run->kernels->lookup->scatter_add(k->layer->weights[0].grad, k->layer->ids, k->dy, dim, k->count, dim, task,
                                         k->parts - 1);
}

static void backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params)
{
    lookup k = { layer, run, dy, (size_t)run->batch * nn_shape_count(layer->in[0]), nn_parts(run->team) };
    (void)dx, (void)want_params; /* indices have no gradient: it is the table's that is wanted */
    nn_parallel(run->team, k.parts, scatter_task, &k);
}

const nn_layer_ops nn_embedding_ops = {
    .name = "embedding", .type_name = "Embedding", .plan = plan, .forward = forward, .backward = backward
};
