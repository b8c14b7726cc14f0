#include "epochs.h"

#include "dcgan_model.h"
#include "measure.h"
#include "reviews.h"
#include "sentiment_model.h"
#include "support/run.h"
#include "workload.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const epoch_names[] = { "dcgan_epoch", "lstm_epoch", NULL };

/* Moments of an epoch, in the order in which they come. */
typedef struct course {
    const char *data;
    double begun, loaded, trained, saved;
    double share; /* of the epoch that was trained */
} course;

static void print(const epoch_def *def, const course *c)
{
    const double load = c->loaded - c->begun, train = c->trained - c->loaded, save = c->saved - c->trained;
    printf("epoch %s threads=%d data=%s fraction=%.4g load_s=%.2f train_s=%.2f save_s=%.2f seconds=%.1f", def->name,
           def->threads, c->data, c->share, load, train, save, load + train / c->share + save);
    const double peak = measure_peak_mb();
    if (peak > 0) printf(" peak_mb=%.0f", peak);
    printf("\n");
}

/* --- a folder that goes away -------------------------------------------------------------------------------------- */

static void make_folder(char path[RUN_PATH])
{
    const char *temporary = getenv("TMPDIR");
    if (!run_join(path, temporary ? temporary : "/tmp", "kvist-bench-XXXXXX") || !mkdtemp(path))
        fail("checkpoint", "no folder to write to");
}

static void remove_folder(const char *folder)
{
    char path[RUN_PATH];
    DIR *entries = opendir(folder);
    for (struct dirent *e; entries && (e = readdir(entries));)
        if (e->d_name[0] != '.' && run_join(path, folder, e->d_name)) unlink(path);
    if (entries) closedir(entries);
    rmdir(folder);
}

/* --- mnist_dcgan -------------------------------------------------------------------------------------------------- */

enum { DCGAN_BATCH = 256 };

static void save_dcgan(dcgan *gan)
{
    char folder[RUN_PATH], path[RUN_PATH];
    nn_error error;
    nn_archive *archive = nn_archive_create(&error);
    if (!archive) fail("checkpoint", error.text);
    make_folder(folder);
    run_join(path, folder, "checkpoint.safetensors");
    dcgan_add_state(gan, archive);
    if (nn_archive_save(archive, path, &error) != NN_OK) fail("checkpoint", error.text);
    nn_archive_destroy(archive);
    remove_folder(folder);
}

/* @return the share of the epoch that was run: whole batches */
static double train_dcgan(dcgan *gan, const data_images *images, double fraction)
{
    static uint8_t bytes[DCGAN_BATCH * DCGAN_PIXELS];
    nn_tensor real;
    nn_error error;
    data_error data;
    dcgan_losses losses;
    data_batches *batches =
        data_batches_create(&(data_batches_def){ .count = images->count, .batch = DCGAN_BATCH, .seed = 1 }, &data);
    if (!batches) fail("dcgan_epoch", data.text);
    if (nn_tensor_alloc(&real, NN_F32, NN_SHAPE(DCGAN_BATCH, DCGAN_SIDE, DCGAN_SIDE, 1)) != NN_OK)
        fail("dcgan_epoch", "out of memory");
    const int all = data_batches_per_epoch(batches);
    int steps = 0, size;
    for (const int32_t *order; steps < fraction * all && (order = data_batches_next(batches, &size)); steps++) {
        if (data_gather(images->pixels, images->count, DCGAN_PIXELS, order, size, bytes) != DATA_OK)
            fail("dcgan_epoch", "image out of range");
        data_scale_signed(bytes, (size_t)size * DCGAN_PIXELS, real.f32);
        const nn_tensor x = nn_view_f32(real.f32, NN_SHAPE(size, DCGAN_SIDE, DCGAN_SIDE, 1));
        if (dcgan_step(gan, &x, &losses, &error) != NN_OK) fail("dcgan_epoch", error.text);
    }
    nn_tensor_free(&real);
    data_batches_destroy(batches);
    return (double)steps / all;
}

