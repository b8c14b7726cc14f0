/* MNIST: two pairs of IDX files, or drawn digits in their place. */
#include "error.h"
#include "idx.h"
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLASSES = 10, DEFAULT_TRAIN = 12000, DEFAULT_TEST = 2000 };

void data_images_free(data_images *images)
{
    if (!images) return;
    free(images->pixels);
    free(images->labels);
    *images = (data_images){ 0 };
}

void data_mnist_free(data_mnist *mnist)
{
    if (!mnist) return;
    data_images_free(&mnist->train);
    data_images_free(&mnist->test);
    *mnist = (data_mnist){ 0 };
}

static data_status check_pair(const char *image_path, const data_idx *images, const char *label_path,
                              const data_idx *labels, int classes, data_error *error)
{
    char short_path[DATA_SHORT_PATH];
    if (images->dim[0] != labels->dim[0]) {
        return data_fail(error, DATA_ERR_FORMAT, image_path, 4, "count: expected %d images, the labels of %s, got %d",
                         labels->dim[0], data_short_path(label_path, short_path), images->dim[0]);
    }
    for (size_t i = 0; i < labels->count; i++) {
        if (labels->values[i] < classes) continue;
        return data_fail(error, DATA_ERR_FORMAT, label_path, 8 + i, "label of record %zu: expected below %d, got %d", i,
                         classes, labels->values[i]);
    }
    return DATA_OK;
}

data_status data_images_load(const char *image_path, const char *label_path, int classes, data_images *images,
                             data_error *error)
{
    data_clear_error(error);
    if (!image_path || !label_path || !images) {
        return data_fail_null(error, "images", "two paths and a destination");
    }
    if (classes < 1 || classes > 256) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "classes: expected 1 to 256, got %d", classes);
    }
    data_idx pixels = { 0 }, labels = { 0 };
    data_status status = data_idx_load(image_path, 3, &pixels, error);
    if (status == DATA_OK) status = data_idx_load(label_path, 1, &labels, error);
    if (status == DATA_OK) status = check_pair(image_path, &pixels, label_path, &labels, classes, error);
    if (status != DATA_OK) {
        free(pixels.values);
        free(labels.values);
        return status;
    }
    *images = (data_images){ .count = pixels.dim[0],
                             .height = pixels.dim[1],
                             .width = pixels.dim[2],
                             .pixels = pixels.values,
                             .labels = labels.values };
    return DATA_OK;
}

// The path of folder/name, or of folder/name.gz where only that exists; freed by the caller.
static char *find_file(const char *folder, const char *name)
{
    const size_t size = strlen(folder) + strlen(name) + sizeof "/.gz";
    char *path = data_allocate(size, 1);
    if (!path) return NULL;
    snprintf(path, size, "%s/%s.gz", folder, name);
    if (access(path, F_OK) != 0) snprintf(path, size, "%s/%s", folder, name);
    return path;
}

static data_status load_part(const char *folder, const char *image_name, const char *label_name, data_images *images,
                             data_error *error)
{
    char *image_path = find_file(folder, image_name), *label_path = find_file(folder, label_name);
    data_status status = image_path && label_path ? data_images_load(image_path, label_path, CLASSES, images, error)
                                                  : data_fail_memory(error, folder, strlen(folder));
    free(image_path);
    free(label_path);
    return status;
}

static data_status draw_parts(const data_mnist_def *def, data_mnist *mnist, data_error *error)
{
    const int train = def->train_count ? def->train_count : DEFAULT_TRAIN;
    const int test = def->test_count ? def->test_count : DEFAULT_TEST;
    mnist->generated = true;
    const data_status status = data_images_draw(train, def->seed, 0, &mnist->train, error);
    return status == DATA_OK ? data_images_draw(test, def->seed, 1, &mnist->test, error) : status;
}

static data_status load_parts(const char *folder, data_mnist *mnist, data_error *error)
{
    data_status status = load_part(folder, "train-images-idx3-ubyte", "train-labels-idx1-ubyte", &mnist->train, error);
    if (status == DATA_OK) {
        status = load_part(folder, "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", &mnist->test, error);
    }
    if (status != DATA_OK) return status;
    if (mnist->train.height == mnist->test.height && mnist->train.width == mnist->test.width) return DATA_OK;
    return data_fail(error, DATA_ERR_FORMAT, folder, 0, "test images: expected %d x %d as in training, got %d x %d",
                     mnist->train.height, mnist->train.width, mnist->test.height, mnist->test.width);
}

data_status data_mnist_load(const char *folder, const data_mnist_def *def, data_mnist *mnist, data_error *error)
{
    data_clear_error(error);
    if (!mnist) return data_fail_null(error, "mnist", "a destination");
    data_mnist loaded = { 0 };
    const data_status status =
        folder ? load_parts(folder, &loaded, error) : draw_parts(def ? def : &(data_mnist_def){ 0 }, &loaded, error);
    if (status == DATA_OK) {
        *mnist = loaded;
    } else {
        data_mnist_free(&loaded);
    }
    return status;
}

void data_scale_signed(const uint8_t *pixels, size_t count, float *out)
{
    for (size_t i = 0; i < count; i++) out[i] = ((float)pixels[i] - 127.5f) / 127.5f;
}

void data_scale_unit(const uint8_t *pixels, size_t count, float *out)
{
    for (size_t i = 0; i < count; i++) out[i] = (float)pixels[i] / 255.0f;
}
