/* Pictures played in a window, through SDL2 where it was there when this was built. */
#ifndef KVIST_SUPPORT_WINDOW_H
#define KVIST_SUPPORT_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

typedef struct window window;

/** Room for why a window failed. */
enum { WINDOW_ERROR = 256 };

typedef enum window_event { WINDOW_OPEN, WINDOW_CLOSED, WINDOW_FAILED } window_event;

/** Whether this build can open windows. */
bool window_available(void);

/** Whether there is a display now. @return false with error filled */
bool window_has_display(char error[WINDOW_ERROR]);

/**
 * Opens a window for pictures of width x height pixels, which are scaled when the user resizes it. Signals stay with
 * the program.
 *
 * @param delay seconds a picture stays
 * @return to be given to window_destroy(); NULL with error filled
 */
window *window_create(const char *title, int width, int height, double delay, char error[WINDOW_ERROR]);
void window_destroy(window *w);

/**
 * Shows a picture once the one before has stayed its time, and reads what the user did.
 *
 * @param pixels (height, width, 3) bytes, red, green, blue
 * @return CLOSED once the window was closed or Escape or q pressed; FAILED with error filled
 */
window_event window_show(window *w, const uint8_t *pixels, char error[WINDOW_ERROR]);

#endif
