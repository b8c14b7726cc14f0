/* Conv2D and Conv2DTranspose over the smallest shapes that take each path; test_convolution_large.c has larger ones. */
#include <kvist/nn.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "convolution_twin.h"
#include "isas.h"
#include "one_layer.h"
#include <cmocka.h>

#define DOWN NN_CONV2D
#define UP   NN_CONV2D_TRANSPOSE

static const conv_case cases[] = {
    { DOWN, 1, 1, 1, 1, 1, { 1, 1 }, { 1, 1 }, NN_VALID, NN_LINEAR, false, PLAIN },
    { DOWN, 2, 5, 7, 3, 4, { 3, 3 }, { 1, 1 }, NN_SAME, NN_RELU, false, PLAIN },
    { DOWN, 3, 9, 6, 2, 17, { 2, 3 }, { 2, 1 }, NN_VALID, NN_TANH, false, PLAIN },
    { DOWN, 3, 6, 5, 5, 33, { 5, 5 }, { 2, 2 }, NN_SAME, NN_LINEAR, true, PLAIN },
    { DOWN, 2, 4, 3, 6, 70, { 7, 9 }, { 1, 2 }, NN_SAME, NN_SIGMOID, false, PLAIN }, /* kernel > input */
    { DOWN, 2, 11, 10, 3, 5, { 2, 2 }, { 5, 3 }, NN_SAME, NN_LINEAR, false, PLAIN }, /* stride > kernel */
    { DOWN, 2, 11, 10, 3, 5, { 1, 2 }, { 4, 3 }, NN_VALID, NN_LINEAR, false, PLAIN },
    { DOWN, 2, 6, 5, 8, 3, { 3, 2 }, { 1, 1 }, NN_VALID, NN_SOFTMAX, false, PLAIN },
    { DOWN, 2, 9, 10, 1, 64, { 5, 5 }, { 2, 2 }, NN_SAME, NN_LINEAR, false, PLAIN }, /* one channel */
    { DOWN, 3, 4, 3, 19, 66, { 3, 3 }, { 1, 1 }, NN_SAME, NN_HARD_SIGMOID, false, PLAIN },
    { DOWN, 1, 3, 4, 600, 9, { 2, 2 }, { 1, 1 }, NN_SAME, NN_LINEAR, false, PLAIN },   /* more channels than a chunk */
    { DOWN, 1, 2, 2, 62, 1100, { 2, 1 }, { 1, 1 }, NN_SAME, NN_LINEAR, false, PLAIN }, /* many filters, chunks of taps
                                                                                        */
    { DOWN, 1, 50, 47, 2, 6, { 3, 3 }, { 1, 1 }, NN_SAME, NN_RELU, false, PLAIN },     /* a sample in parts */
    { DOWN, 1, 2, 280, 1, 240, { 1, 2 }, { 1, 1 }, NN_SAME, NN_LINEAR, false, PLAIN }, /* weights by single rows */
    { DOWN, 2, 140, 2, 3, 4, { 3, 1 }, { 1, 1 }, NN_SAME, NN_LINEAR, false, PLAIN },   /* more rows than spans */
    { DOWN, 2, 1, 1, 40, 24, { 1, 1 }, { 3, 3 }, NN_SAME, NN_LINEAR, false, PLAIN },
    { UP, 1, 1, 1, 1, 1, { 1, 1 }, { 1, 1 }, NN_VALID, NN_LINEAR, false, PLAIN },
    { UP, 2, 5, 4, 3, 9, { 3, 3 }, { 2, 2 }, NN_SAME, NN_RELU, false, PLAIN },
    { UP, 3, 4, 6, 17, 20, { 5, 5 }, { 2, 2 }, NN_SAME, NN_LINEAR, true, PLAIN },
    { UP, 3, 4, 3, 5, 40, { 2, 3 }, { 3, 4 }, NN_SAME, NN_TANH, false, PLAIN }, /* stride > kernel: cells without a tap
                                                                                 */
    { UP, 3, 4, 3, 5, 2, { 2, 3 }, { 3, 4 }, NN_VALID, NN_TANH, false, PLAIN },
    { UP, 2, 4, 5, 6, 12, { 4, 3 }, { 2, 1 }, NN_VALID, NN_SIGMOID, false, PLAIN },
    { UP, 2, 2, 3, 7, 11, { 7, 8 }, { 1, 2 }, NN_SAME, NN_LINEAR, false, PLAIN }, /* kernel > image */
    { UP, 2, 20, 9, 33, 1, { 3, 3 }, { 2, 2 }, NN_SAME, NN_TANH, false, PLAIN },  /* one channel */
    { UP, 2, 30, 60, 4, 3, { 5, 5 }, { 1, 1 }, NN_SAME, NN_LINEAR, false, PLAIN },
    { UP, 1, 2, 2, 70, 65, { 3, 3 }, { 1, 1 }, NN_SAME, NN_LINEAR, false, PLAIN },
    { UP, 1, 40, 20, 3, 18, { 3, 3 }, { 2, 2 }, NN_SAME, NN_LINEAR, false, PLAIN }, /* a sample in parts */
    { UP, 2, 3, 3, 600, 9, { 2, 2 }, { 1, 1 }, NN_VALID, NN_SOFTMAX, false, PLAIN },
    { DOWN, 64, 5, 8, 33, 32, { 3, 3 }, { 1, 1 }, NN_SAME, NN_RELU, false, SQUARES }, /* squares, from here on */
    { DOWN, 64, 7, 9, 32, 35, { 5, 5 }, { 1, 1 }, NN_VALID, NN_LINEAR, true, SQUARES_DOWN },
    { UP, 64, 6, 3, 32, 36, { 5, 5 }, { 1, 1 }, NN_SAME, NN_LINEAR, true, SQUARES },
    { UP, 64, 7, 4, 34, 33, { 3, 3 }, { 1, 1 }, NN_VALID, NN_SOFTMAX, false, SQUARES },
    { DOWN, 64, 7, 16, 33, 32, { 5, 5 }, { 2, 2 }, NN_SAME, NN_RELU, false, SQUARES }, /* in phases, from here on */
    { DOWN, 64, 18, 11, 32, 35, { 5, 5 }, { 2, 2 }, NN_VALID, NN_LINEAR, true, SQUARES_DOWN },
    { UP, 64, 4, 8, 33, 34, { 5, 5 }, { 2, 2 }, NN_SAME, NN_TANH, false, SQUARES },
    { UP, 64, 7, 3, 32, 33, { 5, 5 }, { 2, 2 }, NN_VALID, NN_LINEAR, false, SQUARES_DOWN },
    { UP, 3, 15, 15, 32, 33, { 5, 5 }, { 2, 2 }, NN_VALID, NN_LINEAR, false, SQUARES_UP },
    { DOWN, 64, 9, 9, 32, 32, { 5, 5 }, { 2, 2 }, NN_SAME, NN_LINEAR, true, PLAIN }, /* squares spare too little */
    { DOWN, 65, 7, 8, 32, 32, { 5, 5 }, { 1, 2 }, NN_SAME, NN_LINEAR, true, PLAIN },
    { DOWN, 125, 1, 2, 32, 32, { 3, 5 }, { 1, 1 }, NN_SAME, NN_LINEAR, true, PLAIN },
    { DOWN, 125, 2, 1, 32, 32, { 4, 4 }, { 1, 1 }, NN_SAME, NN_LINEAR, true, PLAIN },
    { DOWN, 125, 3, 1, 32, 32, { 3, 3 }, { 2, 1 }, NN_SAME, NN_LINEAR, true, PLAIN },
    { UP, 125, 1, 2, 32, 32, { 3, 3 }, { 1, 2 }, NN_SAME, NN_LINEAR, true, PLAIN },
    { DOWN, 1, 1, 1100, 2, 3, { 1, 3 }, { 1, 1 }, NN_SAME, NN_LINEAR, false, PLAIN }, /* one long row is one part */
    { DOWN, 1, 1100, 9, 16, 3, { 3, 1 }, { INT_MAX, 1 }, NN_VALID, NN_LINEAR, false, PLAIN }, /* several parts */
};

