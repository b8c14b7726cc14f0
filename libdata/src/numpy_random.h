/* numpy's legacy RandomState, as far as a shuffle needs it: MT19937 (Matsumoto and Nishimura 1998) seeded by one
   integer, and the shuffle of a one-dimensional array. Keras' data sets are ordered by it. */
#ifndef DATA_NUMPY_RANDOM_H
#define DATA_NUMPY_RANDOM_H

#include <stdint.h>

enum { DATA_MT19937_WORDS = 624 };

typedef struct data_mt19937 {
    uint32_t word[DATA_MT19937_WORDS];
    int next; // in word; all are used up at DATA_MT19937_WORDS
} data_mt19937;

/* RandomState(seed). */
void data_mt19937_seed(data_mt19937 *twister, uint32_t seed);
/* The next 32 random bits. */
uint32_t data_mt19937_next(data_mt19937 *twister);
/* order = arange(count), then RandomState.shuffle(order). */
void data_mt19937_shuffle(data_mt19937 *twister, int32_t *order, int32_t count);

#endif
