#include "alloc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

/* The linker's names for the functions themselves, and for what is called in their stead. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
int __real_posix_memalign(void **memory, size_t align, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
int __wrap_posix_memalign(void **memory, size_t align, size_t size);

static atomic_size_t calls, failed, refused;
static size_t fail_at; /* the number of the call; 0: none */
static bool fail_for_good;

size_t alloc_calls(void)
{
    return atomic_load(&calls);
}

void alloc_fail(size_t n, bool for_good)
{
    fail_at = n > 0 ? alloc_calls() + n : 0;
    fail_for_good = for_good;
    if (n > 0) failed = 0;
}

size_t alloc_failed(void)
{
    return atomic_load(&failed);
}

size_t alloc_refused(void)
{
    return atomic_load(&refused);
}

static bool fails(size_t size)
{
    const size_t call = atomic_fetch_add(&calls, 1) + 1;
    if (fail_at == 0 || call < fail_at || (call > fail_at && !fail_for_good)) return false;
    if (atomic_fetch_add(&failed, 1) == 0) atomic_store(&refused, size);
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails(size) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(count * size) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails(size) ? NULL : __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    return fails(size) ? NULL : __real_aligned_alloc(align, size);
}

int __wrap_posix_memalign(void **memory, size_t align, size_t size)
{
    return fails(size) ? ENOMEM : __real_posix_memalign(memory, align, size);
}
