/**
 * @file nn.h
 * Neural networks: layers, losses, optimisers, training, files.
 *
 * A network is a const table of layers. nn_model_create() plans it, checks every shape and allocates all that training
 * will need; after that a training step allocates nothing. Three tiers, each built on the one below:
 * nn_fit() > nn_backprop() and nn_optim_step() > nn_forward() and nn_backward().
 *
 * - Zero in any field of a `_def` means the documented default. Fields whose default is not zero accept NN_ZERO for a
 * real zero; any other negative value is an error.
 * - Constructors return NULL and fill `*error`. An error may be NULL; every function that takes one clears it first.
 * - What returns a status, makes something or takes a `_def` refuses NULL for what it needs, with ERR_ARGUMENT; destroy
 * and free functions accept NULL. All others, as nn_model_max_batch() and nn_fill(), must be given what they work on.
 * - The library never prints, exits, aborts, reads the environment or keeps mutable globals. Different models may be
 * used from different threads at the same time; one model (with its optimiser) by one thread at a time.
 * - A process may fork between calls; the child may use the models and archives it inherits, and new ones. What an
 * archive claimed stays the parent's: the child's copy claims anew when it saves, and is refused while the parent holds
 * the path.
 * - On x86-64 the caller's rounding mode changes no result; it and the treatment of denormals are the caller's own when
 * a call returns and in callbacks.
 * - Tensors are row-major, the batch is dimension 0, images are (batch, height, width, channels), sequences (batch,
 * time, features). Weights have Keras' names, shapes and order.
 */
#ifndef KVIST_NN_H
#define KVIST_NN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The compiler warns where the result is not looked at. */
#if defined(__GNUC__) || defined(__clang__)
#define NN_NODISCARD __attribute__((warn_unused_result))
#else
#define NN_NODISCARD
#endif

/** A real zero in a field whose default is not zero. */
#define NN_ZERO (-1.0)

/** The number type of tensors: float. (kvist's own gradient checks compile the library once more over double.) */
#ifdef NN_REAL_IS_DOUBLE
typedef double nn_float;
#else
typedef float nn_float;
#endif

/* --- status and errors ------------------------------------------------------------------------------------------- */

/** Every status with its text. */
#define NN_STATUS_MAP(X)                                                                                               \
    X(OK, "success")                                                                                                   \
    X(ERR_MEMORY, "out of memory")                                                                                     \
    X(ERR_ARGUMENT, "invalid argument")                                                                                \
    X(ERR_SHAPE, "shapes do not match")                                                                                \
    X(ERR_STATE, "called out of order")                                                                                \
    X(ERR_DATA, "invalid data")                                                                                        \
    X(ERR_NUMERIC, "not a finite number")                                                                              \
    X(ERR_IO, "input/output error")                                                                                    \
    X(ERR_FORMAT, "malformed file")                                                                                    \
    X(ERR_MISMATCH, "file does not fit the model")                                                                     \
    X(STOPPED, "stopped by a callback")

/** What a call came to. */
typedef enum nn_status {
#define NN_STATUS_ENUM(name, text) NN_##name,
    NN_STATUS_MAP(NN_STATUS_ENUM)
#undef NN_STATUS_ENUM
} nn_status;

/** Why a call failed; owned by the caller, no allocation. The first error of a call wins. */
typedef struct nn_error {
    nn_status status; /**< NN_OK when nothing failed */
    uint64_t offset;  /**< byte offset in the file, where there is one */
    char text[256];   /**< names the culprit, what was expected and what came; "" when nothing failed */
} nn_error;

/** The text of a status ("success", "out of memory", ...); static. */
const char *nn_status_string(nn_status status);

/* --- shapes and tensors ------------------------------------------------------------------------------------------ */

enum {
    NN_MAX_RANK = 4,   /**< of a tensor, the batch included */
    NN_MAX_INPUTS = 4, /**< of a layer */
    NN_RAGGED = -1     /**< as a dimension: rows of different lengths (index lists) */
};

/** A list of dimensions. */
typedef struct nn_shape {
    int rank;             /**< how many dimensions there are */
    int dim[NN_MAX_RANK]; /**< the first `rank` of them count */
} nn_shape;

/** A shape in a (static) initialiser: `.reshape = { NN_DIMS(7, 7, 256) }`. C only; C++ has nn_shape_of(). */
#define NN_DIMS(...)                                                                                                   \
    {                                                                                                                  \
        (int)(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int)),                                                           \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
/** A shape as an expression: `NN_SHAPE(28, 28, 1)`. C only; C++ has nn_shape_of(). */
#define NN_SHAPE(...) ((nn_shape)NN_DIMS(__VA_ARGS__))

/** A shape of `rank` dimensions, the first ones of d0..d3. */
nn_shape nn_shape_of(int rank, int d0, int d1, int d2, int d3);
/** The number of elements: the product of the dimensions, 1 for rank 0; 0 if any is not positive or it overflows. */
size_t nn_shape_count(nn_shape shape);

