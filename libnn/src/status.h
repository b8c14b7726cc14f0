/* Filling nn_error: the first error of a call wins. */
#ifndef NN_SRC_STATUS_H
#define NN_SRC_STATUS_H

#include <kvist/nn.h>

#if defined(__GNUC__) || defined(__clang__)
#define NN_PRINTF(at, first) __attribute__((format(printf, at, first)))
#else
#define NN_PRINTF(text, first)
#endif

/* Writes status and text into *error unless it is NULL or already holds an error; returns status. */
nn_status nn_fail(nn_error *error, nn_status status, const char *format, ...) NN_PRINTF(3, 4);

/* "(64, 128)", with NN_RAGGED as "*", into a buffer that is a plain value: fits in any message. */
typedef struct nn_shape_text {
    char text[64];
} nn_shape_text;
nn_shape_text nn_shape_format(nn_shape shape);

#endif
