#include "gradient.h"
#include "quotient.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ELEMENTS = 64, MOST_DRAWS = 8 };
static const double LARGEST_WEIGHT = 0.8, LARGEST_VALUE = 1e12;

/* One draw of numbers for a case. */
typedef struct drawn {
    const gradient_case *c;
    nn_model *model;
    nn_tensor x, dy, target;
    int64_t *offsets; /* of ragged rows */
    nn_rng dropout;
    double value;  /* the objective, before anything is moved */
    char *problem; /* GRADIENT_TEXT_SIZE, "" while all is well */
    double worst;
} drawn;

static bool fail(drawn *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool fail(drawn *d, const char *format, ...)
{
    if (*d->problem) return false;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(d->problem, GRADIENT_TEXT_SIZE, format, arguments);
    va_end(arguments);
    return false;
}

/* --- random numbers ----------------------------------------------------------------------------------------------- */

/* Indices of the whole vocabulary; padded rows begin with a run of zeros, in one row of all but the last. */
static void draw_indices(const gradient_case *c, int32_t *ids, int rows, int length, nn_rng *rng)
{
    for (int row = 0; row < rows; row++) {
        uint32_t zeros = c->padded ? nn_random_below(rng, (uint32_t)length) : 0;
        if (c->padded && row == 0) zeros = (uint32_t)length - 1;
        for (int t = 0; t < length; t++)
            ids[row * length + t] = (uint32_t)t < zeros ? 0 : (int32_t)nn_random_below(rng, (uint32_t)c->vocab);
    }
}

/* Ragged rows of 0 to 5 indices. */
static bool draw_ragged(drawn *d, nn_rng *rng)
{
    const int batch = d->c->batch;
    d->offsets = calloc((size_t)batch + 1, sizeof *d->offsets);
    if (!d->offsets || nn_tensor_alloc(&d->x, NN_I32, NN_SHAPE(batch, 6)) != NN_OK) return fail(d, "out of memory");
    for (int row = 0; row < batch; row++) d->offsets[row + 1] = d->offsets[row] + nn_random_below(rng, 6);
    draw_indices(d->c, d->x.i32, 1, batch * 6, rng);
    d->x.shape = NN_SHAPE(batch, NN_RAGGED);
    d->x.offsets = d->offsets;
    return true;
}

static nn_shape with_batch(int batch, nn_shape sample)
{
    nn_shape shape = { .rank = sample.rank + 1, .dim = { batch } };
    for (int i = 0; i < sample.rank; i++) shape.dim[i + 1] = sample.dim[i];
    return shape;
}

static bool draw_input(drawn *d, nn_rng *rng)
{
    const gradient_case *c = d->c;
    if (c->input.dim[0] == NN_RAGGED) return draw_ragged(d, rng);
    nn_shape shape = with_batch(c->batch, c->input);
    if (nn_tensor_alloc(&d->x, c->input_type, shape) != NN_OK) return fail(d, "out of memory");
    if (c->input_type == NN_I32) {
        draw_indices(c, d->x.i32, c->batch, (int)nn_shape_count(c->input), rng);
    } else {
        nn_fill_normal(&d->x, 0, 1, rng);
    }
    return true;
}

/* Class indices, probabilities of rows, labels between 0 and 1, or any numbers: what the loss wants. */
static bool draw_target(drawn *d, nn_shape out, nn_rng *rng)
{
    const nn_loss_type type = d->c->loss.type;
    const int classes = out.dim[out.rank - 1];
    const bool sparse = type == NN_SPARSE_CATEGORICAL || type == NN_SPARSE_CATEGORICAL_LOGITS;
    if (sparse) out.rank--;
    if (nn_tensor_alloc(&d->target, sparse ? NN_I32 : NN_F32, out) != NN_OK) return fail(d, "out of memory");
    const size_t count = nn_shape_count(out);
    if (sparse) {
        for (size_t i = 0; i < count; i++) d->target.i32[i] = (int32_t)nn_random_below(rng, (uint32_t)classes);
    } else if (type == NN_MSE || type == NN_HUBER) {
        nn_fill_normal(&d->target, 0, 1, rng);
    } else {
        nn_fill_uniform(&d->target, 0, 1, rng);
    }
    if (type != NN_CATEGORICAL && type != NN_CATEGORICAL_LOGITS) return true;
    for (size_t row = 0; row < count; row += (size_t)classes) {
        nn_float sum = 0;
        for (int i = 0; i < classes; i++) sum += d->target.f32[row + (size_t)i];
        for (int i = 0; i < classes; i++) d->target.f32[row + (size_t)i] /= sum;
    }
    return true;
}

/* Weights up to `largest`, moving statistics (variances are positive), input, upstream gradient. */
static bool draw(drawn *d, uint64_t seed, double largest)
{
    const gradient_case *c = d->c;
    const nn_model_def def = { .input = c->input,
                               .input_type = c->input_type,
                               .max_batch = c->batch + (int)(seed % 2),
                               .layers = c->layers,
                               .layer_count = c->layer_count,
                               .seed = seed,
                               .threads = 1 };
    nn_error error;
    d->model = nn_model_create(&def, &error);
    if (!d->model) return fail(d, "%s", error.text);

    nn_rng rng = { .seed = seed, .stream = 1 };
    size_t count;
    nn_float *params = nn_model_params(d->model, &count);
    for (size_t i = 0; i < count; i++) params[i] = (nn_float)((2 * (double)nn_uniform(&rng) - 1) * largest);
    nn_float *state = nn_model_state(d->model, &count);
    for (size_t i = 0; i < count; i++) state[i] = (nn_float)(0.5 + (double)nn_uniform(&rng));
    d->dropout = (nn_rng){ .seed = seed, .stream = 2 };

    nn_shape out = with_batch(c->batch, nn_model_output_shape(d->model));
    if (!draw_input(d, &rng)) return false;
    if (nn_tensor_alloc(&d->dy, NN_F32, out) != NN_OK) return fail(d, "out of memory");
    nn_fill_normal(&d->dy, 0, 1, &rng);
    return !c->use_loss || draw_target(d, out, &rng);
}

static void free_drawn(drawn *d)
{
    nn_model_destroy(d->model);
    nn_tensor_free(&d->x);
    nn_tensor_free(&d->dy);
    nn_tensor_free(&d->target);
    free(d->offsets);
}

/* --- the two sides of the comparison ------------------------------------------------------------------------------ */

/* Forward with the same dropout masks as always. */
static const nn_tensor *forward(drawn *d)
{
    nn_model_set_rng(d->model, d->dropout);
    const nn_tensor *y = nn_forward(d->model, &d->x, d->c->mode);
    if (!y) fail(d, "forward: %s", nn_model_error(d->model));
    return y;
}

/* sum(y * dy), or the mean loss. */
static double objective(void *context)
{
    drawn *d = context;
    const nn_tensor *y = forward(d);
    if (!y) return NAN;
    if (d->c->use_loss) {
        nn_float mean = NAN;
        nn_error error;
        if (nn_loss(&d->c->loss, y, &d->target, &mean, NULL, NULL, &error) != NN_OK) fail(d, "nn_loss: %s", error.text);
        return (double)mean;
    }
    double sum = 0;
    for (size_t i = 0; i < nn_shape_count(y->shape); i++) sum += (double)(y->f32[i] * d->dy.f32[i]);
    return sum;
}

/* Backward of the objective, after a forward. */
static bool backward(drawn *d, unsigned want)
{
    if (d->c->use_loss) {
        nn_float mean = NAN;
        if (nn_backprop(d->model, &d->c->loss, &d->target, want, &mean) != NN_OK)
            return fail(d, "nn_backprop: %s", nn_model_error(d->model));
        return fabs((double)mean - d->value) <= 1e-10 ||
               fail(d, "nn_backprop: the loss is %.12g, nn_loss says %.12g", (double)mean, d->value);
    }
    const nn_tensor *dx = nn_backward(d->model, &d->dy, want);
    if (!dx) return fail(d, "nn_backward: %s", nn_model_error(d->model));
    if (((want & NN_GRAD_INPUT) != 0) != (dx->f32 != NULL)) return fail(d, "nn_backward: dx is not what was wanted");
    return true;
}

/* --- comparisons -------------------------------------------------------------------------------------------------- */

/* What the lines of one tensor came to. */
typedef struct comparison {
    double largest, apart;     /* of quotients */
    double worst, said, there; /* the largest error, and between what */
    size_t worst_at;
} comparison;

static void compare_line(drawn *d, const quotient_line *l, double said, size_t at, comparison *c)
{
    const quotient q = quotient_best(l, objective, d);
    c->apart = fmax(c->apart, q.apart);
    c->largest = fmax(c->largest, fabs(q.value));
    const double off = fabs(said - q.value);
    if (!isnan(off) && off <= c->worst) return;
    c->worst = isnan(off) ? INFINITY : off;
    c->worst_at = at;
    c->said = said;
    c->there = q.value;
}

/* All elements at once, in a random direction of length 1 or so: what a sample of them misses. */
static bool compare_direction(drawn *d, nn_float *value, const nn_float *gradient, size_t count, nn_rng *rng,
                              comparison *c)
{
    nn_float *middle = malloc(2 * count * sizeof *middle);
    if (!middle) return fail(d, "out of memory");
    nn_float *direction = middle + count;
    double said = 0;
    for (size_t i = 0; i < count; i++) {
        middle[i] = value[i];
        direction[i] = (nn_float)((2 * (double)nn_uniform(rng) - 1) * sqrt(3 / (double)count));
        said += (double)(gradient[i] * direction[i]);
    }
    compare_line(d, &(quotient_line){ value, middle, direction, count }, said, count, c);
    free(middle);
    return true;
}

/*
 * One tensor: `value` is what to move, `gradient` what backward said. False if the quotients themselves are no better
 * known than a fifth of the tolerance: kinks, or too steep for any width.
 */
static bool compare_tensor(drawn *d, const char *name, nn_float *value, const nn_float *gradient, size_t count,
                           nn_rng *rng)
{
    static const nn_float one = 1;
    comparison c = { .largest = 1e-3 }; /* gradients below count as that */
    const size_t most = d->c->elements ? (size_t)d->c->elements : MOST_ELEMENTS;
    const size_t checked = count < most ? count : most;
    for (size_t k = 0; k < checked && !*d->problem; k++) {
        const size_t i = checked == count ? k : nn_random_below(rng, (uint32_t)count);
        const nn_float middle = value[i];
        compare_line(d, &(quotient_line){ &value[i], &middle, &one, 1 }, (double)gradient[i], i, &c);
    }
    if (checked < count && !*d->problem) compare_direction(d, value, gradient, count, rng, &c);
    if (!*d->problem && c.apart > 0.2 * GRADIENT_TOLERANCE * c.largest) return false;
    const double error = c.worst / c.largest;
    if (error > d->worst) d->worst = error;
    if (!(error <= GRADIENT_TOLERANCE))
        fail(d, "%s: relative error %.3g; worst [%zu] of %zu%s: %.12g, difference quotient %.12g", name, error,
             c.worst_at, count, c.worst_at == count ? " (in a direction)" : "", c.said, c.there);
    return true;
}

static bool is_close(const nn_float *a, const nn_float *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)(a[i] - b[i])) <= 1e-12 * fmax(1, fabs((double)b[i])))) return false;
    return true;
}

