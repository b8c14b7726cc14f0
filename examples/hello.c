/* The smallest whole program: learn a function from examples, save the model, use it. Explained in docs/hello.md. */
#include <kvist/nn.h>
#include <stdio.h>
#include <stdlib.h>

enum { SAMPLES = 512 };

/* Points in the square (-1, 1)^2, labelled 1 inside the circle of radius 0.7. */
static void draw_points(nn_tensor *x, nn_tensor *y)
{
    nn_rng rng = { .seed = 7 };
    nn_fill_uniform(x, -1.0, 1.0, &rng);
    for (int i = 0; i < SAMPLES; i++) {
        const nn_float *p = x->f32 + 2 * i;
        y->f32[i] = p[0] * p[0] + p[1] * p[1] < 0.49f ? 1.0f : 0.0f;
    }
}

static bool print_epoch(const nn_progress *p, void *user)
{
    (void)user;
    if (p->epoch % 10 == 0)
        printf("epoch %2d  loss %.3f  accuracy %.3f  val_accuracy %.3f\n", p->epoch, p->loss, p->accuracy,
               p->val_accuracy);
    return true;
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "hello.safetensors";
    const nn_layer_def layers[] = {
        { NN_DENSE, .dense = { .units = 32, .activation = NN_RELU } },
        { NN_DENSE, .dense = { .units = 32, .activation = NN_RELU } },
        { NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } },
    };
    const nn_model_def def = { .input = NN_SHAPE(2), .max_batch = 32, .seed = 1, NN_LAYERS(layers) };
    float points[2 * SAMPLES], labels[SAMPLES], middle[2] = { 0.0f, 0.0f };
    nn_tensor x = nn_view_f32(points, NN_SHAPE(SAMPLES, 2)), y = nn_view_f32(labels, NN_SHAPE(SAMPLES, 1));
    nn_error error = { 0 };
    nn_model *model = NULL, *loaded = NULL;
    nn_optim *optim = NULL;
    bool ok = false;

    draw_points(&x, &y);
    if (!(model = nn_model_create(&def, &error))) goto done;
    if (!(optim = nn_optim_create(model, &(nn_optim_def){ .type = NN_ADAM, .lr = 0.01 }, &error))) goto done;
    const nn_fit_def fit = { .x = &x,
                             .y = &y,
                             .loss = { .type = NN_BCE },
                             .epochs = 40,
                             .batch = 32,
                             .val_split = 0.25,
                             .on_epoch = print_epoch };
    if (nn_fit(model, optim, &fit, &error) != NN_OK) goto done;
    if (nn_model_save(model, path, &error) != NN_OK) goto done;

    if (!(loaded = nn_model_load(path, "model", NULL, &error))) goto done;
    const nn_tensor one = nn_view_f32(middle, NN_SHAPE(1, 2));
    const nn_tensor *p = nn_forward(loaded, &one, NN_EVAL);
    ok = p && p->f32[0] > 0.9f;
    if (p) printf("the middle lies inside with probability %.3f\n", p->f32[0]);
done:
    if (!ok) fprintf(stderr, "hello: %s\n", error.text);
    nn_model_destroy(loaded);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
