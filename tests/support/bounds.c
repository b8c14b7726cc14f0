#include "bounds.h"

#include "peak.h"
#include "temp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { TRIES = 100, PAUSE_MS = 30 };
static clock_t began;
static double least_ms; // of the tries so far
static int tries;

void bounds_begin(void)
{
    peak_begin();
    began = clock();
}

static double most_ms(const bounds_sample *s)
{
    return 1 + 10 * (double)s->decoded / 1e6;
}

bool bounds_again(const bounds_sample *s, bool refused)
{
    const double ms = 1e3 * (double)(clock() - began) / CLOCKS_PER_SEC;
    least_ms = tries == 0 || ms < least_ms ? ms : least_ms;
    tries++;
    const bool more = refused && least_ms > most_ms(s) && tries < TRIES;
    if (more) nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000L }, NULL);
    return more;
}

void bounds_end_beside(const bounds_sample *s, size_t beside, bool refused)
{
    const size_t peak = peak_bytes(), most = beside + 2 * s->decoded + BOUNDS_MIB;
    print_message("%-34s %6.1f MB, peak %6.2f MB, %7.2f ms\n", s->name, (double)s->decoded / 1e6, (double)peak / 1e6,
                  least_ms);
    tries = 0;
    if (peak > most) fail_msg("%s: expected at most %zu bytes of memory, got %zu", s->name, most, peak);
    if (refused && peak_held() > 0) fail_msg("%s: %zu bytes are still held", s->name, peak_held());
#ifdef TEST_TIMES
    if (refused && least_ms > most_ms(s))
        fail_msg("%s: expected at most %.0f ms, got %.1f", s->name, most_ms(s), least_ms);
#endif
}

void bounds_end(const bounds_sample *s, bool refused)
{
    bounds_end_beside(s, 0, refused);
}

void bounds_damage(const char *path, long from_end)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, -from_end, SEEK_END), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, -from_end, SEEK_END), 0);
    assert_int_equal(fputc(byte ^ 1, file), byte ^ 1);
    assert_int_equal(fclose(file), 0);
}

size_t bounds_size_of(const char *path)
{
    size_t size;
    free(temp_read(path, &size));
    return size;
}

bool bounds_refused(const char *name, const char *fault, int expected, int status, const char *text)
{
    if (fault && (status != expected || !strstr(text, fault)))
        fail_msg("%s: expected %d, %s, got %d, %s", name, expected, fault, status, text);
    if (!fault && status != 0) fail_msg("%s", text);
    return fault != NULL;
}