/* The gradients of weights, then by the input: `from` to be added to by backward. */
typedef struct gradients {
    nn_float *params, *dx, *again;
    size_t param_count, dx_count;
} gradients;

static void fill_grads(drawn *d, nn_float value)
{
    size_t count;
    nn_float *grads = nn_model_grads(d->model, &count);
    for (size_t i = 0; i < count; i++) grads[i] = value;
}

/* Backward in all its ways; the results in `g`. False, without a problem, if numbers overflow, or soon will. */
static bool run_backward(drawn *d, gradients *g)
{
    const bool reals = d->c->input_type == NN_F32;
    const unsigned both = NN_GRAD_PARAMS | (reals ? NN_GRAD_INPUT : 0);
    nn_float *grads = nn_model_grads(d->model, NULL);
    d->value = objective(d);
    const nn_tensor *y = forward(d);
    if (!y || fabs(d->value) > LARGEST_VALUE) return false;
    const size_t y_count = nn_shape_count(y->shape);
    memcpy(g->again, y->f32, y_count * sizeof *y->f32);

    /* Gradients are added to what is there. */
    fill_grads(d, 0.25);
    if (!backward(d, both)) return false;
    for (size_t i = 0; i < g->param_count; i++) g->params[i] = grads[i] - 0.25;
    if (reals) memcpy(g->dx, nn_input_grad(d->model)->f32, g->dx_count * sizeof *g->dx);
    if (memcmp(g->again, y->f32, y_count * sizeof *y->f32) != 0) return fail(d, "backward changed y");

    /* Once more, for the weights alone. */
    fill_grads(d, 0);
    if (!backward(d, NN_GRAD_PARAMS)) return false;
    if (!is_close(grads, g->params, g->param_count)) return fail(d, "a second backward, for weights alone, differs");
    if (!reals) return true;

    /* And for the input alone, which leaves the weights' gradients. */
    fill_grads(d, 0.25);
    if (!backward(d, NN_GRAD_INPUT)) return false;
    for (size_t i = 0; i < g->param_count; i++)
        if (grads[i] != 0.25) return fail(d, "backward for the input alone changed gradients of weights");
    return is_close(nn_input_grad(d->model)->f32, g->dx, g->dx_count) || fail(d, "dx of a later backward differs");
}

