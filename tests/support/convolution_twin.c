#include "convolution_twin.h"
#include "layers/convolution.h"
#include "model.h"
#include "one_layer.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DOWN NN_CONV2D

/* The geometry, worked out once more: image is the large side, map the small one. */
typedef struct geometry {
    int batch, c, f, image[2], map[2], kernel[2], stride[2], before[2];
} geometry;

static geometry geometry_of(const conv_case *k)
{
    geometry g = { .batch = k->batch,
                   .c = k->type == DOWN ? k->in : k->filters,
                   .f = k->type == DOWN ? k->filters : k->in };
    const int in[2] = { k->h, k->w };
    for (int i = 0; i < 2; i++) {
        const int s = k->stride[i], size = k->kernel[i];
        g.kernel[i] = size;
        g.stride[i] = s;
        if (k->type == DOWN) {
            g.image[i] = in[i];
            g.map[i] = k->padding == NN_SAME ? (in[i] + s - 1) / s : (in[i] - size) / s + 1;
        } else {
            g.map[i] = in[i];
            g.image[i] = in[i] * s + (k->padding == NN_VALID && size > s ? size - s : 0);
        }
        const int total = (g.map[i] - 1) * s + size - g.image[i];
        g.before[i] = k->padding == NN_SAME && total > 0 ? total / 2 : 0;
    }
    return g;
}

/* Where the naive sums go, each with the sum of its terms' magnitudes. */
typedef struct sums {
    double *value, *magnitude;
} sums;

static sums make_sums(size_t count)
{
    return (sums){ doubles(count), doubles(count) };
}

static void free_sums(sums s)
{
    free(s.value);
    free(s.magnitude);
}

static void add(sums s, size_t at, double term)
{
    s.value[at] += term;
    s.magnitude[at] += fabs(term);
}

/* For every meeting of an image cell, a kernel element and a map cell: up, down or kernel gains the others' product. */
static void convolve(const geometry *g, const double *image, const double *kernel, const double *map, sums to)
{
    for (int n = 0; n < g->batch; n++)
        for (int o = 0; o < g->map[0]; o++)
            for (int p = 0; p < g->map[1]; p++)
                for (int i = 0; i < g->kernel[0]; i++)
                    for (int j = 0; j < g->kernel[1]; j++) {
                        const int row = o * g->stride[0] + i - g->before[0], col = p * g->stride[1] + j - g->before[1];
                        if (row < 0 || row >= g->image[0] || col < 0 || col >= g->image[1]) continue;
                        const size_t cell = (size_t)((n * g->image[0] + row) * g->image[1] + col) * (size_t)g->c;
                        const size_t position = (size_t)((n * g->map[0] + o) * g->map[1] + p) * (size_t)g->f;
                        const size_t tap = (size_t)(i * g->kernel[1] + j) * (size_t)(g->c * g->f);
                        for (size_t c = 0; c < (size_t)g->c; c++)
                            for (size_t f = 0; f < (size_t)g->f; f++) {
                                const size_t k = tap + c * (size_t)g->f + f;
                                if (!image) add(to, cell + c, kernel[k] * map[position + f]);
                                if (!map) add(to, position + f, kernel[k] * image[cell + c]);
                                if (!kernel) add(to, k, image[cell + c] * map[position + f]);
                            }
                    }
}

static double *widened(const nn_float *from, size_t count)
{
    double *to = doubles(count);
    for (size_t i = 0; i < count; i++) to[i] = (double)from[i];
    return to;
}

static void activate(double *y, size_t n, nn_activation activation)
{
    double total = 0.0;
    for (size_t i = 0; i < n; i++) {
        if (activation == NN_RELU) y[i] = y[i] > 0.0 ? y[i] : 0.0;
        if (activation == NN_SIGMOID) y[i] = 1.0 / (1.0 + exp(-y[i]));
        if (activation == NN_TANH) y[i] = tanh(y[i]);
        if (activation == NN_HARD_SIGMOID) y[i] = fmin(fmax(0.2 * y[i] + 0.5, 0.0), 1.0);
        if (activation == NN_SOFTMAX) total += y[i] = exp(y[i]);
    }
    for (size_t i = 0; i < n && activation == NN_SOFTMAX; i++) y[i] /= total;
}

/* dz from dy, of one row; y is the layer's own, so that a kink falls on the same side. */
static void activate_backward(double *dz, const nn_float *y, size_t n, nn_activation activation)
{
    double dot = 0.0;
    for (size_t i = 0; i < n; i++) dot += dz[i] * (double)y[i];
    for (size_t i = 0; i < n; i++) {
        const double v = (double)y[i];
        if (activation == NN_RELU) dz[i] *= v > 0.0;
        if (activation == NN_SIGMOID) dz[i] *= v * (1.0 - v);
        if (activation == NN_TANH) dz[i] *= 1.0 - v * v;
        if (activation == NN_HARD_SIGMOID) dz[i] *= v > 0.0 && v < 1.0 ? 0.2 : 0.0;
        if (activation == NN_SOFTMAX) dz[i] = v * (dz[i] - dot);
    }
}

/* Rounding of float sums, relative to the sum of magnitudes; in squares so many times it (docs/decisions/0007). */
static const double TOLERANCE = 1e-6, SQUARES_OF_3_TAPS = 8, SQUARES_OF_5_TAPS = 6;

