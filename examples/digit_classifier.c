#include "digit_classifier.h"
#include "fingerprint.h"

#include <stdint.h>
#include <stdio.h>

static const nn_layer_def layers[] = {
    { .type = NN_CONV2D, .conv = { .filters = 32, .kernel = { 3 }, .activation = NN_RELU } },
    { .type = NN_MAX_POOL2D },
    { .type = NN_CONV2D, .conv = { .filters = 64, .kernel = { 3 }, .activation = NN_RELU } },
    { .type = NN_MAX_POOL2D },
    { .type = NN_FLATTEN },
    { .type = NN_DROPOUT, .dropout = { .rate = 0.5 } },
    { .type = NN_DENSE, .dense = { .units = DIGIT_CLASSES, .activation = NN_SOFTMAX } },
};

enum { SEED = 1, MOST_EPOCHS = 20, LEAST_EPOCHS = 8, LEAST_STEPS = 1200, SIDE = 28, PIXELS = SIDE * SIDE };

static nn_status no_memory(nn_error *error, int count)
{
    *error = (nn_error){ .status = NN_ERR_MEMORY };
    snprintf(error->text, sizeof error->text, "%d images for the classifier: out of memory", count);
    return NN_ERR_MEMORY;
}

static nn_status scaled(const data_images *images, nn_tensor *x, nn_tensor *y, nn_error *error)
{
    const int count = images->count;
    if (nn_tensor_alloc(x, NN_F32, NN_SHAPE(count, SIDE, SIDE, 1)) != NN_OK ||
        nn_tensor_alloc(y, NN_I32, NN_SHAPE(count)) != NN_OK)
        return no_memory(error, count);
    data_scale_signed(images->pixels, (size_t)count * PIXELS, x->f32);
    for (int i = 0; i < count; i++) y->i32[i] = images->labels[i];
    return NN_OK;
}

/* Small sets are gone through more often. */
static int epochs_for(int count)
{
    const int steps = (count + DIGIT_BATCH - 1) / DIGIT_BATCH;
    const int epochs = (LEAST_STEPS + steps - 1) / steps;
    return epochs < LEAST_EPOCHS ? LEAST_EPOCHS : epochs > MOST_EPOCHS ? MOST_EPOCHS : epochs;
}

static nn_status fit(nn_model *model, const nn_fit_def *def, nn_error *error)
{
    const int steps = (def->x->shape.dim[0] + DIGIT_BATCH - 1) / DIGIT_BATCH;
    const nn_optim_def adam = {
        .type = NN_ADAM,
        .lr = 2e-3,
        .schedule = { .type = NN_COSINE_DECAY, .steps = (uint64_t)def->epochs * (uint64_t)steps, .end = 2e-5 }
    };
    nn_optim *optim = nn_optim_create(model, &adam, error);
    if (!optim) return error->status;
    const nn_status status = nn_fit(model, optim, def, error);
    nn_optim_destroy(optim);
    return status;
}

static nn_model *train(const digit_classifier_def *def, nn_error *error)
{
    const nn_model_def network = { .input = NN_SHAPE(SIDE, SIDE, 1),
                                   .max_batch = DIGIT_BATCH,
                                   .seed = SEED,
                                   .threads = def->threads,
                                   NN_LAYERS(layers) };
    nn_tensor x = { 0 }, y = { 0 };
    nn_model *model = nn_model_create(&network, error);
    nn_status status = model ? scaled(def->train, &x, &y, error) : error->status;
    if (status == NN_OK)
        status = fit(model,
                     &(nn_fit_def){ .x = &x,
                                    .y = &y,
                                    .loss = { .type = NN_SPARSE_CATEGORICAL },
                                    .epochs = epochs_for(def->train->count),
                                    .batch = DIGIT_BATCH,
                                    .seed = SEED,
                                    .on_batch = def->on_batch,
                                    .user = def->user },
                     error);
    nn_tensor_free(&y);
    nn_tensor_free(&x);
    if (status == NN_OK) return model;
    /* that on_batch ended it is no error to nn_fit */
    if (status == NN_STOPPED) *error = (nn_error){ .status = status, .text = "classifier: interrupted" };
    nn_model_destroy(model);
    return NULL;
}

/* --- the cache ---------------------------------------------------------------------------------------------------- */

/* Of pixels and labels: a classifier of other images is no judge of these. */
static uint64_t fingerprint(const data_images *images)
{
    uint64_t sum = FINGERPRINT_OF_NOTHING;
    const size_t pixels = (size_t)images->count * PIXELS;
    for (size_t i = 0; i < pixels; i++) sum = fingerprint_add(sum, images->pixels[i]);
    for (int i = 0; i < images->count; i++) sum = fingerprint_add(sum, images->labels[i]);
    return sum;
}

static nn_model *read_cache(const digit_classifier_def *def, uint64_t wanted)
{
    uint64_t found = 0;
    nn_archive *archive = nn_archive_create(NULL);
    if (!archive) return NULL;
    nn_archive_add_u64(archive, "images", &found);
    const nn_status status = nn_archive_load(archive, def->cache, NULL);
    nn_archive_destroy(archive);
    if (status != NN_OK || found != wanted) return NULL;
    return nn_model_load(def->cache, "classifier", &(nn_model_def){ .threads = def->threads }, NULL);
}

static nn_status write_cache(const digit_classifier_def *def, nn_model *model, uint64_t images, nn_error *error)
{
    nn_archive *archive = nn_archive_create(error);
    if (!archive) return error->status;
    nn_archive_add_u64(archive, "images", &images);
    nn_archive_add_model(archive, "classifier", model);
    const nn_status status = nn_archive_save(archive, def->cache, error);
    nn_archive_destroy(archive);
    return status;
}

nn_model *digit_classifier_get(const digit_classifier_def *def, nn_error *error)
{
    const uint64_t images = def->cache ? fingerprint(def->train) : 0;
    nn_model *model = def->cache ? read_cache(def, images) : NULL;
    if (model) return model;
    model = train(def, error);
    if (!model || !def->cache || write_cache(def, model, images, error) == NN_OK) return model;
    nn_model_destroy(model);
    return NULL;
}
