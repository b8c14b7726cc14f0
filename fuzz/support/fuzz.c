#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void fuzz_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: broken promise: %s\n", file, line, what);
    abort();
}

#ifdef KVIST_FUZZ
/* Memory that was freed is kept long enough to see a late use, not so long that every execution touches new pages. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=2:malloc_context_size=8:max_malloc_fill_size=256:allocator_release_to_os_interval_ms=-1";
}
#endif

bool fuzz_one_in_four(const uint8_t *bytes, size_t size)
{
#ifdef KVIST_FUZZ
    return size == 0 || bytes[size - 1] % 4 == 0;
#else
    (void)bytes;
    (void)size;
    return true;
#endif
}

int fuzz_accepted;

void fuzz_touch(const void *bytes, size_t size)
{
    const volatile uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) (void)at[i];
}

void fuzz_check_refusal(const char *text, const char *source)
{
    FUZZ_CHECK(text[0]);
    FUZZ_CHECK(strstr(text, source));
    for (const char *at = text; *at; at++) FUZZ_CHECK((unsigned char)*at >= ' ' && *at != 0x7f);
}
