/* history.csv: read back for a picture, and cut for a resume; a file of the system, which the C library reads. */
#define _GNU_SOURCE /* memfd_create */
#include "csv.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int file = -1;

static const char *write_file(const void *bytes, size_t size)
{
    static char path[32];
    if (file < 0) {
        file = memfd_create("fuzz", MFD_CLOEXEC);
        FUZZ_CHECK(file >= 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    FUZZ_CHECK(size == 0 || pwrite(file, bytes, size, 0) == (ssize_t)size);
    FUZZ_CHECK(ftruncate(file, (off_t)size) == 0); /* last: the pages stay */
    return path;
}

/* What is in it now; freed by the caller. */
static uint8_t *read_file(size_t *size)
{
    struct stat info;
    FUZZ_CHECK(fstat(file, &info) == 0);
    *size = (size_t)info.st_size;
    uint8_t *bytes = malloc(*size + 1);
    FUZZ_CHECK(bytes && pread(file, bytes, *size, 0) == (ssize_t)*size);
    return bytes;
}

static void read_back(const char *path)
{
    csv_table table;
    char error[256];
    if (!csv_read(&table, path, error)) {
        fuzz_check_refusal(error, path);
        FUZZ_CHECK(!table.header && !table.values);
        return;
    }
    fuzz_accepted++;
    const char *name = table.header;
    for (int i = 0; i < table.columns; i++, name += strlen(name) + 1) {
        const double *column = csv_column(&table, name);
        FUZZ_CHECK(column);
        fuzz_touch(column, table.rows * sizeof *column);
    }
    csv_free(&table);
}

/* What is kept of a file is its beginning. */
static void resume(const char *path, const uint8_t *bytes, size_t size)
{
    static const char header[] = "epoch,loss";
    csv_writer writer;
    const bool resumed = csv_resume(&writer, path, header, 2.0, NULL);
    size_t kept_size;
    uint8_t *kept = read_file(&kept_size);
    if (kept_size > size) {
        FUZZ_CHECK(resumed && kept_size == sizeof header && memcmp(kept, "epoch,loss\n", sizeof header) == 0);
    } else if (kept_size > 0) {
        FUZZ_CHECK(memcmp(kept, bytes, kept_size) == 0 || memcmp(kept, "epoch,loss\n", kept_size) == 0);
    }
    if (!resumed) FUZZ_CHECK(kept_size == size);
    free(kept);
    if (!resumed) return;
    csv_row(&writer, (const double[]){ 3.0, 0.5 }, 2);
    FUZZ_CHECK(csv_close(&writer));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *path = write_file(bytes, size);
    read_back(path);
    resume(path, bytes, size);
    return 0;
}
