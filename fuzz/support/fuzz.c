#define _GNU_SOURCE /* memfd_create */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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
    return "quarantine_size_mb=2:malloc_context_size=8";
}
#endif

typedef struct slot {
    int descriptor;
    char path[32];
} slot;

int fuzz_accepted;
static slot slots[FUZZ_SLOTS];

static slot *open_slot(int number)
{
    slot *s = &slots[number];
    if (s->path[0]) return s;
    s->descriptor = memfd_create("fuzz", MFD_CLOEXEC);
    FUZZ_CHECK(s->descriptor >= 0);
    snprintf(s->path, sizeof s->path, "/proc/self/fd/%d", s->descriptor);
    return s;
}

const char *fuzz_file(int number, const void *bytes, size_t size)
{
    slot *s = open_slot(number);
    FUZZ_CHECK(size == 0 || pwrite(s->descriptor, bytes, size, 0) == (ssize_t)size);
    FUZZ_CHECK(ftruncate(s->descriptor, (off_t)size) == 0); /* last: the pages stay */
    FUZZ_CHECK(size > 0 || futimens(s->descriptor, (struct timespec[2]){ { 0 } }) == 0);
    return s->path;
}

uint8_t *fuzz_content(int number, size_t *size)
{
    struct stat info;
    FUZZ_CHECK(fstat(slots[number].descriptor, &info) == 0);
    *size = (size_t)info.st_size;
    uint8_t *bytes = malloc(*size + 1);
    FUZZ_CHECK(bytes && pread(slots[number].descriptor, bytes, *size, 0) == (ssize_t)*size);
    return bytes;
}

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
