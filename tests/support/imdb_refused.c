#include "imdb_refused.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

data_status imdb_refused(const char *path, const data_imdb_def *def, data_error *error)
{
    data_imdb out;
    unsigned char before[sizeof out];
    memset(&out, 0x5a, sizeof out);
    memcpy(before, &out, sizeof out);
    const data_status status = data_imdb_load(path, def, &out, error);
    assert_memory_equal(&out, before, sizeof out);
    return status;
}

uint64_t imdb_check_refused_within(const char *path, const data_imdb_def *def, data_status status, uint64_t first,
                                   uint64_t last, const char *text)
{
    char place[32];
    data_error error = { 0 };
    const data_status got = imdb_refused(path, def, &error);
    snprintf(place, sizeof place, ":%llu: ", (unsigned long long)error.offset);
    if (got != status || error.offset < first || error.offset > last || !strstr(error.text, text) ||
        (status == DATA_ERR_FORMAT && !strstr(error.text, place)))
        fail_msg("expected %d at %llu to %llu, \"%s\", got %d at %llu, %s", (int)status, (unsigned long long)first,
                 (unsigned long long)last, text, (int)got, (unsigned long long)error.offset, error.text);
    assert_int_equal(error.status, status);
    const char *name = strrchr(path, '/');
    if (status != DATA_ERR_ARGUMENT && !def) assert_non_null(strstr(error.text, name ? name + 1 : path));
    return error.offset;
}

void imdb_check_refused(const char *path, const data_imdb_def *def, data_status status, uint64_t offset,
                        const char *text)
{
    imdb_check_refused_within(path, def, status, offset, offset, text);
}
