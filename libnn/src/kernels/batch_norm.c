#include "batch_norm.h"
#include "micro.h"

/*
 * Columns go by in groups of GROUP vectors, then one by one, the last one of some lanes only: what belongs to a column
 * is in registers while rows pass. Where a row is wider than a group, only STRIP rows do: memory is read fastest in its
 * order, and what belongs to a column comes from the first cache again.
 */
enum { GROUP = 4, STRIP = 8 };

/* function(vectors, lanes, .., j) for all n columns; `lanes` of the last vector count. */
#define BY_COLUMNS(n, function, ...)                                                                                   \
    do {                                                                                                               \
        size_t j_ = 0;                                                                                                 \
        for (; j_ + GROUP * NN_LANES <= (n); j_ += GROUP * NN_LANES) function(GROUP, NN_LANES, __VA_ARGS__, j_);       \
        for (; j_ + NN_LANES <= (n); j_ += NN_LANES) function(1, NN_LANES, __VA_ARGS__, j_);                           \
        if (j_ < (n)) function(1, (n)-j_, __VA_ARGS__, j_);                                                            \
    } while (0)

/* Some rows of a block, which is `stride` wide: what passes the columns of a group at a time. */
typedef struct strip {
    size_t first, end; /* rows */
    size_t stride;
} strip;

/* The rows from `first` on that pass together, of `rows` with n columns. */
static strip strip_of(size_t first, size_t rows, size_t n, size_t stride)
{
    const size_t count = n <= GROUP * NN_LANES ? rows : STRIP;
    return (strip){ first, rows - first < count ? rows : first + count, stride };
}

/* function(vectors, lanes, .., strip, j) for all rows and columns. */
#define BY_STRIPS(rows, n, stride, function, ...)                                                                      \
    do {                                                                                                               \
        strip s_ = strip_of(0, rows, n, stride);                                                                       \
        for (; s_.first < (rows); s_ = strip_of(s_.end, rows, n, stride)) BY_COLUMNS(n, function, __VA_ARGS__, s_);    \
    } while (0)

NN_INLINE void load_columns(const int vectors, const size_t lanes, nn_vec group[GROUP], const nn_float *from, size_t j)
{
    for (int v = 0; v < vectors; v++) group[v] = nn_load_part(from + j + (size_t)v * NN_LANES, lanes);
}

NN_INLINE void store_columns(const int vectors, const size_t lanes, nn_float *to, const nn_vec group[GROUP], size_t j)
{
    for (int v = 0; v < vectors; v++) nn_store_part(to + j + (size_t)v * NN_LANES, group[v], lanes);
}

/* sum += x */
NN_INLINE void add_rows(const int vectors, const size_t lanes, nn_float *sum, const nn_float *x, strip s, size_t j)
{
    nn_vec a[GROUP];
    load_columns(vectors, lanes, a, sum, j);
    for (size_t r = s.first; r < s.end; r++) {
        for (int v = 0; v < vectors; v++) a[v] += nn_load_part(x + r * s.stride + j + (size_t)v * NN_LANES, lanes);
    }
    store_columns(vectors, lanes, sum, a, j);
}

/* rest += x - mean, squares += (x - mean)^2 */
NN_INLINE void add_deviations(const int vectors, const size_t lanes, nn_float *rest, nn_float *squares,
                              const nn_float *mean, const nn_float *x, strip s, size_t j)
{
    nn_vec m[GROUP], e[GROUP], q[GROUP];
    load_columns(vectors, lanes, m, mean, j);
    load_columns(vectors, lanes, e, rest, j);
    load_columns(vectors, lanes, q, squares, j);
    for (size_t r = s.first; r < s.end; r++) {
        for (int v = 0; v < vectors; v++) {
            const nn_vec d = nn_load_part(x + r * s.stride + j + (size_t)v * NN_LANES, lanes) - m[v];
            e[v] += d;
            q[v] += d * d;
        }
    }
    store_columns(vectors, lanes, rest, e, j);
    store_columns(vectors, lanes, squares, q, j);
}

