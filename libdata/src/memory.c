#define _DEFAULT_SOURCE // madvise
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { LARGE = 4 << 20, PAGE = 4096 }; // bytes

bool data_multiply(size_t a, size_t b, size_t *product)
{
    if (b != 0 && a > SIZE_MAX / b) return false;
    *product = a * b;
    return true;
}

bool data_add(size_t a, size_t b, size_t *sum)
{
    if (a > SIZE_MAX - b) return false;
    *sum = a + b;
    return true;
}

// Asks for large pages: a data set is touched for the first time page by page, and a fault can cost more than what is
// written to the page. A wish; if it is refused, all works as before.
static void wish_large_pages(void *memory, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    const uintptr_t first = ((uintptr_t)memory + PAGE - 1) / PAGE * PAGE, end = (uintptr_t)memory + bytes;
    if (bytes >= LARGE) (void)madvise((void *)first, end - first, MADV_HUGEPAGE);
#else
    (void)memory;
    (void)bytes;
#endif
}

void *data_allocate(size_t count, size_t size)
{
    size_t bytes;
    if (!data_multiply(count, size, &bytes)) return NULL;
    void *memory = malloc(bytes ? bytes : 1);
    if (memory) wish_large_pages(memory, bytes);
    return memory;
}

bool data_grow(void **array, size_t *room, size_t needed, size_t size)
{
    if (needed <= *room) return true;
    size_t more = *room ? *room : 64, bytes;
    while (more < needed) {
        if (!data_multiply(more, 2, &more)) return false;
    }
    if (!data_multiply(more, size, &bytes)) return false;
    void *moved = realloc(*array, bytes);
    if (!moved) return false;
    *array = moved;
    *room = more;
    return true;
}

bool data_trim(void **array, size_t count, size_t size)
{
    void *trimmed = count > 0 ? realloc(*array, count * size) : *array;
    if (!trimmed && count > 0) return false;
    *array = trimmed;
    return true;
}
