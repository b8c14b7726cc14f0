/* Optimisers: options, slots, and the step that shares the flat array of weights out to the kernels. */
#include "optim.h"
#include "model.h"
#include <float.h>
#include <math.h>

/* Parts are cut by size alone, so that results do not depend on threads; below the threshold threads only cost. */
enum { NN_PART_SIZE = 16384, NN_PARALLEL_FROM = 1 << 18 };

/* --- options --- */

typedef enum option_range { POSITIVE, POSITIVE_OR_OFF, BELOW_ONE, UP_TO_ONE } option_range;

enum { ADAM = 1 << NN_ADAM, RMSPROP = 1 << NN_RMSPROP, SGD = 1 << NN_SGD };

static const char *const optim_names[] = { [NN_ADAM] = "adam", [NN_RMSPROP] = "rmsprop", [NN_SGD] = "sgd" };

/* A number of nn_optim_def, the optimisers that have it, its default and what it may be. */
typedef struct optim_option {
    const char *name;
    size_t field;
    int types;
    double fallback;
    option_range range;
} optim_option;

#define NN_OPTION(name, ...)                                                                                           \
    {                                                                                                                  \
#name, offsetof(nn_optim_def, name), __VA_ARGS__                                                               \
    }
static const optim_option options[] = {
    NN_OPTION(lr, ADAM | RMSPROP | SGD, 1e-3, POSITIVE),
    NN_OPTION(beta1, ADAM, 0.9, BELOW_ONE),
    NN_OPTION(beta2, ADAM, 0.999, BELOW_ONE),
    NN_OPTION(rho, RMSPROP, 0.9, BELOW_ONE),
    NN_OPTION(momentum, RMSPROP | SGD, 0.0, UP_TO_ONE),
    NN_OPTION(epsilon, ADAM | RMSPROP, 1e-7, POSITIVE),
    NN_OPTION(clip_norm, ADAM | RMSPROP | SGD, 0.0, POSITIVE_OR_OFF),
    NN_OPTION(global_clip_norm, ADAM | RMSPROP | SGD, 0.0, POSITIVE_OR_OFF),
    NN_OPTION(clip_value, ADAM | RMSPROP | SGD, 0.0, POSITIVE_OR_OFF),
};
#undef NN_OPTION

static const char *const range_texts[] = {
    [POSITIVE] = "a positive number in the range of float",
    [POSITIVE_OR_OFF] = "0 (off) or a positive number in the range of float",
    [BELOW_ONE] = "a number in [0, 1)",
    [UP_TO_ONE] = "a number in [0, 1]",
};

/* Of normal size in float, too: 1e-50 would be a zero to the kernels. */
static bool is_positive(double value)
{
    return value >= (double)FLT_MIN && value <= (double)FLT_MAX;
}

static bool in_range(option_range range, double value)
{
    switch (range) {
    case POSITIVE:
        return is_positive(value);
    case POSITIVE_OR_OFF:
        return value == 0.0 || is_positive(value);
    case BELOW_ONE:
        return value >= 0.0 && value < 1.0;
    case UP_TO_ONE:
        return value >= 0.0 && value <= 1.0;
    }
    return false;
}

/* Fills in the default of one option and checks it; what the optimiser has not got becomes 0, whatever it was. */
static nn_status resolve_option(nn_optim_def *def, const optim_option *option, nn_error *error)
{
    double *value = (double *)(void *)((unsigned char *)def + option->field);
    const double given = *value;
    if (!(option->types >> def->type & 1)) {
        *value = 0.0;
        return NN_OK;
    }
    const bool slow = value == &def->lr && def->type == NN_SGD;
    if (option->fallback != 0.0) *value = nn_default(given, slow ? 1e-2 : option->fallback);
    if (in_range(option->range, *value)) return NN_OK;
    return nn_fail(error, NN_ERR_ARGUMENT, "%s: %s: expected %s, got %g", optim_names[def->type], option->name,
                   range_texts[option->range], given == NN_ZERO && *value == 0.0 ? 0.0 : given);
}

static nn_status resolve(nn_optim_def *def, nn_error *error)
{
    if ((int)def->type < NN_ADAM || def->type > NN_SGD)
        return nn_fail(error, NN_ERR_ARGUMENT, "optimiser: type: expected a nn_optim_type, got %d", (int)def->type);
    const char *name = optim_names[def->type];
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const nn_status status = resolve_option(def, &options[i], error);
        if (status != NN_OK) return status;
    }
    if ((def->clip_norm > 0.0) + (def->global_clip_norm > 0.0) + (def->clip_value > 0.0) > 1)
        return nn_fail(error, NN_ERR_ARGUMENT,
                       "%s: expected at most one of clip_norm, global_clip_norm, clip_value, got %g, %g, %g", name,
                       def->clip_norm, def->global_clip_norm, def->clip_value);
    def->nesterov = def->nesterov && def->type == NN_SGD;
    def->epsilon_inside_sqrt = def->epsilon_inside_sqrt && def->type == NN_RMSPROP;
    return nn_schedule_resolve(&def->schedule, error);
}

