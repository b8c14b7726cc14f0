/* Checkpoints of nn_fit(): a run that was stopped and taken up again comes to the very numbers of one that was not. */
#include "forged.h"
#include "temp.h"
#include <kvist/nn.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SAMPLES = 23, FEATURES = 4, EPOCHS = 6, BATCH = 5, BATCHES = 4, MAX_WEIGHTS = 128 };

/* Everything that a run leaves behind. */
typedef struct outcome {
    nn_status status;
    nn_error error;
    int done;
    nn_progress history[EPOCHS];
    nn_float params[MAX_WEIGHTS], slots[2][MAX_WEIGHTS], state[MAX_WEIGHTS];
    size_t param_count, state_count;
    uint64_t steps;
    double lr;
    nn_rng rng;
} outcome;

/* Stops after `stop_at` batches of this call (0: never), or after an epoch; lowers the learning rate after epoch 2. */
typedef struct control {
    int batches, stop_at, stop_after_epoch;
    nn_optim *optim;
    const char *killed; /* NULL, or a file that the first batch copies the checkpoint to: what a kill would leave */
    const char *checkpoint;
    const temp_folder *folder;
} control;

static bool on_batch(const nn_progress *p, void *user)
{
    control *c = user;
    (void)p;
    c->batches++;
    if (c->killed && c->batches == 1) {
        size_t size = 0;
        unsigned char *bytes = temp_read(c->checkpoint, &size);
        temp_write(c->folder, c->killed, bytes, size);
        free(bytes);
    }
    return c->batches != c->stop_at;
}

static bool on_epoch(const nn_progress *p, void *user)
{
    control *c = user;
    if (p->epoch == 2) assert_int_equal(nn_optim_set_lr(c->optim, 0.005), NN_OK);
    return p->epoch != c->stop_after_epoch;
}

static void fill_data(nn_tensor *x, nn_tensor *y)
{
    nn_rng rng = { .seed = 11 };
    nn_fill_uniform(x, -1, 1, &rng);
    for (int i = 0; i < SAMPLES; i++) y->f32[i] = x->f32[i * FEATURES] * x->f32[i * FEATURES + 1] > 0 ? 1 : 0;
}

/* A new process, as far as the library can tell: new model, new optimiser, one call. */
static void run(const nn_fit_def *with, control c, outcome *out)
{
    nn_float data[SAMPLES * FEATURES], labels[SAMPLES];
    nn_tensor x = nn_view_f32(data, NN_SHAPE(SAMPLES, FEATURES)), y = nn_view_f32(labels, NN_SHAPE(SAMPLES, 1));
    fill_data(&x, &y);
    const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 8, .activation = NN_TANH } },
                                    { NN_DROPOUT, .dropout = { .rate = 0.3 } },
                                    { NN_BATCH_NORM, .batch_norm = { .momentum = 0.8 } },
                                    { NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } } };
    const nn_model_def model_def = {
        .input = NN_SHAPE(FEATURES), .max_batch = 8, .seed = 1, .threads = 1, NN_LAYERS(layers)
    };
    *out = (outcome){ .done = -1 };
    nn_model *model = nn_model_create(&model_def, &out->error);
    assert_non_null(model);
    nn_optim *optim = nn_optim_create(model, &(nn_optim_def){ .type = NN_RMSPROP, .lr = 0.01, .momentum = 0.5 }, NULL);
    assert_non_null(optim);
    c.optim = optim;

    nn_fit_def def = *with;
    def.x = &x;
    def.y = &y;
    def.loss.type = NN_BCE;
    def.val_split = 0.2; /* int(23 * 0.8) = 18: batches of 5, 5, 5, 3 */
    def.batch = def.batch ? def.batch : BATCH;
    def.epochs = def.epochs ? def.epochs : EPOCHS;
    def.seed = def.seed ? def.seed : 3;
    def.on_batch = on_batch;
    def.on_epoch = on_epoch;
    def.user = &c;
    def.history = out->history;
    def.epochs_done = &out->done;
    out->status = nn_fit(model, optim, &def, &out->error);

    const nn_float *params = nn_model_read_params(model, &out->param_count);
    const nn_float *state = nn_model_state(model, &out->state_count);
    assert_true(out->param_count <= MAX_WEIGHTS && out->state_count <= MAX_WEIGHTS);
    memcpy(out->params, params, out->param_count * sizeof(nn_float));
    memcpy(out->state, state, out->state_count * sizeof(nn_float));
    for (int s = 0; s < 2; s++)
        memcpy(out->slots[s], nn_optim_slot(optim, s, NULL), out->param_count * sizeof(nn_float));
    out->steps = nn_optim_steps(optim);
    out->lr = nn_optim_lr(optim);
    out->rng = nn_model_rng(model);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

