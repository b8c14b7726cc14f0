/*
 * Batch normalisation over the last axis (Ioffe and Szegedy, 2015), n rows of c channels:
 *   y = gamma (x - mean) / sqrt(variance + epsilon) + beta
 * in training with the batch's mean and biased variance, in inference with the moving ones. With i = 1 / sqrt(variance
 * + epsilon), a = sum of dy, b = sum of dy (x - mean) over the rows: dbeta += a,  dgamma += b i,  dx = gamma i (dy - a
 * / n - (x - mean) b i^2 / n)   (in inference gamma i dy)
 * What rounding takes from a batch's mean, `rest`, goes into what is the same for all rows, beta and a / n: where the
 * values of a channel are close to each other, their normalised ones would all be off, and dx would not sum to zero.
 */
#include "../kernels/batch_norm.h"
#include "layers.h"
#include <math.h>

/* A block stays in the cache between its two passes. */
enum { BLOCK_COLS = 512, BLOCK_REALS = 1 << 14 };

enum { PARTS = 3 }; /* of a block and column: two or three partial results */

typedef struct batch_norm {
    nn_weight *gamma, *beta, *moving_mean, *moving_variance; /* (c); gamma, beta may be NULL */
    double momentum, epsilon;
    bool unbiased; /* the moving variance takes n / (n - 1) of the batch's */
    size_t c, rows_per_sample, block_rows, block_cols, col_blocks;
    nn_float *mean, *rest, *inverse, *scale, *shift; /* (c) of the last forward: mean + rest, i, gamma i, beta */
    nn_float *offset, *slope;                        /* (c) of a backward */
    bool batch_statistics;                           /* the last forward's */
} batch_norm;

/* --- plan ----------------------------------------------------------------------------------------------------------
 */

static nn_status check_options(nn_layer *layer, batch_norm *b, nn_error *error)
{
    const nn_batch_norm_def *def = &layer->def.batch_norm;
    b->momentum = nn_default(def->momentum, 0.99);
    b->epsilon = nn_default(def->epsilon, 1e-3);
    if (!(b->momentum >= 0.0 && b->momentum <= 1.0))
        return nn_layer_fail(layer, error, NN_ERR_ARGUMENT, "momentum: expected 0 to 1, got %g", def->momentum);
    if (!(b->epsilon >= 0.0 && b->epsilon < HUGE_VAL))
        return nn_layer_fail(layer, error, NN_ERR_ARGUMENT, "epsilon: expected a finite number from 0, got %g",
                             def->epsilon);
    return NN_OK;
}

static size_t row_blocks(const batch_norm *b, int batch)
{
    return ((size_t)batch * b->rows_per_sample + b->block_rows - 1) / b->block_rows;
}

static nn_status plan(nn_layer *layer, nn_error *error)
{
    batch_norm *b = layer->priv;
    const nn_batch_norm_def *def = &layer->def.batch_norm;
    const nn_status status = check_options(layer, b, error);
    if (status != NN_OK) return status;
    layer->def.batch_norm.momentum = b->momentum; /* as files keep them */
    layer->def.batch_norm.epsilon = b->epsilon;
    const int rank = layer->in[0].rank;
    const nn_shape shape = { 1, { layer->in[0].dim[rank - 1] } };
    layer->out = layer->in[0];
    layer->keeps_dy = true;
    b->c = (size_t)shape.dim[0];
    b->rows_per_sample = nn_shape_count(layer->in[0]) / b->c;
    b->unbiased = rank == 3 && !def->biased_moving_variance;
    b->block_cols = b->c < BLOCK_COLS ? b->c : BLOCK_COLS;
    b->block_rows = BLOCK_REALS / b->block_cols;
    b->col_blocks = (b->c + b->block_cols - 1) / b->block_cols;
    if (!def->no_scale) b->gamma = nn_layer_add_weight(layer, "gamma", shape, NN_ONES, 1, 1, true);
    if (!def->no_center) b->beta = nn_layer_add_weight(layer, "beta", shape, NN_ZEROS, 1, 1, true);
    b->moving_mean = nn_layer_add_weight(layer, "moving_mean", shape, NN_ZEROS, 1, 1, false);
    b->moving_variance = nn_layer_add_weight(layer, "moving_variance", shape, NN_ONES, 1, 1, false);
    layer->scratch = row_blocks(b, layer->max_batch) * PARTS * b->c;
    return NN_OK;
}

