/* Convolutions against a naive twin: plain loops in double, for every instruction set and number of threads. */
#ifndef KVIST_TESTS_CONVOLUTION_TWIN_H
#define KVIST_TESTS_CONVOLUTION_TWIN_H

#include <kvist/nn.h>
#include <stdbool.h>

/* The directions that go by kernels/winograd.h. */
typedef enum conv_path { PLAIN, SQUARES_DOWN, SQUARES_UP, SQUARES } conv_path;

typedef struct conv_case {
    nn_layer_type type;
    int batch, h, w, in, filters, kernel[2], stride[2];
    nn_padding padding;
    nn_activation activation;
    bool no_bias;
    conv_path path;
} conv_case;

/* Checks each case's path, shape, result and gradients against the twin. */
void check_convolutions(const conv_case *cases, int count, nn_isa isa);

/* Of a model's first layer. */
conv_path conv_path_of(const nn_model *model);

#endif