enum { COUNT = (int)(sizeof cases / sizeof *cases) };

static void as_the_twin(void **state)
{
    check_convolutions(cases, COUNT, isa_of_test(state));
}

/* A second forward with other weights: packed kernels follow, cells that no tap reaches (stride > kernel) start anew.
 */
static void weights_change(void **state)
{
    (void)state;
    const nn_layer_def layer = { UP, .conv = { .filters = 20, .kernel = { 2 }, .stride = { 3 }, .padding = NN_SAME } };
    one_layer one, fresh;
    one_layer_run(&one, &layer, NN_SHAPE(3, 3, 4), 2, NN_EVAL, NN_ISA_BEST, 1, false, 5);
    one_layer_run(&fresh, &layer, NN_SHAPE(3, 3, 4), 2, NN_EVAL, NN_ISA_BEST, 1, false, 6);
    assert_int_equal(nn_model_copy_weights(one.model, fresh.model), NN_OK);
    const nn_tensor *y = nn_forward(one.model, &fresh.x, NN_EVAL);
    assert_non_null(y);
    assert_memory_equal(y->f32, fresh.y.f32, nn_shape_count(y->shape) * sizeof(nn_float));
    one_layer_free(&one);
    one_layer_free(&fresh);
}

/* The limits of squares: the kernels and strides they serve, what they must spare, how large their kernel may be. */
static void paths(void **state)
{
    static const struct {
        int h, w, in, filters, kernel[2], stride[2];
        conv_path path;
    } shapes[] = {
        { 12, 14, 32, 32, { 5, 5 }, { 2, 2 }, SQUARES }, /* 27 x 32 taps are 1.5 times the 4 x 144 of squares */
        { 12, 20, 32, 32, { 5, 5 }, { 2, 2 }, PLAIN },   /* 27 x 47 are not, of 6 x 144 */
        { 14, 14, 256, 256, { 3, 3 }, { 1, 1 }, SQUARES }, { 14, 14, 256, 257, { 3, 3 }, { 1, 1 }, PLAIN },
        { 14, 14, 31, 32, { 3, 3 }, { 1, 1 }, PLAIN },     { 14, 14, 32, 31, { 3, 3 }, { 1, 1 }, PLAIN },
        { 12, 12, 32, 32, { 3, 5 }, { 1, 1 }, PLAIN },     { 12, 12, 32, 32, { 4, 4 }, { 1, 1 }, PLAIN },
        { 32, 16, 32, 32, { 5, 5 }, { 2, 1 }, PLAIN },     { 32, 32, 32, 32, { 3, 3 }, { 2, 2 }, PLAIN },
        { 36, 36, 32, 32, { 5, 5 }, { 3, 3 }, PLAIN },
    };
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const nn_layer_def layer = { DOWN, .conv = { .filters = shapes[i].filters,
                                                     .kernel = { shapes[i].kernel[0], shapes[i].kernel[1] },
                                                     .stride = { shapes[i].stride[0], shapes[i].stride[1] },
                                                     .padding = NN_SAME } };
        nn_model *model = nn_model_create(&(nn_model_def){ .input = NN_SHAPE(shapes[i].h, shapes[i].w, shapes[i].in),
                                                           .max_batch = 100,
                                                           .layers = &layer,
                                                           .layer_count = 1,
                                                           .threads = 1 },
                                          NULL);
        assert_non_null(model);
        if (conv_path_of(model) != shapes[i].path) fail_msg("shape %zu: not the path that is its own", i);
        nn_model_destroy(model);
    }
}

