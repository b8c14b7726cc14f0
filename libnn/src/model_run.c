/* Running a model: forward through the layers, backward through the graph. */
#include "kernels/elementwise.h"
#include "model.h"
#include <string.h>

void nn_model_clear_error(nn_model *model)
{
    /* The text's end alone: this is done in every call, of which a small network's is a microsecond. */
    model->error.status = NN_OK;
    model->error.offset = 0;
    model->error.text[0] = '\0';
}

static nn_run make_run(nn_model *model, int batch, nn_mode mode)
{
    return (nn_run){ .kernels = model->kernels,
                     .batch = batch,
                     .mode = mode,
                     .team = &model->team,
                     .weights_changed = model->weights_changed || model->params_exposed,
                     .scratch = model->scratch,
                     .worker_scratch = model->worker_scratch,
                     .worker_stride = model->worker_stride,
                     .rng = model->run_rng,
                     .error = &model->error };
}

static nn_status check_ragged(nn_model *model, const nn_tensor *x)
{
    for (int i = 0; i < x->shape.dim[0]; i++)
        if (x->offsets[i] < 0 || x->offsets[i + 1] < x->offsets[i])
            return nn_fail(&model->error, NN_ERR_DATA,
                           "forward: row %d: offsets: expected ascending, got %lld then %lld", i,
                           (long long)x->offsets[i], (long long)x->offsets[i + 1]);
    return NN_OK;
}

bool nn_model_owns(const nn_model *model, const void *data)
{
    const uintptr_t begin = (uintptr_t)model->arena, at = (uintptr_t)data;
    return at >= begin && at - begin < model->arena_size;
}

/* Type, shape and batch of an input. */
static nn_status check_input(nn_model *model, const nn_tensor *x)
{
    const nn_shape want = model->def.input;
    const bool ragged = want.dim[0] == NN_RAGGED;
    nn_shape expected = { want.rank + 1, { model->def.max_batch } };
    bool fits = x->shape.rank == want.rank + 1 && x->dtype == model->def.input_type && ragged == (x->offsets != NULL);
    for (int i = 0; i < want.rank; i++) {
        expected.dim[i + 1] = want.dim[i];
        fits = fits && x->shape.dim[i + 1] == want.dim[i];
    }
    if (!fits)
        return nn_fail(&model->error, NN_ERR_SHAPE, "forward: expected %s %s, got %s%s %s",
                       want.dim[0] == NN_RAGGED          ? "index lists"
                       : model->def.input_type == NN_I32 ? "indices"
                                                         : "reals",
                       nn_shape_format(expected).text, x->offsets ? "ragged " : "",
                       x->dtype == NN_I32 ? "indices" : "reals", nn_shape_format(x->shape).text);
    if (x->shape.dim[0] < 1 || x->shape.dim[0] > model->def.max_batch)
        return nn_fail(&model->error, NN_ERR_SHAPE, "forward: batch: expected 1 to %d, got %d", model->def.max_batch,
                       x->shape.dim[0]);
    const void *data = x->dtype == NN_F32 ? (const void *)x->f32 : (const void *)x->i32;
    if (!data) return nn_fail(&model->error, NN_ERR_ARGUMENT, "forward: the input has no data");
    if (nn_model_owns(model, data))
        return nn_fail(&model->error, NN_ERR_ARGUMENT,
                       "forward: the input lies in the model's own memory: copy it first");
    return ragged ? check_ragged(model, x) : NN_OK;
}

static void set_inputs(nn_model *model, nn_layer *layer, const nn_tensor *x)
{
    const bool takes_ids = layer->in_sparse || layer->in_type == NN_I32;
    for (int i = 0; i < layer->input_count; i++) {
        const int source = layer->from[i];
        layer->x[i] = takes_ids ? NULL : source < 0 ? x->f32 : model->layers[source].y;
    }
    layer->ids = takes_ids ? x->i32 : NULL;
    layer->offsets = takes_ids ? x->offsets : NULL;
    layer->words = layer->in_vocab ? x->i32 : NULL;
    if (layer->in_table) {
        const nn_weight *table = model->layers[layer->from[0]].weights;
        layer->x[0] = table->value;
        layer->table_gradient = table->grad;
    }
    layer->ids_per_row = takes_ids && !x->offsets ? nn_shape_count(model->def.input) : 0;
    /* An alias borrows its input, which may be the caller's; nobody writes to an output but its own layer. */
    if (layer->alias) layer->y = (nn_float *)(uintptr_t)layer->x[0];
}

