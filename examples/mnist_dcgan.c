/* A generator learns to draw handwritten digits that a discriminator cannot tell from real ones (DCGAN). */
#include "dcgan_training.h"
#include "digit_classifier.h"
#include "digit_score.h"
#include "support/options.h"
#include "support/progress.h"
#include "support/run.h"

#include <kvist/data.h>
#include <kvist/nn.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct settings {
    options_common common;
    int epochs, batch, checkpoint_every, images, samples;
    bool score_only;
} settings;

/* The tutorial's, and what learns to draw generated digits within a minute. */
enum { REAL_EPOCHS = 50, REAL_BATCH = 256, GENERATED_EPOCHS = 12, GENERATED_BATCH = 64 };

enum { SAMPLE_STREAM = 103 };

static int load_digits(const settings *set, data_mnist *mnist)
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
    if (p->batch == 1) progress_begin(bar, "Classifier, epoch", p->epoch, p->epochs, p->batches);
    const progress_metric metrics[] = { { "loss", p->loss }, { "accuracy", p->accuracy } };
    (p->batch == p->batches ? progress_end : progress_update)(bar, p->batch, metrics, 2);
    return !run_interrupted();
}

static int get_classifier(const settings *set, const data_images *train, nn_model **classifier)
{
    char cache[RUN_PATH];
    nn_error error;
    progress bar = progress_create(set->common.quiet);
    const char *out = set->common.out;
    if (out) run_join(cache, out, "classifier.safetensors");
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
    printf("%-28s %5.2f  %15.3f ", what, score->score, score->confidence);
    for (int k = 0; k < DIGIT_CLASSES; k++) printf(" %4.1f", 100 * score->share[k]);
    printf("\n");
}

/* Scores the generator beside the real test images. */
static int score(const settings *set, nn_model *classifier, nn_model *generator, const data_images *test,
                 double seconds)
{
    digit_score real, drawn;
    double accuracy;
    nn_error error;
    const nn_rng rng = { .seed = set->common.seed, .stream = SAMPLE_STREAM };
    if (digit_score_images(classifier, test, &real, &accuracy, &error) != NN_OK ||
        digit_score_generator(classifier, generator, set->samples, rng, &drawn, &error) != NN_OK)
        return run_error("%s", error.text);
    char name[64];
    printf("classifier: %.2f %% of %d test images right\n", 100 * accuracy, test->count);
    printf("%-28s %5s  %15s  %s\n", "", "score", "top probability", "share of each digit 0 to 9 in percent");
    snprintf(name, sizeof name, "%d test images", test->count);
    print_score(name, &real);
    snprintf(name, sizeof name, "%d generated images", set->samples);
    print_score(name, &drawn);
    run_result("score=%.3f top_probability=%.3f smallest_class=%.4f classifier_accuracy=%.4f seconds=%.1f", drawn.score,
               drawn.confidence, drawn.smallest, accuracy, seconds);
    return RUN_DONE;
}

static int score_only(const settings *set, nn_model *classifier, const data_images *test)
{
    nn_error error;
    const double start = run_seconds();
    nn_model *generator =
        nn_model_load(set->common.load, "generator", &(nn_model_def){ .threads = set->common.threads }, &error);
    if (!generator) return run_error("%s", error.text);
    const nn_shape in = nn_model_input_shape(generator), out = nn_model_output_shape(generator);
    int code = RUN_FAILED;
    if (in.rank == 1 && out.rank == 3 && out.dim[0] == DCGAN_SIDE && out.dim[1] == DCGAN_SIDE && out.dim[2] == 1)
        code = score(set, classifier, generator, test, run_seconds() - start);
    else
        run_error("%s: expected a generator of images of 28 x 28 x 1", set->common.load);
    nn_model_destroy(generator);
    return code;
}

/* --- the program -------------------------------------------------------------------------------------------------- */

