/* What all functions of libdata have in common: NULL is refused, and the error of an earlier call forgotten. */
#include "support/temp.h"

#include <kvist/data.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIDE = 2, PIXELS = SIDE * SIDE };

static data_error error;
static data_rng rng = { { 1, 2, 3, 4 } };
static const uint8_t pixels[PIXELS];
static const float images[PIXELS];
static const int32_t indices[] = { 1, 2, 3 }, order[] = { 0 };
static const int64_t offsets[] = { 0, 3 };
static const data_grid grid = { .images = images, .count = 1, .height = SIDE, .width = SIDE };

// As an earlier call that failed leaves it.
static void set_stale(void)
{
    error = (data_error){ .status = DATA_ERR_IO, .offset = 7, .text = "stale" };
}

/* --- NULL --------------------------------------------------------------------------------------------------------- */

// The status of a call that makes something.
static data_status made(const void *thing)
{
    return thing ? DATA_OK : DATA_ERR_ARGUMENT;
}

static void check_refusal(const char *call, data_status status, const char *text)
{
    if (status != DATA_ERR_ARGUMENT) fail_msg("%s: %s", call, data_status_string(status));
    if (!text) return;
    if (error.status != DATA_ERR_ARGUMENT || error.offset != 0 || strcmp(error.text, text) != 0) {
        fail_msg("%s: expected \"%s\", got \"%s\"", call, text, error.text);
    }
}

// A call that is refused with this text (NULL: it has no error).
#define REFUSED(text, call) check_refusal(#call, (set_stale(), call), text)

/* Row 53 of docs/faults.md. */
static void test_53_null_sets(void **state)
{
    (void)state;
    data_images out;
    int32_t rows[500], sets[] = { 1, 1 };
    int64_t set_ends[] = { 0, 2 };
    data_vocabulary *words = data_vocabulary_parse("a", 1, NULL);
    REFUSED("mnist: expected a destination, got NULL", data_mnist_load(NULL, NULL, NULL, &error));
    REFUSED("images: expected two paths and a destination, got NULL", data_images_load(NULL, "b", 1, &out, &error));
    REFUSED("images: expected two paths and a destination, got NULL", data_images_load("a", NULL, 1, &out, &error));
    REFUSED("images: expected two paths and a destination, got NULL", data_images_load("a", "b", 1, NULL, &error));
    REFUSED("digits: expected a destination, got NULL", data_images_draw(1, 0, 0, NULL, &error));
    REFUSED("vocabulary: expected a text, got NULL", made(data_vocabulary_parse(NULL, 5, &error)));
    REFUSED(NULL, data_imdb_encode(NULL, NULL, "a", 1, rows));
    REFUSED(NULL, data_imdb_encode(words, NULL, NULL, 1, rows));
    REFUSED(NULL, data_imdb_encode(words, NULL, "a", 1, NULL));
    REFUSED("lists: expected offsets, got NULL", data_pad_lists(indices, NULL, 1, NULL, rows, &error));
    REFUSED("lists: expected indices and rows, got NULL", data_pad_lists(NULL, offsets, 1, NULL, rows, &error));
    REFUSED("lists: expected indices and rows, got NULL", data_pad_lists(indices, offsets, 1, NULL, NULL, &error));
    REFUSED("lists: expected offsets, got NULL", data_check_lists(indices, NULL, 1, 9, &error));
    REFUSED("lists: expected offsets, got NULL", data_check_lists(NULL, NULL, 0, 9, &error));
    REFUSED("lists: expected offsets, got NULL", data_distinct_lists(sets, NULL, 1, &error));
    REFUSED("lists: expected indices, got NULL", data_distinct_lists(NULL, set_ends, 1, &error));
    REFUSED("imdb: expected a destination, got NULL", data_imdb_load(NULL, NULL, NULL, &error));
    assert_int_equal(data_encode(NULL, NULL, "a", 1, rows, 9), 0);
    assert_int_equal(data_encode(words, NULL, NULL, 1, rows, 9), 0);
    assert_int_equal(data_encode(words, NULL, "a", 1, NULL, 9), 0);
    data_vocabulary_destroy(words);
}

