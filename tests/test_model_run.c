/*
 * Training steps of whole networks, whatever layers they have: bitwise the same for any number of threads and for the
 * same seed, close to each other on all instruction sets, without an allocation, and right after weights were changed
 * by any of the ways there are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alloc.h"
#include <kvist/nn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

enum { STEPS = 2, MOST_LAYERS = 8 };

/* Networks large enough that their work is split, with sizes that no split divides. (No bias before batch
 * normalisation: its gradient is zero, and what rounding makes of that is not to be compared.) */
typedef struct network {
    const char *name;
    nn_shape input;
    nn_dtype type;
    int batch, vocab;
    nn_loss_type loss;
    nn_layer_def layers[MOST_LAYERS];
} network;

static const network networks[] = {
    { "dense",
      NN_DIMS(129),
      NN_F32,
      67,
      0,
      NN_SPARSE_CATEGORICAL,
      { { .type = NN_DENSE, .dense = { .units = 201, .activation = NN_RELU } },
        { .type = NN_BATCH_NORM },
        { .type = NN_DROPOUT, .dropout = { 0.3 } },
        { .type = NN_DENSE, .dense = { .units = 130, .activation = NN_TANH } },
        { .type = NN_DENSE, .dense = { .units = 11, .activation = NN_SOFTMAX } } } },
    { "multi_hot",
      NN_DIMS(120),
      NN_I32,
      130,
      3001,
      NN_BCE,
      { { .type = NN_MULTI_HOT, .multi_hot = { 3001 } },
        { .type = NN_DENSE, .dense = { .units = 70, .activation = NN_RELU } }, /* fewer are one thread's work */
        { .type = NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } } } },
    { "embedding_rnn",
      NN_DIMS(37),
      NN_I32,
      67,
      501,
      NN_BCE,
      { { .type = NN_EMBEDDING, .embedding = { .vocab = 501, .dim = 33 } },
        { .type = NN_SIMPLE_RNN, .rnn = { .units = 31 } },
        { .type = NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } } } },
    { "embedding_lstm",
      NN_DIMS(29),
      NN_I32,
      67,
      501,
      NN_BCE,
      { { .type = NN_EMBEDDING, .embedding = { .vocab = 501, .dim = 32 } },
        { .type = NN_LSTM, .rnn = { .units = 33, .return_sequences = true } },
        { .type = NN_LSTM, .rnn = { .units = 20, .go_backwards = true } },
        { .type = NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } } } },
    { "gru",
      NN_DIMS(17, 9),
      NN_F32,
      67,
      0,
      NN_MSE,
      { { .type = NN_GRU, .rnn = { .units = 33, .return_sequences = true } },
        { .type = NN_GRU, .rnn = { .units = 21, .reset_before = true } },
        { .type = NN_DENSE, .dense = { .units = 3 } } } },
    { "images",
      NN_DIMS(19, 17, 3),
      NN_F32,
      13,
      0,
      NN_BCE_LOGITS,
      { { .type = NN_CONV2D,
          .conv = { .filters = 33, .kernel = { 5 }, .stride = { 2 }, .padding = NN_SAME, .no_bias = true } },
        { .type = NN_BATCH_NORM },
        { .type = NN_LEAKY_RELU },
        { .type = NN_DROPOUT, .dropout = { 0.3 } },
        { .type = NN_CONV2D, .conv = { .filters = 19, .kernel = { 3 }, .activation = NN_RELU } },
        { .type = NN_MAX_POOL2D, .pool = { .padding = NN_SAME } },
        { .type = NN_FLATTEN },
        { .type = NN_DENSE, .dense = { .units = 1 } } } },
    { "generator",
      NN_DIMS(50),
      NN_F32,
      13,
      0,
      NN_HUBER,
      { { .type = NN_DENSE, .dense = { .units = 5 * 5 * 21, .no_bias = true } },
        { .type = NN_BATCH_NORM },
        { .type = NN_LEAKY_RELU },
        { .type = NN_RESHAPE, .reshape = { NN_DIMS(5, 5, 21) } },
        { .type = NN_CONV2D_TRANSPOSE,
          .conv = { .filters = 17, .kernel = { 5 }, .stride = { 2 }, .padding = NN_SAME, .no_bias = true } },
        { .type = NN_BATCH_NORM },
        { .type = NN_AVERAGE_POOL2D },
        { .type = NN_CONV2D_TRANSPOSE,
          .conv = { .filters = 2, .kernel = { 5 }, .stride = { 2 }, .padding = NN_SAME, .activation = NN_TANH } } } },
};

