/* IDX files, plain or gzip: as images beside three labels, and as labels beside three images. */
#include "fuzz.h"

#include <kvist/data.h>
#include <string.h>

static const uint8_t three_labels[] = { 0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 2 };
static const uint8_t three_images[] = { 0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1, 7, 8, 9 };
enum { CLASSES = 10 };

static void load(const char *images_path, const char *labels_path, const char *given, const char *other)
{
    const data_images before = { .count = 12345 };
    data_images images = before;
    data_error error = { 0 };
    const data_status status = data_images_load(images_path, labels_path, CLASSES, &images, &error);
    if (status != DATA_OK) {
        FUZZ_CHECK(memcmp(&images, &before, sizeof images) == 0 && error.status == status);
        fuzz_check_refusal(error.text, strstr(error.text, given) ? given : other);
        return;
    }
    fuzz_accepted++;
    FUZZ_CHECK(images.count == 3 && images.height > 0 && images.width > 0);
    fuzz_touch(images.pixels, (size_t)images.count * (size_t)images.height * (size_t)images.width);
    for (int i = 0; i < images.count; i++) FUZZ_CHECK(images.labels[i] < CLASSES);
    data_images_free(&images);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *given = fuzz_file(0, bytes, size);
    static const char *labels, *images;
    if (!labels) labels = fuzz_file(1, three_labels, sizeof three_labels);
    if (!images) images = fuzz_file(2, three_images, sizeof three_images);
    load(given, labels, given, labels);
    load(images, given, given, images);
    return 0;
}
