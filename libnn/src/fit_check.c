/* What nn_fit() is asked to do: checked whole before the first step, so that nothing fails an epoch later. */
#include "files/report.h"
#include "files/system.h"
#include "fit.h"
#include "layer.h"
#include "loss.h"
#include "optim.h"
#include <math.h>
#include <string.h>

static nn_status refuse(nn_error *error, const char *field, const char *expected, double got)
{
    return nn_fail(error, NN_ERR_ARGUMENT, "fit: %s: expected %s, got %g", field, expected, got);
}

/* What is known of the folder of a file; false if there is none. */
static bool look_at_folder(const char *path, nn_sys_info *info)
{
    enum { ROOM = 4096 }; /* more than systems take */
    char folder[ROOM];
    const size_t length = (size_t)(nn_path_name(path) - path);
    if (length >= sizeof folder) return false;
    memcpy(folder, path, length);
    folder[length] = '\0';
    return nn_sys_stat(length > 0 ? folder : ".", info) == 0;
}

/* Whether two paths lead to one folder, however they are spelled. */
static bool in_one_folder(const char *a, const char *b)
{
    nn_sys_info first, second;
    return look_at_folder(a, &first) && look_at_folder(b, &second) && first.device == second.device &&
           first.inode == second.inode;
}

/* Whether a name is that of what a save of `name` keeps: the file that was there before. */
static bool is_previous(const char *previous, const char *name)
{
    const size_t size = strlen(name);
    return strncmp(previous, name, size) == 0 && strcmp(previous + size, ".prev") == 0;
}

/* Whether saves of one path would take the place of what those of the other write. */
static bool in_each_others_way(const char *path, const char *other)
{
    const char *a = nn_path_name(path), *b = nn_path_name(other);
    return (strcmp(a, b) == 0 || is_previous(a, b) || is_previous(b, a)) && in_one_folder(path, other);
}

static nn_status resolve_counts(nn_fit_run *run)
{
    nn_fit_def *def = &run->def;
    const int most = nn_model_max_batch(run->model);
    if (def->epochs < 0) return refuse(run->error, "epochs", "a positive number", def->epochs);
    if (def->batch < 0 || def->batch > most)
        return nn_fail(run->error, NN_ERR_ARGUMENT, "fit: batch: expected 1 to the model's max_batch %d, got %d", most,
                       def->batch);
    if (def->patience < 0) return refuse(run->error, "patience", "a number of epochs >= 0", def->patience);
    if (!(def->min_delta >= 0.0) || !isfinite(def->min_delta))
        return refuse(run->error, "min_delta", "a number >= 0", def->min_delta);
    if (def->checkpoint_every < 0)
        return refuse(run->error, "checkpoint_every", "a positive number", def->checkpoint_every);
    if (def->resume && !def->checkpoint)
        return nn_fail(run->error, NN_ERR_ARGUMENT, "fit: resume: expected a checkpoint to go on from, got NULL");
    if (def->best && def->checkpoint && in_each_others_way(def->best, def->checkpoint))
        return nn_fail(run->error, NN_ERR_ARGUMENT, "fit: best: expected another file than the checkpoint's, got %s",
                       nn_path_format(def->best).text);
    if (def->epochs == 0) def->epochs = 1;
    if (def->batch == 0) def->batch = most < 32 ? most : 32;
    if (def->checkpoint_every == 0) def->checkpoint_every = 1;
    return NN_OK;
}

/* Keras' validation_split: the last part, from int(n (1 - s)) on. */
static nn_status split(nn_fit_run *run)
{
    const nn_fit_def *def = &run->def;
    const int samples = run->x.shape.dim[0];
    if (!(def->val_split >= 0.0 && def->val_split < 1.0))
        return refuse(run->error, "val_split", "a number in [0, 1)", def->val_split);
    if (def->val_split == 0.0) return NN_OK;
    if (run->validates) return refuse(run->error, "val_split", "0, as val_x is given", def->val_split);
    const int first = (int)((double)samples * (1.0 - def->val_split));
    if (first < 1 || first >= samples)
        return nn_fail(run->error, NN_ERR_ARGUMENT,
                       "fit: val_split: expected a sample in each part, got %d and %d of %d by %g", first,
                       samples - first, samples, def->val_split);
    run->val_x = nn_rows(&run->x, first, samples - first);
    run->val_y = nn_rows(&run->y, first, samples - first);
    run->x = nn_rows(&run->x, 0, first);
    run->y = nn_rows(&run->y, 0, first);
    run->validates = true;
    return NN_OK;
}

