/*
 * Counts calls of the C library's allocating functions from statically linked code. The test program is linked with
 * -Wl,--wrap=malloc and so on, which sends those calls here (see nn.cmake).
 */
#ifndef KVIST_TESTS_ALLOC_H
#define KVIST_TESTS_ALLOC_H

#include <stddef.h>

/* Calls of malloc, calloc, realloc, aligned_alloc and posix_memalign so far. */
size_t alloc_calls(void);

#endif