/* dy_sum += dy, product_sum += dy (x - mean) */
NN_INLINE void add_sums(const int vectors, const size_t lanes, nn_float *dy_sum, nn_float *product_sum,
                        const nn_float *dy, const nn_float *x, const nn_float *mean, strip s, size_t j)
{
    nn_vec a[GROUP], b[GROUP], m[GROUP];
    load_columns(vectors, lanes, a, dy_sum, j);
    load_columns(vectors, lanes, b, product_sum, j);
    load_columns(vectors, lanes, m, mean, j);
    for (size_t r = s.first; r < s.end; r++) {
        for (int v = 0; v < vectors; v++) {
            const size_t at = r * s.stride + j + (size_t)v * NN_LANES;
            const nn_vec d = nn_load_part(dy + at, lanes);
            a[v] += d;
            b[v] += d * (nn_load_part(x + at, lanes) - m[v]);
        }
    }
    store_columns(vectors, lanes, dy_sum, a, j);
    store_columns(vectors, lanes, product_sum, b, j);
}

NN_INLINE void normalize_rows(const int vectors, const size_t lanes, nn_float *y, const nn_float *x,
                              const nn_float *mean, const nn_float *scale, const nn_float *shift, strip s, size_t j)
{
    nn_vec m[GROUP], factor[GROUP], base[GROUP];
    load_columns(vectors, lanes, m, mean, j);
    load_columns(vectors, lanes, factor, scale, j);
    load_columns(vectors, lanes, base, shift, j);
    for (size_t r = s.first; r < s.end; r++) {
        for (int v = 0; v < vectors; v++) {
            const size_t at = r * s.stride + j + (size_t)v * NN_LANES;
            nn_store_part(y + at, (nn_load_part(x + at, lanes) - m[v]) * factor[v] + base[v], lanes);
        }
    }
}

NN_INLINE void backward_rows(const int vectors, const size_t lanes, nn_float *dx, const nn_float *dy, const nn_float *x,
                             const nn_float *mean, const nn_float *scale, const nn_float *offset, const nn_float *slope,
                             strip s, size_t j)
{
    nn_vec m[GROUP], factor[GROUP], o[GROUP], k[GROUP];
    load_columns(vectors, lanes, m, mean, j);
    load_columns(vectors, lanes, factor, scale, j);
    load_columns(vectors, lanes, o, offset, j);
    load_columns(vectors, lanes, k, slope, j);
    for (size_t r = s.first; r < s.end; r++) {
        for (int v = 0; v < vectors; v++) {
            const size_t at = r * s.stride + j + (size_t)v * NN_LANES;
            const nn_vec centred = nn_load_part(x + at, lanes) - m[v];
            const nn_vec d = nn_load_part(dy + at, lanes) - o[v] - k[v] * centred;
            nn_store_part(dx + at, factor[v] * d, lanes);
        }
    }
}

static void moments(nn_float *mean, nn_float *rest, nn_float *squares, const nn_float *x, size_t stride, size_t rows,
                    size_t n)
{
    const nn_float scale = 1 / (nn_float)rows;
    for (size_t j = 0; j < n; j++) mean[j] = rest[j] = squares[j] = 0;
    BY_STRIPS(rows, n, stride, add_rows, mean, x);
    for (size_t j = 0; j < n; j++) mean[j] *= scale;
    BY_STRIPS(rows, n, stride, add_deviations, rest, squares, mean, x);
}

static void sums(nn_float *dy_sum, nn_float *product_sum, const nn_float *dy, const nn_float *x, const nn_float *mean,
                 size_t stride, size_t rows, size_t n)
{
    for (size_t j = 0; j < n; j++) dy_sum[j] = product_sum[j] = 0;
    BY_STRIPS(rows, n, stride, add_sums, dy_sum, product_sum, dy, x, mean);
}

static void normalize(nn_float *y, const nn_float *x, const nn_float *mean, const nn_float *scale,
                      const nn_float *shift, size_t stride, size_t rows, size_t n)
{
    BY_STRIPS(rows, n, stride, normalize_rows, y, x, mean, scale, shift);
}

static void backward(nn_float *dx, const nn_float *dy, const nn_float *x, const nn_float *mean, const nn_float *scale,
                     const nn_float *offset, const nn_float *slope, size_t stride, size_t rows, size_t n)
{
    BY_STRIPS(rows, n, stride, backward_rows, dx, dy, x, mean, scale, offset, slope);
}

extern const nn_batch_norm_kernels NN_KERNEL(batch_norm_kernels);
const nn_batch_norm_kernels
    NN_KERNEL(batch_norm_kernels) = { .moments = moments, .normalize = normalize, .sums = sums, .backward = backward };
