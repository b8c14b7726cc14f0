/* Ticks and trends by their numbers, pictures by signature and size, bad input by its message. */
#include "plot.h"
#include "plot_internal.h"
#include "temp.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *path;

static int make_folder(void **state)
{
    const int code = temp_set_up(state);
    path = temp_path(&temp_here, "a.png");
    return code;
}

static int remove_folder(void **state)
{
    unlink(path);
    const int left = temp_entries(&temp_here); /* temporaries */
    return temp_tear_down(state) + left;
}

static void steps_are_nice(void **state)
{
    (void)state;
    assert_true(plot_nice_step(10, 10, true) == 1);
    assert_true(plot_nice_step(9, 5, true) == 2);
    assert_true(plot_nice_step(1, 10, true) == 1);
    assert_true(fabs(plot_nice_step(1, 5, false) - 0.2) < 1e-15);
    assert_true(fabs(plot_nice_step(0.03, 4, false) - 0.01) < 1e-15);
    assert_true(plot_nice_step(2.5e6, 5, false) == 5e5);
}

static void labels_have_the_digits_of_their_step(void **state)
{
    (void)state;
    static const struct {
        double value, step;
        const char *text;
    } cases[] = { { 0.25, 0.05, "0.25" },
                  { 0.5, 0.1, "0.5" },
                  { 10000, 1000, "10,000" },
                  { 1000, 500, "1,000" },
                  { 900, 100, "900" },
                  { 1234567, 1, "1,234,567" },
                  { -0.002, 0.002,
                    "\xe2\x88\x92"
                    "0.002" },
                  { 1e-17, 0.1, "0.0" },
                  { -1e-17, 0.1, "0.0" },
                  { -123456, 1,
                    "\xe2\x88\x92"
                    "123,456" },
                  { 2e9, 1e9, "2e+09" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        plot_tick_label(text, sizeof text, cases[i].value, cases[i].step);
        assert_string_equal(text, cases[i].text);
    }
}

static void scales_hold_their_data(void **state)
{
    (void)state;
    static const plot_range ranges[] = { { 0, 1 },   { 0.64, 0.96 }, { -4e-3, 2e-3 }, { 0.5, 0.5 },    { 0, 0 },
                                         { 9, 500 }, { 1e-9, 2e-9 }, { -5, -5 },      { 1e6, 1e6 + 1 } };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const plot_scale scales[] = { plot_y_scale(ranges[i], 6), plot_x_scale(ranges[i], 6, false) };
        for (int k = 0; k < 2; k++) {
            assert_true(scales[k].low < ranges[i].low && ranges[i].high < scales[k].high);
            const double steps = (scales[k].high - scales[k].low) / scales[k].step;
            assert_true(steps > 1 && steps < 9);
        }
    }
}

static void trend_is_the_least_squares_line(void **state)
{
    (void)state;
    double trend[4];
    plot_trend((double[]){ 0, 1, 2, 3 }, (double[]){ 1, 3, 2, 5 }, 4, trend); /* 1.1 + 1.1 x */
    for (int i = 0; i < 4; i++) assert_true(fabs(trend[i] - (1.1 + 1.1 * i)) < 1e-12);
    plot_trend(NULL, (double[]){ 2, NAN, 6 }, 3, trend); /* 2 x, x = 1, 2, 3 */
    for (int i = 0; i < 3; i++) assert_true(fabs(trend[i] - 2 * i - 2) < 1e-12);
    plot_trend(NULL, (double[]){ 7 }, 1, trend);
    assert_true(trend[0] == 7);
}

static void moving_mean_counts_what_there_is(void **state)
{
    (void)state;
    double mean[4];
    plot_moving_mean((double[]){ 1, 3, 5, 10 }, 4, 3, mean);
    static const double expected[] = { 1, 2, 3, 6 };
    for (int i = 0; i < 4; i++) assert_true(mean[i] == expected[i]);
}

static const double heights[] = { 0.6, 0.4, NAN, 0.3, 0.25 };
static const plot_series good_series[] = { { .label = "training", .y = heights, .count = 5, .markers = true },
                                           { .label = "validation", .y = heights, .count = 1, .dashed = true } };

static plot_panel good_panel(void)
{
    return (plot_panel){ .title = "Loss",
                         .x_label = "epoch",
                         .y_label = "loss",
                         .series = good_series,
                         .count = 2,
                         .goal = 0.2,
                         .goal_label = "goal" };
}

static size_t read_picture(unsigned char *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t count = fread(bytes, 1, size, file);
    fclose(file);
    return count;
}

static unsigned big_endian(const unsigned char *bytes)
{
    return (unsigned)bytes[0] << 24 | (unsigned)bytes[1] << 16 | (unsigned)bytes[2] << 8 | bytes[3];
}

