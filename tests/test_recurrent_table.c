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

enum {
    TIME = 41,
    DIM = 6,
    BATCH = 19,
    FEW_WORDS = 23,
    SOME_WORDS = TIME * BATCH / 2,
    MANY_WORDS = TIME * BATCH,
    PADDING = 17
};

typedef struct pair {
    nn_model *table, *output; /* of the Embedding are read */
    nn_optim *table_optim, *output_optim;
    int outputs; /* of `table`; those of `output` go on after them */
    bool sequences;
    int vocab;
} pair;

static nn_model *make_model(const nn_layer_def *layers, int count, nn_isa isa)
{
    nn_error error = { 0 };
    nn_model *model = nn_model_create(&(nn_model_def){ .input = NN_SHAPE(TIME),
                                                       .input_type = NN_I32,
                                                       .max_batch = BATCH,
                                                       .layers = layers,
                                                       .layer_count = count,
                                                       .seed = 4,
                                                       .threads = 1,
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

static pair make_pair(int cell, nn_rnn_def def, int vocab, nn_isa isa)
{
    def.reset_before = twin_cells[cell].reset_before;
    const nn_layer_def layers[] = {
        { NN_EMBEDDING, .embedding = { .vocab = vocab, .dim = DIM } },
        { twin_cells[cell].type, .rnn = def },
        { NN_RESHAPE, .from = { 1 }, .reshape = { def.return_sequences ? NN_SHAPE(TIME, DIM) : NN_SHAPE(TIME * DIM) } },
        { NN_CONCAT, .from = { 2, 3 } },
    };
    pair p = { .table = make_model(layers, 2, isa), .output = make_model(layers, 4, isa), .outputs = def.units };
    p.sequences = def.return_sequences;
    p.vocab = vocab;
    p.table_optim = make_optim(p.table);
    p.output_optim = make_optim(p.output);
    return p;
}

static void destroy_pair(pair *p)
{
    nn_optim_destroy(p->table_optim);
    nn_optim_destroy(p->output_optim);
    nn_model_destroy(p->table);
    nn_model_destroy(p->output);
}

static nn_float largest(const nn_float *x, size_t count)
{
    nn_float most = 0;
    for (size_t i = 0; i < count; i++) most = fmaxf(most, fabsf(x[i]));
    return most;
}

/* The gradients of both models, the same bits or sums in another order; those of `table` again, added. From then on
 * both are the same. */
static void compare(const pair *p, const nn_tensor *dy, bool by_word, const char *label)
{
    static nn_float before[1 << 15];
    size_t count = 0, others_count = 0;
    nn_float *grads = nn_model_grads(p->table, &count);
    const nn_float *others = nn_model_grads(p->output, &others_count);
    assert_true(count == others_count && count <= sizeof before / sizeof *before);
    const nn_float scale = largest(others, count), most = by_word ? scale * 2e-6f : 0;
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(grads[i] - others[i]) <= most))
            fail_msg("%s: gradient %zu of %zu: %.9g and %.9g, scale %g", label, i, count, (double)grads[i],
                     (double)others[i], (double)scale);
    for (size_t i = 0; i < count; i++) before[i] = grads[i] + grads[i];
    assert_non_null(nn_backward(p->table, dy, NN_GRAD_PARAMS)); /* adds the same once more */
    if (by_word) assert_memory_equal(grads, before, count * sizeof *grads);
    memcpy(grads, others, count * sizeof *grads);
}

/* Forward, backward from dy = y, and a step. */
static void train(pair *p, const int32_t *words, int batch, const char *label)
{
    static nn_float dy[BATCH * TIME * 64];
    const nn_tensor x = nn_view_i32((int32_t *)(uintptr_t)words, NN_SHAPE(batch, TIME));
    const nn_tensor *one = nn_forward(p->table, &x, NN_TRAIN), *other = nn_forward(p->output, &x, NN_TRAIN);
    assert_true(one && other);
    const size_t units = (size_t)p->outputs, rows = nn_shape_count(one->shape) / units;
    const size_t width = nn_shape_count(other->shape) / rows;
    assert_true(rows * width <= sizeof dy / sizeof *dy);
    memset(dy, 0, sizeof dy);
    for (size_t row = 0; row < rows; row++) {
        if (memcmp(one->f32 + row * units, other->f32 + row * width, units * sizeof *dy) != 0)
            fail_msg("%s: output, row %zu", label, row);
        memcpy(dy + row * width, other->f32 + row * width, units * sizeof *dy);
    }
    const nn_tensor dy_one = nn_view_f32(one->f32, one->shape), dy_other = nn_view_f32(dy, other->shape);
    nn_zero_grad(p->table);
    nn_zero_grad(p->output);
    assert_non_null(nn_backward(p->table, &dy_one, NN_GRAD_PARAMS));
    assert_non_null(nn_backward(p->output, &dy_other, NN_GRAD_PARAMS));
    compare(p, &dy_one, (size_t)p->vocab <= (size_t)batch * TIME / 2, label);
    nn_optim_step(p->table_optim);
    nn_optim_step(p->output_optim);
}

/* Words below vocab, the first steps of most samples padding. */
static void fill(int32_t *words, int vocab, bool padded, uint64_t seed)
{
    nn_rng rng = { .seed = seed };
    for (int i = 0; i < BATCH * TIME; i++) {
        const bool padding = padded && i / TIME > 1 && i % TIME < PADDING;
        words[i] = padding ? 0 : (int32_t)nn_random_below(&rng, (uint32_t)vocab);
    }
}

/* A small batch between large ones does not look up enough words for the table to be projected anew, of other weights.
 */
static void check(int cell, nn_rnn_def def, int vocab, bool padded, nn_isa isa)
{
    static const int batches[] = { BATCH, BATCH, 1, BATCH, 2, 3, BATCH };
    static int32_t words[BATCH * TIME];
    char label[96];
    pair p = make_pair(cell, def, vocab, isa);
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        snprintf(label, sizeof label, "%s, %d words, padded %d, isa %d, turn %zu", twin_cells[cell].name, vocab, padded,
                 (int)isa, i);
        fill(words, vocab, padded, i);
        train(&p, words, batches[i], label);
    }
    destroy_pair(&p);
}

