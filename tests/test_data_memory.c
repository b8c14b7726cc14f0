/* Fault row 49: the k-th allocation fails, once and from then on, until all succeed. An error, no leak (under the
   address sanitizer), nothing half made. */
#include "alloc.h"
#include "npz.h"
#include "tar.h"
#include "temp.h"

#include <kvist/data.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// Made before memory runs short.
static const char *image_path, *label_path, *mnist_path, *set_path, *tar_path, *npz_path, *png_path, *gif_path;
typedef data_status (*operation)(data_error *error);

// A message tells how many bytes there were none of: some, and not more than the small sets here need.
static void check_told(const char *text)
{
    static const char behind[] = " bytes of memory, got none";
    const char *at = strstr(text, behind);
    assert_non_null(at);
    while (at > text && at[-1] >= '0' && at[-1] <= '9') at--;
    const unsigned long long bytes = strtoull(at, NULL, 10);
    if (bytes == 0 || bytes > 16 << 20) fail_msg("%s", text);
}

// Every way to run short of memory; returns how many allocations the operation takes.
static long starve(operation run)
{
    long n = 0;
    for (int good = 0; good < 2; good++) {
        for (n = 0;; n++) {
            data_error error = { 0 };
            alloc_fail((size_t)n + 1, good);
            const data_status status = run(&error);
            alloc_fail(0, false);
            if (alloc_failed() == 0) {
                if (status != DATA_OK) fail_msg("%s", error.text);
                break;
            }
            assert_int_equal(status, DATA_ERR_MEMORY);
            assert_int_equal(error.status, DATA_ERR_MEMORY);
            check_told(error.text);
        }
    }
    assert_int_equal(run(NULL), DATA_OK); // still usable, and without an error to fill
    return n;
}

static data_status load_images(data_error *error)
{
    data_images images = { 0 };
    const data_status status = data_images_load(image_path, label_path, 10, &images, error);
    assert_int_equal(images.count, status == DATA_OK ? 1 : 0);
    data_images_free(&images);
    return status;
}

static data_status draw_digits(data_error *error)
{
    data_mnist mnist = { 0 };
    const data_status status =
        data_mnist_load(NULL, &(data_mnist_def){ .train_count = 10, .test_count = 10 }, &mnist, error);
    assert_int_equal(mnist.test.count, status == DATA_OK ? 10 : 0);
    data_mnist_free(&mnist);
    return status;
}

static data_status load_mnist(data_error *error)
{
    data_mnist mnist = { 0 };
    const data_status status = data_mnist_load(mnist_path, NULL, &mnist, error);
    assert_int_equal(mnist.test.count, status == DATA_OK ? 1 : 0);
    data_mnist_free(&mnist);
    return status;
}

static data_status draw_images(data_error *error)
{
    data_images images = { 0 };
    const data_status status = data_images_draw(3, 1, 2, &images, error);
    assert_int_equal(images.count, status == DATA_OK ? 3 : 0);
    data_images_free(&images);
    return status;
}

static data_status load_reviews(const char *path, data_error *error)
{
    data_imdb imdb = { 0 };
    const data_status status =
        data_imdb_load(path, &(data_imdb_def){ .train_count = 40, .test_count = 10 }, &imdb, error);
    assert_int_equal(imdb.train.count > 0, status == DATA_OK);
    data_imdb_free(&imdb);
    return status;
}

static data_status generate_reviews(data_error *error)
{
    return load_reviews(NULL, error);
}

static data_status load_folder(data_error *error)
{
    return load_reviews(set_path, error);
}

static data_status load_tar(data_error *error)
{
    return load_reviews(tar_path, error);
}

static data_status load_npz(data_error *error)
{
    return load_reviews(npz_path, error);
}

static data_status make_sets(data_error *error)
{
    int32_t indices[] = { 7, 3, 7, 200 };
    int64_t offsets[] = { 0, 3, 4 };
    const data_status status = data_distinct_lists(indices, offsets, 2, error);
    assert_int_equal(offsets[2], status == DATA_OK ? 3 : 4);
    assert_int_equal(indices[0], status == DATA_OK ? 3 : 7);
    return status;
}