/** The type of a tensor's elements. */
typedef enum nn_dtype { NN_F32, NN_I32 } nn_dtype;

/**
 * An array with a shape. A plain value that borrows its elements, unless it came from nn_tensor_alloc().
 * A ragged tensor (`offsets` not NULL) is a list of rows of indices: row r is i32[offsets[r]] .. i32[offsets[r + 1] -
 * 1], and its shape is (rows, NN_RAGGED).
 */
typedef struct nn_tensor {
    nn_shape shape; /**< with the batch first */
    nn_dtype dtype; /**< which of f32 and i32 it is */
    union {
        nn_float *f32;
        int32_t *i32;
    };
    const int64_t *offsets; /**< NULL, or rows + 1 ascending positions in i32 */
} nn_tensor;

/** Borrows `data` as a tensor of reals; nothing is copied or freed. */
nn_tensor nn_view_f32(nn_float *data, nn_shape shape);
/** Borrows `data` as a tensor of indices. */
nn_tensor nn_view_i32(int32_t *data, nn_shape shape);
/** Borrows rows of indices of different lengths; `offsets` has rows + 1 entries. */
nn_tensor nn_view_ragged(int32_t *data, const int64_t *offsets, int rows);
/** Allocates zeroed elements, to be given back by nn_tensor_free(). On failure `*tensor` is empty. ERR_ARGUMENT for
 * NULL, ERR_SHAPE for a shape without elements. */
NN_NODISCARD nn_status nn_tensor_alloc(nn_tensor *tensor, nn_dtype dtype, nn_shape shape);
/** Frees what nn_tensor_alloc() gave and empties the tensor. Never call it on a view. */
void nn_tensor_free(nn_tensor *tensor);

/* --- randomness --------------------------------------------------------------------------------------------------- */

/**
 * A counter-based generator, Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * A plain value: copy it to fork it, store it to resume. Generators of one seed with different streams are independent.
 */
typedef struct nn_rng {
    uint64_t seed;    /**< of everything */
    uint64_t stream;  /**< which use of the seed */
    uint64_t counter; /**< numbers drawn so far */
} nn_rng;

/** The next 32 random bits. */
uint32_t nn_random_u32(nn_rng *rng);
/** Uniform in [0, 1). */
nn_float nn_uniform(nn_rng *rng);
/** Uniform integer in [0, n), without bias; n >= 1. */
uint32_t nn_random_below(nn_rng *rng, uint32_t n);
/** Sets every element of a tensor of reals. */
void nn_fill(nn_tensor *tensor, nn_float value);
/** Fills with N(mean, stddev^2). */
void nn_fill_normal(nn_tensor *tensor, double mean, double stddev, nn_rng *rng);
/** Fills with U(low, high). */
void nn_fill_uniform(nn_tensor *tensor, double low, double high, nn_rng *rng);
/** Shuffles `order` (Fisher-Yates). */
void nn_shuffle(uint32_t *order, size_t count, nn_rng *rng);

/* --- layers: a table ---------------------------------------------------------------------------------------------- */

/** Activation functions; softmax acts on the last axis, hard_sigmoid is clip(0.2 x + 0.5, 0, 1). */
typedef enum nn_activation {
    NN_ACTIVATION_DEFAULT, /**< linear; of recurrent layers tanh; of their gates sigmoid */
    NN_LINEAR,
    NN_RELU,
    NN_SIGMOID,
    NN_TANH,
    NN_SOFTMAX,
    NN_HARD_SIGMOID
} nn_activation;

/** Padding of convolutions and pools, as in Keras. */
typedef enum nn_padding { NN_VALID, NN_SAME } nn_padding;

/** Initialisers. Fans as in Keras: of a convolution receptive field x the last two kernel dimensions. */
typedef enum nn_init {
    NN_INIT_DEFAULT, /**< Keras' default for that weight */
    NN_ZEROS,
    NN_ONES,
    NN_GLOROT_UNIFORM, /**< U(+-sqrt(6 / (fan_in + fan_out))) */
    NN_GLOROT_NORMAL,  /**< truncated normal, variance 2 / (fan_in + fan_out) */
    NN_HE_UNIFORM,     /**< U(+-sqrt(6 / fan_in)) */
    NN_HE_NORMAL,      /**< truncated normal, variance 2 / fan_in */
    NN_LECUN_UNIFORM,  /**< U(+-sqrt(3 / fan_in)) */
    NN_LECUN_NORMAL,   /**< truncated normal, variance 1 / fan_in */
    NN_UNIFORM_05,     /**< U(+-0.05), Keras' RandomUniform */
    NN_NORMAL_05,      /**< N(0, 0.05^2), Keras' RandomNormal */
    NN_ORTHOGONAL      /**< orthogonal rows or columns: Q of a QR of a normal matrix, columns times sign(diag R) */
} nn_init;

