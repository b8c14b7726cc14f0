/* The parts of the test `gradients`: families of checks, each run with several seeds. */
#ifndef KVIST_TESTS_GRADIENTS_H
#define KVIST_TESTS_GRADIENTS_H

#include "gradient.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* Each layer with all its options. */
void gradients_dense(gradient_tally *tally, uint64_t seed);
void gradients_activation(gradient_tally *tally, uint64_t seed);
void gradients_embedding(gradient_tally *tally, uint64_t seed);
void gradients_multi_hot(gradient_tally *tally, uint64_t seed);
void gradients_simple_rnn(gradient_tally *tally, uint64_t seed);
void gradients_lstm(gradient_tally *tally, uint64_t seed);
void gradients_gru(gradient_tally *tally, uint64_t seed);
void gradients_padded(gradient_tally *tally, uint64_t seed);
void gradients_conv2d(gradient_tally *tally, uint64_t seed);
void gradients_conv2d_transpose(gradient_tally *tally, uint64_t seed);
void gradients_pools(gradient_tally *tally, uint64_t seed);
void gradients_batch_norm(gradient_tally *tally, uint64_t seed);
void gradients_dropout(gradient_tally *tally, uint64_t seed);

/* Ways of a layer that only large sizes take. */
void gradients_by_word(gradient_tally *tally, uint64_t seed);
void gradients_squares(gradient_tally *tally, uint64_t seed);

/* Layers together. */
void gradients_graphs(gradient_tally *tally, uint64_t seed);
void gradients_stacks(gradient_tally *tally, uint64_t seed);
void gradients_losses(gradient_tally *tally, uint64_t seed);

/* One random network. */
void gradients_random(gradient_tally *tally, uint64_t seed);

#endif
