/*
 * Reading JSON that may be hostile. A text is checked as a whole (depth, whole numbers only), then walked member by
 * member; jansson sees one member at a time, so that memory stays small whatever the text holds, and never a number
 * with a fraction, whose reading depends on the locale.
 */
#ifndef NN_FILES_JSON_H
#define NN_FILES_JSON_H

#include <jansson.h>
#include <kvist/nn.h>

/* A piece of JSON text and where it comes from. */
typedef struct nn_json {
    const char *path;
    const char *what; /* as "header", for messages */
    const char *text;
    size_t size;
    uint64_t offset; /* of the text in the file */
} nn_json;

/* ERR_FORMAT at position `at` of the text. */
nn_status nn_json_fail(const nn_json *json, size_t at, nn_error *error, const char *expected);

enum { NN_JSON_MAX_DEPTH = 8 };
/* Checks a text before anything is read from it: brackets, strings, depth, and no numbers but integers. */
nn_status nn_json_check(const nn_json *json, int max_depth, nn_error *error);

/* A walk over the members of an object, or the elements of an array, of a checked text. */
typedef struct nn_json_walk {
    const nn_json *json;
    size_t at;
    bool object, more;
    nn_json key, value; /* of the member the walk stands at, if `more` */
} nn_json_walk;

nn_status nn_json_begin(nn_json_walk *walk, const nn_json *json, bool object, nn_error *error);
nn_status nn_json_next(nn_json_walk *walk, nn_error *error);

/* Parses a piece; *value is to be given to json_decref(), NULL on failure. */
nn_status nn_json_parse(const nn_json *json, json_t **value, nn_error *error);

/* Text that grows, to be freed by free(text). */
typedef struct nn_text {
    char *text;
    size_t size, room;
} nn_text;
/* Appends to the nn_text at `context`, which is how jansson wants it: -1 if memory runs out. */
int nn_text_append(const char *bytes, size_t size, void *context);

/* A number as text that is exact and the same in every locale and rounding mode: "0x1.fae147ae147aep-1". */
typedef struct nn_real_text {
    char text[32];
} nn_real_text;
nn_real_text nn_real_format(double value);
/* Reads what nn_real_format() writes; false for anything else. */
bool nn_real_parse(const char *text, double *value);

/* "0x0000000000000001", and back. */
nn_real_text nn_u64_format(uint64_t value);
bool nn_u64_parse(const char *text, uint64_t *value);

#endif
