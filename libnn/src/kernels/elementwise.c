/*
 * Element by element: whole vectors of NN_LANES, then the rest in one padded vector, so that every element goes through
 * the same arithmetic wherever it stands.
 */
#include "elementwise.h"
#include "dropout.h"
#include "real.h"
#include "vector_activation.h"

/* out[i] = expression of `x` (and more), for all i < n. `part` loads what the expression needs besides x. */
#define FOR_EACH_VECTOR(n, out, full, rest)                                                                            \
    do {                                                                                                               \
        size_t i = 0;                                                                                                  \
        for (; i + NN_LANES <= (n); i += NN_LANES) nn_store((out) + i, (full));                                        \
        if (i < (n)) nn_store_part((out) + i, (rest), (n)-i);                                                          \
    } while (0)

NN_INLINE void activate_rows(const nn_activation activation, nn_float *y, const nn_float *x, const nn_float *bias,
                             size_t rows, size_t n)
{
    if (!bias) {
        FOR_EACH_VECTOR(rows * n, y, nn_vactivate(activation, nn_load(x + i)),
                        nn_vactivate(activation, nn_load_part(x + i, rows * n - i)));
        return;
    }
    for (size_t r = 0; r < rows; r++, y += n, x += n)
        FOR_EACH_VECTOR(n, y, nn_vactivate(activation, nn_load(x + i) + nn_load(bias + i)),
                        nn_vactivate(activation, nn_load_part(x + i, n - i) + nn_load_part(bias + i, n - i)));
}

/* e^(x - max) / sum: finite for any finite logits. */
static void softmax_row(nn_float *y, const nn_float *x, const nn_float *bias, size_t n)
{
    nn_float most = -INFINITY;
    double sum = 0; /* many equal small terms beside a large one would all be rounded the same way */
    for (size_t i = 0; i < n; i++) {
        y[i] = bias ? x[i] + bias[i] : x[i];
        most = y[i] > most ? y[i] : most;
    }
    FOR_EACH_VECTOR(n, y, nn_vexp(nn_load(y + i) - most), nn_vexp(nn_load_part(y + i, n - i) - most));
    for (size_t i = 0; i < n; i++) sum += (double)y[i];
    for (size_t i = 0; i < n; i++) y[i] /= (nn_float)sum;
}

static void activate(nn_float *y, const nn_float *x, const nn_float *bias, size_t rows, size_t n,
                     nn_activation activation)
{
    switch (activation) {
    case NN_SOFTMAX:
        for (size_t r = 0; r < rows; r++) softmax_row(y + r * n, x + r * n, bias, n);
        break;
    case NN_RELU:
        activate_rows(NN_RELU, y, x, bias, rows, n);
        break;
    case NN_SIGMOID:
        activate_rows(NN_SIGMOID, y, x, bias, rows, n);
        break;
    case NN_TANH:
        activate_rows(NN_TANH, y, x, bias, rows, n);
        break;
    case NN_HARD_SIGMOID:
        activate_rows(NN_HARD_SIGMOID, y, x, bias, rows, n);
        break;
    default:
        activate_rows(NN_LINEAR, y, x, bias, rows, n);
    }
}

/* dx = y * (dy - sum(dy * y)) */
static void softmax_backward_row(nn_float *dx, const nn_float *dy, const nn_float *y, size_t n)
{
    double along = 0;
    for (size_t i = 0; i < n; i++) along += (double)dy[i] * (double)y[i];
    for (size_t i = 0; i < n; i++) dx[i] = y[i] * (nn_float)((double)dy[i] - along);
}

static void activate_backward(nn_float *dx, const nn_float *dy, const nn_float *y, size_t rows, size_t n,
                              nn_activation activation)
{
    if (activation == NN_SOFTMAX) {
        for (size_t r = 0; r < rows; r++) softmax_backward_row(dx + r * n, dy + r * n, y + r * n, n);
        return;
    }
    n *= rows;
    FOR_EACH_VECTOR(n, dx, nn_vactivate_backward(activation, nn_load(dy + i), nn_load(y + i)),
                    nn_vactivate_backward(activation, nn_load_part(dy + i, n - i), nn_load_part(y + i, n - i)));
}

/* At 0 the slope counts, as in TensorFlow: its gradient is dy there only where x > 0. */
static inline nn_vec leaky(nn_vec x, nn_vec of, nn_float slope)
{
    return nn_vselect(of > 0, x, x * slope);
}

static void leaky_relu(nn_float *y, const nn_float *x, size_t n, nn_float slope)
{
    FOR_EACH_VECTOR(n, y, leaky(nn_load(x + i), nn_load(x + i), slope),
                    leaky(nn_load_part(x + i, n - i), nn_load_part(x + i, n - i), slope));
}

static void leaky_relu_backward(nn_float *dx, const nn_float *dy, const nn_float *x, size_t n, nn_float slope)
{
    FOR_EACH_VECTOR(n, dx, leaky(nn_load(dy + i), nn_load(x + i), slope),
                    leaky(nn_load_part(dy + i, n - i), nn_load_part(x + i, n - i), slope));
}

static void add_to(nn_float *y, const nn_float *x, size_t n)
{
    FOR_EACH_VECTOR(n, y, nn_load(y + i) + nn_load(x + i), nn_load_part(y + i, n - i) + nn_load_part(x + i, n - i));
}

/* A block of columns at a time stays in registers down all rows. */
static void add_rows(nn_float *sum, const nn_float *x, size_t rows, size_t n)
{
    size_t j = 0;
    for (; j + NN_LANES <= n; j += NN_LANES) {
        nn_vec total = { 0 };
        for (size_t r = 0; r < rows; r++) total += nn_load(x + r * n + j);
        nn_store(sum + j, nn_load(sum + j) + total);
    }
    if (j < n) {
        nn_vec total = { 0 };
        for (size_t r = 0; r < rows; r++) total += nn_load_part(x + r * n + j, n - j);
        nn_store_part(sum + j, nn_load_part(sum + j, n - j) + total, n - j);
    }
}

extern const nn_elementwise_kernels NN_KERNEL(elementwise_kernels);
const nn_elementwise_kernels NN_KERNEL(elementwise_kernels) = {
    .activate = activate,
    .activate_backward = activate_backward,
    .leaky_relu = leaky_relu,
    .leaky_relu_backward = leaky_relu_backward,
    .add_rows = add_rows,
    .add = add_to,
    .dropout = NN_KERNEL(dropout),
};
