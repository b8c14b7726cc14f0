#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

static int fail_at, calls, failing_number;
static bool failed, only_reads, for_good;

void fault_at(int k, int number, bool reads_only)
{
    fail_at = k;
    failing_number = number;
    only_reads = reads_only;
    for_good = false;
    calls = 0;
    if (k > 0) failed = false;
}

void fault_from(int k, int number)
{
    fault_at(k, number, false);
    for_good = true;
}

bool fault_due(bool read)
{
    if (fail_at == 0 || (only_reads && !read)) return false;
    calls++;
    if (for_good ? calls < fail_at : calls != fail_at) return false;
    failed = true;
    errno = failing_number;
    return true;
}

bool fault_happened(void)
{
    return failed;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    int mode = 0;
    if (flags & O_CREAT) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, int);
        va_end(arguments);
    }
    return fault_due(false) ? -1 : __real_open(path, flags, mode);
}
