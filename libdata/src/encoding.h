/* From ranks to indices. */
#ifndef DATA_ENCODING_H
#define DATA_ENCODING_H

#include <kvist/data.h>

/* *filled = the given encoding (NULL: all defaults) with its defaults filled in and its range checked. */
data_status data_encoding_fill(const data_encoding *given, data_encoding *filled, data_error *error);

/* The index of a filled encoding for a raw one: raw itself where skip_top <= raw < words, else DATA_UNKNOWN. */
static inline int32_t data_limit_index(const data_encoding *filled, int32_t raw)
{
    return raw >= filled->skip_top && raw < filled->words ? raw : DATA_UNKNOWN;
}

/* Pads and truncates one list into one row of a filled encoding. */
void data_pad_row(const int32_t *indices, size_t count, const data_encoding *filled, int32_t *row);

#endif