/* Row 53 of docs/faults.md. */
static void test_53_null_batches(void **state)
{
    (void)state;
    int32_t out[3];
    int64_t ends[2];
    REFUSED("batches: expected a definition, got NULL", made(data_batches_create(NULL, &error)));
    assert_null(data_batches_create(NULL, NULL));
    REFUSED(NULL, data_gather(NULL, 3, sizeof *out, order, 1, out));
    REFUSED(NULL, data_gather(indices, 3, sizeof *out, NULL, 1, out));
    REFUSED(NULL, data_gather(indices, 3, sizeof *out, order, 1, NULL));
    REFUSED(NULL, data_gather_lists(NULL, offsets, 1, order, 1, out, ends));
    REFUSED(NULL, data_gather_lists(indices, NULL, 1, order, 1, out, ends));
    REFUSED(NULL, data_gather_lists(indices, offsets, 1, NULL, 1, out, ends));
    REFUSED(NULL, data_gather_lists(indices, offsets, 1, order, 1, NULL, ends));
    REFUSED(NULL, data_gather_lists(indices, offsets, 1, order, 1, out, NULL));
    REFUSED(NULL, data_gather_lists(indices, offsets, 1, order, 0, out, NULL));
}

/* Row 53 of docs/faults.md. */
static void test_53_null_replay(void **state)
{
    (void)state;
    static const char *const sample = "replay: expected a replay, a generator and a destination, got NULL";
    static const char *const priorities = "replay: expected a replay, indices and TD errors, got NULL";
    static const char *const bytes = "replay: expected a replay and its bytes, got NULL";
    const data_transitions out = { 0 };
    data_replay *replay = data_replay_create(&(data_replay_def){ .capacity = 4, .observation = 1 }, NULL);
    REFUSED("replay: expected a definition, got NULL", made(data_replay_create(NULL, &error)));
    REFUSED(sample, data_replay_sample(NULL, 1, &rng, &out, &error));
    REFUSED(sample, data_replay_sample(replay, 1, NULL, &out, &error));
    REFUSED(sample, data_replay_sample(replay, 1, &rng, NULL, &error));
    REFUSED(priorities, data_replay_set_priorities(NULL, order, 1, images, &error));
    REFUSED(priorities, data_replay_set_priorities(replay, NULL, 1, images, &error));
    REFUSED(priorities, data_replay_set_priorities(replay, order, 1, NULL, &error));
    REFUSED(bytes, data_replay_restore(NULL, pixels, sizeof pixels, &error));
    REFUSED(bytes, data_replay_restore(replay, NULL, 99, &error));
    data_replay_destroy(replay);
}

/* Row 53 of docs/faults.md. */
static void test_53_null_pictures(void **state)
{
    (void)state;
    static const char *const size = "grid: expected a grid and places for its size, got NULL";
    static const char *const draw = "grid: expected images and a destination, got NULL";
    static const char *const write = "grid: expected images and a path, got NULL";
    const data_grid blank = { .count = 1, .height = SIDE, .width = SIDE };
    const char *path = temp_path(&temp_here, "null");
    uint8_t drawn[PIXELS];
    data_png png;
    int side;
    REFUSED("picture: expected a path and pixels, got NULL", data_png_write(NULL, pixels, SIDE, SIDE, 1, &error));
    REFUSED("picture: expected a path and pixels, got NULL", data_png_write(path, NULL, SIDE, SIDE, 1, &error));
    REFUSED("picture: expected pixels and a destination, got NULL", data_png_encode(NULL, SIDE, SIDE, 1, &png, &error));
    REFUSED("picture: expected pixels and a destination, got NULL",
            data_png_encode(pixels, SIDE, SIDE, 1, NULL, &error));
    REFUSED(size, data_grid_size(NULL, &side, &side, &error));
    REFUSED(size, data_grid_size(&grid, NULL, &side, &error));
    REFUSED(size, data_grid_size(&grid, &side, NULL, &error));
    REFUSED(draw, data_grid_draw(NULL, drawn, &error));
    REFUSED(draw, data_grid_draw(&blank, drawn, &error));
    REFUSED(draw, data_grid_draw(&grid, NULL, &error));
    REFUSED(write, data_grid_write_png(NULL, path, &error));
    REFUSED(write, data_grid_write_png(&blank, path, &error));
    REFUSED(write, data_grid_write_png(&grid, NULL, &error));
    assert_int_equal(temp_entries(&temp_here), 0);
}

