/* window.h where SDL2 is not installed. */
#include "window.h"

#include <stddef.h>
#include <stdio.h>

bool window_available(void)
{
    return false;
}

bool window_has_display(char error[WINDOW_ERROR])
{
    snprintf(error, WINDOW_ERROR, "built without SDL2");
    return false;
}

window *window_create(const char *title, int width, int height, double delay, char error[WINDOW_ERROR])
{
    (void)title, (void)width, (void)height, (void)delay;
    snprintf(error, WINDOW_ERROR, "built without SDL2");
    return NULL;
}

void window_destroy(window *w)
{
    (void)w;
}

window_event window_show(window *w, const uint8_t *pixels, char error[WINDOW_ERROR])
{
    (void)w, (void)pixels;
    snprintf(error, WINDOW_ERROR, "built without SDL2");
    return WINDOW_FAILED;
}
