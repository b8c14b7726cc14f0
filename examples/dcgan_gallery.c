#include "dcgan_gallery.h"

#include "dcgan_model.h"
#include "support/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static data_grid grid_of(const float *images)
{
    return (data_grid){ .images = images, .count = GALLERY_IMAGES, .height = DCGAN_SIDE, .width = DCGAN_SIDE };
}

data_status gallery_create(gallery *g, data_error *error)
{
    *g = (gallery){ 0 };
    const data_grid grid = grid_of((const float[]){ 0 });
    const data_status status = data_grid_size(&grid, &g->width, &g->height, error);
    if (status != DATA_OK) return status;
    g->frame = (size_t)g->width * (size_t)g->height;
    g->frames = calloc(GALLERY_FRAMES + 1, g->frame);
    if (g->frames) return DATA_OK;
    *error = (data_error){ .status = DATA_ERR_MEMORY, .text = "frames of the animation: out of memory" };
    return DATA_ERR_MEMORY;
}

void gallery_destroy(gallery *g)
{
    free(g->frames);
    *g = (gallery){ 0 };
}

static double frame_number(int epoch)
{
    return nearbyint(2 * sqrt(epoch - 1)); /* half to even */
}

/* The last epoch kept has the number of the one before this: numbers never fall. */
bool gallery_keeps(int epoch)
{
    return epoch == 1 || frame_number(epoch) > frame_number(epoch - 1);
}

/* Behind the frames: a grid that may not become one. */
static uint8_t *draw(const gallery *g, const float *images, data_error *error)
{
    const data_grid grid = grid_of(images);
    uint8_t *pixels = g->frames + GALLERY_FRAMES * g->frame;
    return data_grid_draw(&grid, pixels, error) == DATA_OK ? pixels : NULL;
}

data_status gallery_add(gallery *g, const float *images, int epoch, const char *folder, data_error *error)
{
    const uint8_t *grid = draw(g, images, error);
    if (!grid) return error->status;
    if (gallery_keeps(epoch) && g->count < GALLERY_FRAMES) memcpy(g->frames + g->count++ * g->frame, grid, g->frame);
    if (!folder) return DATA_OK;

    char name[32], path[RUN_PATH];
    snprintf(name, sizeof name, "image_at_epoch_%04d.png", epoch);
    run_join(path, folder, name);
    return data_png_write(path, grid, g->width, g->height, 1, error);
}

const uint8_t *gallery_latest(const gallery *g)
{
    return g->frames + GALLERY_FRAMES * g->frame;
}

data_status gallery_write_gif(const gallery *g, const float *images, const char *path, data_error *error)
{
    const uint8_t *last = draw(g, images, error);
    if (!last) return error->status;
    data_gif *gif = data_gif_open(path, &(data_gif_def){ .width = g->width, .height = g->height, .delay = 20 }, error);
    if (!gif) return error->status;
    data_status status = DATA_OK;
    for (uint64_t i = 0; i < g->count && status == DATA_OK; i++)
        status = data_gif_add(gif, g->frames + i * g->frame, error);
    if (status == DATA_OK) status = data_gif_add(gif, last, error);
    if (status == DATA_OK) return data_gif_close(gif, error);
    data_gif_discard(gif);
    return status;
}

void gallery_add_state(gallery *g, nn_archive *archive)
{
    nn_archive_add_u64(archive, "frame_count", &g->count);
    nn_archive_add_bytes(archive, "frames", g->frames, GALLERY_FRAMES * g->frame);
}