static void carve(nn_layer *layer, nn_arena *arena)
{
    batch_norm *b = layer->priv;
    b->mean = nn_arena_reals(arena, b->c);
    b->rest = nn_arena_reals(arena, b->c);
    b->inverse = nn_arena_reals(arena, b->c);
    b->scale = nn_arena_reals(arena, b->c);
    b->shift = nn_arena_reals(arena, b->c);
    b->offset = nn_arena_reals(arena, b->c);
    b->slope = nn_arena_reals(arena, b->c);
}

/* --- blocks --------------------------------------------------------------------------------------------------------
 */

typedef struct batch_norm_run {
    const nn_layer *layer;
    batch_norm *b;
    const nn_run *run;
    const nn_float *dy;
    nn_float *dx;
    size_t rows;
    bool want_params;
} batch_norm_run;

/* A block of the batch: columns col .., rows row .., its first element, its rows of results in scratch. */
typedef struct block {
    size_t col, cols, rows, at;
    nn_float *first, *second, *third;
} block;

static block block_of(const batch_norm_run *r, int task)
{
    const batch_norm *b = r->b;
    const size_t i = (size_t)task / b->col_blocks, row = i * b->block_rows;
    const size_t col = (size_t)task % b->col_blocks * b->block_cols;
    block k = { .col = col,
                .cols = b->c - col < b->block_cols ? b->c - col : b->block_cols,
                .rows = r->rows - row < b->block_rows ? r->rows - row : b->block_rows,
                .at = row * b->c + col };
    k.first = r->run->scratch + i * PARTS * b->c + col;
    k.second = k.first + b->c;
    k.third = k.second + b->c;
    return k;
}

static void each_block(nn_task *task, batch_norm_run *r)
{
    nn_parallel(r->run->team, (int)(row_blocks(r->b, r->run->batch) * r->b->col_blocks), task, r);
}

/* --- forward -------------------------------------------------------------------------------------------------------
 */

static void moments_task(void *context, int task, int worker)
{
    const batch_norm_run *r = context;
    const block k = block_of(r, task);
    (void)worker;
    r->run->kernels->batch_norm->moments(k.first, k.second, k.third, r->layer->x[0] + k.at, r->b->c, k.rows, k.cols);
}

static void set_statistics(batch_norm *b, size_t j, double mean, double variance)
{
    const double inverse = 1.0 / sqrt(variance + b->epsilon);
    b->mean[j] = (nn_float)mean;
    b->rest[j] = (nn_float)(mean - (double)b->mean[j]);
    b->inverse[j] = (nn_float)inverse;
    b->scale[j] = (nn_float)((b->gamma ? (double)b->gamma->value[j] : 1.0) * inverse);
    b->shift[j] = (nn_float)((b->beta ? (double)b->beta->value[j] : 0.0) - (double)b->rest[j] * (double)b->scale[j]);
}

static nn_float move(const batch_norm *b, nn_float moving, double batch)
{
    return (nn_float)((double)moving * b->momentum + batch * (1.0 - b->momentum));
}

/* A block of columns: its row blocks combined in order (Chan, Golub and LeVeque, 1979), the moving statistics moved. */
static void combine_moments_task(void *context, int task, int worker)
{
    const batch_norm_run *r = context;
    batch_norm *b = r->b;
    const size_t from = (size_t)task * b->block_cols, to = from + b->block_cols < b->c ? from + b->block_cols : b->c;
    (void)worker;
    for (size_t j = from; j < to; j++) {
        double mean = 0.0, squares = 0.0, count = 0.0;
        for (size_t row = 0; row < r->rows; row += b->block_rows) {
            const nn_float *part = r->run->scratch + row / b->block_rows * PARTS * b->c;
            const double rows = (double)(r->rows - row < b->block_rows ? r->rows - row : b->block_rows);
            const double rest = (double)part[b->c + j] / rows, total = count + rows;
            const double delta = (double)part[j] + rest - mean;
            mean += delta * rows / total;
            squares += (double)part[2 * b->c + j] - rest * rest * rows + delta * delta * count * rows / total;
            count = total;
        }
        if (squares < 0.0) squares = 0.0; /* by rounding, where all are equal */
        const double variance = squares / count, factor = b->unbiased && count > 1.0 ? count / (count - 1.0) : 1.0;
        set_statistics(b, j, mean, variance);
        b->moving_mean->value[j] = move(b, b->moving_mean->value[j], mean);
        b->moving_variance->value[j] = move(b, b->moving_variance->value[j], variance * factor);
    }
}

