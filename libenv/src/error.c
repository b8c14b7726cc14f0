/* Statuses and their texts. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

const char *env_status_string(env_status status)
{
    switch (status) {
#define ENV_X(name, text)                                                                                              \
    case ENV_##name:                                                                                                   \
        return text;
        ENV_STATUS_MAP(ENV_X)
#undef ENV_X
    }
    return "unknown status";
}

void env_clear_error(env_error *error)
{
    if (!error) return;
    error->status = ENV_OK;
    error->text[0] = '\0';
}

env_status env_fail(env_error *error, env_status status, const char *format, ...)
{
    if (error) {
        error->status = status;
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
    }
    return status;
}
