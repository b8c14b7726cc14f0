/* A window without a screen (SDL's dummy driver): pictures at their pace, and what the user does in it. */
#include "window.h"

#include "run.h"

#include <SDL.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WIDTH = 30, HEIGHT = 20 };
static const uint8_t picture[WIDTH * HEIGHT * 3];

static window *create(double delay)
{
    char error[WINDOW_ERROR] = "";
    window *w = window_create("test", WIDTH, HEIGHT, delay, error);
    assert_string_equal(error, "");
    assert_non_null(w);
    return w;
}

static void pictures_keep_their_pace(void **state)
{
    (void)state;
    char error[WINDOW_ERROR];
    window *w = create(0.01);
    const double start = run_seconds();
    for (int i = 0; i <= 20; i++) assert_int_equal(window_show(w, picture, error), WINDOW_OPEN);
    assert_true(run_seconds() - start >= 0.2 - 1e-3);
    window_destroy(w);
}

static void closes_by(SDL_Event event, window_event expected)
{
    char error[WINDOW_ERROR];
    window *w = create(0);
    assert_int_equal(window_show(w, picture, error), WINDOW_OPEN);
    assert_int_equal(SDL_PushEvent(&event), 1);
    assert_int_equal(window_show(w, picture, error), expected);
    window_destroy(w);
}

static SDL_Event key(SDL_Keycode code)
{
    return (SDL_Event){ .key = { .type = SDL_KEYDOWN, .keysym.sym = code } };
}

static void user_ends_it(void **state)
{
    (void)state;
    closes_by((SDL_Event){ .type = SDL_QUIT }, WINDOW_CLOSED);
    closes_by(key(SDLK_ESCAPE), WINDOW_CLOSED);
    closes_by(key(SDLK_q), WINDOW_CLOSED);
    closes_by(key(SDLK_SPACE), WINDOW_OPEN);
}

static void signals_stay_with_the_program(void **state)
{
    (void)state;
    struct sigaction action;
    window *w = create(0);
    assert_int_equal(sigaction(SIGINT, NULL, &action), 0);
    assert_true(action.sa_handler == SIG_DFL);
    window_destroy(w);
}

static void no_display_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } lost[] = {
        { "SDL_VIDEODRIVER", "none-such" }, { "WAYLAND_DISPLAY", "none-such" }, { "DISPLAY", ":9999" }, { "NONE", "" }
    };
    char error[WINDOW_ERROR];
    assert_true(window_has_display(error));
    setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
    unsetenv("DISPLAY");
    for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
        unsetenv("SDL_VIDEODRIVER");
        unsetenv("WAYLAND_DISPLAY");
        setenv(lost[i].name, lost[i].value, 1);
        assert_false(window_has_display(error));
        assert_memory_equal(error, "no display: ", 12);
        assert_null(strchr(error, '\n'));
        assert_null(window_create("test", WIDTH, HEIGHT, 0, error));
        unsetenv(lost[i].name);
    }
    setenv("SDL_VIDEODRIVER", "dummy", 1);
    assert_true(window_has_display(error));
}

int main(void)
{
    setenv("SDL_VIDEODRIVER", "dummy", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_keep_their_pace),
        cmocka_unit_test(user_ends_it),
        cmocka_unit_test(signals_stay_with_the_program),
        cmocka_unit_test(no_display_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
