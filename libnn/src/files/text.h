/* Writing JSON, and numbers as text that is exact and the same in every locale and rounding mode. */
#ifndef NN_FILES_TEXT_H
#define NN_FILES_TEXT_H

#include <kvist/nn.h>

/* Text that grows, to be freed by free(text). Once memory ran out it stays as it is. */
typedef struct nn_text {
    char *text;
    size_t size, room;
    bool failed;
} nn_text;

void nn_text_add(nn_text *out, const char *bytes, size_t size);
void nn_text_add_chars(nn_text *out, const char *string);
/* In quotes, escaped; UTF-8 stays as it is. */
void nn_text_add_string(nn_text *out, const char *string, size_t size);
void nn_text_add_number(nn_text *out, long long number);
/* "[1,2]" */
void nn_text_add_list(nn_text *out, const int *numbers, int count);
/* `"name":`, with a comma before it unless it is the first member. */
void nn_text_add_name(nn_text *out, const char *name);

/* Whether all of it is UTF-8 without NUL. */
bool nn_is_utf8(const char *bytes, size_t size);

typedef struct nn_number_text {
    char text[32];
} nn_number_text;
/* "0x1.fae147ae147aep-1", as C and Python write it in hexadecimal. */
nn_number_text nn_real_format(double value);
/* Reads what nn_real_format() writes of finite numbers; false for anything else. */
bool nn_real_parse(const char *text, double *value);
/* "0x0000000000000001", and back. */
nn_number_text nn_u64_format(uint64_t value);
bool nn_u64_parse(const char *text, uint64_t *value);

#endif