/* In squares each result's error depends on the whole square: the largest sum counts. */
static double tolerance_of(const conv_case *k, bool squares, sums s, size_t count)
{
    double most = 0.0;
    if (!squares) return TOLERANCE;
    for (size_t i = 0; i < count; i++) most = fmax(most, s.magnitude[i]);
    for (size_t i = 0; i < count; i++) s.magnitude[i] = most;
    return TOLERANCE * (k->kernel[0] == 3 ? SQUARES_OF_3_TAPS : SQUARES_OF_5_TAPS);
}

static void check_forward(const conv_case *k, const geometry *g, const one_layer *one, const double *x,
                          const double *kernel, const char *label)
{
    const size_t count = nn_shape_count(one->y.shape), n = (size_t)k->filters;
    sums y = make_sums(count);
    convolve(g, k->type == DOWN ? x : NULL, kernel, k->type == DOWN ? NULL : x, y);
    for (size_t i = 0; i < count; i++) {
        if (!k->no_bias) add(y, i, (double)one->weight[1].f32[i % n]);
        y.magnitude[i] += 2.0; /* activations are exact to an ulp or two of 1 */
    }
    for (size_t row = 0; row < count / n; row++) activate(y.value + row * n, n, k->activation);
    assert_close(one->y.f32, y.value, y.magnitude, count,
                 tolerance_of(k, k->path & (k->type == DOWN ? SQUARES_DOWN : SQUARES_UP), y, count), label);
    free_sums(y);
}

static void check_backward(const conv_case *k, const geometry *g, const one_layer *one, const double *x,
                           const double *kernel, const char *label)
{
    const size_t count = nn_shape_count(one->y.shape), n = (size_t)k->filters;
    const size_t inputs = nn_shape_count(one->x.shape), weights = nn_shape_count(one->weight[0].shape);
    double *dz = widened(one->dy.f32, count);
    for (size_t row = 0; row < count / n; row++)
        activate_backward(dz + row * n, one->y.f32 + row * n, n, k->activation);
    sums dx = make_sums(inputs), dkernel = make_sums(weights), dbias = make_sums(n);
    convolve(g, k->type == DOWN ? NULL : dz, kernel, k->type == DOWN ? dz : NULL, dx);
    convolve(g, k->type == DOWN ? x : dz, NULL, k->type == DOWN ? dz : x, dkernel);
    for (size_t i = 0; i < count; i++) add(dbias, i % n, dz[i]);
    /* dz itself carries a rounding of its terms. */
    for (size_t i = 0; i < inputs; i++) dx.magnitude[i] += 1.0;
    for (size_t i = 0; i < weights; i++) dkernel.magnitude[i] += 1.0;
    for (size_t i = 0; i < n; i++) dbias.magnitude[i] += 1.0;
    assert_close(one->dx.f32, dx.value, dx.magnitude, inputs,
                 tolerance_of(k, k->path & (k->type == DOWN ? SQUARES_UP : SQUARES_DOWN), dx, inputs), label);
    const nn_convolution *planned = one->model->layers[0].priv;
    const double tolerance = tolerance_of(k, planned->winograd_weights, dkernel, weights);
    assert_close(one->grad[0].f32, dkernel.value, dkernel.magnitude, weights, tolerance, label);
    if (!k->no_bias) assert_close(one->grad[1].f32, dbias.value, dbias.magnitude, n, TOLERANCE, label);
    free_sums(dx);
    free_sums(dkernel);
    free_sums(dbias);
    free(dz);
}

conv_path conv_path_of(const nn_model *model)
{
    const bool *winograd = ((const nn_convolution *)model->layers[0].priv)->winograd;
    return (winograd[0] ? SQUARES_DOWN : PLAIN) | (winograd[1] ? SQUARES_UP : PLAIN);
}

static void check_case(const conv_case *k, int index, nn_isa isa)
{
    char label[64];
    one_layer one;
    const geometry g = geometry_of(k);
    const nn_shape in = NN_SHAPE(k->h, k->w, k->in);
    const nn_layer_def layer = { k->type, .conv = { .filters = k->filters,
                                                    .kernel = { k->kernel[0], k->kernel[1] },
                                                    .stride = { k->stride[0], k->stride[1] },
                                                    .padding = k->padding,
                                                    .activation = k->activation,
                                                    .no_bias = k->no_bias } };
    snprintf(label, sizeof label, "case %d, instruction set %d", index, (int)isa);
    one_layer_run(&one, &layer, in, k->batch, NN_TRAIN, isa, 1, false, 1000 + (uint64_t)index);
    if (conv_path_of(one.model) != k->path) fail_msg("%s: not the path it is there for", label);
    const int *out = k->type == DOWN ? g.map : g.image;
    assert_int_equal(one.y.shape.dim[1], out[0]);
    assert_int_equal(one.y.shape.dim[2], out[1]);
    assert_int_equal(one.y.shape.dim[3], k->filters);
    double *x = widened(one.x.f32, nn_shape_count(one.x.shape));
    double *kernel = widened(one.weight[0].f32, nn_shape_count(one.weight[0].shape));
    check_forward(k, &g, &one, x, kernel, label);
    check_backward(k, &g, &one, x, kernel, label);
    one_layer_check_threads(&one, &layer, in, k->batch, NN_TRAIN, isa, false, 1000 + (uint64_t)index, label);
    free(x);
    free(kernel);
    one_layer_free(&one);
}

void check_convolutions(const conv_case *cases, int count, nn_isa isa)
{
    for (int i = 0; i < count; i++) check_case(&cases[i], i, isa);
}
