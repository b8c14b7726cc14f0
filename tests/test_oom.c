/*
 * Fault row 49 for what makes and trains models, and for environments: the k-th allocation fails, once and for good,
 * until all succeed. A memory error, no leak (under AddressSanitizer), and what was there before is as usable as it
 * was. Files and sets are in test_archive_memory.c and test_data_memory.c; test_oom_coverage.sh sees to it that no
 * public call is in none.
 */
#include "alloc.h"
#include "networks.h"
#include "temp.h"

#include <kvist/env.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

typedef nn_status (*operation)(const void *what, nn_error *error);

/* @return how many allocations the operation takes */
static size_t starve(const char *name, operation run, const void *what)
{
    size_t k = 0;
    for (int for_good = 0; for_good < 2; for_good++) {
        for (k = 1;; k++) {
            nn_error error = { 0 };
            alloc_fail(k, for_good);
            const nn_status status = run(what, &error);
            alloc_fail(0, false);
            if (alloc_failed() == 0) {
                if (status != NN_OK) fail_msg("%s: %s", name, error.text);
                break;
            }
            /* A failure may be got over: of what only tidies up. */
            if (status == NN_OK && !for_good && error.text[0] == '\0') continue;
            if (status != NN_ERR_MEMORY || error.status != NN_ERR_MEMORY || error.text[0] == '\0')
                fail_msg("%s: allocation %zu%s: %s: %s", name, k, for_good ? " and all after it" : "",
                         nn_status_string(status), error.text);
        }
    }
    if (run(what, NULL) != NN_OK) fail_msg("%s: not usable any more", name);
    return k - 1;
}

/* Made before memory runs short. */
static const char *network_path, *checkpoint_path, *previous_path, *best_path;

static int make_paths(void **state)
{
    temp_set_up(state);
    network_path = temp_path(&temp_here, "network");
    checkpoint_path = temp_path(&temp_here, "checkpoint");
    previous_path = temp_path(&temp_here, "checkpoint.prev");
    best_path = temp_path(&temp_here, "best");
    return 0;
}

/* --- models --------------------------------------------------------------------------------------------------------*/

/* And a step of training: what was made in spite of a failure is whole. */
static nn_status make_model(const void *what, nn_error *error)
{
    static nn_float zeros[NETWORK_BATCH * 12 * 12 * 64];
    nn_model *model = network_make(what, 1, NN_ISA_BEST, error);
    if (!model) return NN_ERR_MEMORY;
    const nn_tensor x = network_input(what);
    const nn_tensor target = nn_view_f32(zeros, network_batch(nn_model_output_shape(model)));
    assert_true(nn_shape_count(target.shape) <= sizeof zeros / sizeof *zeros);
    if (!nn_forward(model, &x, NN_TRAIN)) fail_msg("%s", nn_model_error(model));
    assert_int_equal(nn_backprop(model, &(nn_loss_def){ .type = NN_MSE }, &target, NN_GRAD_PARAMS, NULL), NN_OK);
    nn_model_destroy(model);
    return NN_OK;
}

/* As a file has it, and made again from that. */
static nn_status save_and_load(const void *what, nn_error *error)
{
    nn_model *model = network_make(what, 1, NN_ISA_BEST, error);
    if (!model) return NN_ERR_MEMORY;
    nn_status status = nn_model_save(model, network_path, error);
    nn_model_destroy(model);
    if (status != NN_OK) return status;
    model = nn_model_load(network_path, NULL, &(nn_model_def){ .threads = 1 }, error);
    nn_model_destroy(model);
    return model ? NN_OK : error ? error->status : NN_ERR_MEMORY;
}

static void test_models(void **state)
{
    (void)state;
    bool seen[NN_LAYER_TYPE_END] = { false };
    for (size_t i = 0; i < network_count; i++) {
        for (int k = 0; k < network_layers(&networks[i]); k++) seen[networks[i].layers[k].type] = true;
        assert_true(starve(networks[i].name, make_model, &networks[i]) >= 2);
        assert_true(starve(networks[i].name, save_and_load, &networks[i]) >= 8);
    }
    for (int type = 1; type < NN_LAYER_TYPE_END; type++)
        if (!seen[type]) fail_msg("no network has layer type %d", type);
}

static nn_status orthogonal(const void *what, nn_error *error)
{
    const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 7, .kernel_init = NN_ORTHOGONAL } } };
    const nn_model_def def = { .input = NN_SHAPE(5), .max_batch = 1, .threads = 1, NN_LAYERS(layers) };
    nn_model *model = nn_model_create(&def, error);
    (void)what;
    nn_model_destroy(model);
    return model ? NN_OK : NN_ERR_MEMORY;
}

