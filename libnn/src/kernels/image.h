/*
 * Convolutions as products of matrices whose left side stays in the image (Dukhan, "The indirect convolution
 * algorithm", 2019). Names: an image (n, h, w, c) is what a window of (kernel_h, kernel_w) walks over, a map
 * (n, h, w, f) has one position per window. Conv2D goes down from image to map, its gradient and Conv2DTranspose go up.
 * The kernel is (kernel_h, kernel_w, c, f) both ways.
 */
#ifndef NN_KERNELS_IMAGE_H
#define NN_KERNELS_IMAGE_H

#include "kernels.h"

/*
 * Along one axis: positions of a result (first, first + step, ..) that take the same taps of the kernel (tap, tap +
 * tap_step, ..), all inside the source. Position i takes tap t from source + i source_step + t source_tap.
 */
typedef struct nn_taps {
    int first, step, count;
    int tap, tap_step, taps; /* taps may be 0 where the stride exceeds the kernel */
    int source, source_step, source_tap;
} nn_taps;

/* A convolution in one direction: result (n, h, w, c) from source (n, h, w, c). */
typedef struct nn_gather {
    int h, w, c, source_h, source_w, source_c, kernel_h, kernel_w;
    const nn_taps *down, *across; /* the classes of rows and of columns of the result */
    int down_count, across_count;
} nn_gather;

/* A window on one axis of an image: map position o and tap t meet at o stride + t - before. */
typedef struct nn_window {
    int image, map, size, stride, before;
} nn_window;

/* Image and map of a convolution. */
typedef struct nn_conv {
    nn_window down, across;
    int c, f;
} nn_conv;

/* The part of a batch that a task works on: samples first .. last - 1, rows top .. bottom - 1 of each. */
typedef struct nn_region {
    int first, last, top, bottom;
} nn_region;

struct nn_image_kernels {
    /*
     * result = the sum over taps of source times kernel, for the region's rows of the result. `packed` holds the panels
     * of (kernel_h kernel_w source_c, c), rows in the kernel's order of taps.
     */
    void (*gather)(nn_float *result, const nn_float *source, const nn_float *packed, const nn_gather *gather,
                   nn_region region);
    /*
     * The way up for few channels: each map position's product with the whole kernel is added to the window it came
     * from. `packed` holds the panels of (f, kernel_h kernel_w c).
     */
    void (*scatter)(nn_float *image, const nn_float *map, const nn_float *packed, nn_float *scratch,
                    const nn_conv *conv, int first, int last);
    size_t (*scatter_scratch)(const nn_conv *conv);
    /* dkernel = the sum over samples first .. last - 1 and positions of image times map. */
    void (*weights)(nn_float *dkernel, const nn_float *image, const nn_float *map, nn_float *scratch,
                    const nn_conv *conv, int first, int last);
    size_t (*weights_scratch)(const nn_conv *conv);
};

#endif
