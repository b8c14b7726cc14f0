/* The classes of positions with the same taps, against the definition of a window, position by position. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "layers/window.h"

#include <string.h>

enum { MOST_CELLS = 14, MOST_TAPS = 9, MOST_STRIDE = 6, MOST_CLASSES = 256, LONG_AXIS = NN_WINDOW_AXIS };

/* Where tap `tap` of map position `map` falls in the image: the definition in kernels/image.h. */
static int in_image(const nn_window *w, int map, int tap)
{
    return map * w->stride + tap - w->before;
}

/* met[position][tap]: the cell of the source that they meet in, counted from 1; 0: in none. */
typedef int meetings[MOST_CELLS * MOST_STRIDE + MOST_TAPS][MOST_TAPS];

static void by_definition(const nn_window *w, bool up, meetings met)
{
    memset(met, 0, sizeof(meetings));
    for (int map = 0; map < w->map; map++) {
        for (int tap = 0; tap < w->size; tap++) {
            const int image = in_image(w, map, tap);
            if (image < 0 || image >= w->image) continue;
            met[up ? image : map][tap] = 1 + (up ? map : image);
        }
    }
}

/* Also: every position in one class, and no class that its neighbour could have taken in. */
static void by_classes(const nn_window *w, bool up, meetings met)
{
    nn_taps taps[MOST_CLASSES];
    const int count = up ? nn_window_taps_up(w, NULL) : nn_window_taps_down(w, NULL);
    bool seen[sizeof(meetings) / sizeof **(meetings *){ 0 }] = { false };
    assert_in_range(count, 1, MOST_CLASSES);
    assert_int_equal(up ? nn_window_taps_up(w, taps) : nn_window_taps_down(w, taps), count);
    memset(met, 0, sizeof(meetings));
    for (int c = 0; c < count; c++) {
        const nn_taps *t = &taps[c];
        assert_true(t->count > 0);
        assert_false(c > 0 && t[-1].tap == t->tap && t[-1].taps == t->taps &&
                     t[-1].first + t[-1].count * t[-1].step == t->first);
        for (int i = 0; i < t->count; i++) {
            const int position = t->first + i * t->step;
            assert_in_range(position, 0, (up ? w->image : w->map) - 1);
            assert_false(seen[position]);
            seen[position] = true;
            for (int k = 0; k < t->taps; k++)
                met[position][t->tap + k * t->tap_step] = 1 + t->source + i * t->source_step + k * t->source_tap;
        }
    }
    for (int i = 0; i < (up ? w->image : w->map); i++) assert_true(seen[i]);
}

static void check(const nn_window *w)
{
    static meetings expected, found;
    for (int up = 0; up < 2; up++) {
        by_definition(w, up, expected);
        by_classes(w, up, found);
        assert_memory_equal(found, expected, sizeof expected);
    }
}

/* All small windows, over an image and under one, valid and same. */
static void test_small_windows(void **state)
{
    (void)state;
    const nn_layer layer = { 0 };
    int checked = 0;
    for (int cells = 1; cells <= MOST_CELLS; cells++) {
        for (int size = 1; size <= MOST_TAPS; size++) {
            for (int stride = 1; stride <= MOST_STRIDE; stride++) {
                for (int same = 0; same < 2; same++) {
                    nn_window w;
                    const nn_padding padding = same ? NN_SAME : NN_VALID;
                    assert_int_equal(nn_window_under(&w, &layer, "axis", cells, size, stride, padding, NULL), NN_OK);
                    check(&w);
                    if (!same && size > cells) continue;
                    assert_int_equal(nn_window_over(&w, &layer, "axis", cells, size, stride, padding, NULL), NN_OK);
                    check(&w);
                    checked++;
                }
            }
        }
    }
    assert_int_equal(checked, 6 * (14 * 9 + 14 * 9 - 36));
}

/* However long the axis: a class for each position at the borders, and one for all others (of each residue). */
static void test_long_axis(void **state)
{
    (void)state;
    nn_taps taps[5];
    nn_window w;
    assert_int_equal(nn_window_over(&w, &(nn_layer){ 0 }, "axis", LONG_AXIS, 5, 1, NN_SAME, NULL), NN_OK);
    assert_int_equal(nn_window_taps_down(&w, NULL), 5);
    nn_window_taps_down(&w, taps);
    assert_int_equal(taps[2].first, 2);
    assert_int_equal(taps[2].count, LONG_AXIS - 4);
    assert_int_equal(nn_window_over(&w, &(nn_layer){ 0 }, "axis", LONG_AXIS, 3, 2, NN_VALID, NULL), NN_OK);
    assert_int_equal(nn_window_taps_up(&w, NULL), 5); /* 0, 1 .. , the last even one; odd ones, the last of them */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_small_windows), cmocka_unit_test(test_long_axis) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
