/* The animations of mnist_dcgan: which epochs the one of training keeps, and what the one between two images goes
 * through. */
#include "dcgan_drawing.h"
#include "dcgan_gallery.h"
#include "dcgan_model.h"
#include "temp.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#ifdef TEST_HAVE_GIF
#include <gif_lib.h>
#endif

/* Of 60 epochs, by the loop of the TensorFlow 2 tutorial: i from 0; last = -1; 2*(i**0.5) kept if its round() exceeds
 * that of last. */
static const int kept[] = { 1, 2, 3, 5, 7, 9, 12, 16, 20, 24, 29, 35, 41, 47, 54 };
enum { KEPT = sizeof kept / sizeof kept[0], EPOCHS = 60 };

static void test_rule(void **state)
{
    (void)state;
    int k = 0;
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        const bool expected = k < KEPT && kept[k] == epoch;
        if (gallery_keeps(epoch) != expected) fail_msg("epoch %d: expected %s", epoch, expected ? "kept" : "left out");
        k += expected;
    }
}

static void test_frames_have_room(void **state)
{
    (void)state;
    int count = 0;
    for (int epoch = 1; epoch <= GALLERY_EPOCHS; epoch++) count += gallery_keeps(epoch);
    assert_in_range(count, 1, GALLERY_FRAMES);
}

/* Images whose bytes are all the number of the epoch. */
static void paint(float *images, int epoch)
{
    for (int i = 0; i < GALLERY_IMAGES * DCGAN_PIXELS; i++) images[i] = (float)epoch / 127.5f - 1.0f;
}

#ifdef TEST_HAVE_GIF
static void assert_frames(const char *path, int epochs)
{
    int code = 0;
    GifFileType *file = DGifOpenFileName(path, &code);
    assert_non_null(file);
    assert_int_equal(DGifSlurp(file), GIF_OK);
    int k = 0;
    for (; k < KEPT && kept[k] <= epochs; k++) assert_int_equal(file->SavedImages[k].RasterBits[0], kept[k]);
    assert_int_equal(file->ImageCount, k + 1);
    assert_int_equal(file->SavedImages[k].RasterBits[0], epochs); /* the last epoch once more */
    DGifCloseFile(file, NULL);
}
#endif

static void test_animation(void **state)
{
    (void)state;
    static float images[GALLERY_IMAGES * DCGAN_PIXELS];
    temp_folder folder;
    gallery g;
    data_error error;
    temp_make(&folder);
    assert_int_equal(gallery_create(&g, &error), DATA_OK);
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        paint(images, epoch);
        assert_int_equal(gallery_add(&g, images, epoch, NULL, &error), DATA_OK);
#ifdef TEST_HAVE_GIF
        if (epoch != 1 && epoch != 12 && epoch != EPOCHS) continue;
        const char *path = temp_path(&folder, "epochs.gif");
        assert_int_equal(gallery_write_gif(&g, images, path, &error), DATA_OK);
        assert_frames(path, epoch);
#endif
    }
    assert_int_equal(g.count, KEPT);
    gallery_destroy(&g);
    temp_remove(&folder);
}

static double variance(const nn_float *z, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)z[i] * (double)z[i];
    return sum / n;
}

/* Both ends are met, and between them the noise keeps its variance of 1; a straight line would have 0.5 midway. */
static void test_arc(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    static nn_float a[COUNT], b[COUNT], z[COUNT];
    nn_rng rng = { .seed = 1, .stream = 0 };
    nn_tensor from = nn_view_f32(a, NN_SHAPE(COUNT)), to = nn_view_f32(b, NN_SHAPE(COUNT));
    nn_fill_normal(&from, 0, 1, &rng);
    nn_fill_normal(&to, 0, 1, &rng);
    drawing_arc(a, b, COUNT, 0, z);
    for (int i = 0; i < COUNT; i++) assert_true(z[i] == a[i]);
    drawing_arc(a, b, COUNT, 1, z);
    for (int i = 0; i < COUNT; i++) assert_true(fabs((double)z[i] - (double)b[i]) < 1e-6);
    for (int s = 0; s <= 8; s++) {
        drawing_arc(a, b, COUNT, s / 8.0, z);
        assert_true(fabs(variance(z, COUNT) - 1) < 0.05); /* five standard errors of the mean of z² */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rule), cmocka_unit_test(test_frames_have_room),
                                        cmocka_unit_test(test_animation), cmocka_unit_test(test_arc) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