static nn_status make_tensor(const void *what, nn_error *error)
{
    nn_tensor tensor = { 0 };
    const nn_status status = nn_tensor_alloc(&tensor, *(const nn_dtype *)what, NN_SHAPE(2, 3));
    if (status != NN_OK && error) *error = (nn_error){ .status = status, .text = "has no error to fill" };
    assert_true((tensor.f32 != NULL) == (status == NN_OK));
    nn_tensor_free(&tensor);
    return status;
}

static void test_initialisers_and_tensors(void **state)
{
    (void)state;
    static const nn_dtype types[] = { NN_F32, NN_I32 };
    assert_true(starve("orthogonal", orthogonal, NULL) >= 3);
    for (int i = 0; i < 2; i++) assert_int_equal(starve("tensor", make_tensor, &types[i]), 1);
}

/* --- training ------------------------------------------------------------------------------------------------------*/

enum { SAMPLES = 20, INPUTS = 12, OUTPUTS = 5, EPOCHS = 2 };

static nn_model *model; /* lives on through all failures */
static nn_optim *optim;

static nn_status make_optim(const void *what, nn_error *error)
{
    nn_optim *made = nn_optim_create(model, what, error);
    nn_optim_destroy(made);
    return made ? NN_OK : NN_ERR_MEMORY;
}

static nn_status fit(const void *what, nn_error *error)
{
    static nn_float values[SAMPLES * INPUTS], targets[SAMPLES * OUTPUTS];
    nn_tensor x = nn_view_f32(values, NN_SHAPE(SAMPLES, INPUTS)), y = nn_view_f32(targets, NN_SHAPE(SAMPLES, OUTPUTS));
    nn_progress history[EPOCHS];
    int done = 0;
    nn_fit_def def = *(const nn_fit_def *)what;
    nn_fill_uniform(&x, -1, 1, &(nn_rng){ .seed = 4 });
    def.x = &x;
    def.y = &y;
    def.epochs = EPOCHS;
    def.batch = NETWORK_BATCH;
    def.val_split = 0.25;
    def.history = history;
    def.epochs_done = &done;
    const nn_status status = nn_fit(model, optim, &def, error);
    assert_true(status != NN_OK || done == EPOCHS);
    return status;
}

/* The file is gone: its .prev is looked for, and taken. */
static nn_status resume_from_previous(const void *what, nn_error *error)
{
    unlink(checkpoint_path);
    const nn_status status = fit(what, error);
    if (status == NN_OK && error) error->text[0] = '\0'; /* that .prev was taken */
    return status;
}

static nn_status resume_from_nothing(const void *what, nn_error *error)
{
    unlink(checkpoint_path);
    unlink(previous_path);
    return fit(what, error);
}

static void test_training(void **state)
{
    (void)state;
    static const nn_optim_def optims[] = { { .type = NN_ADAM },
                                           { .type = NN_RMSPROP, .momentum = 0.9 },
                                           { .type = NN_SGD },
                                           { .type = NN_SGD, .momentum = 0.9 } };
    const nn_fit_def plain = { 0 };
    nn_fit_def files = { .checkpoint = checkpoint_path, .best = best_path, .restore_best = true };
    model = network_make(&networks[0], 1, NN_ISA_BEST, NULL);
    assert_non_null(model);
    for (size_t i = 0; i < sizeof optims / sizeof optims[0]; i++)
        assert_true(starve("optimiser", make_optim, &optims[i]) >= 1);
    optim = nn_optim_create(model, &optims[0], NULL);
    assert_true(starve("fit", fit, &plain) >= 1);
    assert_true(starve("fit with files", fit, &files) >= 10);
    files.resume = true;
    assert_true(starve("fit resumed", fit, &files) >= 10);
    assert_true(starve("fit resumed from .prev", resume_from_previous, &files) >= 10);
    assert_true(starve("fit resumed from nothing", resume_from_nothing, &files) >= 10);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

/* --- environments --------------------------------------------------------------------------------------------------*/

static nn_status make_environments(const void *what, nn_error *error)
{
    env_error told = { 0 };
    env_cartpole_vec *vec = env_cartpole_vec_create(&(env_cartpole_vec_def){ .count = 3 }, &told);
    (void)what;
    if (!vec && error) *error = (nn_error){ .status = NN_ERR_MEMORY };
    if (!vec && error) snprintf(error->text, sizeof error->text, "%s", told.text);
    assert_int_equal(told.status, vec ? ENV_OK : ENV_ERR_MEMORY);
    env_cartpole_vec_destroy(vec);
    return vec ? NN_OK : NN_ERR_MEMORY;
}

static void test_environments(void **state)
{
    (void)state;
    assert_int_equal(starve("environments", make_environments, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_models), cmocka_unit_test(test_initialisers_and_tensors),
                                        cmocka_unit_test(test_training), cmocka_unit_test(test_environments) };
    return cmocka_run_group_tests(tests, make_paths, temp_tear_down);
}
