#include "one_layer.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

double *doubles(size_t count)
{
    double *array = calloc(count, sizeof *array);
    assert_non_null(array);
    return array;
}

static nn_tensor allocated(nn_shape shape)
{
    nn_tensor tensor;
    assert_int_equal(nn_tensor_alloc(&tensor, NN_F32, shape), NN_OK);
    return tensor;
}

static nn_tensor copied(const nn_tensor *from)
{
    const nn_tensor tensor = allocated(from->shape);
    memcpy(tensor.f32, from->f32, nn_shape_count(from->shape) * sizeof(nn_float));
    return tensor;
}

static void fill(nn_tensor *tensor, bool exact, nn_rng *rng)
{
    const size_t count = nn_shape_count(tensor->shape);
    nn_fill_normal(tensor, 0.0, 1.0, rng);
    for (size_t i = 0; i < count && exact; i++) tensor->f32[i] = (nn_float)((int)nn_random_below(rng, 5) - 2);
}

static void fill_weights(one_layer *one, nn_rng *rng)
{
    one->weights = nn_model_weight_count(one->model);
    assert_in_range(one->weights, 0, ONE_LAYER_WEIGHTS);
    for (int i = 0; i < one->weights; i++) {
        const nn_weight_info info = nn_model_weight_info(one->model, i);
        char name[128];
        strcpy(name, info.layer);
        strcat(strcat(name, "/"), info.name);
        nn_tensor grad;
        assert_int_equal(nn_model_weight(one->model, name, &one->weight[i], info.trainable ? &grad : NULL), NN_OK);
        fill(&one->weight[i], false, rng);
        const size_t count = nn_shape_count(info.shape);
        for (size_t k = 0; k < count && strcmp(info.name, "moving_variance") == 0; k++)
            one->weight[i].f32[k] = one->weight[i].f32[k] * one->weight[i].f32[k] + (nn_float)0.5;
        one->before[i] = copied(&one->weight[i]);
    }
}

void one_layer_run(one_layer *one, const nn_layer_def *layer, nn_shape in, int batch, nn_mode mode, nn_isa isa,
                   int threads, bool exact, uint64_t seed)
{
    nn_error error = { 0 };
    nn_rng rng = { seed, 77, 0 };
    *one = (one_layer){ 0 };
    /* A capacity beyond the batch: sizes planned for the one must do for the other. */
    one->model = nn_model_create(
        &(nn_model_def){
            .input = in, .max_batch = batch + 3, .layers = layer, .layer_count = 1, .threads = threads, .isa = isa },
        &error);
    if (!one->model) fail_msg("%s", error.text);
    fill_weights(one, &rng);
    nn_shape shape = { in.rank + 1, { batch } };
    memcpy(&shape.dim[1], in.dim, (size_t)in.rank * sizeof(int));
    one->x = allocated(shape);
    fill(&one->x, exact, &rng);
    const nn_tensor *y = nn_forward(one->model, &one->x, mode);
    assert_non_null(y);
    one->y = copied(y);
    one->dy = allocated(y->shape);
    fill(&one->dy, false, &rng);
    /* The first backward is there to leave its traces in the working memory. */
    assert_non_null(nn_backward(one->model, &one->dy, NN_GRAD_PARAMS | NN_GRAD_INPUT));
    nn_zero_grad(one->model);
    assert_non_null(nn_backward(one->model, &one->dy, NN_GRAD_PARAMS));
    const nn_tensor *dx = nn_backward(one->model, &one->dy, NN_GRAD_INPUT);
    assert_non_null(dx);
    one->dx = copied(dx);
    for (int i = 0; i < one->weights; i++) {
        const nn_weight_info info = nn_model_weight_info(one->model, i);
        if (!info.trainable) continue;
        const nn_tensor grad = nn_view_f32(nn_model_grads(one->model, NULL) + info.offset, info.shape);
        one->grad[i] = copied(&grad);
    }
}

void one_layer_free(one_layer *one)
{
    nn_tensor_free(&one->x);
    nn_tensor_free(&one->dy);
    nn_tensor_free(&one->y);
    nn_tensor_free(&one->dx);
    for (int i = 0; i < one->weights; i++) {
        nn_tensor_free(&one->before[i]);
        if (one->grad[i].f32) nn_tensor_free(&one->grad[i]);
    }
    nn_model_destroy(one->model);
}

static void assert_equal_bits(const nn_tensor *a, const nn_tensor *b, const char *what, const char *label)
{
    if (!a->f32) return;
    if (memcmp(a->f32, b->f32, nn_shape_count(a->shape) * sizeof(nn_float)) != 0)
        fail_msg("%s: %s differs with the number of threads", label, what);
}

void one_layer_assert_same(const one_layer *a, const one_layer *b, const char *label)
{
    assert_equal_bits(&a->y, &b->y, "y", label);
    assert_equal_bits(&a->dx, &b->dx, "dx", label);
    for (int i = 0; i < a->weights; i++) {
        assert_equal_bits(&a->weight[i], &b->weight[i], "a weight", label);
        assert_equal_bits(&a->grad[i], &b->grad[i], "a gradient", label);
    }
}

void one_layer_check_threads(const one_layer *one, const nn_layer_def *layer, nn_shape in, int batch, nn_mode mode,
                             nn_isa isa, bool exact, uint64_t seed, const char *label)
{
    static const int threads[] = { 2, 3, 4, 8 };
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        one_layer other;
        one_layer_run(&other, layer, in, batch, mode, isa, threads[i], exact, seed);
        one_layer_assert_same(one, &other, label);
        one_layer_free(&other);
    }
}

void assert_close(const nn_float *got, const double *want, const double *scale, size_t count, double tolerance,
                  const char *label)
{
    for (size_t i = 0; i < count; i++) {
        const double bound = tolerance * (scale ? scale[i] : 1.0);
        if (!(fabs((double)got[i] - want[i]) <= bound))
            fail_msg("%s: element %zu of %zu: expected %.9g, got %.9g, off by %.3g, allowed %.3g", label, i, count,
                     want[i], (double)got[i], fabs((double)got[i] - want[i]), bound);
    }
}
