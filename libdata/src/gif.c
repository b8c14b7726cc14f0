/* Animations through giflib; without it every call says so. */
#include "error.h"
#include "file.h"
#include "picture.h"

#include <stdlib.h>
#include <string.h>

#ifdef DATA_HAVE_GIF

#include <gif_lib.h>

enum { COLORS = 256, SLOTS = 1024, NO_COLOR = -1, CUBE = 6, DEFAULT_DELAY = 10 };

struct data_gif {
    data_gif_def def;
    data_file *file;
    GifFileType *encoder;
    ColorMapObject *map; // of all frames (grey) or of the one at hand (RGB)
    uint8_t *indices;    // (height, width) into the map
    bool failed;         // a frame did not get through: the file is not to be kept
};

bool data_gif_available(void)
{
    return true;
}

static int write_bytes(GifFileType *encoder, const GifByteType *bytes, int size)
{
    data_gif *gif = encoder->UserData;
    return data_file_write(gif->file, bytes, (size_t)size) ? size : 0;
}

static data_status fail(data_gif *gif, data_error *error)
{
    gif->failed = true;
    const int number = data_file_error(gif->file); // giflib knows that a write failed, not why
    if (number != 0) return data_fail_errno(error, data_file_path(gif->file), "write", number);
    const char *why = GifErrorString(gif->encoder->Error);
    return data_fail_io(error, data_file_path(gif->file), "write", why ? why : "giflib does not say why");
}

/* --- palettes ----------------------------------------------------------------------------------------------------- */

static void set_color(ColorMapObject *map, int i, int red, int green, int blue)
{
    map->Colors[i] = (GifColorType){ (GifByteType)red, (GifByteType)green, (GifByteType)blue };
}

// The frame's own colours, if there are at most 256 of them.
static bool map_exact(data_gif *gif, const uint8_t *rgb, size_t count)
{
    struct {
        uint32_t color;
        int index;
    } table[SLOTS];
    int used = 0;
    for (int i = 0; i < SLOTS; i++) table[i].index = NO_COLOR;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = rgb + 3 * i;
        const uint32_t color = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
        uint32_t at = (color * 2654435761u) >> 22; // Knuth's multiplicative hash, its top 10 bits
        while (table[at].index != NO_COLOR && table[at].color != color) at = (at + 1) % SLOTS;
        if (table[at].index == NO_COLOR) {
            if (used == COLORS) return false;
            set_color(gif->map, used, p[0], p[1], p[2]);
            table[at].color = color;
            table[at].index = used++;
        }
        gif->indices[i] = (uint8_t)table[at].index;
    }
    for (int i = used; i < COLORS; i++) set_color(gif->map, i, 0, 0, 0);
    return true;
}

static int square(int x)
{
    return x * x;
}

// 6 x 6 x 6 colours 51 apart, then 40 greys; each pixel takes the nearer of its nearest in both.
static void map_fixed(data_gif *gif, const uint8_t *rgb, size_t count)
{
    enum { FIRST_GREY = CUBE * CUBE * CUBE, GREYS = COLORS - FIRST_GREY };
    for (int i = 0; i < FIRST_GREY; i++) set_color(gif->map, i, i / 36 * 51, i / 6 % 6 * 51, i % 6 * 51);
    for (int i = 0; i < GREYS; i++) {
        const int grey = (255 * (i + 1) + (GREYS + 1) / 2) / (GREYS + 1); // black and white are in the cube
        set_color(gif->map, FIRST_GREY + i, grey, grey, grey);
    }
    for (size_t i = 0; i < count; i++) {
        const int r = rgb[3 * i], g = rgb[3 * i + 1], b = rgb[3 * i + 2];
        const int cube = (r + 25) / 51 * 36 + (g + 25) / 51 * 6 + (b + 25) / 51;
        int grey = ((r + g + b) / 3 * (GREYS + 1) + 127) / 255 - 1;
        grey = FIRST_GREY + (grey < 0 ? 0 : grey >= GREYS ? GREYS - 1 : grey);
        const GifColorType c = gif->map->Colors[cube], d = gif->map->Colors[grey];
        const int to_cube = square(c.Red - r) + square(c.Green - g) + square(c.Blue - b);
        const int to_grey = square(d.Red - r) + square(d.Green - g) + square(d.Blue - b);
        gif->indices[i] = (uint8_t)(to_grey < to_cube ? grey : cube);
    }
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

// NETSCAPE2.0: how often the animation is repeated, 0 for ever; played once, it needs no such block.
static bool write_loops(data_gif *gif)
{
    const int loops = gif->def.loops;
    if (loops == 1) return true;
    const int repeats = loops == 0 ? 0 : loops - 1;
    const GifByteType block[3] = { 1, (GifByteType)(repeats & 0xff), (GifByteType)(repeats >> 8) };
    return EGifPutExtensionLeader(gif->encoder, APPLICATION_EXT_FUNC_CODE) == GIF_OK &&
           EGifPutExtensionBlock(gif->encoder, 11, "NETSCAPE2.0") == GIF_OK &&
           EGifPutExtensionBlock(gif->encoder, sizeof block, block) == GIF_OK &&
           EGifPutExtensionTrailer(gif->encoder) == GIF_OK;
}

static data_status check_def(const data_gif_def *def, data_error *error)
{
    const data_status status = data_check_picture(def->width, def->height, def->channels, error);
    if (status != DATA_OK) return status;
    if (def->delay >= 0 && def->delay <= UINT16_MAX && def->loops >= 0 && def->loops <= UINT16_MAX) return DATA_OK;
    return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "gif: expected delay and loops of 0 to 65535, got %d and %d",
                     def->delay, def->loops);
}

