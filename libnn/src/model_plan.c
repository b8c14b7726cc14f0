/* Creating a model: names, inputs and shapes of the layers, then one allocation carved into all that they need. */
#include "gemm.h"
#include "init.h"
#include "model.h"
#include "random.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static nn_status check_def(const nn_model_def *def, nn_error *error)
{
    if (!def) return nn_fail(error, NN_ERR_ARGUMENT, "model: expected a definition, got NULL");
    if (!def->layers || def->layer_count < 1)
        return nn_fail(error, NN_ERR_ARGUMENT, "model: expected at least one layer");
    if (def->layer_count > NN_MAX_LAYERS)
        return nn_fail(error, NN_ERR_ARGUMENT, "model: layers: expected at most %d, got %d", NN_MAX_LAYERS,
                       def->layer_count);
    if (def->max_batch < 1)
        return nn_fail(error, NN_ERR_ARGUMENT, "model: max_batch: expected at least 1, got %d", def->max_batch);
    if (def->threads < 0 || def->threads > NN_MAX_THREADS)
        return nn_fail(error, NN_ERR_ARGUMENT, "model: threads: expected 0 to %d, got %d", NN_MAX_THREADS,
                       def->threads);
    if (def->allocator && !def->allocator->alloc != !def->allocator->release)
        return nn_fail(error, NN_ERR_ARGUMENT, "model: allocator: expected two functions or none, got one");
    const nn_shape in = def->input;
    const bool ragged = in.rank == 1 && in.dim[0] == NN_RAGGED && def->input_type == NN_I32;
    if (!ragged && (in.rank < 1 || in.rank >= NN_MAX_RANK || nn_shape_count(in) == 0))
        return nn_fail(error, NN_ERR_SHAPE, "model: input: expected 1 to %d positive dimensions, got %s",
                       NN_MAX_RANK - 1, nn_shape_format(in).text);
    size_t most = 0;
    if (!nn_mul_size(nn_shape_count(in), (size_t)def->max_batch, &most) || most > SIZE_MAX / 16)
        return nn_fail(error, NN_ERR_SHAPE, "model: input %s is too large", nn_shape_format(in).text);
    if (def->input_type != NN_F32 && def->input_type != NN_I32)
        return nn_fail(error, NN_ERR_ARGUMENT, "model: input_type: no such type: %d", (int)def->input_type);
    return NN_OK;
}

/* The activation of the last layer if it becomes a layer of its own, so that losses can take its logits. */
static nn_activation *splittable_activation(nn_layer_def *last)
{
    nn_activation *activation = NULL;
    if (last->type == NN_DENSE) activation = &last->dense.activation;
    if (last->type == NN_CONV2D || last->type == NN_CONV2D_TRANSPOSE) activation = &last->conv.activation;
    return activation && (*activation == NN_SIGMOID || *activation == NN_SOFTMAX) ? activation : NULL;
}

/* The first allocation: model | table | layers | nodes | the layers' private structs. */
static nn_model *allocate_model(const nn_model_def *def, nn_error *error)
{
    const size_t tabled = (size_t)def->layer_count, layers = tabled + 1;
    nn_arena arena = { 0 };
    nn_model *model = NULL;
    for (int pass = 0; pass < 2; pass++) {
        arena.used = 0;
        model = nn_arena_take(&arena, 1, sizeof *model);
        nn_layer_def *table = nn_arena_take(&arena, layers, sizeof *table);
        nn_layer *layer = nn_arena_take(&arena, layers, sizeof *layer);
        nn_node *nodes = nn_arena_take(&arena, layers, sizeof *nodes);
        for (size_t i = 0; i < layers; i++) {
            const nn_layer_ops *ops = nn_layer_ops_of(i < tabled ? def->layers[i].type : NN_ACTIVATION);
            if (!ops) {
                nn_fail(error, NN_ERR_ARGUMENT, "layer %zu: no such layer type: %d", i + 1, (int)def->layers[i].type);
                return NULL;
            }
            void *priv = nn_arena_take(&arena, ops->private_size, 1);
            if (pass == 1) layer[i] = (nn_layer){ .ops = ops, .priv = priv, .index = (int)i };
        }
        if (pass == 1) {
            model->table = table;
            model->layers = layer;
            model->nodes = nodes;
        } else if (arena.overflow || !(arena.base = nn_alloc(def->allocator, arena.used))) {
            nn_fail(error, NN_ERR_MEMORY, "model: out of memory for %zu layers", tabled);
            return NULL;
        }
    }
    model->memory = arena.base;
    model->memory_size = arena.used;
    return model;
}

