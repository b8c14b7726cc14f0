/* The two networks of mnist_dcgan with a batch of images. */
#ifndef KVIST_BENCH_DCGAN_GAME_H
#define KVIST_BENCH_DCGAN_GAME_H

/* Exits the program on failure, as all of these. */
void *dcgan_game_create(int batch, int threads);
void dcgan_game_step(void *game);
void dcgan_game_destroy(void *game);

/* Operations of a step for each image of the batch, two a multiply-add, taps outside an image included. Layers: of the
 * generator 100-12544, 7x7 256-128, 7x7 128-64 to 14x14, 14x14 64-1 to 28x28; of the discriminator 28x28 1-64 to 14x14,
 * 64-128 to 7x7, 6272-1. */
#define DCGAN_NOISE_FLOPS (2.0 * 100 * 12544)
#define DCGAN_G_FLOPS     (DCGAN_NOISE_FLOPS + 2.0 * 25 * (49.0 * 256 * 128 + 49.0 * 128 * 64 + 196.0 * 64))
#define DCGAN_FIRST_FLOPS (2.0 * 25 * 196 * 64)
#define DCGAN_D_FLOPS     (DCGAN_FIRST_FLOPS + 2.0 * (25 * 49.0 * 64 * 128 + 6272))
/* Of each network three passes (of D on two batches), of D one more back to its input; noise and the images of D's own
 * loss need no gradient. */
#define DCGAN_GAME_FLOPS                                                                                               \
    (3 * DCGAN_G_FLOPS - DCGAN_NOISE_FLOPS + 2 * (3 * DCGAN_D_FLOPS - DCGAN_FIRST_FLOPS) + DCGAN_D_FLOPS)

#endif