/* --- slots and parts --- */

static int slot_count(const nn_optim_def *def)
{
    switch (def->type) {
    case NN_ADAM:
        return 2;
    case NN_RMSPROP:
        return def->momentum > 0.0 ? 2 : 1;
    case NN_SGD:
        break;
    }
    return def->momentum > 0.0 ? 1 : 0;
}

static nn_update_kernel *update_kernel(const nn_optim_def *def, const nn_optim_kernels *kernels)
{
    switch (def->type) {
    case NN_ADAM:
        return kernels->adam;
    case NN_RMSPROP:
        if (def->momentum > 0.0) return kernels->rmsprop_momentum;
        return def->epsilon_inside_sqrt ? kernels->rmsprop_inside : kernels->rmsprop;
    case NN_SGD:
        break;
    }
    if (def->momentum > 0.0) return def->nesterov ? kernels->sgd_nesterov : kernels->sgd_momentum;
    return kernels->sgd;
}

/* Cuts a group of weights into parts from parts[at] on, or only counts them; returns the next free position. */
static int cut(nn_optim_part *parts, int at, size_t first, size_t count, int group)
{
    for (size_t done = 0; done < count; done += NN_PART_SIZE, at++) {
        const size_t left = count - done;
        if (parts) parts[at] = (nn_optim_part){ first + done, left < NN_PART_SIZE ? left : NN_PART_SIZE, group };
    }
    return at;
}

/* Makes the parts, or only counts them: each weight tensor is a group if its norm is to be clipped, else all are one.
 */
static void cut_weights(nn_optim *optim)
{
    const nn_model *model = optim->model;
    optim->part_count = optim->group_count = 0;
    if (optim->def.clip_norm == 0.0) {
        optim->part_count = cut(optim->parts, 0, 0, model->param_count, optim->group_count++);
        return;
    }
    for (int l = 0; l < model->layer_count; l++) {
        for (int w = 0; w < model->layers[l].weight_count; w++) {
            const nn_weight *weight = &model->layers[l].weights[w];
            if (!weight->trainable) continue;
            optim->part_count =
                cut(optim->parts, optim->part_count, weight->offset, weight->count, optim->group_count++);
        }
    }
}

/* Takes the optimiser's memory, itself first; `plan` knows the counts. */
static nn_optim *carve(nn_arena *arena, const nn_optim *plan)
{
    nn_optim *optim = nn_arena_take(arena, 1, sizeof *optim);
    nn_optim made = *plan;
    for (int i = 0; i < made.slot_count; i++) made.slots[i] = nn_arena_reals(arena, made.model->param_count);
    made.parts = nn_arena_take(arena, (size_t)made.part_count, sizeof *made.parts);
    made.squares = nn_arena_take(arena, (size_t)made.part_count, sizeof *made.squares);
    made.norms = nn_arena_take(arena, (size_t)made.group_count, sizeof *made.norms);
    if (optim) *optim = made;
    return optim;
}

nn_optim *nn_optim_create(nn_model *model, const nn_optim_def *def, nn_error *error)
{
    if (error) *error = (nn_error){ 0 };
    if (!model || !def) {
        nn_fail(error, NN_ERR_ARGUMENT, "optimiser: expected a model and a definition, got NULL");
        return NULL;
    }
    nn_optim plan = { .model = model, .def = *def };
    if (resolve(&plan.def, error) != NN_OK) return NULL;
    plan.slot_count = slot_count(&plan.def);
    plan.update = update_kernel(&plan.def, model->kernels->optim);
    cut_weights(&plan);

    nn_arena arena = { .guarded = true };
    carve(&arena, &plan);
    if (!arena.overflow) arena.base = nn_alloc(&model->allocator, arena.used);
    if (!arena.base) {
        nn_fail(error, NN_ERR_MEMORY, "optimiser: out of memory for %zu bytes", arena.used);
        return NULL;
    }
    arena.used = 0;
    nn_optim *optim = carve(&arena, &plan);
    optim->size = arena.used;
    cut_weights(optim);
    return optim;
}

void nn_optim_destroy(nn_optim *optim)
{
    if (!optim) return;
    const nn_allocator allocator = optim->model->allocator;
    nn_arena_open(optim, optim->size);
    nn_release(&allocator, optim);
}