static data_status begin(data_gif *gif, const char *path, data_error *error)
{
    const size_t count = (size_t)gif->def.width * (size_t)gif->def.height; // at most DATA_PICTURE_MAX squared
    gif->indices = malloc(count);
    gif->map = GifMakeMapObject(COLORS, NULL);
    if (!gif->indices || !gif->map) return data_fail_memory(error, path, count);
    const data_status status = data_file_create(path, &gif->file, error);
    if (status != DATA_OK) return status;
    gif->encoder = EGifOpen(gif, write_bytes, NULL);
    if (!gif->encoder) return data_fail_memory(error, path, sizeof *gif->encoder);
    EGifSetGifVersion(gif->encoder, true);
    const bool grey = gif->def.channels == 1;
    for (int i = 0; i < COLORS; i++) set_color(gif->map, i, i, i, i);
    if (EGifPutScreenDesc(gif->encoder, gif->def.width, gif->def.height, 8, 0, grey ? gif->map : NULL) != GIF_OK ||
        !write_loops(gif)) {
        return fail(gif, error);
    }
    return DATA_OK;
}

data_gif *data_gif_open(const char *path, const data_gif_def *def, data_error *error)
{
    data_clear_error(error);
    if (!path || !def) {
        (void)data_fail_null(error, "gif", "a path and a definition");
        return NULL;
    }
    data_gif_def d = *def;
    if (d.channels == 0) d.channels = 1;
    if (d.delay == 0) d.delay = DEFAULT_DELAY;
    if (check_def(&d, error) != DATA_OK) return NULL;
    data_gif *gif = calloc(1, sizeof *gif);
    if (!gif) {
        (void)data_fail_memory(error, path, sizeof *gif);
        return NULL;
    }
    gif->def = d;
    if (begin(gif, path, error) == DATA_OK) return gif;
    data_gif_discard(gif);
    return NULL;
}

data_status data_gif_add(data_gif *gif, const uint8_t *pixels, data_error *error)
{
    data_clear_error(error);
    if (!gif || !pixels) return data_fail_null(error, "gif", "an animation and pixels");
    const int width = gif->def.width, height = gif->def.height, delay = gif->def.delay;
    const size_t count = (size_t)width * (size_t)height;
    const bool grey = gif->def.channels == 1;
    if (grey) {
        memcpy(gif->indices, pixels, count);
    } else if (!map_exact(gif, pixels, count)) {
        map_fixed(gif, pixels, count);
    }
    // Graphics control: no transparency, leave the frame in place, the delay little-endian.
    const GifByteType control[4] = { 1 << 2, (GifByteType)(delay & 0xff), (GifByteType)(delay >> 8), 0 };
    if (EGifPutExtension(gif->encoder, GRAPHICS_EXT_FUNC_CODE, sizeof control, control) != GIF_OK ||
        EGifPutImageDesc(gif->encoder, 0, 0, width, height, false, grey ? NULL : gif->map) != GIF_OK) {
        return fail(gif, error);
    }
    for (int y = 0; y < height; y++) {
        if (EGifPutLine(gif->encoder, gif->indices + (size_t)y * (size_t)width, width) != GIF_OK)
            return fail(gif, error);
    }
    return DATA_OK;
}

static void release(data_gif *gif)
{
    if (gif->map) GifFreeMapObject(gif->map);
    free(gif->indices);
    free(gif);
}

data_status data_gif_close(data_gif *gif, data_error *error)
{
    data_clear_error(error);
    if (!gif) return data_fail_null(error, "gif", "an animation");
    int code = 0;
    // It writes the trailer, so the file must still be open; the encoder is gone whatever it returns.
    const bool closed = EGifCloseFile(gif->encoder, &code) == GIF_OK;
    gif->encoder = NULL;
    if (closed && !gif->failed) {
        const data_status status = data_file_commit(gif->file, error);
        release(gif);
        return status;
    }
    const data_status status = data_fail(error, DATA_ERR_IO, data_file_path(gif->file), 0,
                                         "gif: expected every frame written, got an earlier failure");
    data_gif_discard(gif);
    return status;
}

void data_gif_discard(data_gif *gif)
{
    if (!gif) return;
    if (gif->encoder) EGifCloseFile(gif->encoder, NULL);
    data_file_discard(gif->file);
    release(gif);
}

#else

bool data_gif_available(void)
{
    return false;
}

data_gif *data_gif_open(const char *path, const data_gif_def *def, data_error *error)
{
    (void)def;
    (void)data_fail(error, DATA_ERR_UNSUPPORTED, path, 0, "gif: expected a library built with giflib, got one without");
    return NULL;
}

data_status data_gif_add(data_gif *gif, const uint8_t *pixels, data_error *error)
{
    (void)gif, (void)pixels;
    return data_fail(error, DATA_ERR_UNSUPPORTED, NULL, 0, "gif: expected giflib, got none");
}

data_status data_gif_close(data_gif *gif, data_error *error)
{
    (void)gif;
    return data_fail(error, DATA_ERR_UNSUPPORTED, NULL, 0, "gif: expected giflib, got none");
}

void data_gif_discard(data_gif *gif)
{
    (void)gif;
}

#endif
