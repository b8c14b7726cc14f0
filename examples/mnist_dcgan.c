/* A generator learns to draw handwritten digits that a discriminator cannot tell from real ones (DCGAN). */
#include "checkpoint.h"
#include "dcgan_drawing.h"
#include "dcgan_options.h"
#include "dcgan_training.h"
#include "digit_classifier.h"
#include "digit_score.h"
#include "support/own_files.h"
#include "support/progress.h"
#include "support/run.h"

#include <kvist/data.h>
#include <kvist/nn.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#define CLASSIFIER_FILE "classifier.safetensors"
/* All that the program writes in --out. */
static const char *const own_files[] = { "checkpoint.safetensors",
                                         "checkpoint_epoch_[0-9]*.safetensors",
                                         CLASSIFIER_FILE,
                                         "history.csv",
                                         "curves.png",
                                         "dcgan.gif",
                                         "image_at_epoch_[0-9]*.png",
                                         "generated.png",
                                         "interpolation.png",
                                         "interpolation.gif",
                                         NULL };

/* The tutorial's, and what learns to draw generated digits within a minute. */
enum { REAL_EPOCHS = 50, REAL_BATCH = 256, GENERATED_EPOCHS = 14, GENERATED_BATCH = 32 };
static const double real_lr = 1e-4, generated_lr = 4e-4;

enum { SAMPLE_STREAM = 103 };

static int load_digits(const dcgan_options *set, data_mnist *mnist)
{
    char path[RUN_PATH];
    data_error error;
    const run_data found = run_find_data(path, set->common.data, (const char *const[]){ "mnist", NULL });
    if (found == RUN_DATA_MISSING) return run_error("--data: expected a folder with MNIST, got %s", set->common.data);
    const data_mnist_def generated = { .train_count = set->images, .test_count = 1000, .seed = set->common.seed };
    if (data_mnist_load(found == RUN_DATA_FOUND ? path : NULL, &generated, mnist, &error) != DATA_OK)
        return run_error("%s", error.text);
    const data_images *train = &mnist->train;
    if (train->height != DCGAN_SIDE || train->width != DCGAN_SIDE)
        return run_error("%s: expected images of 28 x 28, got %d x %d", path, train->height, train->width);
    if (mnist->generated)
        printf("%d generated digits; scripts/get-data mnist brings the real ones\n", train->count);
    else
        printf("%d digits from %s\n", train->count, path);
    return RUN_DONE;
}

/* --- the score ---------------------------------------------------------------------------------------------------- */

static bool on_classifier(const nn_progress *p, void *user)
{
    progress *bar = user;
    if (p->batch == 1) progress_begin(bar, "Classifier, epoch", p->epoch, p->epochs, p->batch, p->batches);
    const progress_metric metrics[] = { { "loss", p->loss }, { "accuracy", p->accuracy } };
    (p->batch == p->batches ? progress_end : progress_update)(bar, p->batch, metrics, 2);
    return !run_interrupted();
}

static int get_classifier(const dcgan_options *set, const data_images *train, nn_model **classifier)
{
    char cache[RUN_PATH];
    nn_error error;
    progress bar = progress_create(set->common.quiet);
    const char *out = set->common.out;
    if (out) run_join(cache, out, CLASSIFIER_FILE);
    *classifier = digit_classifier_get(&(digit_classifier_def){ .train = train,
                                                                .threads = set->common.threads,
                                                                .cache = out ? cache : NULL,
                                                                .on_batch = on_classifier,
                                                                .user = &bar },
                                       &error);
    progress_clear(&bar);
    if (*classifier) return RUN_DONE;
    return error.status == NN_STOPPED ? RUN_INTERRUPTED : run_error("%s", error.text);
}

static void print_score(const char *what, const digit_score *score)
{
    printf("%-16s %5.2f %5.3f ", what, score->score, score->confidence);
    for (int k = 0; k < DIGIT_CLASSES; k++) printf(" %4.1f", 100 * score->share[k]);
    printf("\n");
}

/* Scores the generator beside the real test images. */
static int score(const dcgan_options *set, nn_model *classifier, nn_model *generator, const data_images *test,
                 digit_score *drawn, double *accuracy)
{
    digit_score real;
    nn_error error;
    char name[64];
    const nn_rng rng = { .seed = set->common.seed, .stream = SAMPLE_STREAM };
    nn_status status = digit_score_images(classifier, test, &real, accuracy, &error);
    if (status == NN_OK) status = digit_score_generator(classifier, generator, set->samples, rng, drawn, &error);
    if (status == NN_STOPPED) return RUN_INTERRUPTED;
    if (status != NN_OK) return run_error("%s", error.text);
    printf("classifier: %.2f %% of %d test images right\n", 100 * *accuracy, test->count);
    printf("%-16s %5s %5s  %s\n", "images", "score", "top p", "share of each digit 0 to 9 in percent");
    snprintf(name, sizeof name, "%d test", test->count);
    print_score(name, &real);
    snprintf(name, sizeof name, "%d generated", set->samples);
    print_score(name, drawn);
    return RUN_DONE;
}

static void print_result(const digit_score *drawn, double accuracy, double seconds)
{
    run_result("score=%.3f top_probability=%.3f smallest_class=%.4f classifier_accuracy=%.4f seconds=%.1f",
               drawn->score, drawn->confidence, drawn->smallest, accuracy, seconds);
}

