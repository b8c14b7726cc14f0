/* Optimiser updates: one pass over weights, gradients and slots, which also clips and clears the gradients. */
#ifndef NN_KERNELS_OPTIM_H
#define NN_KERNELS_OPTIM_H

#include "kernels.h"

/* The numbers of one step, ready for the inner loop; 1 - beta is passed, because 1 - (float)beta would be another
 * number. */
typedef struct nn_update {
    nn_float lr;   /* Adam: with the bias correction */
    nn_float mix1; /* Adam: 1 - beta1 */
    nn_float mix2; /* Adam: 1 - beta2; RMSprop: 1 - rho */
    nn_float momentum;
    nn_float epsilon;
    nn_float scale; /* first g = scale g, */
    nn_float limit; /* then g is held within +-limit; INFINITY: off */
} nn_update;

/* p, g and the slots s0, s1 (or NULL) have n elements and do not overlap; g ends as zeros. */
typedef void nn_update_kernel(nn_float *p, nn_float *g, nn_float *s0, nn_float *s1, size_t n, const nn_update *update);

struct nn_optim_kernels {
    double (*sum_squares)(const nn_float *g, size_t n);
    nn_update_kernel *sgd;              /* no slots */
    nn_update_kernel *sgd_momentum;     /* velocity */
    nn_update_kernel *sgd_nesterov;     /* velocity */
    nn_update_kernel *rmsprop;          /* mean_square; epsilon outside the root */
    nn_update_kernel *rmsprop_inside;   /* mean_square; epsilon inside the root */
    nn_update_kernel *rmsprop_momentum; /* mean_square, velocity; epsilon inside the root */
    nn_update_kernel *adam;             /* m, v */
};

#endif