/** Kinds of layers. */
typedef enum nn_layer_type {
    NN_DENSE = 1,
    NN_EMBEDDING,
    NN_MULTI_HOT,
    NN_SIMPLE_RNN,
    NN_LSTM,
    NN_GRU,
    NN_CONV2D,
    NN_CONV2D_TRANSPOSE,
    NN_MAX_POOL2D,
    NN_AVERAGE_POOL2D,
    NN_GLOBAL_MAX_POOL2D,
    NN_GLOBAL_AVERAGE_POOL2D,
    NN_BATCH_NORM,
    NN_LEAKY_RELU,
    NN_ACTIVATION,
    NN_DROPOUT,
    NN_FLATTEN,
    NN_RESHAPE,
    NN_ADD,
    NN_CONCAT,
    NN_REVERSE,
    NN_DUELING,
    NN_LAYER_TYPE_END
} nn_layer_type;

/** y = activation(x W + b) over the last axis: (.., in) -> (.., units). Weights: kernel (in, units), bias (units). */
typedef struct nn_dense_def {
    int units;                /**< the new last axis */
    nn_activation activation; /**< default linear */
    bool no_bias;             /**< leaves b out */
    nn_init kernel_init;      /**< default glorot_uniform */
    nn_init bias_init;        /**< default zeros */
} nn_dense_def;

/** Rows of a table: ids (batch, time) in [0, vocab) -> (batch, time, dim). Weights: embeddings (vocab, dim). */
typedef struct nn_embedding_def {
    int vocab;    /**< rows of the table */
    int dim;      /**< length of a row */
    nn_init init; /**< default U(+-0.05) */
} nn_embedding_def;

/**
 * Lists of word indices, ragged or padded, as rows of `vocab` zeros and ones for the Dense layer that must follow; the
 * rows are never built. Index 0 (padding) sets no element, a repeated index sets one. Lists that ascend, as those of
 * libdata's data_distinct_lists(), are the quickest: nothing in them need be looked for.
 */
typedef struct nn_multi_hot_def {
    int vocab; /**< length of the rows */
} nn_multi_hot_def;

/**
 * SimpleRNN, LSTM and GRU: (batch, time, in) -> (batch, units), or (batch, time, units) with return_sequences; the
 * initial state is zero. With g = 1, 4, 3 gates: kernel (in, g units), recurrent_kernel (units, g units), bias (g
 * units); GRU with reset after: bias (2, 3 units), input then recurrent. Gate order: LSTM i, f, c, o; GRU z, r, h.
 * go_backwards walks from the last time step to the first; sequences stay in the order they were computed.
 */
typedef struct nn_rnn_def {
    int units;                          /**< length of the state */
    nn_activation activation;           /**< default tanh; not softmax */
    nn_activation recurrent_activation; /**< LSTM, GRU: default sigmoid; hard_sigmoid was Keras 2.2.4's */
    bool return_sequences;              /**< the state after every step, not the last one only */
    bool go_backwards;                  /**< from the last time step to the first */
    bool no_bias;                       /**< leaves the bias out */
    bool no_unit_forget_bias;           /**< LSTM: the forget gate's bias starts at 0, not 1 */
    bool reset_before;      /**< GRU: the reset gate multiplies h before the product (Keras' reset_after=False) */
    nn_init kernel_init;    /**< default glorot_uniform */
    nn_init recurrent_init; /**< default orthogonal */
    nn_init bias_init;      /**< default zeros */
} nn_rnn_def;

/**
 * Conv2D: (batch, h, w, in) -> (batch, h', w', filters), kernel (kh, kw, in, filters), bias (filters).
 * Conv2DTranspose: the gradient of the Conv2D that goes the other way, kernel (kh, kw, filters, in), bias (filters).
 * No axis of an image has more than 1,048,576 cells.
 */
typedef struct nn_conv_def {
    int filters;              /**< channels of the output */
    int kernel[2];            /**< height, width; one value given: square */
    int stride[2];            /**< down, across; default 1, 1; one value given: both */
    nn_padding padding;       /**< default valid */
    nn_activation activation; /**< default linear */
    bool no_bias;             /**< leaves the bias out */
    nn_init kernel_init;      /**< default glorot_uniform */
    nn_init bias_init;        /**< default zeros */
} nn_conv_def;

/** Max and average pooling; no axis has more than 1,048,576 cells. Padding never counts: max ignores it, average
 * divides by the cells inside the image. */
typedef struct nn_pool_def {
    int size[2];        /**< height, width; default 2, 2 */
    int stride[2];      /**< down, across; default: size */
    nn_padding padding; /**< default valid */
} nn_pool_def;

/**
 * Batch normalisation over the last axis (Ioffe and Szegedy 2015): gamma (x - mean) / sqrt(variance + epsilon) + beta.
 * Weights: gamma, beta; state: moving_mean, moving_variance (c each).
 */
typedef struct nn_batch_norm_def {
    double momentum;             /**< of the moving statistics, default 0.99 */
    double epsilon;              /**< default 1e-3 */
    bool no_scale;               /**< leaves gamma out */
    bool no_center;              /**< leaves beta out */
    bool biased_moving_variance; /**< the moving variance takes the biased one on images too (Keras 3); default TF 2's
                                    fused kernel */
} nn_batch_norm_def;

