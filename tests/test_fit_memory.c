/* Training allocates before its first step and not in one: counted by an allocator and by malloc itself. */
#include "alloc.h"
#include <kvist/nn.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* An allocator that counts, and fails at one call. */
typedef struct counter {
    int made, live, fail_at;
} counter;

static void *count_alloc(size_t size, size_t align, void *user)
{
    counter *c = user;
    if (++c->made == c->fail_at) return NULL;
    c->live++;
    return aligned_alloc(align, (size + align - 1) / align * align);
}

static void count_release(void *memory, void *user)
{
    ((counter *)user)->live -= memory != NULL;
    free(memory);
}

enum { SAMPLES = 10, TIME = 5, VOCAB = 9 };

static int32_t ids[SAMPLES][TIME];
static nn_float labels[SAMPLES];

static nn_model *make_model(counter *c)
{
    const nn_layer_def layers[] = { { NN_EMBEDDING, .embedding = { .vocab = VOCAB, .dim = 3 } },
                                    { .type = NN_FLATTEN },
                                    { NN_DENSE, .dense = { .units = 8, .activation = NN_RELU } },
                                    { NN_DROPOUT, .dropout = { .rate = 0.2 } },
                                    { NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } } };
    const nn_allocator allocator = { count_alloc, count_release, c };
    const nn_model_def def = {
        .input = NN_SHAPE(TIME), .input_type = NN_I32, .max_batch = 4, .allocator = &allocator, NN_LAYERS(layers)
    };
    for (int i = 0; i < SAMPLES * TIME; i++) ids[i / TIME][i % TIME] = i * 5 % VOCAB;
    for (int i = 0; i < SAMPLES; i++) labels[i] = (nn_float)(i % 2);
    nn_model *model = nn_model_create(&def, NULL);
    assert_non_null(model);
    return model;
}

/* What had been allocated at the first batch and at the last. */
typedef struct watch {
    const counter *counter;
    int first_made, last_made, batches;
    size_t first_malloc, last_malloc;
} watch;

static bool on_batch(const nn_progress *p, void *user)
{
    watch *w = user;
    (void)p;
    if (w->batches++ == 0) w->first_made = w->counter->made, w->first_malloc = alloc_calls();
    w->last_made = w->counter->made, w->last_malloc = alloc_calls();
    return true;
}

static void test_no_allocation_in_a_step(void **state)
{
    (void)state;
    counter c = { 0 };
    nn_model *model = make_model(&c);
    nn_optim *optim = nn_optim_create(model, &(nn_optim_def){ .clip_norm = 1 }, NULL);
    assert_non_null(optim);
    const int before = c.live;
    const nn_tensor x = nn_view_i32(ids[0], NN_SHAPE(SAMPLES, TIME)), y = nn_view_f32(labels, NN_SHAPE(SAMPLES, 1));
    watch w = { .counter = &c };
    const nn_fit_def def = { .x = &x,
                             .y = &y,
                             .loss = { .type = NN_BCE },
                             .epochs = 3,
                             .batch = 3,
                             .val_split = 0.3,
                             .restore_best = true,
                             .on_batch = on_batch,
                             .user = &w };
    assert_int_equal(nn_fit(model, optim, &def, NULL), NN_OK);
    assert_int_equal(w.batches, 9);
    assert_true(w.first_made > 0 && w.first_malloc > 0); /* the counters count */
    assert_int_equal(w.last_made, w.first_made);
    assert_int_equal(w.last_malloc, w.first_malloc);
    assert_int_equal(c.live, before);

    /* The tiers below, evaluation and prediction allocate nothing at all. */
    nn_float out[SAMPLES], mean = 0;
    nn_tensor all = nn_view_f32(out, NN_SHAPE(SAMPLES, 1));
    const nn_tensor part = nn_view_i32(ids[0], NN_SHAPE(4, TIME)), target = nn_view_f32(labels, NN_SHAPE(4, 1));
    const int made = c.made;
    const size_t mallocs = alloc_calls();
    for (int i = 0; i < 5; i++) {
        assert_non_null(nn_forward(model, &part, NN_TRAIN));
        assert_int_equal(nn_backprop(model, &def.loss, &target, NN_GRAD_PARAMS, &mean), NN_OK);
        nn_optim_step(optim);
        assert_int_equal(nn_evaluate(model, &def.loss, NN_METRIC_DEFAULT, &x, &y, NULL, NULL, NULL), NN_OK);
        assert_int_equal(nn_predict(model, &x, &all, NULL), NN_OK);
    }
    assert_int_equal(c.made, made);
    assert_int_equal(alloc_calls(), mallocs);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
    assert_int_equal(c.live, 0);
}

/* Each allocation of nn_fit() fails once: an error, no leak, and the model trains on. */
static void test_out_of_memory(void **state)
{
    (void)state;
    counter c = { 0 };
    nn_model *model = make_model(&c);
    nn_optim *optim = nn_optim_create(model, &(nn_optim_def){ 0 }, NULL);
    assert_non_null(optim);
    const nn_tensor x = nn_view_i32(ids[0], NN_SHAPE(SAMPLES, TIME)), y = nn_view_f32(labels, NN_SHAPE(SAMPLES, 1));
    const nn_fit_def def = { .x = &x, .y = &y, .loss = { .type = NN_BCE }, .batch = 3 };
    const int before = c.live;
    int failed = 0;
    for (nn_status status = NN_ERR_MEMORY; status != NN_OK; failed++) {
        nn_error error;
        c.made = 0;
        c.fail_at = failed + 1;
        status = nn_fit(model, optim, &def, &error);
        if (status == NN_OK) break;
        assert_int_equal(status, NN_ERR_MEMORY);
        assert_int_equal(error.status, NN_ERR_MEMORY);
        assert_int_equal(c.live, before);
    }
    assert_int_equal(failed, 1);
    c.fail_at = 0;
    nn_optim_destroy(optim);
    nn_model_destroy(model);
    assert_int_equal(c.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_allocation_in_a_step),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
