#include "recurrent_twin.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const twin_cell twin_cells[TWIN_CELLS] = { { "simple_rnn", NN_SIMPLE_RNN, false },
                                           { "lstm", NN_LSTM, false },
                                           { "gru", NN_GRU, false },
                                           { "gru, reset before", NN_GRU, true } };

enum { MAX_UNITS = 160, MAX_TIME = 140, GATES = 4 };

/* One sample's steps: state before is h[t], after h[t + 1]. `a` are pre-activations, `g` what the activations made of
 * them. */
typedef struct trace {
    double h[MAX_TIME + 1][MAX_UNITS], c[MAX_TIME + 1][MAX_UNITS];
    double g[MAX_TIME][GATES][MAX_UNITS];
    double product[MAX_TIME][MAX_UNITS]; /* GRU: h U + b of the candidate, before r */
} trace;

static int gate_count(const twin *t)
{
    return t->type == NN_SIMPLE_RNN ? 1 : t->type == NN_LSTM ? 4 : 3;
}

static bool reset_after(const twin *t)
{
    return t->type == NN_GRU && !t->def.reset_before;
}

void twin_allocate(twin *t)
{
    const size_t g = (size_t)gate_count(t), u = (size_t)t->def.units, in = (size_t)t->in, n = (size_t)t->batch;
    const size_t biases = t->def.no_bias ? 0 : reset_after(t) ? 2 : 1;
    t->x_count = n * (size_t)t->time * in;
    t->y_count = n * u * (t->def.return_sequences ? (size_t)t->time : 1);
    t->weight_count = (in + u + biases) * g * u;
    t->memory = calloc(2 * (t->x_count + t->y_count + t->weight_count), sizeof(double));
    if (!t->memory) return;
    t->x = t->memory;
    t->dx = t->x + t->x_count;
    t->y = t->dx + t->x_count;
    t->dy = t->y + t->y_count;
    t->weights = t->dy + t->y_count;
    t->gradients = t->weights + t->weight_count;
}

static double activate(nn_activation activation, double x)
{
    switch (activation) {
    case NN_RELU:
        return x > 0 ? x : 0;
    case NN_SIGMOID:
        return 1 / (1 + exp(-x));
    case NN_TANH:
        return tanh(x);
    case NN_HARD_SIGMOID:
        return fmin(1, fmax(0, 0.2 * x + 0.5));
    default:
        return x;
    }
}

static double slope(nn_activation activation, double y)
{
    switch (activation) {
    case NN_RELU:
        return y > 0;
    case NN_SIGMOID:
        return y * (1 - y);
    case NN_TANH:
        return 1 - y * y;
    case NN_HARD_SIGMOID:
        return y > 0 && y < 1 ? 0.2 : 0;
    default:
        return 1;
    }
}

/* The twin's weights, or their gradients, as arrays; bias NULL if there is none. */
typedef struct arrays {
    double *kernel, *recurrent, *bias, *recurrent_bias;
    size_t columns;
} arrays;

static arrays arrays_of(const twin *t, double *weights)
{
    const size_t columns = (size_t)(gate_count(t) * t->def.units);
    arrays a = { weights, weights + (size_t)t->in * columns, NULL, NULL, columns };
    if (!t->def.no_bias) a.bias = a.recurrent + (size_t)t->def.units * columns;
    if (!t->def.no_bias && reset_after(t)) a.recurrent_bias = a.bias + columns;
    return a;
}

static nn_activation or_default(nn_activation activation, nn_activation fallback)
{
    return activation == NN_ACTIVATION_DEFAULT ? fallback : activation;
}

static size_t time_index(const twin *t, int step)
{
    return (size_t)(t->def.go_backwards ? t->time - 1 - step : step);
}

/* v W[:, column] + b[column] */
static double product(const double *v, int n, const double *matrix, size_t columns, const double *bias, size_t column)
{
    double sum = bias ? bias[column] : 0;
    for (int i = 0; i < n; i++) sum += v[i] * matrix[(size_t)i * columns + column];
    return sum;
}

static void forward_step(const twin *t, trace *s, const double *x, int step)
{
    const int u = t->def.units;
    const nn_activation act = or_default(t->def.activation, NN_TANH);
    const nn_activation gate = or_default(t->def.recurrent_activation, NN_SIGMOID);
    const arrays w = arrays_of(t, t->weights);
    const double *before = s->h[step];
    double(*g)[MAX_UNITS] = s->g[step], scaled[MAX_UNITS];
    for (int k = 0; k < gate_count(t); k++) {
        const bool candidate = t->type == NN_SIMPLE_RNN || k == 2;
        if (t->type == NN_GRU && candidate)
            for (int j = 0; j < u; j++) scaled[j] = g[1][j] * before[j];
        for (int j = 0; j < u; j++) {
            const size_t column = (size_t)(k * u + j);
            double a = product(x, t->in, w.kernel, w.columns, w.bias, column);
            double b = product(t->type == NN_GRU && candidate && t->def.reset_before ? scaled : before, u, w.recurrent,
                               w.columns, w.recurrent_bias, column);
            s->product[step][j] = b;
            if (reset_after(t) && candidate) b *= g[1][j];
            g[k][j] = activate(candidate ? act : gate, a + b);
        }
    }
    for (int j = 0; j < u; j++) {
        s->c[step + 1][j] = t->type == NN_LSTM ? g[1][j] * s->c[step][j] + g[0][j] * g[2][j] : 0;
        if (t->type == NN_SIMPLE_RNN) s->h[step + 1][j] = g[0][j];
        if (t->type == NN_LSTM) s->h[step + 1][j] = g[3][j] * activate(act, s->c[step + 1][j]);
        if (t->type == NN_GRU) s->h[step + 1][j] = g[0][j] * before[j] + (1 - g[0][j]) * g[2][j];
    }
}