static void run_dcgan(const epoch_def *def)
{
    char path[RUN_PATH];
    data_mnist mnist = { 0 };
    data_error data;
    nn_error error;
    dcgan gan;
    course c = { .data = "mnist", .begun = run_seconds() };
    const bool found = run_find_data(path, NULL, (const char *const[]){ "mnist", NULL }) == RUN_DATA_FOUND;
    if (!found) c.data = "generated";
    if (data_mnist_load(found ? path : NULL, &(data_mnist_def){ .train_count = 60000 }, &mnist, &data) != DATA_OK)
        fail("dcgan_epoch", data.text);
    const dcgan_def networks = {
        .batch = DCGAN_BATCH, .seed = 1, .threads = def->threads, .lr = 1e-4, .average = 0.995
    };
    if (dcgan_create(&gan, &networks, &error) != NN_OK) fail("dcgan_epoch", error.text);
    c.loaded = run_seconds();
    c.share = train_dcgan(&gan, &mnist.train, def->fraction);
    c.trained = run_seconds();
    save_dcgan(&gan);
    c.saved = run_seconds();
    print(def, &c);
    dcgan_destroy(&gan);
    data_mnist_free(&mnist);
}

/* --- imdb_sentiment --model lstm ---------------------------------------------------------------------------------- */

enum { LSTM_BATCH = 128 };

/* Saves with the epoch's end, so that the moment before is the callback's. */
static bool on_epoch(const nn_progress *progress, void *user)
{
    (void)progress;
    *(double *)user = run_seconds();
    return true;
}

/* The first reviews, four in five to learn from and the others for validation, as the program splits them. */
static double train_lstm(const epoch_def *def, const data_reviews *all, double *trained)
{
    char folder[RUN_PATH], path[RUN_PATH];
    nn_error error;
    data_reviews some = *all;
    some.count = (int)(def->fraction * all->count);
    if (some.count < 5) fail("lstm_epoch", "the fraction is less than a few reviews");
    const nn_tensor x = sentiment_inputs(&some), y = sentiment_labels(&some);
    const sentiment_def network = { .kind = SENTIMENT_LSTM,
                                    .words = REVIEW_WORDS,
                                    .length = REVIEW_LENGTH,
                                    .max_batch = LSTM_BATCH,
                                    .threads = def->threads,
                                    .seed = 1 };
    nn_model *model = sentiment_create(&network, &error);
    nn_optim *optim = model ? nn_optim_create(model, &(nn_optim_def){ .type = NN_RMSPROP }, &error) : NULL;
    if (!optim) fail("lstm_epoch", error.text);
    make_folder(folder);
    run_join(path, folder, "checkpoint.safetensors");
    const nn_fit_def fit = { .x = &x,
                             .y = &y,
                             .loss = { .type = NN_BCE },
                             .batch = LSTM_BATCH,
                             .val_split = 0.2,
                             .seed = 1,
                             .checkpoint = path,
                             .on_epoch = on_epoch,
                             .user = trained };
    if (nn_fit(model, optim, &fit, &error) != NN_OK) fail("lstm_epoch", error.text);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
    remove_folder(folder);
    return (double)some.count / all->count;
}

static void run_lstm(const epoch_def *def)
{
    data_imdb imdb = { 0 };
    course c = { .data = "imdb", .begun = run_seconds() };
    if (!reviews_load(&imdb, false)) {
        printf("epoch %s skipped: the reviews are not there (scripts/get-data)\n", def->name);
        return;
    }
    c.loaded = run_seconds();
    c.share = train_lstm(def, &imdb.train, &c.trained);
    c.saved = run_seconds();
    print(def, &c);
    data_imdb_free(&imdb);
}

int epoch_run(const void *context)
{
    const epoch_def *def = context;
    (strcmp(def->name, "dcgan_epoch") == 0 ? run_dcgan : run_lstm)(def);
    return EXIT_SUCCESS;
}
