/* The deep convolutional GAN of the TensorFlow 2 tutorial: both networks, both optimisers, one training step. */
#ifndef KVIST_DCGAN_MODEL_H
#define KVIST_DCGAN_MODEL_H

#include <kvist/nn.h>

#include <stddef.h>
#include <stdint.h>

enum { DCGAN_NOISE = 100, DCGAN_SIDE = 28, DCGAN_PIXELS = DCGAN_SIDE * DCGAN_SIDE };

/** Generator and discriminator with what a step needs. */
typedef struct dcgan {
    nn_model *generator, *discriminator;
    nn_model *average; /* the generator with its weights averaged over the last steps; NULL: none */
    double decay;      /* of the average */
    nn_optim *generator_optim, *discriminator_optim;
    nn_rng rng;          /* of the noise */
    int batch;           /* generated images of a step */
    nn_tensor noise;     /* (batch, 100) */
    nn_tensor labels;    /* (2 batch, 1): ones, then zeros */
    nn_tensor by_logits; /* (2 batch, 1): gradients of D's and of G's loss by the logits of the generated images */
    nn_tensor by_images; /* (batch, 28, 28, 1): the gradient of G's loss by them */
} dcgan;

/** What a step came to: the losses, and the probability D gives to real and to generated images (means). */
typedef struct dcgan_losses {
    double d_loss, g_loss, d_real, d_fake;
} dcgan_losses;

/** What dcgan_create() makes. */
typedef struct dcgan_def {
    int batch;
    uint64_t seed;
    int threads;
    double lr;      /* of both Adams */
    double average; /* decay of an average of the generator's weights, which draws in its place; 0: none */
} dcgan_def;

/** Makes everything, to be freed by dcgan_destroy() even after a failure. */
NN_NODISCARD nn_status dcgan_create(dcgan *gan, const dcgan_def *def, nn_error *error);
/** Frees the members and zeroes the struct. */
void dcgan_destroy(dcgan *gan);

/** The gradients of both networks' losses by their weights, without a step. real: as of dcgan_step(). */
NN_NODISCARD nn_status dcgan_backprop(dcgan *gan, const nn_tensor *real, dcgan_losses *losses, nn_error *error);
/** One step of both networks. real: (n, 28, 28, 1) in [-1, 1], n at most the batch. */
NN_NODISCARD nn_status dcgan_step(dcgan *gan, const nn_tensor *real, dcgan_losses *losses, nn_error *error);

/**
 * The network that draws. The two players chase each other, so that the generator of one moment may lack digits that it
 * drew an epoch before and will draw again; the average of its weights does not (Yazici et al. 2019).
 */
nn_model *dcgan_artist(const dcgan *gan);

/** Puts the networks on an archive's list: "generator", "discriminator", "average" if there is one. */
void dcgan_add_models(dcgan *gan, nn_archive *archive);
/** Puts all that training needs on it: networks, optimisers, the noise's generator. */
void dcgan_add_state(dcgan *gan, nn_archive *archive);

#endif
