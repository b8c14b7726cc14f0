/* PNG files, taken apart again with zlib; grids; GIF files, read back with giflib; what stays when writing fails. */
#include "temp.h"

#include <kvist/data.h>

#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#ifdef TEST_HAVE_GIF
#include <gif_lib.h>
#endif

static bool no_compression; // zlib has no memory of its own

int __real_compress2(Bytef *to, uLongf *size, const Bytef *from, uLong count, int level);
int __wrap_compress2(Bytef *to, uLongf *size, const Bytef *from, uLong count, int level);
int __wrap_compress2(Bytef *to, uLongf *size, const Bytef *from, uLong count, int level)
{
    return no_compression ? Z_MEM_ERROR : __real_compress2(to, size, from, count, level);
}

static unsigned word_at(const unsigned char *at)
{
    return (unsigned)at[0] << 24 | (unsigned)at[1] << 16 | (unsigned)at[2] << 8 | at[3];
}

// The pixel a PNG filter predicts from its left, upper and upper-left neighbours (PNG specification, 9.2).
static int predict(int filter, int a, int b, int c)
{
    const int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    switch (filter) {
    case 1:
        return a;
    case 2:
        return b;
    case 3:
        return (a + b) / 2;
    case 4:
        return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
    default:
        return 0;
    }
}

static void undo_filters(const unsigned char *rows, int width, int height, int channels, unsigned char *pixels)
{
    const int row = width * channels;
    for (int y = 0; y < height; y++) {
        const unsigned char *in = rows + y * (row + 1);
        assert_true(in[0] <= 4);
        for (int x = 0; x < row; x++) {
            const int a = x >= channels ? pixels[y * row + x - channels] : 0, b = y > 0 ? pixels[(y - 1) * row + x] : 0;
            const int c = x >= channels && y > 0 ? pixels[(y - 1) * row + x - channels] : 0;
            pixels[y * row + x] = (unsigned char)(in[1 + x] + predict(in[0], a, b, c));
        }
    }
}

