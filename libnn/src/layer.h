/*
 * What a layer is to the model: a definition, shapes, weights, buffers, and a table of operations.
 * A layer file (layers/<name>.c) holds a private struct, a few static functions and one const nn_layer_ops at its end.
 */
#ifndef NN_SRC_LAYER_H
#define NN_SRC_LAYER_H

#include "kernels/kernels.h"
#include "memory.h"
#include "parallel.h"
#include "status.h"
#include <kvist/nn.h>

enum {
    NN_MAX_WEIGHTS = 4,
    NN_NAME_SIZE = 48,
    NN_MAX_LAYERS = 2048 /* of a model: a file that names more is refused before memory is asked for them */
};

/* A weight tensor: declared in plan(), its pointers set by the model before carve(). */
typedef struct nn_weight {
    const char *name; /* static, Keras' */
    nn_shape shape;
    size_t count;
    size_t offset; /* in the flat array of params or state */
    bool trainable;
    nn_init init;
    double fan_in, fan_out;
    nn_float *value; /* (shape) */
    nn_float *grad;  /* (shape), to be added to; NULL if not trainable */
} nn_weight;

typedef struct nn_layer nn_layer;

/* One call as the layers see it. */
typedef struct nn_run {
    const nn_kernels *kernels;
    int batch; /* samples of this call, 1 .. max_batch */
    nn_mode mode;
    nn_team *team;            /* for nn_parallel */
    bool weights_changed;     /* since the last forward: packed copies are stale */
    nn_float *scratch;        /* the largest `scratch` of all layers, free between operations */
    nn_float *worker_scratch; /* threads x worker_stride reals */
    size_t worker_stride;
    nn_rng rng; /* dropout: seed, stream; counter is this forward's number */
    nn_error *error;
} nn_run;

typedef struct nn_layer_ops {
    const char *name;      /* as in default names: "lstm" */
    const char *type_name; /* as in summaries: "LSTM" */
    size_t private_size;   /* of the layer's own struct at layer->priv, zeroed */
    /* Resolves defaults in layer->def, checks them and the inputs' shapes, sets layer->out, declares weights and
     * scratch. */
    nn_status (*plan)(nn_layer *layer, nn_error *error);
    /* Takes buffers that live as long as the model; runs twice, first while the arena only counts. May be NULL. */
    void (*carve)(nn_layer *layer, nn_arena *arena);
    /* Initialises weights in a way that no nn_init names (the forget gate's bias); after the model's own. May be NULL.
     */
    void (*init)(nn_layer *layer);
    /* layer->x -> layer->y. Fails only for what is in the data (an index outside the vocabulary). */
    nn_status (*forward)(nn_layer *layer, const nn_run *run);
    /*
     * dy (batch, out) may be overwritten, unless layer->keeps_dy. Where dx[i] is not NULL it is set, not added to, to
     * the gradient by input i (but see table_is_done). Gradients of weights are added to weight.grad if want_params.
     * May run again for the same forward. Called where a gradient is wanted of what comes before, or of weights:
     * without weights, the one input's dx[0] is there. NULL in multi-hot, before which there is nothing.
     */
    void (*backward)(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params);
} nn_layer_ops;

struct nn_layer {
    const nn_layer_ops *ops;
    nn_layer_def def; /* a copy; def.name is layer->name */
    char name[NN_NAME_SIZE];
    void *priv;
    int max_batch;
    int threads; /* workers there can be */
    const nn_kernels *kernels;

    int input_count;
    int from[NN_MAX_INPUTS];    /* index of the layer that makes the input, or -1: the model's input */
    nn_shape in[NN_MAX_INPUTS]; /* of one sample */
    int index;                  /* position in the model, from 0 */
    nn_dtype in_type;           /* of the first input */
    bool in_sparse;             /* the first input is a multi-hot layer's: index lists, not rows */
    nn_shape out;               /* of one sample; set by plan() */
    size_t out_size;            /* elements of one sample, set by the model after plan() */
    int in_vocab;               /* of the Embedding that looks up the first input; else 0 */
    bool takes_table;           /* set by plan() where in_vocab: could do with x[0] as in_table has it */
    bool in_table;              /* set by the model: x[0] is the Embedding's table (in_vocab, features) */
    bool table_is_done;         /* set by backward there: it added to table_gradient instead of setting dx[0] */
    bool out_table;             /* and y stays NULL there: the one layer that takes it reads the table */
    bool out_sparse;            /* set by plan() of multi-hot: y stays NULL */
    bool alias;    /* set by plan(): y is x, dx is dy (Flatten, Reshape); no forward or backward is called */
    bool keeps_dy; /* set by plan(): backward only reads dy */
    bool by_blas;  /* set by plan(): products of a whole batch go to a BLAS */
    nn_weight weights[NN_MAX_WEIGHTS];
    int weight_count;
    size_t scratch;        /* reals of run->scratch that forward or backward need, for max_batch */
    size_t worker_scratch; /* reals of each worker's part */

    /* set by the model for each forward */
    const nn_float *x[NN_MAX_INPUTS]; /* (batch, in) */
    const int32_t *ids;               /* (batch, in), when in_type is NN_I32 or in_sparse */
    const int64_t *offsets;           /* NULL, or rows of ids are ragged */
    const int32_t *words;             /* (batch, time), where in_vocab: what the Embedding below took */
    nn_float *table_gradient;         /* (in_vocab, features), where in_table */
    size_t ids_per_row;               /* of ids, where they are not ragged */
    nn_float *y;                      /* (batch, out); lives from forward to the last backward */
};

/* Declares a weight in plan(); the first call makes weights[0]. `init` must be resolved (not NN_INIT_DEFAULT). */
nn_weight *nn_layer_add_weight(nn_layer *layer, const char *name, nn_shape shape, nn_init init, double fan_in,
                               double fan_out, bool trainable);

/* "layer 2 (lstm_2): " before the format; status is returned. */
nn_status nn_layer_fail(const nn_layer *layer, nn_error *error, nn_status status, const char *format, ...)
    NN_PRINTF(4, 5);

/* Checks of options, for plan(). */
nn_status nn_layer_check_rank(const nn_layer *layer, int rank, const char *form, nn_error *error);
nn_status nn_layer_check_positive(const nn_layer *layer, const char *option, int value, nn_error *error);
nn_status nn_layer_check_activation(const nn_layer *layer, const char *option, nn_activation value, bool softmax,
                                    nn_error *error);
/* value, `fallback` when it is 0, 0 when it is NN_ZERO; -2 for any other negative value or NAN (an error). */
double nn_default(double value, double fallback);
nn_init nn_default_init(nn_init init, nn_init fallback);

/* Worker w's part of the scratch memory. */
static inline nn_float *nn_worker_scratch(const nn_run *run, int worker)
{
    return run->worker_scratch + (size_t)worker * run->worker_stride;
}

/* All kinds of layers, by nn_layer_type; NULL for none. */
const nn_layer_ops *nn_layer_ops_of(nn_layer_type type);

#endif