/** x for x > 0, slope x for others; at 0 the gradient is that of the slope, as in TensorFlow. */
typedef struct nn_leaky_relu_def {
    double slope; /**< default 0.3 */
} nn_leaky_relu_def;

/** An activation as a layer of its own. */
typedef struct nn_activation_def {
    nn_activation type; /**< default linear */
} nn_activation_def;

/** In training zeroes a share of the values and multiplies the others by 1 / (1 - rate); identity in inference. */
typedef struct nn_dropout_def {
    double rate; /**< in [0, 1) */
} nn_dropout_def;

/** A new shape for each sample; one dimension may be -1 to be worked out. */
typedef struct nn_reshape_def {
    nn_shape shape; /**< of a sample, without the batch */
} nn_reshape_def;

enum { NN_INPUT = -1 /**< in nn_layer_def.from: the model's input */ };

/**
 * One layer. NN_FLATTEN, NN_ADD (equal shapes), NN_CONCAT (along the last axis), NN_REVERSE (time: the first axis of a
 * sample), NN_DUELING (from the value (1) and the advantages (n): V + A - mean A) and the global pools have no options.
 */
typedef struct nn_layer_def {
    nn_layer_type type; /**< which member of the union counts */
    union {
        nn_dense_def dense;
        nn_embedding_def embedding;
        nn_multi_hot_def multi_hot;
        nn_rnn_def rnn;
        nn_conv_def conv;
        nn_pool_def pool;
        nn_batch_norm_def batch_norm;
        nn_leaky_relu_def leaky_relu;
        nn_activation_def activation;
        nn_dropout_def dropout;
        nn_reshape_def reshape;
    };
    const char *name; /**< default: type and position from 1, as "lstm_2"; at most 47 characters, no '/', not ".." */
    int from[NN_MAX_INPUTS]; /**< positions of earlier layers, from 1, or NN_INPUT; all zero: the layer before */
} nn_layer_def;

/* --- models ------------------------------------------------------------------------------------------------------- */

/** Where a model's memory comes from. alloc returns NULL or `size` bytes at a multiple of `align`. */
typedef struct nn_allocator {
    void *(*alloc)(size_t size, size_t align, void *user); /**< `align` is a power of two */
    void (*release)(void *memory, void *user);             /**< never called with NULL; NULL itself if alloc is */
    void *user;                                            /**< handed to both */
} nn_allocator;

/** Instruction sets of the kernels; asking for one that the processor has not is an error. */
typedef enum nn_isa { NN_ISA_BEST, NN_ISA_PORTABLE, NN_ISA_AVX2, NN_ISA_AVX512 } nn_isa;

/** What nn_model_create() makes. Everything is copied. */
typedef struct nn_model_def {
    nn_shape input;                /**< of one sample; NN_SHAPE(NN_RAGGED) for lists of indices */
    nn_dtype input_type;           /**< NN_I32 for Embedding and multi-hot */
    int max_batch;                 /**< the largest batch of any call */
    const nn_layer_def *layers;    /**< in topological order */
    int layer_count;               /**< of them, at most 2048; NN_LAYERS() sets both */
    uint64_t seed;                 /**< of the initial weights and of dropout */
    int threads;                   /**< most at work, 0 to 256; 0: as OpenMP would use. Results do not depend on it */
    nn_isa isa;                    /**< default: the best that the processor has */
    bool keep_blas_threads;        /**< do not set a pthread-built OpenBLAS, or BLIS, to one thread (a process-wide
                                        setting) */
    const nn_allocator *allocator; /**< NULL: malloc and free */
} nn_model_def;

/** The layers of a nn_model_def from an array: `NN_LAYERS(table)`. */
#define NN_LAYERS(table) .layers = (table), .layer_count = (int)(sizeof(table) / sizeof((table)[0]))

/** A planned network with its weights, gradients and working memory. */
typedef struct nn_model nn_model;

/** Inference or training: dropout and batch normalisation differ. */
typedef enum nn_mode { NN_EVAL, NN_TRAIN } nn_mode;

/** What a backward pass computes. */
enum { NN_GRAD_PARAMS = 1, NN_GRAD_INPUT = 2 };

/**
 * Plans the layers, checks every shape, allocates once and initialises the weights.
 * @return a model to be given to nn_model_destroy(), or NULL with *error filled: ERR_SHAPE or ERR_ARGUMENT naming the
 * layer, or ERR_MEMORY.
 */
NN_NODISCARD nn_model *nn_model_create(const nn_model_def *def, nn_error *error);
/** Frees a model. */
void nn_model_destroy(nn_model *model);

