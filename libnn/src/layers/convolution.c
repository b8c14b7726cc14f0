#include "convolution.h"
#include "../kernels/elementwise.h"
#include "../kernels/gemm.h"
#include "convolution_winograd.h"
#include "window.h"
#include <string.h>

enum {
    ROWS_PER_TASK = 512,       /* of a result: enough to take the kernel through the cache for */
    MAX_CHUNKS = 8,            /* of a batch, for the gradients by the weights */
    CHUNK_REALS = 4096 * 1024, /* at most, over all chunks */
    CHUNK_WORK = 1 << 20       /* multiplications that are worth a chunk */
};

/* --- plan ----------------------------------------------------------------------------------------------------------
 */

static nn_status set_windows(nn_layer *layer, nn_convolution *c, nn_error *error)
{
    static const char *const axes[2] = { "height", "width" };
    const nn_conv_def *def = &layer->def.conv;
    nn_window *windows[2] = { &c->conv.down, &c->conv.across };
    for (int i = 0; i < 2; i++) {
        const nn_status status = (c->transposed ? nn_window_under : nn_window_over)(
            windows[i], layer, axes[i], layer->in[0].dim[i], def->kernel[i], def->stride[i], def->padding, error);
        if (status != NN_OK) return status;
    }
    return NN_OK;
}

static nn_status check_options(nn_layer *layer, nn_error *error)
{
    nn_conv_def *def = &layer->def.conv;
    static const int none[2] = { 0, 0 }, one[2] = { 1, 1 };
    nn_status status = nn_layer_check_rank(layer, 3, "(batch, height, width, channels)", error);
    if (status == NN_OK) status = nn_layer_check_positive(layer, "filters", def->filters, error);
    if (status == NN_OK) status = nn_window_option(layer, "kernel", def->kernel, none, error);
    if (status == NN_OK) status = nn_window_option(layer, "stride", def->stride, one, error);
    if (status == NN_OK) status = nn_window_padding(layer, def->padding, error);
    if (status == NN_OK) status = nn_layer_check_activation(layer, "activation", def->activation, true, error);
    if (def->activation == NN_ACTIVATION_DEFAULT) def->activation = NN_LINEAR;
    layer->keeps_dy = def->activation == NN_LINEAR;
    return status;
}

/* The kernel's elements, with room for columns up to whole vectors; fails where that cannot be addressed. */
static nn_status set_sizes(nn_layer *layer, nn_convolution *c, nn_error *error)
{
    const nn_conv *conv = &c->conv;
    size_t taps = 0, wide = 0;
    bool fits = nn_mul_size((size_t)conv->down.size, (size_t)conv->across.size, &taps) && taps <= INT32_MAX;
    fits = fits && nn_mul_size(taps, (size_t)conv->c, &wide) && wide <= INT32_MAX;
    fits = fits && nn_mul_size(wide, (size_t)conv->f, &c->kernel) && c->kernel <= SIZE_MAX / 1024;
    if (!fits) return nn_layer_fail(layer, error, NN_ERR_SHAPE, "the kernel is too large");
    c->width = (size_t)layer->def.conv.filters;
    return NN_OK;
}

static void set_gathers(nn_convolution *c)
{
    const nn_window *down = &c->conv.down, *across = &c->conv.across;
    c->down = (nn_gather){ .h = down->map,
                           .w = across->map,
                           .c = c->conv.f,
                           .source_h = down->image,
                           .source_w = across->image,
                           .source_c = c->conv.c,
                           .kernel_h = down->size,
                           .kernel_w = across->size,
                           .down_count = nn_window_taps_down(down, NULL),
                           .across_count = nn_window_taps_down(across, NULL) };
    c->up = (nn_gather){ .h = down->image,
                         .w = across->image,
                         .c = c->conv.c,
                         .source_h = down->map,
                         .source_w = across->map,
                         .source_c = c->conv.f,
                         .kernel_h = down->size,
                         .kernel_w = across->size,
                         .down_count = nn_window_taps_up(down, NULL),
                         .across_count = nn_window_taps_up(across, NULL) };
}

static size_t whole_vectors(const nn_layer *layer, size_t n)
{
    const size_t lanes = (size_t)layer->kernels->lanes;
    return (n + lanes - 1) / lanes * lanes;
}

static size_t packed_size(const nn_layer *layer, const nn_convolution *c, bool up)
{
    const size_t f = (size_t)c->conv.f, channels = (size_t)c->conv.c, taps = c->kernel / f / channels;
    if (c->winograd[up]) return layer->kernels->winograd->packed_size(&c->squares[up]);
    if (!up) return taps * channels * whole_vectors(layer, f);
    return c->scatters ? f * whole_vectors(layer, taps * channels) : taps * f * whole_vectors(layer, channels);
}

