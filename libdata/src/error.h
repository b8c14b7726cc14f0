/* How libdata reports: one line that names the file, the place, the field, what was expected and what came. */
#ifndef DATA_ERROR_H
#define DATA_ERROR_H

#include <kvist/data.h>

#if defined(__GNUC__) || defined(__clang__)
#define DATA_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define DATA_PRINTF(text, first)
#endif

/* Forgets an earlier failure, as every function with an error does first; error may be NULL. */
void data_clear_error(data_error *error);
/* Fills *error with "path:offset: message" (path may be NULL: the message alone) and returns status. */
data_status data_fail(data_error *error, data_status status, const char *path, uint64_t offset, const char *format, ...)
    DATA_PRINTF(5, 6);
/* Of NULL where something is needed: "what: expected <expected>, got NULL", with DATA_ERR_ARGUMENT. */
data_status data_fail_null(data_error *error, const char *what, const char *expected);
/* Of a call on path, with DATA_ERR_IO: "path: cannot <action>: <reason>". */
data_status data_fail_io(data_error *error, const char *path, const char *action, const char *reason);
/* The same for a failed system call: the reason is the text of errno number. */
data_status data_fail_errno(data_error *error, const char *path, const char *action, int number);
/* Of an allocation: what was to be allocated, and how large. */
data_status data_fail_memory(data_error *error, const char *what, size_t bytes);

enum { DATA_SHORT_PATH = 84 };
/* The path itself, or "..." and its end where it is long, so that the rest of a message still fits. */
const char *data_short_path(const char *path, char text[DATA_SHORT_PATH]);

#endif