/** The shape of one sample of the input. */
nn_shape nn_model_input_shape(const nn_model *model);
/** The shape of one sample of the output. */
nn_shape nn_model_output_shape(const nn_model *model);
/** The largest batch. */
int nn_model_max_batch(const nn_model *model);
/** All bytes the model holds. */
size_t nn_model_memory(const nn_model *model);
/** Why the last call on this model failed; "" if it did not. Lasts until the next call. */
const char *nn_model_error(const nn_model *model);

/**
 * The trainable weights as one flat array in layer order, Keras' layouts, no padding; the model owns it.
 * It may be written at any time between calls. Prefer nn_model_read_params() for reading: once this was called, the
 * model must assume that weights change and prepares them anew in each forward.
 */
nn_float *nn_model_params(nn_model *model, size_t *count);
/** The same array for reading. */
const nn_float *nn_model_read_params(const nn_model *model, size_t *count);
/** The gradients in the same order, writable: clip them, exchange them. */
nn_float *nn_model_grads(nn_model *model, size_t *count);
/** What is not trained but kept: moving means and variances, in layer order. May be written; after this call, as after
 * nn_model_params(), each forward prepares the weights anew. */
nn_float *nn_model_state(nn_model *model, size_t *count);

/** A weight, its gradient and its name, by position; see nn_model_weight_count(). */
typedef struct nn_weight_info {
    const char *layer; /**< as "lstm_2"; owned by the model */
    const char *name;  /**< as "recurrent_kernel"; static */
    nn_shape shape;    /**< Keras' */
    bool trainable;    /**< false: in nn_model_state() */
    size_t offset;     /**< in nn_model_params() or nn_model_state() */
} nn_weight_info;

/** The number of weight tensors, trainable and not. */
int nn_model_weight_count(const nn_model *model);
/** The weight tensor at `index`, in layer order; zeroed if there is none. */
nn_weight_info nn_model_weight_info(const nn_model *model, int index);
/**
 * Views a weight ("lstm_2/recurrent_kernel", "batch_norm_3/moving_mean") and its gradient; the model owns both. They
 * may be written; after this call, as after nn_model_params(), each forward prepares the weights anew.
 * @param value NULL if not wanted
 * @param grad  NULL if not wanted; empty for a weight that is not trained
 */
NN_NODISCARD nn_status nn_model_weight(nn_model *model, const char *name, nn_tensor *value, nn_tensor *grad);
/** Copies all weights and state from a model of the same weight shapes. */
NN_NODISCARD nn_status nn_model_copy_weights(nn_model *to, const nn_model *from);
/** Moves all weights towards another model's: to = tau from + (1 - tau) to (a soft target update). */
NN_NODISCARD nn_status nn_model_blend_weights(nn_model *to, const nn_model *from, double tau);

/** The generator of dropout masks, for checkpoints. */
nn_rng nn_model_rng(const nn_model *model);
/** Sets the generator of dropout masks. */
void nn_model_set_rng(nn_model *model, nn_rng rng);

/** A table like Keras' summary(): calls `line` for each line of text, without newline. */
void nn_model_summary(const nn_model *model, void (*line)(const char *text, void *user), void *user);

/**
 * Runs the network on a batch of at most max_batch samples.
 * @return the output (batch, ..), owned by the model until its next forward; NULL (see nn_model_error()) for NULL
 * input, a shape or type that was not declared, an input in the model's own memory (such as its last output: copy it
 * first), or an index outside the vocabulary. The input must stay until the backward.
 */
const nn_tensor *nn_forward(nn_model *model, const nn_tensor *x, nn_mode mode);

/**
 * Goes back through the last forward, whatever its mode; may run again for the same forward, as long as no weight has
 * changed since: after a step, a copy or a load it fails with ERR_STATE.
 * @param dy   gradient of the loss by the output, of the output's shape
 * @param want NN_GRAD_PARAMS adds to the gradients of the weights; NN_GRAD_INPUT computes the gradient by the input
 * @return the gradient by the input, owned by the model until its next forward or backward, if wanted; else an empty
 * tensor (NULL data). NULL on failure.
 */
const nn_tensor *nn_backward(nn_model *model, const nn_tensor *dy, unsigned want);
/** The gradient by the input of the last backward, if that wanted it, until the next forward or backward; else NULL. */
const nn_tensor *nn_input_grad(const nn_model *model);
/** Sets all gradients to zero. */
void nn_zero_grad(nn_model *model);

/* --- losses ------------------------------------------------------------------------------------------------------- */

/** Losses; each is the mean over all rows of the last axis (MSE, Huber, BCE: over all elements). */
typedef enum nn_loss_type {
    NN_MSE,
    NN_HUBER,
    NN_BCE,        /**< binary cross-entropy of probabilities */
    NN_BCE_LOGITS, /**< of logits: max(x, 0) - x z + log1p(e^-|x|) */
    NN_CATEGORICAL,
    NN_CATEGORICAL_LOGITS,
    NN_SPARSE_CATEGORICAL, /**< targets are class indices (I32) of the output's shape without its last axis */
    NN_SPARSE_CATEGORICAL_LOGITS
} nn_loss_type;

