/* Line plots as PNG files: panels with axes, a legend above the data and colours that colour-blind readers tell apart.
 */
#ifndef KVIST_SUPPORT_PLOT_H
#define KVIST_SUPPORT_PLOT_H

#include <stdbool.h>
#include <stddef.h>

/** Colours of Okabe and Ito's palette. PLOT_AUTO goes through them by the position of the series. */
typedef enum plot_colour {
    PLOT_AUTO,
    PLOT_BLUE,
    PLOT_VERMILION,
    PLOT_GREEN,
    PLOT_PURPLE,
    PLOT_ORANGE,
    PLOT_SKY,
    PLOT_BLACK
} plot_colour;

/** One line of a panel. Arrays are borrowed; a NaN in them is a gap. */
typedef struct plot_series {
    const char *label; /* in the legend; NULL: not there (the other runs of a bundle) */
    const double *x;   /* (count); NULL: 1, 2, 3, ... */
    const double *y;   /* (count) */
    size_t count;
    plot_colour colour;
    bool dashed, markers;
    bool faint; /* thin and pale: single values behind their mean, runs behind their median */
} plot_series;

/** One pair of axes. */
typedef struct plot_panel {
    const char *title; /* NULL: none */
    const char *x_label, *y_label;
    const plot_series *series;
    int count;
    double y_min, y_max;    /* both 0: from the data */
    double goal;            /* height of a horizontal line, drawn if it has a label */
    const char *goal_label; /* NULL: no line */
} plot_panel;

enum { PLOT_PANELS = 4, PLOT_SERIES = 64, PLOT_LARGEST = 8192, PLOT_ERROR = 256 };

/** A picture of 1 to PLOT_PANELS panels. */
typedef struct plot_figure {
    const char *title; /* NULL: none */
    const plot_panel *panels;
    int count;
    bool side_by_side; /* default: one below the other */
    int width, height; /* pixels; 0: what suits the panels. Text is laid out for some 1600 pixels of width */
} plot_figure;

/** Whether this build can draw. Where it cannot, a program says that it leaves its plots out and plot_write fails. */
bool plot_available(void);

/**
 * Draws the figure and writes it as PNG to a temporary beside path, then renames: a reader sees the old picture or the
 * new one. The same figure gives the same bytes.
 *
 * @param error filled on failure, as `panel 1, series 2 (loss): expected ..., got ...` or `path: reason`; may be NULL
 * @return whether path now holds the picture
 */
bool plot_write(const plot_figure *figure, const char *path, char error[PLOT_ERROR]);

/** Least-squares line through (x, y): writes its heights at x to trend (count); x NULL is 1, 2, 3, ... */
void plot_trend(const double *x, const double *y, size_t count, double *trend);

/** mean[i] = mean of the last `window` values y[i-window+1..i], of all so far while there are fewer. */
void plot_moving_mean(const double *y, size_t count, size_t window, double *mean);

#endif
