/* Matrix products against plain loops in double: small and blocked ones, all forms, on every instruction set. */
#include <blas.h>
#include <gemm.h>
#include <kernels/gemm.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isas.h"
#include <cmocka.h>

enum { MAX_THREADS = 8, PADDING = 3 /* elements beyond each row, to be left alone */ };

static const size_t sizes[][3] = {
    /* m, n, k */
    { 1, 1, 1 },      { 20, 24, 24 },   { 20, 2, 24 },   { 7, 3, 5 },      { 5, 16, 1 },     { 6, 64, 33 },
    { 13, 70, 129 },  { 1, 200, 17 },   { 3, 49, 200 },  { 64, 128, 128 }, { 257, 129, 40 }, { 70, 513, 65 },
    { 1, 1000, 700 }, { 300, 1, 1100 }, { 6, 80, 1030 }, { 259, 17, 515 }, { 2000, 3, 50 },
};

/* What C begins with: zeros, what it holds, or a row for each of its rows. */
typedef enum start { ZEROS, ADD, ROW, START_COUNT } start;

typedef struct matrices {
    nn_float *a, *b, *c, *initial, *row;
    size_t lda, ldb, ldc;
} matrices;

static nn_float *random_reals(size_t count, uint32_t seed)
{
    nn_float *array = malloc((count + 1) * sizeof *array);
    assert_non_null(array);
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        array[i] = (nn_float)((double)(seed >> 8) / (1 << 23) - 1.0);
    }
    return array;
}

static matrices make(const size_t size[3], bool a_transposed, bool b_transposed)
{
    const size_t m = size[0], n = size[1], k = size[2];
    matrices x = { .lda = (a_transposed ? m : k) + PADDING,
                   .ldb = (b_transposed ? k : n) + PADDING,
                   .ldc = n + PADDING };
    /* Without padding after the last row, so that reading beyond it is an error. */
    x.a = random_reals(x.lda * (a_transposed ? k : m) - PADDING, 1);
    x.b = random_reals(x.ldb * (b_transposed ? n : k) - PADDING, 2);
    x.initial = random_reals(x.ldc * m, 3);
    x.c = random_reals(x.ldc * m, 3);
    x.row = random_reals(n, 4);
    return x;
}

static void destroy(matrices *x)
{
    free(x->a);
    free(x->b);
    free(x->c);
    free(x->initial);
    free(x->row);
}

static void multiply(matrices *x, const nn_kernels *kernels, const size_t size[3], bool a_transposed, bool b_transposed,
                     start from, int threads)
{
    const size_t stride = nn_gemm_worker_scratch(kernels);
    nn_float *scratch = malloc(stride * (size_t)threads * sizeof *scratch);
    assert_non_null(scratch);
    nn_team team = { .threads = threads };
    const nn_run run = { .kernels = kernels, .team = &team, .worker_scratch = scratch, .worker_stride = stride };
    memcpy(x->c, x->initial, x->ldc * size[0] * sizeof *x->c);
    nn_gemm(&run, &(nn_product){ .m = size[0],
                                 .n = size[1],
                                 .k = size[2],
                                 .a = { x->a, x->lda, a_transposed },
                                 .b = { x->b, x->ldb, b_transposed },
                                 .start = from == ADD   ? x->c
                                          : from == ROW ? x->row
                                                        : NULL,
                                 .c = x->c,
                                 .ldc = x->ldc });
    free(scratch);
}

static void check(const matrices *x, const size_t size[3], bool a_transposed, bool b_transposed, start from)
{
    for (size_t i = 0; i < size[0]; i++) {
        for (size_t j = 0; j < x->ldc; j++) {
            const double got = (double)x->c[i * x->ldc + j], before = (double)x->initial[i * x->ldc + j];
            double want = from == ADD || j >= size[1] ? before : from == ROW ? (double)x->row[j] : 0.0;
            double magnitude = fabs(want);
            for (size_t p = 0; p < size[2] && j < size[1]; p++) {
                const double term = (double)x->a[a_transposed ? p * x->lda + i : i * x->lda + p] *
                                    (double)x->b[b_transposed ? j * x->ldb + p : p * x->ldb + j];
                want += term;
                magnitude += fabs(term);
            }
            if (!(fabs(got - want) <= (j < size[1] ? 1e-6 * magnitude : 0.0)))
                fail_msg("%zu x %zu x %zu, %d%d, start %d: (%zu, %zu): expected %.9g, got %.9g", size[0], size[1],
                         size[2], a_transposed, b_transposed, (int)from, i, j, want, got);
        }
    }
}