// Checks signature, chunks and their CRCs; gives the pixels back.
static unsigned char *decode(const char *path, int width, int height, int channels)
{
    static const unsigned char signature[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    size_t size, at = 8;
    unsigned char *file = temp_read(path, &size);
    assert_memory_equal(file, signature, 8);
    const size_t raw = (size_t)height * (size_t)(width * channels + 1);
    unsigned char *rows = malloc(raw), *pixels = malloc(raw);
    bool ended = false;
    while (at < size) {
        const unsigned length = word_at(file + at);
        const unsigned char *type = file + at + 4, *content = type + 4;
        assert_true(at + 12 + length <= size);
        assert_int_equal(word_at(content + length), crc32(crc32(0, NULL, 0), type, length + 4));
        if (memcmp(type, "IHDR", 4) == 0) {
            assert_int_equal(word_at(content), width);
            assert_int_equal(word_at(content + 4), height);
            assert_int_equal(content[8], 8);                     // bits
            assert_int_equal(content[9], channels == 3 ? 2 : 0); // colour type
        } else if (memcmp(type, "IDAT", 4) == 0) {
            uLongf got = raw;
            assert_int_equal(uncompress(rows, &got, content, length), Z_OK);
            assert_int_equal(got, raw);
        } else {
            assert_memory_equal(type, "IEND", 4);
            ended = true;
        }
        at += 12 + length;
    }
    assert_true(ended);
    undo_filters(rows, width, height, channels, pixels);
    free(rows);
    free(file);
    return pixels;
}

static void test_png(void **state)
{
    (void)state;
    static const int sizes[][2] = { { 1, 1 }, { 7, 3 }, { 64, 33 }, { 1, 300 } };
    for (int i = 0; i < 4; i++) {
        for (int channels = 1; channels <= 3; channels += 2) {
            const int width = sizes[i][0], height = sizes[i][1];
            const size_t count = (size_t)(width * height * channels);
            uint8_t *pixels = malloc(count);
            for (size_t k = 0; k < count; k++) pixels[k] = (uint8_t)(k * k / 3 + k % 7 * 40);
            const char *path = temp_path(&temp_here, "picture.png");
            data_error error = { 0 };
            if (data_png_write(path, pixels, width, height, channels, &error) != DATA_OK) fail_msg("%s", error.text);
            unsigned char *back = decode(path, width, height, channels);
            assert_memory_equal(back, pixels, count);
            free(back);
            free(pixels);
        }
    }
    assert_int_equal(temp_entries(&temp_here), 1); // no temporary is left
}

// In memory and in a file: the same bytes.
static void test_png_in_memory(void **state)
{
    (void)state;
    static const uint8_t pixels[2 * 3 * 3] = { 0, 10, 20, 30, 40, 50, 255, 0, 255 };
    const char *path = temp_path(&temp_here, "picture.png");
    data_png png = { 0 };
    assert_int_equal(data_png_encode(pixels, 2, 3, 3, &png, NULL), DATA_OK);
    assert_int_equal(data_png_write(path, pixels, 2, 3, 3, NULL), DATA_OK);
    size_t size;
    unsigned char *file = temp_read(path, &size);
    assert_int_equal(png.size, size);
    assert_memory_equal(png.bytes, file, size);
    free(file);
    // A failure leaves what is there.
    const data_png before = png;
    data_error error = { 0 };
    assert_int_equal(data_png_encode(pixels, 2, 0, 3, &png, &error), DATA_ERR_ARGUMENT);
    assert_memory_equal(error.text, "picture: expected", 17);
    assert_memory_equal(&png, &before, sizeof png);
    data_png_free(&png);
    assert_null(png.bytes);
    data_png_free(&png);
}

// Nothing is made, and no file touched.
static void test_png_without_compression(void **state)
{
    (void)state;
    static const uint8_t pixels[4 * 5] = { 1 };
    const char *path = temp_write(&temp_here, "kept.png", "the old one", 11);
    const int entries = temp_entries(&temp_here);
    data_png png = { 0 };
    data_error error = { 0 };
    no_compression = true;
    const data_status encoded = data_png_encode(pixels, 4, 5, 1, &png, &error);
    assert_string_equal(error.text, "picture: expected 20 bytes of memory, got none");
    const data_status written = data_png_write(path, pixels, 4, 5, 1, &error);
    no_compression = false;
    assert_int_equal(encoded, DATA_ERR_MEMORY);
    assert_int_equal(written, DATA_ERR_MEMORY);
    assert_null(png.bytes);
    assert_non_null(strstr(error.text, "kept.png: expected 20 bytes of memory, got none"));
    assert_int_equal(temp_entries(&temp_here), entries);
    size_t size;
    unsigned char *old = temp_read(path, &size);
    assert_int_equal(size, 11);
    free(old);
}

static void test_png_out_of_range(void **state)
{
    (void)state;
    static const int wrong[][3] = {
        { 0, 5, 1 }, { 5, 0, 1 }, { -1, 5, 1 }, { DATA_PICTURE_MAX + 1, 1, 1 }, { 1, DATA_PICTURE_MAX + 1, 1 },
        { 1, 1, 2 }, { 1, 1, 0 }, { 1, 1, 4 }
    };
    const uint8_t pixel[4] = { 0 };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        data_error error = { 0 };
        const char *path = temp_path(&temp_here, "none.png");
        assert_int_equal(data_png_write(path, pixel, wrong[i][0], wrong[i][1], wrong[i][2], &error), DATA_ERR_ARGUMENT);
        assert_memory_equal(error.text, "picture: expected", 17);
    }
}

