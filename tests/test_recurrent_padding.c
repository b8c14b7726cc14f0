/*
 * Reviews padded on the left, through Embedding and a recurrent layer: the steps that all samples share are run once
 * (libnn/src/layers/recurrent.h). Against the naive twin, which runs every step of every sample.
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
#include <stdlib.h>
#include <string.h>

/* Gradients are by word with MANY features, by step with FEW. */
enum { VOCAB = 7, FEW = 6, MANY = 37 };

/* Paddings of some batches: of all lengths, and the edges. */
typedef enum pattern { MIXED, ALL_FULL, NONE, ONE_PADDED, SHORT, PATTERNS } pattern;

static int padding_of(pattern kind, int sample, int batch, int time)
{
    switch (kind) {
    case MIXED: /* 0 to time, in no order: 29 has no factor in common with any batch here */
        return sample * 29 % batch * (time + 1) / batch;
    case ALL_FULL:
        return time;
    case ONE_PADDED:
        return sample == batch / 2 ? time - 3 : 0;
    case SHORT:
        return 5; /* not worth a shared row */
    default:
        return 0;
    }
}

/* A batch of words, and the twin whose x is what they look up in `table`. */
typedef struct padded {
    twin t;
    int32_t *words;
    nn_float table[VOCAB * 64];
    double table_gradient[VOCAB * 64];
} padded;

static void make(padded *p, int cell, pattern kind, int batch, int features, nn_rnn_def def)
{
    nn_rng rng = { .seed = 11 };
    def.reset_before = twin_cells[cell].reset_before;
    p->t = (twin){ .type = twin_cells[cell].type, .batch = batch, .time = 45, .in = features, .def = def };
    twin_randomize(&p->t, 5);
    const size_t time = (size_t)p->t.time, in = (size_t)p->t.in;
    p->words = calloc((size_t)batch * time, sizeof *p->words);
    assert_true(p->t.memory && p->words);
    for (size_t i = 0; i < VOCAB * in; i++) p->table[i] = (nn_float)(3 * (double)nn_uniform(&rng) - 1.5);
    for (size_t i = 0; i < (size_t)batch * time; i++) {
        const int step = (int)(i % time), padding = padding_of(kind, (int)(i / time), batch, p->t.time);
        /* the padding's word may come again later */
        p->words[i] = step < padding ? 0 : step == padding ? 1 : (int32_t)nn_random_below(&rng, VOCAB);
        for (size_t k = 0; k < in; k++) p->t.x[i * in + k] = (double)p->table[(size_t)p->words[i] * in + k];
    }
    twin_run(&p->t);
    memset(p->table_gradient, 0, sizeof p->table_gradient);
    for (size_t i = 0; i < (size_t)batch * time; i++)
        for (size_t k = 0; k < in; k++) p->table_gradient[(size_t)p->words[i] * in + k] += p->t.dx[i * in + k];
}

static void unmake(padded *p)
{
    free(p->t.memory);
    free(p->words);
}

/* The model with the twin's weights; its flat parameters are the table, then the twin's. */
static nn_model *model_of(const padded *p, nn_isa isa, int threads)
{
    nn_error error = { 0 };
    const nn_layer_def layers[] = { { NN_EMBEDDING, .embedding = { .vocab = VOCAB, .dim = p->t.in } },
                                    { p->t.type, .rnn = p->t.def } };
    nn_model *model = nn_model_create(&(nn_model_def){ .input = NN_SHAPE(p->t.time),
                                                       .input_type = NN_I32,
                                                       .max_batch = p->t.batch + 3,
                                                       NN_LAYERS(layers),
                                                       .threads = threads,
                                                       .isa = isa },
                                      &error);
    if (!model) fail_msg("%s", error.text);
    nn_float *params = nn_model_params(model, NULL);
    memcpy(params, p->table, (size_t)(VOCAB * p->t.in) * sizeof *params);
    for (size_t i = 0; i < p->t.weight_count; i++) params[VOCAB * p->t.in + (int)i] = (nn_float)p->t.weights[i];
    return model;
}

/* Forward and backward; the outputs are in `y`, the gradients in the model. */
static void run(nn_model *model, const padded *p, nn_float *y)
{
    nn_float *dy = calloc(p->t.y_count, sizeof *dy);
    assert_non_null(dy);
    for (size_t i = 0; i < p->t.y_count; i++) dy[i] = (nn_float)p->t.dy[i];
    const nn_tensor words = nn_view_i32(p->words, NN_SHAPE(p->t.batch, p->t.time));
    const nn_tensor *out = nn_forward(model, &words, NN_TRAIN);
    assert_non_null(out);
    const nn_tensor gradient = nn_view_f32(dy, out->shape);
    memcpy(y, out->f32, p->t.y_count * sizeof *y);
    nn_zero_grad(model);
    assert_non_null(nn_backward(model, &gradient, NN_GRAD_PARAMS));
    free(dy);
}