static nn_status resolve_sets(nn_fit_run *run)
{
    const nn_fit_def *def = &run->def;
    nn_loss_def loss = def->loss;
    nn_status status = nn_loss_resolve(&loss, run->error);
    if (status == NN_OK) status = nn_check_set("x", "y", run->model, loss.type, def->x, def->y, run->error);
    if (status != NN_OK) return status;
    run->x = *def->x;
    run->y = *def->y;
    if (!def->val_x != !def->val_y)
        return nn_fail(run->error, NN_ERR_ARGUMENT, "fit: expected both of val_x and val_y or none, got one");
    if (def->val_x) {
        status = nn_check_set("val_x", "val_y", run->model, loss.type, def->val_x, def->val_y, run->error);
        if (status != NN_OK) return status;
        run->val_x = *def->val_x;
        run->val_y = *def->val_y;
        run->validates = true;
    }
    return split(run);
}

static nn_status resolve_monitor(nn_fit_run *run)
{
    nn_fit_def *def = &run->def;
    def->metric = nn_metric_of(def->metric, def->loss.type);
    if ((int)def->metric < NN_METRIC_NONE || def->metric > NN_CATEGORICAL_ACCURACY)
        return refuse(run->error, "metric", "a nn_metric", (int)def->metric);
    if ((int)def->monitor < NN_MONITOR_DEFAULT || def->monitor > NN_MONITOR_VAL_ACCURACY)
        return refuse(run->error, "monitor", "a nn_monitor", (int)def->monitor);
    if (def->monitor == NN_MONITOR_DEFAULT) def->monitor = run->validates ? NN_MONITOR_VAL_LOSS : NN_MONITOR_LOSS;
    const bool of_accuracy = def->monitor == NN_MONITOR_ACCURACY || def->monitor == NN_MONITOR_VAL_ACCURACY;
    const bool of_validation = def->monitor == NN_MONITOR_VAL_LOSS || def->monitor == NN_MONITOR_VAL_ACCURACY;
    if (of_accuracy && def->metric == NN_METRIC_NONE)
        return nn_fail(run->error, NN_ERR_ARGUMENT, "fit: monitor: accuracy: expected a metric, got none");
    if (of_validation && !run->validates)
        return nn_fail(run->error, NN_ERR_ARGUMENT, "fit: monitor: validation: expected validation data, got none");
    return NN_OK;
}

nn_status nn_fit_resolve(nn_fit_run *run, const nn_fit_def *def)
{
    if (!run->model || !run->optim || !def)
        return nn_fail(run->error, NN_ERR_ARGUMENT, "fit: expected a model, an optimiser and a definition, got NULL");
    if (run->optim->model != run->model)
        return nn_fail(run->error, NN_ERR_ARGUMENT, "fit: optim: expected one made for this model, got another's");
    run->def = *def;
    nn_status status = resolve_counts(run);
    if (status == NN_OK) status = resolve_sets(run);
    if (status == NN_OK) status = resolve_monitor(run);
    if (status != NN_OK) return status;
    const int samples = run->x.shape.dim[0];
    run->batches = samples / run->def.batch + (samples % run->def.batch > 0);
    run->settings = (nn_fit_settings){ .samples = (uint64_t)samples,
                                       .batch = (uint64_t)run->def.batch,
                                       .seed = def->seed,
                                       .shuffled = !def->no_shuffle,
                                       .monitor = (uint64_t)run->def.monitor };
    return NN_OK;
}

double nn_fit_monitored(const nn_fit_run *run, const nn_progress *progress)
{
    switch (run->def.monitor) {
    case NN_MONITOR_ACCURACY:
        return progress->accuracy;
    case NN_MONITOR_VAL_LOSS:
        return progress->val_loss;
    case NN_MONITOR_VAL_ACCURACY:
        return progress->val_accuracy;
    case NN_MONITOR_LOSS:
    case NN_MONITOR_DEFAULT:
        break;
    }
    return progress->loss;
}

bool nn_fit_improves(const nn_fit_run *run, double value, double best)
{
    const bool more = run->def.monitor == NN_MONITOR_ACCURACY || run->def.monitor == NN_MONITOR_VAL_ACCURACY;
    return more ? value > best + run->def.min_delta : value < best - run->def.min_delta;
}
