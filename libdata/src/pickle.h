/* Reads the one kind of pickle that numpy writes for a one-dimensional array of lists of integers, protocols 2 to 5.
   Nothing is executed and nothing is looked up: an opcode, a name or a nesting outside that kind is refused. */
#ifndef DATA_PICKLE_H
#define DATA_PICKLE_H

#include "numbers.h"
#include "zip.h"

/* Lists one after the other, with at most DATA_NUMBERS_MOST numbers: ten times what Keras' reviews have. */
typedef struct data_lists {
    data_numbers numbers;
    int64_t *offsets; // (count + 1), only the first `count` while reading
    size_t count, offset_room;
} data_lists;

/* Reads `rows` lists of numbers from 1 to `most`; *lists must be empty and is to be freed also after a failure. */
data_status data_pickle_read(data_member *member, int32_t rows, int32_t most, data_lists *lists);
void data_lists_free(data_lists *lists);

#endif
