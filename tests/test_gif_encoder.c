/*
 * Fault row 39 for what giflib itself does: each call of it that an animation takes fails in turn. The failure is told
 * with the file and giflib's reason, what was there before stays, and nothing temporary remains. The linker puts these
 * calls before giflib's (--wrap).
 */
#include "temp.h"

#include <gif_lib.h>
#include <kvist/data.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int fail_at, calls; // the number of the call that fails, from 1 (0: none), and of the last one
static int reason;         // what giflib says of it

static bool due(GifFileType *encoder)
{
    if (++calls != fail_at) return false;
    if (encoder) encoder->Error = reason;
    return true;
}

/* --- the calls ---------------------------------------------------------------------------------------------------- */

ColorMapObject *__real_GifMakeMapObject(int count, const GifColorType *colors);
ColorMapObject *__wrap_GifMakeMapObject(int count, const GifColorType *colors);
ColorMapObject *__wrap_GifMakeMapObject(int count, const GifColorType *colors)
{
    return due(NULL) ? NULL : __real_GifMakeMapObject(count, colors);
}

GifFileType *__real_EGifOpen(void *user, OutputFunc write, int *error);
GifFileType *__wrap_EGifOpen(void *user, OutputFunc write, int *error);
GifFileType *__wrap_EGifOpen(void *user, OutputFunc write, int *error)
{
    return due(NULL) ? NULL : __real_EGifOpen(user, write, error);
}

int __real_EGifPutScreenDesc(GifFileType *encoder, int width, int height, int bits, int ground, const ColorMapObject *);
int __wrap_EGifPutScreenDesc(GifFileType *encoder, int width, int height, int bits, int ground, const ColorMapObject *);
int __wrap_EGifPutScreenDesc(GifFileType *encoder, int width, int height, int bits, int ground,
                             const ColorMapObject *map)
{
    return due(encoder) ? GIF_ERROR : __real_EGifPutScreenDesc(encoder, width, height, bits, ground, map);
}

int __real_EGifPutExtensionLeader(GifFileType *encoder, int code);
int __wrap_EGifPutExtensionLeader(GifFileType *encoder, int code);
int __wrap_EGifPutExtensionLeader(GifFileType *encoder, int code)
{
    return due(encoder) ? GIF_ERROR : __real_EGifPutExtensionLeader(encoder, code);
}

int __real_EGifPutExtensionBlock(GifFileType *encoder, int size, const void *bytes);
int __wrap_EGifPutExtensionBlock(GifFileType *encoder, int size, const void *bytes);
int __wrap_EGifPutExtensionBlock(GifFileType *encoder, int size, const void *bytes)
{
    return due(encoder) ? GIF_ERROR : __real_EGifPutExtensionBlock(encoder, size, bytes);
}

int __real_EGifPutExtensionTrailer(GifFileType *encoder);
int __wrap_EGifPutExtensionTrailer(GifFileType *encoder);
int __wrap_EGifPutExtensionTrailer(GifFileType *encoder)
{
    return due(encoder) ? GIF_ERROR : __real_EGifPutExtensionTrailer(encoder);
}

int __real_EGifPutExtension(GifFileType *encoder, int code, int size, const void *bytes);
int __wrap_EGifPutExtension(GifFileType *encoder, int code, int size, const void *bytes);
int __wrap_EGifPutExtension(GifFileType *encoder, int code, int size, const void *bytes)
{
    return due(encoder) ? GIF_ERROR : __real_EGifPutExtension(encoder, code, size, bytes);
}

int __real_EGifPutImageDesc(GifFileType *encoder, int left, int top, int width, int height, bool interlaced,
                            const ColorMapObject *map);
int __wrap_EGifPutImageDesc(GifFileType *encoder, int left, int top, int width, int height, bool interlaced,
                            const ColorMapObject *map);
int __wrap_EGifPutImageDesc(GifFileType *encoder, int left, int top, int width, int height, bool interlaced,
                            const ColorMapObject *map)
{
    return due(encoder) ? GIF_ERROR : __real_EGifPutImageDesc(encoder, left, top, width, height, interlaced, map);
}

