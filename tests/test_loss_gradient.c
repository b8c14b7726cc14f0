/* The gradient of every loss against central differences, in the double build of the library. */
#include <kvist/nn.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ROWS = 6, CLASSES = 5, SIZE = ROWS * CLASSES };

static double loss_at(const nn_loss_def *loss, nn_float *y, const nn_tensor *target, nn_tensor *dy)
{
    const nn_tensor view = nn_view_f32(y, NN_SHAPE(2, 3, CLASSES));
    nn_float mean = NAN;
    nn_error error;
    if (nn_loss(loss, &view, target, &mean, NULL, dy, &error) != NN_OK) fail_msg("%s", error.text);
    return mean;
}

/* |gradient - difference| <= 1e-7 of the largest element, for each element. */
static void check(const nn_loss_def *loss, double low, double high, bool soft)
{
    nn_rng rng = { .seed = 5, .stream = (uint64_t)loss->type };
    nn_float y[SIZE], z[SIZE], gradient[SIZE];
    int32_t classes[ROWS];
    nn_tensor dense = nn_view_f32(z, NN_SHAPE(2, 3, CLASSES)), random = nn_view_f32(y, NN_SHAPE(SIZE));
    nn_fill_uniform(&random, low, high, &rng);
    nn_fill_uniform(&dense, 0, 1, &rng);
    for (int i = 0; i < ROWS; i++) classes[i] = (int32_t)nn_random_below(&rng, CLASSES);
    for (int i = 0; i < SIZE && !soft; i++) z[i] = i % CLASSES == classes[i / CLASSES] ? 1 : 0;
    const nn_tensor labels = nn_view_i32(classes, NN_SHAPE(2, 3));
    const nn_tensor *target = loss->type >= NN_SPARSE_CATEGORICAL ? &labels : &dense;

    nn_tensor dy = nn_view_f32(gradient, NN_SHAPE(2, 3, CLASSES));
    loss_at(loss, y, target, &dy);
    double largest = 0;
    for (int i = 0; i < SIZE; i++) largest = fmax(largest, fabs(gradient[i]));
    assert_true(largest > 1e-3);
    for (int i = 0; i < SIZE; i++) {
        const double step = 1e-5, kept = y[i];
        y[i] = kept + step;
        const double above = loss_at(loss, y, target, NULL);
        y[i] = kept - step;
        const double below = loss_at(loss, y, target, NULL);
        y[i] = kept;
        const double difference = (above - below) / (2 * step);
        if (!(fabs(difference - gradient[i]) <= 1e-7 * largest))
            fail_msg("loss %d, element %d: gradient %.12g, difference %.12g", (int)loss->type, i, gradient[i],
                     difference);
    }
}

static void test_elements(void **state)
{
    (void)state;
    check(&(nn_loss_def){ .type = NN_MSE }, -2, 2, true);
    check(&(nn_loss_def){ .type = NN_HUBER }, -3, 3, true);
    check(&(nn_loss_def){ .type = NN_HUBER, .delta = 0.3 }, -3, 3, true);
    check(&(nn_loss_def){ .type = NN_BCE }, 0.1, 0.9, true);
    check(&(nn_loss_def){ .type = NN_BCE, .keras2 = true }, 0.1, 0.9, false);
    check(&(nn_loss_def){ .type = NN_BCE_LOGITS }, -5, 5, true);
}

static void test_classes(void **state)
{
    (void)state;
    check(&(nn_loss_def){ .type = NN_CATEGORICAL }, 0.2, 0.9, false);
    check(&(nn_loss_def){ .type = NN_CATEGORICAL }, 0.2, 0.9, true);
    check(&(nn_loss_def){ .type = NN_CATEGORICAL_LOGITS }, -3, 3, false);
    check(&(nn_loss_def){ .type = NN_CATEGORICAL_LOGITS }, -3, 3, true); /* labels that do not sum to one */
    check(&(nn_loss_def){ .type = NN_SPARSE_CATEGORICAL }, 0.2, 0.9, false);
    check(&(nn_loss_def){ .type = NN_SPARSE_CATEGORICAL_LOGITS }, -3, 3, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_elements), cmocka_unit_test(test_classes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