static void writes_a_png(void **state)
{
    (void)state;
    if (!plot_available()) skip();
    static unsigned char first[1 << 20], second[1 << 20];
    char error[PLOT_ERROR] = "";
    const plot_panel panels[] = { good_panel(), good_panel() };
    const plot_figure figure = { .title = "Figure", .panels = panels, .count = 2 };
    assert_true(plot_write(&figure, path, error));
    const size_t size = read_picture(first, sizeof first);
    assert_true(size > 10000);
    assert_memory_equal(first, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
    assert_int_equal(big_endian(first + 16), 1600);
    assert_int_equal(big_endian(first + 20), 1440);
    assert_memory_equal(first + size - 8, "IEND\xae\x42\x60\x82", 8);

    assert_true(plot_write(&figure, path, error)); /* over the old one, the same bytes */
    assert_int_equal(read_picture(second, sizeof second), size);
    assert_memory_equal(first, second, size);

    const plot_figure wide = { .panels = panels, .count = 2, .side_by_side = true, .width = 300, .height = 200 };
    assert_true(plot_write(&wide, path, NULL));
    read_picture(first, sizeof first);
    assert_int_equal(big_endian(first + 16), 300);
    assert_int_equal(big_endian(first + 20), 200);
}

static void refuses(plot_figure figure, const char *message)
{
    char error[PLOT_ERROR] = "";
    assert_false(plot_write(&figure, path, error));
    assert_string_equal(error, message);
    assert_false(plot_write(&figure, path, NULL));
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    if (!plot_available()) skip();
    plot_panel panel = good_panel();
    unlink(path);
    refuses((plot_figure){ .count = 1 }, "figure: expected 1 to 4 panels, got 1");
    refuses((plot_figure){ .panels = &panel, .count = 5 }, "figure: expected 1 to 4 panels, got 5");
    refuses((plot_figure){ .panels = &panel, .count = 1, .width = -1 },
            "figure: width: expected 0 or 200 to 8192 pixels, got -1");
    refuses((plot_figure){ .panels = &panel, .count = 1, .height = 100000 },
            "figure: height: expected 0 or 200 to 8192 pixels, got 100000");
    panel.goal = NAN;
    refuses((plot_figure){ .panels = &panel, .count = 1 }, "panel 1: goal: expected a finite number, got nan");
    panel = good_panel();
    panel.y_min = 1;
    refuses((plot_figure){ .panels = &panel, .count = 1 }, "panel 1: expected y_min <= y_max, got 1 and 0");
    panel = good_panel();
    panel.count = 0;
    refuses((plot_figure){ .panels = &panel, .count = 1 }, "panel 1: expected 1 to 64 series, got 0");
    const plot_series no_array = { .count = 3 }, no_points = { .y = (double[]){ NAN, INFINITY }, .count = 2 };
    panel.count = 1;
    panel.series = &no_array;
    refuses((plot_figure){ .panels = &panel, .count = 1 }, "panel 1, series 1: expected an array y, got NULL");
    panel.series = &no_points;
    refuses((plot_figure){ .panels = &panel, .count = 1 },
            "panel 1: expected at least one point of finite numbers, got none");
    panel = good_panel();
    panel.title = "\xff\xfe";
    char error[PLOT_ERROR];
    assert_false(plot_write(&(plot_figure){ .panels = &panel, .count = 1 }, path, error));
    assert_non_null(strstr(error, "a.png: "));
    assert_int_not_equal(access(path, F_OK), 0);
    panel = good_panel();
    refuses((plot_figure){ .panels = &panel, .count = 0 }, "figure: expected 1 to 4 panels, got 0");
    assert_false(plot_write(&(plot_figure){ .panels = &panel, .count = 1 }, "/nonexistent/a.png", error));
    assert_string_equal(error, "/nonexistent/a.png: No such file or directory");
}

/* A folder in the place of the picture: rename fails, and the temporary must not stay behind. */
static void leaves_nothing_behind(void **state)
{
    (void)state;
    if (!plot_available()) skip();
    char error[PLOT_ERROR];
    const plot_panel panel = good_panel();
    const char *folder = temp_path(&temp_here, "folder");
    assert_int_equal(mkdir(folder, 0777), 0);
    const int before = temp_entries(&temp_here);
    assert_false(plot_write(&(plot_figure){ .panels = &panel, .count = 1 }, folder, error));
    assert_int_equal(temp_entries(&temp_here), before);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_nice),
        cmocka_unit_test(labels_have_the_digits_of_their_step),
        cmocka_unit_test(scales_hold_their_data),
        cmocka_unit_test(trend_is_the_least_squares_line),
        cmocka_unit_test(moving_mean_counts_what_there_is),
        cmocka_unit_test(writes_a_png),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
