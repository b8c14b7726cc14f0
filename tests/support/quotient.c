#include "quotient.h"

#include <math.h>
#include <string.h>

static void move(const quotient_line *l, double t)
{
    for (size_t i = 0; i < l->count; i++) l->value[i] = (nn_float)((double)l->middle[i] + t * (double)l->direction[i]);
}

static double hidden_by_rounding(double size, double h)
{
    return 1e-16 * size / h;
}

static quotient quotient_at(const quotient_line *l, double h, double (*f)(void *), void *context)
{
    static const double at[] = { 0.5, 1, 2 };
    double odd[3], size = 0; /* f(ah) - f(-ah), |f| */
    for (int i = 0; i < 3; i++) {
        move(l, at[i] * h);
        odd[i] = f(context);
        size = fmax(size, fabs(odd[i]));
        move(l, -at[i] * h);
        odd[i] -= f(context);
    }
    memcpy(l->value, l->middle, l->count * sizeof *l->value);
    const double wide = (8 * odd[1] - odd[2]) / (12 * h), narrow = (8 * odd[0] - odd[1]) / (6 * h);
    return (quotient){ narrow, fabs(wide - narrow) + hidden_by_rounding(size, h), size };
}

quotient quotient_best(const quotient_line *l, double (*f)(void *), void *context)
{
    static const double widths[] = { 1e-3, 1e-2, 1e-4, 1e-5 }; /* the first one mostly settles it */
    quotient best = quotient_at(l, widths[0], f, context);
    for (size_t i = 1; i < sizeof widths / sizeof *widths && best.apart > 1e-11 * fmax(1, fabs(best.value)); i++) {
        if (hidden_by_rounding(best.size, widths[i]) >= best.apart) continue; /* it cannot be better */
        const quotient other = quotient_at(l, widths[i], f, context);
        if (other.apart < best.apart) best = other;
    }
    return best;
}
