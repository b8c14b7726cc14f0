#include "models.h"

#include "fuzz.h"

#include <math.h>

/* Few weights: each costs an entry in the header, which is what takes the time. */
static const nn_layer_def layers[] = {
    { NN_BATCH_NORM, .name = "norm", .batch_norm = { .no_scale = true } },
    { NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID, .no_bias = true } },
};

void fuzz_begin_run(fuzz_run *run)
{
    nn_error error = { 0 };
    const nn_model_def def = {
        .input = NN_SHAPE(2), .max_batch = 1, .seed = 1, .threads = 1, .isa = NN_ISA_PORTABLE, NN_LAYERS(layers)
    };
    *run = (fuzz_run){ .rng = { 1, 2, 0 }, .count = 3, .number = 4.0, .bytes = { 5 } };
    run->model = nn_model_create(&def, &error);
    FUZZ_CHECK(run->model);
    run->optim = nn_optim_create(run->model, &(nn_optim_def){ .type = NN_ADAM }, &error);
    run->archive = nn_archive_create(&error);
    FUZZ_CHECK(run->optim && run->archive);
    nn_archive_add_model(run->archive, "model", run->model);
    nn_archive_add_optim(run->archive, "optim", run->optim);
    nn_archive_add_rng(run->archive, "rng", &run->rng);
    nn_archive_add_u64(run->archive, "count", &run->count);
    nn_archive_add_f64(run->archive, "number", &run->number);
    nn_archive_add_bytes(run->archive, "bytes", run->bytes, sizeof run->bytes);
}

void fuzz_end_run(fuzz_run *run)
{
    nn_archive_destroy(run->archive);
    nn_optim_destroy(run->optim);
    nn_model_destroy(run->model);
}

/* FNV-1a */
static uint64_t hash(uint64_t h, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) h = (h ^ at[i]) * 0x100000001b3u;
    return h;
}

/* A number of all weights and all that the archive keeps. */
static uint64_t run_hash(fuzz_run *run)
{
    size_t params, state;
    const nn_float *weights = nn_model_read_params(run->model, &params), *kept = nn_model_state(run->model, &state);
    const nn_rng masks = nn_model_rng(run->model);
    const uint64_t steps = nn_optim_steps(run->optim);
    uint64_t h = hash(0xcbf29ce484222325u, weights, params * sizeof *weights);
    h = hash(h, kept, state * sizeof *kept);
    for (int i = 0; i < nn_optim_slot_count(run->optim); i++)
        h = hash(h, nn_optim_slot(run->optim, i, NULL), params * sizeof *weights);
    h = hash(h, &masks, sizeof masks);
    h = hash(h, &steps, sizeof steps);
    h = hash(h, &run->rng, sizeof run->rng);
    h = hash(h, &run->count, sizeof run->count);
    h = hash(h, &run->number, sizeof run->number);
    return hash(h, run->bytes, sizeof run->bytes);
}

static void check_weights(fuzz_run *run)
{
    size_t count;
    const nn_float *weights = nn_model_read_params(run->model, &count);
    for (size_t i = 0; i < count; i++) FUZZ_CHECK(isfinite(weights[i]));
}

void fuzz_load_into_run(nn_status (*load)(fuzz_run *run, const char *path, nn_error *error), const char *path)
{
    static fuzz_run run; /* lives on while files are refused: making it costs more than reading them */
    static uint64_t before;
    nn_error error = { 0 };
    if (!run.model) {
        fuzz_begin_run(&run);
        before = run_hash(&run);
    }
    if (load(&run, path, &error) != NN_OK) {
        fuzz_check_refusal(error.text, path);
        FUZZ_CHECK(run_hash(&run) == before);
        return;
    }
    fuzz_accepted++;
    (void)run_hash(&run);
    check_weights(&run);
    fuzz_end_run(&run);
    run = (fuzz_run){ 0 };
}
