#include "append.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

int append_whole(int file, const void *bytes, size_t size)
{
    const off_t before = lseek(file, 0, SEEK_END);
    for (size_t done = 0; done < size;) {
        const ssize_t written = write(file, (const char *)bytes + done, size - done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            const int error = written < 0 ? errno : EIO;
            const bool taken_back = before >= 0 && ftruncate(file, before) == 0;
            (void)taken_back; /* fails on a device, which keeps nothing */
            return error;
        }
        done += (size_t)written;
    }
    return 0;
}