static void assert_status(const outcome *o, nn_status want)
{
    if (o->status != want) fail_msg("expected %s: %s", nn_status_string(want), o->error.text);
}

/* Bit for bit, but for the seconds. */
static void assert_same(const outcome *a, const outcome *b)
{
    assert_int_equal(a->done, b->done);
    assert_true(a->steps == b->steps);
    assert_true(a->lr == b->lr);
    assert_memory_equal(&a->rng, &b->rng, sizeof a->rng);
    assert_memory_equal(a->params, b->params, sizeof a->params);
    assert_memory_equal(a->slots, b->slots, sizeof a->slots);
    assert_memory_equal(a->state, b->state, sizeof a->state);
    for (int e = 0; e < a->done; e++) {
        const nn_progress *p = &a->history[e], *q = &b->history[e];
        assert_int_equal(p->epoch, q->epoch);
        assert_int_equal(p->epochs, q->epochs);
        assert_int_equal(p->batch, q->batch);
        assert_int_equal(p->batches, q->batches);
        assert_true(p->loss == q->loss && p->accuracy == q->accuracy);
        assert_true(p->val_loss == q->val_loss && p->val_accuracy == q->val_accuracy);
    }
}

/* Stops after each number of batches in turn, in mid-epoch and between epochs, and goes on. Row 47. */
static void test_stopped_anywhere(void **state)
{
    (void)state;
    outcome whole, part, rest;
    for (int restore = 0; restore < 2; restore++) {
        nn_fit_def def = { .restore_best = restore };
        run(&def, (control){ 0 }, &whole);
        assert_status(&whole, NN_OK);
        assert_int_equal(whole.done, EPOCHS);
        for (int stop = 1; stop <= EPOCHS * BATCHES; stop += 3) {
            temp_folder folder;
            temp_make(&folder);
            def.checkpoint = temp_path(&folder, "c.safetensors");
            def.resume = true; /* no file yet: from the start */
            run(&def, (control){ .stop_at = stop }, &part);
            assert_status(&part, NN_STOPPED);
            assert_int_equal(part.done, (stop - 1) / BATCHES);
            run(&def, (control){ 0 }, &rest);
            assert_status(&rest, NN_OK);
            assert_same(&rest, &whole);
            temp_remove(&folder);
        }
    }
}

static void test_stopped_after_an_epoch(void **state)
{
    (void)state;
    outcome whole, part, rest;
    temp_folder folder;
    temp_make(&folder);
    run(&(nn_fit_def){ .restore_best = true, .patience = 4 }, (control){ 0 }, &whole);
    const nn_fit_def def = { .restore_best = true,
                             .patience = 4,
                             .checkpoint = temp_path(&folder, "c.safetensors"),
                             .best = temp_path(&folder, "b.safetensors"),
                             .checkpoint_every = 3,
                             .resume = true };
    run(&def, (control){ .stop_after_epoch = 2 }, &part);
    assert_status(&part, NN_STOPPED);
    assert_int_equal(part.done, 2);
    run(&def, (control){ .stop_after_epoch = 4, .stop_at = 7 }, &part);
    assert_int_equal(part.done, 3);
    run(&def, (control){ 0 }, &rest);
    assert_status(&rest, NN_OK);
    assert_same(&rest, &whole);

    /* A finished run is not trained further, and its best epoch is there again. */
    run(&def, (control){ 0 }, &rest);
    assert_status(&rest, NN_OK);
    assert_same(&rest, &whole);

    /* The file of the best epoch's model holds what was restored. */
    nn_error error;
    nn_model *best = nn_model_load(def.best, "model", NULL, &error);
    if (!best) fail_msg("%s", error.text);
    assert_memory_equal(nn_model_read_params(best, NULL), whole.params, whole.param_count * sizeof(nn_float));
    nn_model_destroy(best);
    temp_remove(&folder);
}

/* The last epoch is kept even if no checkpoint was due then. */
static void test_kept_at_the_end(void **state)
{
    (void)state;
    outcome whole, again;
    temp_folder folder;
    temp_make(&folder);
    const nn_fit_def def = { .checkpoint = temp_path(&folder, "c.safetensors"), .checkpoint_every = 4, .resume = true };
    run(&def, (control){ 0 }, &whole);
    assert_status(&whole, NN_OK);
    control untouched = { .stop_at = 1 }; /* there is no batch left to stop at */
    run(&def, untouched, &again);
    assert_status(&again, NN_OK);
    assert_same(&again, &whole);
    temp_remove(&folder);
}

