#ifndef NN_KERNELS_RECURRENT_H
#define NN_KERNELS_RECURRENT_H

#include "kernels.h"

struct nn_recurrent_kernels {
    int not_yet;
};

#endif
