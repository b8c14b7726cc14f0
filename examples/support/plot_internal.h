/* Shared by the files of plot.h. */
#ifndef KVIST_SUPPORT_PLOT_INTERNAL_H
#define KVIST_SUPPORT_PLOT_INTERNAL_H

#include "plot.h"

/** An axis from low to high with ticks at the multiples of step. */
typedef struct plot_scale {
    double low, high, step;
} plot_scale;

/** Least and greatest of the finite values seen so far; begins as { INFINITY, -INFINITY }. */
typedef struct plot_range {
    double low, high;
} plot_range;

void plot_range_add(plot_range *range, double value);

/** Value i of the x axis. */
double plot_x(const plot_series *series, size_t i);

/** Ranges of all finite points of a panel, its goal line included. */
void plot_panel_ranges(const plot_panel *panel, plot_range *x, plot_range *y);

/** The least step of 1, 2 or 5 times a power of ten that gives at most `most` steps over span; whole: at least 1. */
double plot_nice_step(double span, int most, bool whole);

/** x axis: all of the data and a little space. y axis: the same, but from zero where the data come near it. */
plot_scale plot_x_scale(plot_range range, int most_ticks, bool whole);
plot_scale plot_y_scale(plot_range range, int most_ticks);

/** Writes a tick's label, as "0.25", "10,000" or "−2" (with a real minus sign), in as many digits as step needs. */
void plot_tick_label(char *text, size_t size, double value, double step);

/** Whether the figure can be drawn; if not, error says why. */
bool plot_check(const plot_figure *figure, char error[PLOT_ERROR]);

#endif
