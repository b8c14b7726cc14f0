/* Is a film review positive? Dense, convolutional and recurrent networks on the IMDB reviews. */
#include "checkpoint.h"
#include "sentiment_export.h"
#include "sentiment_model.h"
#include "sentiment_options.h"
#include "sentiment_report.h"
#include "sentiment_training.h"
#include "sentiment_words.h"
#include "support/own_files.h"
#include "support/run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All that the program writes in --out. */
static const char *const own_files[] = {
    "checkpoint.safetensors", "history.csv", "history.png", "reviews.cache", "vectors.tsv", "words.tsv", NULL
};

/* --- data ----------------------------------------------------------------------------------------------------------
 */

/* An imdb.npz holds ranks; what reads or shows text needs the words, and says so before the training. */
static int refuse_without_words(const sentiment_options *set, const char *path)
{
    const char *option = set->common.save ? "save" : set->explain ? "explain" : NULL;
    if (!option) return RUN_DONE;
    return run_error("--%s: expected words: Keras' imdb_word_index.json beside %s, got none", option, path);
}

/* lists: whole reviews; else rows of encoding->length. */
static int load_reviews(const sentiment_options *set, const data_encoding *encoding, bool lists, data_imdb *imdb)
{
    static const char *const names[] = {
        "imdb/aclImdb-labelled.tar.gz", "imdb/aclImdb_v1.tar.gz", "imdb/aclImdb", "imdb/imdb.npz", "imdb", NULL
    };
    char path[RUN_PATH], cache[RUN_PATH];
    data_error error;
    data_imdb_def def = { .encoding = *encoding,
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
    if (imdb->cache == DATA_CACHE_FAILED)
        run_warn(stderr, "%s: cannot be written, or is no cache of reviews: each start reads them anew", cache);
    printf("%d + %d reviews %s%s\n", imdb->train.count, imdb->test.count, imdb->generated ? "generated" : "from ",
           imdb->generated ? "; scripts/get-data imdb brings the real ones" : path);
    const char *note = imdb->vocabulary ? "" : ", by their ranks alone";
    if (imdb->words >= 1000)
        printf("vocabulary %d,%03d words%s\n", imdb->words / 1000, imdb->words % 1000, note);
    else
        printf("vocabulary %d words%s\n", imdb->words, note);
    return imdb->vocabulary ? RUN_DONE : refuse_without_words(set, path);
}

/* Which words occur is all that the dense network sees of a review: training need not find that out in every epoch. */
static int make_sets(data_reviews *reviews)
{
    data_error error;
    return data_distinct_lists(reviews->indices, reviews->offsets, reviews->count, &error) == DATA_OK
               ? RUN_DONE
               : run_error("%s", error.text);
}

static int evaluate(nn_model *model, const data_reviews *reviews, double *loss, double *accuracy)
{
    nn_error error;
    const nn_tensor x = sentiment_inputs(reviews), y = sentiment_labels(reviews);
    const nn_loss_def bce = { .type = NN_BCE };
    const nn_status status = nn_evaluate(model, &bce, NN_BINARY_ACCURACY, &x, &y, loss, accuracy, &error);
    return status == NN_OK ? RUN_DONE : run_error("%s", error.text);
}

/* --- learning -------------------------------------------------------------------------------------------------------
 */

/* What the numbers depend on; --epochs and --patience only say where to stop. */
static void describe(const sentiment_options *set, const data_imdb *imdb, char text[SENTIMENT_SETTINGS])
{
    char data[96], shape[96] = "";
    const unsigned long long sum = sentiment_fingerprint(&imdb->train);
    if (imdb->generated)
        snprintf(data, sizeof data, "--reviews %d --data generated (%016llx)", set->reviews, sum);
    else
        snprintf(data, sizeof data, "--data %d reviews (%016llx)", imdb->train.count, sum);
    if (set->kind != SENTIMENT_DENSE)
        snprintf(shape, sizeof shape, " --maxlen %d --dropout %.15g", set->length, set->dropout);
    snprintf(text, SENTIMENT_SETTINGS, "--model %s --seed %llu --words %d%s --batch %d --lr %.15g --clip-norm %.15g %s",
             sentiment_networks[set->kind].name, (unsigned long long)set->common.seed, set->words, shape, set->batch,
             set->lr, set->clip_norm, data);
}

/* Memory is for reviews that there are. */
static int largest_batch(const sentiment_options *set, const data_imdb *imdb)
{
    return set->batch < imdb->train.count ? set->batch : imdb->train.count;
}

static int train(const sentiment_options *set, nn_model *model, const data_imdb *imdb, sentiment_trained *trained)
{
    char begun[SENTIMENT_SETTINGS];
    describe(set, imdb, begun);
    const sentiment_training training = { .reviews = &imdb->train,
                                          .epochs = set->epochs,
                                          .batch = largest_batch(set, imdb),
                                          .patience = set->patience,
                                          .lr = set->lr,
                                          .clip_norm = set->clip_norm,
                                          .val_split = sentiment_networks[set->kind].val_split,
                                          .seed = set->common.seed,
                                          .settings = begun,
                                          .out = set->common.out,
                                          .tensorboard = set->common.tensorboard,
                                          .resume = set->common.resume,
                                          .quiet = set->common.quiet };
    return sentiment_train(model, &training, trained);
}

/* file: of --save, or NULL. */
static int report(const sentiment_options *set, nn_model *model, nn_archive *file, const data_imdb *imdb,
                  const sentiment_trained *trained, double start)
{
    nn_error error;
    double loss = NAN, accuracy = NAN;
    if (evaluate(model, &imdb->test, &loss, &accuracy) != RUN_DONE) return RUN_FAILED;
    if (trained->epochs < set->epochs)
        printf("stopped early: no better validation accuracy in %d epochs\n", set->patience);
    printf("best epoch %d: val_acc: %.4f; its weights on the test reviews: loss: %.4f - acc: %.4f\n",
           trained->best_epoch, trained->best, loss, accuracy);
    if (file && sentiment_save(file, model, imdb->vocabulary, &imdb->encoding, set->common.save, &error) != NN_OK)
        return run_error("%s", error.text);
    if (set->common.out) sentiment_draw_history(set->common.out, sentiment_networks[set->kind].title);
    if (set->common.out && set->kind != SENTIMENT_DENSE && imdb->vocabulary)
        sentiment_export(model, imdb->vocabulary, set->common.out);
    if (set->explain && !sentiment_explain(model, imdb->vocabulary, &imdb->test)) return RUN_FAILED;
    run_result("best_val_accuracy=%.4f best_epoch=%d test_accuracy=%.4f vocabulary=%d seconds=%.1f", trained->best,
               trained->best_epoch, accuracy, imdb->words, run_seconds() - start);
    return RUN_DONE;
}

static void print_line(const char *text, void *user)
{
    (void)user;
    puts(text);
}

static int learn(const sentiment_options *set, int argc, char *argv[])
{
    data_imdb imdb = { 0 };
    nn_error error;
    nn_model *model = NULL;
    nn_archive *file = NULL;
    sentiment_trained trained = { 0 };
    const double start = run_seconds();
    const data_encoding encoding = { .words = set->words, .length = set->length };
    sentiment_def def = { (sentiment_kind)set->kind, set->words,   set->length,     set->batch,
                          set->common.threads,       set->dropout, set->common.seed };
    int code = set->common.save ? checkpoint_open(&file, set->common.save) : RUN_DONE;
    if (code == RUN_DONE) code = load_reviews(set, &encoding, set->kind == SENTIMENT_DENSE, &imdb);
    if (code == RUN_DONE && set->kind == SENTIMENT_DENSE) code = make_sets(&imdb.train);
    def.max_batch = largest_batch(set, &imdb);
    if (code == RUN_DONE && !(model = sentiment_create(&def, &error))) code = run_error("%s", error.text);
    if (code == RUN_DONE) nn_model_summary(model, print_line, NULL);
    if (code == RUN_DONE) code = train(set, model, &imdb, &trained);
    if (code == RUN_INTERRUPTED) code = set->common.out ? run_say_resume(argc, argv) : run_say_lost();
    if (code == RUN_DONE) code = report(set, model, file, &imdb, &trained, start);
    nn_archive_destroy(file);
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

/* One review a line from stdin, one probability a line to stdout; lines may end as those of DOS. */
static int predict_lines(const sentiment_reader *reader)
{
    char *line = NULL;
    size_t room = 0;
    int code = RUN_DONE;
    for (ssize_t size; code == RUN_DONE && (size = getline(&line, &room, stdin)) >= 0;) {
        if (size > 0 && line[size - 1] == '\n') size--;
        if (size > 0 && line[size - 1] == '\r') size--;
        code = predict_text(reader, line, (size_t)size);
    }
    if (code == RUN_DONE && !feof(stdin)) code = run_error("stdin: %s", strerror(errno));
    free(line);
    return code;
}

/* The reviews are read with all their words, then put in the model's own. */
static int explain(const sentiment_options *set, const sentiment_reader *reader)
{
    data_imdb imdb = { 0 };
    data_encoding encoding = reader->encoding;
    double loss = NAN, accuracy = NAN;
    encoding.words = DATA_ALL_WORDS;
    int code = load_reviews(set, &encoding, sentiment_reads_lists(reader), &imdb);
    if (code == RUN_DONE) {
        sentiment_translate(reader, imdb.vocabulary, &imdb.test);
        code = evaluate(reader->model, &imdb.test, &loss, &accuracy);
    }
    if (code == RUN_DONE && !sentiment_explain(reader->model, reader->vocabulary, &imdb.test)) code = RUN_FAILED;
    if (code == RUN_DONE) run_result("test_loss=%.4f test_accuracy=%.4f reviews=%d", loss, accuracy, imdb.test.count);
    data_imdb_free(&imdb);
    return code;
}

static int use(const sentiment_options *set)
{
    sentiment_reader reader;
    nn_error error = { 0 };
    int code = RUN_DONE;
    if (sentiment_open(&reader, set->common.load, set->explain ? set->batch : 1, set->common.threads, &error) != NN_OK)
        code = run_error("%s", error.text);
    else if (set->explain)
        code = explain(set, &reader);
    else if (set->neighbours)
        code = sentiment_neighbours(&reader, set->neighbours) ? RUN_DONE : RUN_FAILED;
    else if (set->analogy)
        code = sentiment_analogy(&reader, set->analogy) ? RUN_DONE : RUN_FAILED;
    else if (strcmp(set->predict, "-") == 0)
        code = predict_lines(&reader);
    else
        code = predict_text(&reader, set->predict, strlen(set->predict));
    sentiment_close(&reader);
    return code == RUN_DONE && !run_stdout_ok() ? RUN_FAILED : code; /* nothing else comes of it */
}

/* --- the program ---------------------------------------------------------------------------------------------------
 */

int main(int argc, char *argv[])
{
    sentiment_options set;
    run_start("imdb_sentiment");
    int code = sentiment_options_read(&set, argc, argv, options_read);
    if (code >= 0) return run_finish(code);
    code = own_files_prepare(&set.common, own_files);
    if (code != RUN_DONE) return run_finish(code);
    if (set.common.load) return run_finish(use(&set));
    run_catch_signals();
    return run_finish(learn(&set, argc, argv));
}
