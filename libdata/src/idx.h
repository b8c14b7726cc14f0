/* IDX files of unsigned bytes, the format of MNIST: a magic number, big-endian dimensions, the values. */
#ifndef DATA_IDX_H
#define DATA_IDX_H

#include <kvist/data.h>

enum { DATA_IDX_MAX_RANK = 4 };

typedef struct data_idx {
    int rank;
    int dim[DATA_IDX_MAX_RANK];
    size_t count;    // product of the dimensions
    uint8_t *values; // freed by the caller
} data_idx;

/* Reads a file that must have the given rank, at most 1 GiB of values. *idx is untouched on failure. */
data_status data_idx_load(const char *path, int rank, data_idx *idx, data_error *error);

#endif
