/*
 * Options of a layer or an optimiser as JSON: one table of fields serves writing and reading, so that neither can
 * forget one.
 */
#ifndef NN_FILES_FIELDS_H
#define NN_FILES_FIELDS_H

#include "json.h"

typedef enum nn_field_kind {
    NN_FIELD_INT,
    NN_FIELD_PAIR, /* int[2] */
    NN_FIELD_BOOL,
    NN_FIELD_U64,
    NN_FIELD_REAL,
    NN_FIELD_REAL_DEFAULT, /* 0 would mean a default: in a definition a real zero is NN_ZERO */
    NN_FIELD_SHAPE,
    NN_FIELD_DTYPE, /* enumerations from here on */
    NN_FIELD_ACTIVATION,
    NN_FIELD_PADDING,
    NN_FIELD_INIT,
    NN_FIELD_OPTIM,
    NN_FIELD_SCHEDULE
} nn_field_kind;

typedef struct nn_field {
    const char *name;
    nn_field_kind kind;
    size_t offset; /* in the struct */
} nn_field;

typedef struct nn_field_table {
    const nn_field *fields;
    size_t count;
} nn_field_table;

/* Adds all fields of the struct at `base` to an object; false if memory runs out. */
bool nn_fields_write(nn_field_table table, const void *base, json_t *object);
/* Fills the struct from an object; NULL, or the name of the first field that is not as expected. */
const char *nn_fields_read(nn_field_table table, void *base, const json_t *object);

/* What differs between two objects. */
typedef struct nn_difference {
    const char *key;
    char expected[32], got[32];
} nn_difference;
/* The first of the members of `expected` that `got` has not, or has otherwise; those that `ignored` (or NULL) is true
 * for do not count. */
bool nn_fields_differ(json_t *expected, const json_t *got, bool (*ignored)(const char *key), nn_difference *difference);

#endif
