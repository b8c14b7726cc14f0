#include "dcgan_model.h"

#include <math.h>
#include <stdio.h>

static const nn_layer_def generator_layers[] = {
    { .type = NN_DENSE, .dense = { .units = 7 * 7 * 256, .no_bias = true } },
    { .type = NN_BATCH_NORM },
    { .type = NN_LEAKY_RELU },
    { .type = NN_RESHAPE, .reshape = { NN_DIMS(7, 7, 256) } },
    { .type = NN_CONV2D_TRANSPOSE, .conv = { .filters = 128, .kernel = { 5 }, .padding = NN_SAME, .no_bias = true } },
    { .type = NN_BATCH_NORM },
    { .type = NN_LEAKY_RELU },
    { .type = NN_CONV2D_TRANSPOSE,
      .conv = { .filters = 64, .kernel = { 5 }, .stride = { 2 }, .padding = NN_SAME, .no_bias = true } },
    { .type = NN_BATCH_NORM },
    { .type = NN_LEAKY_RELU },
    { .type = NN_CONV2D_TRANSPOSE,
      .conv = { .filters = 1,
                .kernel = { 5 },
                .stride = { 2 },
                .padding = NN_SAME,
                .no_bias = true,
                .activation = NN_TANH } },
};

static const nn_layer_def discriminator_layers[] = {
    { .type = NN_CONV2D, .conv = { .filters = 64, .kernel = { 5 }, .stride = { 2 }, .padding = NN_SAME } },
    { .type = NN_LEAKY_RELU },
    { .type = NN_DROPOUT, .dropout = { .rate = 0.3 } },
    { .type = NN_CONV2D, .conv = { .filters = 128, .kernel = { 5 }, .stride = { 2 }, .padding = NN_SAME } },
    { .type = NN_LEAKY_RELU },
    { .type = NN_DROPOUT, .dropout = { .rate = 0.3 } },
    { .type = NN_FLATTEN },
    { .type = NN_DENSE, .dense = { .units = 1 } },
};

static const nn_loss_def bce = { .type = NN_BCE_LOGITS };

enum { NOISE_STREAM = 100 };

/* Of a loss by a logit: below this, products with weights may leave the range of float. */
static const nn_float LEAST_GRADIENT = 1e-20f;

nn_status dcgan_create(dcgan *gan, const dcgan_def *def, nn_error *error)
{
    const int batch = def->batch;
    const nn_optim_def adam = { .type = NN_ADAM, .lr = def->lr };
    const nn_model_def generator = { .input = NN_SHAPE(DCGAN_NOISE),
                                     .max_batch = batch,
                                     .seed = def->seed,
                                     .threads = def->threads,
                                     NN_LAYERS(generator_layers) };
    const nn_model_def discriminator = { .input = NN_SHAPE(DCGAN_SIDE, DCGAN_SIDE, 1),
                                         .max_batch = batch,
                                         .seed = def->seed + 1,
                                         .threads = def->threads,
                                         NN_LAYERS(discriminator_layers) };
    *gan = (dcgan){ .batch = batch, .decay = def->average, .rng = { .seed = def->seed, .stream = NOISE_STREAM } };
    if (!(gan->generator = nn_model_create(&generator, error)) ||
        !(gan->discriminator = nn_model_create(&discriminator, error)) ||
        (def->average > 0 && !(gan->average = nn_model_create(&generator, error))) ||
        !(gan->generator_optim = nn_optim_create(gan->generator, &adam, error)) ||
        !(gan->discriminator_optim = nn_optim_create(gan->discriminator, &adam, error)))
        return error->status;

    nn_status status = nn_tensor_alloc(&gan->noise, NN_F32, NN_SHAPE(batch, DCGAN_NOISE));
    if (status == NN_OK) status = nn_tensor_alloc(&gan->labels, NN_F32, NN_SHAPE(2 * batch, 1));
    if (status == NN_OK) status = nn_tensor_alloc(&gan->by_logits, NN_F32, NN_SHAPE(2 * batch, 1));
    if (status == NN_OK) status = nn_tensor_alloc(&gan->by_images, NN_F32, NN_SHAPE(batch, DCGAN_SIDE, DCGAN_SIDE, 1));
    if (status != NN_OK) {
        *error = (nn_error){ .status = status };
        snprintf(error->text, sizeof error->text, "batch %d: %s", batch, nn_status_string(status));
        return status;
    }
    for (int i = 0; i < batch; i++) gan->labels.f32[i] = 1;
    return NN_OK;
}

void dcgan_destroy(dcgan *gan)
{
    nn_tensor_free(&gan->by_images);
    nn_tensor_free(&gan->by_logits);
    nn_tensor_free(&gan->labels);
    nn_tensor_free(&gan->noise);
    nn_optim_destroy(gan->discriminator_optim);
    nn_optim_destroy(gan->generator_optim);
    nn_model_destroy(gan->discriminator);
    nn_model_destroy(gan->generator);
    nn_model_destroy(gan->average);
    *gan = (dcgan){ 0 };
}

static nn_tensor ones(const dcgan *gan, int count)
{
    return nn_view_f32(gan->labels.f32, NN_SHAPE(count, 1));
}

static nn_tensor zeros(const dcgan *gan)
{
    return nn_view_f32(gan->labels.f32 + gan->batch, NN_SHAPE(gan->batch, 1));
}

static double mean_sigmoid(const nn_tensor *logits)
{
    const int count = logits->shape.dim[0];
    double sum = 0;
    for (int i = 0; i < count; i++) sum += 1 / (1 + exp(-(double)logits->f32[i]));
    return sum / count;
}

