#include "winograd.h"
#include "tile.h"
#include "winograd_lines.h"
#include <string.h>

/* --- squares in memory -------------------------------------------------------------------------------------------- */

/*
 * The n^2 matrices of a step lie one after the other. A step that is a power of two would bring the elements of a
 * square into the same few lines of the cache.
 */
static size_t apart(size_t size)
{
    return (size + 15) / 16 * 16 + 16;
}

static size_t points(const nn_winograd *conv)
{
    return (size_t)(conv->n * conv->n);
}

/* function(n, taps, ..), compiled for each kind of square. */
#define BY_KIND(conv, function, ...)                                                                                   \
    do {                                                                                                               \
        if ((conv)->n == 6)                                                                                            \
            function(6, 3, __VA_ARGS__);                                                                               \
        else                                                                                                           \
            OF_STRIDE_1(conv, function, __VA_ARGS__);                                                                  \
    } while (0)
#define OF_STRIDE_1(conv, function, ...)                                                                               \
    do {                                                                                                               \
        if ((conv)->taps == 5)                                                                                         \
            function(8, 5, __VA_ARGS__);                                                                               \
        else                                                                                                           \
            function(8, 3, __VA_ARGS__);                                                                               \
    } while (0)

/* Element p of size^2 within the rows of NN_SQUARE cells. */
NN_INLINE size_t cell_of(size_t p, const int size)
{
    return p / (size_t)size * NN_SQUARE + p % (size_t)size;
}

/*
 * A square's place: its first row and column in a sample of `h` x `w` cells, which it may overlap. It has one cell of
 * every `step` on an axis: those of a phase.
 */
typedef struct place {
    int top, left, h, w, c, step;
} place;

/* Of a place within one phase, counted over rows, then columns. */
static place phase_place(place at, int phase)
{
    at.top = at.top * at.step + phase / at.step;
    at.left = at.left * at.step + phase % at.step;
    return at;
}

/* The square's cells at channels j ..; zeros outside the sample. */
NN_INLINE void load_square(nn_vec *cells, const nn_float *sample, place at, const int size, size_t j)
{
    const size_t left = (size_t)at.c - j;
    for (int y = 0; y < size; y++) {
        for (int x = 0; x < size; x++) {
            const int row = at.top + y * at.step, col = at.left + x * at.step;
            const bool inside = row >= 0 && row < at.h && col >= 0 && col < at.w;
            const size_t cell = inside ? ((size_t)row * (size_t)at.w + (size_t)col) * (size_t)at.c + j : 0;
            cells[y * NN_SQUARE + x] = inside ? nn_load_part(sample + cell, left) : (nn_vec){ 0 };
        }
    }
}

NN_INLINE void store_square(nn_float *sample, const nn_vec *cells, place at, const int size, size_t j)
{
    for (int y = 0; y < size && at.top + y * at.step < at.h; y++) {
        for (int x = 0; x < size && at.left + x * at.step < at.w; x++) {
            const size_t row = (size_t)(at.top + y * at.step), col = (size_t)(at.left + x * at.step);
            nn_store_part(sample + (row * (size_t)at.w + col) * (size_t)at.c + j, cells[y * NN_SQUARE + x],
                          (size_t)at.c - j);
        }
    }
}

/*
 * Step `i` of `steps` that bring the next square, of `size` cells a phase, to the cache while this one is worked at:
 * its rows lie too far apart for the processor to foresee them.
 */
NN_INLINE void fetch_square(const nn_float *sample, place at, const int size, size_t i, size_t steps)
{
    const size_t rows = (size_t)(size * at.step);
    at = phase_place(at, 0);
    const int end = at.left + (int)rows, left = at.left > 0 ? at.left : 0, right = end < at.w ? end : at.w;
    if (right <= left) return;
    for (size_t y = i * rows / steps; y < (i + 1) * rows / steps; y++) {
        const int row = at.top + (int)y;
        if (row < 0 || row >= at.h) continue;
        nn_fetch(sample + ((size_t)row * (size_t)at.w + (size_t)left) * (size_t)at.c,
                 (size_t)(right - left) * (size_t)at.c);
    }
}

