/* Activation functions over vectors, and their derivatives by the output; a constant `activation` leaves one of them.
 */
#ifndef NN_KERNELS_VECTOR_ACTIVATION_H
#define NN_KERNELS_VECTOR_ACTIVATION_H

#include "vector_math.h"

/* activation(x), all but softmax. */
static inline nn_vec nn_vactivate(nn_activation activation, nn_vec x)
{
    switch (activation) {
    case NN_RELU:
        return nn_vselect(x < 0, (nn_vec){ 0 }, x);
    case NN_SIGMOID:
        return nn_vsigmoid(x);
    case NN_TANH:
        return nn_vtanh(x);
    case NN_HARD_SIGMOID: /* bounds first: NaN stays NaN */
        return nn_vmax(nn_splat(0), nn_vmin(nn_splat(1), x * NN_REAL(0.2) + NN_REAL(0.5)));
    default:
        return x;
    }
}

/* dy activation'(x), where y = activation(x). */
static inline nn_vec nn_vactivate_backward(nn_activation activation, nn_vec dy, nn_vec y)
{
    switch (activation) {
    case NN_RELU:
        return nn_vselect(y > 0, dy, (nn_vec){ 0 });
    case NN_SIGMOID:
        return dy * (y * (1 - y));
    case NN_TANH:
        return dy * (1 - y * y);
    case NN_HARD_SIGMOID:
        return nn_vselect((y > 0) & (y < 1), dy * NN_REAL(0.2), (nn_vec){ 0 });
    default:
        return dy;
    }
}

#endif
