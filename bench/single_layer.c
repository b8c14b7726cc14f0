#include "single_layer.h"

#include "workload.h"

#include <stdlib.h>

struct single_layer {
    nn_model *model;
    nn_tensor x, dy;
    unsigned want;
};

static nn_shape with_batch(int batch, nn_shape sample)
{
    nn_shape shape = { sample.rank + 1, { batch } };
    for (int i = 0; i < sample.rank; i++) shape.dim[i + 1] = sample.dim[i];
    return shape;
}

static void fill(single_layer *s, const layer_case *c)
{
    nn_rng rng = { 1, 0, 0 };
    if (c->type == NN_F32) {
        nn_fill_normal(&s->x, 0, 1, &rng);
    } else {
        const uint32_t vocabulary = (uint32_t)c->layer.embedding.vocab;
        for (size_t i = 0; i < nn_shape_count(s->x.shape); i++)
            s->x.i32[i] = (int32_t)nn_random_below(&rng, vocabulary);
    }
    nn_fill_normal(&s->dy, 0, 1, &rng);
}

single_layer *single_layer_create(const char *name, const layer_case *c, int threads)
{
    const nn_model_def def = { .input = c->input,
                               .input_type = c->type,
                               .max_batch = c->batch,
                               .layers = &c->layer,
                               .layer_count = 1,
                               .seed = 1,
                               .threads = threads };
    nn_error error;
    single_layer *s = calloc(1, sizeof *s);
    if (!s) fail(name, "out of memory");
    if (!(s->model = nn_model_create(&def, &error))) fail(name, error.text);
    if (nn_tensor_alloc(&s->x, c->type, with_batch(c->batch, c->input)) != NN_OK ||
        nn_tensor_alloc(&s->dy, NN_F32, with_batch(c->batch, nn_model_output_shape(s->model))) != NN_OK)
        fail(name, "out of memory");
    s->want = NN_GRAD_PARAMS | (c->type == NN_F32 ? NN_GRAD_INPUT : 0u);
    fill(s, c);
    return s;
}

void single_layer_forward(void *layer)
{
    single_layer *s = layer;
    if (!nn_forward(s->model, &s->x, NN_TRAIN)) fail("forward", nn_model_error(s->model));
}

void single_layer_train(void *layer)
{
    single_layer *s = layer;
    single_layer_forward(layer);
    if (!nn_backward(s->model, &s->dy, s->want)) fail("backward", nn_model_error(s->model));
}

void single_layer_destroy(void *layer)
{
    single_layer *s = layer;
    nn_model_destroy(s->model);
    nn_tensor_free(&s->x);
    nn_tensor_free(&s->dy);
    free(s);
}
