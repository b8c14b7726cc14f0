#include "memory.h"

#include <stdint.h>
#include <stdlib.h>

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

void *data_allocate(size_t count, size_t size)
{
    size_t bytes;
    if (!data_multiply(count, size, &bytes)) return NULL;
    return malloc(bytes ? bytes : 1);
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
