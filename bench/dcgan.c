/* W6: a step of mnist_dcgan's networks, batch 256. */
#include "dcgan_game.h"
#include "workload.h"

enum { IMAGES = 256 };

static void *make(const workload *self, int threads)
{
    (void)self;
    return dcgan_game_create(IMAGES, threads);
}

const workload dcgan_workloads[] = {
    { "W6", "dcgan_step", make, dcgan_game_step, dcgan_game_destroy, .flops = IMAGES * DCGAN_GAME_FLOPS },
    { 0 },
};
