/* Which arrays a model takes: its own as gradients, not as inputs; and what it leaves as it was. Row 54 of
 * docs/faults.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kvist/nn.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* Gradients taken straight from the model's own arrays: dy may be its output, or the input gradient of another. */
static void test_gradient_from_own_arrays(void **state)
{
    (void)state;
    const nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = 4, .activation = NN_TANH } },
                                    { .type = NN_DENSE, .dense = { .units = 4 } } };
    nn_model *model = nn_model_create(&(nn_model_def){ .input = NN_SHAPE(4), .max_batch = 3, NN_LAYERS(layers) }, NULL);
    nn_float numbers[12], copy[12], expected[12];
    nn_rng rng = { .seed = 3 };
    nn_tensor x = nn_view_f32(numbers, NN_SHAPE(3, 4)), dy = nn_view_f32(copy, NN_SHAPE(3, 4));
    nn_fill_normal(&x, 0, 1, &rng);
    const nn_tensor *y = nn_forward(model, &x, NN_EVAL);
    memcpy(copy, y->f32, sizeof copy);
    memcpy(expected, nn_backward(model, &dy, NN_GRAD_INPUT)->f32, sizeof expected);
    assert_memory_equal(expected, nn_backward(model, y, NN_GRAD_INPUT)->f32, sizeof expected);
    assert_memory_equal(copy, y->f32, sizeof copy);

    memcpy(copy, expected, sizeof copy);
    memcpy(expected, nn_backward(model, &dy, NN_GRAD_INPUT)->f32, sizeof expected);
    dy.f32 = y->f32;
    nn_tensor own = *nn_backward(model, &dy, NN_GRAD_INPUT);
    assert_memory_equal(expected, nn_backward(model, &own, NN_GRAD_INPUT)->f32, sizeof expected);
    nn_model_destroy(model);
}

/* A last layer that works on its gradient in place does not change the caller's. */
static void test_kept_gradient_of_activation(void **state)
{
    (void)state;
    const nn_layer_def lasts[] = {
        { .type = NN_DENSE, .dense = { .units = 4, .activation = NN_TANH } },
        { .type = NN_CONV2D, .conv = { .filters = 4, .kernel = { 1, 1 }, .activation = NN_TANH } },
    };
    for (size_t i = 0; i < COUNT_OF(lasts); i++) {
        const nn_shape input = i == 0 ? NN_SHAPE(4) : NN_SHAPE(1, 1, 4);
        nn_model *model = nn_model_create(
            &(nn_model_def){ .input = input, .max_batch = 3, .layers = &lasts[i], .layer_count = 1, .seed = 2 }, NULL);
        assert_non_null(model);
        nn_float numbers[12], given[12], kept[12];
        nn_tensor x = nn_view_f32(numbers, i == 0 ? NN_SHAPE(3, 4) : NN_SHAPE(3, 1, 1, 4));
        nn_rng rng = { .seed = 4 };
        nn_fill_normal(&x, 0, 1, &rng);
        const nn_tensor *y = nn_forward(model, &x, NN_TRAIN);
        assert_non_null(y);
        nn_tensor dy = nn_view_f32(given, y->shape);
        nn_fill(&dy, 1);
        memcpy(kept, given, sizeof given);
        assert_non_null(nn_backward(model, &dy, NN_GRAD_PARAMS | NN_GRAD_INPUT));
        assert_memory_equal(given, kept, sizeof given);
        nn_model_destroy(model);
    }
}

/* An input that lies in the model's own output would be overwritten while it is read: it is refused. */
static void test_input_in_output(void **state)
{
    (void)state;
    const nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = 4, .activation = NN_TANH } } };
    nn_model *model = nn_model_create(&(nn_model_def){ .input = NN_SHAPE(4), .max_batch = 3, NN_LAYERS(layers) }, NULL);
    nn_float numbers[12] = { 1, 2, 3 };
    nn_tensor x = nn_view_f32(numbers, NN_SHAPE(3, 4));
    nn_tensor y = *nn_forward(model, &x, NN_EVAL);
    assert_null(nn_forward(model, &y, NN_EVAL));
    assert_string_equal(nn_model_error(model), "forward: the input lies in the model's own memory: copy it first");
    assert_non_null(nn_forward(model, &x, NN_EVAL));
    nn_model_destroy(model);
}

