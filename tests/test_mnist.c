/* MNIST: pairs of files (fault rows 9 and 10), the real set where it is, scaling. */
#include "temp.h"

#include <kvist/data.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static void write_part(const char *part, int images, int labels, unsigned char last_label)
{
    unsigned char bytes[256] = { 0, 0, 8, 3, 0, 0, 0, (unsigned char)images, 0, 0, 0, 2, 0, 0, 0, 3 };
    char name[64];
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", part);
    for (int i = 0; i < images * 6; i++) bytes[16 + i] = (unsigned char)(10 * i);
    temp_write(&temp_here, name, bytes, 16 + (size_t)images * 6);
    unsigned char label_bytes[64] = { 0, 0, 8, 1, 0, 0, 0, (unsigned char)labels };
    for (int i = 0; i < labels; i++) label_bytes[8 + i] = i == labels - 1 ? last_label : 3;
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte.gz", part);
    temp_write_gz(&temp_here, name, label_bytes, 8 + (size_t)labels);
}

static void refuse(uint64_t offset, const char *text, const char *more)
{
    data_mnist out;
    unsigned char before[sizeof out];
    data_error error = { 0 };
    memset(&out, 0x5a, sizeof out);
    memcpy(before, &out, sizeof out);
    assert_int_equal(data_mnist_load(temp_here.path, NULL, &out, &error), DATA_ERR_FORMAT);
    assert_memory_equal(&out, before, sizeof out);
    if (!strstr(error.text, text) || !strstr(error.text, more)) {
        fail_msg("expected \"%s\" and \"%s\" in: %s", text, more, error.text);
    }
    assert_int_equal(error.status, DATA_ERR_FORMAT);
    assert_int_equal(error.offset, offset);
}

static void test_folder(void **state)
{
    (void)state;
    data_mnist mnist;
    data_error error;
    write_part("train", 4, 4, 9);
    write_part("t10k", 2, 2, 0);
    assert_int_equal(data_mnist_load(temp_here.path, NULL, &mnist, &error), DATA_OK);
    assert_false(mnist.generated);
    assert_int_equal(mnist.train.count, 4);
    assert_int_equal(mnist.test.count, 2);
    assert_int_equal(mnist.train.height, 2);
    assert_int_equal(mnist.train.width, 3);
    assert_int_equal(mnist.train.pixels[23], 230);
    assert_int_equal(mnist.train.labels[3], 9);
    data_mnist_free(&mnist);
    data_mnist_free(&mnist); // a zeroed struct is fine
    data_mnist_free(NULL);
}

static void test_09_counts_differ(void **state)
{
    (void)state;
    write_part("train", 4, 5, 9);
    refuse(4, "train-images-idx3-ubyte:4: count: expected 5", "train-labels-idx1-ubyte.gz, got 4");
}

static void test_10_label_beyond_classes(void **state)
{
    (void)state;
    write_part("train", 4, 4, 10);
    refuse(11, "train-labels-idx1-ubyte.gz:11: label of record 3: expected below 10", "got 10");
    write_part("train", 1, 1, 10); // the first is looked at, too
    refuse(8, "train-labels-idx1-ubyte.gz:8: label of record 0: expected below 10", "got 10");
}

static void test_sizes_differ(void **state)
{
    (void)state;
    unsigned char bytes[] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 5, 6 };
    write_part("train", 4, 4, 9);
    temp_write(&temp_here, "t10k-images-idx3-ubyte", bytes, sizeof bytes);
    refuse(0, "test images: expected 2 x 3", "got 1 x 1");
    unsigned char same_height[16 + 2 * 2 * 1] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1 };
    temp_write(&temp_here, "t10k-images-idx3-ubyte", same_height, sizeof same_height);
    refuse(0, "test images: expected 2 x 3", "got 2 x 1");
}

static void test_missing_folder_is_named(void **state)
{
    (void)state;
    data_mnist mnist;
    data_error error;
    assert_int_equal(data_mnist_load(temp_path(&temp_here, "nowhere"), NULL, &mnist, &error), DATA_ERR_IO);
    assert_non_null(strstr(error.text, "nowhere/train-images-idx3-ubyte: cannot open: "));
}

static void test_default_counts(void **state)
{
    data_mnist mnist;
    (void)state;
    assert_int_equal(data_mnist_load(NULL, NULL, &mnist, NULL), DATA_OK);
    assert_int_equal(mnist.train.count, 12000);
    assert_int_equal(mnist.test.count, 2000);
    data_mnist_free(&mnist);
}