static void check_product(const nn_kernels *kernels, const size_t size[3], bool a_transposed, bool b_transposed,
                          start from)
{
    static const int threads[] = { 2, 3, 4, MAX_THREADS };
    matrices x = make(size, a_transposed, b_transposed);
    multiply(&x, kernels, size, a_transposed, b_transposed, from, 1);
    check(&x, size, a_transposed, b_transposed, from);
    const size_t bytes = x.ldc * size[0] * sizeof(nn_float);
    nn_float *first = malloc(bytes);
    assert_non_null(first);
    memcpy(first, x.c, bytes);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        multiply(&x, kernels, size, a_transposed, b_transposed, from, threads[i]);
        assert_memory_equal(first, x.c, bytes);
    }
    free(first);
    destroy(&x);
}

/* Row 56 of docs/faults.md. */
static void as_plain_loops(void **state)
{
    const nn_kernels *kernels = nn_kernels_select(isa_of_test(state));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int form = 0; form < 4 * START_COUNT; form++)
            check_product(kernels, sizes[i], form & 1, form & 2, (start)(form / 4));
}

/* The kernels themselves where a BLAS takes the large products: packed in panels, B in groups. */
static void packed_portable(void **state)
{
    (void)state;
    const size_t size[3] = { 31, 45, 24 };
    const nn_kernels *kernels = nn_kernels_select(NN_ISA_PORTABLE);
    matrices x = make(size, true, false);
    nn_float *packed = malloc(24 * 64 * sizeof *packed);
    assert_non_null(packed);
    /* The rows of B as two groups of twelve. */
    const nn_pack from = { 2, 12 * x.ldb, 12, x.ldb, 45, 1 };
    kernels->gemm->pack(packed, x.b, from, 0, kernels->gemm->panel);
    kernels->gemm->pack(packed, x.b, from, kernels->gemm->panel, 45);
    kernels->gemm->packed(&(nn_product){
        .m = 31, .n = 45, .k = 24, .a = { x.a, x.lda, true }, .b = { .data = packed }, .c = x.c, .ldc = x.ldc });
    check(&x, size, true, false, ZEROS);
    free(packed);
    destroy(&x);
}

/* Zero times what stands in C is nothing, even if that is NaN. */
static void test_60_nan_in_c(void **state)
{
    (void)state;
    static const size_t some[][3] = { { 5, 5, 5 }, { 100, 100, 100 } };
    for (int isa = NN_ISA_PORTABLE; isa <= NN_ISA_AVX512; isa++) {
        const nn_kernels *kernels = nn_kernels_select((nn_isa)isa);
        for (size_t i = 0; i < 2 && kernels; i++) {
            matrices x = make(some[i], false, false);
            for (size_t row = 0; row < some[i][0]; row++)
                for (size_t j = 0; j < some[i][1]; j++) x.initial[row * x.ldc + j] = (nn_float)NAN;
            multiply(&x, kernels, some[i], false, false, ZEROS, 1);
            for (size_t row = 0; row < some[i][0]; row++)
                for (size_t j = 0; j < some[i][1]; j++) assert_true(x.c[row * x.ldc + j] == x.c[row * x.ldc + j]);
            destroy(&x);
        }
    }
}

/* Zero times NaN is NaN: no product, ours or a BLAS', leaves out what is multiplied by zero. */
static void test_60_nan_in_factors(void **state)
{
    (void)state;
    static const size_t some[][3] = { { 5, 5, 5 }, { 100, 100, 100 }, { 1030, 1030, 1030 } };
    for (int isa = NN_ISA_PORTABLE; isa <= NN_ISA_AVX512; isa++) {
        const nn_kernels *kernels = nn_kernels_select((nn_isa)isa);
        for (size_t i = 0; i < 3 && kernels; i++) {
            const size_t m = some[i][0], n = some[i][1], k = some[i][2];
            matrices x = make(some[i], false, false);
            memset(x.a, 0, (x.lda * m - PADDING) * sizeof *x.a);
            x.b[(k - 1) * x.ldb + 1] = (nn_float)NAN;
            x.b[0 * x.ldb + n - 1] = (nn_float)INFINITY;
            multiply(&x, kernels, some[i], false, false, ZEROS, 1);
            for (size_t row = 0; row < m; row++)
                for (size_t j = 0; j < n; j++) assert_int_equal(!isfinite(x.c[row * x.ldc + j]), j == 1 || j == n - 1);
            destroy(&x);
        }
    }
}

