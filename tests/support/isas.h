/* Tests that run once for each instruction set. */
#ifndef KVIST_TESTS_ISAS_H
#define KVIST_TESTS_ISAS_H

#include <kvist/nn.h>

#include <stdbool.h>

/** Whether the processor has it. */
bool isa_is_here(nn_isa isa);

/** The one that a test of TEST_EVERY_ISA is to try; skips the test, with a message, where the processor has not got it.
 */
nn_isa isa_of_test(void **state);

/** Three members of an array of CMUnitTest. */
#define TEST_EVERY_ISA(function)                                                                                       \
    TEST_ISA(function, "portable", NN_ISA_PORTABLE), TEST_ISA(function, "avx2", NN_ISA_AVX2),                          \
        TEST_ISA(function, "avx512", NN_ISA_AVX512)
#define TEST_ISA(function, name, isa)                                                                                  \
    {                                                                                                                  \
#function ", " name, function, NULL, NULL, (nn_isa[])                                                          \
        {                                                                                                              \
            isa                                                                                                        \
        }                                                                                                              \
    }

#endif
