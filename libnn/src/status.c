#include "status.h"
#include <stdarg.h>
#include <stdio.h>

const char *nn_status_string(nn_status status)
{
    switch (status) {
#define NN_STATUS_CASE(name, text)                                                                                     \
    case NN_##name:                                                                                                    \
        return text;
        NN_STATUS_MAP(NN_STATUS_CASE)
#undef NN_STATUS_CASE
    }
    return "unknown status";
}

nn_status nn_fail(nn_error *error, nn_status status, const char *format, ...)
{
    if (error && error->status == NN_OK) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
        /* Names and paths come into it: one line all the same. (The programs print no controls of UTF-8 either.) */
        for (char *at = error->text; *at; at++)
            if ((unsigned char)*at < ' ' || *at == 0x7f) *at = '?';
        error->status = status;
    }
    return status;
}

nn_shape_text nn_shape_format(nn_shape shape)
{
    nn_shape_text out = { "(" };
    size_t used = 1;
    for (int i = 0; i < shape.rank && i < NN_MAX_RANK; i++) {
        const char *comma = i > 0 ? ", " : "";
        const size_t left = sizeof out.text - used;
        const int wrote = shape.dim[i] == NN_RAGGED ? snprintf(out.text + used, left, "%s*", comma)
                                                    : snprintf(out.text + used, left, "%s%d", comma, shape.dim[i]);
        used += (size_t)wrote;
    }
    snprintf(out.text + used, sizeof out.text - used, ")");
    return out;
}
