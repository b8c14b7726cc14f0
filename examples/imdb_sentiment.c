/* Is a film review positive? Dense, SimpleRNN, LSTM and GRU networks on the IMDB reviews. */
#include "sentiment_model.h"
#include "sentiment_words.h"
#include "support/csv.h"
#include "support/options.h"
#include "support/plot.h"
#include "support/progress.h"
#include "support/run.h"
#include "support/tensorboard.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct settings {
    options_common common;
    int kind, preset, epochs, batch, words, length, reviews;
    double lr, clip_norm, dropout, val_split;
    const char *predict, *neighbours;
} settings;

enum { PRESET_REPORT, PRESET_TUNED };

static const char header[] = "epoch,loss,accuracy,val_loss,val_accuracy,seconds";

/* What an epoch leaves behind. */
typedef struct watcher {
    const settings *set;
    progress bar;
    csv_writer csv;
    tensorboard_writer board;
    char csv_path[RUN_PATH];
    double best; /* validation accuracy */
    int best_epoch;
} watcher;

/* --- data ----------------------------------------------------------------------------------------------------------
 */

static int load_reviews(const settings *set, data_imdb *imdb)
{
    static const char *const names[] = { "imdb/aclImdb-labelled.tar.gz", "imdb/aclImdb_v1.tar.gz", "imdb/aclImdb",
                                         "imdb", NULL };
    char path[RUN_PATH], cache[RUN_PATH];
    data_error error;
    const bool lists = set->kind == SENTIMENT_DENSE;
    data_imdb_def def = { .encoding = { .words = set->words, .length = set->length },
                          .seed = set->common.seed,
                          .train_count = set->reviews,
                          .test_count = (set->reviews + 3) / 4,
                          .no_tokens = lists,
                          .no_lists = !lists };
    const run_data found = run_find_data(path, set->common.data, names);
    if (found == RUN_DATA_MISSING) return run_error("--data: expected the IMDB reviews, got %s", set->common.data);
    if (set->common.out && run_join(cache, set->common.out, "reviews.cache")) def.cache = cache;
    if (data_imdb_load(found == RUN_DATA_FOUND ? path : NULL, &def, imdb, &error) != DATA_OK)
        return run_error("%s", error.text);
    const int words = data_vocabulary_count(imdb->vocabulary);
    printf("%d + %d reviews %s%s\n", imdb->train.count, imdb->test.count, imdb->generated ? "generated" : "from ",
           imdb->generated ? "; scripts/get-data imdb brings the real ones" : path);
    if (words >= 1000)
        printf("vocabulary %d,%03d words\n", words / 1000, words % 1000);
    else
        printf("vocabulary %d words\n", words);
    return RUN_DONE;
}

static nn_tensor inputs_of(const data_reviews *reviews)
{
    if (reviews->indices) return nn_view_ragged(reviews->indices, reviews->offsets, reviews->count);
    return nn_view_i32(reviews->tokens, NN_SHAPE(reviews->count, reviews->length));
}

/* --- training ------------------------------------------------------------------------------------------------------
 */

static bool on_batch(const nn_progress *p, void *user)
{
    watcher *w = user;
    const progress_metric metrics[] = { { "loss", p->loss }, { "accuracy", p->accuracy } };
    if (p->batch == 1) progress_begin(&w->bar, "Epoch", p->epoch, p->epochs, p->batches);
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
    progress_end(&w->bar, p->batches, metrics, 4);
    if (w->set->common.out && w->csv.file < 0) csv_resume(&w->csv, w->csv_path, header, p->epoch - 1, stderr);
    csv_row(&w->csv, row, 6);
    tensorboard_row(&w->board, header, row, 6);
    return !run_interrupted();
}

/* Loss and accuracy, training against validation, of all epochs in history.csv. */
static void draw_history(const settings *set, const char *csv_path)
{
    static const char *const names[] = { "dense", "SimpleRNN", "LSTM", "GRU" };
    char path[RUN_PATH], error[256], title[64];
    csv_table t;
    if (!plot_available()) return;
    if (!csv_read(&t, csv_path, error)) {
        run_error("%s", error);
        return;
    }
    const plot_series loss[] = { { "training", NULL, csv_column(&t, "loss"), t.rows, .markers = true },
                                 { "validation", NULL, csv_column(&t, "val_loss"), t.rows, .markers = true } };
    const plot_series accuracy[] = { { "training", NULL, csv_column(&t, "accuracy"), t.rows, .markers = true },
                                     { "validation", NULL, csv_column(&t, "val_accuracy"), t.rows, .markers = true } };
    const plot_panel panels[] = { { .x_label = "epoch", .y_label = "loss", .series = loss, .count = 2 },
                                  { .x_label = "epoch", .y_label = "accuracy", .series = accuracy, .count = 2 } };
    snprintf(title, sizeof title, "Sentiment of reviews, %s", names[set->kind]);
    const plot_figure figure = { .title = title, .panels = panels, .count = 2, .side_by_side = true };
    if (run_join(path, set->common.out, "history.png") && !plot_write(&figure, path, error)) run_error("%s", error);
    csv_free(&t);
}

