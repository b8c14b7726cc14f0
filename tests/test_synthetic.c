/* Generated digits and reviews: reproducible, balanced, and neither trivial nor without meaning. */
#include <kvist/data.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE };

static data_images draw(int count, uint64_t seed, uint64_t stream)
{
    data_images images;
    assert_int_equal(data_images_draw(count, seed, stream, &images, NULL), DATA_OK);
    return images;
}

static void test_digits_are_reproducible(void **state)
{
    (void)state;
    data_images a = draw(200, 3, 0), b = draw(100, 3, 0), other = draw(100, 4, 0), test = draw(100, 3, 1);
    // Image i depends on seed, stream and i alone, not on how many are drawn.
    assert_memory_equal(a.pixels, b.pixels, 100 * PIXELS);
    assert_memory_equal(a.labels, b.labels, 100);
    assert_memory_not_equal(a.pixels, other.pixels, 100 * PIXELS);
    assert_memory_not_equal(a.pixels, test.pixels, 100 * PIXELS);
    assert_memory_not_equal(a.labels, test.labels, 100);
    data_images_free(&a);
    data_images_free(&b);
    data_images_free(&other);
    data_images_free(&test);
}

static void test_digits_look_like_mnist(void **state)
{
    (void)state;
    data_images images = draw(2000, 1, 0);
    int seen[10] = { 0 };
    assert_int_equal(images.height, SIDE);
    assert_int_equal(images.width, SIDE);
    for (int i = 0; i < images.count; i++) {
        const uint8_t *image = images.pixels + i * PIXELS;
        int ink = 0, grey = 0, border = 0;
        for (int k = 0; k < PIXELS; k++) {
            const int y = k / SIDE, x = k % SIDE;
            ink += image[k] > 127;
            grey += image[k] > 0 && image[k] < 200;
            border += (y == 0 || x == 0 || y == SIDE - 1 || x == SIDE - 1) && image[k] > 0;
        }
        assert_true(ink > 15 && ink < 300); // written, not filled
        assert_true(grey > 0);              // soft edges
        assert_int_equal(border, 0);        // nothing is cut off
        seen[images.labels[i]]++;
    }
    for (int k = 0; k < 10; k++) assert_int_equal(seen[k], 200);
    data_images_free(&images);
}

// The share of test digits whose nearest training digit (Euclidean) has their label.
static void test_digits_can_be_told_apart(void **state)
{
    (void)state;
    data_images train = draw(1500, 1, 0), test = draw(200, 1, 1);
    int right = 0;
    for (int i = 0; i < test.count; i++) {
        long best = -1;
        int label = -1;
        for (int k = 0; k < train.count; k++) {
            long distance = 0;
            for (int p = 0; p < PIXELS; p++) {
                const int d = test.pixels[i * PIXELS + p] - train.pixels[k * PIXELS + p];
                distance += d * d;
            }
            if (best < 0 || distance < best) best = distance, label = train.labels[k];
        }
        right += label == test.labels[i];
    }
    print_message("nearest neighbour: %d of %d digits\n", right, test.count);
    assert_true(right > 170 && right < test.count);
    data_images_free(&train);
    data_images_free(&test);
}

static void test_digits_by_default(void **state)
{
    (void)state;
    data_mnist mnist;
    data_error error;
    assert_int_equal(data_mnist_load(NULL, NULL, &mnist, &error), DATA_OK);
    assert_true(mnist.generated);
    assert_int_equal(mnist.train.count, 12000);
    assert_int_equal(mnist.test.count, 2000);
    data_mnist_free(&mnist);
    assert_int_equal(data_mnist_load(NULL, &(data_mnist_def){ .train_count = 30, .test_count = 20 }, &mnist, &error),
                     DATA_OK);
    assert_int_equal(mnist.train.count, 30);
    assert_int_equal(mnist.test.count, 20);
    data_mnist_free(&mnist);
    assert_int_equal(data_mnist_load(NULL, &(data_mnist_def){ .train_count = -1 }, &mnist, &error), DATA_ERR_ARGUMENT);
}

