/* From a figure to a PNG file that is there whole or not at all. */
#include "plot.h"

#include "plot_draw.h"
#include "plot_internal.h"
#include "whole_file.h"

#include <cairo.h>
#include <fontconfig/fontconfig.h>
#include <stdio.h>
#include <stdlib.h>

bool plot_available(void)
{
    return true;
}

static cairo_status_t write_bytes(void *file, const unsigned char *bytes, unsigned count)
{
    return fwrite(bytes, 1, count, file) == count ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static bool save(cairo_surface_t *surface, const char *path, char error[PLOT_ERROR])
{
    whole_file file;
    const bool saved = whole_open(&file, path) &&
                       cairo_surface_write_to_png_stream(surface, write_bytes, file.stream) == CAIRO_STATUS_SUCCESS &&
                       whole_place(&file);
    whole_discard(&file);
    if (!saved) snprintf(error, PLOT_ERROR, "%.150s: %s", path, file.why ? file.why : "cannot be written as PNG");
    return saved;
}

/* Cairo and fontconfig keep their caches until told; freed at exit, so that what a leak checker finds is ours. */
static void free_font_caches(void)
{
    cairo_debug_reset_static_data();
    FcFini();
}

static void free_font_caches_at_exit(void)
{
    static bool registered;
    if (!registered) registered = atexit(free_font_caches) == 0;
}

bool plot_write(const plot_figure *figure, const char *path, char error[PLOT_ERROR])
{
    char unwanted[PLOT_ERROR];
    if (!error) error = unwanted;
    if (!plot_check(figure, error)) return false;
    free_font_caches_at_exit();
    int width, height;
    plot_size(figure, &width, &height);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t *cairo = cairo_create(surface);
    plot_draw(cairo, figure, width, height);
    const cairo_status_t status = cairo_status(cairo);
    cairo_destroy(cairo);
    bool written = false;
    if (status == CAIRO_STATUS_SUCCESS)
        written = save(surface, path, error);
    else
        snprintf(error, PLOT_ERROR, "%.150s: %s", path, cairo_status_to_string(status));
    cairo_surface_destroy(surface);
    return written;
}