static void test_scaling(void **state)
{
    (void)state;
    const uint8_t bytes[] = { 0, 51, 255 };
    float out[3];
    data_scale_signed(bytes, 3, out);
    assert_true(out[0] == -1.0f && out[2] == 1.0f);
    assert_true(out[1] == (51.0f - 127.5f) / 127.5f);
    data_scale_unit(bytes, 3, out);
    assert_true(out[0] == 0.0f && out[1] == 0.2f && out[2] == 1.0f);
}

static unsigned long checksum(const uint8_t *bytes, size_t size)
{
    return crc32(crc32(0, NULL, 0), bytes, (uInt)size);
}

static void test_real_set(void **state)
{
    (void)state;
    const char *root = getenv("KVIST_DATA");
    char path[1024];
    snprintf(path, sizeof path, "%s/mnist/train-labels-idx1-ubyte.gz", root ? root : "");
    FILE *there = fopen(path, "rb");
    if (!there) {
        printf("no MNIST in $KVIST_DATA/mnist: skipped\n");
        skip();
    }
    fclose(there);
    snprintf(path, sizeof path, "%s/mnist", root);
    data_mnist m;
    data_error error;
    if (data_mnist_load(path, NULL, &m, &error) != DATA_OK) fail_msg("%s", error.text);
    assert_int_equal(m.train.count, 60000);
    assert_int_equal(m.test.count, 10000);
    assert_int_equal(m.train.height, 28);
    assert_int_equal(m.train.width, 28);
    static const int histogram[10] = { 5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949 };
    int seen[10] = { 0 };
    for (int i = 0; i < m.train.count; i++) seen[m.train.labels[i]]++;
    assert_memory_equal(seen, histogram, sizeof seen);
    // CRC-32 of the payloads of the files whose SHA-256 scripts/get-data checks.
    assert_int_equal(checksum(m.train.pixels, (size_t)60000 * 784), 0xf3639b56u);
    assert_int_equal(checksum(m.train.labels, 60000), 0xba07e8efu);
    assert_int_equal(checksum(m.test.pixels, (size_t)10000 * 784), 0xe4ca5f57u);
    assert_int_equal(checksum(m.test.labels, 10000), 0xee8604d9u);
    data_mnist_free(&m);
}

static void test_arguments(void **state)
{
    (void)state;
    static const char refused[] = "images: expected two paths and a destination, got NULL";
    data_images images = { 0 };
    data_error error = { 0 };
    assert_int_equal(data_images_load(NULL, "b", 10, &images, &error), DATA_ERR_ARGUMENT);
    assert_string_equal(error.text, refused);
    assert_int_equal(data_images_load("a", NULL, 10, &images, &error), DATA_ERR_ARGUMENT);
    assert_string_equal(error.text, refused);
    assert_int_equal(data_images_load("a", "b", 10, NULL, &error), DATA_ERR_ARGUMENT);
    assert_string_equal(error.text, refused);
    assert_int_equal(data_images_load("a", "b", 0, &images, &error), DATA_ERR_ARGUMENT);
    assert_string_equal(error.text, "classes: expected 1 to 256, got 0");
    assert_int_equal(data_images_load("a", "b", 257, &images, &error), DATA_ERR_ARGUMENT);
    assert_string_equal(error.text, "classes: expected 1 to 256, got 257");
    /* 1 and 256 are taken: what is missing are the files. */
    assert_int_equal(data_images_load("a", "b", 1, &images, &error), DATA_ERR_IO);
    assert_int_equal(data_images_load("a", "b", 256, &images, &error), DATA_ERR_IO);
    assert_int_equal(data_mnist_load(NULL, NULL, NULL, &error), DATA_ERR_ARGUMENT);
    assert_string_equal(error.text, "mnist: expected a destination, got NULL");
    data_images_free(NULL);
    data_mnist_free(NULL);
}

static void test_status_texts(void **state)
{
    (void)state;
    assert_string_not_equal(data_status_string(DATA_OK), data_status_string(DATA_ERR_FORMAT));
    for (int status = DATA_OK; status <= DATA_ERR_UNSUPPORTED; status++)
        assert_string_not_equal(data_status_string((data_status)status), "unknown status");
    assert_string_equal(data_status_string((data_status)99), "unknown status");
}

static int set_up(void **state)
{
    temp_set_up(state);
    write_part("t10k", 2, 2, 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_09_counts_differ),
        cmocka_unit_test(test_10_label_beyond_classes),
        cmocka_unit_test(test_sizes_differ),
        cmocka_unit_test(test_missing_folder_is_named),
        cmocka_unit_test(test_default_counts),
        cmocka_unit_test(test_scaling),
        cmocka_unit_test(test_real_set),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_status_texts),
    };
    return cmocka_run_group_tests(tests, set_up, temp_tear_down);
}
