#include "image.h"
#include "image_weights.h"
#include "tile.h"
#include <string.h>

/* --- gather: rows of the result by classes that share their taps -------------------------------------------------- */

enum { GATHER_DEPTH = 512, GATHER_BLOCK = 64 * 1024 /* reals of the packed kernel that stay in the second cache */ };

/* A part of the inner dimension: taps from .. to - 1 in the kernel's order, channels low .. high - 1 of each. */
typedef struct chunk {
    int from, to, low, high;
} chunk;

/* The spans of a class within a chunk, neighbours joined; their number. */
static int class_spans(nn_span *spans, const nn_gather *g, const nn_taps *down, const nn_taps *across, chunk part)
{
    int count = 0;
    for (int y = 0; y < down->taps; y++) {
        for (int x = 0; x < across->taps; x++) {
            const int tap = (down->tap + y * down->tap_step) * g->kernel_w + across->tap + x * across->tap_step;
            if (tap < part.from || tap >= part.to) continue;
            const ptrdiff_t pixel = (ptrdiff_t)y * down->source_tap * g->source_w + (ptrdiff_t)x * across->source_tap;
            const nn_span span = { pixel * g->source_c + part.low, (size_t)tap * (size_t)g->source_c + (size_t)part.low,
                                   (size_t)(part.high - part.low) };
            nn_span *before = count > 0 ? &spans[count - 1] : NULL;
            if (before && before->a + (ptrdiff_t)before->n == span.a && before->b + before->n == span.b) {
                before->n += span.n;
            } else {
                spans[count++] = span;
            }
        }
    }
    return count;
}

/* Columns of the result, a panel at a time, for the tile's rows. */
static void gather_panels(nn_tile *tile, const nn_float *packed, const nn_gather *g, const nn_span *spans, int count)
{
    const size_t n = (size_t)g->c, k = (size_t)g->kernel_h * (size_t)g->kernel_w * (size_t)g->source_c;
    for (size_t j = 0; j < n; j += NN_TILE_COLS) {
        tile->b = packed + j * k;
        tile->b_step = nn_panel_width(n, j);
        tile->cols = (int)nn_least(n - j, NN_TILE_COLS);
        NN_KERNEL(tile)(tile, spans, count);
        for (int r = 0; r < tile->rows; r++) tile->c[r] += tile->cols;
    }
}

/* Row i of a class; a step may be any int. */
static long long row_of(const nn_taps *down, int i)
{
    return down->first + (long long)i * down->step;
}

/* Positions of the class at rows low .. high - 1 of its own count, in all samples of the region. */
static void gather_class(nn_float *result, const nn_float *source, const nn_float *packed, const nn_gather *g,
                         const nn_taps *down, const nn_taps *across, nn_region region, const nn_span *spans, int count,
                         bool add)
{
    const long long above = (long long)region.top - down->first;
    const int low = above <= 0 ? 0 : (int)((above + down->step - 1) / down->step);
    const int rows = (int)nn_tile_rows((size_t)g->c);
    nn_tile tile = { .a_step = 1, .add = add };
    for (int n = region.first; n < region.last; n++) {
        for (int i = low; i < down->count && row_of(down, i) < region.bottom; i++) {
            const size_t row = (size_t)n * (size_t)g->h + (size_t)row_of(down, i);
            const size_t from = (size_t)n * (size_t)g->source_h + (size_t)(down->source + i * down->source_step);
            for (int j = 0; j < across->count; j++) {
                const size_t pixel = row * (size_t)g->w + (size_t)(across->first + j * across->step);
                const size_t origin = from * (size_t)g->source_w + (size_t)(across->source + j * across->source_step);
                tile.a[tile.rows] = source + origin * (size_t)g->source_c;
                tile.c[tile.rows] = result + pixel * (size_t)g->c;
                if (++tile.rows < rows) continue;
                gather_panels(&tile, packed, g, spans, count);
                tile.rows = 0;
            }
        }
    }
    if (tile.rows > 0) gather_panels(&tile, packed, g, spans, count);
}

static void gather_chunk(nn_float *result, const nn_float *source, const nn_float *packed, const nn_gather *g,
                         nn_region region, chunk part)
{
    nn_span spans[GATHER_DEPTH];
    for (int y = 0; y < g->down_count; y++) {
        for (int x = 0; x < g->across_count; x++) {
            const nn_taps *down = &g->down[y], *across = &g->across[x];
            const bool none = down->taps == 0 || across->taps == 0;
            const int count = class_spans(spans, g, down, across, part);
            /* The chunk of the first tap stores, the others add; positions without taps become zero in the first. */
            const bool start = none ? part.from == 0 && part.low == 0
                                    : part.low == 0 && part.from <= down->tap * g->kernel_w + across->tap;
            if (count > 0 || (none && start))
                gather_class(result, source, packed, g, down, across, region, spans, count, !start);
        }
    }
}

