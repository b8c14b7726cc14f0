/* W6: a step of mnist_dcgan's networks, batch 256. */
#include "dcgan_model.h"
#include "workload.h"

#include <kvist/nn.h>

#include <stdlib.h>

enum { IMAGES = 256 };

typedef struct game {
    dcgan gan;
    nn_tensor real;
} game;

static void *make(const workload *self, int threads)
{
    nn_error error;
    nn_rng rng = { 1, 0, 0 };
    game *g = calloc(1, sizeof *g);
    if (!g) fail(self->name, "out of memory");
    const dcgan_def def = { .batch = IMAGES, .seed = 1, .threads = threads, .lr = 1e-4 };
    if (dcgan_create(&g->gan, &def, &error) != NN_OK) fail(self->name, error.text);
    if (nn_tensor_alloc(&g->real, NN_F32, NN_SHAPE(IMAGES, DCGAN_SIDE, DCGAN_SIDE, 1)) != NN_OK)
        fail(self->name, "out of memory");
    nn_fill_uniform(&g->real, -1, 1, &rng);
    return g;
}

static void step(void *state)
{
    game *g = state;
    dcgan_losses losses;
    nn_error error;
    if (dcgan_step(&g->gan, &g->real, &losses, &error) != NN_OK) fail("dcgan", error.text);
}

static void destroy(void *state)
{
    game *g = state;
    dcgan_destroy(&g->gan);
    nn_tensor_free(&g->real);
    free(g);
}

/* Multiply-adds of a forward pass, taps outside the image included: generator 100-12544, 7x7 256-128, 7x7 128-64 to
 * 14x14, 14x14 64-1 to 28x28; discriminator 28x28 1-64 to 14x14, 64-128 to 7x7, 6272-1. */
#define NOISE_DENSE   (2.0 * IMAGES * 100 * 12544)
#define GENERATOR     (NOISE_DENSE + 2.0 * IMAGES * 25 * (49.0 * 256 * 128 + 49.0 * 128 * 64 + 196.0 * 64))
#define FIRST_OF_D    (2.0 * IMAGES * 25 * 196 * 64)
#define DISCRIMINATOR (FIRST_OF_D + 2.0 * IMAGES * (25 * 49.0 * 64 * 128 + 6272))
/* Of each network three passes (of D on two batches), of D one more back to its input; noise and the images of D's own
 * loss need no gradient. */
#define FLOPS         (3 * GENERATOR - NOISE_DENSE + 2 * (3 * DISCRIMINATOR - FIRST_OF_D) + DISCRIMINATOR)

const workload dcgan_workloads[] = {
    { "W6", "dcgan_step", make, step, destroy, .flops = FLOPS },
    { 0 },
};
