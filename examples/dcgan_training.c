#include "dcgan_training.h"

#include "checkpoint.h"
#include "digit_score.h"
#include "support/begun.h"
#include "support/plot.h"
#include "support/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { GRID_STREAM = 101, SCORE_STREAM = 102, MOST_SAMPLES = 1000 };

static const char header[] = "epoch,d_loss,g_loss,d_real,d_fake,score,seconds";

/* --- checkpoints -------------------------------------------------------------------------------------------------- */

static nn_archive *list_state(dcgan_training *t)
{
    dcgan_position *at = &t->at;
    nn_archive *archive = checkpoint_create();
    if (!archive) return NULL;
    dcgan_add_state(&t->gan, archive);
    gallery_add_state(&t->pictures, archive);
    nn_archive_add_u64(archive, "seed", &at->seed);
    nn_archive_add_u64(archive, "batch", &at->batch);
    nn_archive_add_u64(archive, "images", &at->images);
    nn_archive_add_f64(archive, "lr", &at->lr);
    nn_archive_add_f64(archive, "average_decay", &at->average);
    nn_archive_add_u64(archive, "epoch", &at->epoch);
    nn_archive_add_u64(archive, "step", &at->step);
    nn_archive_add_f64(archive, "d_loss", &at->sum.d_loss);
    nn_archive_add_f64(archive, "g_loss", &at->sum.g_loss);
    nn_archive_add_f64(archive, "d_real", &at->sum.d_real);
    nn_archive_add_f64(archive, "d_fake", &at->sum.d_fake);
    nn_archive_add_f64(archive, "seconds", &at->total);
    nn_archive_add_f64(archive, "epoch_seconds", &at->seconds);
    return archive;
}

static int save(dcgan_training *t)
{
    return t->checkpoint ? checkpoint_save(t->checkpoint, t->checkpoint_path) : RUN_DONE;
}

/* A checkpoint that stays when the next one is written. */
static int keep(dcgan_training *t)
{
    char name[48], path[RUN_PATH];
    snprintf(name, sizeof name, "checkpoint_epoch_%04d.safetensors", (int)t->at.epoch);
    run_join(path, t->def.out, name);
    nn_archive *archive = list_state(t);
    const int code = archive ? checkpoint_save(archive, path) : RUN_FAILED;
    nn_archive_destroy(archive);
    return code;
}

enum { SETTINGS_TEXT = 256 };

/* The settings as their options; images that were read are told as if they had been generated. */
static void describe(const dcgan_position *at, char text[SETTINGS_TEXT])
{
    snprintf(text, SETTINGS_TEXT, "--seed %llu --batch %llu --images %llu --lr %.15g --average %.15g",
             (unsigned long long)at->seed, (unsigned long long)at->batch, (unsigned long long)at->images, at->lr,
             at->average);
}

static int resume(dcgan_training *t)
{
    char now[SETTINGS_TEXT], begun[SETTINGS_TEXT];
    const dcgan_position *at = &t->at;
    describe(at, now);
    if (checkpoint_load(t->checkpoint, t->checkpoint_path) != RUN_DONE) return RUN_FAILED;
    describe(at, begun);
    if (begun_check(t->checkpoint_path, begun, now) != RUN_DONE) return RUN_FAILED;
    if (t->pictures.count > GALLERY_FRAMES)
        return run_error("%s: frame_count: expected at most %d, got %llu", t->checkpoint_path, GALLERY_FRAMES,
                         (unsigned long long)t->pictures.count);
    const uint64_t epochs = (uint64_t)t->def.epochs, steps = (uint64_t)data_batches_per_epoch(t->batches);
    if (at->epoch > epochs || (at->epoch == epochs && at->step > 0))
        return run_error("%s: --epochs: expected at least %llu, which is begun, got %d", t->checkpoint_path,
                         (unsigned long long)at->epoch + (at->step > 0), t->def.epochs);
    if (at->step > steps)
        return run_error("%s: step: expected at most %llu, got %llu", t->checkpoint_path, (unsigned long long)steps,
                         (unsigned long long)at->step);
    return RUN_DONE;
}