static nn_status name_layer(nn_model *model, int index, const char *name, nn_error *error)
{
    nn_layer *layer = &model->layers[index];
    if (!name) {
        snprintf(layer->name, sizeof layer->name, "%s_%d", layer->ops->name, index + 1);
    } else {
        const size_t length = strlen(name);
        if (length == 0 || length >= sizeof layer->name)
            return nn_fail(error, NN_ERR_ARGUMENT, "layer %d: name: expected 1 to %d characters, got %zu", index + 1,
                           NN_NAME_SIZE - 1, length);
        for (size_t i = 0; i < length; i++)
            if (name[i] == '/' || (unsigned char)name[i] < ' ' || name[i] == 0x7f)
                return nn_fail(error, NN_ERR_ARGUMENT, "layer %d: name: expected no '/' and no control characters",
                               index + 1);
        if (strcmp(name, "..") == 0) /* nor does a file have a tensor of such a name */
            return nn_fail(error, NN_ERR_ARGUMENT, "layer %d: name: \"..\" is taken", index + 1);
        memcpy(layer->name, name, length + 1);
    }
    return NN_OK;
}

static int by_name(const void *a, const void *b)
{
    const nn_layer *const *x = a, *const *y = b;
    const int order = strcmp((*x)->name, (*y)->name);
    return order != 0 ? order : (*x)->index - (*y)->index;
}

/* The first layer whose name is an earlier one's is refused. Sorted: a file may have many layers. */
static nn_status check_names(const nn_model *model, nn_error *error)
{
    const int count = model->layer_count;
    const nn_layer **sorted = nn_alloc(&model->allocator, (size_t)count * sizeof *sorted);
    if (!sorted) return nn_fail(error, NN_ERR_MEMORY, "model: out of memory");
    for (int i = 0; i < count; i++) sorted[i] = &model->layers[i];
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    const nn_layer *first = NULL, *again = NULL;
    for (int i = 1; i < count; i++) {
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) != 0 || (again && again->index < sorted[i]->index)) continue;
        first = sorted[i - 1];
        again = sorted[i];
    }
    nn_release(&model->allocator, sorted);
    if (!again) return NN_OK;
    return nn_fail(error, NN_ERR_ARGUMENT, "layer %d: name: \"%s\" is layer %d's already", again->index + 1,
                   again->name, first->index + 1);
}

/* Copies the table and names the layers; a sigmoid or softmax at the very end becomes a layer of its own. */
static nn_status copy_table(nn_model *model, const nn_model_def *def, nn_error *error)
{
    model->layer_count = def->layer_count;
    for (int i = 0; i < def->layer_count; i++) {
        nn_layer *layer = &model->layers[i];
        const nn_status status = name_layer(model, i, def->layers[i].name, error);
        if (status != NN_OK) return status;
        layer->def = def->layers[i];
        layer->def.name = layer->name;
        model->table[i] = layer->def;
    }
    const nn_status status = check_names(model, error);
    if (status != NN_OK) return status;
    nn_layer *last = &model->layers[def->layer_count - 1], *extra = last + 1;
    nn_activation *split = splittable_activation(&last->def);
    if (split) {
        extra->def = (nn_layer_def){ .type = NN_ACTIVATION, .activation = { *split } };
        *split = NN_LINEAR;
        memcpy(extra->name, last->name, sizeof extra->name);
        model->layer_count++;
    }
    return NN_OK;
}

