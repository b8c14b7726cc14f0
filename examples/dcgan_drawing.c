#include "dcgan_drawing.h"

#include "dcgan_model.h"
#include "support/run.h"

#include <kvist/data.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGE_STREAM = 104, WALK_STREAM = 105, WALKS = 16 };

nn_model *drawing_load(const char *path, int threads)
{
    const nn_model_def how = { .threads = threads };
    nn_error error;
    nn_model *generator = nn_model_load(path, "average", &how, &error);
    if (!generator && error.status == NN_ERR_MISMATCH) generator = nn_model_load(path, "generator", &how, &error);
    if (error.text[0]) run_error("%s", error.text); /* without a failure: that the file before was taken */
    if (!generator) return NULL;
    const nn_shape in = nn_model_input_shape(generator), out = nn_model_output_shape(generator);
    if (in.rank == 1 && out.rank == 3 && out.dim[0] == DCGAN_SIDE && out.dim[1] == DCGAN_SIDE && out.dim[2] == 1)
        return generator;
    run_error("%s: expected a generator of images of 28 x 28 x 1", path);
    nn_model_destroy(generator);
    return NULL;
}

static int features(const nn_model *generator)
{
    return nn_model_input_shape(generator).dim[0];
}

/* noise (n, features) -> images (n, 28, 28, 1), which the caller frees. */
static int draw(nn_model *generator, const nn_tensor *noise, nn_tensor *images)
{
    const int count = noise->shape.dim[0];
    nn_error error;
    if (nn_tensor_alloc(images, NN_F32, NN_SHAPE(count, DCGAN_SIDE, DCGAN_SIDE, 1)) != NN_OK)
        return run_error("%d images: out of memory", count);
    return nn_predict(generator, noise, images, &error) == NN_OK ? RUN_DONE : run_error("generator: %s", error.text);
}

/* Writes the images as DIR/name, `columns` side by side (0: a square). */
static int write_png(const nn_tensor *images, int columns, const char *out, const char *name)
{
    char path[RUN_PATH];
    data_error error;
    const data_grid grid = { .images = images->f32,
                             .count = images->shape.dim[0],
                             .height = DCGAN_SIDE,
                             .width = DCGAN_SIDE,
                             .columns = columns };
    run_join(path, out, name);
    if (data_grid_write_png(&grid, path, &error) != DATA_OK) return run_error("%s", error.text);
    printf("%s: %d images\n", path, grid.count);
    return RUN_DONE;
}

/* --- images of noise ---------------------------------------------------------------------------------------------- */

int drawing_generate(nn_model *generator, int count, uint64_t seed, const char *out)
{
    nn_tensor noise = { 0 }, images = { 0 };
    if (nn_tensor_alloc(&noise, NN_F32, NN_SHAPE(count, features(generator))) != NN_OK)
        return run_error("%d images: out of memory", count);
    nn_rng rng = { .seed = seed, .stream = IMAGE_STREAM };
    nn_fill_normal(&noise, 0, 1, &rng);
    int code = draw(generator, &noise, &images);
    if (code == RUN_DONE) code = write_png(&images, 0, out, "generated.png");
    nn_tensor_free(&images);
    nn_tensor_free(&noise);
    return code;
}

/* --- from image to image ------------------------------------------------------------------------------------------ */

void drawing_arc(const nn_float *a, const nn_float *b, int n, double t, nn_float *z)
{
    const double angle = t * acos(0.0), to_a = cos(angle), to_b = sin(angle);
    for (int i = 0; i < n; i++) z[i] = (nn_float)(to_a * (double)a[i] + to_b * (double)b[i]);
}

/* noise (walks, steps, n) from ends (2, walks, n) */
static void walk(const nn_float *ends, int steps, int n, nn_float *noise)
{
    for (int w = 0; w < WALKS; w++) {
        const nn_float *a = ends + (size_t)w * (size_t)n, *b = a + (size_t)WALKS * (size_t)n;
        for (int s = 0; s < steps; s++, noise += n) drawing_arc(a, b, n, (double)s / (steps - 1), noise);
    }
}