// Writing fails half-way: the old file stays as it was, the temporary goes.
static void test_png_failing_write(void **state)
{
    (void)state;
    enum { SIDE = 256 };
    static uint8_t noise[SIDE * SIDE];
    data_error error = { 0 };
    data_rng rng = data_rng_make(1, 0);
    for (int i = 0; i < SIDE * SIDE; i++) noise[i] = (uint8_t)data_rng_next(&rng);
    const char *path = temp_write(&temp_here, "old.png", "the old one", 11);
    const int before = temp_entries(&temp_here);
    struct rlimit saved, tight = { 0 };
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
    tight = saved;
    tight.rlim_cur = 20000;
    signal(SIGXFSZ, SIG_IGN); // a write beyond the limit then fails with EFBIG
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const data_status status = data_png_write(path, noise, SIDE, SIDE, 1, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
    assert_int_equal(status, DATA_ERR_IO);
    assert_non_null(strstr(error.text, "old.png: cannot write: File too large"));
    // A picture so small that only the close writes it.
    tight.rlim_cur = 10;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const data_status small = data_png_write(path, noise, 1, 1, 1, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
    assert_int_equal(small, DATA_ERR_IO);
    assert_int_equal(temp_entries(&temp_here), before);
    size_t size;
    unsigned char *old = temp_read(path, &size);
    assert_int_equal(size, 11);
    assert_memory_equal(old, "the old one", 11);
    free(old);
    assert_int_equal(data_png_write(temp_path(&temp_here, "no/folder.png"), noise, 1, 1, 1, &error), DATA_ERR_IO);
    assert_non_null(strstr(error.text, "no/folder.png: cannot create: No such file"));
    // A folder stands at the path: the rename fails.
    assert_int_equal(data_png_write(temp_here.path, noise, 1, 1, 1, &error), DATA_ERR_IO);
}

static void test_grid(void **state)
{
    (void)state;
    // Three images of 2 x 1 in two columns, gap 1: 5 wide, 3 high.
    const float images[] = { -1.0f, 1.0f, 0.0f, -3.0f, 7.0f, NAN };
    data_grid grid = { .images = images, .count = 3, .height = 1, .width = 2, .columns = 2, .gap = 1 };
    uint8_t pixels[15];
    int width, height;
    assert_int_equal(data_grid_size(&grid, &width, &height, NULL), DATA_OK);
    assert_int_equal(width, 5);
    assert_int_equal(height, 3);
    memset(pixels, 0xee, sizeof pixels);
    assert_int_equal(data_grid_draw(&grid, pixels, NULL), DATA_OK);
    static const uint8_t wanted[] = { 0, 255, 0, 128, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0 };
    assert_memory_equal(pixels, wanted, sizeof wanted);
    grid.unit = true;
    assert_int_equal(data_grid_draw(&grid, pixels, NULL), DATA_OK);
    static const uint8_t unit[] = { 0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0 };
    assert_memory_equal(pixels, unit, sizeof unit);
    assert_int_equal(data_grid_write_png(&grid, temp_path(&temp_here, "grid.png"), NULL), DATA_OK);
    unsigned char *back = decode(temp_path(&temp_here, "grid.png"), 5, 3, 1);
    assert_memory_equal(back, unit, sizeof unit);
    free(back);
}

static void test_grid_defaults(void **state)
{
    (void)state;
    static const float images[17 * 12];
    int width, height;
    data_grid grid = { .images = images, .count = 16, .height = 28, .width = 28 };
    assert_int_equal(data_grid_size(&grid, &width, &height, NULL), DATA_OK);
    assert_int_equal(width, 4 * 28 + 3 * 2);
    assert_int_equal(height, width);
    grid.count = 17; // 5 columns, 4 rows
    grid.gap = -1;
    assert_int_equal(data_grid_size(&grid, &width, &height, NULL), DATA_OK);
    assert_int_equal(width, 5 * 28);
    assert_int_equal(height, 4 * 28);
    // RGB keeps its channels together.
    const float red_blue[] = { 1, -1, -1, -1, -1, 1 };
    uint8_t pixels[6];
    grid = (data_grid){ .images = red_blue, .count = 2, .height = 1, .width = 1, .channels = 3, .gap = -1 };
    assert_int_equal(data_grid_draw(&grid, pixels, NULL), DATA_OK);
    assert_memory_equal(pixels, ((uint8_t[]){ 255, 0, 0, 0, 0, 255 }), 6);
    assert_int_equal(data_grid_write_png(&grid, temp_path(&temp_here, "rgb.png"), NULL), DATA_OK);
    unsigned char *back = decode(temp_path(&temp_here, "rgb.png"), 2, 1, 3);
    assert_memory_equal(back, pixels, 6);
    free(back);
}

// A gap is as wide as is asked for, where no two images have one between them.
static void test_grid_of_one_image(void **state)
{
    (void)state;
    const float images[] = { 1, -1, -1, 1 };
    uint8_t pixels[4];
    int width, height;
    data_error error = { 0 };
    data_grid grid = { .images = images, .count = 1, .height = 2, .width = 2, .gap = INT_MAX };
    assert_int_equal(data_grid_draw(&grid, pixels, NULL), DATA_OK);
    assert_memory_equal(pixels, ((uint8_t[]){ 255, 0, 0, 255 }), 4);
    grid = (data_grid){ .images = images, .count = 2, .height = 1, .width = 2, .gap = INT_MAX };
    assert_int_equal(data_grid_size(&grid, &width, &height, &error), DATA_ERR_ARGUMENT);
    assert_string_equal(error.text, "grid: expected at most 16384 pixels either way, got 2147483651 x 1");
}

/* A name without a folder is one of the folder that the process is in; names of files that are being written are passed
 * by. */
static void test_names(void **state)
{
    (void)state;
    const uint8_t pixel[1] = { 200 };
    data_error error = { 0 };
    char name[64], before[1024];
    int writers[64];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(temp_here.path), 0);
    const int entries = temp_entries(&temp_here);
    for (int i = 0; i < 64; i++) {
        assert_int_equal(data_png_write("plain.png", pixel, 1, 1, 1, &error), DATA_OK);
        snprintf(name, sizeof name, ".plain.png.%ld-%d.tmp", (long)getpid(), i);
        writers[i] = open(temp_write(&temp_here, name, "", 0), O_WRONLY | O_CLOEXEC);
        assert_int_equal(flock(writers[i], LOCK_EX | LOCK_NB), 0);
    }
    assert_int_equal(temp_entries(&temp_here), entries + 65);
    assert_int_equal(data_png_write("plain.png", pixel, 1, 1, 1, &error), DATA_ERR_IO);
    assert_string_equal(error.text, "plain.png: cannot create: File exists");
    for (int i = 0; i < 64; i++) close(writers[i]);
    assert_int_equal(data_png_write("plain.png", pixel, 1, 1, 1, &error), DATA_OK); /* now they are left over */
    assert_int_equal(temp_entries(&temp_here), entries + 1);
    unsigned char *back = decode("plain.png", 1, 1, 1);
    assert_int_equal(back[0], 200);
    free(back);
    assert_int_equal(chdir(before), 0);
}

static void test_grid_out_of_range(void **state)
{
    (void)state;
    const data_grid wrong[] = { { .count = 0, .height = 1, .width = 1 },
                                { .count = 1, .height = 0, .width = 1 },
                                { .count = 1, .height = 1, .width = -1 },
                                { .count = 1, .height = 1, .width = 1, .channels = 2 },
                                { .count = 1, .height = 1, .width = 1, .columns = -1 },
                                { .count = 1, .height = 1, .width = 1, .gap = -2 },
                                { .count = 1 << 30, .height = 1 << 30, .width = 1 << 30 },
                                { .count = 2, .height = 1, .width = 10000, .columns = 2 },
                                { .count = 2, .height = 10000, .width = 1, .columns = 1 },
                                { .count = (1 << 30) + 1, .height = 4, .width = 1, .columns = 1, .gap = -1 } };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int width, height;
        data_error error = { 0 };
        assert_int_equal(data_grid_size(&wrong[i], &width, &height, &error), DATA_ERR_ARGUMENT);
        assert_true(strlen(error.text) > 10);
        assert_int_equal(data_grid_write_png(&wrong[i], temp_path(&temp_here, "none.png"), &error), DATA_ERR_ARGUMENT);
    }
}