/* A network at work, on data of its own. */
typedef struct trainee {
    const network *n;
    nn_model *model;
    nn_optim *optim;
    nn_tensor x, target;
    nn_float losses[STEPS];
} trainee;

static nn_shape with_batch(int batch, nn_shape sample)
{
    nn_shape shape = { .rank = sample.rank + 1, .dim = { batch } };
    memcpy(shape.dim + 1, sample.dim, (size_t)sample.rank * sizeof *sample.dim);
    return shape;
}

static void fill(nn_tensor *tensor, int below, nn_rng *rng)
{
    if (tensor->dtype == NN_F32) {
        nn_fill_uniform(tensor, below ? 0 : -1, 1, rng);
    } else {
        for (size_t i = 0; i < nn_shape_count(tensor->shape); i++)
            tensor->i32[i] = (int32_t)nn_random_below(rng, (uint32_t)below);
    }
}

static trainee begin(const network *n, int threads, nn_isa isa, uint64_t seed, const nn_allocator *allocator)
{
    trainee t = { .n = n };
    nn_model_def def = { .input = n->input,
                         .input_type = n->type,
                         .max_batch = n->batch,
                         .layers = n->layers,
                         .threads = threads,
                         .isa = isa,
                         .seed = seed,
                         .allocator = allocator };
    while (def.layer_count < MOST_LAYERS && n->layers[def.layer_count].type) def.layer_count++;
    nn_error error;
    t.model = nn_model_create(&def, &error);
    if (!t.model) fail_msg("%s: %s", n->name, error.text);
    t.optim = nn_optim_create(t.model, &(nn_optim_def){ .type = NN_RMSPROP }, &error);
    if (!t.optim) fail_msg("%s: %s", n->name, error.text);

    nn_rng rng = { .seed = 7 };
    nn_shape out = with_batch(n->batch, nn_model_output_shape(t.model));
    const int classes = out.dim[out.rank - 1];
    const bool sparse = n->loss == NN_SPARSE_CATEGORICAL;
    if (sparse) out.rank--;
    assert_int_equal(nn_tensor_alloc(&t.x, n->type, with_batch(n->batch, n->input)), NN_OK);
    assert_int_equal(nn_tensor_alloc(&t.target, sparse ? NN_I32 : NN_F32, out), NN_OK);
    fill(&t.x, n->vocab, &rng);
    fill(&t.target, classes, &rng);
    return t;
}

static void end(trainee *t)
{
    nn_optim_destroy(t->optim);
    nn_model_destroy(t->model);
    nn_tensor_free(&t->x);
    nn_tensor_free(&t->target);
}

static void step(trainee *t, nn_float *loss)
{
    const unsigned want = NN_GRAD_PARAMS | (t->n->type == NN_F32 ? NN_GRAD_INPUT : 0);
    if (!nn_forward(t->model, &t->x, NN_TRAIN) ||
        nn_backprop(t->model, &(nn_loss_def){ .type = t->n->loss }, &t->target, want, loss) != NN_OK)
        fail_msg("%s: %s", t->n->name, nn_model_error(t->model));
    nn_optim_step(t->optim);
}

static void train(trainee *t)
{
    for (int i = 0; i < STEPS; i++) step(t, &t->losses[i]);
}

/* --- comparisons -------------------------------------------------------------------------------------------------- */

static void assert_same(const char *name, const char *what, const nn_float *a, const nn_float *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(&a[i], &b[i], sizeof *a) != 0)
            fail_msg("%s: %s[%zu] of %zu: %.9g and %.9g", name, what, i, count, (double)a[i], (double)b[i]);
}

/* Weights, moving statistics, losses, gradient by the input: all that a step leaves. */
static void assert_same_training(const trainee *a, const trainee *b)
{
    size_t params, state;
    const nn_float *pa = nn_model_read_params(a->model, &params), *pb = nn_model_read_params(b->model, NULL);
    const nn_float *sa = nn_model_state(a->model, &state), *sb = nn_model_state(b->model, NULL);
    assert_same(a->n->name, "loss", a->losses, b->losses, STEPS);
    assert_same(a->n->name, "params", pa, pb, params);
    assert_same(a->n->name, "state", sa, sb, state);
    const nn_tensor *xa = nn_input_grad(a->model), *xb = nn_input_grad(b->model);
    assert_int_equal(xa != NULL, a->n->type == NN_F32);
    if (xa) assert_same(a->n->name, "input gradient", xa->f32, xb->f32, nn_shape_count(xa->shape));
}