static nn_status failed(nn_error *error, const char *name, nn_model *model, nn_status status)
{
    *error = (nn_error){ .status = status };
    snprintf(error->text, sizeof error->text, "%s: %.200s", name, nn_model_error(model));
    return status;
}

/* D's logits, probability and loss for a batch that should be called `target`, and D's gradients as wanted. */
static nn_status judge(dcgan *gan, const nn_tensor *images, const nn_tensor *target, unsigned want,
                       const nn_tensor **logits, double *probability, nn_float *loss)
{
    *logits = nn_forward(gan->discriminator, images, NN_TRAIN);
    if (!*logits) return NN_ERR_DATA;
    *probability = mean_sigmoid(*logits);
    return nn_backprop(gan->discriminator, &bce, target, want, loss);
}

/*
 * G's loss, and by_images: its gradient by the images that D has just judged, whose gradient of D's loss is there
 * already. Both losses look at one logit a, and D looks at each image alone (it has no batch norm), so
 *   dLg/dx = dLg/da / (dLd/da) dLd/dx
 * spares going back through D once more. Where D is so sure of an image that dLd/da is lost to rounding, that is done.
 */
static nn_status fool(dcgan *gan, const nn_tensor *logits, nn_float *loss)
{
    const int batch = gan->batch;
    const nn_tensor fake_is = zeros(gan), fooled = ones(gan, batch), *dx = nn_input_grad(gan->discriminator);
    nn_tensor unmask = nn_view_f32(gan->by_logits.f32, NN_SHAPE(batch, 1));
    nn_tensor deceive = nn_view_f32(gan->by_logits.f32 + batch, NN_SHAPE(batch, 1));
    nn_status status = nn_loss(&bce, logits, &fake_is, NULL, NULL, &unmask, NULL);
    if (status == NN_OK) status = nn_loss(&bce, logits, &fooled, loss, NULL, &deceive, NULL);
    if (status != NN_OK) return status;

    bool lost = false;
    for (int i = 0; i < batch; i++) lost |= unmask.f32[i] < LEAST_GRADIENT;
    if (lost && !(dx = nn_backward(gan->discriminator, &deceive, NN_GRAD_INPUT))) return NN_ERR_DATA;
    for (int i = 0; i < batch; i++) {
        const nn_float scale = lost ? 1 : deceive.f32[i] / unmask.f32[i];
        for (int p = i * DCGAN_PIXELS; p < (i + 1) * DCGAN_PIXELS; p++) gan->by_images.f32[p] = scale * dx->f32[p];
    }
    return NN_OK;
}

/* average = decay average + (1 - decay) G, the decay rising at the start as in TensorFlow's ExponentialMovingAverage.
 */
static nn_status follow(dcgan *gan)
{
    const double steps = (double)nn_optim_steps(gan->generator_optim);
    if (!gan->average) return NN_OK;
    return nn_model_blend_weights(gan->average, gan->generator, 1 - fmin(gan->decay, (1 + steps) / (10 + steps)));
}

nn_status dcgan_backprop(dcgan *gan, const nn_tensor *real, dcgan_losses *losses, nn_error *error)
{
    nn_model *G = gan->generator, *D = gan->discriminator;
    const nn_tensor real_is = ones(gan, real->shape.dim[0]), fake_is = zeros(gan);
    nn_float on_real = 0, on_fake = 0, on_fooling = 0;

    nn_fill_normal(&gan->noise, 0, 1, &gan->rng);
    const nn_tensor *fake = nn_forward(G, &gan->noise, NN_TRAIN);
    if (!fake) return failed(error, "generator", G, NN_ERR_DATA);

    /* D: BCE(1, D(x)) + BCE(0, D(G(z))); G: BCE(1, D(G(z))), by the chain rule through D's input */
    const nn_tensor *logits = NULL;
    nn_status status = judge(gan, real, &real_is, NN_GRAD_PARAMS, &logits, &losses->d_real, &on_real);
    if (status == NN_OK)
        status = judge(gan, fake, &fake_is, NN_GRAD_PARAMS | NN_GRAD_INPUT, &logits, &losses->d_fake, &on_fake);
    if (status == NN_OK) status = fool(gan, logits, &on_fooling);
    if (status != NN_OK) return failed(error, "discriminator", D, status);
    if (!nn_backward(G, &gan->by_images, NN_GRAD_PARAMS)) return failed(error, "generator", G, NN_ERR_DATA);

    losses->d_loss = (double)on_real + (double)on_fake;
    losses->g_loss = (double)on_fooling;
    return NN_OK;
}

/* Both gradients come from the same forward passes, then both updates are applied. */
nn_status dcgan_step(dcgan *gan, const nn_tensor *real, dcgan_losses *losses, nn_error *error)
{
    nn_status status = dcgan_backprop(gan, real, losses, error);
    if (status != NN_OK) return status;
    nn_optim_step(gan->discriminator_optim);
    nn_optim_step(gan->generator_optim);
    status = follow(gan);
    return status == NN_OK ? NN_OK : failed(error, "average", gan->average, status);
}

nn_model *dcgan_artist(const dcgan *gan)
{
    return gan->average ? gan->average : gan->generator;
}

void dcgan_add_models(dcgan *gan, nn_archive *archive)
{
    nn_archive_add_model(archive, "generator", gan->generator);
    nn_archive_add_model(archive, "discriminator", gan->discriminator);
    if (gan->average) nn_archive_add_model(archive, "average", gan->average);
}

void dcgan_add_state(dcgan *gan, nn_archive *archive)
{
    dcgan_add_models(gan, archive);
    nn_archive_add_optim(archive, "generator_optim", gan->generator_optim);
    nn_archive_add_optim(archive, "discriminator_optim", gan->discriminator_optim);
    nn_archive_add_rng(archive, "noise", &gan->rng);
}
