/* Images side by side in one picture. */
#include "error.h"
#include "picture.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_GAP = 2 };

// The given grid with its defaults filled in.
static data_grid fill_defaults(const data_grid *grid)
{
    data_grid g = *grid;
    if (g.channels == 0) g.channels = 1;
    if (g.gap == 0) g.gap = DEFAULT_GAP;
    if (g.gap == -1) g.gap = 0;
    if (g.columns == 0) {
        while ((int64_t)g.columns * g.columns < g.count) g.columns++;
    }
    return g;
}

static int64_t extent(int images, int size, int gap)
{
    return (int64_t)images * size + ((int64_t)images - 1) * gap;
}

data_status data_grid_size(const data_grid *grid, int *width, int *height, data_error *error)
{
    data_clear_error(error);
    if (!grid || !width || !height) return data_fail_null(error, "grid", "a grid and places for its size");
    if (grid->count < 1 || grid->height < 1 || grid->width < 1 || grid->columns < 0 || grid->gap < -1) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0,
                         "grid: expected images, pixels and columns, got %d images of %d x %d in %d columns, gap %d",
                         grid->count, grid->height, grid->width, grid->columns, grid->gap);
    }
    const data_grid g = fill_defaults(grid);
    const int rows = (g.count - 1) / g.columns + 1;
    const int64_t w = extent(g.columns, g.width, g.gap), h = extent(rows, g.height, g.gap);
    if (w > DATA_PICTURE_MAX || h > DATA_PICTURE_MAX) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0,
                         "grid: expected at most %d pixels either way, got %lld x %lld", DATA_PICTURE_MAX, (long long)w,
                         (long long)h);
    }
    const data_status status = data_check_picture((int)w, (int)h, g.channels, error);
    if (status != DATA_OK) return status;
    *width = (int)w;
    *height = (int)h;
    return DATA_OK;
}

// [low, high] to 0 .. 255, rounded; beyond is clamped, NaN is black.
static uint8_t to_byte(float value, bool unit)
{
    const float scaled = unit ? value * 255.0f : (value + 1.0f) * 127.5f;
    if (!(scaled > 0.0f)) return 0;
    return scaled >= 255.0f ? 255 : (uint8_t)(scaled + 0.5f);
}

data_status data_grid_draw(const data_grid *grid, uint8_t *pixels, data_error *error)
{
    int width, height;
    data_clear_error(error);
    if (!grid || !grid->images || !pixels) return data_fail_null(error, "grid", "images and a destination");
    const data_status status = data_grid_size(grid, &width, &height, error);
    if (status != DATA_OK) return status;
    const data_grid g = fill_defaults(grid);
    const size_t row = (size_t)g.width * (size_t)g.channels, stride = (size_t)width * (size_t)g.channels;
    memset(pixels, 0, stride * (size_t)height);
    for (int i = 0; i < g.count; i++) {
        const size_t top = (size_t)(i / g.columns) * ((size_t)g.height + (size_t)g.gap);
        const size_t left = (size_t)(i % g.columns) * ((size_t)g.width + (size_t)g.gap) * (size_t)g.channels;
        const float *image = g.images + (size_t)i * (size_t)g.height * row;
        for (size_t y = 0; y < (size_t)g.height; y++) {
            uint8_t *out = pixels + (top + y) * stride + left;
            for (size_t x = 0; x < row; x++) out[x] = to_byte(image[y * row + x], g.unit);
        }
    }
    return DATA_OK;
}

data_status data_grid_write_png(const data_grid *grid, const char *path, data_error *error)
{
    int width, height;
    data_clear_error(error);
    if (!grid || !grid->images || !path) return data_fail_null(error, "grid", "images and a path");
    data_status status = data_grid_size(grid, &width, &height, error);
    if (status != DATA_OK) return status;
    const int channels = grid->channels ? grid->channels : 1;
    const size_t size = (size_t)width * (size_t)height * (size_t)channels; // at most 3 * DATA_PICTURE_MAX squared
    uint8_t *pixels = malloc(size);
    if (!pixels) return data_fail_memory(error, path, size);
    status = data_grid_draw(grid, pixels, error);
    if (status == DATA_OK) status = data_png_write(path, pixels, width, height, channels, error);
    free(pixels);
    return status;
}