static void *at_most_1_mb(size_t size, size_t align, void *user)
{
    (void)user;
    return size > 1 << 20 ? NULL : aligned_alloc(align, (size + align - 1) / align * align);
}

static void give_back(void *memory, void *user)
{
    (void)user;
    free(memory);
}

/* 2^64 multiplications: their number is no size, and was 0 once, by which something was divided. */
static void more_work_than_a_size(void **state)
{
    const nn_layer_def layer = { DOWN, .conv = { .filters = 1024, .kernel = { 4 }, .padding = NN_SAME } };
    const nn_allocator allocator = { .alloc = at_most_1_mb, .release = give_back };
    nn_error error = { 0 };
    (void)state;
    assert_null(nn_model_create(&(nn_model_def){ .input = NN_SHAPE(1 << 20, 1 << 20, 1024),
                                                 .max_batch = 1,
                                                 .layers = &layer,
                                                 .layer_count = 1,
                                                 .allocator = &allocator },
                                &error));
    assert_int_equal(error.status, NN_ERR_MEMORY);
}

static void assert_refused(nn_layer_type type, nn_conv_def def, nn_shape in, nn_status status, const char *text)
{
    nn_error error = { 0 };
    const nn_layer_def layer = { type, .conv = def };
    nn_model *model =
        nn_model_create(&(nn_model_def){ .input = in, .max_batch = 2, .layers = &layer, .layer_count = 1 }, &error);
    assert_null(model);
    assert_int_equal(error.status, status);
    if (!strstr(error.text, text)) fail_msg("expected \"%s\" in \"%s\"", text, error.text);
}

