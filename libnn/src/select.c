/* Which instruction set's kernels run: asked of the processor when a model is made, no global state. */
#include "kernels/kernels.h"
#ifdef NN_X86_64
#include <cpuid.h>
#endif

extern const nn_kernels nn_portable_kernels;
#ifdef NN_X86_64
extern const nn_kernels nn_avx2_kernels, nn_avx512_kernels;

/* The vector registers that the operating system saves, XCR0. */
static unsigned long long nn_saved_registers(void)
{
    unsigned low = 0, high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (unsigned long long)high << 32 | low;
}

static nn_isa nn_best_isa(void)
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return NN_ISA_PORTABLE;
    const bool fma = c & bit_FMA;
    const unsigned long long saved = nn_saved_registers();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return NN_ISA_PORTABLE;
    const bool ymm = (saved & 0x6) == 0x6, zmm = (saved & 0xe6) == 0xe6;
    if (zmm && fma && (b & bit_AVX512F) && (b & bit_AVX512DQ) && (b & bit_AVX512VL) && (b & bit_AVX512BW))
        return NN_ISA_AVX512;
    return ymm && fma && (b & bit_AVX2) ? NN_ISA_AVX2 : NN_ISA_PORTABLE;
}
#else
static nn_isa nn_best_isa(void)
{
    return NN_ISA_PORTABLE;
}
#endif

const nn_kernels *nn_kernels_select(nn_isa isa)
{
    const nn_isa best = nn_best_isa();
    if (isa == NN_ISA_BEST) isa = best;
    if (isa > best) return NULL;
#ifdef NN_X86_64
    if (isa == NN_ISA_AVX512) return &nn_avx512_kernels;
    if (isa == NN_ISA_AVX2) return &nn_avx2_kernels;
#endif
    return &nn_portable_kernels;
}