static double largest(const double *values, size_t count)
{
    double most = 1e-3;
    for (size_t i = 0; i < count; i++) most = fmax(most, fabs(values[i]));
    return most;
}

static void check(nn_model *model, const padded *p, const char *label)
{
    nn_float *y = calloc(p->t.y_count, sizeof *y);
    const size_t table = (size_t)(VOCAB * p->t.in);
    assert_non_null(y);
    run(model, p, y);
    const nn_float *gradients = nn_model_grads(model, NULL);
    assert_close(y, p->t.y, NULL, p->t.y_count, 4e-6 * largest(p->t.y, p->t.y_count), label);
    assert_close(gradients, p->table_gradient, NULL, table, 4e-6 * largest(p->table_gradient, table), label);
    assert_close(gradients + table, p->t.gradients, NULL, p->t.weight_count,
                 4e-6 * largest(p->t.gradients, p->t.weight_count), label);
    free(y);
}

static void equals_the_plain_path(void **state)
{
    static const nn_isa isas[] = { NN_ISA_PORTABLE, NN_ISA_AVX2, NN_ISA_AVX512 };
    (void)state;
    for (int cell = 0; cell < TWIN_CELLS; cell++) {
        for (int kind = 0; kind < PATTERNS; kind++) {
            for (int features = FEW; features <= MANY; features += MANY - FEW) {
                padded p;
                make(&p, cell, (pattern)kind, 37, features, (nn_rnn_def){ .units = 19 });
                for (int i = 0; i < 3; i++) {
                    char label[80];
                    if (!isa_is_here(isas[i])) continue;
                    nn_model *model = model_of(&p, isas[i], 1);
                    snprintf(label, sizeof label, "%s, padding %d, %d features, isa %d", twin_cells[cell].name, kind,
                             features, (int)isas[i]);
                    check(model, &p, label);
                    nn_model_destroy(model);
                }
                unmake(&p);
            }
        }
    }
}

static void other_forms(void **state)
{
    static const nn_rnn_def forms[] = { { .units = 9, .return_sequences = true },
                                        { .units = 9, .go_backwards = true },
                                        { .units = 40, .no_bias = true } };
    (void)state;
    for (int cell = 0; cell < TWIN_CELLS; cell++) {
        for (int form = 0; form < 3; form++) {
            padded p;
            make(&p, cell, MIXED, 10, MANY, forms[form]);
            nn_model *model = model_of(&p, NN_ISA_BEST, 1);
            check(model, &p, twin_cells[cell].name);
            nn_model_destroy(model);
            unmake(&p);
        }
    }
}

/* One model takes batches with and without padding, and smaller ones, in turn. */
static void batches_in_turn(void **state)
{
    static const struct {
        pattern kind;
        int batch;
    } turns[] = { { MIXED, 37 }, { NONE, 37 }, { MIXED, 9 }, { ALL_FULL, 37 }, { MIXED, 1 }, { MIXED, 37 } };
    (void)state;
    for (int cell = 0; cell < TWIN_CELLS; cell++) {
        padded p;
        make(&p, cell, MIXED, 37, MANY, (nn_rnn_def){ .units = 19 });
        nn_model *model = model_of(&p, NN_ISA_BEST, 1);
        unmake(&p);
        for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
            make(&p, cell, turns[i].kind, turns[i].batch, MANY, (nn_rnn_def){ .units = 19 });
            check(model, &p, twin_cells[cell].name);
            unmake(&p);
        }
        nn_model_destroy(model);
    }
}

static void threads_give_the_same_bits(void **state)
{
    static const int threads[] = { 2, 3, 4, 8 };
    (void)state;
    for (int cell = 0; cell < TWIN_CELLS; cell++) {
        padded p;
        make(&p, cell, MIXED, 150, MANY, (nn_rnn_def){ .units = 19 });
        nn_float *one = calloc(p.t.y_count, sizeof *one), *other = calloc(p.t.y_count, sizeof *other);
        assert_true(one && other);
        size_t count = 0;
        nn_model *single = model_of(&p, NN_ISA_BEST, 1);
        run(single, &p, one);
        nn_model_params(single, &count);
        for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
            nn_model *model = model_of(&p, NN_ISA_BEST, threads[i]);
            run(model, &p, other);
            assert_memory_equal(one, other, p.t.y_count * sizeof *one);
            assert_memory_equal(nn_model_grads(single, NULL), nn_model_grads(model, NULL), count * sizeof *one);
            nn_model_destroy(model);
        }
        nn_model_destroy(single);
        free(one);
        free(other);
        unmake(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(equals_the_plain_path), cmocka_unit_test(other_forms),
                                        cmocka_unit_test(batches_in_turn),
                                        cmocka_unit_test(threads_give_the_same_bits) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
