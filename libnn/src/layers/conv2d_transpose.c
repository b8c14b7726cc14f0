/*
 * Conv2DTranspose: y[n, o s + i - before, p s + j - before, c] += x[n, o, p, f] K[i, j, c, f], then bias and
 * activation; the gradient by its image of the Conv2D that goes the other way.
 */
#include "convolution.h"
#include "layers.h"

const nn_layer_ops nn_conv2d_transpose_ops = { .name = "conv2d_transpose",
                                               .type_name = "Conv2DTranspose",
                                               .private_size = sizeof(nn_convolution),
                                               .plan = nn_convolution_plan,
                                               .carve = nn_convolution_carve,
                                               .forward = nn_convolution_forward,
                                               .backward = nn_convolution_backward };
