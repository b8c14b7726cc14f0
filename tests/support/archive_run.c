#include "archive_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const nn_layer_def layers[] = {
    { NN_DENSE, .dense = { .units = 6, .activation = NN_RELU } },
    { NN_BATCH_NORM, .name = "norm" },
    { NN_DROPOUT, .dropout = { .rate = 0.25 } },
    { NN_DENSE, .dense = { .units = OUT, .activation = NN_SIGMOID } },
};

static nn_model *make_model(uint64_t seed)
{
    const nn_model_def def = {
        .input = NN_SHAPE(IN), .max_batch = BATCH, .seed = seed, .threads = 1, NN_LAYERS(layers)
    };
    nn_error error = { 0 };
    nn_model *model = nn_model_create(&def, &error);
    if (!model) fail_msg("%s", error.text);
    return model;
}

void begin_run(run *r, uint64_t seed)
{
    nn_error error = { 0 };
    *r = (run){ .model = make_model(seed), .rng = { seed, 7, 0 }, .count = seed << 60 | seed, .number = (double)seed };
    r->optim = nn_optim_create(
        r->model, &(nn_optim_def){ .lr = 0.01, .schedule = { NN_EXPONENTIAL_DECAY, .steps = 3, .rate = 0.9 } }, &error);
    assert_non_null(r->optim);
    for (int i = 0; i < BYTES; i++) r->bytes[i] = (unsigned char)(seed * 31 + (uint64_t)i * 77);
    r->archive = nn_archive_create(&error);
    assert_non_null(r->archive);
    nn_archive_add_model(r->archive, "model", r->model);
    nn_archive_add_optim(r->archive, "optim", r->optim);
    nn_archive_add_rng(r->archive, "noise", &r->rng);
    nn_archive_add_u64(r->archive, "count", &r->count);
    nn_archive_add_f64(r->archive, "number", &r->number);
    nn_archive_add_bytes(r->archive, "bytes", r->bytes, BYTES);
    nn_archive_add_bytes(r->archive, "none", NULL, 0);
}

void end_run(run *r)
{
    nn_archive_destroy(r->archive);
    nn_optim_destroy(r->optim);
    nn_model_destroy(r->model);
}

void train(run *r, int steps)
{
    nn_float x[BATCH * IN], y[BATCH * OUT];
    nn_tensor input = nn_view_f32(x, NN_SHAPE(BATCH, IN)), target = nn_view_f32(y, NN_SHAPE(BATCH, OUT));
    for (int i = 0; i < steps; i++) {
        nn_fill_normal(&input, 0.0, 1.0, &r->rng);
        nn_fill_uniform(&target, 0.0, 1.0, &r->rng);
        assert_non_null(nn_forward(r->model, &input, NN_TRAIN));
        assert_int_equal(nn_backprop(r->model, &(nn_loss_def){ .type = NN_BCE }, &target, NN_GRAD_PARAMS, NULL), NN_OK);
        nn_optim_step(r->optim);
        nn_zero_grad(r->model);
        r->count++;
    }
}

bool same_runs(run *a, run *b)
{
    size_t params = 0, state = 0;
    const nn_float *x = nn_model_read_params(a->model, &params), *y = nn_model_read_params(b->model, NULL);
    const nn_rng masks = nn_model_rng(a->model), other_masks = nn_model_rng(b->model);
    const double lr = nn_optim_lr(a->optim), other_lr = nn_optim_lr(b->optim);
    bool same = memcmp(x, y, params * sizeof *x) == 0 && memcmp(&masks, &other_masks, sizeof masks) == 0;
    x = nn_model_state(a->model, &state);
    y = nn_model_state(b->model, NULL);
    same = same && state > 0 && memcmp(x, y, state * sizeof *x) == 0;
    for (int i = 0; i < nn_optim_slot_count(a->optim); i++)
        same =
            same && memcmp(nn_optim_slot(a->optim, i, NULL), nn_optim_slot(b->optim, i, NULL), params * sizeof *x) == 0;
    return same && nn_optim_steps(a->optim) == nn_optim_steps(b->optim) && memcmp(&lr, &other_lr, sizeof lr) == 0 &&
           memcmp(&a->rng, &b->rng, sizeof a->rng) == 0 && a->count == b->count &&
           memcmp(&a->number, &b->number, sizeof a->number) == 0 && memcmp(a->bytes, b->bytes, BYTES) == 0;
}

void save(run *r, const char *path)
{
    nn_error error = { 0 };
    if (nn_archive_save(r->archive, path, &error) != NN_OK) fail_msg("%s", error.text);
}

void expect_refused(run *r, const char *path, nn_status status, const char *fragment)
{
    nn_error error = { 0 };
    nn_float weights[64];
    size_t params = 0;
    run before = *r;
    const nn_float *values = nn_model_read_params(r->model, &params);
    assert_in_range(params, 1, 64);
    memcpy(weights, values, params * sizeof *values);
    const nn_rng masks = nn_model_rng(r->model);
    const uint64_t steps = nn_optim_steps(r->optim);
    const nn_status got = nn_archive_load(r->archive, path, &error);
    if (got != status || !strstr(error.text, fragment)) print_error("got %d: %s\n", (int)got, error.text);
    assert_int_equal(got, status);
    assert_int_equal(error.status, status);
    assert_non_null(strstr(error.text, fragment));
    assert_non_null(strstr(error.text, path));
    assert_memory_equal(weights, values, params * sizeof *values);
    assert_int_equal(masks.counter, nn_model_rng(r->model).counter);
    assert_int_equal(steps, nn_optim_steps(r->optim));
    assert_memory_equal(&before, r, sizeof before);
}