/* The grid of all walks at one step. */
static data_status add_frame(data_gif *gif, const nn_tensor *images, int step, data_grid *grid, uint8_t *pixels,
                             data_error *error)
{
    const int steps = images->shape.dim[0] / WALKS;
    float frame[WALKS * DCGAN_PIXELS];
    for (int w = 0; w < WALKS; w++)
        memcpy(frame + w * DCGAN_PIXELS, images->f32 + (size_t)(w * steps + step) * DCGAN_PIXELS,
               DCGAN_PIXELS * sizeof *frame);
    grid->images = frame;
    const data_status status = data_grid_draw(grid, pixels, error);
    return status == DATA_OK ? data_gif_add(gif, pixels, error) : status;
}

/* There, and back without the two ends, which the loop shows next. */
static data_status add_frames(data_gif *gif, const nn_tensor *images, data_grid *grid, uint8_t *pixels,
                              data_error *error)
{
    const int last = images->shape.dim[0] / WALKS - 1;
    data_status status = DATA_OK;
    for (int s = 0; s <= last && status == DATA_OK; s++) status = add_frame(gif, images, s, grid, pixels, error);
    for (int s = last - 1; s > 0 && status == DATA_OK; s--) status = add_frame(gif, images, s, grid, pixels, error);
    return status;
}

static data_status animate(const nn_tensor *images, const char *path, data_error *error)
{
    data_grid grid = { .images = images->f32, .count = WALKS, .height = DCGAN_SIDE, .width = DCGAN_SIDE };
    int width = 0, height = 0;
    if (data_grid_size(&grid, &width, &height, error) != DATA_OK) return error->status;
    uint8_t *pixels = malloc((size_t)width * (size_t)height);
    if (!pixels) {
        *error = (data_error){ .status = DATA_ERR_MEMORY, .text = "frame of the animation: out of memory" };
        return error->status;
    }
    data_gif *gif = data_gif_open(path, &(data_gif_def){ .width = width, .height = height }, error);
    data_status status = gif ? add_frames(gif, images, &grid, pixels, error) : error->status;
    if (status == DATA_OK)
        status = data_gif_close(gif, error);
    else
        data_gif_discard(gif);
    free(pixels);
    return status;
}

static int write_gif(const nn_tensor *images, const char *out)
{
    char path[RUN_PATH];
    data_error error;
    run_join(path, out, "interpolation.gif");
    if (!data_gif_available()) {
        run_error("built without giflib: no animation");
        return RUN_DONE;
    }
    if (animate(images, path, &error) != DATA_OK) return run_error("%s", error.text);
    printf("%s: %d walks of %d steps, there and back\n", path, WALKS, images->shape.dim[0] / WALKS);
    return RUN_DONE;
}

int drawing_interpolate(nn_model *generator, int steps, uint64_t seed, const char *out)
{
    const int n = features(generator);
    nn_tensor ends = { 0 }, noise = { 0 }, images = { 0 };
    int code = RUN_DONE;
    if (nn_tensor_alloc(&ends, NN_F32, NN_SHAPE(2 * WALKS, n)) != NN_OK ||
        nn_tensor_alloc(&noise, NN_F32, NN_SHAPE(WALKS * steps, n)) != NN_OK)
        code = run_error("%d images: out of memory", WALKS * steps);
    if (code == RUN_DONE) {
        nn_rng rng = { .seed = seed, .stream = WALK_STREAM };
        nn_fill_normal(&ends, 0, 1, &rng);
        walk(ends.f32, steps, n, noise.f32);
        code = draw(generator, &noise, &images);
    }
    if (code == RUN_DONE) code = write_png(&images, steps, out, "interpolation.png");
    if (code == RUN_DONE) code = write_gif(&images, out);
    nn_tensor_free(&images);
    nn_tensor_free(&noise);
    nn_tensor_free(&ends);
    return code;
}
