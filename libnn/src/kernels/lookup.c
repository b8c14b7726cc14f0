#include "lookup.h"
#include "micro.h"
#include "real.h"

static void gather(nn_float *y, const nn_float *table, const int32_t *ids, size_t count, size_t dim)
{
    for (size_t i = 0; i < count; i++, y += dim) {
        const nn_float *row = table + (size_t)ids[i] * dim;
        size_t j = 0;
        for (; j + NN_LANES <= dim; j += NN_LANES) nn_store(y + j, nn_load(row + j));
        if (j < dim) nn_store_part(y + j, nn_load_part(row + j, dim - j), dim - j);
    }
}

/* Rows come from all over the table: those of ids to come are fetched this far ahead. */
enum { AHEAD = 16 };

NN_INLINE void fetch(const int vectors, const nn_float *row)
{
    for (int v = 0; v < vectors; v++) __builtin_prefetch(row + v * NN_LANES);
}

/* --- sums of rows: some columns of y stay in registers while the ids go by ---------------------------------------- */

/* Two sums, of even and of odd i, are added up without waiting for each other. */
NN_INLINE void sum_columns(const int vectors, nn_float *y, const nn_float *table, const int32_t *ids, size_t count,
                           size_t dim)
{
    nn_vec even[NN_MICRO_VECTORS], odd[NN_MICRO_VECTORS];
    size_t i = 0;
    for (int v = 0; v < vectors; v++) {
        even[v] = nn_load(y + v * NN_LANES);
        odd[v] = (nn_vec){ 0 };
    }
    for (; i + 2 <= count; i += 2) {
        const nn_float *one = table + (size_t)ids[i] * dim, *other = table + (size_t)ids[i + 1] * dim;
        if (i + AHEAD + 1 < count) {
            fetch(vectors, table + (size_t)ids[i + AHEAD] * dim);
            fetch(vectors, table + (size_t)ids[i + AHEAD + 1] * dim);
        }
        for (int v = 0; v < vectors; v++) {
            even[v] += nn_load(one + v * NN_LANES);
            odd[v] += nn_load(other + v * NN_LANES);
        }
    }
    if (i < count) {
        for (int v = 0; v < vectors; v++) even[v] += nn_load(table + (size_t)ids[i] * dim + v * NN_LANES);
    }
    for (int v = 0; v < vectors; v++) nn_store(y + v * NN_LANES, even[v] + odd[v]);
}

static void gather_sum(nn_float *y, const nn_float *table, const int32_t *ids, size_t count, size_t dim)
{
    size_t j = 0;
    for (; j + 4 * NN_LANES <= dim; j += 4 * NN_LANES) sum_columns(4, y + j, table + j, ids, count, dim);
    for (; j + NN_LANES <= dim; j += NN_LANES) sum_columns(1, y + j, table + j, ids, count, dim);
    for (; j < dim; j++) {
        nn_float sum = y[j];
        for (size_t i = 0; i < count; i++) sum += table[(size_t)ids[i] * dim + j];
        y[j] = sum;
    }
}

/* --- rows added to rows ------------------------------------------------------------------------------------------- */

/* The ids at positions at[0 .. count - 1], all of 0 .. count - 1 where `at` is NULL. */
NN_INLINE void add_columns(const int vectors, nn_float *table, const int32_t *ids, const nn_float *dy, size_t dy_stride,
                           const int32_t *at, size_t count, size_t dim)
{
    for (size_t k = 0; k < count; k++) {
        const size_t i = at ? (size_t)at[k] : k;
        nn_float *row = table + (size_t)ids[i] * dim;
        const nn_float *from = dy + i * dy_stride;
        if (k + AHEAD < count) fetch(vectors, table + (size_t)ids[at ? (size_t)at[k + AHEAD] : k + AHEAD] * dim);
        for (int v = 0; v < vectors; v++)
            nn_store(row + v * NN_LANES, nn_load(row + v * NN_LANES) + nn_load(from + v * NN_LANES));
    }
}

NN_INLINE void add_rows(nn_float *table, const int32_t *ids, const nn_float *dy, size_t dy_stride, const int32_t *at,
                        size_t count, size_t dim)
{
    size_t j = 0;
    for (; j + 4 * NN_LANES <= dim; j += 4 * NN_LANES)
        add_columns(4, table + j, ids, dy + j, dy_stride, at, count, dim);
    for (; j + 2 * NN_LANES <= dim; j += 2 * NN_LANES)
        add_columns(2, table + j, ids, dy + j, dy_stride, at, count, dim);
    for (; j + NN_LANES <= dim; j += NN_LANES) add_columns(1, table + j, ids, dy + j, dy_stride, at, count, dim);
    for (; j < dim; j++) {
        for (size_t k = 0; k < count; k++) {
            const size_t i = at ? (size_t)at[k] : k;
            table[(size_t)ids[i] * dim + j] += dy[i * dy_stride + j];
        }
    }
}

/* Of a part, a block at a time: its ids are picked without a branch that chance decides. */
static void scatter_add(nn_float *table, const int32_t *ids, const nn_float *dy, size_t dy_stride, size_t count,
                        size_t dim, int32_t part, int32_t mask)
{
    enum { BLOCK = 512 };
    int32_t at[BLOCK];
    if (mask == 0) {
        add_rows(table, ids, dy, dy_stride, NULL, count, dim);
        return;
    }
    for (size_t begin = 0; begin < count; begin += BLOCK) {
        const size_t block = count - begin < BLOCK ? count - begin : BLOCK;
        size_t picked = 0;
        for (size_t i = 0; i < block; i++) {
            at[picked] = (int32_t)i;
            picked += (ids[begin + i] & mask) == part;
        }
        add_rows(table, ids + begin, dy + begin * dy_stride, dy_stride, at, picked, dim);
    }
}

/* A block at a time without a way out, so that it vectorises. */
static size_t outside(const int32_t *ids, size_t count, int32_t size)
{
    enum { BLOCK = 256 };
    for (size_t begin = 0; begin < count; begin += BLOCK) {
        const size_t end = count - begin < BLOCK ? count : begin + BLOCK;
        uint32_t any = 0;
        for (size_t i = begin; i < end; i++) any |= (uint32_t)ids[i] >= (uint32_t)size;
        for (size_t i = begin; any; i++)
            if ((uint32_t)ids[i] >= (uint32_t)size) return i;
    }
    return count;
}

/* As outside(). */
static bool ascending(const int32_t *ids, size_t count)
{
    enum { BLOCK = 256 };
    for (size_t begin = 1; begin < count; begin += BLOCK) {
        const size_t end = count - begin < BLOCK ? count : begin + BLOCK;
        uint32_t any = 0;
        for (size_t i = begin; i < end; i++) any |= ids[i] <= ids[i - 1];
        if (any) return false;
    }
    return true;
}

extern const nn_lookup_kernels NN_KERNEL(lookup_kernels);
const nn_lookup_kernels NN_KERNEL(lookup_kernels) = {
    .outside = outside, .ascending = ascending, .gather = gather, .gather_sum = gather_sum, .scatter_add = scatter_add
};
