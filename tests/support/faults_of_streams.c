/* Wrappers of what opens, closes and places a stream: --wrap=fdopen,--wrap=fclose,--wrap=rename. */
#include "faults.h"

#include <errno.h>
#include <stdio.h>

FILE *__real_fdopen(int descriptor, const char *mode);
FILE *__wrap_fdopen(int descriptor, const char *mode);
FILE *__wrap_fdopen(int descriptor, const char *mode)
{
    return fault_due(false) ? NULL : __real_fdopen(descriptor, mode);
}

/* The stream is gone even if closing it fails. */
int __real_fclose(FILE *file);
int __wrap_fclose(FILE *file);
int __wrap_fclose(FILE *file)
{
    const bool due = fault_due(false);
    const int told = errno;
    const int result = __real_fclose(file);
    if (due) errno = told;
    return due ? EOF : result;
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    return fault_due(false) ? -1 : __real_rename(from, to);
}
