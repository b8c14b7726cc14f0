/* Filling an env_error. */
#ifndef KVIST_ENV_ERROR_H
#define KVIST_ENV_ERROR_H
#include <kvist/env.h>

#if defined(__GNUC__) || defined(__clang__)
#define ENV_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define ENV_PRINTF(text, first)
#endif

/* Forgets an earlier failure, as every function with an error does first; error may be NULL. */
void env_clear_error(env_error *error);

/* Writes status and text to error, which may be NULL; returns status. */
env_status env_fail(env_error *error, env_status status, const char *format, ...) ENV_PRINTF(3, 4);

#endif
