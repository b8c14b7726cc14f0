/* The drawing of plot.h with cairo. */
#ifndef KVIST_SUPPORT_PLOT_DRAW_H
#define KVIST_SUPPORT_PLOT_DRAW_H

#include "plot.h"

#include <cairo.h>

/** Pixels of the picture: those of the figure, or what suits its panels. */
void plot_size(const plot_figure *figure, int *width, int *height);

/** Draws a checked figure on a canvas of width x height pixels; failures stick to cairo's status. */
void plot_draw(cairo_t *cairo, const plot_figure *figure, int width, int height);

#endif
