/* PNG: stb_image_write compresses in memory, our own writer of files checks every byte. */
#include "error.h"
#include "file.h"
#include "picture.h"

#include <stdlib.h>
#include <zlib.h>

// stb forgets the packed rows when its last allocation fails. They are remembered here while it runs; it takes no
// context of ours, hence per thread. NULL outside a call.
static _Thread_local unsigned char *packed_rows;

static void release(void *memory)
{
    if (memory == packed_rows) packed_rows = NULL;
    free(memory);
}

// stb's own compressor does not survive a failing allocation; zlib is here anyway and packs tighter.
static unsigned char *compress_rows(unsigned char *rows, int size, int *packed_size, int level)
{
    uLongf room = compressBound((uLong)size); // int, too, at the cap: not half of INT_MAX
    unsigned char *packed = malloc(room);
    if (!packed) return NULL;
    if (compress2(packed, &room, rows, (uLong)size, level) != Z_OK) {
        free(packed);
        return NULL;
    }
    *packed_size = (int)room;
    packed_rows = packed;
    return packed;
}

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STBIW_ASSERT(x)     ((void)0)
#define STBIW_MALLOC(size)  malloc(size)
#define STBIW_REALLOC(p, n) realloc(p, n)
#define STBIW_FREE(p)       release(p)
#define STBIW_ZLIB_COMPRESS compress_rows
#include <stb_image_write.h>

data_status data_check_picture(int width, int height, int channels, data_error *error)
{
    if (width < 1 || height < 1 || width > DATA_PICTURE_MAX || height > DATA_PICTURE_MAX) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "picture: expected 1 to %d pixels either way, got %d x %d",
                         DATA_PICTURE_MAX, width, height);
    }
    if (channels != 1 && channels != 3) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "picture: expected 1 or 3 channels, got %d", channels);
    }
    return DATA_OK;
}

// what: of an error, the picture's name.
static data_status encode(const char *what, const uint8_t *pixels, int width, int height, int channels, data_png *png,
                          data_error *error)
{
    const data_status status = data_check_picture(width, height, channels, error);
    if (status != DATA_OK) return status;
    // Its sizes are int: at the cap a row and its filter byte times the height stays below INT_MAX.
    int size = 0;
    unsigned char *bytes = stbi_write_png_to_mem(pixels, width * channels, width, height, channels, &size);
    if (!bytes) {
        release(packed_rows);
        return data_fail_memory(error, what, (size_t)width * (size_t)height * (size_t)channels);
    }
    *png = (data_png){ .bytes = bytes, .size = (size_t)size };
    return DATA_OK;
}

data_status data_png_encode(const uint8_t *pixels, int width, int height, int channels, data_png *png,
                            data_error *error)
{
    data_clear_error(error);
    if (!pixels || !png) return data_fail_null(error, "picture", "pixels and a destination");
    return encode("picture", pixels, width, height, channels, png, error);
}

void data_png_free(data_png *png)
{
    if (!png) return;
    free(png->bytes);
    *png = (data_png){ 0 };
}

data_status data_png_write(const char *path, const uint8_t *pixels, int width, int height, int channels,
                           data_error *error)
{
    data_clear_error(error);
    if (!path || !pixels) return data_fail_null(error, "picture", "a path and pixels");
    data_png png = { 0 };
    data_file *file;
    data_status status = encode(path, pixels, width, height, channels, &png, error);
    if (status == DATA_OK) status = data_file_create(path, &file, error);
    if (status == DATA_OK) {
        data_file_write(file, png.bytes, png.size);
        status = data_file_commit(file, error);
    }
    data_png_free(&png);
    return status;
}