static void assert_close(const char *name, const char *what, const nn_float *a, const nn_float *b, size_t count,
                         double tolerance)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)b[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)(a[i] - b[i])) <= tolerance * largest))
            fail_msg("%s: %s[%zu] of %zu: %.9g and %.9g, largest %.9g", name, what, i, count, (double)a[i],
                     (double)b[i], largest);
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void test_threads(void **state)
{
    const network *n = *state;
    trainee one = begin(n, 1, NN_ISA_BEST, 1, NULL);
    train(&one);
    for (int threads = 2; threads <= 8; threads += threads == 4 ? 4 : 1) {
        trainee many = begin(n, threads, NN_ISA_BEST, 1, NULL);
        train(&many);
        assert_same_training(&one, &many);
        end(&many);
    }
    end(&one);
}

static void test_seeds(void **state)
{
    const network *n = *state;
    trainee a = begin(n, 1, NN_ISA_BEST, 1, NULL), again = begin(n, 1, NN_ISA_BEST, 1, NULL);
    trainee other = begin(n, 1, NN_ISA_BEST, 2, NULL);
    train(&a);
    train(&again);
    train(&other);
    assert_same_training(&a, &again);
    assert_memory_not_equal(a.losses, other.losses, sizeof a.losses);
    end(&a);
    end(&again);
    end(&other);
}

/* One step on each instruction set that the processor has: gradients as close as float allows. */
static void test_instruction_sets(void **state)
{
    const network *n = *state;
    trainee portable = begin(n, 1, NN_ISA_PORTABLE, 1, NULL);
    size_t count;
    const nn_loss_def loss = { .type = n->loss };
    nn_float of_portable = 0, mean = 0;
    assert_non_null(nn_forward(portable.model, &portable.x, NN_TRAIN));
    assert_int_equal(nn_backprop(portable.model, &loss, &portable.target, NN_GRAD_PARAMS, &of_portable), NN_OK);
    const nn_float *expected = nn_model_grads(portable.model, &count);
    for (int isa = NN_ISA_AVX2; isa <= NN_ISA_AVX512; isa++) {
        const nn_layer_def layer = { .type = NN_FLATTEN };
        nn_model *probe = nn_model_create(
            &(nn_model_def){
                .input = NN_SHAPE(1), .max_batch = 1, .layers = &layer, .layer_count = 1, .isa = (nn_isa)isa },
            NULL);
        nn_model_destroy(probe);
        if (!probe) continue;
        trainee fast = begin(n, 1, (nn_isa)isa, 1, NULL);
        assert_non_null(nn_forward(fast.model, &fast.x, NN_TRAIN));
        assert_int_equal(nn_backprop(fast.model, &loss, &fast.target, NN_GRAD_PARAMS, &mean), NN_OK);
        assert_close(n->name, "loss", &mean, &of_portable, 1, 1e-5);
        for (int i = 0; i < nn_model_weight_count(fast.model); i++) {
            nn_weight_info info = nn_model_weight_info(fast.model, i);
            if (!info.trainable) continue;
            assert_close(info.layer, info.name, nn_model_grads(fast.model, NULL) + info.offset, expected + info.offset,
                         nn_shape_count(info.shape), 1e-4);
        }
        end(&fast);
    }
    end(&portable);
}

static void *counting_alloc(size_t size, size_t align, void *user)
{
    ++*(int *)user;
    return aligned_alloc(align, (size + align - 1) / align * align);
}

static void counting_release(void *memory, void *user)
{
    (void)user;
    free(memory);
}

/* Neither through the model's allocator nor behind its back, from the very first step on. */
static void test_no_allocation(void **state)
{
    const network *n = *state;
    int count = 0;
    const nn_allocator allocator = { counting_alloc, counting_release, &count };
    trainee t = begin(n, 2, NN_ISA_BEST, 1, &allocator);
    assert_true(count > 0);
    assert_true(alloc_calls() > 0);
    const int count_before = count;
    const size_t calls_before = alloc_calls();
    train(&t);
    assert_non_null(nn_forward(t.model, &t.x, NN_EVAL));
    nn_zero_grad(t.model);
    assert_int_equal(count, count_before);
    assert_int_equal(alloc_calls(), calls_before);
    end(&t);
}

/* The output for `x` of a model that was just made, with the weights of another. */
static void assert_forward_is_fresh(const trainee *t, const char *what)
{
    trainee fresh = begin(t->n, 1, NN_ISA_BEST, 99, NULL);
    assert_int_equal(nn_model_copy_weights(fresh.model, t->model), NN_OK);
    const nn_tensor *a = nn_forward(t->model, &t->x, NN_EVAL), *b = nn_forward(fresh.model, &t->x, NN_EVAL);
    assert_non_null(a);
    assert_non_null(b);
    assert_same(t->n->name, what, a->f32, b->f32, nn_shape_count(a->shape));
    end(&fresh);
}

