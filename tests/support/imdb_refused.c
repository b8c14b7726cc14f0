#include "imdb_refused.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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
