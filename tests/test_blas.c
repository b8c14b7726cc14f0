/* A BLAS does its first product when a model is created that has products for it, and in no other model's creation. */
#include "kernels/kernels.h"

#include <kvist/nn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#ifdef TEST_CBLAS
#include <cblas.h>

static atomic_int products;

#define PARAMETERS                                                                                                     \
    (CBLAS_LAYOUT layout, CBLAS_TRANSPOSE of_a, CBLAS_TRANSPOSE of_b, int m, int n, int k, float alpha,                \
     const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
void __real_cblas_sgemm PARAMETERS;
void __wrap_cblas_sgemm PARAMETERS;
void __wrap_cblas_sgemm PARAMETERS
{
    if ((double)m * n * k <= 1e6)
        fail_msg("%d x %d x %d: a product that OpenBLAS has code for without memory", m, n, k);
    atomic_fetch_add(&products, 1);
    __real_cblas_sgemm(layout, of_a, of_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

static void expect_products(nn_isa isa, int side, int batch, nn_layer_type type, int threads, int expected)
{
    const nn_layer_def layers[] = {
        { .type = type, .dense = { .units = side } },
        { .type = NN_DENSE, .dense = { .units = 1 } },
    };
    nn_error error = { 0 };
    atomic_store(&products, 0);
    nn_model *model = nn_model_create(&(nn_model_def){ .input = { 1, { side } },
                                                       .layers = layers,
                                                       .layer_count = 2,
                                                       .max_batch = batch,
                                                       .threads = threads,
                                                       .isa = isa },
                                      &error);
    if (!model) fail_msg("%s", error.text);
    assert_int_equal(atomic_load(&products), expected);
    nn_model_destroy(model);
}

static void warm_before_a_training(void **state)
{
    (void)state;
    expect_products(NN_ISA_PORTABLE, 64, 65, NN_DENSE, 1, 1);
    expect_products(NN_ISA_PORTABLE, 64, 65, NN_DENSE, 3, 3);
    expect_products(NN_ISA_PORTABLE, 64, 64, NN_DENSE, 1, 0); /* small, as kvist multiplies itself */
    if (nn_kernels_select(NN_ISA_BEST)->isa == NN_ISA_PORTABLE) return;
    expect_products(NN_ISA_BEST, 1024, 1024, NN_DENSE, 2, 2);
    expect_products(NN_ISA_BEST, 1024, 1023, NN_DENSE, 2, 0);
    expect_products(NN_ISA_BEST, 1023, 1024, NN_DENSE, 2, 0);
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