static int score_only(const dcgan_options *set, const data_mnist *mnist)
{
    const double start = run_seconds();
    nn_model *classifier = NULL, *generator = drawing_load(set->common.load, set->common.threads);
    digit_score drawn;
    double accuracy = 0;
    int code = generator ? get_classifier(set, &mnist->train, &classifier) : RUN_FAILED;
    if (code == RUN_DONE) code = score(set, classifier, generator, &mnist->test, &drawn, &accuracy);
    if (code == RUN_DONE) print_result(&drawn, accuracy, run_seconds() - start);
    if (code == RUN_INTERRUPTED) run_error("interrupted; nothing is scored");
    nn_model_destroy(classifier);
    nn_model_destroy(generator);
    return code;
}

/* --- the program -------------------------------------------------------------------------------------------------- */

/* The classifier comes after the checkpoint: what cannot be resumed takes no minute to learn, nor the cache of others.
 */
static int train(const dcgan_options *set, const data_mnist *mnist, int argc, char *argv[])
{
    const options_common *common = &set->common;
    nn_model *classifier = NULL;
    nn_archive *save = NULL;
    digit_score drawn;
    double accuracy = 0;
    dcgan_training t;
    int code = dcgan_training_begin(&t, &(dcgan_training_def){ .images = &mnist->train,
                                                               .epochs = set->epochs,
                                                               .batch = set->batch,
                                                               .checkpoint_every = set->checkpoint_every,
                                                               .samples = set->samples,
                                                               .lr = set->lr,
                                                               .average = set->average,
                                                               .seed = common->seed,
                                                               .threads = common->threads,
                                                               .out = common->out,
                                                               .tensorboard = common->tensorboard,
                                                               .load = common->load,
                                                               .resume = common->resume,
                                                               .quiet = common->quiet });
    if (code == RUN_DONE && common->save) code = checkpoint_open(&save, common->save);
    if (code == RUN_DONE && save) dcgan_add_models(&t.gan, save);
    if (code == RUN_DONE) code = get_classifier(set, &mnist->train, &classifier);
    if (code == RUN_DONE) code = dcgan_training_run(&t, classifier);
    if (code == RUN_DONE) dcgan_training_show(&t);
    if (code == RUN_DONE && save) code = checkpoint_save(save, common->save);
    const bool learnt = code == RUN_DONE;
    if (code == RUN_DONE) code = score(set, classifier, dcgan_artist(&t.gan), &mnist->test, &drawn, &accuracy);
    if (code == RUN_DONE) print_result(&drawn, accuracy, t.at.total);
    if (code == RUN_INTERRUPTED && learnt && !common->out)
        run_error("interrupted; nothing is scored");
    else if (code == RUN_INTERRUPTED)
        code = common->out ? run_say_resume(argc, argv) : run_say_lost();
    nn_archive_destroy(save);
    nn_model_destroy(classifier);
    dcgan_training_end(&t);
    return code;
}

/* A batch holds no image twice: the default shrinks to what there is, a given one is refused. @return an exit code */
static int choose_batch(dcgan_options *set, const data_mnist *mnist, bool given)
{
    const int count = mnist->train.count;
    if (!given) set->batch = mnist->generated ? GENERATED_BATCH : REAL_BATCH;
    if (set->batch <= count) return RUN_DONE;
    if (!given) {
        set->batch = count;
        return RUN_DONE;
    }
    run_error("--batch: expected at most the %d images there are%s, got %d", count,
              mnist->generated ? " (--images)" : "", set->batch);
    return RUN_USAGE;
}

/* Training and scores, which need the digits. */
static int learn(dcgan_options *set, int argc, char *argv[])
{
    data_mnist mnist = { 0 };
    int code = load_digits(set, &mnist);
    if (!options_given(argc, argv, "epochs")) set->epochs = mnist.generated ? GENERATED_EPOCHS : REAL_EPOCHS;
    if (code == RUN_DONE) code = choose_batch(set, &mnist, options_given(argc, argv, "batch"));
    if (!options_given(argc, argv, "lr")) set->lr = mnist.generated ? generated_lr : real_lr;
    if (code == RUN_DONE) code = set->score_only ? score_only(set, &mnist) : train(set, &mnist, argc, argv);
    data_mnist_free(&mnist);
    return code;
}

/* Pictures, which need the generator alone. */
static int draw(const dcgan_options *set)
{
    const options_common *common = &set->common;
    nn_model *generator = drawing_load(common->load, common->threads);
    if (!generator) return RUN_FAILED;
    const int code = set->generate ? drawing_generate(generator, set->generate, common->seed, common->out)
                                   : drawing_interpolate(generator, set->interpolate, common->seed, common->out);
    nn_model_destroy(generator);
    return code;
}

int main(int argc, char *argv[])
{
    dcgan_options set;
    run_start("mnist_dcgan");
    int code = dcgan_options_read(&set, argc, argv, options_read);
    if (code >= 0) return run_finish(code);
    code = own_files_prepare(&set.common, own_files);
    if (code != RUN_DONE) return run_finish(code);
    if (set.generate || set.interpolate) return run_finish(draw(&set));
    run_catch_signals();
    return run_finish(learn(&set, argc, argv));
}