/* --- a step --- */

/* The numbers of the next step for the kernels. */
static nn_update next_update(const nn_optim *optim)
{
    const nn_optim_def *def = &optim->def;
    double lr = nn_optim_lr(optim);
    if (def->type == NN_ADAM) {
        const double t = (double)optim->steps + 1.0;
        /* Adam: lr sqrt(1 - beta2^t) / (1 - beta1^t) */
        lr *= sqrt(1.0 - pow(def->beta2, t)) / (1.0 - pow(def->beta1, t));
    }
    return (nn_update){
        .lr = (nn_float)lr,
        .mix1 = (nn_float)(1.0 - def->beta1),
        .mix2 = (nn_float)(1.0 - (def->type == NN_ADAM ? def->beta2 : def->rho)),
        .momentum = (nn_float)def->momentum,
        .epsilon = (nn_float)def->epsilon,
        .scale = 1,
        .limit = def->clip_value > 0.0 ? (nn_float)def->clip_value : (nn_float)INFINITY,
    };
}

typedef struct optim_step {
    const nn_optim *optim;
    nn_update update;
    double clip; /* the largest norm of a group; 0: any */
} optim_step;

static void measure_part(void *context, int task, int worker)
{
    const nn_optim *optim = ((const optim_step *)context)->optim;
    const nn_optim_part *part = &optim->parts[task];
    (void)worker;
    optim->squares[task] = optim->model->kernels->optim->sum_squares(optim->model->grads + part->first, part->count);
}

static void update_part(void *context, int task, int worker)
{
    const optim_step *step = context;
    const nn_optim *optim = step->optim;
    const nn_optim_part *part = &optim->parts[task];
    nn_float *slots[NN_MAX_SLOTS] = { NULL };
    (void)worker;
    for (int i = 0; i < optim->slot_count; i++) slots[i] = optim->slots[i] + part->first;

    nn_update update = step->update;
    /* g = g clip / norm where the norm is larger */
    if (step->clip > 0.0 && optim->norms[part->group] > step->clip)
        update.scale = (nn_float)(step->clip / optim->norms[part->group]);
    optim->update(optim->model->params + part->first, optim->model->grads + part->first, slots[0], slots[1],
                  part->count, &update);
}

/* The norms of the groups, summed in the order of the parts. */
static void sum_norms(const nn_optim *optim)
{
    for (int i = 0; i < optim->group_count; i++) optim->norms[i] = 0.0;
    for (int i = 0; i < optim->part_count; i++) optim->norms[optim->parts[i].group] += optim->squares[i];
    for (int i = 0; i < optim->group_count; i++) optim->norms[i] = sqrt(optim->norms[i]);
}

void nn_optim_step(nn_optim *optim)
{
    if (!optim) return;
    nn_model *model = optim->model;
    nn_team *team = model->param_count >= NN_PARALLEL_FROM ? &model->team : NULL;
    const nn_float_mode float_mode = nn_float_mode_enter();
    optim_step step = { optim, next_update(optim), optim->def.clip_norm + optim->def.global_clip_norm };
    if (step.clip > 0.0) {
        nn_parallel(team, optim->part_count, measure_part, &step);
        sum_norms(optim);
    }
    nn_parallel(team, optim->part_count, update_part, &step);
    nn_float_mode_leave(float_mode);
    optim->steps++;
    nn_model_weights_changed(model);
}

/* --- learning rate, steps, slots --- */

nn_status nn_optim_set_lr(nn_optim *optim, double lr)
{
    if (!optim || !is_positive(lr)) return NN_ERR_ARGUMENT;
    optim->def.lr = lr;
    return NN_OK;
}

double nn_optim_lr(const nn_optim *optim)
{
    return nn_schedule_lr(&optim->def.schedule, optim->def.lr, optim->steps);
}

uint64_t nn_optim_steps(const nn_optim *optim)
{
    return optim->steps;
}

void nn_optim_set_steps(nn_optim *optim, uint64_t steps)
{
    optim->steps = steps;
}

int nn_optim_slot_count(const nn_optim *optim)
{
    return optim->slot_count;
}

nn_float *nn_optim_slot(nn_optim *optim, int index, const char **name)
{
    static const char *const names[][NN_MAX_SLOTS] = {
        [NN_ADAM] = { "m", "v" },
        [NN_RMSPROP] = { "mean_square", "velocity" },
        [NN_SGD] = { "velocity" },
    };
    const bool exists = index >= 0 && index < optim->slot_count;
    if (name) *name = exists ? names[optim->def.type][index] : NULL;
    return exists ? optim->slots[index] : NULL;
}
