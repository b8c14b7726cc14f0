#include "gemm.h"
#include "blas.h"
#include <string.h>

enum {
    SMALL = 64 * 64 * 64, /* multiplications that are not worth packing, nor a second thread */
    ROWS = 256,           /* of C, columns of C: a task */
    COLS = 128,
    BLAS_SIDE = 512, /* of a task's square of C where a BLAS computes it */
    DEPTH = 512,     /* DEPTH x COLS of B stay in the second cache while the rows of A go by */
    FEW_ROWS = 128,  /* of A, by which B is read as it stands */
    WIDE_PANEL = 64, /* columns: four lines of the cache from each row of B */
    FAR = 1024       /* reals from row to row of B; half as many where a panel takes one line or less of each */
};

/* OpenBLAS multiplies up to 10^6 elements without its own memory. */
enum { WARM_SIDE = 32, WARM_DEPTH = 1024 };

/* A product, and the squares of C that are its tasks. */
typedef struct split {
    const nn_run *run;
    const nn_product *whole;
    size_t rows, cols, row_tasks; /* rows, cols: of a task */
    bool blas;
} split;

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

static void block_by_blas(const nn_product *p)
{
    const bool each_row = p->start && p->start != p->c;
    for (size_t i = 0; i < p->m && each_row; i++) memcpy(p->c + i * p->ldc, p->start, p->n * sizeof *p->c);
    nn_blas_gemm(p->m, p->n, p->k, p->a.data, p->a.stride, p->a.transposed, p->b.data, p->b.stride, p->b.transposed,
                 p->start != NULL, p->c, p->ldc);
}

/* Whether few enough rows of A pass by B that it is not worth packing; rows of B far apart displace each other in the
 * cache, the sooner the less is read of each. */
static bool reads_in_place(const nn_gemm_kernels *gemm, const nn_product *p)
{
    const size_t far = gemm->panel < WIDE_PANEL ? FAR / 2 : FAR;
    return !p->b.transposed && p->m <= (p->b.stride < far ? FEW_ROWS : FEW_ROWS / 2);
}

/* A part of the inner dimension of B at a time, in place or packed into this worker's scratch, then all rows. */
static void block_by_parts(const nn_gemm_kernels *gemm, const nn_product *p, nn_float *packed)
{
    const nn_operand b = p->b;
    const bool in_place = reads_in_place(gemm, p);
    nn_product part = *p;
    for (size_t q = 0; q < p->k; q += DEPTH) {
        part.k = least(p->k - q, DEPTH);
        part.a.data = element(p->a, 0, q);
        if (in_place) {
            part.b.data = element(b, q, 0);
            gemm->small(&part);
        } else {
            const nn_pack from = { 1, 0, part.k, b.transposed ? 1 : b.stride, p->n, b.transposed ? b.stride : 1 };
            part.b.data = packed;
            gemm->pack(packed, element(b, q, 0), from, 0, p->n);
            gemm->packed(&part);
        }
        part.start = p->c;
    }
}

static void block_task(void *context, int task, int worker)
{
    const split *s = context;
    const nn_product *whole = s->whole;
    const size_t i = (size_t)task % s->row_tasks * s->rows, j = (size_t)task / s->row_tasks * s->cols;
    nn_product block = *whole;
    block.m = least(whole->m - i, s->rows);
    block.n = least(whole->n - j, s->cols);
    block.a.data = element(whole->a, i, 0);
    block.b.data = element(whole->b, 0, j);
    block.c += i * whole->ldc + j;
    if (whole->start) block.start = whole->start == whole->c ? block.c : whole->start + j;
    if (s->blas)
        block_by_blas(&block);
    else
        block_by_parts(s->run->kernels->gemm, &block, nn_worker_scratch(s->run, worker));
}

/* In double: a product that does not fit a size cannot be small. */
static bool is_small(size_t m, size_t n, size_t k)
{
    return (double)m * (double)n * (double)k <= SMALL;
}

bool nn_gemm_is_by_blas(const nn_kernels *kernels, size_t m, size_t n, size_t k)
{
    return !is_small(m, n, k) && nn_blas_is_faster(kernels, m, n, k, k, n, n);
}

/* C = A A^T */
static void warm_up_task(void *context, int task, int worker)
{
    const split *s = context;
    nn_float *a = nn_worker_scratch(s->run, worker), *c = a + WARM_SIDE * WARM_DEPTH;
    (void)task;
    memset(a, 0, (WARM_SIDE * WARM_DEPTH + WARM_SIDE * WARM_SIDE) * sizeof *a);
    nn_blas_gemm(WARM_SIDE, WARM_SIDE, WARM_DEPTH, a, WARM_DEPTH, false, a, WARM_DEPTH, true, false, c, WARM_SIDE);
}

void nn_gemm_warm_up(const nn_run *run)
{
    split s = { .run = run };
    nn_on_each(run->team, warm_up_task, &s);
}

void nn_gemm(const nn_run *run, const nn_product *p)
{
    if (is_small(p->m, p->n, p->k)) {
        run->kernels->gemm->small(p);
        return;
    }
    split s = { .run = run, .whole = p };
    s.blas = nn_blas_is_faster(run->kernels, p->m, p->n, p->k, p->a.stride, p->b.stride, p->ldc);
    s.rows = s.blas ? BLAS_SIDE : ROWS;
    s.cols = s.blas ? BLAS_SIDE : COLS;
    s.row_tasks = (p->m + s.rows - 1) / s.rows;
    nn_parallel(run->team, (int)(s.row_tasks * ((p->n + s.cols - 1) / s.cols)), block_task, &s);
}
