/*
 * A recurrent layer that reads an Embedding's table where it stands (nn_layer.in_table): the same bits as from the
 * Embedding's output, which a second layer that takes it keeps in being. Where words come again, it projects the whole
 * table at once (nn_rnn_layer.projected): the same bits, too; and has the gradients word by word (by_word): those, but
 * for the order of sums.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "isas.h"
#include "one_layer.h"
#include "recurrent_twin.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Sizes of an Embedding and of batches of words. By word are the gradients of MANY features, not those of FEW. */
enum { FEW = 6, MANY = 37, PADDING = 17 };
typedef struct shape {
    int time, batch, features, vocab;
} shape;

typedef struct pair {
    nn_model *table, *output; /* of the Embedding are read */
    nn_model *threads;        /* `table` on three of them */
    nn_optim *table_optim, *output_optim;
    shape sizes;
    int outputs; /* of `table`; those of `output` go on after them */
} pair;

static nn_model *make_model(const nn_layer_def *layers, int count, const shape *sizes, int threads, nn_isa isa)
{
    nn_error error = { 0 };
    nn_model *model = nn_model_create(&(nn_model_def){ .input = NN_SHAPE(sizes->time),
                                                       .input_type = NN_I32,
                                                       .max_batch = sizes->batch,
                                                       .layers = layers,
                                                       .layer_count = count,
                                                       .seed = 4,
                                                       .threads = threads,
                                                       .isa = isa },
                                      &error);
    if (!model) fail_msg("%s", error.text);
    return model;
}

static nn_optim *make_optim(nn_model *model)
{
    nn_error error = { 0 };
    nn_optim *optim = nn_optim_create(model, &(nn_optim_def){ NN_SGD, .lr = 0.5 }, &error);
    if (!optim) fail_msg("%s", error.text);
    return optim;
}

static pair make_pair(int cell, nn_rnn_def def, shape sizes, nn_isa isa)
{
    def.reset_before = twin_cells[cell].reset_before;
    const int time = sizes.time, features = sizes.features;
    const nn_layer_def layers[] = {
        { NN_EMBEDDING, .embedding = { .vocab = sizes.vocab, .dim = features } },
        { twin_cells[cell].type, .rnn = def },
        { NN_RESHAPE, .from = { 1 },
          .reshape = { def.return_sequences ? NN_SHAPE(time, features) : NN_SHAPE(time * features) } },
        { NN_CONCAT, .from = { 2, 3 } },
    };
    pair p = { .table = make_model(layers, 2, &sizes, 1, isa),
               .output = make_model(layers, 4, &sizes, 1, isa),
               .threads = make_model(layers, 2, &sizes, 3, isa),
               .sizes = sizes,
               .outputs = def.units };
    p.table_optim = make_optim(p.table);
    p.output_optim = make_optim(p.output);
    return p;
}

static void destroy_pair(pair *p)
{
    nn_optim_destroy(p->table_optim);
    nn_optim_destroy(p->output_optim);
    nn_model_destroy(p->table);
    nn_model_destroy(p->threads);
    nn_model_destroy(p->output);
}

static nn_float largest(const nn_float *x, size_t count)
{
    nn_float most = 0;
    for (size_t i = 0; i < count; i++) most = fmaxf(most, fabsf(x[i]));
    return most;
}

/* The gradients of both models, from the first on: the same bits or, by word, sums in another order, then added once
 * more; and the same bits on several threads. From then on both models have those of `output`. */
static void compare(const pair *p, const nn_tensor *x, const nn_tensor *dy, size_t first, nn_float tolerance,
                    const char *label)
{
    size_t count = 0, others_count = 0;
    nn_float *grads = nn_model_grads(p->table, &count);
    const nn_float *others = nn_model_grads(p->output, &others_count);
    assert_int_equal(count, others_count);
    const nn_float scale = largest(others + first, count - first);
    for (size_t i = first; i < count; i++)
        if (!(fabsf(grads[i] - others[i]) <= tolerance * scale))
            fail_msg("%s: gradient %zu of %zu: %.9g and %.9g, scale %g", label, i, count, (double)grads[i],
                     (double)others[i], (double)scale);

    assert_int_equal(nn_model_copy_weights(p->threads, p->table), NN_OK);
    assert_non_null(nn_forward(p->threads, x, NN_TRAIN));
    nn_zero_grad(p->threads);
    assert_non_null(nn_backward(p->threads, dy, NN_GRAD_PARAMS));
    nn_float *threads = nn_model_grads(p->threads, NULL);
    assert_memory_equal(threads, grads, count * sizeof *grads);
    if (tolerance > 0) {
        for (size_t i = 0; i < count; i++) threads[i] += threads[i];
        assert_non_null(nn_backward(p->table, dy, NN_GRAD_PARAMS));
        assert_memory_equal(grads, threads, count * sizeof *grads);
    }
    memcpy(grads, others, count * sizeof *grads);
}

