#include "batch_norm.h"
#include "real.h"

/*
 * Columns go by in groups of GROUP vectors, whose sums are registers; what is left over goes one by one.
 */
enum { GROUP = 4, GROUP_COLS = GROUP * NN_LANES };

static void moments(nn_float *mean, nn_float *squares, const nn_float *x, size_t stride, size_t rows, size_t n)
{
    const nn_float scale = 1 / (nn_float)rows;
    size_t j = 0;
    for (; j + GROUP_COLS <= n; j += GROUP_COLS) {
        nn_vec m[GROUP] = { { 0 } }, s[GROUP] = { { 0 } };
        for (size_t r = 0; r < rows; r++) {
            for (int v = 0; v < GROUP; v++) m[v] += nn_load(x + r * stride + j + (size_t)v * NN_LANES);
        }
        for (int v = 0; v < GROUP; v++) m[v] *= scale;
        for (size_t r = 0; r < rows; r++) {
            for (int v = 0; v < GROUP; v++) {
                const nn_vec d = nn_load(x + r * stride + j + (size_t)v * NN_LANES) - m[v];
                s[v] += d * d;
            }
        }
        for (int v = 0; v < GROUP; v++) {
            nn_store(mean + j + (size_t)v * NN_LANES, m[v]);
            nn_store(squares + j + (size_t)v * NN_LANES, s[v]);
        }
    }
    for (; j < n; j++) {
        nn_float m = 0, s = 0;
        for (size_t r = 0; r < rows; r++) m += x[r * stride + j];
        m *= scale;
        for (size_t r = 0; r < rows; r++) s += (x[r * stride + j] - m) * (x[r * stride + j] - m);
        mean[j] = m;
        squares[j] = s;
    }
}

static void sums(nn_float *dy_sum, nn_float *product_sum, const nn_float *dy, const nn_float *x, const nn_float *mean,
                 size_t stride, size_t rows, size_t n)
{
    size_t j = 0;
    for (; j + GROUP_COLS <= n; j += GROUP_COLS) {
        nn_vec a[GROUP] = { { 0 } }, b[GROUP] = { { 0 } }, m[GROUP];
        for (int v = 0; v < GROUP; v++) m[v] = nn_load(mean + j + (size_t)v * NN_LANES);
        for (size_t r = 0; r < rows; r++) {
            for (int v = 0; v < GROUP; v++) {
                const size_t at = r * stride + j + (size_t)v * NN_LANES;
                const nn_vec d = nn_load(dy + at);
                a[v] += d;
                b[v] += d * (nn_load(x + at) - m[v]);
            }
        }
        for (int v = 0; v < GROUP; v++) {
            nn_store(dy_sum + j + (size_t)v * NN_LANES, a[v]);
            nn_store(product_sum + j + (size_t)v * NN_LANES, b[v]);
        }
    }
    for (; j < n; j++) {
        nn_float a = 0, b = 0;
        for (size_t r = 0; r < rows; r++) {
            a += dy[r * stride + j];
            b += dy[r * stride + j] * (x[r * stride + j] - mean[j]);
        }
        dy_sum[j] = a;
        product_sum[j] = b;
    }
}

static void normalize(nn_float *y, const nn_float *x, const nn_float *mean, const nn_float *scale,
                      const nn_float *shift, size_t stride, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++, x += stride, y += stride) {
        size_t j = 0;
        for (; j + NN_LANES <= n; j += NN_LANES) {
            const nn_vec base = shift ? nn_load(shift + j) : (nn_vec){ 0 };
            nn_store(y + j, (nn_load(x + j) - nn_load(mean + j)) * nn_load(scale + j) + base);
        }
        for (; j < n; j++) y[j] = (x[j] - mean[j]) * scale[j] + (shift ? shift[j] : 0);
    }
}

static void backward(nn_float *dx, const nn_float *dy, const nn_float *x, const nn_float *mean, const nn_float *scale,
                     const nn_float *offset, const nn_float *slope, size_t stride, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++, x += stride, dy += stride, dx += stride) {
        size_t j = 0;
        for (; j + NN_LANES <= n; j += NN_LANES) {
            const nn_vec centred = nn_load(x + j) - nn_load(mean + j);
            const nn_vec d = nn_load(dy + j) - nn_load(offset + j) - nn_load(slope + j) * centred;
            nn_store(dx + j, nn_load(scale + j) * d);
        }
        for (; j < n; j++) dx[j] = scale[j] * (dy[j] - offset[j] - slope[j] * (x[j] - mean[j]));
    }
}

extern const nn_batch_norm_kernels NN_KERNEL(batch_norm_kernels);
const nn_batch_norm_kernels
    NN_KERNEL(batch_norm_kernels) = { .moments = moments, .normalize = normalize, .sums = sums, .backward = backward };
