/* Losses: of every row, their mean, and the gradient; both by nn_loss() and as the last thing of a network. */
#include "goldens.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    nn_loss_type of_probabilities, of_logits;
} loss_kinds[] = {
    { "mean_squared_error", NN_MSE, NN_MSE },
    { "huber", NN_HUBER, NN_HUBER },
    { "binary_crossentropy", NN_BCE, NN_BCE_LOGITS },
    { "dcgan", NN_BCE, NN_BCE_LOGITS },
    { "categorical_crossentropy", NN_CATEGORICAL, NN_CATEGORICAL_LOGITS },
    { "sparse_categorical_crossentropy", NN_SPARSE_CATEGORICAL, NN_SPARSE_CATEGORICAL_LOGITS },
};

bool golden_loss_def(golden_case *c, nn_loss_def *def)
{
    const char *name = golden_text(c, "", "loss", "?");
    const char *reduction = golden_text(c, "", "reduction", "mean");
    if (strcmp(reduction, "mean") != 0 && strcmp(reduction, "sum_over_batch_size") != 0)
        return golden_error(c, "reduction: %s: libnn has the mean only", reduction);
    if (golden_number(c, "", "label_smoothing", 0) != 0) return golden_error(c, "label_smoothing: libnn has none");
    const bool logits = golden_flag(c, "", "from_logits", false);
    *def = (nn_loss_def){ .delta = golden_number(c, "", "delta", 1) };
    for (size_t i = 0; i < sizeof loss_kinds / sizeof *loss_kinds; i++) {
        if (strcmp(name, loss_kinds[i].name) != 0) continue;
        def->type = logits ? loss_kinds[i].of_logits : loss_kinds[i].of_probabilities;
        return true;
    }
    return golden_error(c, "loss: %s: libnn has no such loss", name);
}

nn_tensor golden_target(const nn_loss_def *def, const npy *array, int skip, size_t first, nn_float *reals)
{
    nn_tensor target = golden_view(array, skip, first);
    const bool sparse = def->type == NN_SPARSE_CATEGORICAL || def->type == NN_SPARSE_CATEGORICAL_LOGITS;
    if (!sparse && target.dtype == NN_I32) {
        const size_t count = nn_shape_count(target.shape);
        for (size_t i = 0; i < count; i++) reals[i] = (nn_float)target.i32[i];
        target = nn_view_f32(reals, target.shape);
    }
    return target;
}

bool golden_is_clipped(const nn_tensor *y)
{
    for (size_t i = 0; i < nn_shape_count(y->shape); i++)
        if (!(y->f32[i] > 2e-7f && y->f32[i] < 1 - 2e-7f)) return true;
    return false;
}

/* Golden tensors of one variant of a loss. */
typedef struct loss_goldens {
    const npy *mean, *rows, *gradient;
} loss_goldens;

static void compare_loss(golden_case *c, const nn_loss_def *def, const nn_tensor *y, const nn_tensor *target,
                         const loss_goldens *want)
{
    const size_t count = nn_shape_count(y->shape);
    nn_float *rows = malloc((count + 1) * sizeof *rows), *gradient = malloc((count + 1) * sizeof *gradient), mean = 0;
    nn_error error;
    if (rows && gradient) {
        nn_tensor dy = nn_view_f32(gradient, y->shape);
        if (nn_loss(def, y, target, &mean, rows, &dy, &error) == NN_OK) {
            golden_compare(c, "loss", &mean, 1, want->mean, 0);
            golden_compare(c, "loss_per_sample", rows, want->rows->count, want->rows, 0);
            golden_compare(c, "d_y_pred", gradient, want->gradient->count, want->gradient, 0);
            if (want->rows->count != count / (size_t)y->shape.dim[y->shape.rank - 1] || want->gradient->count != count)
                golden_error(c, "loss_per_sample or d_y_pred: the golden tensor has a size of its own");
        } else {
            golden_error(c, "nn_loss: %s", error.text);
        }
    }
    free(rows);
    free(gradient);
}