static nn_tensor batch_view(nn_float *data, int batch, nn_shape sample)
{
    nn_shape shape = { sample.rank + 1, { batch } };
    for (int i = 0; i < sample.rank; i++) shape.dim[i + 1] = sample.dim[i];
    return nn_view_f32(data, shape);
}

const nn_tensor *nn_forward(nn_model *model, const nn_tensor *x, nn_mode mode)
{
    if (!model) return NULL;
    nn_model_clear_error(model);
    model->batch = 0;
    model->has_input_grad = false;
    if (!x) nn_fail(&model->error, NN_ERR_ARGUMENT, "forward: expected an input, got NULL");
    if (mode != NN_EVAL && mode != NN_TRAIN)
        nn_fail(&model->error, NN_ERR_ARGUMENT, "forward: expected NN_EVAL or NN_TRAIN, got %d", (int)mode);
    if (model->error.status != NN_OK || check_input(model, x) != NN_OK) return NULL;
    model->run_rng = model->rng;
    if (mode == NN_TRAIN) model->rng.counter++;
    const nn_run run = make_run(model, x->shape.dim[0], mode);
    const nn_float_mode float_mode = nn_float_mode_enter();
    nn_status status = NN_OK;
    for (int i = 0; i < model->layer_count && status == NN_OK; i++) {
        nn_layer *layer = &model->layers[i];
        set_inputs(model, layer, x);
        if (!layer->alias) status = layer->ops->forward(layer, &run);
    }
    nn_float_mode_leave(float_mode);
    if (status != NN_OK) return NULL;
    const nn_layer *last = &model->layers[model->layer_count - 1];
    model->weights_changed = false;
    model->batch = run.batch;
    model->mode = mode;
    model->output = batch_view(last->y, run.batch, last->out);
    return &model->output;
}

/* Where the gradient by the output of `source` (-1: the model's input) goes; NULL if nobody wants it. */
static nn_float *gradient_of(nn_model *model, int source, unsigned want)
{
    if (source < 0) return want & NN_GRAD_INPUT ? model->dx : NULL;
    const nn_node *node = &model->nodes[source];
    const bool wanted =
        ((want & NN_GRAD_PARAMS) && node->has_params) || ((want & NN_GRAD_INPUT) && node->reaches_input);
    return wanted && node->slot >= 0 ? model->nodes[node->slot].slot_memory : NULL;
}

static size_t sample_size(const nn_model *model, int source)
{
    return source < 0 ? nn_shape_count(model->def.input) : model->layers[source].out_size;
}

/* One layer's backward; where a gradient was set by another consumer before, this one's share is added to it. */
static void layer_backward(nn_model *model, nn_layer *layer, const nn_run *run, nn_float *dy, unsigned want,
                           bool *input_set)
{
    nn_float *target[NN_MAX_INPUTS] = { NULL }, *dx[NN_MAX_INPUTS] = { NULL };
    bool add[NN_MAX_INPUTS] = { false };
    for (int i = 0; i < layer->input_count; i++) {
        const int source = layer->from[i];
        bool *set = source < 0 ? input_set : &model->nodes[source].gradient_set;
        dx[i] = target[i] = gradient_of(model, source, want);
        if (!target[i]) continue;
        add[i] = *set;
        if (*set) dx[i] = model->branch + (size_t)i * model->branch_size;
        *set = true;
    }
    if (layer->alias) {
        if (dx[0] && dx[0] != dy) memcpy(dx[0], dy, (size_t)run->batch * layer->out_size * sizeof *dy);
    } else {
        layer->ops->backward(layer, run, dy, dx, want & NN_GRAD_PARAMS);
        if (layer->table_is_done) model->nodes[layer->from[0]].gradient_set = false;
    }
    for (int i = 0; i < layer->input_count; i++)
        if (add[i])
            run->kernels->elementwise->add(target[i], dx[i], (size_t)run->batch * sample_size(model, layer->from[i]));
}

