/*
 * Reading JSON that may be hostile, in place and without memory of its own: a text is checked as a whole (brackets,
 * strings, depth), then walked member by member; values are read by what they are expected to be. No library does this:
 * jansson takes a lack of memory for a syntax error or drops what there was no memory for, and asks the locale.
 */
#ifndef NN_FILES_JSON_H
#define NN_FILES_JSON_H

#include <kvist/nn.h>
#include <string.h>

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
/* Checks a text, which must be an object, before anything is read from it. */
nn_status nn_json_check(const nn_json *json, int max_depth, nn_error *error);

/* A walk over the members of an object, or the elements of a list, of a checked text. */
typedef struct nn_json_walk {
    const nn_json *json;
    size_t at;
    bool object, more;
    nn_json key, value; /* of the member the walk stands at, if `more` */
} nn_json_walk;

nn_status nn_json_begin(nn_json_walk *walk, const nn_json *json, bool object, nn_error *error);
nn_status nn_json_next(nn_json_walk *walk, nn_error *error);

/* Whether a key is this name, spelled without escapes. */
static inline bool nn_json_is(const nn_json *key, const char *name)
{
    const size_t length = strlen(name);
    return key->size == length + 2 && key->text[0] == '"' && memcmp(key->text + 1, name, length) == 0;
}
/*
 * Decodes a string to `to`, which has room for the text's size and may be the text itself. NULL, or what was expected.
 */
const char *nn_json_string(const nn_json *json, char *to);
/* A whole number that fits; false for anything else. */
bool nn_json_number(const nn_json *json, int64_t *number);

#endif
