/* Messages about files: "path:offset: what", the path shortened from its left where it is long. */
#ifndef NN_FILES_REPORT_H
#define NN_FILES_REPORT_H

#include "../status.h"

/* A path as it goes into messages. */
typedef struct nn_path_text {
    char text[96];
} nn_path_text;
nn_path_text nn_path_format(const char *path);

/* The last name of a path, in it. */
const char *nn_path_name(const char *path);

/* "path: what". */
nn_status nn_fail_file(nn_error *error, nn_status status, const char *path, const char *format, ...) NN_PRINTF(4, 5);

/* "path:offset: what", and error->offset. */
nn_status nn_fail_at(nn_error *error, nn_status status, const char *path, uint64_t offset, const char *format, ...)
    NN_PRINTF(5, 6);

/* "path:0: file: expected a regular file, got a FIFO", with ERR_IO. */
nn_status nn_fail_kind(nn_error *error, const char *path, const char *kind);

/* "path: cannot <action>: No space left on device", with ERR_IO. */
nn_status nn_fail_errno(nn_error *error, const char *path, const char *action, int number);

#endif