/* The same through a network that hands on its input: nn_backprop() and the gradient by the input. */
static void compare_backprop(golden_case *c, const golden_run *run, const nn_loss_def *def, const nn_tensor *y,
                             const nn_tensor *target, const loss_goldens *want)
{
    const nn_layer_def identity = { NN_ACTIVATION, .activation = { NN_LINEAR } };
    nn_model_def model_def = { .input = { .rank = y->shape.rank - 1 },
                               .max_batch = y->shape.dim[0] + run->spare,
                               .layers = &identity,
                               .layer_count = 1,
                               .threads = run->threads,
                               .isa = run->isa };
    memcpy(model_def.input.dim, y->shape.dim + 1, (size_t)model_def.input.rank * sizeof *model_def.input.dim);
    if (model_def.input.rank == 0) return;
    nn_error error;
    nn_float mean = 0;
    nn_model *model = nn_model_create(&model_def, &error);
    if (!model) {
        golden_error(c, "identity: %s", error.text);
    } else if (!nn_forward(model, y, NN_TRAIN) || nn_backprop(model, def, target, NN_GRAD_INPUT, &mean) != NN_OK) {
        golden_error(c, "nn_backprop: %s", nn_model_error(model));
    } else {
        golden_compare(c, "loss by nn_backprop", &mean, 1, want->mean, 0);
        golden_compare(c, "d_y_pred by nn_backprop", nn_input_grad(model)->f32, want->gradient->count, want->gradient,
                       0);
    }
    nn_model_destroy(model);
}

static void compare_variant(golden_case *c, const golden_run *run, const nn_loss_def *def, const nn_tensor *y,
                            const nn_tensor *target, const char *suffix)
{
    loss_goldens want = { golden_need(c, "loss", suffix), golden_need(c, "loss_per_sample", suffix),
                          golden_need(c, "d_y_pred", suffix) };
    if (!want.mean || !want.rows || !want.gradient) return;
    compare_loss(c, def, y, target, &want);
    compare_backprop(c, run, def, y, target, &want);
}

static void compare_dcgan(golden_case *c, const nn_loss_def *def)
{
    const npy *real = golden_need(c, "", "real_logits"), *fake = golden_need(c, "", "fake_logits");
    const npy *d_loss = golden_need(c, "", "discriminator_loss"), *g_loss = golden_need(c, "", "generator_loss");
    const npy *d_real = golden_need(c, "", "d_real_logits"), *d_fake = golden_need(c, "", "d_fake_logits");
    const npy *g_fake = golden_need(c, "", "d_fake_logits_generator");
    if (!real || !fake || !d_loss || !g_loss || !d_real || !d_fake || !g_fake) return;

    struct {
        const npy *logits, *gradient;
        nn_float label, loss;
    } terms[] = { { real, d_real, 1, 0 }, { fake, d_fake, 0, 0 }, { fake, g_fake, 1, 0 } };
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
        nn_tensor y = golden_view(terms[i].logits, 0, 0), labels, dy;
        nn_error error;
        if (nn_tensor_alloc(&labels, NN_F32, y.shape) != NN_OK) return;
        if (nn_tensor_alloc(&dy, NN_F32, y.shape) == NN_OK) {
            nn_fill(&labels, terms[i].label);
            if (nn_loss(def, &y, &labels, &terms[i].loss, NULL, &dy, &error) != NN_OK)
                golden_error(c, "nn_loss: %s", error.text);
            golden_compare(c, "gradient by logits", dy.f32, nn_shape_count(y.shape), terms[i].gradient, 0);
        }
        nn_tensor_free(&dy);
        nn_tensor_free(&labels);
    }
    const nn_float of_discriminator = terms[0].loss + terms[1].loss;
    golden_compare(c, "discriminator_loss", &of_discriminator, 1, d_loss, 0);
    golden_compare(c, "generator_loss", &terms[2].loss, 1, g_loss, 0);
}

void golden_loss(golden_case *c, const golden_run *run)
{
    nn_loss_def def;
    if (!golden_loss_def(c, &def)) return;
    if (strcmp(golden_text(c, "", "loss", ""), "dcgan") == 0) {
        compare_dcgan(c, &def);
        return;
    }
    const npy *y_pred = golden_need(c, "", "y_pred"), *y_true = golden_need(c, "", "y_true");
    if (!y_pred || !y_true) return;
    nn_tensor y = golden_view(y_pred, 0, 0);
    nn_float *reals = malloc((y_true->count + 1) * sizeof *reals);
    if (!reals) return;
    nn_tensor target = golden_target(&def, y_true, 0, 0, reals);
    compare_variant(c, run, &def, &y, &target, "");
    if (golden_find(c, "loss", "_keras2")) {
        def.keras2 = true;
        compare_variant(c, run, &def, &y, &target, "_keras2");
    }
    free(reals);
}