static data_status make_replay(data_error *error)
{
    data_replay *replay = data_replay_create(&(data_replay_def){ .capacity = 100, .observation = 4 }, error);
    data_replay_destroy(replay);
    return replay ? DATA_OK : DATA_ERR_MEMORY;
}

// After its creation a replay allocates nothing more.
static data_status make_replay_by_priority(data_error *error)
{
    const data_replay_def def = { .capacity = 2, .observation = 1, .priority_exponent = 0.6 };
    data_replay *replay = data_replay_create(&def, error);
    if (!replay) return DATA_ERR_MEMORY;
    const size_t calls = alloc_calls();
    const float observation = 1.0f;
    int32_t index[2];
    float weight[2];
    data_rng rng = data_rng_make(1, 0);
    for (int i = 0; i < 3; i++) {
        data_replay_push(replay, &(data_transition){ .observation = &observation, .next = &observation });
    }
    assert_int_equal(
        data_replay_sample(replay, 2, &rng, &(data_transitions){ .index = index, .weight = weight }, error), DATA_OK);
    assert_int_equal(data_replay_set_priorities(replay, index, 2, weight, error), DATA_OK);
    size_t size;
    const void *bytes = data_replay_state(replay, &size);
    assert_int_equal(data_replay_restore(replay, bytes, size, error), DATA_OK);
    assert_int_equal(alloc_calls(), calls);
    data_replay_destroy(replay);
    return DATA_OK;
}

static data_status make_batches(data_error *error)
{
    data_batches *batches = data_batches_create(&(data_batches_def){ .count = 100 }, error);
    data_batches_destroy(batches);
    return batches ? DATA_OK : DATA_ERR_MEMORY;
}

static data_status parse_words(data_error *error)
{
    data_vocabulary *vocabulary = data_vocabulary_parse("the\na\nfilm\n", 11, error);
    data_vocabulary_destroy(vocabulary);
    return vocabulary ? DATA_OK : DATA_ERR_MEMORY;
}

static data_status write_png(data_error *error)
{
    static const float images[4 * 25];
    return data_grid_write_png(&(data_grid){ .images = images, .count = 4, .height = 5, .width = 5 }, png_path, error);
}

static data_status write_pixels(data_error *error)
{
    static const uint8_t pixels[25];
    return data_png_write(png_path, pixels, 5, 5, 1, error);
}

static data_status encode_png(data_error *error)
{
    static const uint8_t pixels[25];
    uint8_t there = 0;
    data_png png = { .bytes = &there, .size = 1 };
    const data_status status = data_png_encode(pixels, 5, 5, 1, &png, error);
    if (status == DATA_OK) {
        data_png_free(&png);
    } else {
        assert_true(png.bytes == &there && png.size == 1);
    }
    return status;
}

static data_status write_gif(data_error *error)
{
    static const uint8_t pixels[25];
    data_gif *gif = data_gif_open(gif_path, &(data_gif_def){ .width = 5, .height = 5 }, error);
    if (!gif) return DATA_ERR_MEMORY;
    assert_int_equal(data_gif_add(gif, pixels, error), DATA_OK);
    return data_gif_close(gif, error);
}

static data_status give_gif_up(data_error *error)
{
    static const uint8_t pixels[25];
    data_gif *gif = data_gif_open(gif_path, &(data_gif_def){ .width = 5, .height = 5, .channels = 1 }, error);
    if (!gif) return DATA_ERR_MEMORY;
    const data_status status = data_gif_add(gif, pixels, error);
    data_gif_discard(gif);
    return status;
}