/* A new run in an old one's place, killed in its first epoch: what is resumed is the new one. */
static void test_killed_at_its_start(void **state)
{
    (void)state;
    outcome whole, rest;
    temp_folder folder;
    temp_make(&folder);
    nn_fit_def def = { .checkpoint = temp_path(&folder, "c.safetensors"), .epochs = 2 };
    run(&def, (control){ 0 }, &rest);
    def.seed = 9;
    run(&def, (control){ .killed = "k.safetensors", .checkpoint = def.checkpoint, .folder = &folder }, &whole);
    assert_status(&whole, NN_OK);
    def = (nn_fit_def){ .checkpoint = temp_path(&folder, "k.safetensors"), .epochs = 2, .seed = 9, .resume = true };
    run(&def, (control){ 0 }, &rest);
    assert_status(&rest, NN_OK);
    assert_same(&rest, &whole);
    temp_remove(&folder);
}

/* More epochs than were asked for at first. */
static void test_longer(void **state)
{
    (void)state;
    outcome whole, part, rest;
    temp_folder folder;
    temp_make(&folder);
    nn_fit_def def = { 0 };
    run(&def, (control){ 0 }, &whole);
    def = (nn_fit_def){ .checkpoint = temp_path(&folder, "c.safetensors"), .resume = true, .epochs = 3 };
    run(&def, (control){ 0 }, &part);
    assert_status(&part, NN_OK);
    def.epochs = EPOCHS;
    run(&def, (control){ 0 }, &rest);
    assert_same(&rest, &whole);

    def.epochs = 2;
    run(&def, (control){ 0 }, &rest);
    assert_status(&rest, NN_ERR_MISMATCH);
    assert_string_equal(rest.error.text, "resume: epochs: expected at least 6, as in the checkpoint, got 2");
    assert_true(rest.steps == 0); /* nothing was loaded */

    /* Without resume a run starts anew, whatever lies there. */
    def = (nn_fit_def){ .checkpoint = def.checkpoint };
    run(&def, (control){ 0 }, &rest);
    assert_status(&rest, NN_OK);
    assert_same(&rest, &whole);
    temp_remove(&folder);
}

/* In mid-epoch what is left of the shuffle belongs to the same data, batch and seed. */
static void test_other_settings(void **state)
{
    (void)state;
    outcome part, rest;
    temp_folder folder;
    temp_make(&folder);
    const nn_fit_def def = { .checkpoint = temp_path(&folder, "c.safetensors"), .resume = true };
    run(&def, (control){ .stop_at = BATCHES + 2 }, &part);
    assert_status(&part, NN_STOPPED);

    nn_fit_def other = def;
    other.checkpoint = forge_u64(&folder, def.checkpoint, "fit.set.samples", 17);
    run(&other, (control){ 0 }, &rest);
    assert_status(&rest, NN_ERR_MISMATCH);
    assert_string_equal(rest.error.text, "resume: samples: expected 17, as in the checkpoint, got 18");
    other = def;
    other.batch = 4;
    run(&other, (control){ 0 }, &rest);
    assert_status(&rest, NN_ERR_MISMATCH);
    assert_string_equal(rest.error.text, "resume: batch: expected 5, as in the checkpoint, got 4");
    other = def;
    other.seed = 9;
    run(&other, (control){ 0 }, &rest);
    assert_string_equal(rest.error.text, "resume: seed: expected 3, as in the checkpoint, got 9");
    other = def;
    other.no_shuffle = true;
    run(&other, (control){ 0 }, &rest);
    assert_string_equal(rest.error.text, "resume: shuffled: expected 1, as in the checkpoint, got 0");
    other = def;
    other.monitor = NN_MONITOR_ACCURACY;
    run(&other, (control){ 0 }, &rest);
    assert_string_equal(rest.error.text, "resume: monitor: expected 3, as in the checkpoint, got 2");
    other = def;
    other.epochs = 1;
    run(&other, (control){ 0 }, &rest);
    assert_string_equal(rest.error.text, "resume: epochs: expected at least 2, as in the checkpoint, got 1");
    other = def;
    other.restore_best = true; /* the file has no best weights */
    run(&other, (control){ 0 }, &rest);
    assert_status(&rest, NN_ERR_MISMATCH);
    assert_true(rest.steps == 0);
    temp_remove(&folder);
}

/* A batch beyond the epoch, as no run of ours saves it. The last one is right: only what follows the epoch is left. */
static void test_batch_beyond_the_epoch(void **state)
{
    (void)state;
    outcome part, rest;
    temp_folder folder;
    temp_make(&folder);
    nn_fit_def def = { .checkpoint = temp_path(&folder, "c.safetensors") };
    run(&def, (control){ .stop_at = BATCHES + 2 }, &part);
    assert_status(&part, NN_STOPPED);
    def.resume = true;
    def.checkpoint = forge_u64(&folder, temp_path(&folder, "c.safetensors"), "fit.batch", BATCHES + 1);
    run(&def, (control){ 0 }, &rest);
    assert_status(&rest, NN_ERR_FORMAT);
    assert_string_equal(rest.error.text, "resume: batch: expected at most 4, got 5");
    assert_true(rest.steps == 0); /* nothing was loaded */
    def.checkpoint = forge_u64(&folder, temp_path(&folder, "c.safetensors"), "fit.batch", BATCHES);
    run(&def, (control){ 0 }, &rest);
    assert_status(&rest, NN_OK);
    assert_true(rest.steps == part.steps + (EPOCHS - 2) * BATCHES);
    temp_remove(&folder);
}