/* --- GIF ---------------------------------------------------------------------------------------------------------- */

#ifdef TEST_HAVE_GIF

enum { W = 19, H = 11, FRAMES = 5, COUNT = W * H };

static void write_gif(const char *path, const data_gif_def *def, int frames, const uint8_t *pixels, size_t frame_size)
{
    data_error error = { 0 };
    data_gif *gif = data_gif_open(path, def, &error);
    if (!gif) fail_msg("%s", error.text);
    for (int i = 0; i < frames; i++)
        assert_int_equal(data_gif_add(gif, pixels + (size_t)i * frame_size, &error), DATA_OK);
    if (data_gif_close(gif, &error) != DATA_OK) fail_msg("%s", error.text);
}

static GifFileType *read_gif(const char *path, int width, int height, int frames)
{
    int code = 0;
    GifFileType *file = DGifOpenFileName(path, &code);
    assert_non_null(file);
    assert_int_equal(DGifSlurp(file), GIF_OK);
    assert_int_equal(file->SWidth, width);
    assert_int_equal(file->SHeight, height);
    assert_int_equal(file->ImageCount, frames);
    return file;
}

static void color_at(const GifFileType *file, int frame, int pixel, uint8_t rgb[3])
{
    const SavedImage *image = &file->SavedImages[frame];
    const ColorMapObject *map = image->ImageDesc.ColorMap ? image->ImageDesc.ColorMap : file->SColorMap;
    const GifColorType c = map->Colors[image->RasterBits[pixel]];
    rgb[0] = c.Red, rgb[1] = c.Green, rgb[2] = c.Blue;
}