/* Forward, backward from dy = u y with random u, and a step. */
static void train(pair *p, const int32_t *words, int batch, size_t first, nn_float tolerance, const char *label)
{
    static nn_float dy[1 << 20], wide_dy[1 << 21];
    nn_rng rng = { .seed = 6 };
    const int time = p->sizes.time;
    const nn_tensor x = nn_view_i32((int32_t *)(uintptr_t)words, NN_SHAPE(batch, time));
    const nn_tensor *one = nn_forward(p->table, &x, NN_TRAIN), *other = nn_forward(p->output, &x, NN_TRAIN);
    assert_true(one && other);
    const size_t units = (size_t)p->outputs, rows = nn_shape_count(one->shape) / units;
    const size_t width = nn_shape_count(other->shape) / rows;
    assert_true(rows * units <= sizeof dy / sizeof *dy && rows * width <= sizeof wide_dy / sizeof *dy);
    memset(wide_dy, 0, sizeof wide_dy);
    for (size_t row = 0; row < rows; row++) {
        if (memcmp(one->f32 + row * units, other->f32 + row * width, units * sizeof *dy) != 0)
            fail_msg("%s: output, row %zu", label, row);
        for (size_t i = 0; i < units; i++) dy[row * units + i] = nn_uniform(&rng) * one->f32[row * units + i];
        memcpy(wide_dy + row * width, dy + row * units, units * sizeof *dy);
    }
    const nn_tensor dy_one = nn_view_f32(dy, one->shape), dy_other = nn_view_f32(wide_dy, other->shape);
    nn_zero_grad(p->table);
    nn_zero_grad(p->output);
    assert_non_null(nn_backward(p->table, &dy_one, NN_GRAD_PARAMS));
    assert_non_null(nn_backward(p->output, &dy_other, NN_GRAD_PARAMS));
    const bool by_word = p->sizes.features == MANY && p->sizes.vocab <= batch * time / 2;
    compare(p, &x, &dy_one, first, by_word ? tolerance : 0, label);
    nn_optim_step(p->table_optim);
    nn_optim_step(p->output_optim);
}

/* Words below vocab, the first steps of most samples padding. */
static void fill(int32_t *words, const shape *sizes, bool padded, uint64_t seed)
{
    nn_rng rng = { .seed = seed };
    for (int i = 0; i < sizes->batch * sizes->time; i++) {
        const bool padding = padded && i / sizes->time > 1 && i % sizes->time < PADDING;
        words[i] = padding ? 0 : (int32_t)nn_random_below(&rng, (uint32_t)sizes->vocab);
    }
}

static int32_t words[1 << 15];

/* A small batch between large ones does not look up enough words for the table to be projected anew, of other weights.
 */
static void check(int cell, nn_rnn_def def, shape sizes, bool padded, nn_isa isa)
{
    const int batches[] = { sizes.batch, 2, sizes.batch, sizes.batch, 1, 3, sizes.batch };
    const size_t turns = sizes.features == FEW ? sizeof batches / sizeof *batches : 3;
    char label[120];
    pair p = make_pair(cell, def, sizes, isa);
    for (size_t i = 0; i < turns; i++) {
        snprintf(label, sizeof label, "%s, %d words, %d features, padded %d, isa %d, turn %zu", twin_cells[cell].name,
                 sizes.vocab, sizes.features, padded, (int)isa, i);
        fill(words, &sizes, padded, i);
        train(&p, words, batches[i], 0, 2e-5f, label);
    }
    destroy_pair(&p);
}

static const nn_isa isas[] = { NN_ISA_PORTABLE, NN_ISA_AVX2, NN_ISA_AVX512 };

