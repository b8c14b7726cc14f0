/*
 * Options of a layer or an optimiser as JSON: one table of fields serves writing and reading, so that neither can
 * forget one.
 */
#ifndef NN_FILES_FIELDS_H
#define NN_FILES_FIELDS_H

#include "json.h"
#include "text.h"

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

/* Adds all fields of the struct at `base` to an object. */
void nn_fields_write(nn_field_table table, const void *base, nn_text *object);
/* Fills the struct from an object, fields in their order; NULL, or the name of the first that is not as expected. */
const char *nn_fields_read(nn_field_table table, void *base, nn_json_walk *object);

/* A list of at most `most` whole numbers; false if it is none. */
bool nn_read_list(const nn_json *json, int *numbers, int most, int *count);

/* What differs between two objects. */
typedef struct nn_difference {
    char key[32], expected[32], got[32];
} nn_difference;
/*
 * The first member that is not the same, both as nn_fields_write() spells them; those that `ignored` (or NULL) is true
 * for do not count.
 */
bool nn_fields_differ(nn_json_walk *expected, nn_json_walk *got, bool (*ignored)(const nn_json *key),
                      nn_difference *difference);

#endif
