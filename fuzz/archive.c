/* A checkpoint: all of it is taken, or nothing; and bytes of unknown size from it. */
#include "fuzz.h"
#include "models.h"

static void read_bytes(const char *path)
{
    void *bytes = NULL;
    size_t size = 0;
    nn_error error = { 0 };
    if (nn_archive_read_bytes(path, "bytes", &bytes, &size, &error) == NN_OK) {
        fuzz_touch(bytes, size);
    } else {
        fuzz_check_refusal(error.text, path);
        FUZZ_CHECK(!bytes && size == 0);
    }
    nn_bytes_free(bytes);
}

static nn_status load(fuzz_run *run, const char *path, nn_error *error)
{
    return nn_archive_load(run->archive, path, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *path = fuzz_file(0, bytes, size);
    fuzz_load_into_run(load, path);
    /* Opening the file again takes as long as loading it, and reads the same. */
    if (fuzz_one_in_four(bytes, size)) read_bytes(path);
    return 0;
}
