/* Single layers, where goldens do not ask: what dropout draws, and Dueling's values to the bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kvist/nn.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* The generator of dropout can be kept and given back. */
static void test_dropout_generator(void **state)
{
    (void)state;
    const nn_layer_def layer = { .type = NN_DROPOUT, .dropout = { 0.5 } };
    nn_model *model = nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(64), .max_batch = 2, .layers = &layer, .layer_count = 1, .seed = 5 }, NULL);
    nn_float ones[128], first[128];
    nn_tensor x = nn_view_f32(ones, NN_SHAPE(2, 64));
    nn_fill(&x, 1);
    const nn_rng kept = nn_model_rng(model);
    memcpy(first, nn_forward(model, &x, NN_TRAIN)->f32, sizeof first);
    assert_memory_not_equal(first, nn_forward(model, &x, NN_TRAIN)->f32, sizeof first);
    assert_memory_equal(ones, nn_forward(model, &x, NN_EVAL)->f32, sizeof ones);
    nn_model_set_rng(model, kept);
    assert_memory_equal(first, nn_forward(model, &x, NN_TRAIN)->f32, sizeof first);
    int zeros = 0;
    for (size_t i = 0; i < COUNT_OF(first); i++) {
        assert_true(first[i] == 0 || first[i] == 2);
        zeros += first[i] == 0;
    }
    assert_in_range(zeros, 40, 88);
    nn_model_destroy(model);
}

/* A rate of 0 drops nothing, in training either. */
static void test_dropout_of_nothing(void **state)
{
    (void)state;
    const nn_layer_def layer = { .type = NN_DROPOUT };
    nn_model *model = nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(8), .max_batch = 2, .layers = &layer, .layer_count = 1 }, NULL);
    nn_float numbers[16];
    nn_tensor x = nn_view_f32(numbers, NN_SHAPE(2, 8));
    nn_rng rng = { .seed = 3 };
    nn_fill_normal(&x, 0, 1, &rng);
    assert_memory_equal(numbers, nn_forward(model, &x, NN_TRAIN)->f32, sizeof numbers);
    assert_memory_equal(numbers, nn_backward(model, &x, NN_GRAD_INPUT)->f32, sizeof numbers);
    nn_model_destroy(model);
}

/* Q = V + A - mean A; dV = sum dQ, dA = dQ - mean dQ; here V = sum x, A = relu(x). */
static void test_dueling(void **state)
{
    (void)state;
    const nn_layer_def layers[] = { { .type = NN_DENSE,
                                      .dense = { .units = 1, .no_bias = true, .kernel_init = NN_ONES } },
                                    { .type = NN_ACTIVATION, .activation = { NN_RELU }, .from = { NN_INPUT } },
                                    { .type = NN_DUELING, .from = { 1, 2 } } };
    nn_float numbers[] = { 1, 2, 6, 3, 0, -3 }, upstream[] = { 0, 1, 5, 3, -1, -2 };
    static const nn_float q[] = { 7, 8, 12, 2, -1, -1 }, dx[] = { 4, 5, 9, 3, 0, 0 };
    const nn_tensor x = nn_view_f32(numbers, NN_SHAPE(2, 3)), dy = nn_view_f32(upstream, NN_SHAPE(2, 3));
    nn_model *model = nn_model_create(&(nn_model_def){ .input = NN_SHAPE(3), .max_batch = 2, NN_LAYERS(layers) }, NULL);
    assert_non_null(model);
    assert_memory_equal(nn_forward(model, &x, NN_EVAL)->f32, q, sizeof q);
    assert_memory_equal(nn_backward(model, &dy, NN_GRAD_INPUT)->f32, dx, sizeof dx);
    nn_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dropout_generator),
        cmocka_unit_test(test_dropout_of_nothing),
        cmocka_unit_test(test_dueling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
