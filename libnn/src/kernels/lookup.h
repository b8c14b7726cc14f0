/* Rows of a table by index: Embedding, and Dense over multi-hot rows. */
#ifndef NN_KERNELS_LOOKUP_H
#define NN_KERNELS_LOOKUP_H

#include "kernels.h"
#include <stdbool.h>

struct nn_lookup_kernels {
    /* The position of the first id outside 0 .. size - 1; count if there is none. */
    size_t (*outside)(const int32_t *ids, size_t count, int32_t size);
    /* Whether each id is larger than the one before it. */
    bool (*ascending)(const int32_t *ids, size_t count);
    /* y (count, dim) = table[ids] */
    void (*gather)(nn_float *y, const nn_float *table, const int32_t *ids, size_t count, size_t dim);
    /* y (dim) += sum of table[ids] */
    void (*gather_sum)(nn_float *y, const nn_float *table, const int32_t *ids, size_t count, size_t dim);
    /*
     * table[ids[i]] += dy[i * dy_stride] (dim), in order; dy_stride 0 repeats one row. Only ids with (id & mask) ==
     * part: parts of a table, as large as each other however frequent its first rows are.
     */
    void (*scatter_add)(nn_float *table, const int32_t *ids, const nn_float *dy, size_t dy_stride, size_t count,
                        size_t dim, int32_t part, int32_t mask);
};

#endif