static void test_gif_grey(void **state)
{
    (void)state;
    static uint8_t pixels[FRAMES * COUNT];
    const char *path = temp_path(&temp_here, "grey.gif");
    for (int i = 0; i < FRAMES * COUNT; i++) pixels[i] = (uint8_t)(i * 7);
    write_gif(path, &(data_gif_def){ .width = W, .height = H, .delay = 300 }, FRAMES, pixels, COUNT);
    GifFileType *file = read_gif(path, W, H, FRAMES);
    for (int i = 0; i < FRAMES * COUNT; i++) {
        uint8_t rgb[3];
        color_at(file, i / COUNT, i % COUNT, rgb);
        assert_true(rgb[0] == pixels[i] && rgb[1] == pixels[i] && rgb[2] == pixels[i]); // exact
    }
    GraphicsControlBlock control;
    for (int i = 0; i < FRAMES; i++) {
        assert_int_equal(DGifSavedExtensionToGCB(file, i, &control), GIF_OK);
        assert_int_equal(control.DelayTime, 300);
    }
    // Repeated for ever: NETSCAPE2.0 with a count of 0.
    const ExtensionBlock *loop = &file->SavedImages[0].ExtensionBlocks[0];
    assert_memory_equal(loop[0].Bytes, "NETSCAPE2.0", 11);
    assert_memory_equal(loop[1].Bytes, "\1\0\0", 3);
    DGifCloseFile(file, NULL);
}

static void test_gif_loops(void **state)
{
    (void)state;
    const uint8_t pixel[1] = { 9 };
    const char *path = temp_path(&temp_here, "loops.gif");
    write_gif(path, &(data_gif_def){ .width = 1, .height = 1, .loops = 1 }, 1, pixel, 1);
    GifFileType *file = read_gif(path, 1, 1, 1);
    assert_int_equal(file->SavedImages[0].ExtensionBlockCount, 1); // the frame's control, no loop
    DGifCloseFile(file, NULL);
    write_gif(path, &(data_gif_def){ .width = 1, .height = 1, .loops = 300 }, 1, pixel, 1);
    file = read_gif(path, 1, 1, 1);
    assert_memory_equal(file->SavedImages[0].ExtensionBlocks[1].Bytes, "\1\x2b\1", 3); // 299 times more
    DGifCloseFile(file, NULL);
}

static void test_gif_rgb(void **state)
{
    (void)state;
    enum { SIDE = 64, PIXELS = SIDE * SIDE };
    static uint8_t pixels[2 * PIXELS * 3];
    // 256 colours are exact; 4,096 are not, but near: half the distance between two colours of the cube at most.
    for (int i = 0; i < PIXELS; i++) {
        uint8_t *few = pixels + 3 * i, *many = pixels + 3 * (PIXELS + i);
        few[0] = (uint8_t)(i % 16 * 17), few[1] = (uint8_t)(i / 16 % 16 * 13), few[2] = 77;
        many[0] = (uint8_t)(i % SIDE * 4), many[1] = (uint8_t)(i / SIDE * 4), many[2] = (uint8_t)(i * 5);
    }
    uint8_t *grey = pixels + 3 * PIXELS;
    memset(grey, 130, 3); // halfway between two of the cube: the greys are nearer
    const char *path = temp_path(&temp_here, "rgb.gif");
    write_gif(path, &(data_gif_def){ .width = SIDE, .height = SIDE, .channels = 3 }, 2, pixels, PIXELS * 3);
    GifFileType *file = read_gif(path, SIDE, SIDE, 2);
    uint8_t rgb[3];
    for (int i = 0; i < PIXELS; i++) {
        color_at(file, 0, i, rgb);
        assert_memory_equal(rgb, pixels + 3 * i, 3);
        color_at(file, 1, i, rgb);
        int far = 0;
        for (int k = 0; k < 3; k++) far += abs(rgb[k] - pixels[3 * (PIXELS + i) + k]);
        assert_true(far <= 3 * 26);
    }
    color_at(file, 1, 0, rgb);
    assert_true(abs(rgb[0] - 130) <= 3 && rgb[0] == rgb[1] && rgb[1] == rgb[2]);
    DGifCloseFile(file, NULL);
}