/** A loss and its options. */
typedef struct nn_loss_def {
    nn_loss_type type; /**< default MSE */
    double delta;      /**< Huber: where the parabola ends, default 1 */
    bool keras2;       /**< BCE of probabilities: add 1e-7 inside the logarithms too, as Keras 2 */
} nn_loss_def;

/**
 * A loss and its gradient by `y`.
 * @param mean receives the loss, also one that is not finite (ERR_NUMERIC); may be NULL
 * @param rows NULL, or (rows of y) values: the loss of each row of the last axis
 * @param dy   NULL, or a tensor of y's shape for the gradient; it and `rows` have memory of their own
 */
NN_NODISCARD nn_status nn_loss(const nn_loss_def *loss, const nn_tensor *y, const nn_tensor *target, nn_float *mean,
                               nn_float *rows, nn_tensor *dy, nn_error *error);

/**
 * The loss of the last forward against target, and the backward pass. A last activation that matches the loss (sigmoid
 * for BCE, softmax for the categorical ones) is taken together with it in the logits form, as tf.keras does.
 * @param mean receives the loss, also one that is not finite (ERR_NUMERIC); may be NULL
 */
NN_NODISCARD nn_status nn_backprop(nn_model *model, const nn_loss_def *loss, const nn_tensor *target, unsigned want,
                                   nn_float *mean);

/** Metrics. */
typedef enum nn_metric {
    NN_METRIC_DEFAULT, /**< by the loss: binary accuracy for BCE, categorical for the categorical ones, none else */
    NN_METRIC_NONE,
    NN_BINARY_ACCURACY,     /**< share of elements with (y > 0.5) == (target > 0.5); in training and evaluation with
                               NN_BCE_LOGITS y > 0, where the probability is above 0.5 */
    NN_CATEGORICAL_ACCURACY /**< share of rows whose largest element is the target's */
} nn_metric;

/** The number of correct and of counted predictions in a batch. */
NN_NODISCARD nn_status nn_metric_count(nn_metric metric, const nn_tensor *y, const nn_tensor *target, int64_t *correct,
                                       int64_t *counted, nn_error *error);

/* --- optimisers --------------------------------------------------------------------------------------------------- */

/** Optimisers. */
typedef enum nn_optim_type { NN_ADAM, NN_RMSPROP, NN_SGD } nn_optim_type;

/** Learning-rate schedules, as in Keras. t is the number of steps done, from 0. */
typedef enum nn_schedule_type {
    NN_CONSTANT,
    NN_EXPONENTIAL_DECAY,  /**< lr rate^(t / steps) */
    NN_INVERSE_TIME_DECAY, /**< lr / (1 + rate t / steps) */
    NN_POLYNOMIAL_DECAY,   /**< (lr - end) (1 - min(t, steps) / steps)^power + end */
    NN_COSINE_DECAY        /**< lr ((1 - alpha) (1 + cos(pi min(t, steps) / steps)) / 2 + alpha), alpha = end / lr */
} nn_schedule_type;

/** A schedule of the learning rate. */
typedef struct nn_schedule_def {
    nn_schedule_type type; /**< default constant */
    uint64_t steps;        /**< the schedule's unit or end; at least 1 unless constant */
    double rate;           /**< decay rate */
    double end;            /**< final learning rate of polynomial and cosine decay */
    double power;          /**< polynomial: default 1 */
    bool staircase;        /**< t / steps in whole numbers */
} nn_schedule_def;

/**
 * An optimiser, with Keras' defaults and formulas.
 * - Adam (Kingma and Ba 2015): p -= lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon)
 * - RMSprop: a = rho a + (1 - rho) g^2, p -= lr g / (sqrt(a) + epsilon); momentum: velocity = momentum velocity + that
 * change
 * - SGD: p -= lr g; velocity = momentum velocity - lr g; nesterov: p += momentum velocity - lr g
 * Clipping comes first: by value, by the norm of each weight tensor, by the norm of all; at most one may be given.
 */
typedef struct nn_optim_def {
    nn_optim_type type;       /**< default Adam */
    double lr;                /**< default 1e-3; SGD 1e-2 */
    double beta1;             /**< Adam: 0.9 */
    double beta2;             /**< Adam: 0.999 */
    double rho;               /**< RMSprop: 0.9 */
    double momentum;          /**< RMSprop, SGD: 0 */
    double epsilon;           /**< 1e-7; NN_ZERO is refused: a weight without gradient would become 0 / 0 */
    double clip_norm;         /**< 0: off */
    double global_clip_norm;  /**< 0: off */
    double clip_value;        /**< 0: off */
    bool nesterov;            /**< SGD */
    bool epsilon_inside_sqrt; /**< RMSprop: g / sqrt(a + epsilon), as Keras 3; with momentum always so */
    nn_schedule_def schedule; /**< of lr; default constant */
} nn_optim_def;

/** An optimiser with its slots (moments). */
typedef struct nn_optim nn_optim;

