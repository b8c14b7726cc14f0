#include "window.h"

#include "run.h"

#include <SDL.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct window {
    SDL_Window *frame;
    SDL_Renderer *renderer;
    SDL_Texture *picture;
    int width;
    double delay, due; /* seconds; due: when the next picture may be shown */
};

static void explain(char error[WINDOW_ERROR], const char *what)
{
    snprintf(error, WINDOW_ERROR, "%s: %.200s", what, SDL_GetError());
}

bool window_available(void)
{
    return true;
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

/* Without a display SDL would draw where nobody sees it, and the library of Wayland print a line of its own. */
static bool choose_driver(char error[WINDOW_ERROR])
{
#ifndef __APPLE__
    if (is_set("SDL_VIDEODRIVER") || is_set("WAYLAND_DISPLAY")) return true;
    if (is_set("DISPLAY")) return SDL_SetHint(SDL_HINT_VIDEODRIVER, "x11");
    snprintf(error, WINDOW_ERROR, "no display: expected DISPLAY or WAYLAND_DISPLAY to be set");
    return false;
#else
    (void)error;
    return true;
#endif
}

static bool is_seen(void)
{
    return is_set("SDL_VIDEODRIVER") || strcmp(SDL_GetCurrentVideoDriver(), "offscreen") != 0;
}

/* SDL would take SIGINT and SIGTERM for a closed window. */
static bool start(char error[WINDOW_ERROR])
{
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
    if (!choose_driver(error)) return false;
    if (SDL_InitSubSystem(SDL_INIT_VIDEO) != 0) {
        explain(error, "no display");
        return false;
    }
    if (is_seen()) return true;
    SDL_QuitSubSystem(SDL_INIT_VIDEO);
    snprintf(error, WINDOW_ERROR, "no display: expected a server at WAYLAND_DISPLAY or DISPLAY");
    return false;
}

bool window_has_display(char error[WINDOW_ERROR])
{
    if (!start(error)) return false;
    SDL_QuitSubSystem(SDL_INIT_VIDEO);
    return true;
}

window *window_create(const char *title, int width, int height, double delay, char error[WINDOW_ERROR])
{
    window *w = calloc(1, sizeof *w);
    if (!w) snprintf(error, WINDOW_ERROR, "no memory");
    if (!w || !start(error)) {
        free(w);
        return NULL;
    }
    w->width = width;
    w->delay = delay;
    w->frame =
        SDL_CreateWindow(title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, width, height, SDL_WINDOW_RESIZABLE);
    if (w->frame) w->renderer = SDL_CreateRenderer(w->frame, -1, 0);
    if (w->renderer)
        w->picture = SDL_CreateTexture(w->renderer, SDL_PIXELFORMAT_RGB24, SDL_TEXTUREACCESS_STREAMING, width, height);
    if (w->picture && SDL_RenderSetLogicalSize(w->renderer, width, height) == 0) return w;
    explain(error, "no window");
    window_destroy(w);
    return NULL;
}

void window_destroy(window *w)
{
    if (!w) return;
    if (w->picture) SDL_DestroyTexture(w->picture);
    if (w->renderer) SDL_DestroyRenderer(w->renderer);
    if (w->frame) SDL_DestroyWindow(w->frame);
    SDL_QuitSubSystem(SDL_INIT_VIDEO);
    free(w);
}

static bool was_closed(void)
{
    SDL_Event event;
    bool closed = false;
    while (SDL_PollEvent(&event)) {
        const SDL_Keycode key = event.type == SDL_KEYDOWN ? event.key.keysym.sym : SDLK_UNKNOWN;
        closed = closed || event.type == SDL_QUIT || key == SDLK_ESCAPE || key == SDLK_q;
    }
    return closed;
}

/* A picture that comes late does not hurry those after it. */
static void wait_until_due(window *w)
{
    const double now = run_seconds();
    if (now < w->due)
        SDL_Delay((Uint32)((w->due - now) * 1e3 + 0.5));
    else
        w->due = now;
    w->due += w->delay;
}

window_event window_show(window *w, const uint8_t *pixels, char error[WINDOW_ERROR])
{
    wait_until_due(w);
    if (was_closed()) return WINDOW_CLOSED;
    if (SDL_UpdateTexture(w->picture, NULL, pixels, 3 * w->width) != 0 ||
        SDL_SetRenderDrawColor(w->renderer, 255, 255, 255, 255) != 0 || SDL_RenderClear(w->renderer) != 0 ||
        SDL_RenderCopy(w->renderer, w->picture, NULL, NULL) != 0) {
        explain(error, "window");
        return WINDOW_FAILED;
    }
    SDL_RenderPresent(w->renderer);
    return WINDOW_OPEN;
}
