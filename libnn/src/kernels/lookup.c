#include "lookup.h"
#include "real.h"
#include <string.h>

static void gather(nn_float *y, const nn_float *table, const int32_t *ids, size_t count, size_t dim)
{
    for (size_t i = 0; i < count; i++) memcpy(y + i * dim, table + (size_t)ids[i] * dim, dim * sizeof *y);
}

/* y += row, dim elements */
static inline void add_row(nn_float *y, const nn_float *row, size_t dim)
{
    size_t j = 0;
    for (; j + NN_LANES <= dim; j += NN_LANES) nn_store(y + j, nn_load(y + j) + nn_load(row + j));
    for (; j < dim; j++) y[j] += row[j];
}

static void gather_sum(nn_float *y, const nn_float *table, const int32_t *ids, size_t count, size_t dim)
{
    for (size_t i = 0; i < count; i++) add_row(y, table + (size_t)ids[i] * dim, dim);
}

static void scatter_add(nn_float *table, const int32_t *ids, const nn_float *dy, size_t dy_stride, size_t count,
                        size_t dim, int32_t part, int32_t mask)
{
    for (size_t i = 0; i < count; i++)
        if ((ids[i] & mask) == part) add_row(table + (size_t)ids[i] * dim, dy + i * dy_stride, dim);
}

extern const nn_lookup_kernels NN_KERNEL(lookup_kernels);
const nn_lookup_kernels
    NN_KERNEL(lookup_kernels) = { .gather = gather, .gather_sum = gather_sum, .scatter_add = scatter_add };