static bool takes_several(nn_layer_type type)
{
    return type == NN_ADD || type == NN_CONCAT || type == NN_DUELING;
}

/* Fills layer->from, in, in_type, in_sparse, in_vocab. */
static nn_status connect(nn_model *model, nn_layer *layer, nn_error *error)
{
    const int *from = layer->def.from, position = layer->index + 1;
    for (int i = 0; i < NN_MAX_INPUTS; i++) {
        if (from[i] == 0) continue;
        if (from[i] != NN_INPUT && (from[i] < 1 || from[i] >= position))
            return nn_layer_fail(layer, error, NN_ERR_ARGUMENT, "from: expected layers 1 to %d or NN_INPUT, got %d",
                                 position - 1, from[i]);
        layer->from[layer->input_count++] = from[i] == NN_INPUT ? -1 : from[i] - 1;
    }
    if (layer->input_count == 0) layer->from[layer->input_count++] = layer->index - 1;
    if (layer->input_count > 1 && !takes_several(layer->def.type))
        return nn_layer_fail(layer, error, NN_ERR_ARGUMENT, "takes one input, got %d", layer->input_count);
    layer->in_type = NN_F32;
    for (int i = 0; i < layer->input_count; i++) {
        const int source = layer->from[i];
        if (source >= 0) {
            layer->in[i] = model->layers[source].out;
            model->nodes[source].consumers++;
            if (i == 0 && model->layers[source].def.type == NN_EMBEDDING)
                layer->in_vocab = model->layers[source].def.embedding.vocab;
            if (!model->layers[source].out_sparse) continue;
            if (layer->def.type != NN_DENSE)
                return nn_layer_fail(layer, error, NN_ERR_SHAPE, "only Dense can follow multi_hot");
            layer->in_sparse = true;
        } else {
            layer->in[i] = model->def.input;
            if (model->def.input_type != NN_I32) continue;
            if (layer->def.type != NN_EMBEDDING && layer->def.type != NN_MULTI_HOT)
                return nn_layer_fail(layer, error, NN_ERR_SHAPE, "wants reals, got the model's indices");
            layer->in_type = NN_I32;
        }
    }
    return NN_OK;
}

static nn_status plan_layer(nn_model *model, nn_layer *layer, nn_error *error)
{
    size_t most = 0;
    layer->max_batch = model->def.max_batch;
    layer->threads = model->team.threads;
    layer->kernels = model->kernels;
    nn_status status = connect(model, layer, error);
    if (status == NN_OK) status = layer->ops->plan(layer, error);
    if (status != NN_OK) return status;
    layer->out_size = nn_shape_count(layer->out);
    if (layer->out_size == 0 || !nn_mul_size(layer->out_size, (size_t)layer->max_batch, &most) || most > SIZE_MAX / 16)
        return nn_layer_fail(layer, error, NN_ERR_SHAPE, "output %s is too large", nn_shape_format(layer->out).text);
    for (int i = 0; i < layer->weight_count; i++) {
        nn_weight *weight = &layer->weights[i];
        size_t *total = weight->trainable ? &model->param_count : &model->state_count;
        weight->offset = *total;
        if (weight->count == 0 || !nn_add_size(*total, weight->count, total))
            return nn_layer_fail(layer, error, NN_ERR_SHAPE, "%s %s is too large", weight->name,
                                 nn_shape_format(weight->shape).text);
        if ((int)weight->init < NN_INIT_DEFAULT || weight->init > NN_ORTHOGONAL)
            return nn_layer_fail(layer, error, NN_ERR_ARGUMENT, "%s: no such initialiser: %d", weight->name,
                                 (int)weight->init);
        model->nodes[layer->index].has_params |= weight->trainable;
    }
    for (int i = 0; i < layer->input_count; i++) {
        const int source = layer->from[i];
        nn_node *node = &model->nodes[layer->index];
        node->has_params |= source >= 0 && model->nodes[source].has_params;
        node->reaches_input |= source < 0 ? layer->in_type == NN_F32 : model->nodes[source].reaches_input;
    }
    return NN_OK;
}

