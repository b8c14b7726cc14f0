/* Training: epochs of shuffled batches, validation, early stopping, checkpoints. */
#include "fit.h"
#include "loss.h"
#include "model.h"
#include "random.h"
#include <math.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* --- memory: all of it before the first step --- */

static void carve(nn_fit_run *run, nn_arena *arena)
{
    const nn_model *model = run->model;
    const int samples = run->x.shape.dim[0];
    const int batch = run->def.batch < samples ? run->def.batch : samples;
    run->order = nn_arena_take(arena, (size_t)samples, sizeof *run->order);
    nn_stage_carve(&run->batch_x, arena, &run->x, batch);
    nn_stage_carve(&run->batch_y, arena, &run->y, batch);
    run->history = run->def.history;
    if (!run->history) run->history = nn_arena_take(arena, (size_t)run->def.epochs, sizeof *run->history);
    run->past = run->def.checkpoint ? nn_arena_take(arena, (size_t)run->def.epochs, sizeof *run->past) : NULL;
    if (!run->def.restore_best) return;
    run->best_params = nn_arena_reals(arena, model->param_count);
    run->best_state = nn_arena_reals(arena, model->state_count);
}

static nn_status allocate(nn_fit_run *run, nn_arena *arena)
{
    carve(run, arena);
    if (!arena->overflow) arena->base = nn_alloc(&run->model->allocator, arena->used);
    if (!arena->base) return nn_fail(run->error, NN_ERR_MEMORY, "fit: out of memory for %zu bytes", arena->used);
    arena->used = 0;
    carve(run, arena);
    return NN_OK;
}

/* --- one batch --- */

/* The order of an epoch depends on the seed and the epoch alone, so that any epoch can be taken up again. */
static void order_samples(nn_fit_run *run)
{
    const size_t samples = (size_t)run->x.shape.dim[0];
    nn_rng rng = { .seed = run->def.seed, .stream = run->at.epoch << 32 | NN_STREAM_SHUFFLE };
    for (size_t i = 0; i < samples; i++) run->order[i] = (uint32_t)i;
    if (!run->def.no_shuffle) nn_shuffle(run->order, samples, &rng);
}

static nn_status fail_batch(const nn_fit_run *run)
{
    const nn_error *why = &run->model->error;
    return nn_fail(run->error, why->status, "epoch %llu, batch %llu: %s", (unsigned long long)run->at.epoch + 1,
                   (unsigned long long)run->at.batch + 1, why->text);
}

static nn_status train_batch(nn_fit_run *run)
{
    nn_model *model = run->model;
    const nn_fit_def *def = &run->def;
    const int first = (int)run->at.batch * def->batch, left = run->x.shape.dim[0] - first;
    const int count = left < def->batch ? left : def->batch;
    nn_stage_gather(&run->batch_x, &run->x, run->order + first, count);
    nn_stage_gather(&run->batch_y, &run->y, run->order + first, count);

    const nn_tensor *y = nn_forward(model, &run->batch_x.tensor, NN_TRAIN), *target = &run->batch_y.tensor;
    if (!y) return fail_batch(run);
    double loss = NAN;
    int64_t correct = 0, counted = 0;
    nn_status status =
        nn_metric_compute(def->metric, nn_metric_border(def->loss.type), y, target, &correct, &counted, &model->error);
    if (status == NN_OK) status = nn_model_backprop(model, &def->loss, target, NN_GRAD_PARAMS, &loss);
    if (status != NN_OK) return fail_batch(run);
    nn_optim_step(run->optim);

    run->at.batch++;
    run->at.samples += (uint64_t)count;
    run->at.correct += (uint64_t)correct;
    run->at.counted += (uint64_t)counted;
    run->at.loss_sum += loss * count;
    return NN_OK;
}

/* --- one epoch --- */

static nn_progress progress_of(const nn_fit_run *run)
{
    const nn_fit_position *at = &run->at;
    return (nn_progress){ .epoch = (int)at->epoch + 1,
                          .epochs = run->def.epochs,
                          .batch = (int)at->batch,
                          .batches = run->batches,
                          .loss = at->loss_sum / (double)at->samples, /* of a batch at least */
                          .accuracy = at->counted > 0 ? (double)at->correct / (double)at->counted : NAN,
                          .val_loss = NAN,
                          .val_accuracy = NAN,
                          .seconds = at->seconds };
}

/* A callback runs in its own floating-point mode. False: it says stop. */
static bool tell(nn_fit_run *run, bool (*callback)(const nn_progress *progress, void *user),
                 const nn_progress *progress)
{
    if (!callback) return true;
    nn_float_mode_leave(run->float_mode);
    const bool goes_on = callback(progress, run->def.user);
    run->float_mode = nn_rounding_enter();
    return goes_on;
}

/* The batches that are left of this epoch; NN_STOPPED after the one at which the callback said so. */
static nn_status train_epoch(nn_fit_run *run)
{
    const nn_fit_def *def = &run->def;
    const double start = now() - run->at.seconds;
    order_samples(run);
    while (run->at.batch < (uint64_t)run->batches) {
        const nn_status status = train_batch(run);
        if (status != NN_OK) return status;
        run->at.seconds = now() - start;
        if (!def->on_batch) continue;
        const nn_progress progress = progress_of(run);
        if (!tell(run, def->on_batch, &progress)) return NN_STOPPED;
    }
    return NN_OK;
}