/* Best epoch of the run, from the history that fit filled. */
static void find_best(watcher *w, const nn_progress *history, int count)
{
    for (int i = 0; i < count; i++) {
        if (!(history[i].val_accuracy > w->best)) continue;
        w->best = history[i].val_accuracy;
        w->best_epoch = history[i].epoch;
    }
}

static int train(const settings *set, nn_model *model, const data_imdb *imdb, watcher *w)
{
    enum { MOST_EPOCHS = 1000 };
    static nn_progress history[MOST_EPOCHS];
    char checkpoint[RUN_PATH];
    nn_error error = { 0 };
    const nn_tensor x = inputs_of(&imdb->train), y = nn_view_f32(imdb->train.labels, NN_SHAPE(imdb->train.count, 1));
    int done = 0;
    nn_optim *optim = nn_optim_create(
        model, &(nn_optim_def){ .type = NN_RMSPROP, .lr = set->lr, .clip_norm = set->clip_norm }, &error);
    if (!optim) return run_error("%s", error.text);
    nn_fit_def fit = { .x = &x,
                       .y = &y,
                       .loss = { .type = NN_BCE },
                       .epochs = set->epochs,
                       .batch = set->batch,
                       .val_split = set->val_split,
                       .seed = set->common.seed,
                       .monitor = NN_MONITOR_VAL_ACCURACY,
                       .restore_best = true,
                       .resume = set->common.resume,
                       .on_batch = on_batch,
                       .on_epoch = on_epoch,
                       .user = w,
                       .history = history,
                       .epochs_done = &done };
    if (set->common.out && run_join(checkpoint, set->common.out, "checkpoint.safetensors")) fit.checkpoint = checkpoint;
    const nn_status status = nn_fit(model, optim, &fit, &error);
    progress_clear(&w->bar);
    nn_optim_destroy(optim);
    find_best(w, history, done);
    if (status == NN_STOPPED) return RUN_INTERRUPTED;
    return status == NN_OK ? RUN_DONE : run_error("%s", error.text);
}

static int report(const settings *set, nn_model *model, const data_imdb *imdb, const watcher *w, double seconds)
{
    nn_error error;
    double loss = NAN, accuracy = NAN;
    const nn_tensor x = inputs_of(&imdb->test), y = nn_view_f32(imdb->test.labels, NN_SHAPE(imdb->test.count, 1));
    if (nn_evaluate(model, &(nn_loss_def){ .type = NN_BCE }, NN_BINARY_ACCURACY, &x, &y, &loss, &accuracy, &error) !=
        NN_OK)
        return run_error("%s", error.text);
    printf("best epoch %d: val_acc: %.4f; its weights on the test reviews: loss: %.4f - acc: %.4f\n", w->best_epoch,
           w->best, loss, accuracy);
    if (set->common.save && sentiment_save(model, imdb->vocabulary, &imdb->encoding, set->common.save, &error) != NN_OK)
        return run_error("%s", error.text);
    if (set->common.out) draw_history(set, w->csv_path);
    if (set->common.out && set->kind != SENTIMENT_DENSE && !sentiment_export(model, imdb->vocabulary, set->common.out))
        return RUN_FAILED;
    run_result("best_val_accuracy=%.4f best_epoch=%d test_accuracy=%.4f vocabulary=%d seconds=%.1f", w->best,
               w->best_epoch, accuracy, data_vocabulary_count(imdb->vocabulary), seconds);
    return RUN_DONE;
}

static void print_line(const char *text, void *user)
{
    (void)user;
    puts(text);
}

static int learn(const settings *set, int argc, char *argv[])
{
    data_imdb imdb = { 0 };
    nn_error error;
    nn_model *model = NULL;
    watcher w = {
        .set = set, .bar = progress_create(set->common.quiet), .csv = CSV_CLOSED, .board = TENSORBOARD_CLOSED
    };
    const double start = run_seconds();
    int code = load_reviews(set, &imdb);
    const sentiment_def def = { (sentiment_kind)set->kind, set->words,   set->length,     set->batch,
                                set->common.threads,       set->dropout, set->common.seed };
    if (code == RUN_DONE && !(model = sentiment_create(&def, &error))) code = run_error("%s", error.text);
    if (code == RUN_DONE) nn_model_summary(model, print_line, NULL);
    if (set->common.out) run_join(w.csv_path, set->common.out, "history.csv");
    if (code == RUN_DONE) tensorboard_open(&w.board, set->common.tensorboard, set->common.resume, stderr);
    if (code == RUN_DONE) code = train(set, model, &imdb, &w);
    csv_close(&w.csv);
    tensorboard_close(&w.board);
    if (code == RUN_INTERRUPTED && set->common.out) run_say_resume(argc, argv);
    if (code == RUN_DONE) code = report(set, model, &imdb, &w, run_seconds() - start);
    nn_model_destroy(model);
    data_imdb_free(&imdb);
    return code;
}

/* --- using what was learnt ------------------------------------------------------------------------------------------
 */

static int predict_text(const sentiment_reader *reader, const char *text, size_t size)
{
    nn_error error;
    const double p = sentiment_predict(reader, text, size, &error);
    if (p < 0.0) return run_error("%s", error.text);
    printf("%.4f\n", p);
    return RUN_DONE;
}

