/* Which instruction set's kernels run: asked of the processor when a model is made, no global state. */
#include "kernels/kernels.h"
#if defined(__x86_64__)
#include <cpuid.h>

nn_isa nn_isa_of(unsigned features, unsigned more_features, unsigned long long saved)
{
    const unsigned avx512 = bit_AVX512F | bit_AVX512DQ | bit_AVX512VL | bit_AVX512BW;
    const bool ymm = (saved & 0x6) == 0x6, zmm = (saved & 0xe6) == 0xe6;
    if (!(features & bit_FMA)) return NN_ISA_PORTABLE;
    if (zmm && (more_features & avx512) == avx512) return NN_ISA_AVX512;
    return ymm && (more_features & bit_AVX2) ? NN_ISA_AVX2 : NN_ISA_PORTABLE;
}

#endif

extern const nn_kernels nn_portable_kernels;
#ifdef NN_X86_64
extern const nn_kernels nn_avx2_kernels, nn_avx512_kernels;

/* The registers that the operating system saves, XCR0; 0 where it does not tell. */
static unsigned long long saved_registers(unsigned features)
{
    unsigned low = 0, high = 0;
    if (features & bit_OSXSAVE) __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (unsigned long long)high << 32 | low;
}

/* Leaves that a processor has not got are zeros. */
static nn_isa nn_best_isa(void)
{
    unsigned a = 0, b = 0, features = 0, more_features = 0, c = 0, d = 0;
    (void)__get_cpuid(1, &a, &b, &features, &d);
    (void)__get_cpuid_count(7, 0, &a, &more_features, &c, &d);
    return nn_isa_of(features, more_features, saved_registers(features));
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
