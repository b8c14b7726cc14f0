#include "pool.h"
#include "real.h"
#include "vector_math.h"
#include <string.h>

/* The cells of one window that lie inside the image, from channel 0 of the first; cells of a row are c apart. */
typedef struct cells {
    size_t at, rows, cols;
} cells;

static void inside(const nn_window *w, int position, size_t *start, size_t *count)
{
    const int from = position * w->stride - w->before;
    const int low = from < 0 ? 0 : from, high = w->image - from < w->size ? w->image : from + w->size;
    *start = (size_t)low;
    *count = (size_t)(high - low);
}

static cells window_cells(const nn_conv *pool, int n, int row, int col)
{
    size_t top, left;
    cells w;
    inside(&pool->down, row, &top, &w.rows);
    inside(&pool->across, col, &left, &w.cols);
    w.at = (((size_t)n * (size_t)pool->down.image + top) * (size_t)pool->across.image + left) * (size_t)pool->c;
    return w;
}

/* What is done to one window: map at `map` in the map's arrays, lanes first .. first + lanes - 1 of its channels. */
typedef struct arrays {
    nn_float *map, *dimage;
    const nn_float *image, *out, *dmap;
    size_t row, c; /* elements from row to row, from cell to cell of the image */
} arrays;

typedef void window_function(const arrays *a, cells w, size_t map, size_t lanes);

static inline __attribute__((always_inline)) void each_window(window_function *apply, arrays a, const nn_conv *pool,
                                                              int first, int last)
{
    a.c = (size_t)pool->c;
    a.row = (size_t)pool->across.image * a.c;
    size_t map = (size_t)first * (size_t)pool->down.map * (size_t)pool->across.map * a.c;
    for (int n = first; n < last; n++) {
        for (int row = 0; row < pool->down.map; row++) {
            for (int col = 0; col < pool->across.map; col++, map += a.c) {
                cells w = window_cells(pool, n, row, col);
                for (size_t j = 0; j < a.c; j += NN_LANES, w.at += NN_LANES) apply(&a, w, map + j, a.c - j);
            }
        }
    }
}

static inline void max_window(const arrays *a, cells w, size_t map, size_t lanes)
{
    nn_vec most = nn_load_part(a->image + w.at, lanes);
    for (size_t i = 0; i < w.rows; i++) {
        for (size_t j = 0; j < w.cols; j++) {
            const nn_vec x = nn_load_part(a->image + w.at + i * a->row + j * a->c, lanes);
            most = nn_vselect((x > most) | (x != x), x, most);
        }
    }
    nn_store_part(a->map + map, most, lanes);
}

/* Row by row, so that a large window's sum stays exact. */
static inline void average_window(const arrays *a, cells w, size_t map, size_t lanes)
{
    nn_vec total = { 0 };
    for (size_t i = 0; i < w.rows; i++) {
        nn_vec sum = { 0 };
        for (size_t j = 0; j < w.cols; j++) sum += nn_load_part(a->image + w.at + i * a->row + j * a->c, lanes);
        total += sum;
    }
    nn_store_part(a->map + map, total / (nn_float)(w.rows * w.cols), lanes);
}

static inline void average_back_window(const arrays *a, cells w, size_t map, size_t lanes)
{
    const nn_vec share = nn_load_part(a->dmap + map, lanes) / (nn_float)(w.rows * w.cols);
    for (size_t i = 0; i < w.rows; i++) {
        for (size_t j = 0; j < w.cols; j++) {
            nn_float *cell = a->dimage + w.at + i * a->row + j * a->c;
            nn_store_part(cell, nn_load_part(cell, lanes) + share, lanes);
        }
    }
}

static inline void first_max_window(const arrays *a, cells w, size_t map, size_t lanes)
{
    const nn_vec most = nn_load_part(a->out + map, lanes), dy = nn_load_part(a->dmap + map, lanes);
    nn_vec_int open = ~(nn_vec_int){ 0 };
    for (size_t i = 0; i < w.rows; i++) {
        for (size_t j = 0; j < w.cols; j++) {
            const size_t at = w.at + i * a->row + j * a->c;
            const nn_vec_int here = (nn_load_part(a->image + at, lanes) == most) & open;
            nn_store_part(a->dimage + at, nn_load_part(a->dimage + at, lanes) + nn_vselect(here, dy, (nn_vec){ 0 }),
                          lanes);
            open &= ~here;
        }
    }
}

static inline void shared_max_window(const arrays *a, cells w, size_t map, size_t lanes)
{
    const nn_vec most = nn_load_part(a->out + map, lanes);
    nn_vec count = { 0 };
    for (size_t i = 0; i < w.rows; i++) {
        for (size_t j = 0; j < w.cols; j++) {
            const nn_vec x = nn_load_part(a->image + w.at + i * a->row + j * a->c, lanes);
            count += nn_vselect(x == most, nn_splat(1), (nn_vec){ 0 });
        }
    }
    const nn_vec share = nn_load_part(a->dmap + map, lanes) / count;
    for (size_t i = 0; i < w.rows; i++) {
        for (size_t j = 0; j < w.cols; j++) {
            const size_t at = w.at + i * a->row + j * a->c;
            const nn_vec_int here = nn_load_part(a->image + at, lanes) == most;
            nn_store_part(a->dimage + at, nn_load_part(a->dimage + at, lanes) + nn_vselect(here, share, (nn_vec){ 0 }),
                          lanes);
        }
    }
}

static void clear(nn_float *dimage, const nn_conv *pool, int first, int last)
{
    const size_t sample = (size_t)pool->down.image * (size_t)pool->across.image * (size_t)pool->c;
    memset(dimage + (size_t)first * sample, 0, (size_t)(last - first) * sample * sizeof(nn_float));
}

static void max_pool(nn_float *map, const nn_float *image, const nn_conv *pool, int first, int last)
{
    each_window(max_window, (arrays){ .map = map, .image = image }, pool, first, last);
}

static void average_pool(nn_float *map, const nn_float *image, const nn_conv *pool, int first, int last)
{
    each_window(average_window, (arrays){ .map = map, .image = image }, pool, first, last);
}

static void max_backward(nn_float *dimage, const nn_float *dmap, const nn_float *map, const nn_float *image,
                         const nn_conv *pool, bool shared, int first, int last)
{
    const arrays a = { .dimage = dimage, .dmap = dmap, .out = map, .image = image };
    clear(dimage, pool, first, last);
    if (shared) {
        each_window(shared_max_window, a, pool, first, last);
    } else {
        each_window(first_max_window, a, pool, first, last);
    }
}

static void average_backward(nn_float *dimage, const nn_float *dmap, const nn_conv *pool, int first, int last)
{
    clear(dimage, pool, first, last);
    each_window(average_back_window, (arrays){ .dimage = dimage, .dmap = dmap }, pool, first, last);
}

extern const nn_pool_kernels NN_KERNEL(pool_kernels);
const nn_pool_kernels NN_KERNEL(pool_kernels) = {
    .max = max_pool, .average = average_pool, .max_backward = max_backward, .average_backward = average_backward
};
