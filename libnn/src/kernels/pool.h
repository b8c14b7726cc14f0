/* Pools: the image and map of a convolution (kernels/image.h) with c channels each and no kernel. */
#ifndef NN_KERNELS_POOL_H
#define NN_KERNELS_POOL_H

#include "image.h"

struct nn_pool_kernels {
    /* map = the greatest, the mean of each window's cells inside the image; NaN stays NaN. Samples first .. last - 1.
     */
    void (*max)(nn_float *map, const nn_float *image, const nn_conv *pool, int first, int last);
    void (*average)(nn_float *map, const nn_float *image, const nn_conv *pool, int first, int last);
    /* dimage = dmap at the first greatest cell of each window; `shared`: in equal parts at all of them. */
    void (*max_backward)(nn_float *dimage, const nn_float *dmap, const nn_float *map, const nn_float *image,
                         const nn_conv *pool, bool shared, int first, int last);
    /* dimage = dmap in equal parts over each window's cells. */
    void (*average_backward)(nn_float *dimage, const nn_float *dmap, const nn_conv *pool, int first, int last);
};

#endif
