/* Trajectories: optimisers on given gradients, short trainings, and the two networks of a DCGAN. */
#include "goldens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- optimisers --------------------------------------------------------------------------------------------------- */

/* A field whose default is not zero takes NN_ZERO for a real zero. */
static double number(golden_case *c, const char *key, double fallback)
{
    double value = golden_number(c, "", key, fallback);
    return value == 0 ? NN_ZERO : value;
}

bool golden_optim_def(golden_case *c, nn_optim_def *def)
{
    static const char *const names[] = { [NN_ADAM] = "Adam", [NN_RMSPROP] = "RMSprop", [NN_SGD] = "SGD" };
    const char *name = golden_text(c, "", "optimizer", "?");
    const char *variant = golden_text(c, "", "variant", "keras");
    int type = 0;
    while (type <= NN_SGD && strcmp(name, names[type]) != 0) type++;
    if (type > NN_SGD) return golden_error(c, "optimizer: %s: libnn has no such optimiser", name);
    if (strncmp(variant, "keras", 5) != 0) return golden_error(c, "variant: %s: libnn has Keras' only", variant);
    if (golden_flag(c, "", "amsgrad", false) || golden_flag(c, "", "centered", false))
        return golden_error(c, "amsgrad, centered: libnn has neither");
    *def = (nn_optim_def){
        .type = (nn_optim_type)type,
        .lr = number(c, "learning_rate", type == NN_SGD ? 1e-2 : 1e-3),
        .beta1 = number(c, "beta_1", 0.9),
        .beta2 = number(c, "beta_2", 0.999),
        .rho = number(c, "rho", 0.9),
        .momentum = golden_number(c, "", "momentum", 0),
        .epsilon = number(c, "epsilon", 1e-7),
        .nesterov = golden_flag(c, "", "nesterov", false),
        .epsilon_inside_sqrt = golden_flag(c, "", "epsilon_inside_sqrt", strncmp(variant, "keras3", 6) == 0),
        .clip_norm = golden_number(c, "", "clipnorm", 0),
        .clip_value = golden_number(c, "", "clipvalue", 0),
        .global_clip_norm = golden_number(c, "", "global_clipnorm", 0),
    };
    return true;
}

static void compare_slots(golden_case *c, nn_optim *optim, size_t count)
{
    for (int i = 0; i < nn_optim_slot_count(optim); i++) {
        const char *name = "?";
        const nn_float *slot = nn_optim_slot(optim, i, &name);
        const npy *want = golden_need(c, name, "_final");
        if (want) golden_compare(c, name, slot, count, want, 0);
    }
}

static void follow_optimizer(golden_case *c, nn_model *model, nn_optim *optim)
{
    const npy *w0 = golden_need(c, "", "w0"), *gradients = golden_need(c, "", "gradients"),
              *w = golden_need(c, "", "w");
    size_t count;
    nn_float *params = nn_model_params(model, &count);
    const int steps = golden_int(c, "", "steps", w->dim[0]);
    const size_t values = count * (size_t)steps;
    if (steps != w->dim[0] || w0->is_int || gradients->is_int || w->count != values || gradients->count != values) {
        golden_error(c, "w and gradients: expected (steps, n)");
        return;
    }
    memcpy(params, w0->f32, count * sizeof *params);
    for (int t = 0; t < steps; t++) {
        char what[32];
        snprintf(what, sizeof what, "w[%d]", t);
        memcpy(nn_model_grads(model, NULL), gradients->f32 + (size_t)t * count, count * sizeof *params);
        nn_optim_step(optim);
        golden_compare(c, what, params, count, w, (size_t)t * count);
    }
    compare_slots(c, optim, count);
}

