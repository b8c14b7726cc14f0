/*
 * A golden case: a folder with case.json (options, one flat object) and one .npy per tensor.
 * Whatever goes wrong is collected, so that one run says all there is to say about a case: golden_error() for what
 * cannot be read or expressed, golden_compare() for values out of tolerance. A case passed if `failures` stayed 0 and
 * every tensor was used.
 */
#ifndef KVIST_TESTS_CASE_H
#define KVIST_TESTS_CASE_H

#include "npy.h"
#include <jansson.h>
#include <kvist/nn.h>

enum { GOLDEN_NAME_SIZE = 128, GOLDEN_PATH_SIZE = 4096, GOLDEN_REPORT_SIZE = 8192 };

typedef struct golden_tensor {
    char name[GOLDEN_NAME_SIZE];
    npy data;
    bool used;
} golden_tensor;

typedef struct golden_case {
    char folder[GOLDEN_PATH_SIZE];
    const char *name, *kind; /* of case.json */
    json_t *options;
    bool *option_used; /* in the order of the object */
    golden_tensor *tensors;
    size_t tensor_count;
    double rtol, atol;
    const char *run; /* how the library is being run, for messages */
    int failures;
    char report[GOLDEN_REPORT_SIZE];
} golden_case;

/* Reads the folder; false after golden_error(). golden_close() is due either way. */
bool golden_open(golden_case *c, const char *folder);
void golden_close(golden_case *c);

/* Adds a line to the report and counts a failure; always false. */
bool golden_error(golden_case *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Ends the case: every tensor must have been used; if it failed, options that nothing asked for are named. */
void golden_finish(golden_case *c);

/* Options `prefix` + `key`; what is there must have the right type, else golden_error() and the fallback. */
int golden_int(golden_case *c, const char *prefix, const char *key, int fallback);
double golden_number(golden_case *c, const char *prefix, const char *key, double fallback);
bool golden_flag(golden_case *c, const char *prefix, const char *key, bool fallback);
const char *golden_text(golden_case *c, const char *prefix, const char *key, const char *fallback);
/* An array of at most `capacity` whole numbers, or one number; the count, 0 if the option is not there. */
int golden_ints(golden_case *c, const char *prefix, const char *key, int *values, int capacity);

/* The tensor `prefix` + `name`, marked as used: NULL if there is none. golden_need() counts that as a failure. */
const npy *golden_find(golden_case *c, const char *prefix, const char *name);
const npy *golden_need(golden_case *c, const char *prefix, const char *name);

/* Its elements as a tensor of the library, from element `first` on, shape without `skip` leading dimensions. */
nn_tensor golden_view(const npy *array, int skip, size_t first);

/* |a - b| <= atol + rtol |b| for `count` values against the golden ones from element `first` on; `what` for the report.
 */
void golden_compare(golden_case *c, const char *what, const nn_float *got, size_t count, const npy *want, size_t first);

#endif
