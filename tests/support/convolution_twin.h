/* Convolutions against a naive twin: plain loops in double, for every instruction set and number of threads. */
#ifndef KVIST_TESTS_CONVOLUTION_TWIN_H
#define KVIST_TESTS_CONVOLUTION_TWIN_H

#include <kvist/nn.h>
#include <stdbool.h>

typedef struct conv_case {
    nn_layer_type type;
    int batch, h, w, in, filters, kernel[2], stride[2];
    nn_padding padding;
    nn_activation activation;
    bool no_bias;
    bool squares; /* goes by kernels/winograd.h */
} conv_case;

/* Checks each case's path, shape, result and gradients against the twin; skips where the processor has not got the set.
 */
void check_convolutions(const conv_case *cases, int count, nn_isa isa);

/* Whether a model's first layer goes by kernels/winograd.h. */
bool conv_takes_squares(const nn_model *model);

#endif
