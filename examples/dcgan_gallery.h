/* What the generator draws during training: a grid after each epoch, and the animation of them all. */
#ifndef KVIST_DCGAN_GALLERY_H
#define KVIST_DCGAN_GALLERY_H

#include <kvist/data.h>
#include <kvist/nn.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GALLERY_IMAGES = 16,
    GALLERY_FRAMES = 128, /* kept at most, by the frame rule: those of 4,000 epochs */
    GALLERY_EPOCHS = 4000,
};

/** The grids that the animation shows, as bytes; a checkpoint takes them along. */
typedef struct gallery {
    int width, height; /* pixels of a grid */
    size_t frame;      /* bytes of one */
    uint8_t *frames;   /* (GALLERY_FRAMES, height, width), then room for one more */
    uint64_t count;    /* frames kept */
} gallery;

/** Allocates; to be freed by gallery_destroy(). */
DATA_NODISCARD data_status gallery_create(gallery *g, data_error *error);
void gallery_destroy(gallery *g);

/**
 * The tutorial's frame rule: frame i = epoch - 1 (epochs count from 1) is kept if round(2 sqrt(i)), half to even,
 * exceeds that of the last one kept.
 */
bool gallery_keeps(int epoch);

/**
 * Draws the grid of 16 images (16, 28, 28, 1) in [-1, 1] after `epoch` and keeps it if the rule says so.
 * @param folder NULL, or where image_at_epoch_%04d.png is written
 */
DATA_NODISCARD data_status gallery_add(gallery *g, const float *images, int epoch, const char *folder,
                                       data_error *error);

/** The latest grid (height, width); valid until the next one is added. */
const uint8_t *gallery_latest(const gallery *g);

/** Writes the animation: the frames, then the grid of the images after the last epoch, kept or not, once more. */
DATA_NODISCARD data_status gallery_write_gif(const gallery *g, const float *images, const char *path,
                                             data_error *error);

/** Puts the frames on a checkpoint's list. */
void gallery_add_state(gallery *g, nn_archive *archive);

#endif
