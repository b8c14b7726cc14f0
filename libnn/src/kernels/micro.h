/*
 * The innermost loop of all matrix products: a block of C in registers while the inner dimension passes. Inlined with
 * constant numbers of rows and vectors: into the tiles of dense layers and convolutions (tile.c), and into the cells of
 * recurrent layers, which go on with the block where it is.
 */
#ifndef NN_KERNELS_MICRO_H
#define NN_KERNELS_MICRO_H

#include "real.h"
#include <stddef.h>

/* The widest block in vectors; the most rows at each width, and about half as many for what is left of them:
 * accumulators, a row of B and an element of A, or a column of A and a vector of B, are registers. */
enum { NN_MICRO_VECTORS = 4, NN_MICRO_ROWS = 8 };
#if defined(NN_KERNELS_AVX512)
#define NN_MICRO_ROWS_OF(vectors) ((vectors) == 4 ? 4 : 8)
#define NN_MICRO_HALF_OF(vectors) ((vectors) == 4 ? 2 : 4)
#elif defined(NN_KERNELS_AVX2)
#define NN_MICRO_ROWS_OF(vectors) ((vectors) == 4 ? 3 : 4)
#define NN_MICRO_HALF_OF(vectors) 2
#else /* products need a register, too */
#define NN_MICRO_ROWS_OF(vectors) ((vectors) == 4 ? 2 : 4)
#define NN_MICRO_HALF_OF(vectors) ((vectors) == 4 ? 1 : 2)
#endif

/* GCC 12 would load what is used several times again each time, as an operand of the multiplication. */
#if defined(NN_KERNELS_AVX512)
#define NN_KEEP(v) __asm__("" : "+v"(v))
#elif defined(__SSE__)
#define NN_KEEP(v) __asm__("" : "+x"(v))
#else
#define NN_KEEP(v)
#endif

typedef nn_vec nn_micro_block[NN_MICRO_ROWS][NN_MICRO_VECTORS];

/* One step of the inner dimension, c[r][v] += a[r][k] b[v ..]; the last vector of b stands at `last`. What there is
 * less of, rows or vectors, stays in registers. */
NN_INLINE void nn_micro_step(nn_micro_block c, const int rows, const int vectors, const nn_float *const *a, ptrdiff_t k,
                             const nn_float *b, size_t last)
{
    nn_vec row[NN_MICRO_VECTORS], column[NN_MICRO_ROWS];
    if (rows < vectors) {
        NN_UNROLL for (int r = 0; r < rows; r++)
        {
            column[r] = nn_splat(a[r][k]);
            NN_KEEP(column[r]);
        }
        NN_UNROLL for (int v = 0; v < vectors; v++)
        {
            row[v] = nn_load(b + (v + 1 < vectors ? (size_t)v * NN_LANES : last));
            NN_KEEP(row[v]);
            NN_UNROLL for (int r = 0; r < rows; r++) c[r][v] += column[r] * row[v];
        }
        return;
    }
    NN_UNROLL for (int v = 0; v < vectors; v++)
    {
        row[v] = nn_load(b + (v + 1 < vectors ? (size_t)v * NN_LANES : last));
        NN_KEEP(row[v]);
    }
    NN_UNROLL for (int r = 0; r < rows; r++)
    {
        const nn_float x = a[r][k];
        NN_UNROLL for (int v = 0; v < vectors; v++) c[r][v] += x * row[v];
    }
}

/*
 * c[r][v] += sum over k < depth of a[r a_row + k a_step] b[k b_step + v NN_LANES ..]. A constant `b_step` of whole
 * vectors and either a_row or a_step of 1 are the common cases.
 */
NN_INLINE void nn_micro(nn_micro_block c, const int rows, const int vectors, const nn_float *a, ptrdiff_t a_row,
                        ptrdiff_t a_step, const nn_float *b, size_t b_step, size_t depth)
{
    for (size_t k = 0; k < depth; k++, a += a_step, b += b_step) {
        const nn_float *row[NN_MICRO_ROWS];
        NN_UNROLL for (int r = 0; r < rows; r++) row[r] = a + r * a_row;
        nn_micro_step(c, rows, vectors, row, 0, b, (size_t)(vectors - 1) * NN_LANES);
    }
}

#endif
