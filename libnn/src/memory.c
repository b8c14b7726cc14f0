#include "memory.h"
#include <stdlib.h>
#include <string.h>

enum { NN_ALIGNMENT = 64 };

bool nn_mul_size(size_t a, size_t b, size_t *product)
{
    *product = a * b;
    return a == 0 || b <= SIZE_MAX / a;
}

bool nn_add_size(size_t a, size_t b, size_t *sum)
{
    *sum = a + b;
    return b <= SIZE_MAX - a;
}

void *nn_alloc(const nn_allocator *allocator, size_t size)
{
    void *memory = NULL;
    if (size == 0 || size > SIZE_MAX - NN_ALIGNMENT) return NULL;
    if (allocator && allocator->alloc)
        memory = allocator->alloc(size, NN_ALIGNMENT, allocator->user);
    else
        memory = aligned_alloc(NN_ALIGNMENT, (size + NN_ALIGNMENT - 1) / NN_ALIGNMENT * NN_ALIGNMENT);
    if (memory) memset(memory, 0, size);
    return memory;
}

void nn_release(const nn_allocator *allocator, void *memory)
{
    if (!memory) return;
    if (allocator && allocator->alloc)
        allocator->release(memory, allocator->user);
    else
        free(memory);
}

void *nn_arena_take(nn_arena *arena, size_t count, size_t size)
{
    size_t bytes = 0;
    if (!nn_mul_size(count, size, &bytes) || bytes > SIZE_MAX - NN_ALIGNMENT) {
        arena->overflow = true;
        return NULL;
    }
    const size_t start = arena->used;
    bytes = (bytes + NN_ALIGNMENT - 1) / NN_ALIGNMENT * NN_ALIGNMENT;
    if (!nn_add_size(start, bytes, &arena->used)) arena->overflow = true;
    return arena->base && count > 0 ? arena->base + start : NULL;
}

nn_float *nn_arena_reals(nn_arena *arena, size_t count)
{
    return nn_arena_take(arena, count, sizeof(nn_float));
}
