/*
 * Conv2D: y[n, o, p, f] = activation(sum over taps i, j and channels c of
 * x[n, o s + i - before, p s + j - before, c] K[i, j, c, f] + b[f]).
 */
#include "convolution.h"
#include "layers.h"

const nn_layer_ops nn_conv2d_ops = { .name = "conv2d",
                                     .type_name = "Conv2D",
                                     .private_size = sizeof(nn_convolution),
                                     .plan = nn_convolution_plan,
                                     .carve = nn_convolution_carve,
                                     .forward = nn_convolution_forward,
                                     .backward = nn_convolution_backward };
