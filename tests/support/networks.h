/* Small networks, of which each layer type has one. */
#ifndef NETWORKS_H
#define NETWORKS_H

#include <kvist/nn.h>

enum { NETWORK_BATCH = 6, NETWORK_MOST_LAYERS = 5 };

typedef struct network {
    const char *name;
    nn_shape input;
    nn_dtype type;
    nn_layer_def layers[NETWORK_MOST_LAYERS];
} network;

extern const network networks[];
extern const size_t network_count;

int network_layers(const network *n);
/* NULL after a failure, then told in *error (may be NULL). */
nn_model *network_make(const network *n, int threads, nn_isa isa, nn_error *error);
/* The shape of a full batch of such samples. */
nn_shape network_batch(nn_shape sample);
/* A full batch, the same each time; the second sample on is padded on the left, as reviews are. */
nn_tensor network_input(const network *n);

#endif
