#define _DEFAULT_SOURCE /* madvise */
#include "memory.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef NN_GUARDED
#include <sanitizer/asan_interface.h>
enum { NN_GAP = 64 };
#else
enum { NN_GAP = 0 };
#define ASAN_POISON_MEMORY_REGION(memory, size)   ((void)(memory), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(memory, size) ((void)(memory), (void)(size))
#endif

enum { NN_ALIGNMENT = 64, LARGE = 4 << 20, PAGE = 4096 };

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

/* Asks for large pages: memory is touched for the first time page by page, and a fault can cost more than what is
 * written to the page. A wish; if it is refused, all works as before. */
static void wish_large_pages(void *memory, size_t size)
{
#ifdef MADV_HUGEPAGE
    const uintptr_t first = ((uintptr_t)memory + PAGE - 1) / PAGE * PAGE, end = (uintptr_t)memory + size;
    if (size >= LARGE) (void)madvise((void *)first, end - first, MADV_HUGEPAGE);
#else
    (void)memory;
    (void)size;
#endif
}

/* calloc leaves large memory to the system, which zeroes a page when it is touched: what is never used costs nothing.
 * What it gave stands before the aligned address. */
static void *alloc_zeroed(size_t size)
{
    unsigned char *given = calloc(1, size + NN_ALIGNMENT + sizeof given);
    if (!given) return NULL;
    wish_large_pages(given, size);
    unsigned char *memory = given + sizeof given;
    memory += (NN_ALIGNMENT - (uintptr_t)memory % NN_ALIGNMENT) % NN_ALIGNMENT;
    memcpy(memory - sizeof given, &given, sizeof given);
    return memory;
}

void *nn_alloc(const nn_allocator *allocator, size_t size)
{
    if (size == 0 || size > SIZE_MAX - 2 * NN_ALIGNMENT) return NULL;
    if (!allocator || !allocator->alloc) return alloc_zeroed(size);
    void *memory = allocator->alloc(size, NN_ALIGNMENT, allocator->user);
    if (memory) memset(memory, 0, size);
    return memory;
}

void nn_release(const nn_allocator *allocator, void *memory)
{
    if (!memory) return;
    if (allocator && allocator->alloc) {
        allocator->release(memory, allocator->user);
        return;
    }
    void *given;
    memcpy(&given, (unsigned char *)memory - sizeof given, sizeof given);
    free(given);
}

void *nn_arena_take(nn_arena *arena, size_t count, size_t size)
{
    size_t exact = 0;
    const size_t gap = arena->guarded ? NN_GAP : 0, start = arena->used;
    if (!nn_mul_size(count, size, &exact) || exact > SIZE_MAX - NN_ALIGNMENT - NN_GAP) {
        arena->overflow = true;
        return NULL;
    }
    const size_t bytes = (exact + NN_ALIGNMENT - 1) / NN_ALIGNMENT * NN_ALIGNMENT + gap;
    if (!nn_add_size(start, bytes, &arena->used)) arena->overflow = true;
    if (!arena->base || count == 0) return NULL;
    if (gap > 0) ASAN_POISON_MEMORY_REGION(arena->base + start + exact, bytes - exact);
    return arena->base + start;
}

void nn_arena_open(void *memory, size_t size)
{
    if (memory) ASAN_UNPOISON_MEMORY_REGION(memory, size);
}

nn_float *nn_arena_reals(nn_arena *arena, size_t count)
{
    return nn_arena_take(arena, count, sizeof(nn_float));
}