void golden_optimizer(golden_case *c, const golden_run *run)
{
    const npy *w0 = golden_need(c, "", "w0");
    nn_optim_def def;
    if (!w0 || !golden_need(c, "", "gradients") || !golden_need(c, "", "w") || !golden_optim_def(c, &def)) return;
    /* Any model with as many weights will do: (n) -> (1) without a bias. */
    const nn_layer_def dense = { NN_DENSE, .dense = { .units = 1, .no_bias = true } };
    const nn_model_def model_def = { .input = NN_SHAPE((int)w0->count),
                                     .max_batch = 1,
                                     .layers = &dense,
                                     .layer_count = 1,
                                     .threads = run->threads,
                                     .isa = run->isa };
    nn_error error;
    nn_model *model = nn_model_create(&model_def, &error);
    nn_optim *optim = model ? nn_optim_create(model, &def, &error) : NULL;
    if (optim) {
        follow_optimizer(c, model, optim);
    } else {
        golden_error(c, "%s", error.text);
    }
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

/* --- trainings ---------------------------------------------------------------------------------------------------- */

/* How the loss is taken: by its definition, or together with the last activation. */
typedef enum training_way { BY_LOSS, BY_BACKPROP } training_way;

typedef struct training {
    nn_model *model;
    nn_optim *optim;
    nn_loss_def loss;
    const npy *x, *y_true, *losses;
    nn_float *reals; /* the target of a step */
    nn_tensor dy;
} training;

/* Forward, loss and gradients of one step; the loss in *mean. */
static bool training_step(golden_case *c, training *t, training_way way, int step, nn_float *mean)
{
    const size_t of_x = t->x->count / (size_t)t->x->dim[0], of_y = t->y_true->count / (size_t)t->y_true->dim[0];
    nn_tensor x = golden_view(t->x, 1, (size_t)step * of_x);
    nn_tensor target = golden_target(&t->loss, t->y_true, 1, (size_t)step * of_y, t->reals);
    const bool train = golden_flag(c, "", "training", true);
    const nn_tensor *y = nn_forward(t->model, &x, train ? NN_TRAIN : NN_EVAL);
    if (!y) return golden_error(c, "forward: %s", nn_model_error(t->model));

    if (way == BY_BACKPROP && !golden_is_clipped(y)) {
        if (nn_backprop(t->model, &t->loss, &target, NN_GRAD_PARAMS, mean) == NN_OK) return true;
        return golden_error(c, "nn_backprop: %s", nn_model_error(t->model));
    }
    nn_error error;
    if (!t->dy.f32 && nn_tensor_alloc(&t->dy, NN_F32, y->shape) != NN_OK) return golden_error(c, "out of memory");
    if (nn_loss(&t->loss, y, &target, mean, NULL, &t->dy, &error) != NN_OK) return golden_error(c, "%s", error.text);
    if (nn_backward(t->model, &t->dy, NN_GRAD_PARAMS)) return true;
    return golden_error(c, "backward: %s", nn_model_error(t->model));
}

static void follow_training(golden_case *c, const golden_run *run, training *t, training_way way)
{
    const int steps = golden_int(c, "", "steps", t->x->dim[0]);
    for (int step = 0; step < steps; step++) {
        nn_float mean = 0;
        char what[32];
        snprintf(what, sizeof what, "loss[%d]", step);
        if (!training_step(c, t, way, step, &mean)) return;
        golden_compare(c, what, &mean, 1, t->losses, (size_t)step);
        if (step == 0) golden_compare_grads(c, "l", t->model);
        nn_optim_step(t->optim);
    }
    golden_compare_weights(c, run, "l", t->model, "_final", "_fused_final");
}

static void run_training(golden_case *c, const golden_run *run, training *t, training_way way)
{
    nn_optim_def optim;
    nn_error error;
    nn_tensor x = golden_view(t->x, 1, 0);
    if (!golden_loss_def(c, &t->loss) || !golden_optim_def(c, &optim)) return;
    t->model = golden_model(c, run, "l", golden_int(c, "", "layers", 0), &x);
    if (!t->model) return;
    t->optim = nn_optim_create(t->model, &optim, &error);
    t->reals = malloc((t->y_true->count + 1) * sizeof *t->reals);
    if (t->optim && t->reals) {
        follow_training(c, run, t, way);
    } else {
        golden_error(c, "optimizer: %s", error.text);
    }
    free(t->reals);
    nn_tensor_free(&t->dy);
    nn_optim_destroy(t->optim);
    nn_model_destroy(t->model);
}

void golden_training(golden_case *c, const golden_run *run)
{
    const npy *x = golden_need(c, "", "x"), *y_true = golden_need(c, "", "y_true"),
              *losses = golden_need(c, "", "loss");
    if (!x || !y_true || !losses) return;
    const int steps = golden_int(c, "", "steps", 0);
    if (steps < 1 || x->dim[0] != steps || y_true->dim[0] != steps || losses->count != (size_t)steps) {
        golden_error(c, "x, y_true, loss: expected (steps, ..) with %d steps", steps);
        return;
    }
    for (training_way way = BY_LOSS; way <= BY_BACKPROP; way++) {
        training t = { .x = x, .y_true = y_true, .losses = losses };
        run_training(c, run, &t, way);
    }
}

/* --- two networks against each other ------------------------------------------------------------------------------ */

typedef struct gan {
    nn_model *gen, *disc;
    nn_optim *gen_optim, *disc_optim;
    nn_loss_def loss;
    const npy *noise, *images, *gen_loss, *disc_loss;
    nn_tensor labels, dy; /* of the discriminator's larger batch */
} gan;

/* The discriminator's last outputs against one label: the loss, and its gradient in g->dy. */
static bool judge(golden_case *c, gan *g, const nn_tensor *logits, nn_float label, nn_float *loss)
{
    nn_error error;
    g->labels.shape = g->dy.shape = logits->shape;
    nn_fill(&g->labels, label);
    if (nn_loss(&g->loss, logits, &g->labels, loss, NULL, &g->dy, &error) == NN_OK) return true;
    return golden_error(c, "nn_loss: %s", error.text);
}

/* One step's losses and gradients, all with the weights before it. The generator's loss goes back through the same
 * forward pass of the discriminator as the fake half of the discriminator's own. */
static bool gan_gradients(golden_case *c, gan *g, int step, nn_float *gen_loss, nn_float *disc_loss)
{
    const size_t of_noise = g->noise->count / (size_t)g->noise->dim[0];
    const size_t of_images = g->images->count / (size_t)g->images->dim[0];
    nn_tensor noise = golden_view(g->noise, 1, (size_t)step * of_noise);
    nn_tensor images = golden_view(g->images, 1, (size_t)step * of_images);
    nn_float real = 0, fake = 0;

    const nn_tensor *logits = nn_forward(g->disc, &images, NN_TRAIN);
    if (!logits || !judge(c, g, logits, 1, &real) || !nn_backward(g->disc, &g->dy, NN_GRAD_PARAMS))
        return golden_error(c, "real images: %s", nn_model_error(g->disc));
    const nn_tensor *fakes = nn_forward(g->gen, &noise, NN_TRAIN);
    if (!fakes) return golden_error(c, "generator: %s", nn_model_error(g->gen));
    logits = nn_forward(g->disc, fakes, NN_TRAIN);
    if (!logits || !judge(c, g, logits, 0, &fake) || !nn_backward(g->disc, &g->dy, NN_GRAD_PARAMS))
        return golden_error(c, "fake images: %s", nn_model_error(g->disc));
    if (!judge(c, g, logits, 1, gen_loss)) return false;
    const nn_tensor *by_fakes = nn_backward(g->disc, &g->dy, NN_GRAD_INPUT);
    if (!by_fakes || !nn_backward(g->gen, by_fakes, NN_GRAD_PARAMS))
        return golden_error(c, "generator: %s%s", nn_model_error(g->disc), nn_model_error(g->gen));
    *disc_loss = real + fake;
    return true;
}

static void follow_gan(golden_case *c, const golden_run *run, gan *g)
{
    for (int step = 0; step < g->noise->dim[0]; step++) {
        nn_float gen_loss = 0, disc_loss = 0;
        char what[48];
        if (!gan_gradients(c, g, step, &gen_loss, &disc_loss)) return;
        snprintf(what, sizeof what, "generator_loss[%d]", step);
        golden_compare(c, what, &gen_loss, 1, g->gen_loss, (size_t)step);
        snprintf(what, sizeof what, "discriminator_loss[%d]", step);
        golden_compare(c, what, &disc_loss, 1, g->disc_loss, (size_t)step);
        if (step == 0) {
            golden_compare_grads(c, "gen", g->gen);
            golden_compare_grads(c, "disc", g->disc);
        }
        nn_optim_step(g->gen_optim);
        nn_optim_step(g->disc_optim);
    }
    golden_compare_weights(c, run, "gen", g->gen, "_final", "_fused_final");
    golden_compare_weights(c, run, "disc", g->disc, "_final", "_fused_final");
}

/* Memory for one batch of the discriminator's outputs. */
static bool prepare_judge(golden_case *c, gan *g)
{
    const nn_shape sample = nn_model_output_shape(g->disc);
    nn_shape shape = { .rank = sample.rank + 1, .dim = { nn_model_max_batch(g->disc) } };
    memcpy(shape.dim + 1, sample.dim, (size_t)sample.rank * sizeof *sample.dim);
    if (nn_tensor_alloc(&g->labels, NN_F32, shape) == NN_OK && nn_tensor_alloc(&g->dy, NN_F32, shape) == NN_OK)
        return true;
    return golden_error(c, "out of memory");
}

static void run_gan(golden_case *c, const golden_run *run, gan *g)
{
    nn_optim_def optim;
    nn_error error = { 0 };
    if (!golden_loss_def(c, &g->loss) || !golden_optim_def(c, &optim)) return;
    nn_tensor noise = golden_view(g->noise, 1, 0), images = golden_view(g->images, 1, 0);
    /* It judges the generator's batch too. */
    if (noise.shape.dim[0] > images.shape.dim[0]) images.shape.dim[0] = noise.shape.dim[0];
    g->gen = golden_model(c, run, "gen", golden_int(c, "", "gen_layers", 0), &noise);
    g->disc = golden_model(c, run, "disc", golden_int(c, "", "disc_layers", 0), &images);
    if (!g->gen || !g->disc) return;
    g->gen_optim = nn_optim_create(g->gen, &optim, &error);
    g->disc_optim = g->gen_optim ? nn_optim_create(g->disc, &optim, &error) : NULL;
    if (!g->disc_optim) {
        golden_error(c, "optimizer: %s", error.text);
        return;
    }
    if (prepare_judge(c, g)) follow_gan(c, run, g);
}

void golden_gan_training(golden_case *c, const golden_run *run)
{
    gan g = { .noise = golden_need(c, "", "noise"),
              .images = golden_need(c, "", "images"),
              .gen_loss = golden_need(c, "", "generator_loss"),
              .disc_loss = golden_need(c, "", "discriminator_loss") };
    if (!g.noise || !g.images || !g.gen_loss || !g.disc_loss) return;
    const int steps = golden_int(c, "", "steps", 0);
    if (steps < 1 || g.noise->dim[0] != steps || g.images->dim[0] != steps) {
        golden_error(c, "noise, images: expected (steps, ..) with %d steps", steps);
        return;
    }
    run_gan(c, run, &g);
    nn_tensor_free(&g.labels);
    nn_tensor_free(&g.dy);
    nn_optim_destroy(g.gen_optim);
    nn_optim_destroy(g.disc_optim);
    nn_model_destroy(g.gen);
    nn_model_destroy(g.disc);
}
