/*
 * The gradient of a convolution by its kernel: dkernel[tap] (c, f) = the sum over positions of the map of image[pixel
 * of position and tap]^T (c) times map[position] (f). Blocks of some samples or rows: the map packed in panels, for
 * each tap the positions at which it lies inside the image, for each `width` channels and panel a tile of dkernel.
 */
#include "image_weights.h"
#include "tile.h"
#include <string.h>

/*
 * Reals of the packed map that a block has. A vector of AVX-512 does so much with a line of the cache that lines may
 * come from the second one; shorter vectors want a panel of the map and a strip of the image to stay in the first.
 */
#if defined(NN_KERNELS_AVX512)
enum { WEIGHTS_BLOCK = 64 * 1024, STRIPS = false };
#else
enum { WEIGHTS_BLOCK = 24 * 1024, STRIPS = true };
#endif
enum {
    WEIGHTS_SPANS = 128,
    STRIPS_BLOCK = 128 * 1024, /* reals of a block's strips, at most */
    STRIPS_CHANNELS = 32,      /* with fewer, pixels are close together in any case */
    STRIPS_WORK = 48           /* multiplications, at least, for each element that is moved */
};

/* Samples n .. n + samples - 1, map rows top .. top + rows - 1: several whole samples, or some rows of one. They meet
 * the image's rows line .. line + lines - 1. */
typedef struct block {
    int n, samples, top, rows, line, lines;
    bool strips; /* moved to strips */
} block;

/* Rows of the image that so many rows of the map meet. */
static int lines_of(const nn_conv *conv, int rows)
{
    const long long lines = (long long)(rows - 1) * conv->down.stride + conv->down.size;
    return lines < conv->down.image ? (int)lines : conv->down.image;
}

/* Multiplications of a block of so many rows for each element of the image that it meets. */
static double work_of(const nn_conv *conv, int rows)
{
    const nn_window *down = &conv->down, *across = &conv->across;
    const double products = (double)rows * across->map * down->size * across->size * conv->f;
    return products / ((double)lines_of(conv, rows) * across->image);
}

/* The block, or a part of it, where that is worth to be moved to strips. */
static block with_strips(const nn_conv *conv, block whole)
{
    const size_t line = (size_t)conv->across.image * (size_t)conv->c, most = STRIPS_BLOCK / line;
    block b = whole;
    if (!STRIPS || conv->c < STRIPS_CHANNELS || (size_t)lines_of(conv, 1) > most) return whole;
    while ((size_t)lines_of(conv, b.rows) > most) b.rows--;
    b.lines = lines_of(conv, b.rows);
    b.samples = b.rows < whole.rows ? 1 : (int)nn_least((size_t)b.samples, most / (size_t)b.lines);
    b.strips = true;
    return work_of(conv, b.rows) < STRIPS_WORK ? whole : b;
}

/* The most samples and map rows of a block. */
static block largest_block(const nn_conv *conv)
{
    const size_t fit = WEIGHTS_BLOCK / ((size_t)conv->across.map * nn_whole_vectors((size_t)conv->f));
    block b = { .samples = 1, .rows = fit < 1 ? 1 : fit < WEIGHTS_SPANS ? (int)fit : WEIGHTS_SPANS };
    if (b.rows >= conv->down.map) {
        b.samples = b.rows / conv->down.map;
        b.rows = conv->down.map;
    }
    b.lines = lines_of(conv, b.rows);
    return with_strips(conv, b);
}

/* The block that begins at sample n and map row `top`, up to sample `last`. */
static block block_at(const nn_conv *conv, block most, int n, int last, int top)
{
    const nn_window *down = &conv->down;
    block b = { .n = n, .top = top, .strips = most.strips };
    b.samples = last - n < most.samples ? last - n : most.samples;
    b.rows = down->map - top < most.rows ? down->map - top : most.rows;
    const long long low = (long long)top * down->stride - down->before;
    const long long high = low + (long long)(b.rows - 1) * down->stride + down->size;
    b.line = low > 0 ? (int)low : 0;
    b.lines = (high < down->image ? (int)high : down->image) - b.line;
    return b;
}

static size_t positions(const nn_conv *conv, block b)
{
    return (size_t)b.samples * (size_t)b.rows * (size_t)conv->across.map;
}

static size_t pixels(const nn_conv *conv, block b)
{
    return (size_t)b.samples * (size_t)b.lines * (size_t)conv->across.image;
}

/* Channels of a strip. */
static size_t strip_width(const nn_conv *conv)
{
    return nn_least((size_t)conv->c, nn_tile_rows((size_t)conv->f));
}

size_t NN_KERNEL(image_weights_scratch)(const nn_conv *conv)
{
    const block b = largest_block(conv);
    const size_t width = strip_width(conv), strips = ((size_t)conv->c - 1) / width + 1;
    return positions(conv, b) * nn_whole_vectors((size_t)conv->f) + (b.strips ? pixels(conv, b) * width * strips : 0);
}

/*
 * A block's image as tiles take it, `width` channels at a time: channel i of pixel p, counted over samples of `lines`
 * lines, stands at at[i / width strip + i % width + p pixel]. As it is in memory; or in strips one after the other, so
 * that pixels lie close together.
 */
typedef struct strips {
    const nn_float *at;
    size_t width, strip, pixel;
    ptrdiff_t lines; /* from one sample to the next */
} strips;

NN_INLINE void pack_strips_of(const size_t width, nn_float *to, size_t strip, const nn_float *from, size_t count,
                              size_t c)
{
    for (size_t p = 0; p < count; p++, to += width, from += c) {
        nn_float *at = to;
        size_t i = 0;
        for (; i + width <= c; i += width, at += strip) memcpy(at, from + i, width * sizeof *at);
        if (i < c) memcpy(at, from + i, (c - i) * sizeof *at);
    }
}