/* One review a line from stdin, one probability a line to stdout. */
static int predict_lines(const sentiment_reader *reader)
{
    char *line = NULL;
    size_t room = 0;
    int code = RUN_DONE;
    for (ssize_t size; code == RUN_DONE && (size = getline(&line, &room, stdin)) >= 0;)
        code = predict_text(reader, line, size > 0 && line[size - 1] == '\n' ? (size_t)size - 1 : (size_t)size);
    free(line);
    return code == RUN_DONE && !run_stdout_ok() ? RUN_FAILED : code;
}

static int use(const settings *set)
{
    sentiment_reader reader;
    nn_error error = { 0 };
    int code = RUN_DONE;
    if (sentiment_open(&reader, set->common.load, set->common.threads, &error) != NN_OK)
        code = run_error("%s", error.text);
    else if (set->neighbours)
        code = sentiment_neighbours(reader.model, reader.vocabulary, set->neighbours) ? RUN_DONE : RUN_FAILED;
    else if (strcmp(set->predict, "-") == 0)
        code = predict_lines(&reader);
    else
        code = predict_text(&reader, set->predict, strlen(set->predict));
    sentiment_close(&reader);
    return code;
}

/* --- the program ----------------------------------------------------------------------------------------------------
 */

/* The report's settings of each network, and what does better; what the user typed stays. */
static void choose_defaults(settings *set, int argc, char *argv[])
{
    const bool dense = set->kind == SENTIMENT_DENSE,
               tuned_rnn = set->preset == PRESET_TUNED && set->kind == SENTIMENT_RNN;
    if (!options_given(argc, argv, "epochs")) set->epochs = dense ? 20 : 10;
    if (!options_given(argc, argv, "batch")) set->batch = dense ? 512 : 128;
    set->val_split = dense ? 0.4 : 0.2;
    if (!tuned_rnn) return;
    if (!options_given(argc, argv, "clip-norm")) set->clip_norm = 1.0;
    if (!options_given(argc, argv, "dropout")) set->dropout = 0.2;
    if (!options_given(argc, argv, "maxlen")) set->length = 200;
}

static int usage(const char *message)
{
    run_error("%s", message);
    return RUN_USAGE;
}

int main(int argc, char *argv[])
{
    settings set = { .common = OPTIONS_COMMON_DEFAULTS,
                     .kind = SENTIMENT_LSTM,
                     .words = 10000,
                     .length = 500,
                     .reviews = 4000,
                     .lr = 1e-3 };
    options_entry entries[] = {
        OPTIONS_CHOICE("model", &set.kind, SENTIMENT_KINDS, "the network"),
        OPTIONS_CHOICE("preset", &set.preset, "report|tuned", "tuned: a better SimpleRNN"),
        OPTIONS_INT("epochs", &set.epochs, 1, 1000, "passes over the reviews"),
        OPTIONS_INT("batch", &set.batch, 1, 100000, "reviews of a step"),
        OPTIONS_INT("words", &set.words, 4, 1000000, "indices: words seen, and three more"),
        OPTIONS_INT("maxlen", &set.length, 1, 32768, "words of a review that are read"),
        OPTIONS_POSITIVE("lr", &set.lr, 1000.0, "learning rate of RMSprop"),
        OPTIONS_DOUBLE("clip-norm", &set.clip_norm, 0.0, 1e9, "largest norm of a gradient; 0: any"),
        OPTIONS_DOUBLE("dropout", &set.dropout, 0.0, 0.99, "share dropped around the recurrent layer"),
        OPTIONS_INT("reviews", &set.reviews, 10, 1000000, "reviews to generate where there are none"),
        OPTIONS_TEXT("predict", &set.predict, "TEXT", "probability that TEXT is positive; -: stdin"),
        OPTIONS_TEXT("neighbours", &set.neighbours, "WORD", "words that the embedding puts near"),
    };
    entries[2].shown = "10; dense 20";
    entries[3].shown = "128; dense 512";
    const options_program program = { .name = "imdb_sentiment",
                                      .summary = "Learn whether film reviews are positive.",
                                      .example = "imdb_sentiment --model lstm --data ~/data --out out/lstm",
                                      OPTIONS_ENTRIES(entries),
                                      .common = &set.common };
    run_start(program.name);
    const int code = options_read(&program, argc, argv);
    if (code >= 0) return run_finish(code);
    choose_defaults(&set, argc, argv);
    if ((set.predict || set.neighbours) && !set.common.load)
        return run_finish(usage("--predict, --neighbours: expected --load FILE with it"));
    if (set.common.load && !set.predict && !set.neighbours)
        return run_finish(usage("--load: expected --predict TEXT or --neighbours WORD with it"));
    if (set.common.load) return run_finish(use(&set));
    if (set.common.resume && !set.common.out) return run_finish(usage("--resume: expected --out DIR with it"));
    if (set.common.out && !run_make_out(set.common.out)) return run_finish(RUN_FAILED);
    run_catch_signals();
    return run_finish(learn(&set, argc, argv));
}