/* What is left of a frame's palette is black: the same picture is the same file. */
static void test_gif_few_colors(void **state)
{
    (void)state;
    uint8_t pixels[2 * 12];
    for (int i = 0; i < 24; i++) pixels[i] = (uint8_t)(255 - i);
    const char *path = temp_path(&temp_here, "few.gif");
    write_gif(path, &(data_gif_def){ .width = 2, .height = 2, .channels = 3 }, 2, pixels, 12);
    GifFileType *file = read_gif(path, 2, 2, 2);
    for (int frame = 0; frame < 2; frame++) {
        const ColorMapObject *map = file->SavedImages[frame].ImageDesc.ColorMap;
        assert_int_equal(map->ColorCount, 256);
        for (int i = 0; i < 256; i++) {
            const GifColorType *c = &map->Colors[i];
            const uint8_t rgb[3] = { c->Red, c->Green, c->Blue };
            assert_memory_equal(rgb, i < 4 ? pixels + 12 * frame + 3 * i : (const uint8_t[3]){ 0 }, 3);
        }
    }
    DGifCloseFile(file, NULL);
}

static void test_gif_leaves_nothing(void **state)
{
    (void)state;
    enum { SIDE = 128 };
    static uint8_t noise[SIDE * SIDE];
    data_error error = { 0 };
    data_rng rng = data_rng_make(1, 0);
    for (int i = 0; i < SIDE * SIDE; i++) noise[i] = (uint8_t)data_rng_next(&rng);
    const int before = temp_entries(&temp_here);
    const char *path = temp_path(&temp_here, "none.gif");
    const data_gif_def def = { .width = SIDE, .height = SIDE };
    data_gif *gif = data_gif_open(path, &def, &error);
    assert_int_equal(data_gif_add(gif, noise, &error), DATA_OK);
    data_gif_discard(gif);
    data_gif_discard(NULL);
    assert_int_equal(temp_entries(&temp_here), before);

    struct rlimit saved, tight;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
    tight = saved;
    tight.rlim_cur = 8192;
    signal(SIGXFSZ, SIG_IGN);
    gif = data_gif_open(path, &def, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    for (int i = 0; i < 4; i++) (void)!data_gif_add(gif, noise, &error);
    // There is room again, but frames are lost: what was written may not take the name.
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
    assert_int_equal(data_gif_close(gif, &error), DATA_ERR_IO);
    assert_non_null(strstr(error.text, "none.gif:0: "));
    assert_int_equal(temp_entries(&temp_here), before);
}

#endif

static void test_gif_out_of_range(void **state)
{
    (void)state;
    const data_gif_def wrong[] = { { .width = 0, .height = 1 },
                                   { .width = 1, .height = DATA_PICTURE_MAX + 1 },
                                   { .width = 1, .height = 1, .channels = 2 },
                                   { .width = 1, .height = 1, .delay = -1 },
                                   { .width = 1, .height = 1, .delay = 65536 },
                                   { .width = 1, .height = 1, .loops = -1 },
                                   { .width = 1, .height = 1, .loops = 65536 } };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        data_error error = { 0 };
        assert_null(data_gif_open(temp_path(&temp_here, "none.gif"), &wrong[i], &error));
        assert_int_equal(error.status, data_gif_available() ? DATA_ERR_ARGUMENT : DATA_ERR_UNSUPPORTED);
    }
    data_error error = { 0 };
    assert_null(
        data_gif_open(temp_path(&temp_here, "no/folder.gif"), &(data_gif_def){ .width = 1, .height = 1 }, &error));
    assert_int_equal(error.status, data_gif_available() ? DATA_ERR_IO : DATA_ERR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png),
        cmocka_unit_test(test_png_in_memory),
        cmocka_unit_test(test_png_without_compression),
        cmocka_unit_test(test_png_out_of_range),
        cmocka_unit_test(test_png_failing_write),
        cmocka_unit_test(test_grid),
        cmocka_unit_test(test_grid_defaults),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_grid_of_one_image),
        cmocka_unit_test(test_grid_out_of_range),
#ifdef TEST_HAVE_GIF
        cmocka_unit_test(test_gif_grey),
        cmocka_unit_test(test_gif_loops),
        cmocka_unit_test(test_gif_rgb),
        cmocka_unit_test(test_gif_few_colors),
        cmocka_unit_test(test_gif_leaves_nothing),
#endif
        cmocka_unit_test(test_gif_out_of_range),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