static void test_49_no_memory(void **state)
{
    (void)state;
    static const operation operations[] = { load_images,
                                            load_mnist,
                                            load_tar,
                                            draw_digits,
                                            draw_images,
                                            write_pixels,
                                            generate_reviews,
                                            load_folder,
                                            load_npz,
                                            make_replay,
                                            make_replay_by_priority,
                                            make_batches,
                                            parse_words,
                                            write_png,
                                            encode_png };
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) assert_true(starve(operations[i]) >= 2);
    assert_true(starve(make_sets) >= 1);
    if (data_gif_available()) assert_true(starve(give_gif_up) >= 2);
    if (data_gif_available()) assert_true(starve(write_gif) >= 2);
    assert_int_equal(temp_entries(&temp_here), data_gif_available() ? 8 : 7); // no temporary is left
}

// The message gives the bytes that were not to be had, whichever of the allocations it was.
static void test_replay_tells_its_bytes(void **state)
{
    (void)state;
    for (int prioritised = 0; prioritised < 2; prioritised++) {
        const data_replay_def def = { .capacity = 100, .observation = 4, .priority_exponent = 0.6 * prioritised };
        for (long n = 0; n < 3; n++) {
            data_error error = { 0 };
            char expected[96];
            alloc_fail((size_t)n + 1, false);
            assert_null(data_replay_create(&def, &error));
            alloc_fail(0, false);
            snprintf(expected, sizeof expected, "replay: expected %zu bytes of memory, got none", alloc_refused());
            assert_string_equal(error.text, expected);
        }
    }
}

// A cache that cannot be read or written for want of memory does not keep the set from being loaded.
static void load_without_memory(bool for_good)
{
    const data_imdb_def def = { .cache = temp_path(&temp_here, for_good ? "none" : "cache") };
    int loaded = 0;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        data_imdb imdb = { 0 };
        data_error error = { 0 };
        alloc_fail(n, for_good);
        const data_status status = data_imdb_load(set_path, &def, &imdb, &error);
        alloc_fail(0, false);
        failed = alloc_failed() > 0;
        assert_true(status == DATA_OK || status == DATA_ERR_MEMORY);
        if (status == DATA_OK) {
            assert_int_equal(imdb.train.count, 2);
            loaded += failed;
        }
        data_imdb_free(&imdb);
    }
    assert_true(for_good || loaded > 0);
}

static void test_cache_without_memory(void **state)
{
    (void)state;
    load_without_memory(false);
    load_without_memory(true);
}

// Neither does one that was written before.
static void read_without_memory(bool for_good)
{
    const data_imdb_def def = { .cache = temp_path(&temp_here, "written") };
    int renewed = 0;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        data_imdb imdb = { 0 };
        assert_int_equal(data_imdb_load(set_path, &def, &imdb, NULL), DATA_OK);
        data_imdb_free(&imdb);
        alloc_fail(n, for_good);
        const data_status status = data_imdb_load(set_path, &def, &imdb, NULL);
        alloc_fail(0, false);
        failed = alloc_failed() > 0;
        assert_true(status == DATA_OK || status == DATA_ERR_MEMORY);
        if (status == DATA_OK) renewed += imdb.cache == DATA_CACHE_WRITTEN;
        data_imdb_free(&imdb);
    }
    assert_true(for_good || renewed >= 3); // the block, the vocabulary's text, the vocabulary
}

static void test_reading_a_cache_without_memory(void **state)
{
    (void)state;
    read_without_memory(false);
    read_without_memory(true);
}

// With a word index beside it.
static const char *write_npz(void)
{
    npz_bytes x = { 0 }, y = { 0 };
    zip z = { 0 };
    npz_lists(&x, 2, "](K\1K\2e]", 8);
    npz_labels(&y, 2);
    zip_add(&z, &(zip_member){ .name = "x_train.npy", .content = x.bytes, .size = x.size, .method = 8 });
    zip_add(&z, &(zip_member){ .name = "y_train.npy", .content = y.bytes, .size = y.size });
    zip_add(&z, &(zip_member){ .name = "x_test.npy", .content = x.bytes, .size = x.size });
    zip_add(&z, &(zip_member){ .name = "y_test.npy", .content = y.bytes, .size = y.size });
    zip_end(&z);
    temp_write(&temp_here, "npz/imdb_word_index.json", "{\"the\": 1, \"film\": 2}", 21);
    const char *path = temp_write(&temp_here, "npz/imdb.npz", z.bytes, z.size);
    zip_free(&z);
    npz_free(&x);
    npz_free(&y);
    return path;
}

