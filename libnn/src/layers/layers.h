/* The operations tables of all layers, one file each. */
#ifndef NN_LAYERS_LAYERS_H
#define NN_LAYERS_LAYERS_H

#include "../layer.h"

extern const nn_layer_ops nn_dense_ops, nn_embedding_ops, nn_multi_hot_ops, nn_simple_rnn_ops, nn_lstm_ops, nn_gru_ops,
    nn_conv2d_ops, nn_conv2d_transpose_ops, nn_max_pool2d_ops, nn_average_pool2d_ops, nn_global_max_pool2d_ops,
    nn_global_average_pool2d_ops, nn_batch_norm_ops, nn_leaky_relu_ops, nn_activation_ops, nn_dropout_ops,
    nn_flatten_ops, nn_reshape_ops, nn_add_ops, nn_concat_ops, nn_reverse_ops, nn_dueling_ops;

#endif