int __real_EGifPutLine(GifFileType *encoder, GifPixelType *pixels, int count);
int __wrap_EGifPutLine(GifFileType *encoder, GifPixelType *pixels, int count);
int __wrap_EGifPutLine(GifFileType *encoder, GifPixelType *pixels, int count)
{
    return due(encoder) ? GIF_ERROR : __real_EGifPutLine(encoder, pixels, count);
}

// The encoder is gone even if closing it fails.
int __real_EGifCloseFile(GifFileType *encoder, int *error);
int __wrap_EGifCloseFile(GifFileType *encoder, int *error);
int __wrap_EGifCloseFile(GifFileType *encoder, int *error)
{
    const bool fails = due(NULL);
    const int result = __real_EGifCloseFile(encoder, error);
    return fails ? GIF_ERROR : result;
}

/* --- an animation ------------------------------------------------------------------------------------------------- */

enum {
    SIDE = 3,
    FRAMES = 2,
    BEFORE = 2,                                      // calls that make the map and the encoder
    CALLS = BEFORE + 1 + 4 + FRAMES * (2 + SIDE) + 1 // the screen, the loops, a frame's two and its lines, the end
};

// A caller that gives up at the first failure, or one that closes the file all the same.
static data_status animate(const char *path, int channels, bool stops, data_error *error)
{
    static const uint8_t pixels[3 * SIDE * SIDE];
    data_status status = DATA_OK;
    data_gif *gif = data_gif_open(path, &(data_gif_def){ .width = SIDE, .height = SIDE, .channels = channels }, error);
    if (!gif) return error->status;
    for (int i = 0; i < FRAMES && status == DATA_OK; i++) status = data_gif_add(gif, pixels, error);
    if (status == DATA_OK || !stops) return data_gif_close(gif, error);
    data_gif_discard(gif);
    return status;
}

// Every call of giflib fails once, the last one being that which closes the file.
static void each_call_fails(int channels, bool stops)
{
    static const char old[] = "what was there before";
    const char *path = temp_write(&temp_here, "a.gif", old, sizeof old);
    const int entries = temp_entries(&temp_here);
    int failed = 0;
    for (fail_at = 1;; fail_at++, failed++) {
        data_error error = { 0 };
        size_t size;
        calls = 0;
        const data_status status = animate(path, channels, stops, &error);
        unsigned char *now = temp_read(path, &size);
        const bool same = size == sizeof old && memcmp(now, old, size) == 0;
        free(now);
        assert_int_equal(temp_entries(&temp_here), entries);
        if (calls < fail_at) {
            assert_int_equal(status, DATA_OK);
            assert_false(same);
            break;
        }
        if (status != (fail_at <= BEFORE ? DATA_ERR_MEMORY : DATA_ERR_IO) || error.status != status || !same ||
            !strstr(error.text, path))
            fail_msg("call %d: %d: %s", fail_at, (int)status, error.text);
        const bool closing = fail_at == CALLS;
        if (status == DATA_ERR_IO && stops && !closing) assert_non_null(strstr(error.text, GifErrorString(reason)));
    }
    assert_int_equal(failed, CALLS);
    fail_at = 0;
}

static void test_each_call_fails(void **state)
{
    (void)state;
    reason = E_GIF_ERR_NOT_WRITEABLE;
    for (int channels = 1; channels <= 3; channels += 2) {
        each_call_fails(channels, true);
        each_call_fails(channels, false);
    }
}

// The reason is giflib's own words, or that there is none.
static void test_reason_is_told(void **state)
{
    (void)state;
    data_error error = { 0 };
    const char *path = temp_path(&temp_here, "reason.gif");
    calls = 0;
    fail_at = BEFORE + 1;
    reason = E_GIF_ERR_NOT_WRITEABLE;
    assert_int_equal(animate(path, 1, true, &error), DATA_ERR_IO);
    assert_non_null(strstr(error.text, "reason.gif: cannot write: "));
    assert_non_null(strstr(error.text, GifErrorString(reason)));
    calls = 0;
    reason = 9999;
    assert_null(GifErrorString(reason));
    assert_int_equal(animate(path, 1, true, &error), DATA_ERR_IO);
    assert_non_null(strstr(error.text, "reason.gif: cannot write: giflib does not say why"));
    fail_at = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_call_fails), cmocka_unit_test(test_reason_is_told) };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
