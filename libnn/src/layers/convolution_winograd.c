#include "convolution_winograd.h"
#include "../kernels/gemm.h"

enum {
    LEAST_CHANNELS = 32,  /* with fewer, the transforms cost more than they spare */
    MOST_REALS = 1 << 22, /* of the kernel in squares, and of each worker's gradient */
    LEAST_SQUARES = 128,  /* of a batch, to make the kernel's transform worth it */
    ROWS_PER_TASK = 16    /* of the kernel */
};
static const double LEAST_GAIN = 1.5; /* times fewer multiplications, to make the transforms worth it */

/* Of the cells before a map's first one, those of the first phase that a tap meets. */
static int phase_cells_before(const nn_window *window)
{
    return (window->before + window->stride - 1) / window->stride;
}

/* The row of the kernel that is the first tap of the first phase; less than 0 where that tap is absent. */
static int first_tap(const nn_window *window)
{
    return window->before - window->stride * phase_cells_before(window);
}

/* Places of the map, on an axis, whose taps a phase meets. */
static int phase_taps(const nn_window *window)
{
    return (window->size - 1 - first_tap(window)) / window->stride + 1;
}

static nn_winograd direction(const nn_conv *conv, bool up)
{
    const nn_window *down = &conv->down, *across = &conv->across;
    nn_winograd way = { .n = down->stride == 1 ? NN_SQUARE : 6,
                        .taps = phase_taps(down),
                        .top = phase_cells_before(down),
                        .left = phase_cells_before(across),
                        .stride = down->stride,
                        .size = down->size,
                        .first_row = first_tap(down),
                        .first_col = first_tap(across),
                        .h = down->map,
                        .w = across->map,
                        .c = conv->f,
                        .source_h = down->image,
                        .source_w = across->image,
                        .source_c = conv->c,
                        .up = up };
    if (!up) return way;
    way.top = way.taps - 1 - way.top;
    way.left = way.taps - 1 - way.left;
    way.h = down->image, way.w = across->image, way.c = conv->c;
    way.source_h = down->map, way.source_w = across->map, way.source_c = conv->f;
    return way;
}

/* Kernels and strides that there are transforms for. */
static bool is_served(const nn_conv *conv)
{
    const nn_window *down = &conv->down, *across = &conv->across;
    if (down->size != across->size || down->stride != across->stride) return false;
    return (down->stride == 1 && (down->size == 3 || down->size == 5)) || (down->stride == 2 && down->size == 5);
}

/* Products of positions and taps within the image, along an axis. */
static double taps_inside(const nn_window *window)
{
    double sum = 0.0;
    for (int o = 0; o < window->map; o++) {
        const long long first = (long long)o * window->stride - window->before, last = first + window->size - 1;
        sum += (double)((last < window->image ? last : window->image - 1) - (first > 0 ? first : 0) + 1);
    }
    return sum;
}

/* Squares may overlap the edge of the result by more than they spare. */
static bool is_worth_it(const nn_conv *conv, const nn_winograd *way, int max_batch)
{
    const double plain = taps_inside(&conv->down) * taps_inside(&conv->across);
    const double squares = (double)nn_winograd_squares(way), phases = way->stride * way->stride;
    return squares * max_batch >= LEAST_SQUARES && plain >= LEAST_GAIN * squares * way->n * way->n * phases;
}

void nn_winograd_plan(nn_convolution *c, const nn_layer *layer)
{
    if (!is_served(&c->conv) || c->conv.c < LEAST_CHANNELS || c->conv.f < LEAST_CHANNELS) return;
    c->squares[0] = direction(&c->conv, false);
    c->squares[1] = direction(&c->conv, true);
    const nn_winograd *down = &c->squares[0];
    if (nn_winograd_inner(down) > MOST_REALS / (size_t)(down->n * down->n) / nn_winograd_outer(down)) return;
    for (int up = 0; up < 2; up++) c->winograd[up] = is_worth_it(&c->conv, &c->squares[up], layer->max_batch);
    /* With a stride, what the gathering of each chunk's gradient takes is what the products spare. */
    c->winograd_weights = c->winograd[0] && down->stride == 1;
}

/* --- the kernel --------------------------------------------------------------------------------------------------- */

typedef struct packing {
    const nn_run *run;
    const nn_winograd *conv;
    const nn_float *kernel;
    nn_float *packed;
    int blocks; /* of rows */
} packing;

static void pack_task(void *context, int task, int worker)
{
    const packing *p = context;
    const size_t first = (size_t)(task % p->blocks) * ROWS_PER_TASK, rows = nn_winograd_inner(p->conv);
    const size_t last = rows - first < ROWS_PER_TASK ? rows : first + ROWS_PER_TASK;
    const size_t column = (size_t)(task / p->blocks) * p->run->kernels->gemm->panel;
    (void)worker;
    p->run->kernels->winograd->pack(p->packed, p->kernel, p->conv, column, first, last);
}

void nn_winograd_pack(const nn_layer *layer, const nn_run *run, bool up, nn_float *packed)
{
    const nn_convolution *c = layer->priv;
    const nn_winograd *conv = &c->squares[up];
    const int panel = (int)run->kernels->gemm->panel;
    const int blocks = ((int)nn_winograd_inner(conv) - 1) / ROWS_PER_TASK + 1;
    packing p = { run, conv, layer->weights[0].value, packed, blocks };
    nn_parallel(run->team, (((int)nn_winograd_outer(conv) - 1) / panel + 1) * blocks, pack_task, &p);
}

/* --- a pass ------------------------------------------------------------------------------------------------------- */

typedef struct squares {
    const nn_run *run;
    const nn_winograd *conv;
    nn_float *result;
    const nn_float *source, *packed, *bias;
    size_t count;
} squares;

static void pass_task(void *context, int task, int worker)
{
    const squares *s = context;
    const size_t first = (size_t)task * NN_SQUARES;
    const size_t last = s->count - first < NN_SQUARES ? s->count : first + NN_SQUARES;
    s->run->kernels->winograd->pass(s->result, s->source, s->packed, s->bias, nn_worker_scratch(s->run, worker),
                                    s->conv, first, last);
}

void nn_winograd_run(const nn_layer *layer, const nn_run *run, bool up, nn_float *result, const nn_float *source,
                     const nn_float *packed, const nn_float *bias)
{
    const nn_convolution *c = layer->priv;
    const nn_winograd *conv = &c->squares[up];
    const size_t count = nn_winograd_squares(conv) * (size_t)run->batch;
    squares s = { run, conv, result, source, packed, bias, count };
    nn_parallel(run->team, (int)((count - 1) / NN_SQUARES) + 1, pass_task, &s);
}
