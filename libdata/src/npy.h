/* The header of a NumPy array file, versions 1 to 3. */
#ifndef DATA_NPY_H
#define DATA_NPY_H

#include "zip.h"

enum { DATA_NPY_HEADER = 10000 }; // bytes; numpy's own limit

/* Reads the header of an array of one dimension and of type `descr`, as "|O" or "<i8"; content follows at the member's
   next byte. */
data_status data_npy_read_header(data_member *member, const char *descr, int32_t *count);

#endif
