#include "window.h"
#include <limits.h>

nn_status nn_window_option(const nn_layer *layer, const char *name, int option[2], const int fallback[2],
                           nn_error *error)
{
    if (option[1] == 0) option[1] = option[0] == 0 ? fallback[1] : option[0];
    if (option[0] == 0) option[0] = fallback[0];
    for (int i = 0; i < 2; i++) {
        const nn_status status = nn_layer_check_positive(layer, name, option[i], error);
        if (status != NN_OK) return status;
    }
    return NN_OK;
}

nn_status nn_window_padding(const nn_layer *layer, nn_padding padding, nn_error *error)
{
    if (padding == NN_VALID || padding == NN_SAME) return NN_OK;
    return nn_layer_fail(layer, error, NN_ERR_ARGUMENT, "padding: expected NN_VALID or NN_SAME, got %d", (int)padding);
}

/* Padding before, for 'same'; the padded axis must fit an int, and no axis is endless: a kernel may be as long. */
static nn_status set_padding(nn_window *w, const nn_layer *layer, const char *axis, nn_padding padding, nn_error *error)
{
    const int most = w->image > w->map ? w->image : w->map;
    if (most > NN_WINDOW_AXIS)
        return nn_layer_fail(layer, error, NN_ERR_SHAPE, "%s: expected at most %d cells, got %d", axis, NN_WINDOW_AXIS,
                             most);
    const long long reach = (w->map - 1LL) * w->stride + w->size;
    if (reach > INT_MAX)
        return nn_layer_fail(layer, error, NN_ERR_SHAPE, "%s: windows reach beyond %d cells", axis, INT_MAX);
    w->before = padding == NN_SAME && reach > w->image ? (int)(reach - w->image) / 2 : 0;
    return NN_OK;
}

nn_status nn_window_over(nn_window *window, const nn_layer *layer, const char *axis, int image, int size, int stride,
                         nn_padding padding, nn_error *error)
{
    if (padding == NN_VALID && size > image)
        return nn_layer_fail(layer, error, NN_ERR_SHAPE, "%s: expected at least %d cells for a valid window, got %d",
                             axis, size, image);
    const int map = padding == NN_SAME ? (image - 1) / stride + 1 : (image - size) / stride + 1;
    *window = (nn_window){ image, map, size, stride, 0 };
    return set_padding(window, layer, axis, padding, error);
}

nn_status nn_window_under(nn_window *window, const nn_layer *layer, const char *axis, int map, int size, int stride,
                          nn_padding padding, nn_error *error)
{
    const int over = padding == NN_VALID && size > stride ? size - stride : 0;
    const long long image = (long long)map * stride + over;
    if (image > INT_MAX)
        return nn_layer_fail(layer, error, NN_ERR_SHAPE, "%s: the output would have %lld cells", axis, image);
    *window = (nn_window){ (int)image, map, size, stride, 0 };
    return set_padding(window, layer, axis, padding, error);
}

/*
 * How many of the `left` positions from here on are a class, where `taps` of `all` meet the source: at the borders each
 * is one, and the `inner` ones between them are one class.
 */
static int class_size(int left, int taps, int all, int inner)
{
    if (taps < all) return 1;
    return inner < left ? inner : left;
}

int nn_window_taps_down(const nn_window *w, nn_taps *taps)
{
    int count = 0;
    for (int o = 0, size; o < w->map; o += size, count++) {
        const int start = o * w->stride - w->before;
        const int low = start < 0 ? -start : 0, high = w->image - start < w->size ? w->image - start : w->size;
        size = class_size(w->map - o, high - low, w->size, (w->image - w->size - start) / w->stride + 1);
        if (!taps) continue;
        taps[count] = (nn_taps){ .first = o,
                                 .step = 1,
                                 .count = size,
                                 .tap = low,
                                 .tap_step = 1,
                                 .taps = high - low,
                                 .source = start + low,
                                 .source_step = w->stride,
                                 .source_tap = 1 };
    }
    return count;
}

/* The classes of the image positions residue, residue + stride, ..: the same residue of the kernel's taps meets them.
 */
static int taps_up(const nn_window *w, int residue, nn_taps *taps)
{
    const int positions = (w->image - 1 - residue) / w->stride + 1;
    int count = 0;
    for (int k = 0, size; k < positions; k += size, count++) {
        /* i + before = o stride + tap: from the map position `most` downwards. */
        const int i = residue + k * w->stride;
        const long long padded = (long long)i + w->before;
        const int tap = (int)(padded % w->stride), most = (int)(padded / w->stride);
        const int all = tap < w->size ? (w->size - tap - 1) / w->stride + 1 : 0;
        const int low = most >= w->map ? most - w->map + 1 : 0, high = most + 1 < all ? most + 1 : all;
        const int met = high > low ? high - low : 0;
        size = class_size(positions - k, met, all, w->map - most);
        if (!taps) continue;
        taps[count] = (nn_taps){ .first = i,
                                 .step = w->stride,
                                 .count = size,
                                 .tap = met ? tap + low * w->stride : 0,
                                 .tap_step = w->stride,
                                 .taps = met,
                                 .source = met ? most - low : 0,
                                 .source_step = 1,
                                 .source_tap = -1 };
    }
    return count;
}

int nn_window_taps_up(const nn_window *w, nn_taps *taps)
{
    int count = 0;
    for (int residue = 0; residue < w->stride && residue < w->image; residue++)
        count += taps_up(w, residue, taps ? taps + count : NULL);
    return count;
}
