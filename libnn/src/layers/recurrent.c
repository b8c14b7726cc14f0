/*
 * Recurrent layers: the batch in tiles of a few rows, one task each. The weights' gradient of each group of tiles is
 * summed apart and the partial sums in their order, so that it does not depend on the number of threads.
 */
#include "recurrent.h"
#include <string.h>

enum {
    MAX_GRADIENTS = 16,           /* partial sums: tasks of a backward pass */
    MAX_GRADIENT_REALS = 8 << 20, /* of all of them together */
    CHUNK_REALS = 32 << 10,       /* of a tile's pre-activations: they are to stay in the second-level cache */
    MIN_CHUNK = 8,
    MAX_CHUNK = 64,
    LINES_PER_TASK = 16,
    WORDS_PER_TASK = 512
};

/* --- sizes -----------------------------------------------------------------------------------------------------------
 */

/* Products and sums that stick at SIZE_MAX. */
static size_t times(size_t a, size_t b)
{
    size_t product = 0;
    return nn_mul_size(a, b, &product) ? product : SIZE_MAX;
}

static size_t plus(size_t a, size_t b)
{
    size_t sum = 0;
    return nn_add_size(a, b, &sum) ? sum : SIZE_MAX;
}

static size_t round_up(size_t n, size_t lanes)
{
    return times(n / lanes + (n % lanes != 0), lanes);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Adds a part: the product of a vector of `depth` by `gates` gates. */
static void add_part(nn_rnn *rnn, size_t lanes, size_t depth, size_t first_gate, size_t gates, bool bias)
{
    nn_rnn_part *part = &rnn->part[rnn->part_count++];
    *part = (nn_rnn_part){ .depth = depth,
                           .depth_padded = round_up(depth, lanes),
                           .first_gate = first_gate,
                           .gates = gates,
                           .columns = times(gates, rnn->padded),
                           .bias = bias,
                           .lines = rnn->lines };
    part->panel = gates > 1 ? times(gates, lanes) : least(rnn->padded, NN_RNN_VECTORS * lanes);
    part->forward = rnn->packed;
    part->transposed = plus(part->forward, times(depth, part->columns));
    part->packed_bias = plus(part->transposed, times(part->depth_padded, part->columns));
    rnn->packed = plus(part->packed_bias, part->columns);
    part->gradient = rnn->gradient;
    rnn->gradient = plus(rnn->gradient, times(plus(depth, 1), part->columns));
    rnn->lines = plus(rnn->lines, plus(depth, 1));
}

/* Large weights are read once for more rows. */
static size_t rows_of_tile(size_t weights, size_t batch)
{
    const size_t rows = weights <= 64 << 10 ? 8 : weights <= 256 << 10 ? 16 : 32;
    return least(rows, batch);
}

/* The scratch memory of a tile. Where the state's columns are the input's, their gradients are the same. */
static void plan_scratch(nn_rnn *rnn)
{
    const size_t steps = times(rnn->tile, rnn->chunk);
    for (int i = 0; i < rnn->part_count; i++) {
        nn_rnn_part *part = &rnn->part[i];
        if (i == NN_RNN_STATE && rnn->cell != NN_CELL_GRU && rnn->cell != NN_CELL_GRU_RESET_BEFORE) continue;
        part->scratch = rnn->scratch;
        rnn->scratch = plus(rnn->scratch, times(steps, part->columns));
    }
    rnn->state = rnn->scratch;
    rnn->scratch = plus(rnn->scratch, times(4, times(rnn->tile, rnn->padded)));
    rnn->reset = rnn->scratch;
    if (rnn->cell == NN_CELL_GRU_RESET_BEFORE) rnn->scratch = plus(rnn->scratch, times(steps, rnn->padded));
    rnn->looked_up = rnn->scratch;
    if (rnn->vocab > 0) rnn->scratch = plus(rnn->scratch, times(steps, rnn->in));
    rnn->before = rnn->scratch;
    if (!rnn->keeps_h) rnn->scratch = plus(rnn->scratch, times(times(rnn->tile, rnn->chunk + 1), rnn->padded));
}

static void plan_sizes(nn_rnn *rnn, size_t lanes, size_t batch, bool bias)
{
    static const size_t gates[] = { 1, 4, 3, 3 }, saved_vectors[] = { 0, 5, 4, 3 }; /* by nn_cell */
    const bool reset_before = rnn->cell == NN_CELL_GRU_RESET_BEFORE;
    rnn->padded = round_up(rnn->units, lanes);
    rnn->gates = gates[rnn->cell];
    rnn->saved = times(saved_vectors[rnn->cell], rnn->padded);
    add_part(rnn, lanes, rnn->in, 0, rnn->gates, bias);
    add_part(rnn, lanes, rnn->units, 0, reset_before ? 2 : rnn->gates, bias && rnn->cell == NN_CELL_GRU);
    if (reset_before) add_part(rnn, lanes, rnn->units, 2, 1, false);
    rnn->tile = rows_of_tile(times(rnn->units, times(rnn->gates, rnn->padded)), batch);
    const size_t row = times(rnn->tile, rnn->part[NN_RNN_INPUT].columns), fitting = CHUNK_REALS / row;
    rnn->chunk = least(rnn->time, fitting < MIN_CHUNK ? MIN_CHUNK : least(fitting, MAX_CHUNK));
    plan_scratch(rnn);
}

static nn_status check_options(nn_layer *layer, nn_error *error)
{
    nn_rnn_def *def = &layer->def.rnn;
    nn_status status = nn_layer_check_rank(layer, 2, "(batch, time, features)", error);
    if (status == NN_OK) status = nn_layer_check_positive(layer, "units", def->units, error);
    if (status == NN_OK) status = nn_layer_check_activation(layer, "activation", def->activation, false, error);
    if (status == NN_OK)
        status = nn_layer_check_activation(layer, "recurrent_activation", def->recurrent_activation, false, error);
    if (def->activation == NN_ACTIVATION_DEFAULT) def->activation = NN_TANH;
    if (def->recurrent_activation == NN_ACTIVATION_DEFAULT) def->recurrent_activation = NN_SIGMOID;
    return status;
}

static void add_weights(nn_layer *layer, const nn_rnn *rnn, int in)
{
    const nn_rnn_def *def = &layer->def.rnn;
    const int columns = (int)rnn->gates * def->units;
    nn_layer_add_weight(layer, "kernel", (nn_shape){ 2, { in, columns } },
                        nn_default_init(def->kernel_init, NN_GLOROT_UNIFORM), in, columns, true);
    nn_layer_add_weight(layer, "recurrent_kernel", (nn_shape){ 2, { def->units, columns } },
                        nn_default_init(def->recurrent_init, NN_ORTHOGONAL), def->units, columns, true);
    if (def->no_bias) return;
    const bool two = rnn->cell == NN_CELL_GRU;
    nn_layer_add_weight(layer, "bias", two ? (nn_shape){ 2, { 2, columns } } : (nn_shape){ 1, { columns } },
                        nn_default_init(def->bias_init, NN_ZEROS), columns, columns, true);
}

nn_status nn_rnn_plan(nn_layer *layer, nn_cell cell, nn_error *error)
{
    nn_rnn_layer *priv = layer->priv;
    nn_rnn_def *def = &layer->def.rnn;
    const nn_status status = check_options(layer, error);
    if (status != NN_OK) return status;
    const int time = layer->in[0].dim[0], in = layer->in[0].dim[1];
    const size_t batch = (size_t)layer->max_batch;
    nn_rnn *rnn = &priv->rnn;
    *rnn = (nn_rnn){ .cell = cell,
                     .activation = def->activation,
                     .gate_activation = def->recurrent_activation,
                     .sequences = def->return_sequences,
                     .keeps_h = def->return_sequences || cell != NN_CELL_LSTM,
                     .backwards = def->go_backwards,
                     .time = (size_t)time,
                     .in = (size_t)in,
                     .units = (size_t)def->units,
                     .vocab = (size_t)layer->in_vocab };
    plan_sizes(rnn, (size_t)layer->kernels->lanes, batch, !def->no_bias);
    const size_t kept = times(times(batch, rnn->time), plus(rnn->saved, rnn->units));
    /* the packed weights alone are more than units^2: four gates of so many units are an int, too */
    if (plus(plus(rnn->packed, rnn->gradient), plus(rnn->scratch, kept)) > SIZE_MAX / 256)
        return nn_layer_fail(layer, error, NN_ERR_SHAPE, "units: %d are too many", def->units);

    layer->keeps_dy = true;
    layer->takes_table = layer->in_vocab > 0;
    layer->out = def->return_sequences ? (nn_shape){ 2, { time, def->units } } : (nn_shape){ 1, { def->units } };
    add_weights(layer, rnn, in);
    const size_t tiles = (batch + rnn->tile - 1) / rnn->tile, fitting = MAX_GRADIENT_REALS / rnn->gradient;
    priv->gradients = (int)least(tiles, least(MAX_GRADIENTS, fitting ? fitting : 1));
    priv->prefix.possible = layer->in_vocab > 0 && !rnn->sequences && !rnn->backwards;
    layer->scratch = times((size_t)priv->gradients + 1, rnn->gradient);
    layer->worker_scratch = rnn->scratch;
    return NN_OK;
}

static void carve_prefix(nn_rnn_prefix *prefix, const nn_rnn *rnn, nn_arena *arena, size_t batch)
{
    const size_t tiles = (batch + rnn->tile - 1) / rnn->tile;
    prefix->order = nn_arena_take(arena, batch, sizeof *prefix->order);
    if (!prefix->possible) return;
    prefix->padding = nn_arena_take(arena, batch, sizeof *prefix->padding);
    prefix->counts = nn_arena_take(arena, plus(rnn->time, 1), sizeof *prefix->counts);
    prefix->h = nn_arena_reals(arena, times(rnn->time, rnn->units));
    prefix->saved = nn_arena_reals(arena, times(rnn->time, rnn->saved));
    prefix->carried = nn_arena_reals(arena, times(tiles + 1, times(2, rnn->padded)));
}

/* A table's rows are worth products of their own where they are looked up twice or more. */
static bool words_repeat(const nn_layer *layer, int batch)
{
    const nn_rnn *rnn = &((const nn_rnn_layer *)layer->priv)->rnn;
    return layer->in_table && rnn->vocab <= (size_t)batch * rnn->time / 2;
}

/* And gradients word by word, where the multiplications that this spares, 2 in columns for each step, take longer than
 * writing and reading da in place of dx: columns and in reals a step. At 32 (measured) both take as long. */
static bool worth_keeping(const nn_rnn *rnn, size_t places)
{
    const double in = (double)rnn->in, columns = (double)rnn->part[NN_RNN_INPUT].columns;
    return places <= INT32_MAX && in * columns >= 32 * (columns - in);
}

void nn_rnn_carve(nn_layer *layer, nn_arena *arena)
{
    nn_rnn_layer *priv = layer->priv;
    const nn_rnn *rnn = &priv->rnn;
    const size_t steps = (size_t)layer->max_batch * rnn->time;
    priv->packed = nn_arena_reals(arena, rnn->packed);
    priv->projected_is_stale = true;
    if (words_repeat(layer, layer->max_batch)) {
        priv->projected = nn_arena_reals(arena, times(rnn->vocab, rnn->part[NN_RNN_INPUT].columns));
        if (worth_keeping(rnn, steps)) nn_rnn_by_word_carve(&priv->by_word, rnn, arena, steps);
    }
    priv->saved = nn_arena_reals(arena, times(steps, rnn->saved));
    if (!rnn->sequences && rnn->keeps_h) priv->h = nn_arena_reals(arena, times(steps, rnn->units));
    carve_prefix(&priv->prefix, rnn, arena, (size_t)layer->max_batch);
}

/* --- tasks -----------------------------------------------------------------------------------------------------------
 */

/* One call, as its tasks see it. */
typedef struct call {
    const nn_layer *layer;
    const nn_run *run;
    const nn_float *dy;
    nn_float *dx;
    bool want_params, by_word;
    int tiles, groups; /* of tiles: one partial gradient each */
} call;

static call call_of(const nn_layer *layer, const nn_run *run)
{
    const nn_rnn_layer *priv = layer->priv;
    const int tile = (int)priv->rnn.tile, tiles = (run->batch + tile - 1) / tile;
    return (call){
        .layer = layer, .run = run, .tiles = tiles, .groups = tiles < priv->gradients ? tiles : priv->gradients
    };
}

static nn_rnn_weights weights_of(const nn_layer *layer, bool gradients)
{
    const nn_weight *weights = layer->weights;
    nn_float *bias = layer->weight_count < 3 ? NULL : gradients ? weights[2].grad : weights[2].value;
    if (gradients) return (nn_rnn_weights){ weights[0].grad, weights[1].grad, bias };
    return (nn_rnn_weights){ weights[0].value, weights[1].value, bias };
}

/* The rows of a tile, without what is the backward pass' own. */
static nn_rnn_rows rows_of(const call *c, int tile, int worker)
{
    const nn_layer *layer = c->layer;
    const nn_rnn_layer *priv = layer->priv;
    const nn_rnn *rnn = &priv->rnn;
    const nn_rnn_prefix *prefix = &priv->prefix;
    const size_t first = (size_t)tile * rnn->tile, steps = first * rnn->time;
    nn_rnn_rows rows = { .rows = least(rnn->tile, (size_t)c->run->batch - first),
                         .begin = nn_rnn_prefix_begin(prefix, rnn, (size_t)tile),
                         .end = rnn->time,
                         .row = prefix->order + first,
                         .x = layer->x[0],
                         .words = layer->in_table ? layer->words : NULL,
                         .projected = priv->projected_is_stale ? NULL : priv->projected,
                         .y = rnn->sequences ? NULL : layer->y,
                         .h = rnn->keeps_h ? (rnn->sequences ? layer->y : priv->h) + steps * rnn->units : NULL,
                         .saved = priv->saved ? priv->saved + steps * rnn->saved : NULL,
                         .scratch = nn_worker_scratch(c->run, worker) };
    if (rows.begin > 0)
        rows.start = (nn_rnn_start){ prefix->h + (rows.begin - 1) * rnn->units,
                                     prefix->saved ? prefix->saved + (rows.begin - 1) * rnn->saved : NULL };
    return rows;
}

static size_t last_line(const nn_rnn *rnn, int task)
{
    return least(rnn->lines, ((size_t)task + 1) * LINES_PER_TASK);
}

static void pack_task(void *context, int task, int worker)
{
    const call *c = context;
    const nn_rnn_layer *priv = c->layer->priv;
    (void)worker;
    c->run->kernels->recurrent->pack(&priv->rnn, priv->packed, weights_of(c->layer, false),
                                     (size_t)task * LINES_PER_TASK, last_line(&priv->rnn, task));
}

static void project_task(void *context, int task, int worker)
{
    const call *c = context;
    const nn_rnn_layer *priv = c->layer->priv;
    const size_t first = (size_t)task * WORDS_PER_TASK, last = least(priv->rnn.vocab, first + WORDS_PER_TASK);
    (void)worker;
    c->run->kernels->recurrent->project(&priv->rnn, priv->packed, c->layer->x[0], priv->projected, first, last);
}

static void forward_task(void *context, int tile, int worker)
{
    const call *c = context;
    const nn_rnn_layer *priv = c->layer->priv;
    const nn_rnn_rows rows = rows_of(c, tile, worker);
    c->run->kernels->recurrent->forward(&priv->rnn, priv->packed, &rows);
}

/* dx of the steps that the shared row runs for all. */
static void clear_padding(const call *c, const nn_rnn_rows *rows)
{
    const nn_rnn *rnn = &((const nn_rnn_layer *)c->layer->priv)->rnn;
    for (size_t i = 0; i < rows->rows; i++)
        memset(c->dx + (size_t)rows->row[i] * rnn->time * rnn->in, 0, rows->begin * rnn->in * sizeof *c->dx);
}

static void backward_group(const call *c, int group, int worker)
{
    const nn_rnn_layer *priv = c->layer->priv;
    const nn_rnn *rnn = &priv->rnn;
    const size_t first = (size_t)group * (size_t)c->tiles / (size_t)c->groups;
    const size_t last = ((size_t)group + 1) * (size_t)c->tiles / (size_t)c->groups;
    nn_float *gradient = c->want_params ? c->run->scratch + (size_t)group * rnn->gradient : NULL;
    if (gradient) memset(gradient, 0, rnn->gradient * sizeof *gradient);
    for (size_t tile = first; tile < last; tile++) {
        const size_t row = tile * rnn->tile;
        nn_rnn_rows rows = rows_of(c, (int)tile, worker);
        rows.dy = rnn->sequences ? c->dy + row * c->layer->out_size : c->dy;
        rows.dx = c->dx;
        rows.gradient = gradient;
        rows.da = c->by_word ? priv->by_word.da : NULL;
        rows.places = priv->by_word.places;
        rows.place = row * rnn->time;
        if (priv->prefix.steps > 0) rows.carried = priv->prefix.carried + tile * 2 * rnn->padded;
        c->run->kernels->recurrent->backward(rnn, priv->packed, &rows);
        if (c->dx) clear_padding(c, &rows);
    }
}

/* The groups' tasks, and one that sorts the words meanwhile. */
static void backward_task(void *context, int task, int worker)
{
    const call *c = context;
    if (task < c->groups)
        backward_group(c, task, worker);
    else
        nn_rnn_by_word_sort(c->layer, c->run->batch);
}

static void add_gradients_task(void *context, int task, int worker)
{
    const call *c = context;
    const nn_rnn_layer *priv = c->layer->priv;
    (void)worker;
    const size_t partial = (size_t)c->groups + (priv->prefix.steps > 0);
    c->run->kernels->recurrent->add_gradients(&priv->rnn, weights_of(c->layer, true), c->run->scratch, partial,
                                              (size_t)task * LINES_PER_TASK, last_line(&priv->rnn, task));
}

static int line_tasks(const nn_rnn *rnn)
{
    return (int)((rnn->lines + LINES_PER_TASK - 1) / LINES_PER_TASK);
}

/* Rows that are sorted by their padding make the first tiles the longest. */
static void each_tile(call *c, int count, nn_task *task)
{
    const nn_rnn_layer *priv = c->layer->priv;
    if (priv->prefix.steps > 0)
        nn_parallel_in_order(c->run->team, count, task, c);
    else
        nn_parallel(c->run->team, count, task, c);
}

nn_status nn_rnn_forward(nn_layer *layer, const nn_run *run)
{
    nn_rnn_layer *priv = layer->priv;
    call c = call_of(layer, run);
    nn_rnn_prefix_find(&priv->prefix, &priv->rnn, layer->words, run->batch);
    if (run->weights_changed) nn_parallel(run->team, line_tasks(&priv->rnn), pack_task, &c);
    priv->projected_is_stale |= run->weights_changed;
    if (priv->projected_is_stale && words_repeat(layer, run->batch)) {
        nn_parallel(run->team, (int)((priv->rnn.vocab + WORDS_PER_TASK - 1) / WORDS_PER_TASK), project_task, &c);
        priv->projected_is_stale = false;
    }
    if (priv->prefix.steps > 0) nn_rnn_prefix_forward(layer, run);
    each_tile(&c, c.tiles, forward_task);
    return NN_OK;
}

void nn_rnn_backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params)
{
    const nn_rnn_layer *priv = layer->priv;
    call c = call_of(layer, run);
    c.by_word = priv->by_word.da && want_params && dx[0] && words_repeat(layer, run->batch);
    c.dy = dy;
    c.dx = c.by_word ? NULL : dx[0];
    c.want_params = want_params;
    layer->table_is_done = c.by_word;
    if (c.by_word && c.groups == 1) nn_rnn_by_word_sort(layer, run->batch);
    each_tile(&c, c.groups + (c.by_word && c.groups > 1 ? 1 : 0), backward_task);
    if (priv->prefix.steps > 0) { /* behind an Embedding: only for the weights */
        nn_float *gradient = run->scratch + (size_t)c.groups * priv->rnn.gradient;
        memset(gradient, 0, priv->rnn.gradient * sizeof *gradient);
        nn_rnn_prefix_backward(layer, run, c.dx, c.by_word ? priv->by_word.da : NULL, gradient, c.tiles);
    }
    if (c.by_word) nn_rnn_by_word_backward(layer, run, c.groups);
    if (want_params) nn_parallel(run->team, line_tasks(&priv->rnn), add_gradients_task, &c);
}
