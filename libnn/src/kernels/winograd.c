#include "winograd.h"
#include "tile.h"
#include "winograd_lines.h"
#include <string.h>

/* --- squares in memory -------------------------------------------------------------------------------------------- */

/*
 * The 64 matrices of a step lie one after the other. A step that is a power of two would bring the elements of a square
 * into the same few lines of the cache.
 */
static size_t apart(size_t size)
{
    return (size + 15) / 16 * 16 + 16;
}

static size_t wide(int c)
{
    return ((size_t)c + NN_LANES - 1) / NN_LANES * NN_LANES;
}

/* A square's place: its first row and column in a sample of `h` x `w` cells, which it may overlap. */
typedef struct place {
    int top, left, h, w, c;
} place;

/* The square's cells at channels j ..; zeros outside the sample. */
NN_INLINE void load_square(nn_vec *cells, const nn_float *sample, place at, const int size, size_t j)
{
    const size_t left = (size_t)at.c - j;
    for (int y = 0; y < size; y++) {
        for (int x = 0; x < size; x++) {
            const int row = at.top + y, col = at.left + x;
            const bool inside = row >= 0 && row < at.h && col >= 0 && col < at.w;
            const size_t cell = inside ? ((size_t)row * (size_t)at.w + (size_t)col) * (size_t)at.c + j : 0;
            cells[y * NN_SQUARE + x] = inside ? nn_load_part(sample + cell, left) : (nn_vec){ 0 };
        }
    }
}

static void store_square(nn_float *sample, const nn_vec *cells, place at, int size, size_t j)
{
    for (int y = 0; y < size && at.top + y < at.h; y++) {
        for (int x = 0; x < size && at.left + x < at.w; x++) {
            const size_t cell = (size_t)(at.top + y) * (size_t)at.w + (size_t)(at.left + x);
            nn_store_part(sample + cell * (size_t)at.c + j, cells[y * NN_SQUARE + x], (size_t)at.c - j);
        }
    }
}

/* Where square `index` stands in the result, and its sample. */
static place result_place(const nn_winograd *conv, size_t index, size_t *sample)
{
    const size_t all = nn_winograd_squares(conv);
    const int m = NN_SQUARE + 1 - conv->taps, across = nn_winograd_across(conv), i = (int)(index % all);
    *sample = index / all;
    return (place){ i / across * m, i % across * m, conv->h, conv->w, conv->c };
}

static place source_place(const nn_winograd *conv, size_t index, size_t *sample)
{
    const place to = result_place(conv, index, sample);
    return (place){ to.top - conv->top, to.left - conv->left, conv->source_h, conv->source_w, conv->source_c };
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
    return apart((size_t)conv->source_c * wide(conv->c));
}

static size_t packed_size(const nn_winograd *conv)
{
    return NN_POINTS * packed_point(conv);
}

/* Columns j .. of a row of the inner dimension, of one tap; at most `count` of them. */
NN_INLINE nn_vec load_tap(const nn_float *tap, const nn_winograd *conv, size_t row, size_t j, size_t count)
{
    if (!conv->up) return nn_load_part(tap + row * (size_t)conv->c + j, count);
    nn_vec v = { 0 };
    for (size_t i = 0; i < NN_LANES && i < count; i++) v[i] = tap[(j + i) * (size_t)conv->source_c + row];
    return v;
}

NN_INLINE void pack_taps(const int taps, nn_float *packed, const nn_float *kernel, const nn_winograd *conv,
                         size_t column, size_t first, size_t last)
{
    const size_t n = (size_t)conv->c, width = nn_panel_width(n, column), point = packed_point(conv);
    nn_float *panel = packed + column * (size_t)conv->source_c;
    for (size_t row = first; row < last; row++) {
        for (size_t j = 0; j < width; j += NN_LANES) {
            nn_vec cells[NN_POINTS];
            for (int i = 0; i < taps * taps; i++) {
                const int tap = conv->up ? taps * taps - 1 - i : i;
                cells[i / taps * NN_SQUARE + i % taps] =
                    load_tap(kernel + (size_t)tap * n * (size_t)conv->source_c, conv, row, column + j, n - column - j);
            }
            nn_square(cells, nn_kernel_line, taps, taps, NN_SQUARE);
            for (size_t p = 0; p < NN_POINTS; p++) nn_store(panel + p * point + row * width + j, cells[p]);
        }
    }
}

static void pack(nn_float *packed, const nn_float *kernel, const nn_winograd *conv, size_t column, size_t first,
                 size_t last)
{
    if (conv->taps == 5)
        pack_taps(5, packed, kernel, conv, column, first, last);
    else
        pack_taps(3, packed, kernel, conv, column, first, last);
}

/* --- a pass ------------------------------------------------------------------------------------------------------- */

static size_t matrix(int c)
{
    return apart(NN_SQUARES * (size_t)c);
}

static size_t pass_scratch(const nn_winograd *conv)
{
    return NN_POINTS * (matrix(conv->source_c) + matrix(conv->c));
}

/* `size` cells on a side of a sample, transformed along both ways, as row `row` of the 64 matrices. */
NN_INLINE void spread_square(const int size, nn_line *line, nn_float *matrices, const nn_float *sample, place at,
                             size_t row)
{
    const size_t c = (size_t)at.c, step = matrix(at.c);
    for (size_t j = 0; j < c; j += NN_LANES) {
        nn_vec cells[NN_POINTS];
        load_square(cells, sample, at, size, j);
        nn_square(cells, line, size, size, NN_SQUARE);
        for (size_t p = 0; p < NN_POINTS; p++) nn_store_part(matrices + p * step + row * c + j, cells[p], c - j);
    }
}