/* A gradient in the memory that the next one goes to: of one layer, of more columns than are made at once. */
static void test_gradient_in_its_place(void **state)
{
    (void)state;
    enum { N = 200, COUNT = 20 * N };
    const nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = N } } };
    nn_model *model =
        nn_model_create(&(nn_model_def){ .input = NN_SHAPE(N), .max_batch = 20, NN_LAYERS(layers) }, NULL);
    static nn_float numbers[COUNT], copy[COUNT], expected[COUNT];
    nn_tensor x = nn_view_f32(numbers, NN_SHAPE(20, N)), dy = nn_view_f32(copy, NN_SHAPE(20, N));
    nn_fill_normal(&x, 0, 1, &(nn_rng){ .seed = 4 });
    assert_non_null(nn_forward(model, &x, NN_EVAL));
    memcpy(copy, nn_backward(model, &x, NN_GRAD_INPUT)->f32, sizeof copy);
    memcpy(expected, nn_backward(model, &dy, NN_GRAD_INPUT)->f32, sizeof expected);
    const nn_tensor own = *nn_backward(model, &x, NN_GRAD_INPUT);
    assert_memory_equal(expected, nn_backward(model, &own, NN_GRAD_INPUT)->f32, sizeof expected);
    nn_model_destroy(model);
}

/* Sets and predictions in the model's memory would change while they are used: its last output, its weights. */
static void test_sets_in_the_model(void **state)
{
    (void)state;
    const nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = 4, .no_bias = true } } };
    nn_model *model = nn_model_create(&(nn_model_def){ .input = NN_SHAPE(4), .max_batch = 4, NN_LAYERS(layers) }, NULL);
    nn_optim *optim = nn_optim_create(model, &(nn_optim_def){ 0 }, NULL);
    nn_float numbers[16] = { 1, 2, 3 };
    nn_tensor x = nn_view_f32(numbers, NN_SHAPE(4, 4)), y = *nn_forward(model, &x, NN_EVAL);
    nn_tensor weights = nn_view_f32(nn_model_params(model, NULL), NN_SHAPE(4, 4));
    const nn_loss_def mse = { .type = NN_MSE };
    nn_error error;
    assert_int_equal(nn_evaluate(model, &mse, NN_METRIC_NONE, &x, &y, NULL, NULL, &error), NN_ERR_ARGUMENT);
    assert_string_equal(error.text, "y: expected memory of its own, got the model's: copy it first");
    assert_int_equal(nn_fit(model, optim, &(nn_fit_def){ .x = &x, .y = &y, .loss = mse }, &error), NN_ERR_ARGUMENT);
    assert_string_equal(error.text, "y: expected memory of its own, got the model's: copy it first");
    const nn_fit_def validated = { .x = &x, .y = &x, .val_x = &x, .val_y = &y, .loss = mse };
    assert_int_equal(nn_fit(model, optim, &validated, &error), NN_ERR_ARGUMENT);
    assert_string_equal(error.text, "val_y: expected memory of its own, got the model's: copy it first");
    const nn_fit_def drifting = { .x = &weights, .y = &x, .loss = mse };
    assert_int_equal(nn_fit(model, optim, &drifting, &error), NN_ERR_ARGUMENT);
    assert_string_equal(error.text, "x: expected memory of its own, got the model's: copy it first");
    const nn_fit_def late = { .x = &x, .y = &x, .val_x = &weights, .val_y = &x, .loss = mse };
    assert_int_equal(nn_fit(model, optim, &late, &error), NN_ERR_ARGUMENT);
    assert_string_equal(error.text, "val_x: expected memory of its own, got the model's: copy it first");
    assert_int_equal(nn_predict(model, &x, &weights, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_predict(model, &x, &y, &error), NN_ERR_ARGUMENT);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets_in_the_model),           cmocka_unit_test(test_gradient_from_own_arrays),
        cmocka_unit_test(test_kept_gradient_of_activation), cmocka_unit_test(test_input_in_output),
        cmocka_unit_test(test_gradient_in_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
