/* The inside of a model, for the tiers above it (loss, optim, fit, files). */
#ifndef NN_SRC_MODEL_H
#define NN_SRC_MODEL_H

#include "layer.h"

/* A layer as a node of the graph: who takes its output, and where the gradient by its output is kept. */
typedef struct nn_node {
    int consumers;
    bool has_params;    /* this layer or one before it has trainable weights: its gradient matters to them */
    bool reaches_input; /* the gradient by the model's input goes through it */
    int slot;           /* its gradient's memory; -1: none yet */
    size_t slot_size;   /* of slot number i, in node i */
    nn_float *slot_memory;
    bool gradient_set; /* in this backward pass */
} nn_node;

struct nn_model {
    nn_model_def def; /* def.layers is the model's own copy of the table, names included */
    nn_layer_def *table;
    nn_layer *layers; /* layer_count, one more than the table if the last activation became a layer of its own */
    int layer_count;
    const nn_kernels *kernels;
    nn_team team;
    nn_allocator allocator; /* a copy; alloc NULL: malloc */

    nn_float *params, *grads, *state; /* one block, in layer order */
    size_t param_count, state_count;
    bool params_exposed;  /* nn_model_params was called: weights may change at any time */
    bool weights_changed; /* since the last forward */

    nn_node *nodes;   /* (layer_count) */
    nn_float *dx;     /* gradient by the input */
    nn_float *branch; /* NN_MAX_INPUTS gradients of outputs that several layers take; NULL in a chain */
    size_t branch_size;
    nn_float *loss_grad; /* (max_batch, out) */
    nn_float *scratch, *worker_scratch;
    size_t worker_stride;

    nn_rng rng;         /* dropout; counter is the number of training forwards */
    nn_rng run_rng;     /* of the last forward */
    const nn_tensor *x; /* of the last forward */
    int batch;          /* of the last forward; 0: none yet */
    nn_mode mode;
    nn_tensor output, input_grad, no_grad;
    bool has_input_grad;
    nn_error error;
    void *memory, *arena; /* the two allocations */
    size_t memory_size, arena_size;
};

/* nn_model_create() for what a file describes: ERR_MISMATCH for more weights, kept ones included, before memory for
 * them is asked for. */
nn_model *nn_model_create_within(const nn_model_def *def, size_t most_weights, nn_error *error);
/* Gives each layer whose gradient is kept its slot, and the slots their sizes. `room` is for layer_count numbers. */
void nn_model_assign_slots(nn_model *model, int *room);
/* The fused last activation of the model, NN_LINEAR if its last layer is none: then logits are its input. */
nn_activation nn_model_last_activation(const nn_model *model);
/* The input of the last activation layer (batch, out); the output itself if there is none. */
const nn_float *nn_model_logits(const nn_model *model);
/* Backward from dlogits instead of dy when `from_logits`; see nn_backward(). dy is read only. */
nn_status nn_model_backward(nn_model *model, const nn_float *dy, bool from_logits, unsigned want);
/* Weights were written by the library itself (an optimiser, a load): packed copies are stale. */
void nn_model_weights_changed(nn_model *model);
/* Whether an array begins in the model's own memory, as its last output does, which a forward overwrites. */
bool nn_model_owns(const nn_model *model, const void *data);
/* Forgets the last call's error. */
void nn_model_clear_error(nn_model *model);

#endif