static nn_status validate(nn_fit_run *run, nn_progress *progress)
{
    if (!run->validates) return NN_OK;
    const double start = now();
    nn_error why;
    const nn_status status = nn_evaluate(run->model, &run->def.loss, run->def.metric, &run->val_x, &run->val_y,
                                         &progress->val_loss, &progress->val_accuracy, &why);
    progress->seconds += now() - start;
    if (status == NN_OK) return NN_OK;
    return nn_fail(run->error, status, "epoch %d, validation: %s", progress->epoch, why.text);
}

static void copy(nn_float *to, const nn_float *from, size_t count)
{
    if (count > 0) memcpy(to, from, count * sizeof *to);
}

/* Keeps the weights of the best epoch so far. */
static nn_status keep_best(nn_fit_run *run, const nn_progress *progress)
{
    const nn_model *model = run->model;
    const double value = nn_fit_monitored(run, progress);
    const bool first = run->at.best_epoch == 0; /* it is no NAN: that has ended the run */
    if (!first && !nn_fit_improves(run, value, run->at.best)) return NN_OK;
    run->at.best = value;
    run->at.best_epoch = run->at.epoch;
    if (run->def.restore_best) {
        copy(run->best_params, model->params, model->param_count);
        copy(run->best_state, model->state, model->state_count);
    }
    return nn_checkpoint_save_best(run);
}

/* What follows the batches of an epoch; NN_STOPPED if the callback said so. */
static nn_status finish_epoch(nn_fit_run *run)
{
    nn_progress progress = progress_of(run);
    nn_status status = validate(run, &progress);
    if (status != NN_OK) return status;
    run->history[run->at.epoch] = progress;
    nn_checkpoint_add_epoch(run, run->at.epoch);
    run->at = (nn_fit_position){ .epoch = run->at.epoch + 1, .best_epoch = run->at.best_epoch, .best = run->at.best };
    status = keep_best(run, &progress);
    if (status != NN_OK) return status;
    return tell(run, run->def.on_epoch, &progress) ? NN_OK : NN_STOPPED;
}

/* --- the run --- */

static bool finished(const nn_fit_run *run)
{
    const uint64_t patience = (uint64_t)run->def.patience;
    if (run->at.epoch >= (uint64_t)run->def.epochs) return true;
    return run->at.batch == 0 && patience > 0 && run->at.epoch - run->at.best_epoch >= patience;
}

/* Weights that the last step made infinite are refused by the file: the one before stays. */
static nn_status save(nn_fit_run *run)
{
    const nn_status status = nn_checkpoint_save(run);
    if (status != NN_ERR_NUMERIC) return status;
    const nn_error why = *run->error;
    const bool between = run->at.batch == 0; /* epochs */
    const uint64_t epoch = run->at.epoch + !between, batch = between ? (uint64_t)run->batches : run->at.batch;
    *run->error = (nn_error){ 0 };
    return nn_fail(run->error, status, "after batch %llu of epoch %llu: %s", (unsigned long long)batch,
                   (unsigned long long)epoch, why.text);
}

/* Epochs until the run is finished or stopped, and a checkpoint whenever one is due. */
static nn_status train(nn_fit_run *run)
{
    nn_status status = NN_OK;
    while (status == NN_OK && !finished(run)) {
        status = train_epoch(run);
        if (status == NN_OK) status = finish_epoch(run);
        if (status != NN_OK && status != NN_STOPPED) return status;
        const bool due = run->at.epoch % (uint64_t)run->def.checkpoint_every == 0;
        if (!due && status == NN_OK && !finished(run)) continue;
        const nn_status saved = save(run);
        if (saved != NN_OK) return saved;
    }
    return status;
}

static void restore_best(nn_fit_run *run)
{
    nn_model *model = run->model;
    if (!run->def.restore_best || run->at.best_epoch == 0) return;
    copy(model->params, run->best_params, model->param_count);
    copy(model->state, run->best_state, model->state_count);
    nn_model_weights_changed(model);
}

static nn_status fit(nn_fit_run *run, const nn_fit_def *def)
{
    nn_status status = nn_fit_resolve(run, def);
    if (status != NN_OK) return status;
    nn_arena arena = { .guarded = true };
    status = allocate(run, &arena);
    if (status != NN_OK) return status;

    nn_zero_grad(run->model);
    status = nn_checkpoint_begin(run);
    const nn_error note = *run->error; /* which of two files was resumed from, if that is worth telling */
    if (status == NN_OK) status = train(run);
    if (status == NN_OK || status == NN_STOPPED) {
        restore_best(run);
        *run->error = note;
    }
    if (def->epochs_done) *def->epochs_done = (int)run->at.epoch;
    nn_archive_destroy(run->archive);
    nn_archive_destroy(run->best);
    nn_arena_open(arena.base, arena.used);
    nn_release(&run->model->allocator, arena.base);
    return status;
}

nn_status nn_fit(nn_model *model, nn_optim *optim, const nn_fit_def *def, nn_error *error)
{
    nn_error unheard = { 0 };
    nn_fit_run run = { .model = model, .optim = optim, .error = error ? error : &unheard };
    *run.error = (nn_error){ 0 };
    if (def && def->epochs_done) *def->epochs_done = 0;
    run.float_mode = nn_rounding_enter();
    const nn_status status = fit(&run, def);
    nn_float_mode_leave(run.float_mode);
    return status;
}
