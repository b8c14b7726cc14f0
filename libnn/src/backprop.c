/* From the loss back into the model, through the logits where the last activation allows it. */
#include "loss.h"
#include "model.h"
#include <math.h>

/* The form of a loss that takes the input of the last activation instead of its output; the loss itself if none does.
 */
static nn_loss_type logits_form(nn_loss_type type, nn_activation last)
{
    if (last == NN_SIGMOID && type == NN_BCE) return NN_BCE_LOGITS;
    if (last == NN_SOFTMAX && type == NN_CATEGORICAL) return NN_CATEGORICAL_LOGITS;
    if (last == NN_SOFTMAX && type == NN_SPARSE_CATEGORICAL) return NN_SPARSE_CATEGORICAL_LOGITS;
    return type;
}

static bool all_finite(const nn_float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

/* The name of a layer's first tensor that is not finite, of the last forward; NULL if all are. */
static const char *first_not_finite(const nn_model *model, const nn_layer *layer)
{
    const size_t batch = (size_t)model->batch;
    for (int i = 0; i < layer->input_count; i++) {
        const bool real = layer->from[i] < 0 && layer->x[i];
        if (real && !all_finite(layer->x[i], batch * nn_shape_count(model->def.input))) return "input";
    }
    for (int i = 0; i < layer->weight_count; i++)
        if (!all_finite(layer->weights[i].value, layer->weights[i].count)) return layer->weights[i].name;
    return layer->y && !all_finite(layer->y, batch * layer->out_size) ? "output" : NULL;
}

/* A loss that is not finite: says where that began. */
static nn_status blame(nn_model *model, double loss)
{
    for (int i = 0; i < model->layer_count; i++) {
        const nn_layer *layer = &model->layers[i];
        const char *tensor = first_not_finite(model, layer);
        if (tensor)
            return nn_fail(&model->error, NN_ERR_NUMERIC, "loss is %g; first not finite: %s of layer %s", loss, tensor,
                           layer->name);
    }
    return nn_fail(&model->error, NN_ERR_NUMERIC, "loss is %g; every layer is finite: the target or the range of float",
                   loss);
}

nn_status nn_model_loss(nn_model *model, const nn_loss_def *loss, const nn_tensor *target, double *mean,
                        nn_loss_grad *grad)
{
    nn_error *error = &model->error;
    if (!loss) return nn_fail(error, NN_ERR_ARGUMENT, "loss: expected a definition, got NULL");
    if (model->batch == 0) return nn_fail(error, NN_ERR_STATE, "loss: no forward went before");
    nn_loss_def form = *loss;
    nn_tensor y = model->output;
    form.type = logits_form(loss->type, nn_model_last_activation(model));
    const bool from_logits = form.type != loss->type;
    /* Read only: views have no const form. */
    if (from_logits) y.f32 = (nn_float *)(uintptr_t)nn_model_logits(model);

    nn_error why = { 0 };
    const nn_status status = nn_loss_compute(&form, &y, target, mean, NULL, grad ? grad->dy : NULL, &why);
    if (grad) grad->from_logits = from_logits;
    if (status == NN_ERR_NUMERIC) return blame(model, *mean);
    return status == NN_OK ? NN_OK : nn_fail(error, status, "%s", why.text);
}

nn_status nn_model_backprop(nn_model *model, const nn_loss_def *loss, const nn_tensor *target, unsigned want,
                            double *mean)
{
    nn_loss_grad grad = { .dy = model->loss_grad };
    const nn_status status = nn_model_loss(model, loss, target, mean, &grad);
    return status == NN_OK ? nn_model_backward(model, grad.dy, grad.from_logits, want) : status;
}

nn_status nn_backprop(nn_model *model, const nn_loss_def *loss, const nn_tensor *target, unsigned want, nn_float *mean)
{
    if (!model) return NN_ERR_ARGUMENT;
    double value = NAN;
    nn_model_clear_error(model);
    const nn_status status = nn_model_backprop(model, loss, target, want, &value);
    if (mean && (status == NN_OK || status == NN_ERR_NUMERIC)) *mean = (nn_float)value;
    return status;
}