/** Makes an optimiser for a model, which it borrows and which must outlive it. NULL with *error filled on failure. */
NN_NODISCARD nn_optim *nn_optim_create(nn_model *model, const nn_optim_def *def, nn_error *error);
/** Frees an optimiser. */
void nn_optim_destroy(nn_optim *optim);
/** Applies the gradients to the weights, then clears the gradients. */
void nn_optim_step(nn_optim *optim);
/** Sets the (initial) learning rate; ERR_ARGUMENT unless it is positive and finite. */
NN_NODISCARD nn_status nn_optim_set_lr(nn_optim *optim, double lr);
/** The learning rate of the next step. */
double nn_optim_lr(const nn_optim *optim);
/** The number of steps done. */
uint64_t nn_optim_steps(const nn_optim *optim);
/** Sets the number of steps done (when slots are restored by hand). */
void nn_optim_set_steps(nn_optim *optim, uint64_t steps);
/** The number of slots: arrays as long as the weights. Adam 2 (m, v); RMSprop 1 or 2 (mean_square, velocity); SGD 0
 * or 1. */
int nn_optim_slot_count(const nn_optim *optim);
/** A slot's values, in the order of nn_model_params(), and its name (static; may be NULL). The optimiser owns the
 * values and keeps them in this one place until it is destroyed. NULL if there is no such slot. */
nn_float *nn_optim_slot(nn_optim *optim, int index, const char **name);

/* --- training ----------------------------------------------------------------------------------------------------- */

/** Where training stands. Losses and accuracies are means over the samples so far; NAN where there are none. */
typedef struct nn_progress {
    int epoch;           /**< from 1 */
    int epochs;          /**< asked for */
    int batch;           /**< of this epoch, from 1 */
    int batches;         /**< in an epoch */
    double loss;         /**< of this epoch's samples so far */
    double accuracy;     /**< likewise */
    double val_loss;     /**< after the epoch's last batch */
    double val_accuracy; /**< likewise */
    double seconds;      /**< of this epoch */
} nn_progress;

/** What early stopping and best weights watch. */
typedef enum nn_monitor {
    NN_MONITOR_DEFAULT, /**< validation loss, or loss without validation data */
    NN_MONITOR_LOSS,
    NN_MONITOR_ACCURACY,
    NN_MONITOR_VAL_LOSS,
    NN_MONITOR_VAL_ACCURACY
} nn_monitor;

/** What nn_fit() does. Tensors are borrowed for the call; x may be ragged. */
typedef struct nn_fit_def {
    const nn_tensor *x;     /**< (n, ..) */
    const nn_tensor *y;     /**< (n, ..) */
    nn_loss_def loss;       /**< what is made small */
    nn_metric metric;       /**< what is reported as accuracy */
    int epochs;             /**< default 1; memory is taken for an nn_progress each */
    int batch;              /**< default 32; at most max_batch; the last one of an epoch may be smaller */
    double val_split;       /**< the last part, from int(n (1 - val_split)), taken before any shuffling */
    const nn_tensor *val_x; /**< NULL, or validation data instead of a split */
    const nn_tensor *val_y; /**< its targets */
    uint64_t seed;          /**< of the shuffles */
    bool no_shuffle;        /**< every epoch in the given order */
    nn_monitor monitor;     /**< what patience and best weights watch */
    int patience;           /**< stop after this many epochs without improvement; 0: off */
    double min_delta;       /**< the least change that counts as improvement */
    bool restore_best;      /**< end with the best epoch's weights, also when stopped */
    const char *best; /**< NULL, or a file for the best epoch's model, neither `checkpoint` nor a .prev of the two,
                         however they are spelled */
    const char *checkpoint; /**< NULL, or a file for model, optimiser and position; a new run writes it at once. It and
                               `best` are paths that nn_archive_claim() takes */
    int checkpoint_every;   /**< epochs; default 1 */
    bool resume;            /**< go on from `checkpoint` if it exists; within an epoch only with the same data, batch
                               and seed */
    void *note;       /**< NULL, or bytes that a checkpoint keeps as "fit.note", such as what the data were made of:
                         nn_archive_read_bytes() gives them before a resume, which takes them from the file */
    size_t note_size; /**< of note; a file with another size, or without one, is not resumed */
    bool (*on_batch)(const nn_progress *progress, void *user); /**< false stops after this step (and saves) */
    bool (*on_epoch)(const nn_progress *progress, void *user); /**< false stops after this epoch */
    void *user;                                                /**< handed to the callbacks */
    nn_progress *history;                                      /**< NULL, or `epochs` entries to be filled */
    int *epochs_done;                                          /**< NULL, or how many of them were */
} nn_fit_def;

/**
 * Trains: epochs of shuffled batches, validation after each. Returns NN_OK, NN_STOPPED when a callback said so, or an
 * error; a loss that is not finite stops with ERR_NUMERIC, naming epoch and batch.
 */
NN_NODISCARD nn_status nn_fit(nn_model *model, nn_optim *optim, const nn_fit_def *def, nn_error *error);
/** Loss and metric (may be NULL) over a set, in inference mode, max_batch samples at a time. As in nn_fit(), x and y
 * lie in none of the model's memory. */