static int ceil_div(int a, int b)
{
    return (a - 1) / b + 1;
}

/* Parts of a batch whose gradients are summed apart: by shape and batch alone, so that threads do not matter. */
static int chunk_count(const nn_convolution *c, int batch)
{
    const double work = (double)c->kernel * c->conv.down.map * c->conv.across.map; /* may be more than a size */
    const size_t samples = work >= CHUNK_WORK ? 1 : CHUNK_WORK / (size_t)work + 1;
    const size_t worth = ((size_t)batch + samples - 1) / samples, fit = CHUNK_REALS / (c->kernel + c->width);
    size_t count = worth < MAX_CHUNKS ? worth : MAX_CHUNKS;
    if (count > fit) count = fit > 0 ? fit : 1;
    return (int)count;
}

static size_t worker_scratch(const nn_layer *layer, const nn_convolution *c)
{
    const nn_winograd_kernels *winograd = layer->kernels->winograd;
    const nn_image_kernels *image = layer->kernels->image;
    const size_t weights =
        c->winograd_weights ? winograd->weights_scratch(&c->squares[0]) : image->weights_scratch(&c->conv);
    const size_t down = c->winograd[0] ? winograd->pass_scratch(&c->squares[0]) : 0;
    const size_t up = c->winograd[1] ? winograd->pass_scratch(&c->squares[1])
                      : c->scatters  ? image->scatter_scratch(&c->conv)
                                     : 0;
    const size_t pass = down > up ? down : up;
    return weights > pass ? weights : pass;
}

nn_status nn_convolution_plan(nn_layer *layer, nn_error *error)
{
    nn_convolution *c = layer->priv;
    const nn_conv_def *def = &layer->def.conv;
    c->transposed = layer->def.type == NN_CONV2D_TRANSPOSE;
    nn_status status = check_options(layer, error);
    if (status == NN_OK) status = set_windows(layer, c, error);
    if (status != NN_OK) return status;
    const int in = layer->in[0].dim[2];
    c->conv.c = c->transposed ? def->filters : in;
    c->conv.f = c->transposed ? in : def->filters;
    status = set_sizes(layer, c, error);
    if (status != NN_OK) return status;
    set_gathers(c);
    c->scatters = c->conv.c <= layer->kernels->lanes / 2;
    nn_winograd_plan(c, layer);
    c->chunks = chunk_count(c, layer->max_batch);

    const nn_window *down = &c->conv.down, *across = &c->conv.across;
    const nn_shape kernel = { 4, { down->size, across->size, c->conv.c, c->conv.f } };
    const double field = (double)down->size * across->size, fan_in = field * c->conv.c, fan_out = field * c->conv.f;
    layer->out = (nn_shape){ 3, { down->map, across->map, def->filters } };
    if (c->transposed) layer->out = (nn_shape){ 3, { down->image, across->image, def->filters } };
    nn_layer_add_weight(layer, "kernel", kernel, nn_default_init(def->kernel_init, NN_GLOROT_UNIFORM), fan_in, fan_out,
                        true);
    if (!def->no_bias)
        nn_layer_add_weight(layer, "bias", (nn_shape){ 1, { def->filters } }, nn_default_init(def->bias_init, NN_ZEROS),
                            fan_in, fan_out, true);

    const size_t packed = packed_size(layer, c, !c->transposed), sums = (size_t)c->chunks * (c->kernel + c->width);
    layer->scratch = packed > sums ? packed : sums;
    layer->worker_scratch = worker_scratch(layer, c);
    return NN_OK;
}

void nn_convolution_carve(nn_layer *layer, nn_arena *arena)
{
    nn_convolution *c = layer->priv;
    const nn_window *down = &c->conv.down, *across = &c->conv.across;
    const int counts[4] = { c->down.down_count, c->down.across_count, c->up.down_count, c->up.across_count };
    nn_taps *taps[4];
    for (int i = 0; i < 4; i++) taps[i] = nn_arena_take(arena, (size_t)counts[i], sizeof(nn_taps));
    c->packed = nn_arena_reals(arena, packed_size(layer, c, c->transposed));
    if (!arena->base) return;
    nn_window_taps_down(down, taps[0]);
    nn_window_taps_down(across, taps[1]);
    nn_window_taps_up(down, taps[2]);
    nn_window_taps_up(across, taps[3]);
    c->down.down = taps[0];
    c->down.across = taps[1];
    c->up.down = taps[2];
    c->up.across = taps[3];
}

