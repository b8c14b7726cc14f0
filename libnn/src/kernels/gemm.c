#include "gemm.h"
#include "tile.h"

/* Columns first .. of B (k, n) as one panel, the columns beyond n as zeros. */
static void pack_panel(nn_float *panel, const nn_float *b, size_t row_step, size_t col_step, size_t k, size_t cols,
                       size_t width)
{
    if (col_step == 1) {
        for (size_t i = 0; i < k; i++) {
            for (size_t j = 0; j < cols; j++) panel[i * width + j] = b[i * row_step + j];
        }
    } else {
        /* Along the columns of a transposed B a few rows at a time, so that the rows written stay in the cache. */
        enum { STRIP = 16 };
        for (size_t strip = 0; strip < k; strip += STRIP) {
            const size_t end = nn_least(strip + STRIP, k);
            for (size_t j = 0; j < cols; j++) {
                for (size_t i = strip; i < end; i++) panel[i * width + j] = b[i * row_step + j * col_step];
            }
        }
    }
    for (size_t i = 0; i < k && cols < width; i++) {
        for (size_t j = cols; j < width; j++) panel[i * width + j] = 0;
    }
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

/* The tile's rows from row i of op(A) and C on, at column j of C. */
static void place(nn_tile *tile, nn_float *c, size_t ldc, const nn_float *a, size_t row_step, size_t i, size_t m,
                  size_t j, size_t n)
{
    tile->rows = (int)nn_least(m - i, NN_TILE_ROWS);
    tile->cols = (int)nn_least(n - j, NN_TILE_COLS);
    for (int r = 0; r < tile->rows; r++) {
        tile->a[r] = a + (i + (size_t)r) * row_step;
        tile->c[r] = c + (i + (size_t)r) * ldc + j;
    }
}

void NN_KERNEL(packed_product)(nn_float *c, size_t ldc, const nn_float *a, size_t lda, bool a_transposed,
                               const nn_float *b, size_t m, size_t n, size_t k, bool add)
{
    nn_tile tile = { .a_step = a_transposed ? lda : 1, .add = add };
    const nn_span span = { 0, 0, k };
    for (size_t i = 0; i < m; i += NN_TILE_ROWS) {
        for (size_t j = 0; j < n; j += NN_TILE_COLS) {
            tile.b = b + j * k;
            tile.b_step = nn_panel_width(n, j);
            place(&tile, c, ldc, a, a_transposed ? 1 : lda, i, m, j, n);
            NN_KERNEL(tile)(&tile, &span, 1);
        }
    }
}

/* Panels of B are taken as they stand where their rows are contiguous and a vector wide, else packed on the stack. */
void NN_KERNEL(small_product)(nn_float *c, size_t ldc, const nn_float *a, size_t lda, bool a_transposed,
                              const nn_float *b, size_t ldb, bool b_transposed, size_t m, size_t n, size_t k, bool add)
{
    enum { DEPTH = 64 };
    nn_float panel[DEPTH * NN_TILE_COLS];
    const size_t b_row = b_transposed ? 1 : ldb, b_col = b_transposed ? ldb : 1;
    nn_tile tile = { .a_step = a_transposed ? lda : 1 };
    for (size_t j = 0; j < n; j += NN_TILE_COLS) {
        const bool direct = !b_transposed && n - j >= NN_LANES;
        const size_t depth = direct ? k : DEPTH;
        tile.b = direct ? b + j : panel;
        tile.b_step = direct ? ldb : nn_panel_width(n, j);
        for (size_t p = 0; p < k; p += depth) {
            const nn_span span = { 0, 0, nn_least(k - p, depth) };
            if (!direct) {
                pack_panel(panel, b + p * b_row + j * b_col, b_row, b_col, span.n, nn_least(n - j, NN_TILE_COLS),
                           tile.b_step);
            }
            tile.add = add || p > 0;
            for (size_t i = 0; i < m; i += NN_TILE_ROWS) {
                place(&tile, c, ldc, a + p * tile.a_step, a_transposed ? 1 : lda, i, m, j, n);
                NN_KERNEL(tile)(&tile, &span, 1);
            }
        }
    }
}

extern const nn_gemm_kernels NN_KERNEL(gemm_kernels);
const nn_gemm_kernels NN_KERNEL(gemm_kernels) = { .small = NN_KERNEL(small_product),
                                                  .pack = NN_KERNEL(pack),
                                                  .packed = NN_KERNEL(packed_product),
                                                  .panel = NN_TILE_COLS };
