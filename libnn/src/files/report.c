#include "report.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

nn_path_text nn_path_format(const char *path)
{
    nn_path_text out;
    const size_t length = strlen(path), room = sizeof out.text - 1;
    if (length <= room)
        memcpy(out.text, path, length + 1);
    else
        snprintf(out.text, sizeof out.text, "...%s", path + length - (room - 3));
    return out;
}

const char *nn_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

nn_status nn_fail_file(nn_error *error, nn_status status, const char *path, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return nn_fail(error, status, "%s: %s", nn_path_format(path).text, text);
}

nn_status nn_fail_at(nn_error *error, nn_status status, const char *path, uint64_t offset, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (error && error->status == NN_OK) error->offset = offset;
    return nn_fail(error, status, "%s:%llu: %s", nn_path_format(path).text, (unsigned long long)offset, text);
}

nn_status nn_fail_errno(nn_error *error, const char *path, const char *action, int number)
{
    char reason[128];
    if (strerror_r(number, reason, sizeof reason) != 0) snprintf(reason, sizeof reason, "error %d", number);
    return nn_fail_file(error, NN_ERR_IO, path, "cannot %s: %s", action, reason);
}

nn_status nn_fail_kind(nn_error *error, const char *path, const char *kind)
{
    return nn_fail_at(error, NN_ERR_IO, path, 0, "file: expected a regular file, got %s", kind);
}
