#include "batch_norm.h"
#include "micro.h"

/*
 * Columns go by in groups of GROUP vectors, then one by one, the last one of some lanes only: what belongs to a column
 * is in registers while the rows pass.
 */
enum { GROUP = 4 };

/* function(vectors, lanes, .., j) for all n columns; `lanes` of the last vector count. */
#define BY_COLUMNS(n, function, ...)                                                                                   \
    do {                                                                                                               \
        size_t j_ = 0;                                                                                                 \
        for (; j_ + GROUP * NN_LANES <= (n); j_ += GROUP * NN_LANES) function(GROUP, NN_LANES, __VA_ARGS__, j_);       \
        for (; j_ + NN_LANES <= (n); j_ += NN_LANES) function(1, NN_LANES, __VA_ARGS__, j_);                           \
        if (j_ < (n)) function(1, (n)-j_, __VA_ARGS__, j_);                                                            \
    } while (0)

NN_INLINE void load_columns(const int vectors, const size_t lanes, nn_vec group[GROUP], const nn_float *from, size_t j)
{
    for (int v = 0; v < vectors; v++) group[v] = nn_load_part(from + j + (size_t)v * NN_LANES, lanes);
}

NN_INLINE void store_columns(const int vectors, const size_t lanes, nn_float *to, const nn_vec group[GROUP], size_t j)
{
    for (int v = 0; v < vectors; v++) nn_store_part(to + j + (size_t)v * NN_LANES, group[v], lanes);
}

NN_INLINE void moments_of(const int vectors, const size_t lanes, nn_float *mean, nn_float *rest, nn_float *squares,
                          const nn_float *x, size_t stride, size_t rows, size_t j)
{
    const nn_float scale = 1 / (nn_float)rows;
    nn_vec m[GROUP] = { { 0 } }, e[GROUP] = { { 0 } }, s[GROUP] = { { 0 } };
    for (size_t r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) m[v] += nn_load_part(x + r * stride + j + (size_t)v * NN_LANES, lanes);
    }
    for (int v = 0; v < vectors; v++) m[v] *= scale;
    for (size_t r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
            const nn_vec d = nn_load_part(x + r * stride + j + (size_t)v * NN_LANES, lanes) - m[v];
            e[v] += d;
            s[v] += d * d;
        }
    }
    store_columns(vectors, lanes, mean, m, j);
    store_columns(vectors, lanes, rest, e, j);
    store_columns(vectors, lanes, squares, s, j);
}

NN_INLINE void sums_of(const int vectors, const size_t lanes, nn_float *dy_sum, nn_float *product_sum,
                       const nn_float *dy, const nn_float *x, const nn_float *mean, size_t stride, size_t rows,
                       size_t j)
{
    nn_vec a[GROUP] = { { 0 } }, b[GROUP] = { { 0 } }, m[GROUP];
    load_columns(vectors, lanes, m, mean, j);
    for (size_t r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
            const size_t at = r * stride + j + (size_t)v * NN_LANES;
            const nn_vec d = nn_load_part(dy + at, lanes);
            a[v] += d;
            b[v] += d * (nn_load_part(x + at, lanes) - m[v]);
        }
    }
    store_columns(vectors, lanes, dy_sum, a, j);
    store_columns(vectors, lanes, product_sum, b, j);
}

NN_INLINE void normalize_of(const int vectors, const size_t lanes, nn_float *y, const nn_float *x, const nn_float *mean,
                            const nn_float *scale, const nn_float *shift, size_t stride, size_t rows, size_t j)
{
    nn_vec m[GROUP], factor[GROUP], base[GROUP];
    load_columns(vectors, lanes, m, mean, j);
    load_columns(vectors, lanes, factor, scale, j);
    load_columns(vectors, lanes, base, shift, j);
    for (size_t r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
            const size_t at = r * stride + j + (size_t)v * NN_LANES;
            nn_store_part(y + at, (nn_load_part(x + at, lanes) - m[v]) * factor[v] + base[v], lanes);
        }
    }
}

NN_INLINE void backward_of(const int vectors, const size_t lanes, nn_float *dx, const nn_float *dy, const nn_float *x,
                           const nn_float *mean, const nn_float *scale, const nn_float *offset, const nn_float *slope,
                           size_t stride, size_t rows, size_t j)
{
    nn_vec m[GROUP], factor[GROUP], o[GROUP], s[GROUP];
    load_columns(vectors, lanes, m, mean, j);
    load_columns(vectors, lanes, factor, scale, j);
    load_columns(vectors, lanes, o, offset, j);
    load_columns(vectors, lanes, s, slope, j);
    for (size_t r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
            const size_t at = r * stride + j + (size_t)v * NN_LANES;
            const nn_vec centred = nn_load_part(x + at, lanes) - m[v];
            const nn_vec d = nn_load_part(dy + at, lanes) - o[v] - s[v] * centred;
            nn_store_part(dx + at, factor[v] * d, lanes);
        }
    }
}

static void moments(nn_float *mean, nn_float *rest, nn_float *squares, const nn_float *x, size_t stride, size_t rows,
                    size_t n)
{
    BY_COLUMNS(n, moments_of, mean, rest, squares, x, stride, rows);
}

static void sums(nn_float *dy_sum, nn_float *product_sum, const nn_float *dy, const nn_float *x, const nn_float *mean,
                 size_t stride, size_t rows, size_t n)
{
    BY_COLUMNS(n, sums_of, dy_sum, product_sum, dy, x, mean, stride, rows);
}

static void normalize(nn_float *y, const nn_float *x, const nn_float *mean, const nn_float *scale,
                      const nn_float *shift, size_t stride, size_t rows, size_t n)
{
    BY_COLUMNS(n, normalize_of, y, x, mean, scale, shift, stride, rows);
}

static void backward(nn_float *dx, const nn_float *dy, const nn_float *x, const nn_float *mean, const nn_float *scale,
                     const nn_float *offset, const nn_float *slope, size_t stride, size_t rows, size_t n)
{
    BY_COLUMNS(n, backward_of, dx, dy, x, mean, scale, offset, slope, stride, rows);
}

extern const nn_batch_norm_kernels NN_KERNEL(batch_norm_kernels);
const nn_batch_norm_kernels
    NN_KERNEL(batch_norm_kernels) = { .moments = moments, .normalize = normalize, .sums = sums, .backward = backward };
