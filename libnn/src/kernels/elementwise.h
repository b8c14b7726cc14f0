/* Activations with their derivatives, bias, sums. */
#ifndef NN_KERNELS_ELEMENTWISE_H
#define NN_KERNELS_ELEMENTWISE_H

#include "kernels.h"

struct nn_elementwise_kernels {
    /* y (rows, n) = activation(x + bias), bias (n) or NULL; y may be x. Softmax over each row. */
    void (*activate)(nn_float *y, const nn_float *x, const nn_float *bias, size_t rows, size_t n,
                     nn_activation activation);
    /* dx (rows, n) = dy * activation'(x), expressed in y = activation(x); dx may be dy. */
    void (*activate_backward)(nn_float *dx, const nn_float *dy, const nn_float *y, size_t rows, size_t n,
                              nn_activation activation);
    /* y = x >= 0 ? x : slope x; and its gradient by the sign of x. */
    void (*leaky_relu)(nn_float *y, const nn_float *x, size_t n, nn_float slope);
    void (*leaky_relu_backward)(nn_float *dx, const nn_float *dy, const nn_float *x, size_t n, nn_float slope);
    /* sum (n) += the columns' sums of x (rows, n). */
    void (*add_rows)(nn_float *sum, const nn_float *x, size_t rows, size_t n);
    /* y += x */
    void (*add)(nn_float *y, const nn_float *x, size_t n);
    /*
     * Dropout: y = x * mask / (1 - rate); element first + i takes word (first + i) % 4 of Philox block
     * (counter << 32) + (first + i) / 4 of (seed, stream), and is kept if that word >= rate 2^32. first is a multiple
     * of 4. The backward pass calls it with dy for x: the mask is drawn anew, not stored.
     */
    void (*dropout)(nn_float *y, const nn_float *x, size_t first, size_t n, double rate, uint64_t seed, uint64_t stream,
                    uint64_t counter);
};

#endif
