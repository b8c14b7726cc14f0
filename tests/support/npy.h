/* NumPy arrays from files: format 1.0, little-endian float32 or int32, C order. */
#ifndef KVIST_TESTS_NPY_H
#define KVIST_TESTS_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NPY_MAX_RANK = 8, NPY_ERROR_SIZE = 512 };

typedef struct npy {
    bool is_int;
    int rank;
    int dim[NPY_MAX_RANK];
    size_t count; /* elements */
    union {
        float *f32;
        int32_t *i32;
    };
} npy;

/* Reads a whole file; false with the reason in `error`, and an empty array, for anything the format does not allow. */
bool npy_read(const char *path, npy *array, char error[NPY_ERROR_SIZE]);
/* Frees the elements and empties the array. */
void npy_free(npy *array);

#endif
