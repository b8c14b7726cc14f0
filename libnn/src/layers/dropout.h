/* Seen by the golden tests alone, which bring their own masks. */
#ifndef NN_LAYERS_DROPOUT_H
#define NN_LAYERS_DROPOUT_H

#include <kvist/nn.h>

typedef struct nn_dropout_private {
    const nn_float *given_mask; /* NULL, or (batch, out): 1 keeps, 0 drops */
} nn_dropout_private;

#endif