NN_NODISCARD nn_status nn_evaluate(nn_model *model, const nn_loss_def *loss, nn_metric metric, const nn_tensor *x,
                                   const nn_tensor *y, double *mean, double *accuracy, nn_error *error);
/** Outputs for a set, max_batch samples at a time, into y (n, ..), whose memory is apart from the model's, and from x's
 * where there are more than max_batch. */
NN_NODISCARD nn_status nn_predict(nn_model *model, const nn_tensor *x, nn_tensor *y, nn_error *error);

/* --- files: one set of named things, written whole or not at all -------------------------------------------------- */

/**
 * A list of things to save to, or load from, one sealed safetensors file. It copies the names it is given (1 to 47
 * bytes of UTF-8 without '/' and control characters, each once) and borrows the things: each save reads them, a load
 * writes them, and they must outlive the archive. At most 1022 models and optimisers and 8191 tensors, whose names and
 * shapes come to at most 16 MiB with the architectures: what would not load is refused with ERR_ARGUMENT.
 */
typedef struct nn_archive nn_archive;

/** An empty list; NULL with *error filled when memory runs out. */
NN_NODISCARD nn_archive *nn_archive_create(nn_error *error);
/** Frees the list, not the things on it. */
void nn_archive_destroy(nn_archive *archive);
/** Adds a model: architecture, weights, state, dropout generator. Failures of the add functions stick; claim, save and
 * load report them. */
void nn_archive_add_model(nn_archive *archive, const char *name, nn_model *model);
/** Adds an optimiser: options, slots, steps. */
void nn_archive_add_optim(nn_archive *archive, const char *name, nn_optim *optim);
/** Adds a number. */
void nn_archive_add_u64(nn_archive *archive, const char *name, uint64_t *value);
/** Adds a number; any value, NAN included, comes back bit for bit. */
void nn_archive_add_f64(nn_archive *archive, const char *name, double *value);
/** Adds a generator. */
void nn_archive_add_rng(nn_archive *archive, const char *name, nn_rng *rng);
/** Adds `size` bytes; a file with another size does not load. */
void nn_archive_add_bytes(nn_archive *archive, const char *name, void *bytes, size_t size);
/**
 * Bytes that were added lie elsewhere now or have another size, as a list that grew since the last save; a `name` that
 * was not added as bytes is a failure that sticks.
 */
void nn_archive_set_bytes(nn_archive *archive, const char *name, void *bytes, size_t size);
/**
 * Makes sure, at the start of a training run, that `path` can be saved to, and keeps others from it: a second
 * process or archive that saves to or claims it is refused, until this archive is destroyed or claims another path.
 * Saving claims by itself. Meanwhile there is an empty file `path`.lock; a file of that name that is not empty is
 * refused with ERR_IO, and so is a path that leads to anything but a regular file, a symbolic link included, or has
 * something else than one under `path`.prev, and one that ends in ".lock" itself. A forked child is a second
 * process, too; after a parent that was killed its copy of the archive keeps others out until it is destroyed or the
 * child ends.
 */
NN_NODISCARD nn_status nn_archive_claim(nn_archive *archive, const char *path, nn_error *error);
/** Saves: temporary file, fsync, rename; the file before stays as `path`.prev. After a failure the old file is as it
 * was. Paths are those that nn_archive_claim() takes. */
NN_NODISCARD nn_status nn_archive_save(nn_archive *archive, const char *path, nn_error *error);
/**
 * Loads everything on the list, or nothing. Sealed files only; if `path` is damaged or missing and `path`.prev is
 * whole, that is taken and error->text says so with status NN_OK.
 */
NN_NODISCARD nn_status nn_archive_load(nn_archive *archive, const char *path, nn_error *error);

/** Saves one model, under the name "model", as nn_archive_save() does. */
NN_NODISCARD nn_status nn_model_save(nn_model *model, const char *path, nn_error *error);
/**
 * Makes a model from a file: architecture and weights.
 * @param name of the model in the file; NULL: "model", which nn_model_save() gives
 * @param def  max_batch (0: as saved), threads, isa, keep_blas_threads and allocator of it count; may be NULL
 */
NN_NODISCARD nn_model *nn_model_load(const char *path, const char *name, const nn_model_def *def, nn_error *error);
/** Takes weights by name from an unsealed safetensors file of other origin, F32 tensors "layer/weight" of the same
 * shapes. */
NN_NODISCARD nn_status nn_model_import(nn_model *model, const char *path, nn_error *error);
/** Reads named bytes of unknown size; *bytes is to be given to nn_bytes_free(). */
NN_NODISCARD nn_status nn_archive_read_bytes(const char *path, const char *name, void **bytes, size_t *size,
                                             nn_error *error);
/** Frees what nn_archive_read_bytes() gave. */
void nn_bytes_free(void *bytes);

#ifdef __cplusplus
}
#endif
#endif