/* A best epoch that is still to come, or whose number is none, as no run of ours saves it. */
static void test_best_of_the_future(void **state)
{
    (void)state;
    outcome part, rest;
    temp_folder folder;
    temp_make(&folder);
    nn_fit_def def = { .checkpoint = temp_path(&folder, "c.safetensors"), .patience = 2 };
    run(&def, (control){ .stop_after_epoch = 2 }, &part);
    assert_status(&part, NN_STOPPED);
    const char *whole = def.checkpoint;
    def.resume = true;
    def.checkpoint = forge_u64(&folder, whole, "fit.best_epoch", 3);
    run(&def, (control){ 0 }, &rest);
    assert_status(&rest, NN_ERR_FORMAT);
    assert_non_null(strstr(rest.error.text, "resume: best_epoch: expected at most 2 with a number, got 3 with "));
    def.checkpoint = forge_f64(&folder, whole, "fit.best", NAN);
    run(&def, (control){ 0 }, &rest);
    assert_status(&rest, NN_ERR_FORMAT);
    assert_true(rest.steps == 0);
    temp_remove(&folder);
}

/* What the caller says of its data comes back, before a resume and with it. */
static void test_note(void **state)
{
    (void)state;
    outcome part, rest;
    temp_folder folder;
    void *bytes = NULL;
    size_t size = 0;
    temp_make(&folder);
    char note[] = "seed 7", other[sizeof note] = "seed 8", longer[sizeof note + 1] = "seed 70";
    nn_fit_def def = { .checkpoint = temp_path(&folder, "c.safetensors"), .note = note, .note_size = sizeof note };
    run(&def, (control){ .stop_at = 2 }, &part);
    assert_status(&part, NN_STOPPED);
    assert_int_equal(nn_archive_read_bytes(def.checkpoint, "fit.note", &bytes, &size, &part.error), NN_OK);
    assert_int_equal(size, sizeof note);
    assert_memory_equal(bytes, note, sizeof note);
    nn_bytes_free(bytes);
    def.resume = true;
    def.note = longer;
    def.note_size = sizeof longer;
    run(&def, (control){ 0 }, &rest);
    assert_status(&rest, NN_ERR_MISMATCH);
    assert_true(rest.steps == 0);
    def.note = other;
    def.note_size = sizeof other;
    run(&def, (control){ 0 }, &rest);
    assert_status(&rest, NN_OK);
    assert_string_equal(other, "seed 7");
    temp_remove(&folder);
}

/* A weights-only file is no checkpoint; a damaged one falls back to the one before. Row 35. */
static void test_other_files(void **state)
{
    (void)state;
    outcome whole, rest;
    temp_folder folder;
    temp_make(&folder);
    nn_fit_def def = { .best = temp_path(&folder, "b.safetensors"), .checkpoint = temp_path(&folder, "c.safetensors") };
    run(&def, (control){ 0 }, &whole);
    assert_status(&whole, NN_OK);

    nn_fit_def other = { .checkpoint = def.best, .resume = true };
    run(&other, (control){ 0 }, &rest);
    assert_status(&rest, NN_ERR_MISMATCH);
    assert_non_null(strstr(rest.error.text, "fit.epoch"));

    size_t size = 0;
    unsigned char *bytes = temp_read(def.checkpoint, &size);
    assert_non_null(bytes);
    bytes[size / 2] ^= 1;
    temp_write(&folder, "c.safetensors", bytes, size);
    free(bytes);
    def.resume = true;
    run(&def, (control){ 0 }, &rest); /* the epoch before the last, and the last one over again */
    assert_status(&rest, NN_OK);
    assert_non_null(strstr(rest.error.text, ".prev"));
    assert_same(&rest, &whole);
    temp_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stopped_anywhere),
        cmocka_unit_test(test_stopped_after_an_epoch),
        cmocka_unit_test(test_longer),
        cmocka_unit_test(test_other_settings),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_note),
        cmocka_unit_test(test_killed_at_its_start),
        cmocka_unit_test(test_batch_beyond_the_epoch),
        cmocka_unit_test(test_best_of_the_future),
        cmocka_unit_test(test_kept_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