/* Where square `index` stands in the result, and its sample. */
static place result_place(const nn_winograd *conv, size_t index, size_t *sample)
{
    const size_t all = nn_winograd_squares(conv);
    const int m = conv->n + 1 - conv->taps, across = nn_winograd_across(conv), i = (int)(index % all);
    *sample = index / all;
    return (place){ i / across * m, i % across * m, conv->h, conv->w, conv->c, conv->up ? conv->stride : 1 };
}

static place source_place(const nn_winograd *conv, size_t index, size_t *sample)
{
    const place to = result_place(conv, index, sample);
    return (place){ .top = to.top - conv->top,
                    .left = to.left - conv->left,
                    .h = conv->source_h,
                    .w = conv->source_w,
                    .c = conv->source_c,
                    .step = conv->up ? 1 : conv->stride };
}

static size_t source_size(const nn_winograd *conv)
{
    return (size_t)conv->source_h * (size_t)conv->source_w * (size_t)conv->source_c;
}

static size_t result_size(const nn_winograd *conv)
{
    return (size_t)conv->h * (size_t)conv->w * (size_t)conv->c;
}

/* --- the kernel --------------------------------------------------------------------------------------------------- */

static size_t packed_point(const nn_winograd *conv)
{
    return apart(nn_winograd_inner(conv) * nn_whole_vectors(nn_winograd_outer(conv)));
}

static size_t packed_size(const nn_winograd *conv)
{
    return points(conv) * packed_point(conv);
}

/* The tap of the layer's kernel that is tap (i, j) of a phase, both as on the way down; -1: none. */
static int tap_of(const nn_winograd *conv, int phase, int i, int j)
{
    const int row = conv->first_row + conv->stride * i + phase / conv->stride;
    const int col = conv->first_col + conv->stride * j + phase % conv->stride;
    const bool inside = row >= 0 && row < conv->size && col >= 0 && col < conv->size;
    return inside ? row * conv->size + col : -1;
}

/* Columns j .. of a row of the inner dimension, of tap (i, k); at most `count` of them. */
NN_INLINE nn_vec load_tap(const nn_float *kernel, const nn_winograd *conv, int i, int k, size_t row, size_t j,
                          size_t count)
{
    const size_t c = (size_t)(conv->up ? conv->c : conv->source_c), f = (size_t)(conv->up ? conv->source_c : conv->c);
    nn_vec v = { 0 };
    if (!conv->up) {
        const int tap = tap_of(conv, (int)(row / c), i, k);
        return tap < 0 ? v : nn_load_part(kernel + ((size_t)tap * c + row % c) * f + j, count);
    }
    for (size_t lane = 0; lane < NN_LANES && lane < count; lane++) {
        const int tap = tap_of(conv, (int)((j + lane) / c), conv->taps - 1 - i, conv->taps - 1 - k);
        if (tap >= 0) v[lane] = kernel[((size_t)tap * c + (j + lane) % c) * f + row];
    }
    return v;
}

NN_INLINE void pack_taps(const int n, const int taps, nn_float *packed, const nn_float *kernel, const nn_winograd *conv,
                         size_t column, size_t first, size_t last)
{
    const size_t columns = nn_winograd_outer(conv), width = nn_panel_width(columns, column), point = packed_point(conv);
    nn_float *panel = packed + column * nn_winograd_inner(conv);
    for (size_t row = first; row < last; row++) {
        for (size_t j = 0; j < width; j += NN_LANES) {
            nn_vec cells[NN_POINTS];
            for (int i = 0; i < taps; i++) {
                for (int k = 0; k < taps; k++)
                    cells[i * NN_SQUARE + k] = load_tap(kernel, conv, i, k, row, column + j, columns - column - j);
            }
            nn_square(cells, nn_kernel_line, n, taps, taps, n);
            for (size_t p = 0; p < (size_t)(n * n); p++)
                nn_store(panel + p * point + row * width + j, cells[cell_of(p, n)]);
        }
    }
}

static void pack(nn_float *packed, const nn_float *kernel, const nn_winograd *conv, size_t column, size_t first,
                 size_t last)
{
    BY_KIND(conv, pack_taps, packed, kernel, conv, column, first, last);
}

/* --- a pass ------------------------------------------------------------------------------------------------------- */