/* Opens history and checkpoint; goes on from them under --resume, from the start where there is none. A new run saves
 * at once and first, so that a checkpoint never lies beside a later history than its own: that a resume cuts off. */
static int open_out(dcgan_training *t)
{
    if (!t->def.out) return RUN_DONE;
    run_join(t->history_path, t->def.out, "history.csv");
    run_join(t->checkpoint_path, t->def.out, "checkpoint.safetensors");
    t->checkpoint = list_state(t);
    if (checkpoint_claim(t->checkpoint, t->checkpoint_path) != RUN_DONE) return RUN_FAILED;
    if (!t->def.resume || !run_has_checkpoint(t->checkpoint_path)) {
        const int code = save(t);
        if (code == RUN_DONE) csv_create(&t->history, t->history_path, header, stderr);
        return code;
    }
    const int code = resume(t);
    if (code == RUN_DONE) csv_resume(&t->history, t->history_path, header, (double)t->at.epoch, stderr);
    return code;
}

/* Both networks; the average begins as the generator. */
static int load_models(dcgan_training *t, const char *path)
{
    dcgan *gan = &t->gan;
    nn_archive *archive = checkpoint_create();
    if (!archive) return RUN_FAILED;
    nn_archive_add_model(archive, "generator", gan->generator);
    nn_archive_add_model(archive, "discriminator", gan->discriminator);
    const int code = checkpoint_load(archive, path);
    nn_archive_destroy(archive);
    if (code != RUN_DONE || !gan->average) return code;
    const nn_status status = nn_model_copy_weights(gan->average, gan->generator);
    return status == NN_OK ? RUN_DONE : run_error("average: %s", nn_status_string(status));
}

/* --- beginning and end -------------------------------------------------------------------------------------------- */

int dcgan_training_begin(dcgan_training *t, const dcgan_training_def *def)
{
    const int batch = def->batch, count = def->images->count;
    nn_error error;
    data_error data;
    *t = (dcgan_training){ .def = *def, .history = CSV_CLOSED, .board = TENSORBOARD_CLOSED };
    t->at = (dcgan_position){
        .seed = def->seed, .batch = (uint64_t)batch, .images = (uint64_t)count, .lr = def->lr, .average = def->average
    };

    t->batches = data_batches_create(&(data_batches_def){ .count = count, .batch = batch, .seed = def->seed }, &data);
    if (!t->batches || gallery_create(&t->pictures, &data) != DATA_OK) return run_error("%s", data.text);
    const dcgan_def networks = {
        .batch = batch, .seed = def->seed, .threads = def->threads, .lr = def->lr, .average = def->average
    };
    if (dcgan_create(&t->gan, &networks, &error) != NN_OK) return run_error("%s", error.text);
    t->bytes = calloc((size_t)batch, DCGAN_PIXELS);
    if (!t->bytes || nn_tensor_alloc(&t->real, NN_F32, NN_SHAPE(batch, DCGAN_SIDE, DCGAN_SIDE, 1)) != NN_OK ||
        nn_tensor_alloc(&t->fixed, NN_F32, NN_SHAPE(GALLERY_IMAGES, DCGAN_NOISE)) != NN_OK ||
        nn_tensor_alloc(&t->drawn, NN_F32, NN_SHAPE(GALLERY_IMAGES, DCGAN_SIDE, DCGAN_SIDE, 1)) != NN_OK)
        return run_error("batch %d: out of memory", batch);
    nn_rng rng = { .seed = def->seed, .stream = GRID_STREAM };
    nn_fill_normal(&t->fixed, 0, 1, &rng);

    int code = def->load ? load_models(t, def->load) : RUN_DONE;
    if (code == RUN_DONE) code = open_out(t);
    const int64_t restart = def->resume ? (int64_t)t->at.epoch + 1 : 0;
    if (code == RUN_DONE) tensorboard_open(&t->board, def->tensorboard, restart, stderr);
    return code;
}