static int save_models(dcgan *gan, const char *path)
{
    nn_error error;
    nn_archive *archive = nn_archive_create(&error);
    if (archive) dcgan_add_models(gan, archive);
    const nn_status status = archive ? nn_archive_save(archive, path, &error) : error.status;
    nn_archive_destroy(archive);
    return status == NN_OK ? RUN_DONE : run_error("%s", error.text);
}

static int train(const settings *set, nn_model *classifier, const data_mnist *mnist, int argc, char *argv[])
{
    const options_common *common = &set->common;
    training t;
    int code = training_begin(&t, &(training_def){ .images = &mnist->train,
                                                   .epochs = set->epochs,
                                                   .batch = set->batch,
                                                   .checkpoint_every = set->checkpoint_every,
                                                   .seed = common->seed,
                                                   .threads = common->threads,
                                                   .out = common->out,
                                                   .tensorboard = common->tensorboard,
                                                   .load = common->load,
                                                   .resume = common->resume,
                                                   .quiet = common->quiet,
                                                   .classifier = classifier });
    if (code == RUN_DONE) code = training_run(&t);
    if (code == RUN_INTERRUPTED && common->out) run_say_resume(argc, argv);
    if (code == RUN_DONE) code = training_show(&t);
    if (code == RUN_DONE && common->save) code = save_models(&t.gan, common->save);
    if (code == RUN_DONE) code = score(set, classifier, t.gan.generator, &mnist->test, t.at.total);
    training_end(&t);
    return code;
}

static int run(settings *set, int argc, char *argv[])
{
    data_mnist mnist = { 0 };
    nn_model *classifier = NULL;
    int code = load_digits(set, &mnist);
    if (!options_given(argc, argv, "epochs")) set->epochs = mnist.generated ? GENERATED_EPOCHS : REAL_EPOCHS;
    if (!options_given(argc, argv, "batch")) set->batch = mnist.generated ? GENERATED_BATCH : REAL_BATCH;
    if (code == RUN_DONE) code = get_classifier(set, &mnist.train, &classifier);
    if (code == RUN_DONE)
        code = set->score_only ? score_only(set, classifier, &mnist.test) : train(set, classifier, &mnist, argc, argv);
    nn_model_destroy(classifier);
    data_mnist_free(&mnist);
    return code;
}

static int usage(const char *message)
{
    run_error("%s", message);
    return RUN_USAGE;
}

int main(int argc, char *argv[])
{
    settings set = { .common = OPTIONS_COMMON_DEFAULTS, .checkpoint_every = 15, .images = 2000, .samples = 10000 };
    options_entry entries[] = {
        OPTIONS_INT("epochs", &set.epochs, 1, GALLERY_EPOCHS, "passes over the images"),
        OPTIONS_INT("batch", &set.batch, 2, 4096, "images of a step"),
        OPTIONS_INT("checkpoint-every", &set.checkpoint_every, 1, 10000, "epochs between checkpoints that stay"),
        OPTIONS_INT("images", &set.images, 10, 1000000, "digits to generate where there is no MNIST"),
        OPTIONS_INT("samples", &set.samples, 1, 1000000, "generated images that are scored"),
        OPTIONS_FLAG("score-only", &set.score_only, "score the generator of --load"),
    };
    entries[0].shown = "50; generated digits 12";
    entries[1].shown = "256; generated digits 64";
    const options_program program = { .name = "mnist_dcgan",
                                      .summary = "Learn to draw handwritten digits with a DCGAN.",
                                      .example = "mnist_dcgan --data ~/data --epochs 15 --out out/digits",
                                      OPTIONS_ENTRIES(entries),
                                      .common = &set.common };
    run_start(program.name);
    const int code = options_read(&program, argc, argv);
    if (code >= 0) return run_finish(code);
    if (set.score_only && !set.common.load) return run_finish(usage("--score-only: expected --load FILE with it"));
    if (set.common.resume && !set.common.out) return run_finish(usage("--resume: expected --out DIR with it"));
    if (set.common.out && !run_make_out(set.common.out)) return run_finish(RUN_FAILED);
    run_catch_signals();
    return run_finish(run(&set, argc, argv));
}