/* What a BLAS' ints cannot hold goes to our own kernels, whose sizes are size_t. */
static void test_55_beyond_int(void **state)
{
    (void)state;
    const nn_kernels *kernels = nn_kernels_select(NN_ISA_PORTABLE);
    const size_t most = INT_MAX;
    const bool blas = nn_blas_is_faster(kernels, most, most, most, most, most, most);
    if (!blas) print_message("built without a BLAS: it is never asked\n");
    for (int i = 0; i < 6; i++) {
        size_t s[6] = { most, most, most, most, most, most };
        s[i]++;
        assert_false(nn_blas_is_faster(kernels, s[0], s[1], s[2], s[3], s[4], s[5]));
    }
}

/* Vector kernels are left only for products that are large on every side. */
static void test_least_sides(void **state)
{
    (void)state;
    const nn_kernels *portable = nn_kernels_select(NN_ISA_PORTABLE), *vectors = nn_kernels_select(NN_ISA_AVX2);
    if (!nn_blas_is_faster(portable, 1, 1, 1, 1, 1, 1)) {
        print_message("built without a BLAS: it is never asked\n");
        skip();
    }
    if (!vectors) skip();
    assert_true(nn_blas_is_faster(vectors, 1024, 1024, 1024, 1024, 1024, 1024));
    for (int i = 0; i < 3; i++) {
        size_t s[3] = { 1024, 1024, 1024 };
        s[i]--;
        assert_false(nn_blas_is_faster(vectors, s[0], s[1], s[2], 1024, 1024, 1024));
    }
}

/* Of the OpenMP and the OpenBLAS that the library may be built with. */
extern void omp_set_num_threads(int threads) __attribute__((weak));
extern int omp_get_max_threads(void) __attribute__((weak));
extern int openblas_get_parallel(void) __attribute__((weak));
extern int openblas_get_num_threads(void) __attribute__((weak));
extern void openblas_set_num_threads(int threads) __attribute__((weak));

/* An OpenBLAS with threads of its own is held to one, unless the caller wants them. Row 62 of docs/faults.md. */
static void test_62_threads_of_blas(void **state)
{
    (void)state;
    if (!openblas_get_parallel || !openblas_get_num_threads || !openblas_set_num_threads ||
        openblas_get_parallel() != 1) {
        print_message("not linked with an OpenBLAS of threads\n");
        skip();
    }
    openblas_set_num_threads(2);
    nn_blas_prepare(true);
    assert_int_equal(openblas_get_num_threads(), 2);
    nn_blas_prepare(false);
    assert_int_equal(openblas_get_num_threads(), 1);
}

/* For a product on the caller's thread OpenMP is told to keep to one; afterwards it has the caller's number again. */
static void test_62_threads_of_caller(void **state)
{
    (void)state;
    static const size_t size[3] = { 70, 513, 65 };
    if (!omp_set_num_threads || !omp_get_max_threads) {
        print_message("built without OpenMP\n");
        skip();
    }
    const int before = omp_get_max_threads();
    matrices x = make(size, false, false);
    omp_set_num_threads(3);
    multiply(&x, nn_kernels_select(NN_ISA_PORTABLE), size, false, false, ZEROS, 1);
    check(&x, size, false, false, ZEROS);
    assert_int_equal(omp_get_max_threads(), 3);
    omp_set_num_threads(before);
    destroy(&x);
}

int main(void)
{
    nn_blas_prepare(false);
    const struct CMUnitTest tests[] = {
        TEST_EVERY_ISA(as_plain_loops),
        cmocka_unit_test(packed_portable),
        cmocka_unit_test(test_60_nan_in_c),
        cmocka_unit_test(test_60_nan_in_factors),
        cmocka_unit_test(test_55_beyond_int),
        cmocka_unit_test(test_least_sides),
        cmocka_unit_test(test_62_threads_of_blas),
        cmocka_unit_test(test_62_threads_of_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