/* False if another draw is needed. */
static bool compare_all(drawn *d, const gradients *g, nn_rng *rng)
{
    nn_float *params = nn_model_params(d->model, NULL);
    for (int i = 0; i < nn_model_weight_count(d->model); i++) {
        nn_weight_info info = nn_model_weight_info(d->model, i);
        char name[128];
        if (!info.trainable) continue;
        snprintf(name, sizeof name, "%s/%s", info.layer, info.name);
        if (!compare_tensor(d, name, params + info.offset, g->params + info.offset, nn_shape_count(info.shape), rng))
            return false;
    }
    return d->c->input_type != NN_F32 || compare_tensor(d, "input", d->x.f32, g->dx, g->dx_count, rng);
}

/* x and dy must come out as they went in. */
static bool check_draw(drawn *d, nn_rng *rng)
{
    gradients g = { .dx_count = d->c->input_type == NN_F32 ? nn_shape_count(d->x.shape) : 0 };
    nn_model_params(d->model, &g.param_count);
    const size_t y_count = nn_shape_count(d->dy.shape), most = g.param_count + g.dx_count + y_count;
    nn_float *memory = calloc(3 * most + 1, sizeof *memory);
    bool smooth = true;
    if (memory) {
        g.params = memory, g.dx = memory + most, g.again = memory + 2 * most;
        nn_float *dy = malloc((y_count + 1) * sizeof *dy), *x = malloc((g.dx_count + 1) * sizeof *x);
        if (dy && x) {
            memcpy(dy, d->dy.f32, y_count * sizeof *dy);
            if (g.dx_count) memcpy(x, d->x.f32, g.dx_count * sizeof *x);
            smooth = run_backward(d, &g) && compare_all(d, &g, rng);
            if (memcmp(dy, d->dy.f32, y_count * sizeof *dy) != 0) fail(d, "backward changed dy");
            if (g.dx_count && memcmp(x, d->x.f32, g.dx_count * sizeof *x) != 0) fail(d, "x was changed");
        }
        free(dy);
        free(x);
    }
    free(memory);
    return smooth;
}