static void test_review_text(void **state)
{
    (void)state;
    data_rng rng = data_rng_make(2, 0), same = rng, third = rng;
    char whole[8192], cut[64];
    for (int i = 0; i < 200; i++) {
        const size_t size = data_review_write(&rng, i % 2 == 0, whole, sizeof whole);
        assert_int_equal(size, strlen(whole));
        assert_true(size > 40 && size < 4000);
        // A short buffer gets the beginning, with its NUL; the count and the generator go on the same.
        memset(cut, '#', sizeof cut);
        assert_int_equal(data_review_write(&same, i % 2 == 0, cut, 32), size);
        assert_memory_equal(cut, whole, 31);
        assert_int_equal(cut[31], 0);
        assert_int_equal(cut[32], '#');
        assert_int_equal(data_review_write(&third, i % 2 == 0, NULL, 0), size);
    }
    assert_memory_equal(&rng, &same, sizeof rng);
    // A generator that nobody seeded writes one too.
    char other[8192];
    data_rng zeroed = { 0 }, made = data_rng_make(0, 0);
    assert_int_equal(data_review_write(&zeroed, true, whole, sizeof whole),
                     data_review_write(&made, true, other, sizeof other));
    assert_string_equal(whole, other);
}

// Naive Bayes over the counts of words; its accuracy on the test reviews.
static double bag_of_words_accuracy(const data_imdb *imdb, int words)
{
    double *seen[2] = { calloc((size_t)words, sizeof(double)), calloc((size_t)words, sizeof(double)) };
    double all[2] = { 0.0, 0.0 };
    for (int i = 0; i < imdb->train.count; i++) {
        const int label = (int)imdb->train.labels[i];
        for (int64_t k = imdb->train.offsets[i]; k < imdb->train.offsets[i + 1]; k++) {
            seen[label][imdb->train.indices[k]] += 1.0;
            all[label] += 1.0;
        }
    }
    int right = 0;
    for (int i = 0; i < imdb->test.count; i++) {
        double odds = 0.0;
        for (int64_t k = imdb->test.offsets[i]; k < imdb->test.offsets[i + 1]; k++) {
            const int32_t word = imdb->test.indices[k];
            odds += log((seen[1][word] + 1.0) / (all[1] + words)) - log((seen[0][word] + 1.0) / (all[0] + words));
        }
        right += (odds > 0.0) == (imdb->test.labels[i] > 0.5f);
    }
    free(seen[0]);
    free(seen[1]);
    return (double)right / imdb->test.count;
}

static void test_reviews_by_default(void **state)
{
    (void)state;
    data_imdb imdb;
    data_error error;
    if (data_imdb_load(NULL, NULL, &imdb, &error) != DATA_OK) fail_msg("%s", error.text);
    assert_true(imdb.generated);
    assert_int_equal(imdb.train.count, 4000);
    assert_int_equal(imdb.test.count, 1000);
    float positive = 0.0f;
    for (int i = 0; i < imdb.train.count; i++) positive += imdb.train.labels[i];
    assert_true(positive == 2000.0f);
    assert_true(data_vocabulary_count(imdb.vocabulary) > 2000); // invented names
    assert_int_not_equal(data_vocabulary_index(imdb.vocabulary, "wonderful", 9), DATA_UNKNOWN);
    const double accuracy = bag_of_words_accuracy(&imdb, 10000);
    print_message("bag of words: %.3f of the generated reviews\n", accuracy);
    assert_true(accuracy > 0.83 && accuracy < 0.92); // something to learn, something left to learn
    data_imdb_free(&imdb);
}

static void test_reviews_by_count(void **state)
{
    (void)state;
    data_imdb a, b;
    data_error error;
    data_imdb_def def = { .train_count = 50, .test_count = 10, .seed = 1, .no_shuffle = true };
    assert_int_equal(data_imdb_load(NULL, &def, &a, &error), DATA_OK);
    def.seed = 2;
    assert_int_equal(data_imdb_load(NULL, &def, &b, &error), DATA_OK);
    assert_int_equal(a.train.count, 50);
    assert_int_equal(a.test.count, 10);
    assert_memory_not_equal(a.train.tokens, b.train.tokens, 50 * 500 * sizeof(int32_t));
    data_imdb_free(&a);
    data_imdb_free(&b);
    def.test_count = 1; // both classes could not be there
    assert_int_equal(data_imdb_load(NULL, &def, &a, &error), DATA_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digits_are_reproducible),
        cmocka_unit_test(test_digits_look_like_mnist),
        cmocka_unit_test(test_digits_can_be_told_apart),
        cmocka_unit_test(test_digits_by_default),
        cmocka_unit_test(test_review_text),
        cmocka_unit_test(test_reviews_by_default),
        cmocka_unit_test(test_reviews_by_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