static strips pack_strips(nn_float *packed, const nn_float *image, const nn_conv *conv, block b)
{
    const size_t w = (size_t)conv->across.image, c = (size_t)conv->c, width = strip_width(conv);
    const size_t strip = pixels(conv, b) * width, count = (size_t)b.lines * w;
    for (int s = 0; s < b.samples; s++) {
        nn_float *to = packed + (size_t)s * count * width;
        const nn_float *from = image + ((size_t)(b.n + s) * (size_t)conv->down.image + (size_t)b.line) * w * c;
        if (width == 6) /* the usual one, known to the compiler */
            pack_strips_of(6, to, strip, from, count, c);
        else
            pack_strips_of(width, to, strip, from, count, c);
    }
    return (strips){ packed, width, strip, width, b.lines };
}

static strips image_strips(const nn_float *image, const nn_conv *conv, block b)
{
    const size_t w = (size_t)conv->across.image, c = (size_t)conv->c, width = strip_width(conv);
    const size_t first = ((size_t)b.n * (size_t)conv->down.image + (size_t)b.line) * w * c;
    return (strips){ image + first, width, width, c, conv->down.image };
}

/* Map positions from .. to - 1, within low .. high - 1, at which a tap lies inside the image. */
typedef struct range {
    int from, to;
} range;

static range tap_range(const nn_window *w, int tap, int low, int high)
{
    range r = { low, high };
    while (r.from < r.to && r.from * w->stride + tap - w->before < 0) r.from++;
    while (r.from < r.to && (r.to - 1) * w->stride + tap - w->before >= w->image) r.to--;
    return r;
}

/* dkernel (c, f) of one tap, over a block's spans. */
static void weights_tap(nn_float *dkernel, const strips *image, const nn_float *packed, const nn_conv *conv, size_t k,
                        const nn_span *spans, int count, bool add)
{
    const size_t c = (size_t)conv->c, f = (size_t)conv->f, width = image->width;
    nn_tile tile = { .a_step = (size_t)conv->across.stride * image->pixel, .add = add };
    const nn_float *strip = image->at;
    for (size_t i = 0; i < c; i += width, strip += image->strip) {
        tile.rows = (int)nn_least(c - i, width);
        for (size_t j = 0; j < f; j += NN_TILE_COLS) {
            tile.cols = (int)nn_least(f - j, NN_TILE_COLS);
            tile.b = packed + j * k;
            tile.b_step = nn_panel_width(f, j);
            for (int r = 0; r < tile.rows; r++) {
                tile.a[r] = strip + r;
                tile.c[r] = dkernel + (i + (size_t)r) * f + j;
            }
            NN_KERNEL(tile)(&tile, spans, count);
        }
    }
}

/* The rows of a block's map at which tap (y, x) lies inside the image. */
static int tap_spans(nn_span *spans, const strips *image, const nn_conv *conv, block b, int y, int x)
{
    const nn_window *down = &conv->down, *across = &conv->across;
    const range rows = tap_range(down, y, b.top, b.top + b.rows), cols = tap_range(across, x, 0, across->map);
    int count = 0;
    for (int s = 0; s < b.samples; s++) {
        for (int row = rows.from; row < rows.to && cols.from < cols.to; row++) {
            const ptrdiff_t line = s * image->lines + row * down->stride + y - down->before - b.line;
            const ptrdiff_t pixel = line * across->image + cols.from * across->stride + x - across->before;
            const size_t position = (size_t)(s * b.rows + row - b.top) * (size_t)across->map + (size_t)cols.from;
            spans[count++] = (nn_span){ pixel * (ptrdiff_t)image->pixel, position, (size_t)(cols.to - cols.from) };
        }
    }
    return count;
}

/* One block, its map packed as (positions, f). */
static void weights_of_block(nn_float *dkernel, const strips *image, const nn_float *packed, const nn_conv *conv,
                             block b, bool add)
{
    const int h = conv->down.size, w = conv->across.size;
    nn_span spans[WEIGHTS_SPANS];
    for (int tap = 0; tap < h * w; tap++) {
        const int count = tap_spans(spans, image, conv, b, tap / w, tap % w);
        nn_float *to = dkernel + (size_t)tap * (size_t)conv->c * (size_t)conv->f;
        if (count > 0 || !add) weights_tap(to, image, packed, conv, positions(conv, b), spans, count, add);
    }
}

void NN_KERNEL(image_weights)(nn_float *dkernel, const nn_float *image, const nn_float *map, nn_float *scratch,
                              const nn_conv *conv, int first, int last)
{
    const block most = largest_block(conv);
    const size_t rows = (size_t)conv->down.map, cols = (size_t)conv->across.map, f = (size_t)conv->f;
    nn_float *strips_at = scratch + positions(conv, most) * nn_whole_vectors((size_t)conv->f);
    for (int n = first; n < last; n += most.samples) {
        for (int top = 0; top < conv->down.map; top += most.rows) {
            const block b = block_at(conv, most, n, last, top);
            const nn_float *from = map + ((size_t)n * rows + (size_t)top) * cols * f;
            NN_KERNEL(pack)(scratch, from, (nn_pack){ 1, 0, positions(conv, b), f, f, 1 }, 0, f);
            const strips taken = b.strips ? pack_strips(strips_at, image, conv, b) : image_strips(image, conv, b);
            weights_of_block(dkernel, &taken, scratch, conv, b, n > first || top > 0);
        }
    }
}
