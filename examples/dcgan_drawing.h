/* What a trained generator is good for: images of new noise, and the way from one image to another. */
#ifndef KVIST_DCGAN_DRAWING_H
#define KVIST_DCGAN_DRAWING_H

#include <kvist/nn.h>

#include <stdint.h>

/** Images at most: the pictures stay below DATA_PICTURE_MAX. */
enum { DRAWING_IMAGES = 10000, DRAWING_STEPS = 500 };

/**
 * The generator of images of 28 x 28 in a file of --save or a checkpoint, for nn_model_destroy().
 * @return NULL after telling on stderr why there is none
 */
nn_model *drawing_load(const char *path, int threads);

/** Draws `count` images of noise from the seed in inference mode: DIR/generated.png. @return an exit code */
int drawing_generate(nn_model *generator, int count, uint64_t seed, const char *out);

/**
 * A point z of the arc from noise a to noise b, all (n): z = cos(t pi/2) a + sin(t pi/2) b, t from 0 to 1. Where a and
 * b are N(0, 1), so is z. On the straight line the variance would fall to a half midway, to noise that the generator
 * has never seen.
 */
void drawing_arc(const nn_float *a, const nn_float *b, int n, double t, nn_float *z);

/**
 * Walks from noise to noise along such arcs in `steps` (at least 2) images, both ends among them, sixteen times: a row
 * each in DIR/interpolation.png, and side by side, there and back, in DIR/interpolation.gif. @return an exit code
 */
int drawing_interpolate(nn_model *generator, int steps, uint64_t seed, const char *out);

#endif
