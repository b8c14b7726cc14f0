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

/* D's probability and loss for a batch that should be called `target`, and D's gradients by its weights. */
static nn_status judge(dcgan *gan, const nn_tensor *images, const nn_tensor *target, double *probability,
                       nn_float *loss)
{
    const nn_tensor *logits = nn_forward(gan->discriminator, images, NN_TRAIN);
    if (!logits) return NN_ERR_DATA;
    *probability = mean_sigmoid(logits);
    return nn_backprop(gan->discriminator, &bce, target, NN_GRAD_PARAMS, loss);
}

/* average = decay average + (1 - decay) G, the decay rising at the start as in TensorFlow's ExponentialMovingAverage.
 */
static nn_status follow(dcgan *gan)
{
    const double steps = (double)nn_optim_steps(gan->generator_optim);
    if (!gan->average) return NN_OK;
    return nn_model_blend_weights(gan->average, gan->generator, 1 - fmin(gan->decay, (1 + steps) / (10 + steps)));
}

/* Both gradients come from the same forward passes, then both updates are applied. */
nn_status dcgan_step(dcgan *gan, const nn_tensor *real, dcgan_losses *losses, nn_error *error)
{
    nn_model *G = gan->generator, *D = gan->discriminator;
    const nn_tensor real_is = ones(gan, real->shape.dim[0]), fake_is = zeros(gan), fooled = ones(gan, gan->batch);
    nn_float on_real = 0, on_fake = 0, on_fooling = 0;

    nn_fill_normal(&gan->noise, 0, 1, &gan->rng);
    const nn_tensor *fake = nn_forward(G, &gan->noise, NN_TRAIN);
    if (!fake) return failed(error, "generator", G, NN_ERR_DATA);

    /* D: BCE(1, D(x)) + BCE(0, D(G(z))); G: BCE(1, D(G(z))), by the chain rule through D's input */
    nn_status status = judge(gan, real, &real_is, &losses->d_real, &on_real);
    if (status == NN_OK) status = judge(gan, fake, &fake_is, &losses->d_fake, &on_fake);
    if (status == NN_OK) status = nn_backprop(D, &bce, &fooled, NN_GRAD_INPUT, &on_fooling);
    if (status != NN_OK) return failed(error, "discriminator", D, status);
    if (!nn_backward(G, nn_input_grad(D), NN_GRAD_PARAMS)) return failed(error, "generator", G, NN_ERR_DATA);

    losses->d_loss = (double)on_real + (double)on_fake;
    losses->g_loss = (double)on_fooling;
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