static void as_from_the_output(void **state)
{
    static const nn_rnn_def forms[] = { { .units = 19 },
                                        { .units = 9, .return_sequences = true },
                                        { .units = 33, .go_backwards = true, .no_bias = true } };
    (void)state;
    for (int i = 0; i < 3; i++) {
        if (!isa_is_here(isas[i])) continue;
        for (int cell = 0; cell < TWIN_CELLS; cell++) {
            for (int form = 0; form < 3; form++) {
                for (int padded = 0; padded < 2; padded++) {
                    check(cell, forms[form], (shape){ 41, 19, FEW, 23 }, padded, isas[i]);
                    check(cell, forms[form], (shape){ 70, 19, MANY, 23 }, padded, isas[i]);
                }
                check(cell, forms[form], (shape){ 70, 19, MANY, 70 * 19 / 2 }, true, isas[i]);
                check(cell, forms[form], (shape){ 3, 64, MANY, 90 }, false, isas[i]); /* few places for a block */
                check(cell, forms[form], (shape){ 41, 19, MANY, 41 * 19 }, true, isas[i]);
            }
        }
    }
}

/* Predictions of weights that do not change, then of weights that were written. */
static void written_weights_are_seen(void **state)
{
    const shape sizes = { 41, 19, FEW, 23 };
    (void)state;
    for (int cell = 0; cell < TWIN_CELLS; cell++) {
        pair p = make_pair(cell, (nn_rnn_def){ .units = 19 }, sizes, NN_ISA_BEST);
        const nn_tensor x = nn_view_i32(words, NN_SHAPE(sizes.batch, sizes.time));
        nn_float before[19];
        fill(words, &sizes, false, 1);
        for (int i = 0; i < 2; i++) memcpy(before, nn_forward(p.table, &x, NN_EVAL)->f32, sizeof before);
        train(&p, words, sizes.batch, 0, 0, "after predictions");
        nn_model_params(p.table, NULL)[words[0] * sizes.features] += 1;
        nn_model_params(p.output, NULL)[words[0] * sizes.features] += 1;
        assert_memory_not_equal(before, nn_forward(p.table, &x, NN_EVAL)->f32, sizeof before);
        train(&p, words, sizes.batch, 0, 0, "after a change by the caller");
        destroy_pair(&p);
    }
}

/* All steps read one word. Its row of the table is left out: the Embedding adds to that step by step. */
static void long_sums_are_precise(void **state)
{
    const shape sizes = { 500, 64, MANY, 1 };
    (void)state;
    for (int i = 0; i < 3; i++) {
        if (!isa_is_here(isas[i])) continue;
        pair p = make_pair(0, (nn_rnn_def){ .units = 16, .return_sequences = true }, sizes, isas[i]);
        fill(words, &sizes, false, 1);
        train(&p, words, sizes.batch, MANY, 1e-6f, twin_cells[0].name);
        destroy_pair(&p);
    }
}

/* More words than an int counts, in a batch that nobody can have: smaller ones go another way, not by word. */
static void a_batch_beyond_an_int(void **state)
{
    nn_error error = { 0 };
    const nn_layer_def layers[] = { { NN_EMBEDDING, .embedding = { .vocab = 4, .dim = 1 } },
                                    { NN_SIMPLE_RNN, .rnn = { .units = 1 } } };
    const int32_t few[2 * 2048] = { 1, 2, 3 };
    const nn_tensor x = nn_view_i32((int32_t *)(uintptr_t)few, NN_SHAPE(2, 2048));
    nn_model *model = nn_model_create(
        &(nn_model_def){
            .input = NN_SHAPE(2048), .input_type = NN_I32, .max_batch = 1 << 20, .threads = 1, NN_LAYERS(layers) },
        &error);
    (void)state;
    if (!model && error.status == NN_ERR_MEMORY) {
        print_message("no room for 2^31 steps: skipped\n");
        skip();
    }
    assert_non_null(model);
    const nn_tensor *y = nn_forward(model, &x, NN_TRAIN);
    assert_non_null(y);
    assert_non_null(nn_backward(model, y, NN_GRAD_PARAMS));
    nn_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_from_the_output),
        cmocka_unit_test(written_weights_are_seen),
        cmocka_unit_test(long_sums_are_precise),
        cmocka_unit_test(a_batch_beyond_an_int),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
