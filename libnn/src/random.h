/* Streams of the generator, and blocks of random bits that vectorise. */
#ifndef NN_SRC_RANDOM_H
#define NN_SRC_RANDOM_H

#include <kvist/nn.h>

/* Streams within one seed, so that no two uses share numbers. Weight k of a model draws from NN_STREAM_INIT + k. */
enum { NN_STREAM_DROPOUT = 1, NN_STREAM_SHUFFLE = 2, NN_STREAM_INIT = 1 << 16 };

/* Philox4x32-10: the four words of block `counter`. */
void nn_philox(uint64_t seed, uint64_t stream, uint64_t counter, uint32_t out[4]);

/* Standard normal pair from two uniform words (Box and Muller). */
void nn_box_muller(uint32_t a, uint32_t b, double out[2]);

#endif
