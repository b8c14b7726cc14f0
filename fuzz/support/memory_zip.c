/* libarchive's own calls of the system cannot be wrapped: its reader of a descriptor becomes the one of memory. */
#include "fuzz.h"

#include <archive.h>

int __real_archive_read_open_fd(struct archive *archive, int descriptor, size_t chunk);
int __wrap_archive_read_open_fd(struct archive *archive, int descriptor, size_t chunk);

int __wrap_archive_read_open_fd(struct archive *archive, int descriptor, size_t chunk)
{
    const uint8_t *bytes;
    size_t size;
    if (!fuzz_opened(descriptor, &bytes, &size)) return __real_archive_read_open_fd(archive, descriptor, chunk);
    return archive_read_open_memory2(archive, bytes, size, chunk);
}
