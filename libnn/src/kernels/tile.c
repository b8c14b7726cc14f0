#include "tile.h"
#include <string.h>

#define NN_INLINE static inline __attribute__((always_inline))

/*
 * One size of tile; inlined with constant sizes, so that the accumulators are registers. The last vector of a row
 * stands where the row ends: it overlaps the one before it rather than reaching beyond.
 */
NN_INLINE void tile_of(const int rows, const int vectors, const nn_tile *t, const nn_span *spans, int count)
{
    const size_t last = (size_t)t->cols - NN_LANES, a_step = t->a_step, b_step = t->b_step;
    nn_vec sum[NN_TILE_ROWS][NN_TILE_VECTORS];
    for (int r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++)
            sum[r][v] = t->add ? nn_load(t->c[r] + (v + 1 < vectors ? (size_t)v * NN_LANES : last)) : (nn_vec){ 0 };
    }
    for (int s = 0; s < count; s++) {
        const nn_float *a[NN_TILE_ROWS];
        for (int r = 0; r < rows; r++) a[r] = t->a[r] + spans[s].a;
        const nn_float *b = t->b + spans[s].b * b_step;
        const size_t end = spans[s].n * a_step;
        for (size_t k = 0; k < end; k += a_step, b += b_step) {
            nn_vec row[NN_TILE_VECTORS];
            for (int v = 0; v < vectors; v++) row[v] = nn_load(b + (v + 1 < vectors ? (size_t)v * NN_LANES : last));
            for (int r = 0; r < rows; r++) {
                const nn_float x = a[r][k];
                for (int v = 0; v < vectors; v++) sum[r][v] += x * row[v];
            }
        }
    }
    for (int r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++)
            nn_store(t->c[r] + (v + 1 < vectors ? (size_t)v * NN_LANES : last), sum[r][v]);
    }
}

#define NN_TILE_OF(rows, vectors)                                                                                      \
    static void tile_##rows##_##vectors(const nn_tile *tile, const nn_span *spans, int count)                          \
    {                                                                                                                  \
        tile_of(rows, vectors, tile, spans, count);                                                                    \
    }
#define NN_TILES_OF(vectors)                                                                                           \
    NN_TILE_OF(1, vectors)                                                                                             \
    NN_TILE_OF(2, vectors)                                                                                             \
    NN_TILE_OF(4, vectors)                                                                                             \
    NN_TILE_OF(6, vectors)
#define NN_TILE_NAMES(vectors)                                                                                         \
    {                                                                                                                  \
        tile_1_##vectors, tile_2_##vectors, tile_4_##vectors, tile_6_##vectors                                         \
    }

NN_TILES_OF(1)
NN_TILES_OF(2)
#if defined(NN_KERNELS_AVX512)
NN_TILES_OF(3)
NN_TILES_OF(4)
#endif

typedef void tile_function(const nn_tile *, const nn_span *, int);

static tile_function *const tiles[NN_TILE_VECTORS][4] = {
    NN_TILE_NAMES(1),
    NN_TILE_NAMES(2),
#if defined(NN_KERNELS_AVX512)
    NN_TILE_NAMES(3),
    NN_TILE_NAMES(4),
#endif
};

/* C narrower than a vector goes through a copy that is as wide. */
static void tile_narrow(nn_tile *tile, tile_function *run, int rows, const nn_span *spans, int count)
{
    nn_float wide[NN_TILE_ROWS][NN_LANES];
    nn_float *narrow[NN_TILE_ROWS];
    const int cols = tile->cols;
    memset(wide, 0, sizeof wide);
    for (int r = 0; r < rows; r++) {
        narrow[r] = tile->c[r];
        tile->c[r] = wide[r];
        if (tile->add) memcpy(wide[r], narrow[r], (size_t)cols * sizeof(nn_float));
    }
    tile->cols = NN_LANES;
    run(tile, spans, count);
    tile->cols = cols;
    for (int r = 0; r < rows; r++) {
        tile->c[r] = narrow[r];
        memcpy(narrow[r], wide[r], (size_t)cols * sizeof(nn_float));
    }
}

void NN_KERNEL(tile)(nn_tile *tile, const nn_span *spans, int count)
{
    static const signed char size_of[NN_TILE_ROWS] = { 0, 1, 2, 2, 3, 3 };
    static const signed char rows_of[4] = { 1, 2, 4, 6 };
    const int size = size_of[tile->rows - 1], rows = rows_of[size];
    /* Rows up to the next size of tile repeat the last one, and store the same values again. */
    for (int r = tile->rows; r < rows; r++) {
        tile->a[r] = tile->a[tile->rows - 1];
        tile->c[r] = tile->c[tile->rows - 1];
    }
    tile_function *run = tiles[(tile->cols + NN_LANES - 1) / NN_LANES - 1][size];
    if (tile->cols < NN_LANES) {
        tile_narrow(tile, run, rows, spans, count);
    } else {
        run(tile, spans, count);
    }
}