/* --- both directions -----------------------------------------------------------------------------------------------
 */

/* One direction at work; result and source as their names say, activation where it is the layer's output. */
typedef struct pass {
    const nn_layer *layer;
    const nn_convolution *c;
    const nn_run *run;
    const nn_gather *gather;
    nn_float *result;
    const nn_float *source;
    nn_float *packed;
    bool up, scatters, output;
    int samples, parts; /* samples of a task; or, of large samples, the parts of one */
} pass;

static pass make_pass(const nn_layer *layer, const nn_run *run, bool up, nn_float *result, const nn_float *source,
                      nn_float *packed)
{
    const nn_convolution *c = layer->priv;
    const nn_gather *gather = up ? &c->up : &c->down;
    pass p = { layer, c, run, gather, result, source, packed, up, up && c->scatters, up == c->transposed, 1, 1 };
    const long long rows = (long long)gather->h * gather->w;
    if (rows < ROWS_PER_TASK) p.samples = (int)(ROWS_PER_TASK / rows);
    if (rows >= 2 * ROWS_PER_TASK && !p.scatters) {
        const long long parts = rows / ROWS_PER_TASK;
        p.parts = parts < gather->h ? (int)parts : gather->h;
    }
    return p;
}

/* A panel of the kernel's matrix: (taps c, f) down, (taps f, c) up, (f, taps c) scattered. */
static void pack_task(void *context, int task, int worker)
{
    const pass *p = context;
    const nn_gemm_kernels *gemm = p->run->kernels->gemm;
    const nn_float *kernel = p->layer->weights[0].value;
    const size_t f = (size_t)p->c->conv.f, c = (size_t)p->c->conv.c, rows = p->c->kernel / f;
    const nn_pack down = { 1, 0, rows, f, f, 1 }, up = { rows / c, c * f, f, 1, c, f },
                  scattered = { 1, 0, f, 1, rows, f };
    (void)worker;
    gemm->pack(p->packed, kernel,
               !p->up        ? down
               : p->scatters ? scattered
                             : up,
               (size_t)task * gemm->panel, gemm->panel);
}

static void pack(pass *p)
{
    if (p->c->winograd[p->up]) {
        nn_winograd_pack(p->layer, p->run, p->up, p->packed);
        return;
    }
    const int panel = (int)p->run->kernels->gemm->panel;
    const int cols = !p->up ? p->c->conv.f : p->scatters ? (int)(p->c->kernel / (size_t)p->c->conv.f) : p->c->conv.c;
    nn_parallel(p->run->team, ceil_div(cols, panel), pack_task, p);
}

/* NULL where the result is not the layer's output. */
static const nn_float *bias_of(const pass *p)
{
    return p->output && !p->layer->def.conv.no_bias ? p->layer->weights[1].value : NULL;
}

/* Bias and activation of `rows` rows of the result from row `at` on, where it is the layer's output. */
static void activate(const pass *p, size_t at, size_t rows, const nn_float *bias)
{
    const nn_activation activation = p->layer->def.conv.activation;
    nn_float *y = p->result + at * p->c->width;
    if (!p->output || (!bias && activation == NN_LINEAR)) return;
    p->run->kernels->elementwise->activate(y, y, bias, rows, p->c->width, activation);
}

static void activate_task(void *context, int task, int worker)
{
    const pass *p = context;
    const size_t rows = (size_t)p->gather->h * (size_t)p->gather->w;
    (void)worker;
    activate(p, (size_t)task * rows, rows, NULL);
}

static void pass_task(void *context, int task, int worker)
{
    const pass *p = context;
    const nn_gather *g = p->gather;
    const int first = task / p->parts * p->samples, part = task % p->parts;
    const int last = p->run->batch - first < p->samples ? p->run->batch : first + p->samples;
    const nn_region region = { first, last, (int)((long long)g->h * part / p->parts),
                               (int)((long long)g->h * (part + 1) / p->parts) };
    if (p->scatters) {
        p->run->kernels->image->scatter(p->result, p->source, p->packed, nn_worker_scratch(p->run, worker), &p->c->conv,
                                        first, last);
    } else {
        p->run->kernels->image->gather(p->result, p->source, p->packed, g, region);
    }
    /* Either whole samples or a part of one: the rows are contiguous. */
    activate(p, ((size_t)first * (size_t)g->h + (size_t)region.top) * (size_t)g->w,
             (size_t)(last - first) * (size_t)(region.bottom - region.top) * (size_t)g->w, bias_of(p));
}

