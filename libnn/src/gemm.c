#include "gemm.h"
#include "blas.h"
#include "kernels/gemm.h"

enum {
    SMALL = 64 * 64 * 64, /* multiplications that are not worth packing, nor a second thread */
    ROWS = 256,           /* of C, columns of C: a task */
    COLS = 128,
    BLAS_SIDE = 512, /* of a task's square of C where a BLAS computes it */
    DEPTH = 512      /* DEPTH x COLS of B stay in the second cache while the rows of A go by */
};

typedef struct product {
    const nn_run *run;
    size_t m, n, k, rows, cols, row_tasks; /* rows, cols: of a task */
    bool blas;
    nn_operand a, b;
    nn_float *c;
    size_t ldc;
    bool add;
} product;

size_t nn_gemm_worker_scratch(const nn_kernels *kernels)
{
    (void)kernels;
    return (size_t)DEPTH * COLS;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Where element (row, col) of op(A) stands. */
static const nn_float *element(nn_operand a, size_t row, size_t col)
{
    return a.transposed ? a.data + col * a.stride + row : a.data + row * a.stride + col;
}

/* One block of C: B a part of the inner dimension at a time into this worker's scratch, then all rows. */
static void block_task(void *context, int task, int worker)
{
    const product *p = context;
    const nn_gemm_kernels *gemm = p->run->kernels->gemm;
    nn_float *packed = nn_worker_scratch(p->run, worker);
    const size_t i = (size_t)task % p->row_tasks * p->rows, j = (size_t)task / p->row_tasks * p->cols;
    const size_t m = least(p->m - i, p->rows), n = least(p->n - j, p->cols);
    nn_float *c = p->c + i * p->ldc + j;
    if (p->blas) {
        nn_blas_gemm(m, n, p->k, element(p->a, i, 0), p->a.stride, p->a.transposed, element(p->b, 0, j), p->b.stride,
                     p->b.transposed, p->add, c, p->ldc);
        return;
    }
    for (size_t q = 0; q < p->k; q += DEPTH) {
        const size_t k = least(p->k - q, DEPTH);
        const nn_pack from = { 1, 0, k, p->b.transposed ? 1 : p->b.stride, n, p->b.transposed ? p->b.stride : 1 };
        gemm->pack(packed, element(p->b, q, j), from, 0, n);
        gemm->packed(c, p->ldc, element(p->a, i, q), p->a.stride, p->a.transposed, packed, m, n, k, p->add || q > 0);
    }
}

void nn_gemm(const nn_run *run, size_t m, size_t n, size_t k, nn_operand a, nn_operand b, bool add, nn_float *c,
             size_t ldc)
{
    /* In double: a product that does not fit a size cannot be small. */
    if ((double)m * (double)n * (double)k <= SMALL) {
        run->kernels->gemm->small(c, ldc, a.data, a.stride, a.transposed, b.data, b.stride, b.transposed, m, n, k, add);
        return;
    }
    const bool blas = nn_blas_is_faster(run->kernels, m, n, k, a.stride, b.stride, ldc);
    product p = { .run = run, .m = m, .n = n, .k = k, .blas = blas, .a = a, .b = b, .c = c, .ldc = ldc, .add = add };
    p.rows = blas ? BLAS_SIDE : ROWS;
    p.cols = blas ? BLAS_SIDE : COLS;
    p.row_tasks = (m + p.rows - 1) / p.rows;
    nn_parallel(run->threads, (int)(p.row_tasks * ((n + p.cols - 1) / p.cols)), block_task, &p);
}
