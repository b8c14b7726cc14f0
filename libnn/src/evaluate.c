/* Loss, metric and outputs over a whole set, in inference mode. */
#include "fit.h"
#include "loss.h"
#include "model.h"
#include <math.h>
#include <string.h>

/* Shape of a set's outputs. */
static nn_shape outputs_shape(const nn_model *model, int samples)
{
    const nn_shape sample = nn_model_output_shape(model);
    nn_shape shape = { sample.rank + 1, { samples } };
    for (int i = 0; i < sample.rank; i++) shape.dim[i + 1] = sample.dim[i];
    return shape;
}

static int chunk_size(const nn_model *model, int samples, int first)
{
    const int left = samples - first, most = nn_model_max_batch(model);
    return left < most ? left : most;
}

/* The model's error, with the samples it is about. */
static nn_status fail_chunk(const nn_model *model, int first, int count, nn_error *error)
{
    return nn_fail(error, model->error.status, "samples %d to %d: %s", first, first + count - 1, model->error.text);
}

nn_status nn_check_set(const char *x_name, const char *y_name, const nn_model *model, nn_loss_type loss,
                       const nn_tensor *x, const nn_tensor *y, nn_error *error)
{
    nn_status status = nn_check_samples(x_name, model, x, error);
    if (status == NN_OK) status = nn_check_apart(x_name, model, x, error);
    if (status != NN_OK) return status;
    const int samples = x->shape.dim[0];
    if (y && y->shape.rank > 0 && y->shape.dim[0] != samples)
        return nn_fail(error, NN_ERR_SHAPE, "%s: expected %d samples, as %s has, got %d", y_name, samples, x_name,
                       y->shape.dim[0]);
    status = nn_check_target(y_name, nn_loss_is_sparse(loss), outputs_shape(model, samples), y, error);
    return status == NN_OK ? nn_check_apart(y_name, model, y, error) : status;
}

static nn_status evaluate(nn_model *model, const nn_loss_def *loss, nn_metric metric, const nn_tensor *x,
                          const nn_tensor *y, double *mean, double *accuracy, nn_error *error)
{
    if (error) *error = (nn_error){ 0 };
    if (!model || !loss) return nn_fail(error, NN_ERR_ARGUMENT, "evaluate: expected a model and a loss, got NULL");
    nn_loss_def resolved = *loss;
    nn_status status = nn_loss_resolve(&resolved, error);
    if (status == NN_OK) status = nn_check_set("x", "y", model, loss->type, x, y, error);
    if (status != NN_OK) return status;

    const int samples = x->shape.dim[0];
    double sum = 0.0;
    int64_t correct = 0, counted = 0;
    for (int first = 0, count = 0; first < samples; first += count) {
        count = chunk_size(model, samples, first);
        const nn_tensor part = nn_rows(x, first, count), target = nn_rows(y, first, count);
        const nn_tensor *out = nn_forward(model, &part, NN_EVAL);
        if (!out) return fail_chunk(model, first, count, error);
        double chunk_mean = 0.0;
        int64_t right = 0, all = 0;
        status = nn_model_loss(model, loss, &target, &chunk_mean, NULL);
        if (status == NN_OK)
            status = nn_metric_compute(nn_metric_of(metric, loss->type), nn_metric_border(loss->type), out, &target,
                                       &right, &all, &model->error);
        if (status != NN_OK) return fail_chunk(model, first, count, error);
        sum += chunk_mean * count;
        correct += right;
        counted += all;
    }
    if (mean) *mean = sum / samples;
    if (accuracy) *accuracy = counted > 0 ? (double)correct / (double)counted : NAN;
    return NN_OK;
}

nn_status nn_evaluate(nn_model *model, const nn_loss_def *loss, nn_metric metric, const nn_tensor *x,
                      const nn_tensor *y, double *mean, double *accuracy, nn_error *error)
{
    const nn_float_mode float_mode = nn_rounding_enter();
    const nn_status status = evaluate(model, loss, metric, x, y, mean, accuracy, error);
    nn_float_mode_leave(float_mode);
    return status;
}

nn_status nn_predict(nn_model *model, const nn_tensor *x, nn_tensor *y, nn_error *error)
{
    if (error) *error = (nn_error){ 0 };
    if (!model) return nn_fail(error, NN_ERR_ARGUMENT, "predict: expected a model, got NULL");
    nn_status status = nn_check_samples("x", model, x, error);
    if (status == NN_OK) status = nn_check_tensor("y", y, NN_F32, error);
    if (status == NN_OK) status = nn_check_apart("y", model, y, error);
    if (status != NN_OK) return status;
    const int samples = x->shape.dim[0];
    const nn_shape expected = outputs_shape(model, samples);
    if (!nn_same_shape(y->shape, expected))
        return nn_fail(error, NN_ERR_SHAPE, "y: expected %s, got %s", nn_shape_format(expected).text,
                       nn_shape_format(y->shape).text);
    const size_t size = nn_shape_count(nn_model_output_shape(model));
    /* Outputs of the first samples would be written over inputs of later ones. */
    if (samples > nn_model_max_batch(model) && nn_tensor_overlaps(x, y->f32, (size_t)samples * size * sizeof *y->f32))
        return nn_fail(error, NN_ERR_ARGUMENT,
                       "y: expected memory of its own for %d samples of a max_batch of %d, got that of x", samples,
                       nn_model_max_batch(model));
    for (int first = 0, count = 0; first < samples; first += count) {
        count = chunk_size(model, samples, first);
        const nn_tensor part = nn_rows(x, first, count);
        const nn_tensor *out = nn_forward(model, &part, NN_EVAL);
        if (!out) return fail_chunk(model, first, count, error);
        memcpy(y->f32 + (size_t)first * size, out->f32, (size_t)count * size * sizeof(nn_float));
    }
    return NN_OK;
}