nn_status nn_model_backward(nn_model *model, const nn_float *dy, bool from_logits, unsigned want)
{
    if (model->batch == 0) return nn_fail(&model->error, NN_ERR_STATE, "backward: no forward went before");
    if (model->weights_changed)
        return nn_fail(&model->error, NN_ERR_STATE, "backward: the weights have changed since the forward");
    if (want & ~(unsigned)(NN_GRAD_PARAMS | NN_GRAD_INPUT))
        return nn_fail(&model->error, NN_ERR_ARGUMENT, "backward: want: expected 0 to %d, got %u",
                       NN_GRAD_PARAMS | NN_GRAD_INPUT, want);
    if ((want & NN_GRAD_INPUT) && !model->nodes[model->layer_count - 1].reaches_input)
        return nn_fail(&model->error, NN_ERR_ARGUMENT, "backward: indices have no gradient");
    const nn_run run = make_run(model, model->batch, model->mode);
    const int last = model->layer_count - (from_logits ? 2 : 1);
    const nn_float_mode float_mode = nn_float_mode_enter();
    bool input_set = false;
    model->has_input_grad = false;
    for (int i = 0; i <= last; i++) model->nodes[i].gradient_set = false;
    nn_float *first = gradient_of(model, last, want);
    /* Read only; what lies in the model may stand where another gradient goes. */
    if (first && model->layers[last].keeps_dy && !nn_model_owns(model, dy))
        first = (nn_float *)(uintptr_t)dy;
    else if (first)
        memcpy(first, dy, (size_t)model->batch * model->layers[last].out_size * sizeof *dy);
    model->nodes[last].gradient_set = first != NULL;
    for (int i = last; i >= 0; i--) {
        nn_float *gradient = i == last ? first : gradient_of(model, i, want);
        if (gradient && model->nodes[i].gradient_set)
            layer_backward(model, &model->layers[i], &run, gradient, want, &input_set);
    }
    nn_float_mode_leave(float_mode);
    if (want & NN_GRAD_INPUT) {
        model->input_grad = batch_view(model->dx, model->batch, model->def.input);
        model->has_input_grad = true;
    }
    return NN_OK;
}

const nn_tensor *nn_backward(nn_model *model, const nn_tensor *dy, unsigned want)
{
    if (!model) return NULL;
    nn_model_clear_error(model);
    if (!dy) {
        nn_fail(&model->error, NN_ERR_ARGUMENT, "backward: expected dy, got NULL");
        return NULL;
    }
    if (model->batch > 0) {
        bool fits = dy->dtype == NN_F32 && dy->f32 && dy->shape.rank == model->output.shape.rank;
        for (int i = 0; fits && i < dy->shape.rank; i++) fits = dy->shape.dim[i] == model->output.shape.dim[i];
        if (!fits) {
            nn_fail(&model->error, NN_ERR_SHAPE, "backward: dy: expected reals %s, got %s %s",
                    nn_shape_format(model->output.shape).text, dy->dtype == NN_F32 ? "reals" : "indices",
                    nn_shape_format(dy->shape).text);
            return NULL;
        }
    }
    if (nn_model_backward(model, dy->f32, false, want) != NN_OK) return NULL;
    return want & NN_GRAD_INPUT ? &model->input_grad : &model->no_grad;
}

const nn_tensor *nn_input_grad(const nn_model *model)
{
    return model && model->has_input_grad ? &model->input_grad : NULL;
}

nn_activation nn_model_last_activation(const nn_model *model)
{
    const nn_layer *last = &model->layers[model->layer_count - 1];
    return last->def.type == NN_ACTIVATION && last->from[0] >= 0 ? last->def.activation.type : NN_LINEAR;
}

const nn_float *nn_model_logits(const nn_model *model)
{
    const nn_layer *last = &model->layers[model->layer_count - 1];
    return nn_model_last_activation(model) == NN_LINEAR ? last->y : last->x[0];
}