static void as_from_the_output(void **state)
{
    static const nn_isa isas[] = { NN_ISA_PORTABLE, NN_ISA_AVX2, NN_ISA_AVX512 };
    static const nn_rnn_def forms[] = { { .units = 19 },
                                        { .units = 9, .return_sequences = true },
                                        { .units = 33, .go_backwards = true, .no_bias = true } };
    (void)state;
    for (int i = 0; i < 3; i++) {
        if (!isa_is_here(isas[i])) continue;
        for (int cell = 0; cell < TWIN_CELLS; cell++) {
            for (int form = 0; form < 3; form++) {
                check(cell, forms[form], FEW_WORDS, false, isas[i]);
                check(cell, forms[form], FEW_WORDS, true, isas[i]);
                check(cell, forms[form], SOME_WORDS, true, isas[i]);
                check(cell, forms[form], MANY_WORDS, true, isas[i]);
            }
        }
    }
}

/* Predictions of weights that do not change, then of weights that were written. */
static void written_weights_are_seen(void **state)
{
    static int32_t words[BATCH * TIME];
    (void)state;
    for (int cell = 0; cell < TWIN_CELLS; cell++) {
        pair p = make_pair(cell, (nn_rnn_def){ .units = 19 }, FEW_WORDS, NN_ISA_BEST);
        const nn_tensor x = nn_view_i32(words, NN_SHAPE(BATCH, TIME));
        nn_float before[19];
        fill(words, FEW_WORDS, false, 1);
        for (int i = 0; i < 2; i++) memcpy(before, nn_forward(p.table, &x, NN_EVAL)->f32, sizeof before);
        train(&p, words, BATCH, "after predictions");
        nn_model_params(p.table, NULL)[words[0] * DIM] += 1;
        nn_model_params(p.output, NULL)[words[0] * DIM] += 1;
        assert_memory_not_equal(before, nn_forward(p.table, &x, NN_EVAL)->f32, sizeof before);
        train(&p, words, BATCH, "after a change by the caller");
        destroy_pair(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(as_from_the_output),
                                        cmocka_unit_test(written_weights_are_seen) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
