/* A growing sequence of integers in pieces that stay where they are: growing copies nothing and touches no page that
   holds none. */
#ifndef DATA_NUMBERS_H
#define DATA_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DATA_NUMBERS_MOST = 1 << 26, DATA_NUMBERS_PIECES = 26 };

typedef struct data_numbers {
    int32_t *piece[DATA_NUMBERS_PIECES];
    int pieces;
    size_t before;     // numbers in the pieces before the last
    int32_t *at, *end; // the last piece's place for the next number, and its end
} data_numbers;

size_t data_numbers_count(const data_numbers *numbers);
/* Makes room for at least one more at `at`; the count must be below DATA_NUMBERS_MOST. False, and all as it was,
   without memory. */
bool data_numbers_grow(data_numbers *numbers);
/* Gives the last piece's rest back; false, and all as it was, without memory. */
bool data_numbers_trim(data_numbers *numbers);
/* Copies all of them to `to` (count). */
void data_numbers_copy(const data_numbers *numbers, int32_t *to);
void data_numbers_free(data_numbers *numbers);

#endif