void dcgan_training_end(dcgan_training *t)
{
    csv_close(&t->history);
    tensorboard_close(&t->board);
    nn_archive_destroy(t->checkpoint);
    gallery_destroy(&t->pictures);
    dcgan_destroy(&t->gan);
    nn_tensor_free(&t->drawn);
    nn_tensor_free(&t->fixed);
    nn_tensor_free(&t->real);
    free(t->bytes);
    data_batches_destroy(t->batches);
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

static int step(dcgan_training *t, const int32_t *order, int size)
{
    dcgan_losses losses, *sum = &t->at.sum;
    nn_error error;
    if (data_gather(t->def.images->pixels, t->def.images->count, DCGAN_PIXELS, order, size, t->bytes) != DATA_OK)
        return run_error("batch: image out of range");
    data_scale_signed(t->bytes, (size_t)size * DCGAN_PIXELS, t->real.f32);
    const nn_tensor real = nn_view_f32(t->real.f32, NN_SHAPE(size, DCGAN_SIDE, DCGAN_SIDE, 1));
    if (dcgan_step(&t->gan, &real, &losses, &error) != NN_OK)
        return run_error("epoch %d, step %d: %s", (int)t->at.epoch + 1, (int)t->at.step + 1, error.text);
    sum->d_loss += size * losses.d_loss;
    sum->g_loss += size * losses.g_loss;
    sum->d_real += size * losses.d_real;
    sum->d_fake += size * losses.d_fake;
    t->at.step++;
    return RUN_DONE;
}

/* Means of the epoch over the real images seen so far. */
static void show(progress *bar, const dcgan_training *t, bool last)
{
    const dcgan_losses *sum = &t->at.sum;
    const double images = fmin((double)t->at.step * t->def.batch, t->def.images->count);
    const progress_metric metrics[] = {
        { "d_loss", sum->d_loss / images },
        { "g_loss", sum->g_loss / images },
        { "D(real)", sum->d_real / images },
        { "D(fake)", sum->d_fake / images },
    };
    (last ? progress_end : progress_update)(bar, (long)t->at.step, metrics, 4);
}

static void show_grid(dcgan_training *t, int epoch)
{
    const gallery *g = &t->pictures;
    data_png png = { 0 };
    data_error error;
    if (t->board.file < 0) return;
    if (data_png_encode(gallery_latest(g), g->width, g->height, 1, &png, &error) == DATA_OK)
        tensorboard_image(&t->board, "grid", epoch, png.bytes, png.size);
    else
        run_error("warning: %s", error.text);
    data_png_free(&png);
}

static int draw_fixed(dcgan_training *t)
{
    nn_error error;
    return nn_predict(dcgan_artist(&t->gan), &t->fixed, &t->drawn, &error) == NN_OK
               ? RUN_DONE
               : run_error("generator: %s", error.text);
}

static int stop(dcgan_training *t)
{
    return save(t) == RUN_DONE ? RUN_INTERRUPTED : RUN_FAILED;
}

/*
 * The score of up to 1,000 images, the grid, the line of history.csv, TensorBoard's events, the checkpoints. A signal
 * during the score leaves the epoch open after its last step; --resume scores it.
 */
static int end_epoch(dcgan_training *t, nn_model *classifier)
{
    const double images = t->def.images->count;
    dcgan_position *at = &t->at;
    const dcgan_losses *sum = &at->sum;
    const int epoch = (int)at->epoch + 1, samples = t->def.samples < MOST_SAMPLES ? t->def.samples : MOST_SAMPLES;
    digit_score score;
    nn_error error;
    data_error data;

    const nn_rng rng = { .seed = t->def.seed, .stream = SCORE_STREAM };
    const nn_status scored = digit_score_generator(classifier, dcgan_artist(&t->gan), samples, rng, &score, &error);
    if (scored == NN_STOPPED) return stop(t);
    if (scored != NN_OK) return run_error("%s", error.text);
    if (draw_fixed(t) != RUN_DONE) return RUN_FAILED;
    if (gallery_add(&t->pictures, t->drawn.f32, epoch, t->def.out, &data) != DATA_OK) return run_error("%s", data.text);
    const double row[] = {
        epoch,       sum->d_loss / images, sum->g_loss / images, sum->d_real / images, sum->d_fake / images,
        score.score, at->seconds,
    };
    csv_row(&t->history, row, 7);
    tensorboard_row(&t->board, header, row, 7);
    show_grid(t, epoch);
    at->total += at->seconds;
    at->seconds = 0;
    at->epoch++;
    at->step = 0;
    at->sum = (dcgan_losses){ 0 };
    /* the one that stays first: a run that ends between the two writes it again */
    const int code = t->def.out && epoch % t->def.checkpoint_every == 0 ? keep(t) : RUN_DONE;
    return code == RUN_DONE ? save(t) : code;
}

static int train_epoch(dcgan_training *t, nn_model *classifier, progress *bar)
{
    const int steps = data_batches_per_epoch(t->batches);
    double clock = run_seconds();
    int size;
    progress_begin(bar, "Epoch", (int)t->at.epoch + 1, t->def.epochs, (long)t->at.step, steps);
    data_batches_seek(t->batches, t->at.epoch, (int)t->at.step);
    for (const int32_t *order; (order = data_batches_next(t->batches, &size));) {
        const int code = step(t, order, size);
        if (code != RUN_DONE) return code;
        const double now = run_seconds();
        t->at.seconds += now - clock;
        clock = now;
        show(bar, t, (int)t->at.step == steps);
        if (run_interrupted()) return stop(t);
    }
    return end_epoch(t, classifier);
}

int dcgan_training_run(dcgan_training *t, nn_model *classifier)
{
    progress bar = progress_create(t->def.quiet);
    while (t->at.epoch < (uint64_t)t->def.epochs) {
        const int code = train_epoch(t, classifier, &bar);
        progress_clear(&bar);
        if (code != RUN_DONE) return code;
        if (run_interrupted() && t->at.epoch < (uint64_t)t->def.epochs) return RUN_INTERRUPTED;
    }
    return RUN_DONE;
}

/* --- pictures ----------------------------------------------------------------------------------------------------- */

static plot_series line(const csv_table *table, const char *column, const char *label)
{
    return (plot_series){
        .label = label, .x = csv_column(table, "epoch"), .y = csv_column(table, column), .count = table->rows
    };
}

static bool plot(const csv_table *table, const char *path, char error[PLOT_ERROR])
{
    const plot_series losses[] = { line(table, "d_loss", "discriminator"), line(table, "g_loss", "generator") };
    const plot_series beliefs[] = { line(table, "d_real", "D(real)"), line(table, "d_fake", "D(fake)") };
    const plot_series score[] = { line(table, "score", NULL) };
    const plot_panel panels[] = {
        { .title = "Losses", .x_label = "epoch", .y_label = "binary cross-entropy", .series = losses, .count = 2 },
        { .title = "Mean output of the discriminator",
          .x_label = "epoch",
          .y_label = "probability of being real",
          .series = beliefs,
          .count = 2,
          .y_max = 1 },
        { .title = "Score of 1,000 generated images",
          .x_label = "epoch",
          .y_label = "exp(E KL(p(y|x) || p(y)))",
          .series = score,
          .count = 1,
          .y_min = 1,
          .y_max = DIGIT_CLASSES },
    };
    return plot_write(&(plot_figure){ .panels = panels, .count = 3 }, path, error);
}

static void show_curves(const dcgan_training *t)
{
    char path[RUN_PATH], error[PLOT_ERROR];
    csv_table table;
    if (!plot_available()) {
        run_error("built without cairo: no curves");
        return;
    }
    if (!csv_read(&table, t->history_path, error)) {
        run_error("warning: %s", error);
        return;
    }
    run_join(path, t->def.out, "curves.png");
    if (table.rows > 0 && !plot(&table, path, error)) run_error("warning: %s", error);
    csv_free(&table);
}

void dcgan_training_show(dcgan_training *t)
{
    char path[RUN_PATH];
    data_error data;
    if (!t->def.out) return;
    run_join(path, t->def.out, "dcgan.gif");
    if (!data_gif_available())
        run_error("built without giflib: no animation");
    else if (draw_fixed(t) == RUN_DONE && gallery_write_gif(&t->pictures, t->drawn.f32, path, &data) != DATA_OK)
        run_error("warning: %s", data.text);
    show_curves(t);
}