static void gather(nn_float *result, const nn_float *source, const nn_float *packed, const nn_gather *g,
                   nn_region region)
{
    /* The packed kernel goes by in chunks that stay in the cache while all rows of the region take them. */
    const int fit = GATHER_BLOCK / (g->c + NN_LANES), deep = fit < GATHER_DEPTH ? fit : GATHER_DEPTH;
    const int depth = deep > 32 ? deep : 32;
    const int channels = g->source_c < depth ? g->source_c : depth, taps = depth / channels;
    const int all = g->kernel_h * g->kernel_w;
    for (int from = 0; from < all; from += taps) {
        for (int low = 0; low < g->source_c; low += channels) {
            const int high = low + channels < g->source_c ? low + channels : g->source_c;
            gather_chunk(result, source, packed, g, region, (chunk){ from, from + taps, low, high });
        }
    }
}

/* --- scatter ------------------------------------------------------------------------------------------------------ */

/* Adds one map position's products (kernel_h, kernel_w, c) to its window of a sample's image. */
static void scatter_window(nn_float *image, const nn_float *product, const nn_conv *conv, int row, int col)
{
    const nn_window *down = &conv->down, *across = &conv->across;
    const int top = row * down->stride - down->before, left = col * across->stride - across->before;
    const int low = left < 0 ? -left : 0;
    const int high = left + across->size > across->image ? across->image - left : across->size;
    const size_t c = (size_t)conv->c;
    for (int y = 0; y < down->size; y++) {
        if (top + y < 0 || top + y >= down->image || high <= low) continue;
        nn_float *to = image + ((size_t)(top + y) * (size_t)across->image + (size_t)(left + low)) * c;
        const nn_float *from = product + ((size_t)y * (size_t)across->size + (size_t)low) * c;
        const size_t count = (size_t)(high - low) * c;
        for (size_t i = 0; i < count; i++) to[i] += from[i];
    }
}

enum { SCATTER_POSITIONS = 96 };

/* Rows of the map whose products are made at once. */
static int scatter_rows(const nn_conv *conv)
{
    return SCATTER_POSITIONS > conv->across.map ? SCATTER_POSITIONS / conv->across.map : 1;
}

static size_t scatter_scratch(const nn_conv *conv)
{
    const size_t window = (size_t)conv->down.size * (size_t)conv->across.size * (size_t)conv->c;
    return (size_t)scatter_rows(conv) * (size_t)conv->across.map * window;
}

static void scatter(nn_float *image, const nn_float *map, const nn_float *packed, nn_float *scratch,
                    const nn_conv *conv, int first, int last)
{
    const size_t window = (size_t)conv->down.size * (size_t)conv->across.size * (size_t)conv->c;
    const size_t pixels = (size_t)conv->down.image * (size_t)conv->across.image * (size_t)conv->c;
    const size_t cols = (size_t)conv->across.map, f = (size_t)conv->f;
    const int block = scatter_rows(conv);
    for (int n = first; n < last; n++) {
        nn_float *sample = image + (size_t)n * pixels;
        memset(sample, 0, pixels * sizeof(nn_float));
        for (int top = 0; top < conv->down.map; top += block) {
            const int rows = conv->down.map - top < block ? conv->down.map - top : block;
            const nn_float *from = map + ((size_t)n * (size_t)conv->down.map + (size_t)top) * cols * f;
            NN_KERNEL(packed_product)
            (&(nn_product){ .m = (size_t)rows * cols,
                            .n = window,
                            .k = f,
                            .a = { from, f, false },
                            .b = { packed, window, false },
                            .c = scratch,
                            .ldc = window });
            for (int i = 0; i < rows * conv->across.map; i++) {
                scatter_window(sample, scratch + (size_t)i * window, conv, top + i / conv->across.map,
                               i % conv->across.map);
            }
        }
    }
}

extern const nn_image_kernels NN_KERNEL(image_kernels);
const nn_image_kernels NN_KERNEL(image_kernels) = { .gather = gather,
                                                    .scatter = scatter,
                                                    .scatter_scratch = scatter_scratch,
                                                    .weights = NN_KERNEL(image_weights),
                                                    .weights_scratch = NN_KERNEL(image_weights_scratch) };
