#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *data_status_string(data_status status)
{
    switch (status) {
#define DATA_X(name, text)                                                                                             \
    case DATA_##name:                                                                                                  \
        return text;
        DATA_STATUS_MAP(DATA_X)
#undef DATA_X
    }
    return "unknown status";
}

const char *data_short_path(const char *path, char text[DATA_SHORT_PATH])
{
    const size_t length = strlen(path);
    if (length < DATA_SHORT_PATH) return path;
    snprintf(text, DATA_SHORT_PATH, "...%s", path + length - (DATA_SHORT_PATH - 4));
    return text;
}

void data_clear_error(data_error *error)
{
    if (!error) return;
    error->status = DATA_OK;
    error->offset = 0;
    error->text[0] = '\0';
}

data_status data_fail(data_error *error, data_status status, const char *path, uint64_t offset, const char *format, ...)
{
    if (!error) return status;
    char short_path[DATA_SHORT_PATH];
    int used = 0;
    error->status = status;
    error->offset = offset;
    if (path) {
        used = snprintf(error->text, sizeof error->text, "%s:%llu: ", data_short_path(path, short_path),
                        (unsigned long long)offset);
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text + used, sizeof error->text - (size_t)used, format, arguments);
    va_end(arguments);
    // Names and texts of files come into it: one line all the same. (The programs print no controls of UTF-8 either.)
    for (char *at = error->text; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) *at = '?';
    }
    return status;
}

data_status data_fail_null(data_error *error, const char *what, const char *expected)
{
    return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "%s: expected %s, got NULL", what, expected);
}

data_status data_fail_io(data_error *error, const char *path, const char *action, const char *reason)
{
    char short_path[DATA_SHORT_PATH];
    return data_fail(error, DATA_ERR_IO, NULL, 0, "%s: cannot %s: %s", data_short_path(path, short_path), action,
                     reason);
}

data_status data_fail_errno(data_error *error, const char *path, const char *action, int number)
{
    char text[96];
    if (strerror_r(number, text, sizeof text) != 0) snprintf(text, sizeof text, "error %d", number);
    return data_fail_io(error, path, action, text);
}

data_status data_fail_memory(data_error *error, const char *what, size_t bytes)
{
    return data_fail(error, DATA_ERR_MEMORY, NULL, 0, "%s: expected %zu bytes of memory, got none", what, bytes);
}