void gradient_check(gradient_tally *tally, const gradient_case *c, uint64_t seed)
{
    char problem[GRADIENT_TEXT_SIZE] = "", text[GRADIENT_TEXT_SIZE];
    bool smooth = false;
    double worst = 0;
    double largest = LARGEST_WEIGHT; /* less at each draw: recurrent layers of unbounded gates multiply, step by step */
    for (uint64_t attempt = 0; attempt < MOST_DRAWS && !smooth && !*problem; attempt++, largest *= 0.75) {
        drawn d = { .c = c, .problem = problem };
        nn_rng rng = { .seed = seed + (attempt << 32), .stream = 3 };
        smooth = !draw(&d, rng.seed, largest) || check_draw(&d, &rng);
        worst = d.worst;
        free_drawn(&d);
        if (!smooth && !*problem) tally->redrawn++;
    }
    if (!smooth && !*problem)
        snprintf(problem, sizeof problem, "difference quotients do not settle, whatever is drawn");
    tally->cases++;
    gradient_describe(text, c);
    if (worst > tally->worst) {
        tally->worst = worst;
        memcpy(tally->worst_case, text, sizeof text);
    }
    if (!*problem) return;
    tally->failures++;
    fprintf(stderr, "%s, seed %llu: %s\n", text, (unsigned long long)seed, problem);
}
