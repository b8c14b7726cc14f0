/* Checkpoints of nn_fit(): the model, the optimiser and where the run stands, in one file. */
#include "files/system.h"
#include "fit.h"
#include "model.h"
#include <math.h>
#include <string.h>

static void add_numbers(nn_archive *archive, nn_fit_position *at, nn_fit_settings *settings)
{
    nn_archive_add_u64(archive, "fit.epoch", &at->epoch);
    nn_archive_add_u64(archive, "fit.batch", &at->batch);
    nn_archive_add_u64(archive, "fit.samples", &at->samples);
    nn_archive_add_u64(archive, "fit.correct", &at->correct);
    nn_archive_add_u64(archive, "fit.counted", &at->counted);
    nn_archive_add_f64(archive, "fit.loss_sum", &at->loss_sum);
    nn_archive_add_f64(archive, "fit.seconds", &at->seconds);
    nn_archive_add_u64(archive, "fit.best_epoch", &at->best_epoch);
    nn_archive_add_f64(archive, "fit.best", &at->best);
    nn_archive_add_u64(archive, "fit.set.samples", &settings->samples);
    nn_archive_add_u64(archive, "fit.set.batch", &settings->batch);
    nn_archive_add_u64(archive, "fit.set.seed", &settings->seed);
    nn_archive_add_u64(archive, "fit.set.shuffled", &settings->shuffled);
    nn_archive_add_u64(archive, "fit.set.monitor", &settings->monitor);
}

/* One item for all epochs: an archive has a limited number of items. */
static void keep_past(nn_fit_run *run, uint64_t epochs)
{
    nn_archive_set_bytes(run->archive, "fit.history", run->past, (size_t)epochs * sizeof *run->past);
}

void nn_checkpoint_add_epoch(nn_fit_run *run, uint64_t epoch)
{
    if (!run->archive) return;
    const nn_progress *from = &run->history[epoch];
    double *to = run->past[epoch];
    to[NN_PAST_LOSS] = from->loss;
    to[NN_PAST_ACCURACY] = from->accuracy;
    to[NN_PAST_VAL_LOSS] = from->val_loss;
    to[NN_PAST_VAL_ACCURACY] = from->val_accuracy;
    to[NN_PAST_SECONDS] = from->seconds;
    keep_past(run, epoch + 1);
}

static void take_epoch(nn_fit_run *run, uint64_t epoch)
{
    const double *from = run->past[epoch];
    run->history[epoch] = (nn_progress){ .epoch = (int)epoch + 1,
                                         .epochs = run->def.epochs,
                                         .batch = run->batches,
                                         .batches = run->batches,
                                         .loss = from[NN_PAST_LOSS],
                                         .accuracy = from[NN_PAST_ACCURACY],
                                         .val_loss = from[NN_PAST_VAL_LOSS],
                                         .val_accuracy = from[NN_PAST_VAL_ACCURACY],
                                         .seconds = from[NN_PAST_SECONDS] };
}

static void add_all(nn_fit_run *run)
{
    const nn_model *model = run->model;
    nn_archive_add_model(run->archive, "model", run->model);
    nn_archive_add_optim(run->archive, "optim", run->optim);
    add_numbers(run->archive, &run->at, &run->settings);
    nn_archive_add_bytes(run->archive, "fit.history", run->past, 0); /* of no epoch yet */
    if (run->def.note) nn_archive_add_bytes(run->archive, "fit.note", run->def.note, run->def.note_size);
    if (run->best_params)
        nn_archive_add_bytes(run->archive, "fit.best_params", run->best_params, model->param_count * sizeof(nn_float));
    if (run->best_state)
        nn_archive_add_bytes(run->archive, "fit.best_state", run->best_state, model->state_count * sizeof(nn_float));
}

/* *there: the file, or the one before it. */
static nn_status look_for_file(const nn_fit_run *run, bool *there)
{
    static const char suffix[] = ".prev";
    const char *path = run->def.checkpoint;
    const size_t length = strlen(path);
    nn_sys_info info;
    *there = nn_sys_stat(path, &info) == 0;
    if (*there) return NN_OK;
    char *previous = nn_alloc(&run->model->allocator, length + sizeof suffix);
    if (!previous) return nn_fail(run->error, NN_ERR_MEMORY, "resume: no memory to look for the checkpoint");
    memcpy(previous, path, length);
    memcpy(previous + length, suffix, sizeof suffix);
    *there = nn_sys_stat(previous, &info) == 0;
    nn_release(&run->model->allocator, previous);
    return NN_OK;
}