static size_t matrix(size_t c)
{
    return apart(NN_SQUARES * c);
}

static size_t pass_scratch(const nn_winograd *conv)
{
    return points(conv) * (matrix(nn_winograd_inner(conv)) + matrix(nn_winograd_outer(conv)));
}

/* A square's cells and those of the one after it. */
typedef struct source_cells {
    const nn_float *sample, *next_sample;
    place at, next;
} source_cells;

/* `size` cells on a side of each phase of a sample, transformed along both ways, as row `row` of the n^2 matrices. */
NN_INLINE void spread_square(const int n, const int size, nn_line *line, nn_float *matrices, const source_cells *s,
                             size_t row)
{
    const size_t c = (size_t)s->at.c, phases = (size_t)(s->at.step * s->at.step), step = matrix(phases * c);
    const size_t blocks = (c - 1) / NN_LANES + 1;
    for (size_t phase = 0; phase < phases; phase++) {
        nn_float *to = matrices + (row * phases + phase) * c;
        const place cells_at = phase_place(s->at, (int)phase);
        for (size_t j = 0; j < c; j += NN_LANES) {
            nn_vec cells[NN_POINTS];
            load_square(cells, s->sample, cells_at, size, j);
            fetch_square(s->next_sample, s->next, size, phase * blocks + j / NN_LANES, phases * blocks);
            nn_square(cells, line, n, size, size, n);
            for (size_t p = 0; p < (size_t)(n * n); p++) nn_store_part(to + p * step + j, cells[cell_of(p, n)], c - j);
        }
    }
}

/* B^T source B of a square. */
NN_INLINE void source_square(const int n, const int taps, nn_float *matrices, const nn_float *source,
                             const nn_winograd *conv, size_t index, size_t next, size_t row)
{
    size_t sample = 0, next_sample = 0;
    source_cells s = { .at = source_place(conv, index, &sample), .next = source_place(conv, next, &next_sample) };
    s.sample = source + sample * source_size(conv);
    s.next_sample = source + next_sample * source_size(conv);
    (void)taps;
    spread_square(n, n, nn_source_line, matrices, &s, row);
}

NN_INLINE void add_to_square(nn_vec *cells, const int size, nn_vec v)
{
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++) cells[y * NN_SQUARE + x] += v;
}

/* A^T products A + bias of a square to its place. */
NN_INLINE void result_square(const int n, const int taps, nn_float *result, const nn_float *matrices,
                             const nn_float *bias, const nn_winograd *conv, size_t index, size_t next_index, size_t row)
{
    const int m = n + 1 - taps;
    size_t sample = 0, next_sample = 0;
    const place at = result_place(conv, index, &sample), next = result_place(conv, next_index, &next_sample);
    const size_t c = (size_t)at.c, phases = (size_t)(at.step * at.step), step = matrix(phases * c);
    const size_t blocks = (c - 1) / NN_LANES + 1;
    for (size_t phase = 0; phase < phases; phase++) {
        const nn_float *from = matrices + (row * phases + phase) * c;
        const place cells_at = phase_place(at, (int)phase);
        for (size_t j = 0; j < c; j += NN_LANES) {
            nn_vec cells[NN_POINTS];
            for (size_t p = 0; p < (size_t)(n * n); p++)
                cells[cell_of(p, n)] = nn_load_part(from + p * step + j, c - j);
            fetch_square(result + next_sample * result_size(conv), next, m, phase * blocks + j / NN_LANES,
                         phases * blocks);
            nn_square(cells, nn_result_line, n, m, n, m);
            if (bias) add_to_square(cells, m, nn_load_part(bias + j, c - j));
            store_square(result + sample * result_size(conv), cells, cells_at, m, j);
        }
    }
}

