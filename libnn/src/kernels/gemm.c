#include "gemm.h"
#include "tile.h"
#include <string.h>

/* Four reals. */
typedef nn_float quad __attribute__((vector_size(4 * sizeof(nn_float))));

/* to[i to_step + j] = from[j from_step + i] for i, j < 4. */
NN_INLINE void transpose_square(nn_float *to, size_t to_step, const nn_float *from, size_t from_step)
{
    quad in[4], half[4], out[4];
    for (size_t j = 0; j < 4; j++) memcpy(&in[j], from + j * from_step, sizeof in[j]);
    for (size_t j = 0; j < 4; j += 2) {
        half[j] = NN_SHUFFLE(in[j], in[j + 1], 0, 4, 1, 5);
        half[j + 1] = NN_SHUFFLE(in[j], in[j + 1], 2, 6, 3, 7);
    }
    for (size_t i = 0; i < 2; i++) {
        out[2 * i] = NN_SHUFFLE(half[i], half[i + 2], 0, 1, 4, 5);
        out[2 * i + 1] = NN_SHUFFLE(half[i], half[i + 2], 2, 3, 6, 7);
    }
    for (size_t i = 0; i < 4; i++) memcpy(to + i * to_step, &out[i], sizeof out[i]);
}

/* Rows i .. end - 1 of the panel from four columns of a transposed B, or from fewer. */
NN_INLINE void pack_columns(nn_float *panel, const nn_float *b, size_t col_step, size_t i, size_t end, size_t cols,
                            size_t width)
{
    for (; i + 4 <= end && cols == 4; i += 4) transpose_square(panel + i * width, width, b + i, col_step);
    for (; i < end; i++) {
        for (size_t j = 0; j < cols; j++) panel[i * width + j] = b[i + j * col_step];
    }
}

/* A strip of rows, a line of the cache in each column, at a time: columns may stand as far apart as lines that displace
 * each other. */
static void pack_transposed(nn_float *panel, const nn_float *b, size_t col_step, size_t k, size_t cols, size_t width)
{
    enum { STRIP = 16 };
    for (size_t i = 0; i < k; i += STRIP) {
        for (size_t j = 0; j < cols; j += 4)
            pack_columns(panel + j, b + j * col_step, col_step, i, nn_least(k, i + STRIP), nn_least(cols - j, 4),
                         width);
    }
}

/* k rows of `cols` columns of B as one panel, the columns from there to its width as zeros. */
static void pack_panel(nn_float *panel, const nn_float *b, size_t row_step, size_t col_step, size_t k, size_t cols,
                       size_t width)
{
    if (col_step == 1) {
        for (size_t i = 0; i < k; i++) {
            for (size_t j = 0; j < width; j += NN_LANES)
                nn_store(panel + i * width + j, nn_load_part(b + i * row_step + j, cols - j));
        }
        return;
    }
    for (size_t i = 0; i < k && cols < width; i++) nn_store(panel + (i + 1) * width - NN_LANES, (nn_vec){ 0 });
    pack_transposed(panel, b, col_step, k, cols, width);
}

void NN_KERNEL(pack)(nn_float *packed, const nn_float *b, nn_pack p, size_t first, size_t count)
{
    for (size_t j = first; j < nn_least(p.n, first + count); j += NN_TILE_COLS) {
        const size_t width = nn_panel_width(p.n, j);
        for (size_t g = 0; g < p.groups; g++) {
            pack_panel(packed + j * p.groups * p.k + g * p.k * width, b + g * p.group_step + j * p.col_step, p.row_step,
                       p.col_step, p.k, nn_least(p.n - j, NN_TILE_COLS), width);
        }
    }
}

/* All rows of C by tile->b: `depth` rows of B from row q on, columns from j on. */
static void panel_product(nn_tile *tile, const nn_product *p, size_t j, size_t q, size_t depth)
{
    const size_t row_step = p->a.transposed ? 1 : p->a.stride, a_step = p->a.transposed ? p->a.stride : 1;
    const size_t cols = nn_least(p->n - j, NN_TILE_COLS), rows = nn_tile_rows(cols);
    const nn_span span = { 0, 0, depth };
    const nn_float *a = p->a.data + q * a_step;
    nn_float *c = p->c + j;
    tile->a_step = a_step;
    tile->cols = (int)cols;
    tile->add = q > 0 || p->start == p->c;
    tile->start = p->start ? p->start + j : NULL;
    for (size_t i = 0; i < p->m; i += rows) {
        tile->rows = (int)nn_least(p->m - i, rows);
        for (int r = 0; r < tile->rows; r++, a += row_step, c += p->ldc) {
            tile->a[r] = a;
            tile->c[r] = c;
        }
        NN_KERNEL(tile)(tile, &span, 1);
    }
}

void NN_KERNEL(packed_product)(const nn_product *p)
{
    nn_tile tile = { 0 };
    for (size_t j = 0; j < p->n; j += NN_TILE_COLS) {
        tile.b = p->b.data + j * p->k;
        tile.b_step = nn_panel_width(p->n, j);
        panel_product(&tile, p, j, 0, p->k);
    }
}

/* Panels of B are taken as they stand where their rows are contiguous and a vector wide, else packed on the stack. */
void NN_KERNEL(small_product)(const nn_product *p)
{
    enum { DEPTH = 64 };
    nn_float panel[DEPTH * NN_TILE_COLS];
    const size_t row_step = p->b.transposed ? 1 : p->b.stride, col_step = p->b.transposed ? p->b.stride : 1;
    nn_tile tile = { 0 };
    for (size_t j = 0; j < p->n; j += NN_TILE_COLS) {
        const nn_float *b = p->b.data + j * col_step;
        if (!p->b.transposed && p->n - j >= NN_LANES) {
            tile.b = b;
            tile.b_step = row_step;
            panel_product(&tile, p, j, 0, p->k);
            continue;
        }
        tile.b = panel;
        tile.b_step = nn_panel_width(p->n, j);
        for (size_t q = 0; q < p->k; q += DEPTH) {
            const size_t depth = nn_least(p->k - q, DEPTH);
            pack_panel(panel, b + q * row_step, row_step, col_step, depth, nn_least(p->n - j, NN_TILE_COLS),
                       tile.b_step);
            panel_product(&tile, p, j, q, depth);
        }
    }
}

extern const nn_gemm_kernels NN_KERNEL(gemm_kernels);
const nn_gemm_kernels NN_KERNEL(gemm_kernels) = { .small = NN_KERNEL(small_product),
                                                  .pack = NN_KERNEL(pack),
                                                  .packed = NN_KERNEL(packed_product),
                                                  .panel = NN_TILE_COLS };