static nn_status check_outputs_used(const nn_model *model, nn_error *error)
{
    const nn_layer *last = &model->layers[model->layer_count - 1];
    for (int i = 0; i + 1 < model->layer_count; i++)
        if (model->nodes[i].consumers == 0)
            return nn_layer_fail(&model->layers[i], error, NN_ERR_ARGUMENT, "no later layer takes its output");
    if (last->out_sparse)
        return nn_layer_fail(last, error, NN_ERR_SHAPE, "only Dense can follow multi_hot, got nothing");
    return NN_OK;
}

/* An Embedding whose rows one layer takes, which can read them where they are, need not copy them. */
static void share_tables(nn_model *model)
{
    for (int i = 0; i < model->layer_count; i++) {
        nn_layer *layer = &model->layers[i];
        const int source = layer->from[0];
        if (layer->takes_table && model->nodes[source].consumers == 1)
            layer->in_table = model->layers[source].out_table = true;
    }
}

/* Walked twice: first to count, then over the memory. */
static void carve(nn_model *model, nn_arena *arena)
{
    const size_t batch = (size_t)model->def.max_batch;
    size_t scratch = 0, worker_scratch = 0;
    model->params = nn_arena_reals(arena, model->param_count);
    model->grads = nn_arena_reals(arena, model->param_count);
    model->state = nn_arena_reals(arena, model->state_count);
    for (int i = 0; i < model->layer_count; i++) {
        nn_layer *layer = &model->layers[i];
        for (int k = 0; k < layer->weight_count && arena->base; k++) {
            nn_weight *weight = &layer->weights[k];
            weight->value = (weight->trainable ? model->params : model->state) + weight->offset;
            weight->grad = weight->trainable ? model->grads + weight->offset : NULL;
        }
        if (!layer->alias && !layer->out_sparse && !layer->out_table)
            layer->y = nn_arena_reals(arena, batch * layer->out_size);
        if (layer->ops->carve) layer->ops->carve(layer, arena);
        if (layer->scratch > scratch) scratch = layer->scratch;
        if (layer->worker_scratch > worker_scratch) worker_scratch = layer->worker_scratch;
    }
    for (int i = 0; i < model->layer_count; i++)
        model->nodes[i].slot_memory = nn_arena_reals(arena, model->nodes[i].slot_size);
    if (model->def.input_type == NN_F32) model->dx = nn_arena_reals(arena, batch * nn_shape_count(model->def.input));
    model->branch = nn_arena_reals(arena, model->branch_size * NN_MAX_INPUTS);
    model->loss_grad = nn_arena_reals(arena, batch * model->layers[model->layer_count - 1].out_size);
    model->scratch = nn_arena_reals(arena, scratch);
    model->worker_stride = (worker_scratch + 63) / 64 * 64;
    model->worker_scratch = nn_arena_reals(arena, model->worker_stride * (size_t)model->team.threads);
}

static nn_status allocate_arena(nn_model *model, nn_error *error)
{
    nn_arena arena = { .guarded = true };
    int *room = nn_alloc(&model->allocator, (size_t)model->layer_count * sizeof *room);
    if (!room) return nn_fail(error, NN_ERR_MEMORY, "model: out of memory");
    nn_model_assign_slots(model, room);
    nn_release(&model->allocator, room);
    carve(model, &arena);
    if (!arena.overflow) arena.base = model->arena = nn_alloc(&model->allocator, arena.used);
    if (!arena.base) return nn_fail(error, NN_ERR_MEMORY, "model: out of memory for %zu bytes", arena.used);
    model->arena_size = arena.used;
    arena.used = 0;
    carve(model, &arena);
    return NN_OK;
}

