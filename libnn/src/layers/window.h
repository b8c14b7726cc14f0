/* 'same' and 'valid': where windows stand along an axis of an image, and which taps meet which positions. */
#ifndef NN_LAYERS_WINDOW_H
#define NN_LAYERS_WINDOW_H

#include "../kernels/image.h"
#include "../layer.h"

/* The longest axis of an image or map. */
enum { NN_WINDOW_AXIS = 1 << 20 };

/*
 * Resolves option[0], option[1] of layer ("kernel", "stride", "size"): zero means `fallback`, or the first value where
 * only that is given. Anything that is not positive then is an error.
 */
nn_status nn_window_option(const nn_layer *layer, const char *name, int option[2], const int fallback[2],
                           nn_error *error);

/*
 * The window over an axis of `image` cells: valid map = (image - size) / stride + 1; same map = ceil(image / stride),
 * with max((map - 1) stride + size - image, 0) cells of padding, the smaller half before. Fails where no window fits.
 */
nn_status nn_window_over(nn_window *window, const nn_layer *layer, const char *axis, int image, int size, int stride,
                         nn_padding padding, nn_error *error);

/* The window whose map has `map` cells: same image = map stride; valid image = map stride + max(size - stride, 0). */
nn_status nn_window_under(nn_window *window, const nn_layer *layer, const char *axis, int map, int size, int stride,
                          nn_padding padding, nn_error *error);

nn_status nn_window_padding(const nn_layer *layer, nn_padding padding, nn_error *error);

/* The classes of map positions that take the same taps of the image; their number. taps may be NULL. */
int nn_window_taps_down(const nn_window *window, nn_taps *taps);
/* The classes of image positions that take the same taps of the map. */
int nn_window_taps_up(const nn_window *window, nn_taps *taps);

#endif
