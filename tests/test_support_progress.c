/* Progress as text: lines elsewhere, a throttled bar on a terminal, nothing when quiet; and frames played to a file. */
#include "progress.h"
#include "terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static double now;

static double fake_clock(void)
{
    return now;
}

/* Two epochs of 10 steps, one step every 0.05 s. */
static char *show(bool quiet, bool terminal, int width)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    progress bar = progress_of(
        &(progress_def){ .stream = stream, .quiet = quiet, .terminal = terminal, .width = width, .clock = fake_clock });
    const progress_metric metrics[] = { { "loss", 0.25 }, { "accuracy", 0.9 }, { "val_loss", 0.00002 } };
    now = 100;
    for (int epoch = 1; epoch <= 2; epoch++) {
        progress_begin(&bar, "Epoch", epoch, 2, 0, 10);
        for (int step = 1; step <= 10; step++) {
            now += 0.05;
            progress_update(&bar, step, metrics, 2);
        }
        progress_end(&bar, 10, metrics, 3);
    }
    fclose(stream);
    return text;
}

static int occurrences(const char *text, const char *word)
{
    int count = 0;
    for (; (text = strstr(text, word)); text++) count++;
    return count;
}

static void plain_lines(void **state)
{
    (void)state;
    char *text = show(false, false, 80);
    assert_string_equal(text, "Epoch 1/2 - 0s 50ms/step - loss: 0.2500 - accuracy: 0.9000 - val_loss: 2.000e-05\n"
                              "Epoch 2/2 - 0s 50ms/step - loss: 0.2500 - accuracy: 0.9000 - val_loss: 2.000e-05\n");
    free(text);
}

static void quiet_is_silent(void **state)
{
    (void)state;
    for (int terminal = 0; terminal < 2; terminal++) {
        char *text = show(true, terminal, 80);
        assert_string_equal(text, "");
        free(text);
    }
}

static void bar_is_drawn_ten_times_a_second(void **state)
{
    (void)state;
    char *text = show(false, true, 200);
    assert_int_equal(occurrences(text, "Epoch "), 2);
    assert_in_range(occurrences(text, "ETA: "), 8, 10); /* 20 updates in one second */
    assert_non_null(strstr(text, "Epoch 1/2\n\r 1/10 [===>..........................] - ETA: 0s - loss: 0.2500"));
    assert_non_null(strstr(text, "\r10/10 [==============================] - 0s 50ms/step - loss: 0.2500 - accuracy: "
                                 "0.9000 - val_loss: 2.000e-05\033[K\n"));
    free(text);
}

static void bar_stays_on_its_line(void **state)
{
    (void)state;
    char *text = show(false, true, 50);
    for (const char *line = strchr(text, '\r'); line; line = strchr(line + 1, '\r')) {
        const size_t length = (size_t)(strchr(line, '\033') - line - 1);
        if (strncmp(strchr(line, '\033'), "\033[K\n", 4) != 0) assert_int_equal(length, 47);
    }
    free(text);
}

/* Of a terminal that is narrower than the room for a ^C, nothing: that it is not taken for no limit. */
static void bar_fits_the_narrowest(void **state)
{
    (void)state;
    for (int width = 1; width <= 4; width++) {
        char *text = show(false, true, width);
        for (const char *line = strchr(text, '\r'); line; line = strchr(line + 1, '\r')) {
            const size_t length = (size_t)(strchr(line, '\033') - line - 1);
            if (strncmp(strchr(line, '\033'), "\033[K\n", 4) != 0) assert_int_equal(length, width == 4);
        }
        free(text);
    }
}

static void eta_is_the_rest_at_the_pace_so_far(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    progress bar = progress_of(&(progress_def){ .stream = stream, .terminal = true, .width = 80, .clock = fake_clock });
    now = 0;
    progress_begin(&bar, "Episode", 0, 0, 0, 100);
    now = 10;
    progress_update(&bar, 20, NULL, 0);
    progress_clear(&bar);
    now = 1000;
    progress_update(&bar, 20, NULL, 0);
    progress_end(&bar, 20, NULL, 0);
    fclose(stream);
    assert_string_equal(text, "\r 20/100 [======>.......................] - ETA: 40s\033[K\r\033[K"
                              "\r 20/100 [======>.......................] - ETA: 1:06:40\033[K"
                              "\r 20/100 [======>.......................] - 16:40 50.0s/step\033[K\n");
    free(text);
}

static void steps_done_before_are_not_quick_ones(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    progress bar = progress_of(&(progress_def){ .stream = stream, .terminal = true, .width = 80, .clock = fake_clock });
    now = 0;
    progress_begin(&bar, "Episode", 0, 0, 60, 100);
    progress_update(&bar, 60, NULL, 0);
    now = 10;
    progress_update(&bar, 80, NULL, 0);
    now = 20;
    progress_end(&bar, 100, NULL, 0);
    progress_begin(&bar, "Episode", 0, 0, 100, 100);
    progress_end(&bar, 100, NULL, 0);
    fclose(stream);
    assert_string_equal(text, "\r 60/100 [==================>...........]\033[K"
                              "\r 80/100 [========================>.....] - ETA: 10s\033[K"
                              "\r100/100 [==============================] - 20s 500ms/step\033[K\n"
                              "\r100/100 [==============================] - 0s\033[K\n");
    free(text);
}

static void frames_are_plain_where_there_is_no_terminal(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    terminal_player player = terminal_player_of(stream, 60);
    assert_int_equal(terminal_width(stream), 80);
    assert_int_equal(terminal_height(stream), 24);
    terminal_play(&player, "a\nb\n");
    terminal_clear(&player);
    terminal_play(&player, "c");
    terminal_end(&player);
    fclose(stream);
    assert_string_equal(text, "a\nb\n\nc\n\n");
    free(text);
}

/* Nothing that stands above the first frame is touched: the cursor goes no higher than it. */
static void frames_are_drawn_below_what_stands(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    terminal_player player = { .stream = stream, .in_place = true };
    terminal_play(&player, "a\nb\n");
    terminal_play(&player, "c\n");
    terminal_clear(&player);
    fputs("score\n", stream);
    terminal_clear(&player); /* nothing stands */
    terminal_play(&player, "d\n");
    terminal_end(&player);
    fputs("end\n", stream);
    fclose(stream);
    assert_string_equal(text, "a\033[K\nb\033[K\n\033[J"
                              "\r\033[2Ac\033[K\n\033[J"
                              "\r\033[1A\033[K\n\r\033[1Ascore\n"
                              "d\033[K\n\033[J\r\033[Kend\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_lines),
        cmocka_unit_test(quiet_is_silent),
        cmocka_unit_test(bar_is_drawn_ten_times_a_second),
        cmocka_unit_test(bar_stays_on_its_line),
        cmocka_unit_test(bar_fits_the_narrowest),
        cmocka_unit_test(eta_is_the_rest_at_the_pace_so_far),
        cmocka_unit_test(steps_done_before_are_not_quick_ones),
        cmocka_unit_test(frames_are_plain_where_there_is_no_terminal),
        cmocka_unit_test(frames_are_drawn_below_what_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