/* Row 53 of docs/faults.md. */
static void test_53_null_animations(void **state)
{
    (void)state;
    if (!data_gif_available()) skip();
    const data_gif_def def = { .width = SIDE, .height = SIDE };
    data_gif *gif = data_gif_open(temp_path(&temp_here, "null.gif"), &def, NULL);
    REFUSED("gif: expected a path and a definition, got NULL", made(data_gif_open(NULL, &def, &error)));
    REFUSED("gif: expected a path and a definition, got NULL", made(data_gif_open("null.gif", NULL, &error)));
    REFUSED("gif: expected an animation and pixels, got NULL", data_gif_add(NULL, pixels, &error));
    REFUSED("gif: expected an animation and pixels, got NULL", data_gif_add(gif, NULL, &error));
    REFUSED("gif: expected an animation, got NULL", data_gif_close(NULL, &error));
    data_gif_discard(gif);
}

// What has no elements may be NULL, and so may all that is to be freed.
static void test_null_that_is_taken(void **state)
{
    (void)state;
    const int64_t none[] = { 0, 0 };
    int64_t no_sets[] = { 0, 0 };
    int32_t rows[500];
    int64_t ends[2];
    data_vocabulary *words = data_vocabulary_parse(NULL, 0, &error);
    assert_non_null(words);
    assert_int_equal(data_encode(words, NULL, NULL, 0, NULL, 0), 1);
    assert_int_equal(data_imdb_encode(words, NULL, NULL, 0, rows), DATA_OK);
    assert_int_equal(rows[499], DATA_START);
    assert_int_equal(data_pad_lists(NULL, none, 1, NULL, rows, NULL), DATA_OK);
    assert_int_equal(data_pad_lists(NULL, none, 0, NULL, NULL, NULL), DATA_OK);
    assert_int_equal(data_distinct_lists(NULL, no_sets, 1, NULL), DATA_OK);
    assert_int_equal(data_gather(NULL, 0, 4, NULL, 0, NULL), DATA_OK);
    assert_int_equal(data_gather_lists(NULL, NULL, 0, NULL, 0, NULL, ends), DATA_OK);
    assert_int_equal(data_gather_lists(NULL, none, 1, (const int32_t[]){ 0 }, 1, NULL, ends), DATA_OK);
    data_replay *replay = data_replay_create(&(data_replay_def){ .capacity = 4, .observation = 1 }, NULL);
    assert_int_equal(data_replay_set_priorities(replay, NULL, 0, NULL, NULL), DATA_OK);
    data_replay_destroy(replay);
    data_vocabulary_destroy(words);

    data_mnist_free(NULL);
    data_images_free(NULL);
    data_vocabulary_destroy(NULL);
    data_imdb_free(NULL);
    data_batches_destroy(NULL);
    data_replay_destroy(NULL);
    data_png_free(NULL);
    data_gif_discard(NULL);
}

/* --- errors ------------------------------------------------------------------------------------------------------- */

static void check_cleared(const char *call, bool succeeded)
{
    if (!succeeded || error.status != DATA_OK || error.offset != 0 || error.text[0]) {
        fail_msg("%s: expected success and no error, got \"%s\"", call, error.text);
    }
}

// A call that succeeds and leaves no word of an earlier failure.
#define CLEARS(call) check_cleared(#call, (set_stale(), call))

