/* Axes: where they begin and end, where their ticks stand and what the ticks say. */
#include "plot_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

double plot_nice_step(double span, int most, bool whole)
{
    const double least = span / most, decade = pow(10, floor(log10(least)));
    static const double factors[] = { 1, 2, 5, 10 };
    double step = 10 * decade;
    for (int i = 3; i >= 0; i--)
        if (factors[i] * decade >= least * (1 - 1e-9)) step = factors[i] * decade;
    return whole ? fmax(step, 1) : step;
}

/* A range of one value gets some width, so that it can be drawn. */
static plot_range widened(plot_range range, bool whole)
{
    const double size = fmax(fabs(range.low), fabs(range.high));
    if (range.high - range.low > 1e-9 * size) return range;
    const double half = whole ? 1 : size > 0 ? 0.1 * size : 1;
    return (plot_range){ range.low - half, range.high + half };
}

plot_scale plot_x_scale(plot_range range, int most_ticks, bool whole)
{
    const plot_range r = widened(range, whole);
    const double pad = 0.015 * (r.high - r.low);
    return (plot_scale){ r.low - pad, r.high + pad, plot_nice_step(r.high - r.low, most_ticks, whole) };
}

plot_scale plot_y_scale(plot_range range, int most_ticks)
{
    plot_range r = widened(range, false);
    const bool positive = range.low >= 0 && range.high > 0;
    if (positive && range.low < 0.3 * range.high) r.low = 0;
    const double pad = 0.05 * (r.high - r.low);
    plot_scale scale = { r.low - pad, r.high + pad, plot_nice_step(r.high - r.low + 2 * pad, most_ticks, false) };
    /* Close to a tick, end on it: an axis that stops just short of its next number looks cut. */
    const double below = floor(scale.low / scale.step) * scale.step, above = ceil(scale.high / scale.step) * scale.step;
    if (scale.low - below < 0.35 * scale.step) scale.low = below;
    if (above - scale.high < 0.35 * scale.step) scale.high = above;
    if (positive && scale.low < 0) scale.low = r.low == 0 ? -0.02 * (scale.high) : 0;
    return scale;
}

/* "12345.5" -> "12,345.5" */
static void group_thousands(char *text, size_t size)
{
    const size_t whole = strcspn(text, "."), sign = *text == '-';
    for (size_t at = whole; at > sign + 3;) {
        at -= 3;
        const size_t tail = strlen(text + at) + 1;
        if (at + 1 + tail > size) return;
        memmove(text + at + 1, text + at, tail);
        text[at] = ',';
    }
}

void plot_tick_label(char *text, size_t size, double value, double step)
{
    char number[64];
    if (fabs(value) < 1e-9 * step) value = 0;
    if (fabs(value) >= 1e7 || step < 1e-5) {
        snprintf(number, sizeof number, "%.6g", value);
    } else {
        const int decimals = step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
        snprintf(number, sizeof number, "%.*f", decimals, value);
        if (fabs(value) >= 1e3) group_thousands(number, sizeof number);
    }
    snprintf(text, size, "%s%s", *number == '-' ? "\xe2\x88\x92" : "", number + (*number == '-')); /* U+2212 */
}
