/* Metrics: shares of right answers, as counts. */
#include "loss.h"
#include "status.h"

nn_metric nn_metric_of(nn_metric metric, nn_loss_type loss)
{
    if (metric != NN_METRIC_DEFAULT) return metric;
    switch (loss) {
    case NN_BCE:
    case NN_BCE_LOGITS:
        return NN_BINARY_ACCURACY;
    case NN_CATEGORICAL:
    case NN_CATEGORICAL_LOGITS:
    case NN_SPARSE_CATEGORICAL:
    case NN_SPARSE_CATEGORICAL_LOGITS:
        return NN_CATEGORICAL_ACCURACY;
    case NN_MSE:
    case NN_HUBER:
        break;
    }
    return NN_METRIC_NONE;
}

double nn_metric_border(nn_loss_type loss)
{
    return loss == NN_BCE_LOGITS ? 0.0 : 0.5;
}

/* The position of the largest element, the first of equals. */
static size_t largest(const nn_float *row, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (row[i] > row[best]) best = i;
    return best;
}

static nn_status count_binary(double border, const nn_tensor *y, const nn_tensor *target, int64_t *correct,
                              int64_t *counted, nn_error *error)
{
    const nn_status status = nn_check_target("target", false, y->shape, target, error);
    if (status != NN_OK) return status;
    const size_t count = nn_shape_count(y->shape);
    int64_t right = 0;
    for (size_t i = 0; i < count; i++) right += ((double)y->f32[i] > border) == ((double)target->f32[i] > 0.5);
    *correct = right;
    *counted = (int64_t)count;
    return NN_OK;
}

static nn_status count_categorical(const nn_tensor *y, const nn_tensor *target, int64_t *correct, int64_t *counted,
                                   nn_error *error)
{
    const bool sparse = target && target->dtype == NN_I32;
    const size_t n = (size_t)y->shape.dim[y->shape.rank - 1], rows = nn_shape_count(y->shape) / n;
    const nn_status status = nn_check_target("target", sparse, y->shape, target, error);
    if (status != NN_OK) return status;
    int64_t right = 0;
    for (size_t i = 0; i < rows; i++) {
        const size_t wanted = sparse ? (size_t)target->i32[i] : largest(target->f32 + i * n, n);
        right += largest(y->f32 + i * n, n) == wanted;
    }
    *correct = right;
    *counted = (int64_t)rows;
    return NN_OK;
}

nn_status nn_metric_compute(nn_metric metric, double border, const nn_tensor *y, const nn_tensor *target,
                            int64_t *correct, int64_t *counted, nn_error *error)
{
    if (metric == NN_METRIC_NONE) {
        *correct = *counted = 0;
        return NN_OK;
    }
    const nn_status status = nn_check_tensor("y", y, NN_F32, error);
    if (status != NN_OK) return status;
    if (metric == NN_BINARY_ACCURACY) return count_binary(border, y, target, correct, counted, error);
    if (metric == NN_CATEGORICAL_ACCURACY) return count_categorical(y, target, correct, counted, error);
    return nn_fail(error, NN_ERR_ARGUMENT, "metric: expected one by name, got %d", (int)metric);
}

nn_status nn_metric_count(nn_metric metric, const nn_tensor *y, const nn_tensor *target, int64_t *correct,
                          int64_t *counted, nn_error *error)
{
    if (error) *error = (nn_error){ 0 };
    if (!correct || !counted)
        return nn_fail(error, NN_ERR_ARGUMENT, "metric: expected places for the counts, got NULL");
    return nn_metric_compute(metric, 0.5, y, target, correct, counted, error);
}
