/* From a figure to a PNG file that is there whole or not at all. */
#include "plot.h"

#include "plot_draw.h"
#include "plot_internal.h"

#include <cairo.h>
#include <errno.h>
#include <fcntl.h>
#include <fontconfig/fontconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 4096 };

bool plot_available(void)
{
    return true;
}

static cairo_status_t write_bytes(void *file, const unsigned char *bytes, unsigned count)
{
    return fwrite(bytes, 1, count, file) == count ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

/* "dir/name.png" -> "dir/.name.png.<pid>.tmp" */
static bool temporary_of(char temporary[PATH], const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const int length = snprintf(temporary, PATH, "%.*s.%s.%ld.tmp", (int)(name - path), path, name, (long)getpid());
    return length > 0 && length < PATH;
}

/* Writes and closes; errno tells what failed. */
static bool write_surface(cairo_surface_t *surface, const char *path)
{
    unlink(path);
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0) return false;
    FILE *file = fdopen(descriptor, "wb");
    if (!file) {
        close(descriptor);
        return false;
    }
    errno = 0;
    bool written = cairo_surface_write_to_png_stream(surface, write_bytes, file) == CAIRO_STATUS_SUCCESS;
    written = written && fflush(file) == 0;
    const int error = errno;
    if (fclose(file) != 0) return false;
    if (!written) errno = error;
    return written;
}

static bool save(cairo_surface_t *surface, const char *path, char error[PLOT_ERROR])
{
    char temporary[PATH];
    errno = ENAMETOOLONG;
    if (temporary_of(temporary, path)) {
        if (write_surface(surface, temporary) && rename(temporary, path) == 0) return true;
        const int failure = errno;
        unlink(temporary);
        errno = failure;
    }
    snprintf(error, PLOT_ERROR, "%.150s: %s", path, errno ? strerror(errno) : "cannot be written as PNG");
    return false;
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
