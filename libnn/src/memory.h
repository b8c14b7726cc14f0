/* Checked sizes, and an arena that is planned first and carved afterwards. */
#ifndef NN_SRC_MEMORY_H
#define NN_SRC_MEMORY_H

#include <kvist/nn.h>

/* *product = a b; false if it overflows. The one place where sizes are multiplied. */
bool nn_mul_size(size_t a, size_t b, size_t *product);
bool nn_add_size(size_t a, size_t b, size_t *sum);

/* malloc and free, or what the caller gave. Memory is aligned to 64 bytes and zeroed. */
void *nn_alloc(const nn_allocator *allocator, size_t size);
void nn_release(const nn_allocator *allocator, void *memory);

/*
 * An arena is walked twice by the same code: first with base NULL, when every take only counts and returns NULL, then
 * over the memory of that size. Takes are aligned to 64 bytes. An overflow sticks in `overflow`. With `guarded` a gap
 * follows each take in builds with AddressSanitizer (NN_GUARDED), which sees who touches it; nn_arena_open() opens the
 * gaps.
 */
typedef struct nn_arena {
    unsigned char *base;
    size_t used;
    bool overflow, guarded;
} nn_arena;

void *nn_arena_take(nn_arena *arena, size_t count, size_t size);
nn_float *nn_arena_reals(nn_arena *arena, size_t count);
/* Before guarded memory is released. */
void nn_arena_open(void *memory, size_t size);

#endif
