/* Single layers and stacks: the output, the gradients of sum(y * dy), and what batch normalisation leaves behind. */
#include "goldens.h"

#include "layers/dropout.h"
#include "model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Dropout in training: the case brings the mask, which takes a look inside the model. An activation that the model
 * split off comes last, so positions are those of the list.
 */
static bool give_mask(golden_case *c, const nn_layer *layer, const npy *mask)
{
    if (!mask) return false;
    if (mask->count != (size_t)mask->dim[0] * layer->out_size) return golden_error(c, "mask: has a size of its own");
    nn_float *reals = malloc((mask->count + 1) * sizeof *reals);
    if (!reals) return golden_error(c, "out of memory");
    for (size_t i = 0; i < mask->count; i++) reals[i] = mask->is_int ? (nn_float)mask->i32[i] : mask->f32[i];
    ((nn_dropout_private *)layer->priv)->given_mask = reals;
    return true;
}

/* In inference a mask may be there too: it must not matter. */
static bool give_masks(golden_case *c, const char *list, nn_model *model, bool training)
{
    for (int i = 0; i < model->layer_count; i++) {
        const nn_layer *layer = &model->layers[i];
        if (layer->def.type != NN_DROPOUT) continue;
        char prefix[32] = "";
        if (*list) snprintf(prefix, sizeof prefix, "%s%d_", list, i);
        const npy *mask = training ? golden_need(c, prefix, "mask") : golden_find(c, prefix, "mask");
        if ((mask || training) && !give_mask(c, layer, mask)) return false;
    }
    return true;
}

static void free_masks(nn_model *model)
{
    for (int i = 0; model && i < model->layer_count; i++) {
        if (model->layers[i].def.type != NN_DROPOUT) continue;
        nn_dropout_private *priv = model->layers[i].priv;
        free((void *)(uintptr_t)priv->given_mask);
    }
}

static void backward(golden_case *c, const char *list, nn_model *model, const npy *x, const npy *dy)
{
    nn_tensor gradient = golden_view(dy, 0, 0);
    unsigned want = NN_GRAD_PARAMS | (x->is_int ? 0 : NN_GRAD_INPUT);
    const nn_tensor *dx = nn_backward(model, &gradient, want);
    if (!dx) {
        golden_error(c, "backward: %s", nn_model_error(model));
        return;
    }
    if (!x->is_int) golden_compare_tensor(c, model, "dx", dx, golden_need(c, "", "dx"));
    golden_compare_grads(c, list, model);
}

void golden_layers(golden_case *c, const golden_run *run)
{
    const bool stack = strcmp(c->kind, "stack") == 0;
    const char *list = stack ? "l" : "";
    const int count = stack ? golden_int(c, "", "layers", 0) : 1;
    const bool training = golden_flag(c, "", "training", false);
    const npy *x = golden_need(c, "", "x"), *y = golden_need(c, "", "y"), *dy = golden_need(c, "", "dy");
    if (!x || !y || !dy) return;

    nn_tensor input = golden_view(x, 0, 0);
    nn_model *model = golden_model(c, run, list, count, &input);
    if (model && give_masks(c, list, model, training)) {
        const nn_tensor *output = nn_forward(model, &input, training ? NN_TRAIN : NN_EVAL);
        if (golden_compare_tensor(c, model, "y", output, y)) backward(c, list, model, x, dy);
        golden_compare_weights(c, run, list, model, training ? "_after" : "", training ? "_after_fused" : "");
    }
    free_masks(model);
    nn_model_destroy(model);
}