static void run_pass(pass *p)
{
    if (!p->c->winograd[p->up]) {
        nn_parallel(p->run->team, ceil_div(p->run->batch, p->samples) * p->parts, pass_task, p);
        return;
    }
    nn_winograd_run(p->layer, p->run, p->up, p->result, p->source, p->packed, bias_of(p));
    if (p->output && p->layer->def.conv.activation != NN_LINEAR)
        nn_parallel(p->run->team, p->run->batch, activate_task, p);
}

nn_status nn_convolution_forward(nn_layer *layer, const nn_run *run)
{
    nn_convolution *c = layer->priv;
    pass p = make_pass(layer, run, c->transposed, layer->y, layer->x[0], c->packed);
    if (run->weights_changed) pack(&p);
    run_pass(&p);
    return NN_OK;
}

/* --- gradients by the weights --------------------------------------------------------------------------------------
 */

typedef struct weights {
    const nn_layer *layer;
    const nn_convolution *c;
    const nn_run *run;
    const nn_float *image, *map, *dz;
    nn_float *sums; /* (chunks, kernel and bias) */
    int chunks;
} weights;

static void activate_backward_task(void *context, int task, int worker)
{
    const pass *p = context;
    const size_t width = p->c->width, rows = (size_t)p->gather->h * (size_t)p->gather->w;
    const size_t at = (size_t)task * rows * width;
    nn_float *dz = p->result + at;
    (void)worker;
    p->run->kernels->elementwise->activate_backward(dz, dz, p->layer->y + at, rows, width,
                                                    p->layer->def.conv.activation);
}

/* Chunk `task` of the batch: its sums of kernel and bias. */
static void weights_task(void *context, int task, int worker)
{
    const weights *w = context;
    const nn_convolution *c = w->c;
    const int first = (int)((long long)w->run->batch * task / w->chunks);
    const int last = (int)((long long)w->run->batch * (task + 1) / w->chunks);
    nn_float *kernel = w->sums + (size_t)task * (c->kernel + c->width), *bias = kernel + c->kernel;
    nn_float *scratch = nn_worker_scratch(w->run, worker);
    if (c->winograd_weights)
        w->run->kernels->winograd->weights(kernel, w->image, w->map, scratch, &c->squares[0], first, last);
    else
        w->run->kernels->image->weights(kernel, w->image, w->map, scratch, &c->conv, first, last);
    if (w->layer->def.conv.no_bias) return;
    const size_t rows = w->layer->out_size / c->width;
    memset(bias, 0, c->width * sizeof(nn_float));
    for (int n = first; n < last; n++)
        w->run->kernels->elementwise->add_rows(bias, w->dz + (size_t)n * rows * c->width, rows, c->width);
}

enum { SUM_REALS = 1 << 15 };

/* A part of the kernel, or the bias: the chunks' sums in order. */
static void sum_task(void *context, int task, int worker)
{
    const weights *w = context;
    const nn_convolution *c = w->c;
    const size_t first = (size_t)task * SUM_REALS, stride = c->kernel + c->width;
    const bool is_bias = first >= c->kernel;
    const size_t count = is_bias ? c->width : c->kernel - first < SUM_REALS ? c->kernel - first : SUM_REALS;
    nn_float *grad = is_bias ? w->layer->weights[1].grad : w->layer->weights[0].grad + first;
    (void)worker;
    for (int i = 0; i < w->chunks; i++) {
        const nn_float *sum = w->sums + (size_t)i * stride + (is_bias ? c->kernel : first);
        w->run->kernels->elementwise->add(grad, sum, count);
    }
}

static void weights_backward(const nn_layer *layer, const nn_run *run, const nn_float *dz)
{
    const nn_convolution *c = layer->priv;
    weights w = { layer,
                  c,
                  run,
                  c->transposed ? dz : layer->x[0],
                  c->transposed ? layer->x[0] : dz,
                  dz,
                  run->scratch,
                  chunk_count(c, run->batch) };
    const int parts = (int)((c->kernel + SUM_REALS - 1) / SUM_REALS);
    nn_parallel(run->team, w.chunks, weights_task, &w);
    nn_parallel(run->team, parts + (layer->def.conv.no_bias ? 0 : 1), sum_task, &w);
}

void nn_convolution_backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params)
{
    const nn_convolution *c = layer->priv;
    if (layer->def.conv.activation != NN_LINEAR) {
        pass p = make_pass(layer, run, c->transposed, dy, NULL, NULL);
        nn_parallel(run->team, run->batch, activate_backward_task, &p);
    }
    if (want_params) weights_backward(layer, run, dy);
    if (!dx[0]) return;
    pass p = make_pass(layer, run, !c->transposed, dx[0], dy, run->scratch);
    pack(&p);
    run_pass(&p);
}
