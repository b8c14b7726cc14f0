/* A BLAS does its first products, one on each thread at once, when a model is created that has products for it, and in
 * no other model's creation. */
#include "kernels/kernels.h"

#include <kvist/nn.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#ifdef TEST_CBLAS
#include <cblas.h>

static atomic_int creation, running, most, wanted, threads_seen, small_products;

#define PARAMETERS                                                                                                     \
    (CBLAS_LAYOUT layout, CBLAS_TRANSPOSE of_a, CBLAS_TRANSPOSE of_b, int m, int n, int k, float alpha,                \
     const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
void __real_cblas_sgemm PARAMETERS;
void __wrap_cblas_sgemm PARAMETERS;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Each product waits for those that are wanted at once. */
static void wait_for_others(void)
{
    const double begin = seconds();
    const int now = atomic_fetch_add(&running, 1) + 1;
    int known = atomic_load(&most);
    while (now > known && !atomic_compare_exchange_weak(&most, &known, now)) continue;
    while (atomic_load(&most) < atomic_load(&wanted) && seconds() - begin < 10.0) sched_yield();
}

void __wrap_cblas_sgemm PARAMETERS
{
    static _Thread_local int last;
    if (last != atomic_load(&creation)) atomic_fetch_add(&threads_seen, 1);
    last = atomic_load(&creation);
    wait_for_others();
    if ((double)m * n * k <= 1e6) atomic_fetch_add(&small_products, 1); /* for them OpenBLAS needs no memory */
    __real_cblas_sgemm(layout, of_a, of_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    atomic_fetch_sub(&running, 1);
}

static void create(nn_isa isa, int side, int batch, int threads, int to_wait_for)
{
    const nn_layer_def layers[] = {
        { .type = NN_DENSE, .dense = { .units = side } },
        { .type = NN_DENSE, .dense = { .units = 1 } },
    };
    nn_error error = { 0 };
    atomic_fetch_add(&creation, 1);
    atomic_store(&most, 0);
    atomic_store(&threads_seen, 0);
    atomic_store(&wanted, to_wait_for);
    nn_model *model = nn_model_create(&(nn_model_def){ .input = { 1, { side } },
                                                       .layers = layers,
                                                       .layer_count = 2,
                                                       .max_batch = batch,
                                                       .threads = threads,
                                                       .isa = isa },
                                      &error);
    if (!model) fail_msg("%s", error.text);
    assert_int_equal(atomic_load(&small_products), 0);
    nn_model_destroy(model);
}

/* On so many threads, and all at once where each is waited for. */
static void expect_products(nn_isa isa, int side, int batch, int threads, int at_once)
{
    create(isa, side, batch, threads, 0);
    assert_int_equal(atomic_load(&threads_seen), at_once);
    create(isa, side, batch, threads, at_once);
    assert_int_equal(atomic_load(&most), at_once);
}

static void warm_before_a_training(void **state)
{
#ifdef WITH_OPENMP
    const int two = 2, three = 3;
#else
    const int two = 1, three = 1;
#endif
    (void)state;
    expect_products(NN_ISA_PORTABLE, 64, 65, 1, 1);
    expect_products(NN_ISA_PORTABLE, 64, 65, 3, three);
    expect_products(NN_ISA_PORTABLE, 64, 64, 1, 0); /* small, as kvist multiplies itself */
    if (nn_kernels_select(NN_ISA_BEST)->isa == NN_ISA_PORTABLE) return;
    expect_products(NN_ISA_BEST, 1024, 1024, 2, two);
    expect_products(NN_ISA_BEST, 1024, 1023, 2, 0);
    expect_products(NN_ISA_BEST, 1023, 1024, 2, 0);
}
#else
static void warm_before_a_training(void **state)
{
    (void)state;
    print_message("built without a BLAS\n");
    skip();
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(warm_before_a_training) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
