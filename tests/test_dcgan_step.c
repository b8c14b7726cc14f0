/* mnist_dcgan's step: the gradient of the generator's loss that comes from the discriminator's own backward pass is the
 * one of a pass for itself. */
#include "dcgan_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { BATCH = 5, REAL = 3 };

static nn_float pixels[REAL * DCGAN_PIXELS], ones[BATCH], zeros[BATCH];

static void create(dcgan *gan, nn_float bias)
{
    nn_error error;
    nn_rng rng = { 3, 0, 0 };
    nn_tensor real = nn_view_f32(pixels, NN_SHAPE(REAL, DCGAN_SIDE, DCGAN_SIDE, 1));
    if (dcgan_create(gan, &(dcgan_def){ .batch = BATCH, .seed = 1, .threads = 1, .lr = 1e-4 }, &error) != NN_OK)
        fail_msg("%s", error.text);
    nn_fill_uniform(&real, -1, 1, &rng);
    size_t count = 0;
    nn_float *weights = nn_model_params(gan->discriminator, &count);
    weights[count - 1] = bias; /* of the logit */
    for (int i = 0; i < BATCH; i++) ones[i] = 1;
}

/* The same by a forward and a backward pass for each loss; returns the generator's loss. */
static nn_float one_after_the_other(dcgan *gan)
{
    nn_model *G = gan->generator, *D = gan->discriminator;
    const nn_tensor real = nn_view_f32(pixels, NN_SHAPE(REAL, DCGAN_SIDE, DCGAN_SIDE, 1));
    const nn_tensor real_is = nn_view_f32(ones, NN_SHAPE(REAL, 1)), fooled = nn_view_f32(ones, NN_SHAPE(BATCH, 1));
    const nn_tensor fake_is = nn_view_f32(zeros, NN_SHAPE(BATCH, 1));
    const nn_loss_def bce = { .type = NN_BCE_LOGITS };
    nn_float loss = 0;
    nn_fill_normal(&gan->noise, 0, 1, &gan->rng);
    const nn_tensor *fake = nn_forward(G, &gan->noise, NN_TRAIN);
    assert_non_null(fake);
    assert_non_null(nn_forward(D, &real, NN_TRAIN));
    assert_int_equal(nn_backprop(D, &bce, &real_is, NN_GRAD_PARAMS, NULL), NN_OK);
    assert_non_null(nn_forward(D, fake, NN_TRAIN));
    assert_int_equal(nn_backprop(D, &bce, &fake_is, NN_GRAD_PARAMS, NULL), NN_OK);
    assert_int_equal(nn_backprop(D, &bce, &fooled, NN_GRAD_INPUT, &loss), NN_OK);
    assert_non_null(nn_backward(G, nn_input_grad(D), NN_GRAD_PARAMS));
    return loss;
}

/* Within rounding of sums of thousands of terms, beside the largest gradient. */
static void assert_gradients(nn_model *got, nn_model *want, const char *name, nn_float bias)
{
    size_t count = 0;
    const nn_float *a = nn_model_grads(got, &count), *b = nn_model_grads(want, NULL);
    double most = 0;
    for (size_t i = 0; i < count; i++) most = fmax(most, fabs((double)b[i]));
    assert_true(most > 0);
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= 1e-5 * most))
            fail_msg("bias %g, %s: gradient %zu: expected %.9g, got %.9g", (double)bias, name, i, (double)b[i],
                     (double)a[i]);
}

/* D unsure; sure that all is real; sure that all is generated; so sure that its own gradient is lost. */
static void test_gradients(void **state)
{
    (void)state;
    static const nn_float biases[] = { 0, 15, -15, -60, -100 };
    for (size_t i = 0; i < sizeof biases / sizeof *biases; i++) {
        dcgan one, other;
        dcgan_losses losses;
        nn_error error;
        create(&one, biases[i]);
        create(&other, biases[i]);
        const nn_tensor real = nn_view_f32(pixels, NN_SHAPE(REAL, DCGAN_SIDE, DCGAN_SIDE, 1));
        if (dcgan_backprop(&one, &real, &losses, &error) != NN_OK) fail_msg("%s", error.text);
        const nn_float loss = one_after_the_other(&other);
        assert_true(losses.g_loss == (double)loss);
        assert_gradients(one.discriminator, other.discriminator, "discriminator", biases[i]);
        assert_gradients(one.generator, other.generator, "generator", biases[i]);
        dcgan_destroy(&one);
        dcgan_destroy(&other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_gradients) };
    return cmocka_run_group_tests_name("dcgan_step", tests, NULL, NULL);
}
