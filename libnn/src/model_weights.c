/* What a caller may see and change of a model: flat arrays, named weights, copies. */
#include "model.h"
#include <math.h>
#include <string.h>

nn_shape nn_model_input_shape(const nn_model *model)
{
    return model->def.input;
}

nn_shape nn_model_output_shape(const nn_model *model)
{
    return model->layers[model->layer_count - 1].out;
}

int nn_model_max_batch(const nn_model *model)
{
    return model->def.max_batch;
}

size_t nn_model_memory(const nn_model *model)
{
    return model->memory_size + model->arena_size;
}

const char *nn_model_error(const nn_model *model)
{
    return model ? model->error.text : "no model";
}

nn_float *nn_model_params(nn_model *model, size_t *count)
{
    model->params_exposed = true;
    if (count) *count = model->param_count;
    return model->params;
}

const nn_float *nn_model_read_params(const nn_model *model, size_t *count)
{
    if (count) *count = model->param_count;
    return model->params;
}

nn_float *nn_model_grads(nn_model *model, size_t *count)
{
    if (count) *count = model->param_count;
    return model->grads;
}

nn_float *nn_model_state(nn_model *model, size_t *count)
{
    model->params_exposed = true;
    if (count) *count = model->state_count;
    return model->state;
}

void nn_model_weights_changed(nn_model *model)
{
    model->weights_changed = true;
}

void nn_zero_grad(nn_model *model)
{
    if (model->param_count > 0) memset(model->grads, 0, model->param_count * sizeof *model->grads);
}

nn_rng nn_model_rng(const nn_model *model)
{
    return model->rng;
}

void nn_model_set_rng(nn_model *model, nn_rng rng)
{
    model->rng = rng;
}

int nn_model_weight_count(const nn_model *model)
{
    int count = 0;
    for (int i = 0; i < model->layer_count; i++) count += model->layers[i].weight_count;
    return count;
}

/* The layer and weight at `index`; NULL if there is none. */
static nn_weight *find_weight(const nn_model *model, int index, const nn_layer **owner)
{
    for (int i = 0; i < model->layer_count && index >= 0; i++) {
        nn_layer *layer = &model->layers[i];
        if (index < layer->weight_count) {
            *owner = layer;
            return &layer->weights[index];
        }
        index -= layer->weight_count;
    }
    return NULL;
}

nn_weight_info nn_model_weight_info(const nn_model *model, int index)
{
    const nn_layer *layer = NULL;
    const nn_weight *weight = find_weight(model, index, &layer);
    if (!weight) return (nn_weight_info){ 0 };
    return (nn_weight_info){ layer->name, weight->name, weight->shape, weight->trainable, weight->offset };
}

nn_status nn_model_weight(nn_model *model, const char *name, nn_tensor *value, nn_tensor *grad)
{
    const nn_layer *layer = NULL;
    nn_weight *weight = NULL;
    if (!model) return NN_ERR_ARGUMENT;
    nn_model_clear_error(model);
    for (int i = 0; name && (weight = find_weight(model, i, &layer)); i++) {
        const size_t length = strlen(layer->name);
        if (strncmp(name, layer->name, length) != 0 || name[length] != '/' ||
            strcmp(name + length + 1, weight->name) != 0)
            continue;
        model->params_exposed = true;
        if (value) *value = nn_view_f32(weight->value, weight->shape);
        if (grad) *grad = weight->grad ? nn_view_f32(weight->grad, weight->shape) : (nn_tensor){ 0 };
        return NN_OK;
    }
    return nn_fail(&model->error, NN_ERR_ARGUMENT, "weight: no such weight: %s", name ? name : "NULL");
}

/* Forgets the error of `to` and looks whether its weights have the shapes of the others. */
static nn_status check_same_weights(nn_model *to, const nn_model *from)
{
    const nn_layer *a = NULL, *b = NULL;
    if (!to) return NN_ERR_ARGUMENT;
    nn_model_clear_error(to);
    if (!from) return nn_fail(&to->error, NN_ERR_ARGUMENT, "copy weights: expected a model to copy from, got NULL");
    for (int i = 0;; i++) {
        const nn_weight *mine = find_weight(to, i, &a), *theirs = find_weight(from, i, &b);
        if (!mine && !theirs) return NN_OK;
        if (!mine || !theirs)
            return nn_fail(&to->error, NN_ERR_MISMATCH, "copy weights: expected %d weight tensors, got %d",
                           nn_model_weight_count(to), nn_model_weight_count(from));
        if (mine->shape.rank != theirs->shape.rank || mine->trainable != theirs->trainable ||
            memcmp(mine->shape.dim, theirs->shape.dim, (size_t)mine->shape.rank * sizeof(int)) != 0)
            return nn_fail(&to->error, NN_ERR_MISMATCH, "copy weights: %s/%s: expected %s, got %s", a->name, mine->name,
                           nn_shape_format(mine->shape).text, nn_shape_format(theirs->shape).text);
    }
}

nn_status nn_model_copy_weights(nn_model *to, const nn_model *from)
{
    const nn_status status = check_same_weights(to, from);
    if (status != NN_OK || to == from) return status;
    if (to->param_count > 0) memcpy(to->params, from->params, to->param_count * sizeof *to->params);
    if (to->state_count > 0) memcpy(to->state, from->state, to->state_count * sizeof *to->state);
    to->weights_changed = true;
    return NN_OK;
}

nn_status nn_model_blend_weights(nn_model *to, const nn_model *from, double tau)
{
    const nn_status status = check_same_weights(to, from);
    if (status != NN_OK) return status;
    if (!(tau >= 0.0 && tau <= 1.0))
        return nn_fail(&to->error, NN_ERR_ARGUMENT, "blend: tau: expected 0 to 1, got %g", tau);
    const nn_float t = (nn_float)tau;
    if (t == 1) return nn_model_copy_weights(to, from); /* to + (from - to) is not always from */
    const nn_float_mode float_mode = nn_rounding_enter();
    for (size_t i = 0; i < to->param_count; i++) to->params[i] += t * (from->params[i] - to->params[i]);
    for (size_t i = 0; i < to->state_count; i++) to->state[i] += t * (from->state[i] - to->state[i]);
    nn_float_mode_leave(float_mode);
    to->weights_changed = true;
    return NN_OK;
}
