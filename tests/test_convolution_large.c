/* Conv2D and Conv2DTranspose over shapes as large as those of networks; test_convolution.c has a small one for each
 * path. */
#include <kvist/nn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "convolution_twin.h"
#include "isas.h"
#include <cmocka.h>

#define DOWN NN_CONV2D
#define UP   NN_CONV2D_TRANSPOSE

static const conv_case cases[] = {
    { DOWN, 7, 14, 14, 5, 33, { 5, 5 }, { 2, 2 }, NN_SAME, NN_LINEAR, true, PLAIN },
    { DOWN, 5, 28, 28, 1, 64, { 5, 5 }, { 2, 2 }, NN_SAME, NN_LINEAR, false, PLAIN }, /* one channel */
    { DOWN, 9, 7, 7, 19, 66, { 3, 3 }, { 1, 1 }, NN_SAME, NN_HARD_SIGMOID, false, PLAIN },
    { DOWN, 2, 3, 3, 130, 600, { 3, 3 }, { 1, 1 }, NN_SAME, NN_LINEAR, false, PLAIN }, /* many filters */
    { UP, 6, 14, 14, 64, 1, { 5, 5 }, { 2, 2 }, NN_SAME, NN_TANH, false, PLAIN },      /* one channel */
    { UP, 2, 7, 7, 256, 65, { 5, 5 }, { 1, 1 }, NN_SAME, NN_LINEAR, false, PLAIN },
    { DOWN, 7, 19, 13, 33, 40, { 3, 3 }, { 1, 1 }, NN_SAME, NN_RELU, false, PLAIN }, /* too few squares */
    /* the gradient by the kernel: blocks of some rows; samples with rows that no tap meets */
    { DOWN, 2, 40, 40, 32, 16, { 4, 4 }, { 1, 1 }, NN_SAME, NN_LINEAR, true, PLAIN },
    { DOWN, 7, 9, 11, 34, 96, { 5, 5 }, { 3, 3 }, NN_VALID, NN_LINEAR, false, PLAIN },
    { DOWN, 1, 20, 64, 128, 16, { 4, 4 }, { 1, 1 }, NN_SAME, NN_LINEAR, true, PLAIN }, /* long rows */
    { DOWN, 11, 19, 13, 33, 40, { 3, 3 }, { 1, 1 }, NN_SAME, NN_RELU, false, SQUARES },
    { DOWN, 64, 8, 11, 32, 35, { 5, 5 }, { 1, 1 }, NN_VALID, NN_LINEAR, true, SQUARES },
    { DOWN, 65, 6, 8, 40, 32, { 5, 5 }, { 1, 1 }, NN_SAME, NN_TANH, false, SQUARES },
    { UP, 33, 7, 7, 40, 36, { 5, 5 }, { 1, 1 }, NN_SAME, NN_LINEAR, true, SQUARES },
    { UP, 64, 5, 9, 70, 33, { 3, 3 }, { 1, 1 }, NN_VALID, NN_SOFTMAX, false, SQUARES },
    { DOWN, 33, 14, 14, 64, 40, { 5, 5 }, { 2, 2 }, NN_SAME, NN_LINEAR, false, SQUARES },
    { DOWN, 17, 17, 29, 33, 66, { 5, 5 }, { 2, 2 }, NN_SAME, NN_LINEAR, false, SQUARES },
    { UP, 33, 7, 7, 70, 40, { 5, 5 }, { 2, 2 }, NN_SAME, NN_LINEAR, true, SQUARES },
};

enum { COUNT = (int)(sizeof cases / sizeof *cases) };

static void as_the_twin(void **state)
{
    check_convolutions(cases, COUNT, isa_of_test(state));
}

/* Of a model of one layer over the input. */
static size_t memory_of(const nn_layer_def *layer, nn_shape input, int threads, nn_isa isa)
{
    const nn_model_def def = {
        .input = input, .max_batch = 1, .threads = threads, .isa = isa, .layers = layer, .layer_count = 1
    };
    nn_error error = { 0 };
    nn_model *model = nn_model_create(&def, &error);
    if (!model) fail_msg("%s", error.text);
    const size_t memory = nn_model_memory(model);
    nn_model_destroy(model);
    return memory;
}

/* A worker's scratch memory stays small where a row of the map meets a whole image, or a block many images. */
static void workers_need_little(void **state)
{
    enum { THREADS = 8, MOST = 2 << 20 };
    const nn_layer_def tall = { NN_CONV2D, .conv = { .filters = 8, .kernel = { 512, 1 }, .padding = NN_SAME } };
    const nn_layer_def apart = { NN_CONV2D, .conv = { .filters = 64, .kernel = { 20, 20 }, .stride = { 20, 20 } } };
    const nn_isa isa = isa_of_test(state);
    const nn_shape high = NN_SHAPE(512, 64, 64), wide = NN_SHAPE(60, 60, 32);
    assert_true(memory_of(&tall, high, THREADS, isa) - memory_of(&tall, high, 1, isa) < (THREADS - 1) * MOST);
    assert_true(memory_of(&apart, wide, THREADS, isa) - memory_of(&apart, wide, 1, isa) < (THREADS - 1) * MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EVERY_ISA(as_the_twin), TEST_EVERY_ISA(workers_need_little) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
