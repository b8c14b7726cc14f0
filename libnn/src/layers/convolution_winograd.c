#include "convolution_winograd.h"
#include "../kernels/gemm.h"

enum {
    LEAST_CHANNELS = 32,  /* with fewer, the transforms cost more than they spare */
    MOST_PAIRS = 1 << 16, /* of channels: each takes 64 reals of the kernel, and of each worker's gradient */
    LEAST_SQUARES = 128,  /* of a batch, to make the kernel's transform worth it */
    ROWS_PER_TASK = 16    /* of the kernel */
};

static nn_winograd direction(const nn_conv *conv, bool up)
{
    const nn_window *down = &conv->down, *across = &conv->across;
    const int last = down->size - 1;
    if (up)
        return (nn_winograd){ .taps = down->size,
                              .top = last - down->before,
                              .left = last - across->before,
                              .h = down->image,
                              .w = across->image,
                              .c = conv->c,
                              .source_h = down->map,
                              .source_w = across->map,
                              .source_c = conv->f,
                              .up = true };
    return (nn_winograd){ .taps = down->size,
                          .top = down->before,
                          .left = across->before,
                          .h = down->map,
                          .w = across->map,
                          .c = conv->f,
                          .source_h = down->image,
                          .source_w = across->image,
                          .source_c = conv->c };
}

void nn_winograd_plan(nn_convolution *c, const nn_layer *layer)
{
    const nn_window *down = &c->conv.down, *across = &c->conv.across;
    const bool square = down->size == across->size && (down->size == 3 || down->size == 5);
    const bool wide = c->conv.c >= LEAST_CHANNELS && c->conv.f >= LEAST_CHANNELS && c->conv.c <= MOST_PAIRS / c->conv.f;
    c->winograd = false;
    if (!square || !wide || down->stride != 1 || across->stride != 1) return;
    c->squares[0] = direction(&c->conv, false);
    c->squares[1] = direction(&c->conv, true);
    c->winograd = nn_winograd_squares(&c->squares[0]) * (size_t)layer->max_batch >= LEAST_SQUARES;
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
    const size_t first = (size_t)(task % p->blocks) * ROWS_PER_TASK, rows = (size_t)p->conv->source_c;
    const size_t last = rows - first < ROWS_PER_TASK ? rows : first + ROWS_PER_TASK;
    const size_t column = (size_t)(task / p->blocks) * p->run->kernels->gemm->panel;
    (void)worker;
    p->run->kernels->winograd->pack(p->packed, p->kernel, p->conv, column, first, last);
}

void nn_winograd_pack(const nn_layer *layer, const nn_run *run, bool up, nn_float *packed)
{
    const nn_convolution *c = layer->priv;
    const nn_winograd *conv = &c->squares[up];
    const int panel = (int)run->kernels->gemm->panel, blocks = (conv->source_c - 1) / ROWS_PER_TASK + 1;
    packing p = { run, conv, layer->weights[0].value, packed, blocks };
    nn_parallel(run->team, ((conv->c - 1) / panel + 1) * blocks, pack_task, &p);
}

/* --- a pass ------------------------------------------------------------------------------------------------------- */

typedef struct squares {
    const nn_run *run;
    const nn_winograd *conv;
    nn_float *result;
    const nn_float *source, *packed;
    size_t count;
} squares;

static void pass_task(void *context, int task, int worker)
{
    const squares *s = context;
    const size_t first = (size_t)task * NN_SQUARES;
    const size_t last = s->count - first < NN_SQUARES ? s->count : first + NN_SQUARES;
    s->run->kernels->winograd->pass(s->result, s->source, s->packed, nn_worker_scratch(s->run, worker), s->conv, first,
                                    last);
}

void nn_winograd_run(const nn_layer *layer, const nn_run *run, bool up, nn_float *result, const nn_float *source,
                     const nn_float *packed)
{
    const nn_convolution *c = layer->priv;
    const nn_winograd *conv = &c->squares[up];
    const size_t count = nn_winograd_squares(conv) * (size_t)run->batch;
    squares s = { run, conv, result, source, packed, count };
    nn_parallel(run->team, (int)((count - 1) / NN_SQUARES) + 1, pass_task, &s);
}