static void normalize_task(void *context, int task, int worker)
{
    const batch_norm_run *r = context;
    const batch_norm *b = r->b;
    const block k = block_of(r, task);
    (void)worker;
    r->run->kernels->batch_norm->normalize(r->layer->y + k.at, r->layer->x[0] + k.at, b->mean + k.col, b->scale + k.col,
                                           b->shift + k.col, b->c, k.rows, k.cols);
}

static nn_status forward(nn_layer *layer, const nn_run *run)
{
    batch_norm *b = layer->priv;
    batch_norm_run r = { layer, b, run, NULL, NULL, (size_t)run->batch * b->rows_per_sample, false };
    b->batch_statistics = run->mode == NN_TRAIN;
    if (b->batch_statistics) {
        each_block(moments_task, &r);
        nn_parallel(run->team, (int)b->col_blocks, combine_moments_task, &r);
    } else {
        for (size_t j = 0; j < b->c; j++)
            set_statistics(b, j, (double)b->moving_mean->value[j], (double)b->moving_variance->value[j]);
    }
    each_block(normalize_task, &r);
    return NN_OK;
}

/* --- backward ------------------------------------------------------------------------------------------------------
 */

static void sums_task(void *context, int task, int worker)
{
    const batch_norm_run *r = context;
    const block k = block_of(r, task);
    (void)worker;
    r->run->kernels->batch_norm->sums(k.first, k.second, r->dy + k.at, r->layer->x[0] + k.at, r->b->mean + k.col,
                                      r->b->c, k.rows, k.cols);
}

/* A block of columns: a and b over all rows, and what the gradient by x takes of them. */
static void combine_sums_task(void *context, int task, int worker)
{
    const batch_norm_run *r = context;
    batch_norm *b = r->b;
    const size_t from = (size_t)task * b->block_cols, to = from + b->block_cols < b->c ? from + b->block_cols : b->c;
    const double n = (double)r->rows;
    (void)worker;
    for (size_t j = from; j < to; j++) {
        double dy = 0.0, product = 0.0;
        for (size_t row = 0; row < r->rows; row += b->block_rows) {
            const nn_float *part = r->run->scratch + row / b->block_rows * PARTS * b->c;
            dy += (double)part[j];
            product += (double)part[b->c + j];
        }
        const double inverse = (double)b->inverse[j], rest = (double)b->rest[j];
        product -= rest * dy;
        const double slope = product * inverse * inverse / n;
        if (r->want_params && b->beta) b->beta->grad[j] += (nn_float)dy;
        if (r->want_params && b->gamma) b->gamma->grad[j] += (nn_float)(product * inverse);
        b->offset[j] = b->batch_statistics ? (nn_float)(dy / n - slope * rest) : 0;
        b->slope[j] = b->batch_statistics ? (nn_float)slope : 0;
    }
}

static void dx_task(void *context, int task, int worker)
{
    const batch_norm_run *r = context;
    const batch_norm *b = r->b;
    const block k = block_of(r, task);
    (void)worker;
    r->run->kernels->batch_norm->backward(r->dx + k.at, r->dy + k.at, r->layer->x[0] + k.at, b->mean + k.col,
                                          b->scale + k.col, b->offset + k.col, b->slope + k.col, b->c, k.rows, k.cols);
}

static void backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params)
{
    batch_norm *b = layer->priv;
    batch_norm_run r = { layer, b, run, dy, dx[0], (size_t)run->batch * b->rows_per_sample, want_params };
    each_block(sums_task, &r);
    nn_parallel(run->team, (int)b->col_blocks, combine_sums_task, &r);
    if (dx[0]) each_block(dx_task, &r);
}

const nn_layer_ops nn_batch_norm_ops = { .name = "batch_norm",
                                         .type_name = "BatchNormalization",
                                         .private_size = sizeof(batch_norm),
                                         .plan = plan,
                                         .carve = carve,
                                         .forward = forward,
                                         .backward = backward };
