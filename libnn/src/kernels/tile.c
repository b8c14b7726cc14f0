#include "tile.h"

#include "micro.h"

_Static_assert((int)NN_TILE_ROWS <= (int)NN_MICRO_ROWS && (int)NN_TILE_VECTORS <= (int)NN_MICRO_VECTORS,
               "a tile is a block");

/* Where vector v of a row of C or of unpacked B stands: the last one ends where the row ends, and so overlaps the one
 * before it rather than reaching beyond. */
NN_INLINE size_t column_of(int v, int vectors, size_t cols)
{
    return v + 1 < vectors ? (size_t)v * NN_LANES : cols - NN_LANES;
}

NN_INLINE nn_vec load_columns(const nn_float *from, const bool narrow, size_t cols)
{
    return narrow ? nn_load_part(from, cols) : nn_load(from);
}

/*
 * One size of tile; inlined with constant sizes, so that the accumulators are registers. C narrower than a vector has
 * `narrow` columns of a packed B's one vector.
 */
NN_INLINE void tile_of(const int rows, const int vectors, const bool narrow, const nn_tile *t, const nn_span *spans,
                       int count)
{
    const size_t cols = (size_t)t->cols, a_step = t->a_step, b_step = t->b_step;
    const size_t last = narrow ? 0 : column_of(vectors - 1, vectors, cols);
    nn_micro_block sum;
    NN_UNROLL for (int v = 0; v < vectors; v++)
    {
        const size_t at = narrow ? 0 : column_of(v, vectors, cols);
        const nn_vec start = !t->start ? (nn_vec){ 0 } : load_columns(t->start + at, narrow, cols);
        NN_UNROLL for (int r = 0; r < rows; r++) sum[r][v] = t->add ? load_columns(t->c[r] + at, narrow, cols) : start;
    }
    const nn_float *a[NN_TILE_ROWS];
    NN_UNROLL for (int r = 0; r < rows; r++) a[r] = t->a[r];
    for (int s = 0; s < count; s++) {
        const nn_float *b = t->b + spans[s].b * b_step;
        const ptrdiff_t end = spans[s].a + (ptrdiff_t)(spans[s].n * a_step);
        for (ptrdiff_t k = spans[s].a; k < end; k += (ptrdiff_t)a_step, b += b_step)
            nn_micro_step(sum, rows, vectors, a, k, b, last);
    }
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        NN_UNROLL for (int v = 0; v < vectors; v++)
        {
            if (narrow)
                nn_store_part(t->c[r], sum[r][v], cols);
            else
                nn_store(t->c[r] + column_of(v, vectors, cols), sum[r][v]);
        }
    }
}

#define NN_TILE_OF(rows, vectors)                                                                                      \
    static void tile_##rows##_##vectors(const nn_tile *tile, const nn_span *spans, int count)                          \
    {                                                                                                                  \
        tile_of(rows, (vectors) ? (vectors) : 1, (vectors) == 0, tile, spans, count);                                  \
    }
#define NN_TILES_OF(vectors)                                                                                           \
    NN_TILE_OF(1, vectors)                                                                                             \
    NN_TILE_OF(2, vectors)                                                                                             \
    NN_TILE_OF(4, vectors)                                                                                             \
    NN_TILE_OF(6, vectors)
#define NN_NARROW_TILES_OF(vectors)                                                                                    \
    NN_TILES_OF(vectors)                                                                                               \
    NN_TILE_OF(8, vectors)
#define NN_TILE_NAMES(vectors, most)                                                                                   \
    {                                                                                                                  \
        tile_1_##vectors, tile_2_##vectors, tile_4_##vectors, tile_6_##vectors, most                                   \
    }

NN_NARROW_TILES_OF(0) /* less than one vector */
NN_NARROW_TILES_OF(1)
#if defined(NN_KERNELS_AVX512)
NN_NARROW_TILES_OF(2)
NN_TILES_OF(3)
NN_TILES_OF(4)
#else
NN_TILES_OF(2)
#endif

typedef void tile_function(const nn_tile *, const nn_span *, int);

static tile_function *const tiles[NN_TILE_VECTORS + 1][5] = {
    NN_TILE_NAMES(0, tile_8_0), NN_TILE_NAMES(1, tile_8_1),
#if defined(NN_KERNELS_AVX512)
    NN_TILE_NAMES(2, tile_8_2), NN_TILE_NAMES(3, NULL),     NN_TILE_NAMES(4, NULL),
#else
    NN_TILE_NAMES(2, NULL),
#endif
};

void NN_KERNEL(tile)(nn_tile *tile, const nn_span *spans, int count)
{
    static const signed char size_of[NN_TILE_ROWS] = { 0, 1, 2, 2, 3, 3, 4, 4 };
    static const signed char rows_of[5] = { 1, 2, 4, 6, 8 };
    const int size = size_of[tile->rows - 1], rows = rows_of[size];
    /* Rows up to the next size of tile repeat the last one, and store the same values again. */
    for (int r = tile->rows; r < rows; r++) {
        tile->a[r] = tile->a[tile->rows - 1];
        tile->c[r] = tile->c[tile->rows - 1];
    }
    const int vectors = tile->cols < NN_LANES ? 0 : (tile->cols + NN_LANES - 1) / NN_LANES;
    tiles[vectors][size](tile, spans, count);
}
