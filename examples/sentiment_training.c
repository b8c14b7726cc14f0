#include "sentiment_training.h"
#include "checkpoint.h"
#include "sentiment_model.h"
#include "support/csv.h"
#include "support/plot.h"
#include "support/progress.h"
#include "support/run.h"
#include "support/tensorboard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char header[] = "epoch,loss,accuracy,val_loss,val_accuracy,seconds";

/* Follows the epochs: the bar, history.csv, event files. */
typedef struct watcher {
    const sentiment_training *training;
    progress bar;
    int shown; /* the epoch that began last; 0: none */
    csv_writer csv;
    tensorboard_writer board;
    char csv_path[RUN_PATH], checkpoint[RUN_PATH]; /* "": no file */
} watcher;

/* By the first epoch the checkpoint of a new run is written: only then is the history of another run cut off, so that
 * the two never disagree. */
static void open_history(watcher *w, int epoch)
{
    if (*w->csv_path && epoch == 1) csv_create(&w->csv, w->csv_path, header, stderr);
    if (*w->csv_path && epoch > 1) csv_resume(&w->csv, w->csv_path, header, epoch - 1, stderr);
    tensorboard_open(&w->board, w->training->tensorboard, w->training->resume ? epoch : 0, stderr);
}

/* A resumed epoch begins at any batch, or with all of them done. */
static void begin_epoch(watcher *w, const nn_progress *p)
{
    if (w->shown == p->epoch) return;
    if (w->shown == 0) open_history(w, p->epoch);
    progress_begin(&w->bar, "Epoch", p->epoch, p->epochs, p->batch, p->batches);
    w->shown = p->epoch;
}

static bool on_batch(const nn_progress *p, void *user)
{
    watcher *w = user;
    const progress_metric metrics[] = { { "loss", p->loss }, { "accuracy", p->accuracy } };
    begin_epoch(w, p);
    progress_update(&w->bar, p->batch, metrics, 2);
    return !run_interrupted();
}

static bool on_epoch(const nn_progress *p, void *user)
{
    watcher *w = user;
    const progress_metric metrics[] = { { "loss", p->loss },
                                        { "accuracy", p->accuracy },
                                        { "val_loss", p->val_loss },
                                        { "val_accuracy", p->val_accuracy } };
    const double row[] = { p->epoch, p->loss, p->accuracy, p->val_loss, p->val_accuracy, p->seconds };
    begin_epoch(w, p);
    progress_end(&w->bar, p->batches, metrics, 4);
    csv_row(&w->csv, row, 6);
    tensorboard_row(&w->board, header, row, 6);
    return !run_interrupted();
}

/* nn_fit() fills the history from the checkpoint too, so that the best epoch may lie before a resume. */
static sentiment_trained summarise(const nn_progress *history, int epochs)
{
    sentiment_trained trained = { .epochs = epochs };
    for (int i = 0; i < epochs; i++) {
        if (trained.best_epoch > 0 && !(history[i].val_accuracy > trained.best)) continue;
        trained.best = history[i].val_accuracy;
        trained.best_epoch = history[i].epoch;
    }
    return trained;
}

static nn_status fit(nn_model *model, const sentiment_training *training, watcher *w, nn_progress *history, int *epochs,
                     nn_error *error)
{
    char settings[SENTIMENT_SETTINGS] = "";
    const nn_tensor x = sentiment_inputs(training->reviews), y = sentiment_labels(training->reviews);
    const nn_optim_def how = { .type = NN_RMSPROP, .lr = training->lr, .clip_norm = training->clip_norm };
    nn_optim *optim = nn_optim_create(model, &how, error);
    if (!optim) return error->status;
    snprintf(settings, sizeof settings, "%s", training->settings);
    nn_fit_def def = { .x = &x,
                       .y = &y,
                       .loss = { .type = NN_BCE },
                       .epochs = training->epochs,
                       .batch = training->batch,
                       .val_split = training->val_split,
                       .seed = training->seed,
                       .monitor = NN_MONITOR_VAL_ACCURACY,
                       .patience = training->patience,
                       .restore_best = true,
                       .checkpoint = *w->checkpoint ? w->checkpoint : NULL,
                       .resume = training->resume,
                       .note = settings,
                       .note_size = sizeof settings,
                       .on_batch = on_batch,
                       .on_epoch = on_epoch,
                       .user = w,
                       .history = history,
                       .epochs_done = epochs };
    const nn_status status = nn_fit(model, optim, &def, error);
    nn_optim_destroy(optim);
    return status;
}

int sentiment_train(nn_model *model, const sentiment_training *training, sentiment_trained *trained)
{
    nn_error error = { 0 };
    int epochs = 0;
    watcher w = {
        .training = training, .bar = progress_create(training->quiet), .csv = CSV_CLOSED, .board = TENSORBOARD_CLOSED
    };
    if (training->out) {
        run_join(w.csv_path, training->out, "history.csv");
        run_join(w.checkpoint, training->out, "checkpoint.safetensors");
    }
    /* Only the words of its own reviews, in its own order, mean to the model what they meant. */
    if (training->resume && run_has_checkpoint(w.checkpoint) &&
        checkpoint_check_settings(w.checkpoint, "fit.note", training->settings, SENTIMENT_SETTINGS) != RUN_DONE)
        return RUN_FAILED;
    nn_progress *history = calloc((size_t)training->epochs, sizeof *history);
    if (!history) return run_error("no memory for %d epochs", training->epochs);
    const nn_status status = fit(model, training, &w, history, &epochs, &error);
    progress_clear(&w.bar);
    csv_close(&w.csv);
    tensorboard_close(&w.board);
    *trained = summarise(history, epochs);
    free(history);
    if (status != NN_OK && status != NN_STOPPED) return run_error("%s", error.text);
    if (error.text[0]) run_error("%s", error.text); /* which of two checkpoints was read */
    return status == NN_STOPPED ? RUN_INTERRUPTED : RUN_DONE;
}

void sentiment_draw_history(const char *folder, const char *network)
{
    char csv[RUN_PATH], png[RUN_PATH], error[256], title[64];
    csv_table t;
    if (!plot_available() || !run_join(csv, folder, "history.csv") || !run_join(png, folder, "history.png")) return;
    if (!csv_read(&t, csv, error)) {
        run_error("%s", error);
        return;
    }
    const plot_series loss[] = { { "training", NULL, csv_column(&t, "loss"), t.rows, .markers = true },
                                 { "validation", NULL, csv_column(&t, "val_loss"), t.rows, .markers = true } };
    const plot_series accuracy[] = { { "training", NULL, csv_column(&t, "accuracy"), t.rows, .markers = true },
                                     { "validation", NULL, csv_column(&t, "val_accuracy"), t.rows, .markers = true } };
    const plot_panel panels[] = { { .x_label = "epoch", .y_label = "loss", .series = loss, .count = 2 },
                                  { .x_label = "epoch", .y_label = "accuracy", .series = accuracy, .count = 2 } };
    snprintf(title, sizeof title, "Sentiment of reviews, %s", network);
    const plot_figure figure = { .title = title, .panels = panels, .count = 2, .side_by_side = true };
    if (!plot_write(&figure, png, error)) run_error("%s", error);
    csv_free(&t);
}
