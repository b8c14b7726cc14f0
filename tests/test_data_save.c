/*
 * Fault row 39 for pictures and the cache of reviews: each call that writes them fails with each errno. What was there
 * stays as it was, byte for byte, nothing temporary remains, and the failure is told; a cache is gone without. The
 * linker puts these calls before the C library's (--wrap).
 */
#include "faults.h"
#include "temp.h"

#include <errno.h>
#include <kvist/data.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

FILE *__real_fdopen(int descriptor, const char *mode);
FILE *__wrap_fdopen(int descriptor, const char *mode);
FILE *__wrap_fdopen(int descriptor, const char *mode)
{
    return fault_due(false) ? NULL : __real_fdopen(descriptor, mode);
}

size_t __real_fwrite(const void *bytes, size_t size, size_t count, FILE *file);
size_t __wrap_fwrite(const void *bytes, size_t size, size_t count, FILE *file);
size_t __wrap_fwrite(const void *bytes, size_t size, size_t count, FILE *file)
{
    return fault_due(false) ? 0 : __real_fwrite(bytes, size, count, file);
}

/* The stream is gone even if closing it fails. */
int __real_fclose(FILE *file);
int __wrap_fclose(FILE *file);
int __wrap_fclose(FILE *file)
{
    const bool this_one = fault_due(false);
    const int told = errno;
    const int result = __real_fclose(file);
    if (this_one) errno = told;
    return this_one ? EOF : result;
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    return fault_due(false) ? -1 : __real_rename(from, to);
}

/* --- what is written ---------------------------------------------------------------------------------------------- */

static const char *folder; /* of reviews */
static int number;         /* the errno of the call that fails */
static const char old[] = "what was there before";

typedef data_status (*operation)(const char *path, data_error *error);

static data_status write_png(const char *path, data_error *error)
{
    static const uint8_t pixels[25];
    return data_png_write(path, pixels, 5, 5, 1, error);
}

static data_status write_gif(const char *path, data_error *error)
{
    static const uint8_t pixels[25];
    data_gif *gif = data_gif_open(path, &(data_gif_def){ .width = 5, .height = 5 }, error);
    if (!gif) return DATA_ERR_IO;
    const data_status status = data_gif_add(gif, pixels, error);
    if (status == DATA_OK) return data_gif_close(gif, error);
    data_gif_discard(gif);
    return status;
}

/* A cache that could not be written is a failure here. */
static data_status write_cache(const char *path, data_error *error)
{
    data_imdb imdb = { 0 };
    data_status status = data_imdb_load(folder, &(data_imdb_def){ .cache = path }, &imdb, error);
    if (status == DATA_OK && imdb.cache == DATA_CACHE_FAILED) {
        status = DATA_ERR_IO; /* the reviews are there all the same */
        assert_int_equal(imdb.train.count, 2);
        *error = (data_error){ .status = status };
        snprintf(error->text, sizeof error->text, "%s: %s", path, strerror(number));
    }
    data_imdb_free(&imdb);
    return status;
}

/* --- each call fails ---------------------------------------------------------------------------------------------- */

static void each_call_fails(const char *name, operation run)
{
    static const int numbers[] = { ENOSPC, EIO, EDQUOT, EINTR, EROFS };
    const size_t count = sizeof numbers / sizeof numbers[0];
    for (size_t i = 0; i < 2 * count; i++) {
        int errors = 0;
        for (int k = 1; k == 1 || fault_happened(); k++) {
            const char *path = temp_write(&temp_here, name, old, sizeof old);
            const int entries = temp_entries(&temp_here);
            data_error error = { 0 };
            size_t size;
            number = numbers[i % count];
            if (i < count)
                fault_at(k, number, false);
            else
                fault_from(k, number);
            const data_status status = run(path, &error);
            fault_at(0, 0, false);
            unsigned char *now = temp_read(path, &size);
            const bool same = size == sizeof old && memcmp(now, old, size) == 0;
            free(now);
            if (same == (status == DATA_OK)) fail_msg("%s: call %d, %s: the file", name, k, strerror(number));
            if (temp_entries(&temp_here) != entries) fail_msg("%s: call %d: something is left", name, k);
            errors += status != DATA_OK;
            if (status == DATA_OK) continue;
            if (status != DATA_ERR_IO || error.status != status || !strstr(error.text, strerror(number)) ||
                !strstr(error.text, temp_here.path))
                fail_msg("%s: call %d, %s: %d: %s", name, k, strerror(number), (int)status, error.text);
        }
        assert_true(errors >= 4); /* making, opening, writing, closing, renaming */
    }
}

static void test_pictures(void **state)
{
    (void)state;
    each_call_fails("a.png", write_png);
    if (data_gif_available()) each_call_fails("a.gif", write_gif);
}

static void test_cache(void **state)
{
    (void)state;
    each_call_fails("a.cache", write_cache);
}

static int set_up(void **state)
{
    (void)state;
    temp_make(&temp_here);
    temp_write(&temp_here, "set/train/neg/0.txt", "a bad film", 10);
    temp_write(&temp_here, "set/train/pos/0.txt", "a good film", 11);
    temp_write(&temp_here, "set/test/neg/0.txt", "bad", 3);
    temp_write(&temp_here, "set/test/pos/0.txt", "fine", 4);
    folder = temp_path(&temp_here, "set");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_pictures), cmocka_unit_test(test_cache) };
    return cmocka_run_group_tests(tests, set_up, temp_tear_down);
}
