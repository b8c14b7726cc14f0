#include "dcgan_game.h"

#include "dcgan_model.h"
#include "workload.h"

#include <stdlib.h>

typedef struct game {
    dcgan gan;
    nn_tensor real;
} game;

void *dcgan_game_create(int batch, int threads)
{
    nn_error error;
    nn_rng rng = { 1, 0, 0 };
    game *g = calloc(1, sizeof *g);
    if (!g) fail("dcgan", "out of memory");
    const dcgan_def def = { .batch = batch, .seed = 1, .threads = threads, .lr = 1e-4 };
    if (dcgan_create(&g->gan, &def, &error) != NN_OK) fail("dcgan", error.text);
    if (nn_tensor_alloc(&g->real, NN_F32, NN_SHAPE(batch, DCGAN_SIDE, DCGAN_SIDE, 1)) != NN_OK)
        fail("dcgan", "out of memory");
    nn_fill_uniform(&g->real, -1, 1, &rng);
    return g;
}

void dcgan_game_step(void *state)
{
    game *g = state;
    dcgan_losses losses;
    nn_error error;
    if (dcgan_step(&g->gan, &g->real, &losses, &error) != NN_OK) fail("dcgan", error.text);
}

void dcgan_game_destroy(void *state)
{
    game *g = state;
    dcgan_destroy(&g->gan);
    nn_tensor_free(&g->real);
    free(g);
}
