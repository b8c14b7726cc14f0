#include "layer.h"
#include "layers/layers.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

const nn_layer_ops *nn_layer_ops_of(nn_layer_type type)
{
    static const nn_layer_ops *const table[NN_LAYER_TYPE_END] = {
        [NN_DENSE] = &nn_dense_ops,
        [NN_EMBEDDING] = &nn_embedding_ops,
        [NN_MULTI_HOT] = &nn_multi_hot_ops,
        [NN_SIMPLE_RNN] = &nn_simple_rnn_ops,
        [NN_LSTM] = &nn_lstm_ops,
        [NN_GRU] = &nn_gru_ops,
        [NN_CONV2D] = &nn_conv2d_ops,
        [NN_CONV2D_TRANSPOSE] = &nn_conv2d_transpose_ops,
        [NN_MAX_POOL2D] = &nn_max_pool2d_ops,
        [NN_AVERAGE_POOL2D] = &nn_average_pool2d_ops,
        [NN_GLOBAL_MAX_POOL2D] = &nn_global_max_pool2d_ops,
        [NN_GLOBAL_AVERAGE_POOL2D] = &nn_global_average_pool2d_ops,
        [NN_BATCH_NORM] = &nn_batch_norm_ops,
        [NN_LEAKY_RELU] = &nn_leaky_relu_ops,
        [NN_ACTIVATION] = &nn_activation_ops,
        [NN_DROPOUT] = &nn_dropout_ops,
        [NN_FLATTEN] = &nn_flatten_ops,
        [NN_RESHAPE] = &nn_reshape_ops,
        [NN_ADD] = &nn_add_ops,
        [NN_CONCAT] = &nn_concat_ops,
        [NN_REVERSE] = &nn_reverse_ops,
        [NN_DUELING] = &nn_dueling_ops,
    };
    return (int)type > 0 && type < NN_LAYER_TYPE_END ? table[type] : NULL;
}

nn_weight *nn_layer_add_weight(nn_layer *layer, const char *name, nn_shape shape, nn_init init, double fan_in,
                               double fan_out, bool trainable)
{
    nn_weight *weight = &layer->weights[layer->weight_count++];
    *weight = (nn_weight){ .name = name,
                           .shape = shape,
                           .count = nn_shape_count(shape),
                           .trainable = trainable,
                           .init = init,
                           .fan_in = fan_in,
                           .fan_out = fan_out };
    return weight;
}

nn_status nn_layer_fail(const nn_layer *layer, nn_error *error, nn_status status, const char *format, ...)
{
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return nn_fail(error, status, "layer %s: %s", layer->name, text);
}

nn_status nn_layer_check_rank(const nn_layer *layer, int rank, const char *form, nn_error *error)
{
    if (layer->in[0].rank == rank) return NN_OK;
    nn_shape batch = { layer->in[0].rank + 1, { 0 } };
    batch.dim[0] = layer->max_batch;
    for (int i = 0; i < layer->in[0].rank && i + 1 < NN_MAX_RANK; i++) batch.dim[i + 1] = layer->in[0].dim[i];
    return nn_layer_fail(layer, error, NN_ERR_SHAPE, "wants %s, got %s", form, nn_shape_format(batch).text);
}

nn_status nn_layer_check_positive(const nn_layer *layer, const char *option, int value, nn_error *error)
{
    if (value > 0) return NN_OK;
    return nn_layer_fail(layer, error, NN_ERR_ARGUMENT, "%s: expected a positive number, got %d", option, value);
}

nn_status nn_layer_check_activation(const nn_layer *layer, const char *option, nn_activation value, bool softmax,
                                    nn_error *error)
{
    if ((int)value < NN_ACTIVATION_DEFAULT || value > NN_HARD_SIGMOID)
        return nn_layer_fail(layer, error, NN_ERR_ARGUMENT, "%s: no such activation: %d", option, (int)value);
    if (value == NN_SOFTMAX && !softmax)
        return nn_layer_fail(layer, error, NN_ERR_ARGUMENT, "%s: softmax is not possible here", option);
    return NN_OK;
}

double nn_default(double value, double fallback)
{
    if (value == 0.0) return fallback;
    if (value == NN_ZERO) return 0.0;
    return value > 0.0 ? value : -2.0;
}

nn_init nn_default_init(nn_init init, nn_init fallback)
{
    return init == NN_INIT_DEFAULT ? fallback : init;
}
