#include "peak.h"

#include <malloc.h>
#include <stdlib.h>

/* The linker's names for the functions themselves, and for what is called in their stead. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void __wrap_free(void *memory);

/* Loads run on one thread. */
static long long held, peak;

void peak_begin(void)
{
    held = peak = 0;
}

size_t peak_bytes(void)
{
    return (size_t)peak;
}

size_t peak_held(void)
{
    return held > 0 ? (size_t)held : 0;
}

static void *gained(void *memory)
{
    if (memory) held += (long long)malloc_usable_size(memory);
    if (held > peak) peak = held;
    return memory;
}

void *__wrap_malloc(size_t size)
{
    return gained(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return gained(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    const long long before = memory ? (long long)malloc_usable_size(memory) : 0;
    void *moved = __real_realloc(memory, size);
    if (!moved) return NULL;
    held -= before;
    return gained(moved);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    return gained(__real_aligned_alloc(align, size));
}

void __wrap_free(void *memory)
{
    if (memory) held -= (long long)malloc_usable_size(memory);
    __real_free(memory);
}
