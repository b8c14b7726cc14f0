/* Losses and their gradients, row by row along the last axis, in double. */
#include "loss.h"
#include "layer.h"
#include "parallel.h"
#include <math.h>

/* Probabilities are held off 0 and 1, at the numbers nn_float has there: 1 - 1e-7 is 0.99999988 in float. */
static const nn_float lowest = (nn_float)1e-7, highest = (nn_float)(1.0 - 1e-7);

/* One row of the last axis. */
typedef struct loss_row {
    const nn_loss_def *loss;
    const nn_float *y;      /* (n) */
    const nn_float *target; /* (n), or NULL: `label` is the class */
    int32_t label;
    size_t n;
    double scale; /* of the gradient: 1 / what the mean is taken over */
    nn_float *dy; /* (n) or NULL */
} loss_row;

/* --- element by element: a row's loss is the mean of its elements' --- */

typedef double element_loss(const nn_loss_def *loss, nn_float y, nn_float target, double *gradient);

static inline double mean_of_elements(const loss_row *row, element_loss *element)
{
    double sum = 0.0, gradient = 0.0;
    for (size_t i = 0; i < row->n; i++) {
        sum += element(row->loss, row->y[i], row->target[i], &gradient);
        if (row->dy) row->dy[i] = (nn_float)(row->scale * gradient);
    }
    return sum / (double)row->n;
}

/* e^2, e = y - z */
static inline double squared_error(const nn_loss_def *loss, nn_float y, nn_float target, double *gradient)
{
    const double error = (double)y - (double)target;
    (void)loss;
    *gradient = 2.0 * error;
    return error * error;
}

/* e^2 / 2 within delta, delta (|e| - delta / 2) beyond */
static inline double huber(const nn_loss_def *loss, nn_float y, nn_float target, double *gradient)
{
    const double error = (double)y - (double)target, delta = loss->delta;
    if (fabs(error) <= delta) {
        *gradient = error;
        return 0.5 * error * error;
    }
    *gradient = copysign(delta, error);
    return delta * (fabs(error) - 0.5 * delta);
}

/* -z log p - (1 - z) log(1 - p), p clipped; Keras 2 adds 1e-7 inside the logarithms */
static inline double binary(const nn_loss_def *loss, nn_float y, nn_float target, double *gradient)
{
    const nn_float clipped = y < lowest ? lowest : y > highest ? highest : y;
    const double added = loss->keras2 ? 1e-7 : 0.0, z = (double)target;
    const double p = (double)clipped + added, q = 1.0 - (double)clipped + added;
    *gradient = clipped == y ? (1.0 - z) / q - z / p : 0.0;
    return -z * log(p) - (1.0 - z) * log(q);
}

/* max(x, 0) - x z + log1p(e^-|x|); gradient sigmoid(x) - z */
static inline double binary_logits(const nn_loss_def *loss, nn_float y, nn_float target, double *gradient)
{
    const double x = (double)y, z = (double)target, e = exp(-fabs(x));
    (void)loss;
    *gradient = (x >= 0.0 ? 1.0 : e) / (1.0 + e) - z;
    return fmax(x, 0.0) - x * z + log1p(e);
}

static double squared_error_row(const loss_row *row)
{
    return mean_of_elements(row, squared_error);
}

static double huber_row(const loss_row *row)
{
    return mean_of_elements(row, huber);
}

static double binary_row(const loss_row *row)
{
    return mean_of_elements(row, binary);
}

static double binary_logits_row(const loss_row *row)
{
    return mean_of_elements(row, binary_logits);
}

/* --- classes: a row is a distribution --- */

static inline double target_of(const loss_row *row, size_t i)
{
    if (row->target) return (double)row->target[i];
    return (size_t)row->label == i ? 1.0 : 0.0;
}

/*
 * -sum z log clip(p), p = y / sum(y). With g_i = -z_i / p_i, or 0 where p_i was clipped:
 * dL/dy_j = (g_j - sum_i g_i p_i) / sum(y)
 */
static double categorical_row(const loss_row *row)
{
    double sum = 0.0, loss = 0.0, inner = 0.0;
    for (size_t i = 0; i < row->n; i++) sum += (double)row->y[i];
    for (size_t i = 0; i < row->n; i++) {
        const double z = target_of(row, i), p = (double)row->y[i] / sum;
        const double clipped = p < (double)lowest ? (double)lowest : p > (double)highest ? (double)highest : p;
        loss -= z * log(clipped);
        if (clipped == p) inner -= z;
    }
    for (size_t i = 0; row->dy && i < row->n; i++) {
        const double p = (double)row->y[i] / sum;
        const double g = p < (double)lowest || p > (double)highest ? 0.0 : -target_of(row, i) / p;
        row->dy[i] = (nn_float)(row->scale * (g - inner) / sum);
    }
    return loss;
}

/* sum_i z_i (log sum_j e^y_j - y_i); gradient softmax(y) sum(z) - z. Everything is taken relative to the largest y. */
static double categorical_logits_row(const loss_row *row)
{
    double most = (double)row->y[0], sum = 0.0, loss = 0.0, total = 0.0;
    for (size_t i = 1; i < row->n; i++) most = fmax(most, (double)row->y[i]);
    for (size_t i = 0; i < row->n; i++) sum += exp((double)row->y[i] - most);
    const double log_sum = log(sum);
    for (size_t i = 0; i < row->n; i++) {
        const double z = target_of(row, i);
        loss += z * (most - (double)row->y[i] + log_sum);
        total += z;
    }
    for (size_t i = 0; row->dy && i < row->n; i++) {
        const double softmax = exp((double)row->y[i] - most) / sum;
        row->dy[i] = (nn_float)(row->scale * (softmax * total - target_of(row, i)));
    }
    return loss;
}

