/*
 * Difference quotients of Richardson's, (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h, taken at h and h / 2: where the
 * two disagree there is a kink between, or what they are taken of is too steep, and another h is tried.
 */
#ifndef KVIST_TESTS_QUOTIENT_H
#define KVIST_TESTS_QUOTIENT_H

#include <kvist/nn.h>

/* What is moved, by t: value = middle + t direction. Then it is back at middle. */
typedef struct quotient_line {
    nn_float *value;
    const nn_float *middle, *direction;
    size_t count;
} quotient_line;

typedef struct quotient {
    double value; /* df / dt */
    double apart; /* how far those of h and h / 2 are apart, and what rounding may hide */
    double size;  /* the largest |f| */
} quotient;

/* At the width where the two agree best. */
quotient quotient_best(const quotient_line *line, double (*f)(void *context), void *context);

#endif