static void test_sets_clear_the_error(void **state)
{
    (void)state;
    static const unsigned char image_file[] = { 0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9 };
    static const unsigned char label_file[] = { 0, 0, 8, 1, 0, 0, 0, 1, 9 };
    const char *path = temp_write(&temp_here, "images", image_file, sizeof image_file);
    const char *label_path = temp_write(&temp_here, "labels", label_file, sizeof label_file);
    const data_mnist_def some = { .train_count = 1, .test_count = 1 };
    const data_imdb_def few = { .train_count = 2, .test_count = 2 };
    int32_t rows[500], sets[] = { 1, 1 };
    int64_t set_ends[] = { 0, 2 };
    data_mnist mnist;
    data_images read, drawn;
    data_imdb imdb;
    data_vocabulary *words;
    CLEARS(data_mnist_load(NULL, &some, &mnist, &error) == DATA_OK);
    CLEARS(data_images_load(path, label_path, 10, &read, &error) == DATA_OK);
    CLEARS(data_images_draw(1, 0, 0, &drawn, &error) == DATA_OK);
    CLEARS((words = data_vocabulary_parse("a", 1, &error)) != NULL);
    CLEARS(data_pad_lists(indices, offsets, 1, NULL, rows, &error) == DATA_OK);
    CLEARS(data_check_lists(indices, offsets, 1, 4, &error) == DATA_OK);
    CLEARS(data_distinct_lists(sets, set_ends, 1, &error) == DATA_OK);
    CLEARS(data_imdb_load(NULL, &few, &imdb, &error) == DATA_OK);
    data_mnist_free(&mnist);
    data_images_free(&read);
    data_images_free(&drawn);
    data_vocabulary_destroy(words);
    data_imdb_free(&imdb);
}

static void test_batches_clear_the_error(void **state)
{
    (void)state;
    const float observation = 0.5f;
    const data_transition step = { .observation = &observation, .next = &observation };
    const data_transitions out = { 0 };
    data_batches *batches;
    data_replay *replay;
    size_t size;
    CLEARS((batches = data_batches_create(&(data_batches_def){ .count = 1 }, &error)) != NULL);
    CLEARS((replay = data_replay_create(&(data_replay_def){ .capacity = 4, .observation = 1 }, &error)) != NULL);
    data_replay_push(replay, &step);
    CLEARS(data_replay_sample(replay, 1, &rng, &out, &error) == DATA_OK);
    CLEARS(data_replay_set_priorities(replay, order, 1, images, &error) == DATA_OK);
    const void *bytes = data_replay_state(replay, &size);
    CLEARS(data_replay_restore(replay, bytes, size, &error) == DATA_OK);
    data_batches_destroy(batches);
    data_replay_destroy(replay);
}

static void test_pictures_clear_the_error(void **state)
{
    (void)state;
    const char *path = temp_path(&temp_here, "clear");
    uint8_t drawn[PIXELS];
    data_png png;
    int width, height;
    CLEARS(data_png_write(path, pixels, SIDE, SIDE, 1, &error) == DATA_OK);
    CLEARS(data_png_encode(pixels, SIDE, SIDE, 1, &png, &error) == DATA_OK);
    data_png_free(&png);
    CLEARS(data_grid_size(&grid, &width, &height, &error) == DATA_OK);
    CLEARS(data_grid_draw(&grid, drawn, &error) == DATA_OK);
    CLEARS(data_grid_write_png(&grid, path, &error) == DATA_OK);
    if (!data_gif_available()) return;
    data_gif *gif;
    CLEARS((gif = data_gif_open(path, &(data_gif_def){ .width = SIDE, .height = SIDE }, &error)) != NULL);
    CLEARS(data_gif_add(gif, pixels, &error) == DATA_OK);
    CLEARS(data_gif_close(gif, &error) == DATA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_53_null_sets),
        cmocka_unit_test(test_53_null_batches),
        cmocka_unit_test(test_53_null_replay),
        cmocka_unit_test(test_53_null_pictures),
        cmocka_unit_test(test_53_null_animations),
        cmocka_unit_test(test_null_that_is_taken),
        cmocka_unit_test(test_sets_clear_the_error),
        cmocka_unit_test(test_batches_clear_the_error),
        cmocka_unit_test(test_pictures_clear_the_error),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
