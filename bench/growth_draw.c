#include "growth.h"

#include "support/plot.h"
#include "support/run.h"

#include <stdio.h>
#include <stdlib.h>

static double largest(const double *value, int count)
{
    double most = 0;
    for (int i = 0; i < count; i++) most = value[i] > most ? value[i] : most;
    return most;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Heights of a line that grows as the arithmetic does, at the median speed of the points. */
static void expect(const growth_curve *c, double *expected)
{
    double pace[GROWTH_POINTS];
    for (int i = 0; i < c->count; i++) pace[i] = c->milliseconds[i] / c->flops[i];
    qsort(pace, (size_t)c->count, sizeof *pace, compare);
    for (int i = 0; i < c->count; i++) expected[i] = c->flops[i] * pace[(c->count - 1) / 2];
}

static bool write_figure(const growth_curve *c, const plot_panel *panels, int count, const char *what,
                         const char *folder)
{
    char name[64], title[96], path[RUN_PATH], error[PLOT_ERROR];
    snprintf(name, sizeof name, "growth-%s-%s.png", c->subject, what);
    snprintf(title, sizeof title, "%s of a training step: %s", what[0] == 't' ? "Time" : "Memory", c->subject);
    const plot_figure figure = { .title = title, .panels = panels, .count = count, .side_by_side = true };
    if (!run_join(path, folder, name)) return run_error("%s: its name is too long", folder), false;
    if (plot_write(&figure, path, error)) return true;
    return run_error("%s", error), false;
}

bool growth_draw(const growth_curve *curves, int count, const char *folder)
{
    double expected[PLOT_PANELS][GROWTH_POINTS];
    plot_series time[PLOT_PANELS][2], memory[PLOT_PANELS];
    plot_panel times[PLOT_PANELS], memories[PLOT_PANELS];
    if (!plot_available()) {
        run_error("built without cairo: no pictures");
        return true;
    }
    for (int i = 0; i < count; i++) {
        const growth_curve *c = &curves[i];
        const size_t points = (size_t)c->count;
        expect(c, expected[i]);
        time[i][0] =
            (plot_series){ .label = "measured", .x = c->value, .y = c->milliseconds, .count = points, .markers = true };
        time[i][1] = (plot_series){
            .label = "as its arithmetic", .x = c->value, .y = expected[i], .count = points, .dashed = true
        };
        memory[i] = (plot_series){ .x = c->value, .y = c->megabytes, .count = points, .markers = true };
        times[i] = (plot_panel){ .x_label = c->size,
                                 .y_label = "milliseconds",
                                 .series = time[i],
                                 .count = 2,
                                 .y_max = 1.1 * largest(c->milliseconds, c->count) };
        memories[i] = (plot_panel){ .x_label = c->size,
                                    .y_label = "megabytes",
                                    .series = &memory[i],
                                    .count = 1,
                                    .y_max = 1.1 * largest(c->megabytes, c->count) };
    }
    return write_figure(curves, times, count, "time", folder) &&
           (memories[0].y_max <= 0 || write_figure(curves, memories, count, "memory", folder));
}
