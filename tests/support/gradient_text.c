/* The layers of a gradient check in words, so that a failure can be found again. */
#include "gradient.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void append(char text[GRADIENT_TEXT_SIZE], const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(char text[GRADIENT_TEXT_SIZE], const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, GRADIENT_TEXT_SIZE - used, format, arguments);
    va_end(arguments);
}

static void append_shape(char text[GRADIENT_TEXT_SIZE], nn_shape shape)
{
    for (int i = 0; i < shape.rank; i++) append(text, "%s%d", i ? "x" : "", shape.dim[i]);
}

static const char *activation_name(nn_activation activation)
{
    static const char *const names[] = { "default", "linear", "relu", "sigmoid", "tanh", "softmax", "hard_sigmoid" };
    return names[activation];
}

static void append_options(char text[GRADIENT_TEXT_SIZE], const nn_layer_def *l)
{
    switch (l->type) {
    case NN_DENSE:
        append(text, "(%d %s%s)", l->dense.units, activation_name(l->dense.activation),
               l->dense.no_bias ? " no_bias" : "");
        break;
    case NN_EMBEDDING:
        append(text, "(%d %d)", l->embedding.vocab, l->embedding.dim);
        break;
    case NN_MULTI_HOT:
        append(text, "(%d)", l->multi_hot.vocab);
        break;
    case NN_SIMPLE_RNN:
    case NN_LSTM:
    case NN_GRU:
        append(text, "(%d %s %s%s%s%s%s)", l->rnn.units, activation_name(l->rnn.activation),
               activation_name(l->rnn.recurrent_activation), l->rnn.return_sequences ? " sequences" : "",
               l->rnn.go_backwards ? " backwards" : "", l->rnn.no_bias ? " no_bias" : "",
               l->rnn.reset_before ? " reset_before" : "");
        break;
    case NN_CONV2D:
    case NN_CONV2D_TRANSPOSE:
        append(text, "(%d %dx%d stride %dx%d%s %s%s)", l->conv.filters, l->conv.kernel[0], l->conv.kernel[1],
               l->conv.stride[0], l->conv.stride[1], l->conv.padding == NN_SAME ? " same" : " valid",
               activation_name(l->conv.activation), l->conv.no_bias ? " no_bias" : "");
        break;
    case NN_MAX_POOL2D:
    case NN_AVERAGE_POOL2D:
        append(text, "(%dx%d stride %dx%d%s)", l->pool.size[0], l->pool.size[1], l->pool.stride[0], l->pool.stride[1],
               l->pool.padding == NN_SAME ? " same" : " valid");
        break;
    case NN_BATCH_NORM:
        append(text, "(%g%s%s)", l->batch_norm.epsilon, l->batch_norm.no_scale ? " no_scale" : "",
               l->batch_norm.no_center ? " no_center" : "");
        break;
    case NN_LEAKY_RELU:
        append(text, "(%g)", l->leaky_relu.slope);
        break;
    case NN_ACTIVATION:
        append(text, "(%s)", activation_name(l->activation.type));
        break;
    case NN_DROPOUT:
        append(text, "(%g)", l->dropout.rate);
        break;
    case NN_RESHAPE:
        append(text, "(");
        append_shape(text, l->reshape.shape);
        append(text, ")");
        break;
    default:
        break;
    }
}

void gradient_describe(char text[GRADIENT_TEXT_SIZE], const gradient_case *c)
{
    static const char *const types[NN_LAYER_TYPE_END] = {
        [NN_DENSE] = "dense",
        [NN_EMBEDDING] = "embedding",
        [NN_MULTI_HOT] = "multi_hot",
        [NN_SIMPLE_RNN] = "simple_rnn",
        [NN_LSTM] = "lstm",
        [NN_GRU] = "gru",
        [NN_CONV2D] = "conv2d",
        [NN_CONV2D_TRANSPOSE] = "conv2d_transpose",
        [NN_MAX_POOL2D] = "max_pool2d",
        [NN_AVERAGE_POOL2D] = "average_pool2d",
        [NN_GLOBAL_MAX_POOL2D] = "global_max_pool2d",
        [NN_GLOBAL_AVERAGE_POOL2D] = "global_average_pool2d",
        [NN_BATCH_NORM] = "batch_norm",
        [NN_LEAKY_RELU] = "leaky_relu",
        [NN_ACTIVATION] = "activation",
        [NN_DROPOUT] = "dropout",
        [NN_FLATTEN] = "flatten",
        [NN_RESHAPE] = "reshape",
        [NN_ADD] = "add",
        [NN_CONCAT] = "concat",
        [NN_REVERSE] = "reverse",
        [NN_DUELING] = "dueling",
    };
    text[0] = '\0';
    append(text, "%s ", c->mode == NN_TRAIN ? "train" : "eval");
    if (c->use_loss) append(text, "loss %d%s ", (int)c->loss.type, c->loss.keras2 ? " keras2" : "");
    append(text, "%d x ", c->batch);
    append_shape(text, c->input);
    for (int i = 0; i < c->layer_count; i++) {
        const nn_layer_def *l = &c->layers[i];
        append(text, " > %s", types[l->type]);
        append_options(text, l);
        for (int k = 0; k < NN_MAX_INPUTS && l->from[k]; k++) append(text, " @%d", l->from[k]);
    }
}
