/* What IDX files may cost, plain and packed, right ones and hostile ones of some MB; see support/bounds.h. */
#include "bounds.h"
#include "temp.h"

#include <kvist/data.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned char *some_bytes(size_t size, uint64_t seed)
{
    unsigned char *bytes = malloc(size);
    assert_non_null(bytes);
    data_rng rng = data_rng_make(seed, 0);
    for (size_t i = 0; i < size; i++) bytes[i] = (unsigned char)data_rng_next(&rng);
    return bytes;
}

enum { SIDE = 28, IMAGES = 8000, PIXELS = IMAGES * SIDE * SIDE };

static void put_word(unsigned char *at, uint32_t word)
{
    for (int i = 0; i < 4; i++) at[i] = (unsigned char)(word >> (24 - 8 * i));
}

/* An IDX file of that many images, with as many bytes as are asked for after its header. */
static const char *write_images(const char *name, uint32_t count, size_t bytes, bool gzip)
{
    unsigned char *file = some_bytes(16 + bytes, 1);
    const uint32_t words[4] = { 0x803, count, SIDE, SIDE };
    for (int i = 0; i < 4; i++) put_word(file + 4 * i, words[i]);
    const char *path =
        gzip ? temp_write_gz(&temp_here, name, file, 16 + bytes) : temp_write(&temp_here, name, file, 16 + bytes);
    free(file);
    return path;
}

static const char *write_labels(const char *name, uint32_t count)
{
    unsigned char *file = calloc(1, 8 + count);
    assert_non_null(file);
    put_word(file, 0x801);
    put_word(file + 4, count);
    const char *path = temp_write(&temp_here, name, file, 8 + count);
    free(file);
    return path;
}

static void load_images(const char *name, const char *path, size_t decoded, const char *fault)
{
    const char *labels = write_labels("labels", IMAGES);
    const bounds_sample s = { name, path, decoded };
    data_images images;
    data_error error;
    data_status status;
    do {
        bounds_begin();
        status = data_images_load(path, labels, 10, &images, &error);
    } while (bounds_again(&s, fault));
    bounds_end(&s, fault);
    if (bounds_refused(name, fault, DATA_ERR_FORMAT, (int)status, error.text)) return;
    data_images_free(&images);
}

static void test_idx(void **state)
{
    (void)state;
    load_images("idx", write_images("i", IMAGES, PIXELS, false), PIXELS + 16, NULL);
    load_images("idx, short", write_images("i", IMAGES, PIXELS - 1, false), PIXELS + 15, "payload: expected");
    load_images("idx, long", write_images("i", IMAGES, PIXELS + 1, false), PIXELS + 17, "payload: expected");
    load_images("idx, other count", write_images("i", IMAGES - 1, PIXELS - SIDE * SIDE, false),
                PIXELS - SIDE * SIDE + 16, "count: expected");
    load_images("idx, 800 MB claimed", write_images("i", 1000000, PIXELS, false), PIXELS + 16, "payload: expected");
}

static void test_gzip(void **state)
{
    (void)state;
    load_images("gzip", write_images("i", IMAGES, PIXELS, true), PIXELS + 16, NULL);
    load_images("gzip, short", write_images("i", IMAGES, PIXELS - 1, true), PIXELS + 15, "payload: expected");
    load_images("gzip, long", write_images("i", IMAGES, PIXELS + 1, true), PIXELS + 17, "payload: expected");
    load_images("gzip, 800 MB claimed", write_images("i", 1000000, PIXELS, true), PIXELS + 16, "payload: expected");
    const char *path = write_images("i", IMAGES, PIXELS, true);
    bounds_damage(path, 8);
    load_images("gzip, wrong checksum", path, PIXELS + 16, "gzip: expected");
    path = write_images("i", IMAGES, PIXELS, true);
    bounds_damage(path, PIXELS / 2);
    load_images("gzip, damaged inside", path, PIXELS + 16, "gzip: expected");
}

/* A bomb of zeros: no more is decoded than its header tells. */
static void test_bomb(void **state)
{
    (void)state;
    const size_t zeros = (size_t)256 * BOUNDS_MIB;
    unsigned char *file = calloc(1, zeros + 16);
    assert_non_null(file);
    const uint32_t words[4] = { 0x803, IMAGES, SIDE, SIDE };
    for (int i = 0; i < 4; i++) put_word(file + 4 * i, words[i]);
    const char *path = temp_write_gz(&temp_here, "bomb", file, zeros + 16);
    free(file);
    load_images("gzip bomb of 268 MB", path, PIXELS + 16, "payload: expected");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_idx), cmocka_unit_test(test_gzip),
                                        cmocka_unit_test(test_bomb) };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