// An array of no reviews is refused in the end, its offsets being allocated first.
static void test_npz_without_reviews(void **state)
{
    (void)state;
    npz_bytes x = { 0 };
    zip z = { 0 };
    npz_lists(&x, 0, "", 0);
    zip_add(&z, &(zip_member){ .name = "x_train.npy", .content = x.bytes, .size = x.size });
    zip_end(&z);
    const char *path = temp_write(&temp_here, "none.npz", z.bytes, z.size);
    zip_free(&z);
    npz_free(&x);
    for (size_t n = 1;; n++) {
        data_error error = { 0 };
        alloc_fail(n, false);
        const data_status status = load_reviews(path, &error);
        alloc_fail(0, false);
        if (alloc_failed() == 0) {
            assert_int_equal(status, DATA_ERR_FORMAT);
            assert_non_null(strstr(error.text, "y_train.npy: expected it in the archive, got none"));
            break;
        }
        assert_int_equal(status, DATA_ERR_MEMORY);
    }
}

static const char *write_tar(void)
{
    tar t = { 0 };
    tar_file(&t, "aclImdb/train/neg/0.txt", "a bad film");
    tar_file(&t, "aclImdb/train/pos/0.txt", "a good film");
    tar_file(&t, "aclImdb/test/neg/0.txt", "bad");
    tar_file(&t, "aclImdb/test/pos/0.txt", "fine");
    tar_end(&t);
    const char *path = temp_write_gz(&temp_here, "reviews.tar.gz", t.bytes, t.size);
    tar_free(&t);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    // Far smaller when compressed: memory for it grows while it comes.
    static const unsigned char images[16 + 40 * 50] = { 0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 40, 0, 0, 0, 50, 5 };
    static const unsigned char labels[] = { 0, 0, 8, 1, 0, 0, 0, 1, 5 };
    temp_make(&temp_here);
    image_path = temp_write_gz(&temp_here, "images.gz", images, sizeof images);
    label_path = temp_write(&temp_here, "labels", labels, sizeof labels);
    static const char *const parts[] = { "train", "t10k" };
    for (int i = 0; i < 2; i++) {
        char name[64];
        snprintf(name, sizeof name, "mnist/%s-images-idx3-ubyte.gz", parts[i]);
        temp_write_gz(&temp_here, name, images, sizeof images);
        snprintf(name, sizeof name, "mnist/%s-labels-idx1-ubyte", parts[i]);
        temp_write(&temp_here, name, labels, sizeof labels);
    }
    mnist_path = temp_path(&temp_here, "mnist");
    temp_write(&temp_here, "set/train/neg/0.txt", "a bad film", 10);
    temp_write(&temp_here, "set/train/pos/0.txt", "a good film", 11);
    temp_write(&temp_here, "set/test/neg/0.txt", "bad", 3);
    temp_write(&temp_here, "set/test/pos/0.txt", "fine", 4);
    set_path = temp_path(&temp_here, "set");
    tar_path = write_tar();
    npz_path = write_npz();
    png_path = temp_path(&temp_here, "grid.png");
    gif_path = temp_path(&temp_here, "a.gif");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_49_no_memory),
                                        cmocka_unit_test(test_replay_tells_its_bytes),
                                        cmocka_unit_test(test_cache_without_memory),
                                        cmocka_unit_test(test_reading_a_cache_without_memory),
                                        cmocka_unit_test(test_npz_without_reviews) };
    return cmocka_run_group_tests(tests, set_up, temp_tear_down);
}