static nn_status compare(nn_error *error, const char *what, uint64_t saved, uint64_t now)
{
    if (saved == now) return NN_OK;
    return nn_fail(error, NN_ERR_MISMATCH, "resume: %s: expected %llu, as in the checkpoint, got %llu", what,
                   (unsigned long long)saved, (unsigned long long)now);
}

/* Whether this run can go on from where the file stands, asked before anything is overwritten. */
static nn_status check_position(const nn_fit_run *run, const nn_fit_position *at, const nn_fit_settings *saved)
{
    const nn_fit_settings *now = &run->settings;
    const uint64_t epochs = (uint64_t)run->def.epochs;
    if (at->epoch > epochs || (at->epoch == epochs && at->batch > 0))
        return nn_fail(run->error, NN_ERR_MISMATCH,
                       "resume: epochs: expected at least %llu, as in the checkpoint, got %d",
                       (unsigned long long)at->epoch + (at->batch > 0), run->def.epochs);
    if (at->best_epoch > at->epoch || (at->best_epoch > 0 && !isfinite(at->best)))
        return nn_fail(run->error, NN_ERR_FORMAT,
                       "resume: best_epoch: expected at most %llu with a number, got %llu with %g",
                       (unsigned long long)at->epoch, (unsigned long long)at->best_epoch, at->best);
    nn_status status = at->best_epoch > 0 ? compare(run->error, "monitor", saved->monitor, now->monitor) : NN_OK;
    if (at->batch == 0 || status != NN_OK) return status;
    /* The rest of an epoch is the rest of one shuffle. */
    status = compare(run->error, "samples", saved->samples, now->samples);
    if (status == NN_OK) status = compare(run->error, "batch", saved->batch, now->batch);
    if (status == NN_OK) status = compare(run->error, "seed", saved->seed, now->seed);
    if (status == NN_OK) status = compare(run->error, "shuffled", saved->shuffled, now->shuffled);
    if (status == NN_OK && at->batch > (uint64_t)run->batches)
        status = nn_fail(run->error, NN_ERR_FORMAT, "resume: batch: expected at most %d, got %llu", run->batches,
                         (unsigned long long)at->batch);
    return status;
}

/* Reads where the file stands, without the weights. */
static nn_status read_position(const nn_fit_run *run, nn_fit_position *at)
{
    nn_fit_settings saved = { 0 };
    nn_archive *archive = nn_archive_create(run->error);
    if (!archive) return NN_ERR_MEMORY;
    add_numbers(archive, at, &saved);
    const nn_status status = nn_archive_load(archive, run->def.checkpoint, run->error);
    nn_archive_destroy(archive);
    return status == NN_OK ? check_position(run, at, &saved) : status;
}

static nn_status resume(nn_fit_run *run)
{
    nn_fit_position at = { 0 };
    nn_status status = read_position(run, &at);
    if (status != NN_OK) return status;
    keep_past(run, at.epoch);
    const nn_fit_settings settings = run->settings;
    status = nn_archive_load(run->archive, run->def.checkpoint, run->error);
    run->settings = settings;
    for (uint64_t epoch = 0; epoch < at.epoch && status == NN_OK; epoch++) take_epoch(run, epoch);
    return status;
}

nn_status nn_checkpoint_save(nn_fit_run *run)
{
    return run->archive ? nn_archive_save(run->archive, run->def.checkpoint, run->error) : NN_OK;
}

static nn_status begin(nn_fit_run *run)
{
    run->archive = nn_archive_create(run->error);
    if (!run->archive) return NN_ERR_MEMORY;
    add_all(run);
    /* Held until the end: a second trainer of this path is refused. */
    bool there = false;
    nn_status status = nn_archive_claim(run->archive, run->def.checkpoint, run->error);
    if (status == NN_OK && run->def.resume) status = look_for_file(run, &there);
    if (status != NN_OK) return status;
    /* A new run saves at once: what is resumed later is never the run before it. */
    return there ? resume(run) : nn_checkpoint_save(run);
}

/* Held until the end, too: what the checkpoint or another trainer writes is not the best epoch's file. */
static nn_status claim_best(nn_fit_run *run)
{
    run->best = nn_archive_create(run->error);
    if (!run->best) return NN_ERR_MEMORY;
    nn_archive_add_model(run->best, "model", run->model);
    return nn_archive_claim(run->best, run->def.best, run->error);
}

nn_status nn_checkpoint_save_best(nn_fit_run *run)
{
    return run->best ? nn_archive_save(run->best, run->def.best, run->error) : NN_OK;
}

nn_status nn_checkpoint_begin(nn_fit_run *run)
{
    const nn_status status = run->def.best ? claim_best(run) : NN_OK;
    return status == NN_OK && run->def.checkpoint ? begin(run) : status;
}