/* B^T source B of a square. */
static void source_square(nn_float *matrices, const nn_float *source, const nn_winograd *conv, size_t index, size_t row)
{
    size_t sample = 0;
    const place at = source_place(conv, index, &sample);
    spread_square(NN_SQUARE, nn_source_line, matrices, source + sample * source_size(conv), at, row);
}

/* A^T products A of a square to its place. */
static void result_square(const int m, nn_float *result, const nn_float *matrices, const nn_winograd *conv,
                          size_t index, size_t row)
{
    size_t sample = 0;
    const place at = result_place(conv, index, &sample);
    const size_t c = (size_t)conv->c, step = matrix(conv->c);
    for (size_t j = 0; j < c; j += NN_LANES) {
        nn_vec cells[NN_POINTS];
        for (size_t p = 0; p < NN_POINTS; p++) cells[p] = nn_load_part(matrices + p * step + row * c + j, c - j);
        if (m == 4)
            nn_square(cells, nn_result_line, 4, NN_SQUARE, 4);
        else
            nn_square(cells, nn_result_line, 6, NN_SQUARE, 6);
        store_square(result + sample * result_size(conv), cells, at, m, j);
    }
}

static void pass(nn_float *result, const nn_float *source, const nn_float *packed, nn_float *scratch,
                 const nn_winograd *conv, size_t first, size_t last)
{
    const size_t n = (size_t)conv->c, k = (size_t)conv->source_c, point = packed_point(conv);
    nn_float *products = scratch + NN_POINTS * matrix(conv->source_c);
    for (size_t i = first; i < last; i++) source_square(scratch, source, conv, i, i - first);
    for (size_t p = 0; p < NN_POINTS; p++) {
        NN_KERNEL(packed_product)
        (&(nn_product){ .m = last - first,
                        .n = n,
                        .k = k,
                        .a = { scratch + p * matrix(conv->source_c), k, false },
                        .b = { packed + p * point, n, false },
                        .c = products + p * matrix(conv->c),
                        .ldc = n });
    }
    for (size_t i = first; i < last; i++)
        result_square(NN_SQUARE + 1 - conv->taps, result, products, conv, i, i - first);
}

/* --- weights ------------------------------------------------------------------------------------------------------ */

static size_t gradient_point(const nn_winograd *conv)
{
    return apart((size_t)conv->source_c * (size_t)conv->c);
}

static size_t weights_scratch(const nn_winograd *conv)
{
    return pass_scratch(conv) + NN_POINTS * gradient_point(conv);
}

/* A dmap A^T of a square. */
static void gradient_square(nn_float *matrices, const nn_float *map, const nn_winograd *conv, size_t index, size_t row)
{
    size_t sample = 0;
    const place at = result_place(conv, index, &sample);
    const nn_float *cells = map + sample * result_size(conv);
    if (conv->taps == 5)
        spread_square(4, nn_gradient_line, matrices, cells, at, row);
    else
        spread_square(6, nn_gradient_line, matrices, cells, at, row);
}

/* dkernel = G^T sums G. */
NN_INLINE void gather_taps(const int taps, nn_float *dkernel, const nn_float *sums, const nn_winograd *conv)
{
    const size_t c = (size_t)conv->source_c, f = (size_t)conv->c, step = gradient_point(conv);
    for (size_t i = 0; i < c; i++) {
        for (size_t j = 0; j < f; j += NN_LANES) {
            nn_vec cells[NN_POINTS];
            for (size_t p = 0; p < NN_POINTS; p++) cells[p] = nn_load_part(sums + p * step + i * f + j, f - j);
            nn_square(cells, nn_taps_line, taps, NN_SQUARE, taps);
            for (size_t t = 0; t < (size_t)(taps * taps); t++) {
                const nn_vec cell = cells[t / (size_t)taps * NN_SQUARE + t % (size_t)taps];
                nn_store_part(dkernel + (t * c + i) * f + j, cell, f - j);
            }
        }
    }
}

static void weights(nn_float *dkernel, const nn_float *image, const nn_float *map, nn_float *scratch,
                    const nn_winograd *conv, int first, int last)
{
    const size_t c = (size_t)conv->source_c, f = (size_t)conv->c, all = nn_winograd_squares(conv);
    const size_t end = (size_t)last * all;
    nn_float *gradients = scratch + NN_POINTS * matrix(conv->source_c), *sums = scratch + pass_scratch(conv);
    for (size_t begin = (size_t)first * all; begin < end; begin += NN_SQUARES) {
        const size_t count = nn_least(NN_SQUARES, end - begin);
        for (size_t i = 0; i < count; i++) {
            source_square(scratch, image, conv, begin + i, i);
            gradient_square(gradients, map, conv, begin + i, i);
        }
        for (size_t p = 0; p < NN_POINTS; p++) {
            nn_float *sum = sums + p * gradient_point(conv);
            NN_KERNEL(small_product)
            (&(nn_product){ .m = c,
                            .n = f,
                            .k = count,
                            .a = { scratch + p * matrix(conv->source_c), c, true },
                            .b = { gradients + p * matrix(conv->c), f, false },
                            .start = begin > (size_t)first * all ? sum : NULL,
                            .c = sum,
                            .ldc = f });
        }
    }
    if (conv->taps == 5)
        gather_taps(5, dkernel, sums, conv);
    else
        gather_taps(3, dkernel, sums, conv);
}

extern const nn_winograd_kernels NN_KERNEL(winograd_kernels);
const nn_winograd_kernels NN_KERNEL(winograd_kernels) = { .pack = pack,
                                                          .packed_size = packed_size,
                                                          .pass = pass,
                                                          .pass_scratch = pass_scratch,
                                                          .weights = weights,
                                                          .weights_scratch = weights_scratch };
