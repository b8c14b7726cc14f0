/*
 * The register tile of matrix products: a few rows by up to NN_TILE_COLS columns of C stay in registers while the inner
 * dimension passes. Rows of A are read where they stand (in a matrix, in an image) by one pointer each; B comes in rows
 * of vectors, as packed or as it stands.
 */
#ifndef NN_KERNELS_TILE_H
#define NN_KERNELS_TILE_H

#include "gemm.h"
#include "real.h"
#include <stdbool.h>
#include <stddef.h>

enum {
    NN_TILE_ROWS = 8, /* of a tile of at most half the columns */
    NN_TILE_WIDE_ROWS = 6,
#if defined(NN_KERNELS_AVX512)
    NN_TILE_VECTORS = 4, /* 24 of 32 registers */
#else
    NN_TILE_VECTORS = 2, /* 12 of 16 registers */
#endif
    NN_TILE_COLS = NN_TILE_VECTORS * NN_LANES
};

/* The rows of C to take at a time where it has n columns. */
static inline size_t nn_tile_rows(size_t n)
{
    return n <= NN_TILE_COLS / 2 ? NN_TILE_ROWS : NN_TILE_WIDE_ROWS;
}

/* A stretch of the inner dimension that is regular in A and in B. */
typedef struct nn_span {
    ptrdiff_t a; /* elements from the row pointers */
    size_t b;    /* row of B */
    size_t n;    /* steps */
} nn_span;

typedef struct nn_tile {
    const nn_float *a[NN_TILE_ROWS]; /* (rows) where each row starts */
    size_t a_step;                   /* elements from one step of the inner dimension to the next */
    const nn_float *b;
    size_t b_step;             /* elements from row to row of B; at least NN_LANES of them can be read */
    nn_float *c[NN_TILE_ROWS]; /* (rows) */
    int rows, cols;            /* 1 .. nn_tile_rows(cols), 1 .. NN_TILE_COLS */
    const nn_float *start;     /* (cols) what every row starts with; NULL: zeros */
    bool add;                  /* every row starts with what C holds instead */
} nn_tile;

/* c[r][j] = start + sum over the spans' steps k of a[r][span.a + k a_step] b[(span.b + k) b_step + j]. */
void NN_KERNEL(tile)(nn_tile *tile, const nn_span *spans, int count);

/* The smaller of two sizes. */
static inline size_t nn_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/*
 * Packed B (k, n): panels of NN_TILE_COLS columns, each (k, its width), the last as wide as its columns need whole
 * vectors. The panel of column j starts at element j k and has rows of this many elements.
 */
static inline size_t nn_panel_width(size_t n, size_t j)
{
    const size_t vectors = (nn_least(n - j, NN_TILE_COLS) + NN_LANES - 1) / NN_LANES;
    return vectors * NN_LANES;
}

/* The functions of nn_gemm_kernels, for other kernels. */
void NN_KERNEL(pack)(nn_float *packed, const nn_float *b, nn_pack p, size_t first, size_t count);
void NN_KERNEL(packed_product)(const nn_product *product);
void NN_KERNEL(small_product)(const nn_product *product);

#endif