static void pass(nn_float *result, const nn_float *source, const nn_float *packed, const nn_float *bias,
                 nn_float *scratch, const nn_winograd *conv, size_t first, size_t last)
{
    const size_t n = nn_winograd_outer(conv), k = nn_winograd_inner(conv), point = packed_point(conv);
    nn_float *products = scratch + points(conv) * matrix(k);
    for (size_t i = first; i < last; i++)
        BY_KIND(conv, source_square, scratch, source, conv, i, nn_least(i + 1, last - 1), i - first);
    for (size_t p = 0; p < points(conv); p++) {
        NN_KERNEL(packed_product)
        (&(nn_product){ .m = last - first,
                        .n = n,
                        .k = k,
                        .a = { scratch + p * matrix(k), k, false },
                        .b = { packed + p * point, n, false },
                        .c = products + p * matrix(n),
                        .ldc = n });
    }
    for (size_t i = first; i < last; i++)
        BY_KIND(conv, result_square, result, products, bias, conv, i, nn_least(i + 1, last - 1), i - first);
}

/* --- weights ------------------------------------------------------------------------------------------------------ */

static size_t gradient_point(const nn_winograd *conv)
{
    return apart((size_t)conv->source_c * (size_t)conv->c);
}

static size_t weights_scratch(const nn_winograd *conv)
{
    return pass_scratch(conv) + points(conv) * gradient_point(conv);
}

/* A dmap A^T of a square. */
NN_INLINE void gradient_square(const int n, const int taps, nn_float *matrices, const nn_float *map,
                               const nn_winograd *conv, size_t index, size_t next, size_t row)
{
    size_t sample = 0, next_sample = 0;
    source_cells s = { .at = result_place(conv, index, &sample), .next = result_place(conv, next, &next_sample) };
    s.sample = map + sample * result_size(conv);
    s.next_sample = map + next_sample * result_size(conv);
    spread_square(n, n + 1 - taps, nn_gradient_line, matrices, &s, row);
}

/* dkernel = G^T sums G. */
NN_INLINE void gather_taps(const int n, const int taps, nn_float *dkernel, const nn_float *sums,
                           const nn_winograd *conv)
{
    const size_t c = (size_t)conv->source_c, f = (size_t)conv->c, step = gradient_point(conv);
    for (size_t i = 0; i < c; i++) {
        for (size_t j = 0; j < f; j += NN_LANES) {
            nn_vec cells[NN_POINTS];
            for (size_t p = 0; p < (size_t)(n * n); p++)
                cells[cell_of(p, n)] = nn_load_part(sums + p * step + i * f + j, f - j);
            nn_square(cells, nn_taps_line, n, taps, n, taps);
            for (size_t t = 0; t < (size_t)(taps * taps); t++)
                nn_store_part(dkernel + (t * c + i) * f + j, cells[cell_of(t, taps)], f - j);
        }
    }
}

static void weights(nn_float *dkernel, const nn_float *image, const nn_float *map, nn_float *scratch,
                    const nn_winograd *conv, int first, int last)
{
    const size_t c = (size_t)conv->source_c, f = (size_t)conv->c, all = nn_winograd_squares(conv);
    const size_t end = (size_t)last * all;
    nn_float *gradients = scratch + points(conv) * matrix(c), *sums = scratch + pass_scratch(conv);
    for (size_t begin = (size_t)first * all; begin < end; begin += NN_SQUARES) {
        const size_t count = nn_least(NN_SQUARES, end - begin);
        for (size_t i = 0; i < count; i++) {
            const size_t index = begin + i, next = nn_least(index + 1, end - 1);
            OF_STRIDE_1(conv, source_square, scratch, image, conv, index, next, i);
            OF_STRIDE_1(conv, gradient_square, gradients, map, conv, index, next, i);
        }
        for (size_t p = 0; p < points(conv); p++) {
            nn_float *sum = sums + p * gradient_point(conv);
            NN_KERNEL(small_product)
            (&(nn_product){ .m = c,
                            .n = f,
                            .k = count,
                            .a = { scratch + p * matrix(c), c, true },
                            .b = { gradients + p * matrix(f), f, false },
                            .start = begin > (size_t)first * all ? sum : NULL,
                            .c = sum,
                            .ldc = f });
        }
    }
    OF_STRIDE_1(conv, gather_taps, dkernel, sums, conv);
}

extern const nn_winograd_kernels NN_KERNEL(winograd_kernels);
const nn_winograd_kernels NN_KERNEL(winograd_kernels) = { .pack = pack,
                                                          .packed_size = packed_size,
                                                          .pass = pass,
                                                          .pass_scratch = pass_scratch,
                                                          .weights = weights,
                                                          .weights_scratch = weights_scratch };
