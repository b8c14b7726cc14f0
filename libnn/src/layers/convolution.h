/*
 * What Conv2D and Conv2DTranspose share. Both have an image and a map (see kernels/image.h) and a kernel (kh, kw, c,
 * f): Conv2D goes down from image to map, its gradient up; the transposed layer goes up, its gradient down; the
 * gradient by the kernel is the same for both.
 */
#ifndef NN_LAYERS_CONVOLUTION_H
#define NN_LAYERS_CONVOLUTION_H

#include "../kernels/image.h"
#include "../kernels/winograd.h"
#include "../layer.h"

typedef struct nn_convolution {
    nn_conv conv;
    nn_gather down, up;
    nn_taps *taps;          /* all classes: down.down, down.across, up.down, up.across */
    bool scatters;          /* up by scatter, not by gather */
    bool transposed;        /* the layer goes up */
    bool winograd[2];       /* down, up: by kernels/winograd.h */
    bool winograd_weights;  /* the gradient by the kernel, too */
    nn_winograd squares[2]; /* down, up */
    nn_float *packed;       /* the kernel as the layer's own direction takes it */
    int chunks;             /* most parts of a batch whose gradients by the weights are summed apart */
    size_t kernel, width;   /* elements of the kernel, of the bias */
} nn_convolution;

/* plan, carve, forward, backward of both layers. */
nn_status nn_convolution_plan(nn_layer *layer, nn_error *error);
void nn_convolution_carve(nn_layer *layer, nn_arena *arena);
nn_status nn_convolution_forward(nn_layer *layer, const nn_run *run);
void nn_convolution_backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params);

#endif