/* Adds to the gradients what gate k's `d` (units) gives: by v and the matrix' columns k, and by its bias. */
static void backward_product(const double *d, int u, int k, double *dv, const double *v, int n, const double *matrix,
                             double *d_matrix, size_t columns, double *d_bias)
{
    for (int j = 0; j < u; j++) {
        const size_t column = (size_t)(k * u + j);
        if (d_bias) d_bias[column] += d[j];
        for (int i = 0; i < n; i++) {
            dv[i] += d[j] * matrix[(size_t)i * columns + column];
            d_matrix[(size_t)i * columns + column] += d[j] * v[i];
        }
    }
}

/* dh, dc: gradients by the state after the step, replaced by those by the state before. */
static void backward_step(const twin *t, const trace *s, const double *x, double *dx, int step, double *dh, double *dc)
{
    const int u = t->def.units;
    const nn_activation act = or_default(t->def.activation, NN_TANH);
    const nn_activation gate = or_default(t->def.recurrent_activation, NN_SIGMOID);
    const arrays w = arrays_of(t, t->weights), dw = arrays_of(t, t->gradients);
    const double(*g)[MAX_UNITS] = s->g[step], *before = s->h[step];
    double d[GATES][MAX_UNITS] = { { 0 } }, d_before[MAX_UNITS] = { 0 }, scaled[MAX_UNITS], d_scaled[MAX_UNITS] = { 0 };
    for (int j = 0; j < u; j++) {
        if (t->type == NN_SIMPLE_RNN) d[0][j] = dh[j] * slope(act, g[0][j]);
        if (t->type == NN_LSTM) {
            const double squashed = activate(act, s->c[step + 1][j]);
            dc[j] += dh[j] * g[3][j] * slope(act, squashed);
            d[0][j] = dc[j] * g[2][j] * slope(gate, g[0][j]);
            d[1][j] = dc[j] * s->c[step][j] * slope(gate, g[1][j]);
            d[2][j] = dc[j] * g[0][j] * slope(act, g[2][j]);
            d[3][j] = dh[j] * squashed * slope(gate, g[3][j]);
            dc[j] *= g[1][j];
        }
        if (t->type == NN_GRU) {
            d[0][j] = dh[j] * (before[j] - g[2][j]) * slope(gate, g[0][j]);
            d[2][j] = dh[j] * (1 - g[0][j]) * slope(act, g[2][j]);
            d_before[j] = dh[j] * g[0][j];
            if (reset_after(t)) d[1][j] = d[2][j] * s->product[step][j] * slope(gate, g[1][j]);
            scaled[j] = g[1][j] * before[j];
        }
    }
    if (t->type == NN_GRU && t->def.reset_before) {
        backward_product(d[2], u, 2, d_scaled, scaled, u, w.recurrent, dw.recurrent, w.columns, NULL);
        for (int j = 0; j < u; j++) {
            d[1][j] = d_scaled[j] * before[j] * slope(gate, g[1][j]);
            d_before[j] += d_scaled[j] * g[1][j];
        }
    }
    for (int k = 0; k < gate_count(t); k++) {
        backward_product(d[k], u, k, dx, x, t->in, w.kernel, dw.kernel, w.columns, dw.bias);
        if (t->type == NN_GRU && k == 2 && t->def.reset_before) continue;
        if (t->type == NN_GRU && k == 2)
            for (int j = 0; j < u; j++) d[2][j] *= g[1][j];
        backward_product(d[k], u, k, d_before, before, u, w.recurrent, dw.recurrent, w.columns, dw.recurrent_bias);
    }
    memcpy(dh, d_before, sizeof d_before);
}

void twin_run(twin *t)
{
    static trace s;
    const size_t u = (size_t)t->def.units, in = (size_t)t->in, time = (size_t)t->time;
    const bool sequences = t->def.return_sequences;
    memset(t->gradients, 0, t->weight_count * sizeof *t->gradients);
    memset(t->dx, 0, t->x_count * sizeof *t->dx);
    for (size_t n = 0; n < (size_t)t->batch; n++) {
        const double *x = t->x + n * time * in;
        double *dx = t->dx + n * time * in, dh[MAX_UNITS] = { 0 }, dc[MAX_UNITS] = { 0 };
        memset(&s, 0, sizeof s);
        for (int step = 0; step < t->time; step++) {
            forward_step(t, &s, x + time_index(t, step) * in, step);
            if (sequences) memcpy(t->y + (n * time + (size_t)step) * u, s.h[step + 1], u * sizeof(double));
        }
        if (!sequences) memcpy(t->y + n * u, s.h[t->time], u * sizeof(double));
        for (int step = t->time - 1; step >= 0; step--) {
            const double *dy = t->dy + (sequences ? n * time + (size_t)step : n) * u;
            for (size_t j = 0; j < u && (sequences || step == t->time - 1); j++) dh[j] += dy[j];
            backward_step(t, &s, x + time_index(t, step) * in, dx + time_index(t, step) * in, step, dh, dc);
        }
    }
}

static void fill(double *values, size_t count, double limit, uint64_t seed)
{
    nn_rng rng = { .seed = seed };
    for (size_t i = 0; i < count; i++) values[i] = (double)(nn_float)(limit * (2 * (double)nn_uniform(&rng) - 1));
}

void twin_randomize(twin *t, uint64_t seed)
{
    twin_allocate(t);
    if (!t->memory) return;
    fill(t->weights, t->weight_count, 1.2 / sqrt(1.0 + t->def.units), seed);
    fill(t->x, t->x_count, 1.5, seed + 1);
    fill(t->dy, t->y_count, 1.0, seed + 2);
}