/* --- all rows --- */

static double (*const row_losses[])(const loss_row *row) = {
    [NN_MSE] = squared_error_row,
    [NN_HUBER] = huber_row,
    [NN_BCE] = binary_row,
    [NN_BCE_LOGITS] = binary_logits_row,
    [NN_CATEGORICAL] = categorical_row,
    [NN_CATEGORICAL_LOGITS] = categorical_logits_row,
    [NN_SPARSE_CATEGORICAL] = categorical_row,
    [NN_SPARSE_CATEGORICAL_LOGITS] = categorical_logits_row,
};

bool nn_loss_is_sparse(nn_loss_type type)
{
    return type == NN_SPARSE_CATEGORICAL || type == NN_SPARSE_CATEGORICAL_LOGITS;
}

/* The losses whose mean is taken over elements, not rows. */
static bool by_element(nn_loss_type type)
{
    return type == NN_MSE || type == NN_HUBER || type == NN_BCE || type == NN_BCE_LOGITS;
}

nn_status nn_loss_resolve(nn_loss_def *loss, nn_error *error)
{
    if ((int)loss->type < NN_MSE || loss->type > NN_SPARSE_CATEGORICAL_LOGITS)
        return nn_fail(error, NN_ERR_ARGUMENT, "loss: type: expected a nn_loss_type, got %d", (int)loss->type);
    const double delta = nn_default(loss->delta, 1.0);
    if (!(delta > 0.0) || !isfinite(delta))
        return nn_fail(error, NN_ERR_ARGUMENT, "loss: delta: expected a positive number, got %g", loss->delta);
    loss->delta = delta;
    return NN_OK;
}

/* What is written, `dy` or `rows`, is not read: y and target are checked tensors. */
static nn_status check_own(const char *what, const void *written, size_t size, const nn_tensor *y,
                           const nn_tensor *target, nn_error *error)
{
    if (!written || (!nn_tensor_overlaps(y, written, size) && !nn_tensor_overlaps(target, written, size))) return NN_OK;
    return nn_fail(error, NN_ERR_ARGUMENT, "%s: expected memory of its own, got that of y or target", what);
}

static nn_status compute(const nn_loss_def *loss, const nn_tensor *y, const nn_tensor *target, double *mean,
                         nn_float *rows, nn_float *dy, nn_error *error)
{
    if (!loss) return nn_fail(error, NN_ERR_ARGUMENT, "loss: expected a definition, got NULL");
    nn_loss_def resolved = *loss;
    nn_status status = nn_loss_resolve(&resolved, error);
    if (status == NN_OK) status = nn_check_tensor("y", y, NN_F32, error);
    if (status == NN_OK) status = nn_check_target("target", nn_loss_is_sparse(loss->type), y->shape, target, error);
    if (status != NN_OK) return status;

    const bool sparse = nn_loss_is_sparse(loss->type);
    const size_t n = (size_t)y->shape.dim[y->shape.rank - 1], count = nn_shape_count(y->shape) / n;
    status = check_own("dy", dy, count * n * sizeof *dy, y, target, error);
    if (status == NN_OK) status = check_own("rows", rows, count * sizeof *rows, y, target, error);
    if (status == NN_OK && dy && rows && nn_overlap(dy, count * n * sizeof *dy, rows, count * sizeof *rows))
        status = nn_fail(error, NN_ERR_ARGUMENT, "rows: expected memory of its own, got that of dy");
    if (status != NN_OK) return status;
    loss_row row = { .loss = &resolved, .n = n, .scale = 1.0 / (double)(by_element(loss->type) ? count * n : count) };
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        row.y = y->f32 + i * n;
        row.target = sparse ? NULL : target->f32 + i * n;
        row.label = sparse ? target->i32[i] : 0;
        row.dy = dy ? dy + i * n : NULL;
        const double value = row_losses[loss->type](&row);
        if (rows) rows[i] = (nn_float)value;
        if (!isfinite(value)) nn_fail(error, status = NN_ERR_NUMERIC, "loss: row %zu is %g", i, value);
        sum += value;
    }
    *mean = sum / (double)count;
    if (status == NN_OK && !isfinite((nn_float)*mean))
        return nn_fail(error, NN_ERR_NUMERIC, "loss: expected a finite number, got %g", *mean);
    return status;
}

nn_status nn_loss_compute(const nn_loss_def *loss, const nn_tensor *y, const nn_tensor *target, double *mean,
                          nn_float *rows, nn_float *dy, nn_error *error)
{
    const nn_float_mode float_mode = nn_rounding_enter();
    const nn_status status = compute(loss, y, target, mean, rows, dy, error);
    nn_float_mode_leave(float_mode);
    return status;
}

nn_status nn_loss(const nn_loss_def *loss, const nn_tensor *y, const nn_tensor *target, nn_float *mean, nn_float *rows,
                  nn_tensor *dy, nn_error *error)
{
    if (error) *error = (nn_error){ 0 };
    if (dy) {
        nn_status status = nn_check_tensor("y", y, NN_F32, error);
        if (status == NN_OK) status = nn_check_tensor("dy", dy, NN_F32, error);
        if (status != NN_OK) return status;
        if (!nn_same_shape(dy->shape, y->shape))
            return nn_fail(error, NN_ERR_SHAPE, "dy: expected the shape of y %s, got %s",
                           nn_shape_format(y->shape).text, nn_shape_format(dy->shape).text);
    }
    double value = NAN;
    const nn_status status = nn_loss_compute(loss, y, target, &value, rows, dy ? dy->f32 : NULL, error);
    if (mean && (status == NN_OK || status == NN_ERR_NUMERIC)) *mean = (nn_float)value;
    return status;
}
