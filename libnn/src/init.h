/* Initial weights. */
#ifndef NN_SRC_INIT_H
#define NN_SRC_INIT_H

#include "layer.h"

/* Fills a weight by its nn_init from a generator of its own. Orthogonal needs memory for a while: ERR_MEMORY. */
nn_status nn_init_weight(nn_weight *weight, nn_rng rng, const nn_allocator *allocator);

#endif
