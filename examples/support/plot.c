/* The part of plot.h that draws nothing. */
#include "plot.h"

#include "plot_internal.h"

#include <math.h>
#include <stdio.h>

double plot_x(const plot_series *series, size_t i)
{
    return series->x ? series->x[i] : (double)(i + 1);
}

void plot_range_add(plot_range *range, double value)
{
    if (!isfinite(value)) return;
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

void plot_panel_ranges(const plot_panel *panel, plot_range *x, plot_range *y)
{
    *x = *y = (plot_range){ INFINITY, -INFINITY };
    for (int s = 0; s < panel->count; s++) {
        const plot_series *series = &panel->series[s];
        for (size_t i = 0; i < series->count; i++) {
            if (!isfinite(plot_x(series, i)) || !isfinite(series->y[i])) continue;
            plot_range_add(x, plot_x(series, i));
            plot_range_add(y, series->y[i]);
        }
    }
    if (panel->goal_label) plot_range_add(y, panel->goal);
}

static bool check_panel(const plot_panel *panel, int number, char error[PLOT_ERROR])
{
    if (!panel->series || panel->count < 1 || panel->count > PLOT_SERIES) {
        snprintf(error, PLOT_ERROR, "panel %d: expected 1 to %d series, got %d", number, PLOT_SERIES, panel->count);
        return false;
    }
    for (int s = 0; s < panel->count; s++) {
        if (panel->series[s].y || panel->series[s].count == 0) continue;
        snprintf(error, PLOT_ERROR, "panel %d, series %d: expected an array y, got NULL", number, s + 1);
        return false;
    }
    if (!isfinite(panel->y_min) || !isfinite(panel->y_max) || panel->y_min > panel->y_max) {
        snprintf(error, PLOT_ERROR, "panel %d: expected y_min <= y_max, got %g and %g", number, panel->y_min,
                 panel->y_max);
        return false;
    }
    if (panel->goal_label && !isfinite(panel->goal)) {
        snprintf(error, PLOT_ERROR, "panel %d: goal: expected a finite number, got %g", number, panel->goal);
        return false;
    }
    plot_range x, y;
    plot_panel_ranges(panel, &x, &y);
    if (x.low <= x.high && isfinite(x.high - x.low) && isfinite(y.high - y.low)) return true;
    snprintf(error, PLOT_ERROR, "panel %d: expected at least one point of finite numbers, got none", number);
    return false;
}

bool plot_check(const plot_figure *figure, char error[PLOT_ERROR])
{
    if (!figure->panels || figure->count < 1 || figure->count > PLOT_PANELS) {
        snprintf(error, PLOT_ERROR, "figure: expected 1 to %d panels, got %d", PLOT_PANELS, figure->count);
        return false;
    }
    const int sizes[] = { figure->width, figure->height };
    for (int i = 0; i < 2; i++) {
        if (sizes[i] == 0 || (sizes[i] >= 200 && sizes[i] <= PLOT_LARGEST)) continue;
        snprintf(error, PLOT_ERROR, "figure: %s: expected 0 or 200 to %d pixels, got %d", i ? "height" : "width",
                 PLOT_LARGEST, sizes[i]);
        return false;
    }
    for (int p = 0; p < figure->count; p++)
        if (!check_panel(&figure->panels[p], p + 1, error)) return false;
    return true;
}

/* slope = sum (x - mean x)(y - mean y) / sum (x - mean x)^2 over the finite points, in centred form */
void plot_trend(const double *x, const double *y, size_t count, double *trend)
{
    const plot_series series = { .x = x, .y = y, .count = count };
    double n = 0, mean_x = 0, mean_y = 0, covariance = 0, variance = 0;
    for (size_t i = 0; i < count; i++) {
        const double xi = plot_x(&series, i);
        if (!isfinite(xi) || !isfinite(y[i])) continue;
        n += 1;
        const double dx = xi - mean_x, dy = y[i] - mean_y; /* Welford: one pass, no cancellation */
        mean_x += dx / n;
        mean_y += dy / n;
        variance += dx * (xi - mean_x);
        covariance += dx * (y[i] - mean_y);
    }
    const double slope = variance > 0 ? covariance / variance : 0;
    for (size_t i = 0; i < count; i++) trend[i] = n > 0 ? mean_y + slope * (plot_x(&series, i) - mean_x) : NAN;
}

void plot_moving_mean(const double *y, size_t count, size_t window, double *mean)
{
    for (size_t i = 0; i < count; i++) {
        const size_t first = i + 1 > window ? i + 1 - window : 0;
        double sum = 0;
        for (size_t j = first; j <= i; j++) sum += y[j];
        mean[i] = sum / (double)(i + 1 - first);
    }
}
