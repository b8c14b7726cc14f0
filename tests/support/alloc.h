/*
 * Counts calls of the C library's allocating functions from statically linked code, and makes them fail. The test
 * program is linked with -Wl,--wrap=malloc and so on, which sends those calls here (kvist_test_allocations of
 * tests/CMakeLists.txt).
 */
#ifndef KVIST_TESTS_ALLOC_H
#define KVIST_TESTS_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* Calls of malloc, calloc, realloc, aligned_alloc and posix_memalign so far. */
size_t alloc_calls(void);

/* The n-th call after this one finds no memory (1: the next); with `for_good` all after it neither. 0: none fails. */
void alloc_fail(size_t n, bool for_good);

/* Calls that have failed since alloc_fail(n > 0), and the bytes that the first of them asked for. */
size_t alloc_failed(void);
size_t alloc_refused(void);

#endif