/* Packed copies of weights follow every way of changing them. */
static void test_changed_weights(void **state)
{
    const network *n = *state;
    trainee t = begin(n, 1, NN_ISA_BEST, 1, NULL), other = begin(n, 1, NN_ISA_BEST, 2, NULL);
    train(&t);
    assert_forward_is_fresh(&t, "after steps");
    assert_int_equal(nn_model_blend_weights(t.model, other.model, 0.5), NN_OK);
    assert_forward_is_fresh(&t, "after a blend");
    assert_int_equal(nn_model_copy_weights(t.model, other.model), NN_OK);
    assert_forward_is_fresh(&t, "after a copy");

    /* A view stays good for writing, whatever was run since. */
    nn_weight_info info = nn_model_weight_info(t.model, 0);
    char path[128];
    nn_tensor view;
    snprintf(path, sizeof path, "%s/%s", info.layer, info.name);
    assert_int_equal(nn_model_weight(t.model, path, &view, NULL), NN_OK);
    for (int i = 0; i < 2; i++) {
        nn_fill(&view, (nn_float)0.01 * (nn_float)(i + 1));
        assert_forward_is_fresh(&t, "after a write");
    }
    end(&t);
    end(&other);
}

/* A sample's output does not depend on who else is in the batch, and a small batch after a large one finds no remains.
 */
static void test_smaller_batch(void **state)
{
    const network *n = *state;
    trainee t = begin(n, 1, NN_ISA_BEST, 1, NULL), fresh = begin(n, 1, NN_ISA_BEST, 1, NULL);
    train(&t);
    assert_int_equal(nn_model_copy_weights(fresh.model, t.model), NN_OK);
    t.x.shape.dim[0] = 3;
    nn_float whole[4096];
    const nn_tensor *y = nn_forward(fresh.model, &fresh.x, NN_EVAL);
    assert_non_null(y);
    const size_t count = nn_shape_count(y->shape) / (size_t)n->batch * 3;
    assert_true(count <= COUNT_OF(whole));
    memcpy(whole, y->f32, count * sizeof *whole);
    y = nn_forward(t.model, &t.x, NN_EVAL);
    assert_non_null(y);
    assert_int_equal(y->shape.dim[0], 3);
    assert_close(n->name, "first samples", y->f32, whole, count, 1e-5);
    end(&t);
    end(&fresh);
}

/* A caller's gradient stays as it is, whether the last layer takes it where it stands or a copy. */
static void test_kept_gradient(void **state)
{
    const network *n = *state;
    trainee t = begin(n, 2, NN_ISA_BEST, 1, NULL);
    const nn_tensor *y = nn_forward(t.model, &t.x, NN_TRAIN);
    assert_non_null(y);
    const size_t count = nn_shape_count(y->shape);
    nn_float given[4096], kept[4096];
    assert_true(count <= COUNT_OF(given));
    nn_tensor dy = nn_view_f32(given, y->shape);
    nn_rng rng = { .seed = 9 };
    nn_fill_normal(&dy, 0, 1, &rng);
    memcpy(kept, given, count * sizeof *given);
    assert_non_null(nn_backward(t.model, &dy, NN_GRAD_PARAMS | (n->type == NN_F32 ? NN_GRAD_INPUT : 0)));
    assert_same(n->name, "dy", given, kept, count);
    end(&t);
}

/* LLVM's OpenMP runtime keeps what it allocated for teams of other sizes; AddressSanitizer asks here what to overlook.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libomp\n";
}

/* --- the program -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    CMUnitTestFunction run;
} checks[] = {
    { "threads", test_threads },
    { "seeds", test_seeds },
    { "instruction_sets", test_instruction_sets },
    { "no_allocation", test_no_allocation },
    { "changed_weights", test_changed_weights },
    { "smaller_batch", test_smaller_batch },
    { "kept_gradient", test_kept_gradient },
};

int main(void)
{
    enum { PRODUCT = COUNT_OF(networks) * COUNT_OF(checks) };
    struct CMUnitTest tests[PRODUCT];
    static char names[PRODUCT][64];
    for (size_t i = 0; i < PRODUCT; i++) {
        const network *n = &networks[i / COUNT_OF(checks)];
        const size_t check = i % COUNT_OF(checks);
        snprintf(names[i], sizeof names[i], "%s: %s", n->name, checks[check].name);
        tests[i] = (struct CMUnitTest){ .name = names[i],
                                        .test_func = checks[check].run,
                                        .initial_state = (void *)(uintptr_t)n };
    }
    return _cmocka_run_group_tests("model_run", tests, COUNT_OF(tests), NULL, NULL);
}