static nn_status init_weights(nn_model *model, nn_error *error)
{
    uint64_t stream = NN_STREAM_INIT;
    for (int i = 0; i < model->layer_count; i++) {
        nn_layer *layer = &model->layers[i];
        for (int k = 0; k < layer->weight_count; k++) {
            const nn_rng rng = { model->def.seed, stream++, 0 };
            if (nn_init_weight(&layer->weights[k], rng, &model->allocator) != NN_OK)
                return nn_layer_fail(layer, error, NN_ERR_MEMORY, "%s: out of memory", layer->weights[k].name);
        }
        if (layer->ops->init) layer->ops->init(layer);
    }
    return NN_OK;
}

static void warm_up_blas(nn_model *model)
{
    bool by_blas = false;
    for (int i = 0; i < model->layer_count; i++) by_blas |= model->layers[i].by_blas;
    if (by_blas)
        nn_gemm_warm_up(&(nn_run){ .kernels = model->kernels,
                                   .team = &model->team,
                                   .worker_scratch = model->worker_scratch,
                                   .worker_stride = model->worker_stride });
}

static nn_status check_weights(const nn_model *model, size_t most, nn_error *error)
{
    size_t count;
    if (nn_add_size(model->param_count, model->state_count, &count) && count <= most) return NN_OK;
    return nn_fail(error, NN_ERR_MISMATCH, "model: weights: expected at most %zu, got %zu", most, count);
}

static nn_status plan_model(nn_model *model, const nn_model_def *def, size_t most_weights, nn_error *error)
{
    nn_status status = copy_table(model, def, error);
    for (int i = 0; i < model->layer_count && status == NN_OK; i++)
        status = plan_layer(model, &model->layers[i], error);
    if (status == NN_OK) status = check_outputs_used(model, error);
    if (status == NN_OK) share_tables(model);
    if (status == NN_OK) status = check_weights(model, most_weights, error);
    if (status == NN_OK) status = allocate_arena(model, error);
    const nn_float_mode float_mode = nn_rounding_enter();
    if (status == NN_OK) status = init_weights(model, error);
    nn_float_mode_leave(float_mode);
    if (status == NN_OK) warm_up_blas(model);
    return status;
}

nn_model *nn_model_create(const nn_model_def *def, nn_error *error)
{
    return nn_model_create_within(def, SIZE_MAX, error);
}

nn_model *nn_model_create_within(const nn_model_def *def, size_t most_weights, nn_error *error)
{
    if (error) *error = (nn_error){ 0 };
    if (check_def(def, error) != NN_OK) return NULL;
    const nn_kernels *kernels = nn_kernels_select(def->isa);
    if (!kernels) {
        nn_fail(error, NN_ERR_ARGUMENT, "model: isa: this processor does not have instruction set %d", (int)def->isa);
        return NULL;
    }
    nn_model *model = allocate_model(def, error);
    if (!model) return NULL;
    model->def = *def;
    model->def.layers = model->table;
    model->allocator = def->allocator ? *def->allocator : (nn_allocator){ 0 };
    model->def.allocator = &model->allocator;
    model->kernels = kernels;
    model->team = nn_team_make(def->threads);
    model->rng = (nn_rng){ def->seed, NN_STREAM_DROPOUT, 0 };
    model->weights_changed = true;
    nn_blas_prepare(def->keep_blas_threads);
    if (plan_model(model, def, most_weights, error) == NN_OK) return model;
    nn_model_destroy(model);
    return NULL;
}

void nn_model_destroy(nn_model *model)
{
    if (!model) return;
    const nn_allocator allocator = model->allocator;
    nn_arena_open(model->arena, model->arena_size);
    nn_release(&allocator, model->arena);
    nn_release(&allocator, model->memory);
}
