/* IDX files and gzip: fault rows 1 to 8 and 11 to 14, each refused with its reason and the destination untouched. */
#include "temp.h"

#include <kvist/data.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* The largest allocation the library asked for; what grows, as content that is unpacked does, counts as it grew. */
static size_t largest;

static size_t asked(size_t size)
{
    if (size > largest) largest = size;
    return size;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size)
{
    return __real_malloc(asked(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    asked(count * size);
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return __real_realloc(memory, asked(size));
}

enum { IMAGES = 3, SIDE = 4, HEADER = 16, PAYLOAD = IMAGES * SIDE * SIDE, SIZE = HEADER + PAYLOAD };

static const unsigned char labels[] = { 0, 0, 8, 1, 0, 0, 0, IMAGES, 7, 0, 9 };

static void put_word(unsigned char *at, unsigned value)
{
    for (int i = 0; i < 4; i++) at[i] = (unsigned char)(value >> (24 - 8 * i));
}

// Three images whose pixels count up from 0.
static void make_images(unsigned char bytes[SIZE])
{
    put_word(bytes, 0x803);
    put_word(bytes + 4, IMAGES);
    put_word(bytes + 8, SIDE);
    put_word(bytes + 12, SIDE);
    for (int i = 0; i < PAYLOAD; i++) bytes[HEADER + i] = (unsigned char)i;
}

static const char *label_file(void)
{
    return temp_write(&temp_here, "labels", labels, sizeof labels);
}

// Where a cut in the packed data shows among the bytes that were unpacked is zlib's business.
static const uint64_t somewhere = UINT64_MAX;

// The pair must be refused with this status, at this offset of this file (NULL: the images), the text must begin with
// both and hold both parts; nothing may have come of it.
static void refuse_at(const char *images, const char *label_path, const char *culprit, data_status wanted,
                      uint64_t offset, const char *text, const char *more)
{
    char start[TEMP_PATH + 32];
    data_images out;
    unsigned char before[sizeof out];
    data_error error = { 0 };
    memset(&out, 0x5a, sizeof out);
    memcpy(before, &out, sizeof out);
    largest = 0;
    const data_status status = data_images_load(images, label_path, 10, &out, &error);
    if (offset == somewhere) offset = error.offset <= SIZE ? error.offset : SIZE;
    snprintf(start, sizeof start, "%s:%llu: ", culprit ? culprit : images, (unsigned long long)offset);
    if (strncmp(error.text, start, strlen(start)) != 0 || !strstr(error.text, text) || !strstr(error.text, more)) {
        fail_msg("expected \"%s\", \"%s\" and \"%s\" in: %s", start, text, more, error.text);
    }
    assert_int_equal(status, wanted);
    assert_int_equal(error.status, wanted);
    assert_int_equal(error.offset, offset);
    assert_memory_equal(&out, before, sizeof out);
}

static void refuse(const char *images, uint64_t offset, const char *text, const char *more)
{
    refuse_at(images, label_file(), NULL, DATA_ERR_FORMAT, offset, text, more);
}

static void refuse_images(const void *bytes, size_t size, uint64_t offset, const char *text, const char *more)
{
    refuse(temp_write(&temp_here, "images", bytes, size), offset, text, more);
}

static void accepts(const char *images, const char *label_path)
{
    data_images out = { 0 };
    data_error error = { 0 };
    if (data_images_load(images, label_path, 10, &out, &error) != DATA_OK) fail_msg("%s", error.text);
    assert_int_equal(out.count, IMAGES);
    assert_int_equal(out.height, SIDE);
    assert_int_equal(out.width, SIDE);
    for (int i = 0; i < PAYLOAD; i++) assert_int_equal(out.pixels[i], i);
    assert_memory_equal(out.labels, labels + 8, IMAGES);
    data_images_free(&out);
    assert_null(out.pixels);
}

static void test_reads_plain_and_gzip(void **state)
{
    (void)state;
    unsigned char bytes[SIZE];
    make_images(bytes);
    accepts(temp_write(&temp_here, "images", bytes, SIZE), label_file());
    accepts(temp_write_gz(&temp_here, "images.gz", bytes, SIZE), label_file());
}

static void test_01_empty(void **state)
{
    (void)state;
    refuse_images("", 0, 0, "file: expected", "empty");
    // A gzip file of nothing is an empty file too.
    refuse(temp_write_gz(&temp_here, "empty.gz", "", 0), 0, "magic: expected 4 bytes", "got 0");
}

static void test_02_magic(void **state)
{
    (void)state;
    unsigned char bytes[SIZE];
    make_images(bytes);
    bytes[0] = 0x12;
    refuse_images(bytes, SIZE, 0, "magic: expected 0x00000803", "got 0x12000803");
    make_images(bytes);
    bytes[2] = 0x0d; // floats
    refuse_images(bytes, SIZE, 0, "magic: expected 0x00000803", "got 0x00000d03");
    make_images(bytes);
    bytes[3] = 0; // ranks that there are not
    refuse_images(bytes, SIZE, 0, "magic: expected 0x00000803", "got 0x00000800");
    bytes[3] = 5;
    refuse_images(bytes, SIZE, 0, "magic: expected 0x00000803", "got 0x00000805");
    bytes[0] = 0x1f; // as gzip begins, but it goes on otherwise
    refuse_images(bytes, SIZE, 0, "magic: expected 0x00000803", "got 0x1f000805");
    refuse_images(bytes, 1, 0, "magic: expected 4 bytes", "got 1");
}

static void test_03_rank(void **state)
{
    (void)state;
    unsigned char bytes[SIZE];
    make_images(bytes);
    const char *path = temp_write(&temp_here, "images", bytes, SIZE);
    refuse(label_file(), 3, "rank: expected 3", "got 1");
    refuse_at(path, path, NULL, DATA_ERR_FORMAT, 3, "rank: expected 1", "got 3");
}

static void test_04_truncated_header(void **state)
{
    (void)state;
    unsigned char bytes[SIZE];
    make_images(bytes);
    refuse_images(bytes, 10, 8, "dimension: expected 4 bytes", "got 2");
    refuse_images(bytes, 3, 0, "magic: expected 4 bytes", "got 3");
}

static void test_05_truncated_payload(void **state)
{
    (void)state;
    unsigned char bytes[SIZE];
    make_images(bytes);
    refuse_images(bytes, SIZE - 5, 16, "payload: expected 48 bytes", "got 43");
    refuse(temp_write_gz(&temp_here, "short.gz", bytes, SIZE - 5), SIZE - 5, "payload: expected 48 bytes", "got 43");
}

static void test_06_trailing_bytes(void **state)
{
    (void)state;
    unsigned char bytes[SIZE + 1] = { 0 };
    make_images(bytes);
    refuse_images(bytes, SIZE + 1, SIZE, "payload: expected 48 bytes", "got more");
}

static void test_07_product_overflows(void **state)
{
    (void)state;
    unsigned char bytes[SIZE];
    make_images(bytes);
    put_word(bytes + 4, 0xffffffff);
    put_word(bytes + 8, 0xffffffff);
    put_word(bytes + 12, 0xffffffff);
    refuse_images(bytes, SIZE, 4, "dimensions: expected a product", "got more");
    // 4 GiB: fits a size, but is beyond what we take.
    put_word(bytes + 4, 65536);
    put_word(bytes + 8, 65536);
    put_word(bytes + 12, 1);
    refuse_images(bytes, SIZE, 8, "dimensions: expected a product of at most 1073741824", "got more");
    // 800 MB that fit every type but not the file: refused before any of it is asked for.
    put_word(bytes + 4, 1000000);
    put_word(bytes + 8, 28);
    put_word(bytes + 12, 28);
    refuse_images(bytes, SIZE, 16, "payload: expected 784000000 bytes", "got 48");
    assert_true(largest < 1 << 20);
    refuse(temp_write_gz(&temp_here, "lie.gz", bytes, SIZE), 16, "payload: expected 784000000 bytes", "at most");
    assert_true(largest < 1 << 20);
}

static void test_08_zero_dimension(void **state)
{
    (void)state;
    unsigned char bytes[SIZE];
    make_images(bytes);
    put_word(bytes + 8, 0);
    refuse_images(bytes, SIZE, 8, "dimension: expected at least 1", "got 0");
}

static void test_11_gzip_bomb(void **state)
{
    (void)state;
    enum { BOMB = 64 << 20 };
    unsigned char *bytes = calloc(BOMB, 1);
    assert_non_null(bytes);
    make_images(bytes);
    const char *path = temp_write_gz(&temp_here, "bomb.gz", bytes, BOMB);
    free(bytes);
    refuse(path, SIZE, "payload: expected 48 bytes", "got more");
    assert_true(largest < 1 << 20);
}

// What might still come, by the size of the file, is 3 MB, of which 2.9 are claimed: memory follows what came.
static void test_11_gzip_claims(void **state)
{
    (void)state;
    enum { CLAIMED = 2900000, CAME = 200000, NOISE = 3000 };
    unsigned char *bytes = calloc(HEADER + CAME, 1);
    assert_non_null(bytes);
    make_images(bytes);
    put_word(bytes + 4, CLAIMED / 100);
    put_word(bytes + 8, 10);
    put_word(bytes + 12, 10);
    data_rng rng = data_rng_make(1, 0);
    for (int i = 0; i < NOISE; i++) bytes[HEADER + i] = (unsigned char)data_rng_next(&rng);
    const char *path = temp_write_gz(&temp_here, "claims.gz", bytes, HEADER + CAME);
    free(bytes);
    refuse(path, HEADER + CAME, "payload: expected 2900000 bytes", "got 200000");
    assert_in_range(largest, CAME, (1 << 20) - 1);
}

static void refuse_gzip(size_t change_at, size_t cut, const char *added, uint64_t offset, const char *text,
                        const char *more)
{
    unsigned char bytes[SIZE];
    size_t size;
    make_images(bytes);
    const char *path = temp_write_gz(&temp_here, "whole.gz", bytes, SIZE);
    unsigned char *packed = temp_read(path, &size), *broken = malloc(size + 16);
    assert_non_null(broken);
    memcpy(broken, packed, size);
    if (change_at > 0) broken[size - change_at] ^= 0x40;
    size -= cut;
    memcpy(broken + size, added, strlen(added));
    size += strlen(added);
    path = temp_write(&temp_here, "broken.gz", broken, size);
    refuse(path, offset, text, more);
    free(packed);
    free(broken);
}

static void test_12_gzip_damage(void **state)
{
    (void)state;
    refuse_gzip(8, 0, "", SIZE, "gzip: expected valid data", "data check"); // CRC-32
    refuse_gzip(4, 0, "", SIZE, "gzip: expected valid data", "length check");
    for (size_t cut = 1; cut <= 20; cut++)
        refuse_gzip(0, cut, "", cut <= 8 ? SIZE : somewhere, "gzip: expected a whole member", "end of the file");
    refuse_gzip(0, 0, "x", SIZE, "gzip: expected the end of the file", "more bytes");
}

static void test_13_name_does_not_tell(void **state)
{
    (void)state;
    unsigned char bytes[SIZE];
    make_images(bytes);
    accepts(temp_write(&temp_here, "plain.gz", bytes, SIZE), label_file());
    accepts(temp_write_gz(&temp_here, "packed", bytes, SIZE), label_file());
}

static void test_14_not_a_file(void **state)
{
    (void)state;
    const char *fifo = temp_path(&temp_here, "fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    refuse_at(fifo, label_file(), NULL, DATA_ERR_IO, 0, "file: expected a regular file", "a FIFO");
    refuse_at(temp_here.path, label_file(), NULL, DATA_ERR_IO, 0, "file: expected a regular file", "a directory");
    refuse_at("/dev/zero", label_file(), NULL, DATA_ERR_IO, 0, "file: expected a regular file", "a device");
}

static void test_absent_file_is_named(void **state)
{
    (void)state;
    data_error error;
    data_images out;
    assert_int_equal(data_images_load(temp_path(&temp_here, "absent"), label_file(), 10, &out, &error), DATA_ERR_IO);
    assert_int_equal(error.status, DATA_ERR_IO);
    assert_int_equal(error.offset, 0);
    assert_non_null(strstr(error.text, "/absent: cannot open: No such file or directory"));
}

static void test_long_path_is_shortened(void **state)
{
    (void)state;
    char path[400];
    data_error error;
    data_images out;
    memset(path, 'd', sizeof path);
    memcpy(path + sizeof path - 6, "/tail", 6);
    assert_int_equal(data_images_load(path, path, 10, &out, &error), DATA_ERR_IO);
    assert_memory_equal(error.text, "...ddd", 6);
    assert_non_null(strstr(error.text, "/tail: cannot open: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_plain_and_gzip),
        cmocka_unit_test(test_01_empty),
        cmocka_unit_test(test_02_magic),
        cmocka_unit_test(test_03_rank),
        cmocka_unit_test(test_04_truncated_header),
        cmocka_unit_test(test_05_truncated_payload),
        cmocka_unit_test(test_06_trailing_bytes),
        cmocka_unit_test(test_07_product_overflows),
        cmocka_unit_test(test_08_zero_dimension),
        cmocka_unit_test(test_11_gzip_bomb),
        cmocka_unit_test(test_11_gzip_claims),
        cmocka_unit_test(test_12_gzip_damage),
        cmocka_unit_test(test_13_name_does_not_tell),
        cmocka_unit_test(test_14_not_a_file),
        cmocka_unit_test(test_absent_file_is_named),
        cmocka_unit_test(test_long_path_is_shortened),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
