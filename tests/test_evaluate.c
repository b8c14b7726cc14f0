/* nn_evaluate() and nn_predict(): what they give, and what they refuse. */
#include "fitting.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_evaluate_and_predict(void **state)
{
    (void)state;
    enum { N = 7 };
    nn_float x[N][2], y[N][2], out[N][2], labels[N][2];
    nn_rng rng = { .seed = 3 };
    nn_tensor tx = nn_view_f32(x[0], NN_SHAPE(N, 2)), tout = nn_view_f32(out[0], NN_SHAPE(N, 2));
    const nn_tensor ty = nn_view_f32(y[0], NN_SHAPE(N, 2)), tl = nn_view_f32(labels[0], NN_SHAPE(N, 2));
    nn_fill_uniform(&tx, -1, 1, &rng);
    for (int i = 0; i < N; i++) y[i][0] = x[i][0], y[i][1] = 1, labels[i][0] = (nn_float)(i % 3 == 0), labels[i][1] = 1;
    const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 2 } }, { NN_DROPOUT, .dropout = { .rate = 0.5 } } };
    nn_model *model = make_model(&(nn_model_def){ .input = NN_SHAPE(2), .max_batch = 3, .seed = 5, NN_LAYERS(layers) });
    nn_error error;
    assert_int_equal(nn_predict(model, &tx, &tout, &error), NN_OK);
    double sum = 0, mean = 0, accuracy = 0;
    int right = 0, between = 0;
    for (int i = 0; i < N; i++) {
        const nn_tensor one = nn_view_f32(x[i], NN_SHAPE(1, 2));
        const nn_tensor *single = nn_forward(model, &one, NN_EVAL);
        assert_non_null(single);
        for (int k = 0; k < 2; k++) {
            assert_float_equal((float)single->f32[k], (float)out[i][k], 1e-6f);
            sum += pow((double)out[i][k] - (double)y[i][k], 2);
            right += (out[i][k] > 0) == (labels[i][k] > 0.5f);
            between += out[i][k] > 0 && out[i][k] <= 0.5f ? (labels[i][k] > 0.5f) * 2 - 1 : 0;
        }
    }
    assert_int_equal(nn_evaluate(model, &mse, NN_METRIC_DEFAULT, &tx, &ty, &mean, &accuracy, &error), NN_OK);
    assert_true(fabs(mean - sum / (2 * N)) < 1e-6);
    assert_true(isnan(accuracy));
    /* Of logits, those above 0 are ones: another count than of those above 0.5. */
    assert_true(between != 0);
    const nn_loss_def logits = { .type = NN_BCE_LOGITS };
    assert_int_equal(nn_evaluate(model, &logits, NN_METRIC_DEFAULT, &tx, &tl, NULL, &accuracy, &error), NN_OK);
    assert_true(accuracy == (double)right / (2 * N));

    const nn_tensor few = nn_view_f32(y[0], NN_SHAPE(N - 1, 2));
    nn_tensor small = nn_view_f32(out[0], NN_SHAPE(N, 1));
    assert_int_equal(nn_evaluate(model, &mse, NN_METRIC_NONE, &tx, &few, &mean, NULL, &error), NN_ERR_SHAPE);
    assert_string_equal(error.text, "y: expected 7 samples, as x has, got 6");
    assert_int_equal(nn_predict(model, &tx, &small, &error), NN_ERR_SHAPE);
    assert_string_equal(error.text, "y: expected (7, 2), got (7, 1)");
    for (int i = 0; i < 2; i++) {
        nn_tensor over = nn_view_f32(x[i], NN_SHAPE(N - 1, 2));
        const nn_tensor fewer = nn_view_f32(x[0], NN_SHAPE(N - 1, 2));
        assert_int_equal(nn_predict(model, &fewer, &over, &error), NN_ERR_ARGUMENT);
        assert_string_equal(error.text,
                            "y: expected memory of its own for 6 samples of a max_batch of 3, got that of x");
    }
    nn_float same[3][2];
    memcpy(same, x, sizeof same);
    nn_tensor batch = nn_view_f32(same[0], NN_SHAPE(3, 2)); /* one forward reads all before anything is written */
    assert_int_equal(nn_predict(model, &batch, &batch, &error), NN_OK);
    assert_memory_equal(same, out, sizeof same);
    assert_int_equal(nn_predict(model, NULL, &tout, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_predict(model, &tx, NULL, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_predict(NULL, &tx, &tout, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_evaluate(model, NULL, NN_METRIC_NONE, &tx, &ty, &mean, NULL, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_evaluate(NULL, &mse, NN_METRIC_NONE, &tx, &ty, &mean, NULL, &error), NN_ERR_ARGUMENT);
    const nn_loss_def no_loss = { .type = (nn_loss_type)99 };
    assert_int_equal(nn_evaluate(model, &no_loss, NN_METRIC_NONE, &tx, &ty, &mean, NULL, &error), NN_ERR_ARGUMENT);
    assert_string_equal(error.text, "loss: type: expected a nn_loss_type, got 99");
    x[5][1] = NAN;
    assert_int_equal(nn_evaluate(model, &mse, NN_METRIC_NONE, &tx, &ty, &mean, NULL, &error), NN_ERR_NUMERIC);
    assert_non_null(strstr(error.text, "samples 3 to 5: loss is "));
    nn_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_evaluate_and_predict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
