#include "init.h"
#include "random.h"
#include <math.h>

static double normal(nn_rng *rng)
{
    double z[2];
    const uint32_t a = nn_random_u32(rng), b = nn_random_u32(rng);
    nn_box_muller(a, b, z);
    return z[0];
}

/* Keras' TruncatedNormal draws again beyond two deviations, so its variance is that of the normal times 0.8796^2. */
static double truncated_normal(nn_rng *rng)
{
    const double deviation_of_truncated = 0.87962566103423978;
    double z = normal(rng);
    while (fabs(z) > 2.0) z = normal(rng);
    return z / deviation_of_truncated;
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/*
 * Saxe et al. 2013, as Keras: Q of the QR factorisation of a normal (long, short) matrix, columns times sign(diag R);
 * Gram-Schmidt, twice for precision, gives diag R > 0, which is just that. Column j of Q is row j of `q`.
 */
static nn_status orthogonal(nn_weight *weight, nn_rng *rng, const nn_allocator *allocator)
{
    const size_t rows = weight->count / (size_t)weight->shape.dim[weight->shape.rank - 1];
    const size_t columns = weight->count / rows;
    const size_t length = rows > columns ? rows : columns, width = rows > columns ? columns : rows;
    size_t bytes = 0;
    if (!nn_mul_size(weight->count, sizeof(double), &bytes)) return NN_ERR_MEMORY;
    double *q = nn_alloc(allocator, bytes);
    if (!q) return NN_ERR_MEMORY;
    for (size_t j = 0; j < width; j++) {
        double *column = q + j * length, norm = 0.0;
        while (norm < 1e-6) {
            for (size_t i = 0; i < length; i++) column[i] = normal(rng);
            for (int pass = 0; pass < 2; pass++)
                for (size_t p = 0; p < j; p++) {
                    const double along = dot(column, q + p * length, length);
                    for (size_t i = 0; i < length; i++) column[i] -= along * q[p * length + i];
                }
            norm = sqrt(dot(column, column, length));
        }
        for (size_t i = 0; i < length; i++) column[i] /= norm;
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            weight->value[r * columns + c] = (nn_float)(rows > columns ? q[c * length + r] : q[r * length + c]);
    nn_release(allocator, q);
    return NN_OK;
}

static void fill_uniform(nn_weight *weight, double limit, nn_rng *rng)
{
    nn_tensor view = nn_view_f32(weight->value, weight->shape);
    nn_fill_uniform(&view, -limit, limit, rng);
}

static void fill_truncated(nn_weight *weight, double variance, nn_rng *rng)
{
    for (size_t i = 0; i < weight->count; i++) weight->value[i] = (nn_float)(sqrt(variance) * truncated_normal(rng));
}

nn_status nn_init_weight(nn_weight *weight, nn_rng rng, const nn_allocator *allocator)
{
    const double in = fmax(1.0, weight->fan_in), both = fmax(1.0, (weight->fan_in + weight->fan_out) / 2.0);
    nn_tensor view = nn_view_f32(weight->value, weight->shape);
    switch (weight->init) {
    case NN_INIT_DEFAULT:
    case NN_ZEROS:
        nn_fill(&view, 0);
        break;
    case NN_ONES:
        nn_fill(&view, 1);
        break;
    case NN_GLOROT_UNIFORM:
        fill_uniform(weight, sqrt(3.0 / both), &rng);
        break;
    case NN_HE_UNIFORM:
        fill_uniform(weight, sqrt(6.0 / in), &rng);
        break;
    case NN_LECUN_UNIFORM:
        fill_uniform(weight, sqrt(3.0 / in), &rng);
        break;
    case NN_UNIFORM_05:
        fill_uniform(weight, 0.05, &rng);
        break;
    case NN_GLOROT_NORMAL:
        fill_truncated(weight, 1.0 / both, &rng);
        break;
    case NN_HE_NORMAL:
        fill_truncated(weight, 2.0 / in, &rng);
        break;
    case NN_LECUN_NORMAL:
        fill_truncated(weight, 1.0 / in, &rng);
        break;
    case NN_NORMAL_05:
        nn_fill_normal(&view, 0.0, 0.05, &rng);
        break;
    case NN_ORTHOGONAL:
        return orthogonal(weight, &rng, allocator);
    }
    return NN_OK;
}