/* Row 64 of docs/faults.md. */
static void refusals(void **state)
{
    (void)state;
    const nn_shape in = NN_SHAPE(4, 6, 2);
    assert_refused(DOWN, (nn_conv_def){ .kernel = { 3 } }, in, NN_ERR_ARGUMENT, "filters: expected a positive");
    assert_refused(DOWN, (nn_conv_def){ .filters = 2 }, in, NN_ERR_ARGUMENT, "kernel: expected a positive");
    assert_refused(DOWN, (nn_conv_def){ .filters = 2, .kernel = { 3, -1 } }, in, NN_ERR_ARGUMENT, "kernel");
    assert_refused(DOWN, (nn_conv_def){ .filters = 2, .kernel = { 3 }, .stride = { 1, -1 } }, in, NN_ERR_ARGUMENT,
                   "stride: expected a positive number, got -1");
    assert_refused(UP, (nn_conv_def){ .filters = 2, .kernel = { 3 }, .stride = { -2 } }, in, NN_ERR_ARGUMENT, "stride");
    assert_refused(DOWN, (nn_conv_def){ .filters = 2, .kernel = { 5, 3 } }, in, NN_ERR_SHAPE,
                   "height: expected at least 5 cells for a valid window, got 4");
    assert_refused(DOWN, (nn_conv_def){ .filters = 2, .kernel = { 3, 7 } }, in, NN_ERR_SHAPE, "width");
    assert_refused(DOWN, (nn_conv_def){ .filters = 2, .kernel = { 3 }, .padding = (nn_padding)7 }, in, NN_ERR_ARGUMENT,
                   "padding");
    assert_refused(DOWN, (nn_conv_def){ .filters = 2, .kernel = { 3 }, .activation = (nn_activation)99 }, in,
                   NN_ERR_ARGUMENT, "activation");
    assert_refused(DOWN, (nn_conv_def){ .filters = 2, .kernel = { 3 } }, NN_SHAPE(4, 6), NN_ERR_SHAPE, "wants");
    assert_refused(UP, (nn_conv_def){ .filters = 2, .kernel = { 1 }, .stride = { 1 << 30 } }, in, NN_ERR_SHAPE,
                   "the output would have");
    assert_refused(DOWN, (nn_conv_def){ .filters = 2, .kernel = { 1 << 20 }, .padding = NN_SAME }, in, NN_ERR_SHAPE,
                   "too large");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_EVERY_ISA(as_the_twin), cmocka_unit_test(weights_change),
        cmocka_unit_test(paths),     cmocka_unit_test(more_work_than_a_size),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
