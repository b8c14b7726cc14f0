/* Which kernels a processor gets: all that they use must be there, and its registers be saved by the operating system.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kernels/kernels.h>

#if defined(__x86_64__)
#include <cpuid.h>

enum { SSE = 0x2, AVX = 0x4, MASKS = 0x20, UPPER = 0x40, MORE = 0x80 }; /* of XCR0 */
enum { YMM = SSE | AVX, ZMM = YMM | MASKS | UPPER | MORE };

static void test_all_there(void **state)
{
    (void)state;
    const unsigned avx512 = bit_AVX512F | bit_AVX512DQ | bit_AVX512VL | bit_AVX512BW;
    assert_int_equal(nn_isa_of(0, 0, 0), NN_ISA_PORTABLE);
    assert_int_equal(nn_isa_of(bit_FMA, bit_AVX2, YMM), NN_ISA_AVX2);
    assert_int_equal(nn_isa_of(bit_FMA, bit_AVX2 | avx512, ZMM), NN_ISA_AVX512);
    assert_int_equal(nn_isa_of(~0u, ~0u, ~0ull), NN_ISA_AVX512);
}

/* Without any one of them: the next lesser set. */
static void test_one_missing(void **state)
{
    (void)state;
    const unsigned of_avx512[] = { bit_AVX512F, bit_AVX512DQ, bit_AVX512VL, bit_AVX512BW };
    const unsigned long long saved[] = { MASKS, UPPER, MORE };
    for (size_t i = 0; i < sizeof of_avx512 / sizeof *of_avx512; i++)
        assert_int_equal(nn_isa_of(bit_FMA, ~of_avx512[i], ZMM), NN_ISA_AVX2);
    for (size_t i = 0; i < sizeof saved / sizeof *saved; i++)
        assert_int_equal(nn_isa_of(bit_FMA, ~0u, ZMM & ~saved[i]), NN_ISA_AVX2);
    assert_int_equal(nn_isa_of(~(unsigned)bit_FMA, ~0u, ZMM), NN_ISA_PORTABLE);
    assert_int_equal(nn_isa_of(bit_FMA, ~(unsigned)(bit_AVX2 | bit_AVX512F), ZMM), NN_ISA_PORTABLE);
    assert_int_equal(nn_isa_of(bit_FMA, ~0u, SSE), NN_ISA_PORTABLE);
    assert_int_equal(nn_isa_of(bit_FMA, ~0u, ZMM & ~(unsigned)SSE), NN_ISA_PORTABLE);
    assert_int_equal(nn_isa_of(~0u, ~0u, 0), NN_ISA_PORTABLE);
}
#endif

/* What a caller may ask for: up to the best, which is one of them. */
static void test_select(void **state)
{
    (void)state;
    const nn_kernels *best = nn_kernels_select(NN_ISA_BEST);
    assert_non_null(best);
    for (int isa = NN_ISA_PORTABLE; isa <= NN_ISA_AVX512; isa++) {
        const nn_kernels *kernels = nn_kernels_select((nn_isa)isa);
        assert_int_equal(kernels != NULL, isa <= (int)best->isa);
        if (kernels) assert_int_equal(kernels->isa, isa);
    }
    assert_ptr_equal(nn_kernels_select(best->isa), best);
    assert_null(nn_kernels_select((nn_isa)(NN_ISA_AVX512 + 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
        cmocka_unit_test(test_all_there),
        cmocka_unit_test(test_one_missing),
#endif
        cmocka_unit_test(test_select),
    };
    return cmocka_run_group_tests_name("select", tests, NULL, NULL);
}
