/* Optimisers: trajectories against the formulas in double, clipping, threads, instruction sets, refusals, memory. */
#include <kvist/nn.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

/* (inputs) -> dense 1: inputs + 1 weights, kernel and bias; NULL if the processor has not got the instruction set. */
static nn_model *make_model(int inputs, nn_isa isa, int threads, const nn_allocator *allocator)
{
    const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 1 } } };
    const nn_model_def def = { .input = NN_SHAPE(inputs),
                               .max_batch = 1,
                               .threads = threads,
                               .isa = isa,
                               .seed = 3,
                               .allocator = allocator,
                               NN_LAYERS(layers) };
    return nn_model_create(&def, NULL);
}

static nn_optim *make_optim(nn_model *model, const nn_optim_def *def)
{
    nn_error error;
    nn_optim *optim = nn_optim_create(model, def, &error);
    if (!optim) fail_msg("%s", error.text);
    return optim;
}

/* --- trajectories --- */

/* One weight in double, with every number of the definition given. */
typedef struct twin {
    double p, s0, s1;
} twin;

static void adam(twin *w, double g, const nn_optim_def *d, int t)
{
    w->s0 = d->beta1 * w->s0 + (1 - d->beta1) * g;
    w->s1 = d->beta2 * w->s1 + (1 - d->beta2) * g * g;
    w->p -= d->lr * sqrt(1 - pow(d->beta2, t)) / (1 - pow(d->beta1, t)) * w->s0 / (sqrt(w->s1) + d->epsilon);
}

static void rmsprop(twin *w, double g, const nn_optim_def *d)
{
    w->s0 = d->rho * w->s0 + (1 - d->rho) * g * g;
    const bool inside = d->epsilon_inside_sqrt || d->momentum > 0;
    const double change = d->lr * g / (inside ? sqrt(w->s0 + d->epsilon) : sqrt(w->s0) + d->epsilon);
    w->s1 = d->momentum * w->s1 + change;
    w->p -= w->s1;
}

static void sgd(twin *w, double g, const nn_optim_def *d)
{
    w->s0 = d->momentum * w->s0 - d->lr * g;
    w->p += d->nesterov ? d->momentum * w->s0 - d->lr * g : w->s0;
}

static void step_twin(twin *w, double g, const nn_optim_def *d, int t)
{
    if (d->type == NN_ADAM) adam(w, g, d, t);
    if (d->type == NN_RMSPROP) rmsprop(w, g, d);
    if (d->type == NN_SGD) sgd(w, g, d);
}

/* Gradients of very different sizes, some of them zero, some shrinking suddenly. */
static nn_float gradient_at(int step, int i)
{
    const double size = pow(10, i % 7 - 4) * (i % 6 == 3 && step > 12 ? 1e-6 : 1);
    return i % 5 == 4 && step % 3 > 0 ? 0 : (nn_float)(size * sin(1.7 * i + 0.9 * step));
}

/* 25 steps of 38 weights, as many as leave a rest to every vector width. */
static void follow(const nn_optim_def *full, const nn_optim_def *given, nn_isa isa)
{
    enum { STEPS = 25, WEIGHTS = 38 };
    nn_model *model = make_model(WEIGHTS - 1, isa, 1, NULL);
    if (!model) return;
    nn_optim *optim = make_optim(model, given);
    size_t count;
    nn_float *params = nn_model_params(model, &count), *grads = nn_model_grads(model, NULL);
    assert_int_equal(count, WEIGHTS);
    twin twins[WEIGHTS];
    for (int i = 0; i < WEIGHTS; i++) twins[i] = (twin){ .p = (double)params[i] };
    for (int t = 1; t <= STEPS; t++) {
        for (int i = 0; i < WEIGHTS; i++) {
            grads[i] = gradient_at(t, i);
            step_twin(&twins[i], (double)grads[i], full, t);
        }
        nn_optim_step(optim);
        for (int i = 0; i < WEIGHTS; i++) {
            const double want = twins[i].p, got = (double)params[i];
            if (!(fabs(got - want) <= 1e-6 + 1e-5 * fabs(want)))
                fail_msg("%d, isa %d, step %d, weight %d: %.9g, not %.9g", (int)full->type, (int)isa, t, i, got, want);
            assert_true(grads[i] == 0); /* cleared for the next step */
        }
    }
    assert_true(nn_optim_steps(optim) == STEPS);
    for (int s = 0; s < nn_optim_slot_count(optim); s++) {
        const nn_float *slot = nn_optim_slot(optim, s, NULL);
        for (int i = 0; i < WEIGHTS; i++) {
            const double want = s ? twins[i].s1 : twins[i].s0;
            if (!(fabs((double)slot[i] - want) <= 1e-9 + 1e-5 * fabs(want)))
                fail_msg("%d, isa %d, slot %d, weight %d: %.9g, not %.9g", (int)full->type, (int)isa, s, i,
                         (double)slot[i], want);
        }
    }
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

static void test_trajectories(void **state)
{
    (void)state;
    const nn_optim_def cases[] = {
        { .type = NN_SGD, .lr = 0.05 },
        { .type = NN_SGD, .lr = 0.02, .momentum = 0.9 },
        { .type = NN_SGD, .lr = 0.02, .momentum = 0.9, .nesterov = true },
        { .type = NN_RMSPROP, .lr = 1e-3, .rho = 0.9, .epsilon = 1e-7 },
        { .type = NN_RMSPROP, .lr = 1e-3, .rho = 0.9, .epsilon = 1e-7, .epsilon_inside_sqrt = true },
        { .type = NN_RMSPROP, .lr = 1e-3, .rho = 0.95, .epsilon = 1e-5, .momentum = 0.8 },
        { .type = NN_RMSPROP, .lr = 1e-3, .rho = 0.05, .epsilon = 1e-7 },
        { .type = NN_ADAM, .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-7 },
        { .type = NN_ADAM, .lr = 1e-2, .beta1 = 0.5, .beta2 = 0.99, .epsilon = 0.1 },
    };
    for (int i = 0; i < COUNT(cases); i++)
        for (int isa = NN_ISA_PORTABLE; isa <= NN_ISA_AVX512; isa++) follow(&cases[i], &cases[i], (nn_isa)isa);
}

/* Zero means Keras' defaults, NN_ZERO a zero: then the moments are the gradients themselves. */
static void test_defaults(void **state)
{
    (void)state;
    const nn_optim_def full[] = {
        { .type = NN_ADAM, .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-7 },
        { .type = NN_RMSPROP, .lr = 1e-3, .rho = 0.9, .epsilon = 1e-7 },
        { .type = NN_SGD, .lr = 1e-2 },
    };
    for (int i = 0; i < COUNT(full); i++) follow(&full[i], &(nn_optim_def){ .type = full[i].type }, NN_ISA_BEST);
    follow(&(nn_optim_def){ .type = NN_ADAM, .lr = 1e-3, .epsilon = 1e-7 },
           &(nn_optim_def){ .type = NN_ADAM, .beta1 = NN_ZERO, .beta2 = NN_ZERO }, NN_ISA_BEST);
    follow(&(nn_optim_def){ .type = NN_RMSPROP, .lr = 1e-3, .epsilon = 1e-7 },
           &(nn_optim_def){ .type = NN_RMSPROP, .rho = NN_ZERO }, NN_ISA_BEST);
}

/* --- clipping: SGD with lr 1 shows the clipped gradient as the change of the weights --- */

/* Two weight tensors, kernel (2) and bias (1), with gradients 3, 4 and 12: norms 5 and 12, of all 13. */
static void check_clipped(const nn_optim_def *def, double a, double b, double c)
{
    nn_model *model = make_model(2, NN_ISA_BEST, 1, NULL);
    nn_optim *optim = make_optim(model, def);
    nn_float *params = nn_model_params(model, NULL), *grads = nn_model_grads(model, NULL);
    const nn_float gradients[] = { 3, 4, -12 };
    memset(params, 0, 3 * sizeof *params);
    memcpy(grads, gradients, sizeof gradients);
    nn_optim_step(optim);
    assert_float_equal((float)params[0], (float)-a, 1e-5f);
    assert_float_equal((float)params[1], (float)-b, 1e-5f);
    assert_float_equal((float)params[2], (float)c, 1e-5f);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

static void test_clipping(void **state)
{
    (void)state;
    check_clipped(&(nn_optim_def){ .type = NN_SGD, .lr = 1 }, 3, 4, 12);
    check_clipped(&(nn_optim_def){ .type = NN_SGD, .lr = 1, .clip_value = 3.5 }, 3, 3.5, 3.5);
    check_clipped(&(nn_optim_def){ .type = NN_SGD, .lr = 1, .clip_norm = 6 }, 3, 4, 6);
    check_clipped(&(nn_optim_def){ .type = NN_SGD, .lr = 1, .clip_norm = 2.5 }, 1.5, 2, 2.5);
    check_clipped(&(nn_optim_def){ .type = NN_SGD, .lr = 1, .global_clip_norm = 6.5 }, 1.5, 2, 6);
    check_clipped(&(nn_optim_def){ .type = NN_SGD, .lr = 1, .global_clip_norm = 13.5 }, 3, 4, 12);
}

/* Norms are those of trainable tensors alone: the averages that BatchNorm keeps lie elsewhere. */
static void test_clipping_beside_averages(void **state)
{
    (void)state;
    const nn_layer_def layers[] = { { .type = NN_BATCH_NORM }, { NN_DENSE, .dense = { .units = 1, .no_bias = true } } };
    nn_model *model =
        nn_model_create(&(nn_model_def){ .input = NN_SHAPE(2), .max_batch = 1, .threads = 1, NN_LAYERS(layers) }, NULL);
    assert_non_null(model);
    nn_optim *optim = make_optim(model, &(nn_optim_def){ .type = NN_SGD, .lr = 1, .momentum = 0.5, .clip_norm = 1 });
    size_t count;
    nn_float *params = nn_model_params(model, &count), *grads = nn_model_grads(model, NULL);
    /* gamma, beta, kernel: norms 5, 0.5 and 12 */
    const nn_float gradients[] = { 3, 4, 0.3f, 0.4f, 0, 12 };
    const float wanted[] = { -0.6f, -0.8f, -0.3f, -0.4f, 0, -1 };
    assert_int_equal(count, 6);
    memset(params, 0, sizeof gradients);
    memcpy(grads, gradients, sizeof gradients);
    nn_optim_step(optim);
    for (int i = 0; i < 6; i++) assert_float_equal((float)params[i], wanted[i], 1e-6f);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

/* --- large models: parts, threads --- */

enum { LARGE = 270029, PERIOD = 1009 }; /* from 2^18 weights on a step is shared among threads */

/* Two steps of a model of 270,030 weights; the weights into `out`. */
static void train_large(const nn_optim_def *def, int threads, nn_float *out)
{
    nn_model *model = make_model(LARGE, NN_ISA_BEST, threads, NULL);
    assert_non_null(model);
    nn_optim *optim = make_optim(model, def);
    nn_float *params = nn_model_params(model, NULL), *grads = nn_model_grads(model, NULL);
    for (int step = 0; step < 2; step++) {
        for (int i = 0; i <= LARGE; i++) grads[i] = gradient_at(step, i % PERIOD);
        nn_optim_step(optim);
    }
    for (int i = 0; i <= LARGE; i++) assert_true(grads[i] == 0);
    /* The gradients repeat, so the slots do. */
    for (int s = 0; s < nn_optim_slot_count(optim); s++) {
        const nn_float *slot = nn_optim_slot(optim, s, NULL);
        assert_true(slot[1] != 0);
        for (int i = PERIOD; i < LARGE; i++) assert_true(slot[i] == slot[i - PERIOD]);
    }
    memcpy(out, params, (LARGE + 1) * sizeof *out);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

static void test_threads_do_not_matter(void **state)
{
    (void)state;
    const nn_optim_def cases[] = {
        { .type = NN_ADAM, .global_clip_norm = 1 },
        { .type = NN_RMSPROP, .clip_norm = 1, .momentum = 0.5 },
        { .type = NN_SGD },
    };
    nn_float *one = calloc(LARGE + 1, sizeof *one), *three = calloc(LARGE + 1, sizeof *three);
    assert_true(one && three);
    for (int i = 0; i < COUNT(cases); i++) {
        train_large(&cases[i], 1, one);
        train_large(&cases[i], 3, three);
        assert_memory_equal(one, three, (LARGE + 1) * sizeof *one);
    }
    free(one);
    free(three);
}

/* The norm of a large model is that of all parts together. */
static void test_norm_of_many_parts(void **state)
{
    (void)state;
    nn_model *model = make_model(LARGE, NN_ISA_BEST, 1, NULL);
    assert_non_null(model);
    nn_optim *optim = make_optim(model, &(nn_optim_def){ .type = NN_SGD, .lr = 1, .global_clip_norm = 1 });
    nn_float *params = nn_model_params(model, NULL), *grads = nn_model_grads(model, NULL);
    for (int i = 0; i <= LARGE; i++) params[i] = 0, grads[i] = 2;
    nn_optim_step(optim);
    const float want = (float)(-1 / sqrt(LARGE + 1.0));
    for (int i = 0; i <= LARGE; i++) assert_float_equal((float)params[i], want, 1e-8f);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

/* --- refusals --- */

/* Row 50 of docs/faults.md. */
static void test_refusals(void **state)
{
    (void)state;
    const struct {
        nn_optim_def def;
        const char *text;
    } cases[] = {
        { { .type = (nn_optim_type)7 }, "optimiser: type: expected a nn_optim_type, got 7" },
        { { .type = (nn_optim_type)-1 }, "optimiser: type: expected a nn_optim_type, got -1" },
        { { .lr = -0.5 }, "adam: lr: expected a positive number in the range of float, got -0.5" },
        { { .lr = NN_ZERO }, "adam: lr: expected a positive number in the range of float, got 0" },
        { { .lr = NAN }, "adam: lr: expected a positive number in the range of float, got nan" },
        { { .lr = INFINITY }, "adam: lr: expected a positive number in the range of float, got inf" },
        { { .lr = 1e300 }, "adam: lr: expected a positive number in the range of float, got 1e+300" },
        { { .beta1 = 1 }, "adam: beta1: expected a number in [0, 1), got 1" },
        { { .beta2 = 1.5 }, "adam: beta2: expected a number in [0, 1), got 1.5" },
        { { .beta2 = NAN }, "adam: beta2: expected a number in [0, 1), got nan" },
        { { .beta1 = -0.1 }, "adam: beta1: expected a number in [0, 1), got -0.1" },
        { { .epsilon = NN_ZERO }, "adam: epsilon: expected a positive number in the range of float, got 0" },
        { { .epsilon = 1e-50 }, "adam: epsilon: expected a positive number in the range of float, got 1e-50" },
        { { .type = NN_RMSPROP, .rho = 1 }, "rmsprop: rho: expected a number in [0, 1), got 1" },
        { { .type = NN_RMSPROP, .epsilon = -2 },
          "rmsprop: epsilon: expected a positive number in the range of float, got -2" },
        { { .type = NN_SGD, .momentum = 1.1 }, "sgd: momentum: expected a number in [0, 1], got 1.1" },
        { { .type = NN_SGD, .momentum = -0.5 }, "sgd: momentum: expected a number in [0, 1], got -0.5" },
        { { .type = NN_RMSPROP, .momentum = NAN }, "rmsprop: momentum: expected a number in [0, 1], got nan" },
        { { .clip_norm = -1 }, "adam: clip_norm: expected 0 (off) or a positive number in the range of float, got -1" },
        { { .clip_value = NAN },
          "adam: clip_value: expected 0 (off) or a positive number in the range of float, got nan" },
        { { .global_clip_norm = INFINITY },
          "adam: global_clip_norm: expected 0 (off) or a positive number in the range of float, got inf" },
        { { .clip_norm = 1, .clip_value = 2 },
          "adam: expected at most one of clip_norm, global_clip_norm, clip_value, got 1, 0, 2" },
    };
    nn_model *model = make_model(2, NN_ISA_BEST, 1, NULL);
    nn_error error;
    for (int i = 0; i < COUNT(cases); i++) {
        assert_null(nn_optim_create(model, &cases[i].def, &error));
        assert_int_equal(error.status, NN_ERR_ARGUMENT);
        assert_string_equal(error.text, cases[i].text);
    }
    assert_null(nn_optim_create(NULL, &cases[0].def, &error));
    assert_null(nn_optim_create(model, NULL, &error));
    assert_null(nn_optim_create(model, NULL, NULL));
    assert_string_equal(error.text, "optimiser: expected a model and a definition, got NULL");
    nn_model_destroy(model);
    nn_optim_destroy(NULL);
    nn_optim_step(NULL);
    assert_int_equal(nn_optim_set_lr(NULL, 1), NN_ERR_ARGUMENT);
}

/* Counters of steps beyond what 31 and 32 bits hold: each step by the formula of its number. */
static void test_65_steps_near_two_to_the_31(void **state)
{
    (void)state;
    static const uint64_t starts[] = { INT32_MAX - (uint64_t)1, UINT32_MAX - (uint64_t)1, (uint64_t)1 << 40 };
    const nn_optim_def def = { .type = NN_ADAM, /* 1 - beta2^t still matters */
                               .lr = 0.5,
                               .beta2 = 1 - 1e-10,
                               .schedule = { NN_INVERSE_TIME_DECAY, .steps = 1000000000, .rate = 1 } };
    nn_model *model = make_model(1, NN_ISA_BEST, 1, NULL);
    for (int i = 0; i < COUNT(starts); i++) {
        nn_optim *optim = make_optim(model, &def);
        nn_optim_set_steps(optim, starts[i]);
        for (int k = 0; k < 4; k++) {
            const double t = (double)starts[i] + k;
            const double lr = def.lr / (1 + t / 1e9), scale = lr * sqrt(1 - pow(def.beta2, t + 1));
            nn_float *m = nn_optim_slot(optim, 0, NULL), *v = nn_optim_slot(optim, 1, NULL);
            nn_float *params = nn_model_params(model, NULL), *grads = nn_model_grads(model, NULL);
            assert_true(fabs(nn_optim_lr(optim) - lr) <= 1e-15);
            params[0] = 0;
            grads[0] = 1;
            m[0] = v[0] = 1; /* stay 1, so that the step is lr sqrt(1 - beta2^t) */
            nn_optim_step(optim);
            assert_true(nn_optim_steps(optim) == starts[i] + (uint64_t)k + 1);
            if (!(fabs((double)params[0] + scale) <= 1e-6 * scale))
                fail_msg("step %.0f: expected %.9g, got %.9g", t + 1, -scale, (double)params[0]);
        }
        nn_optim_destroy(optim);
    }
    nn_model_destroy(model);
}

/* --- learning rate, steps, slots --- */

static void test_accessors(void **state)
{
    (void)state;
    static const struct {
        nn_optim_def def;
        int slots;
        const char *names[2];
    } cases[] = {
        { { .type = NN_ADAM }, 2, { "m", "v" } },
        { { .type = NN_RMSPROP }, 1, { "mean_square", NULL } },
        { { .type = NN_RMSPROP, .momentum = 0.5 }, 2, { "mean_square", "velocity" } },
        { { .type = NN_SGD }, 0, { NULL, NULL } },
        { { .type = NN_SGD, .momentum = 0.5 }, 1, { "velocity", NULL } },
    };
    nn_model *model = make_model(2, NN_ISA_BEST, 1, NULL);
    for (int i = 0; i < COUNT(cases); i++) {
        nn_optim *optim = make_optim(model, &cases[i].def);
        assert_int_equal(nn_optim_slot_count(optim), cases[i].slots);
        for (int s = -1; s < 3; s++) {
            const char *name = "untouched";
            const bool there = s >= 0 && s < cases[i].slots;
            assert_true((nn_optim_slot(optim, s, &name) != NULL) == there);
            if (there) assert_string_equal(name, cases[i].names[s]);
            if (!there) assert_null(name);
        }
        const double bad[] = { 0, -1, NAN, INFINITY };
        const double before = nn_optim_lr(optim);
        for (int k = 0; k < COUNT(bad); k++) assert_int_equal(nn_optim_set_lr(optim, bad[k]), NN_ERR_ARGUMENT);
        assert_true(nn_optim_lr(optim) == before);
        assert_int_equal(nn_optim_set_lr(optim, 0.25), NN_OK);
        assert_true(nn_optim_lr(optim) == 0.25);
        nn_optim_set_steps(optim, (uint64_t)1 << 40);
        nn_optim_step(optim);
        assert_true(nn_optim_steps(optim) == ((uint64_t)1 << 40) + 1);
        nn_optim_destroy(optim);
    }
    nn_model_destroy(model);
}

/* Slots and steps put back by hand go on with the same numbers. */
static void test_restored_by_hand(void **state)
{
    (void)state;
    enum { WEIGHTS = 38 };
    nn_float params[2][WEIGHTS], kept[3][WEIGHTS];
    const nn_optim_def def = { .type = NN_ADAM };
    for (int run = 0; run < 2; run++) {
        nn_model *model = make_model(WEIGHTS - 1, NN_ISA_BEST, 1, NULL);
        nn_optim *optim = make_optim(model, &def);
        nn_float *now[] = { nn_model_params(model, NULL), nn_optim_slot(optim, 0, NULL),
                            nn_optim_slot(optim, 1, NULL) };
        for (int t = run ? 5 : 0; t < 10; t++) {
            if (run && t == 5) {
                for (int k = 0; k < 3; k++) memcpy(now[k], kept[k], sizeof kept[k]);
                nn_optim_set_steps(optim, 5);
            }
            for (int i = 0; i < WEIGHTS; i++) nn_model_grads(model, NULL)[i] = gradient_at(t, i);
            nn_optim_step(optim);
            if (!run && t == 4)
                for (int k = 0; k < 3; k++) memcpy(kept[k], now[k], sizeof kept[k]);
        }
        memcpy(params[run], now[0], sizeof params[run]);
        nn_optim_destroy(optim);
        nn_model_destroy(model);
    }
    assert_memory_equal(params[0], params[1], sizeof params[0]);
}

/* --- memory --- */

typedef struct counter {
    int made, live, fail_at; /* the number of the allocation that fails, from 1; 0: none */
} counter;

static void *count_alloc(size_t size, size_t align, void *user)
{
    counter *c = user;
    if (++c->made == c->fail_at) return NULL;
    c->live++;
    return aligned_alloc(align, (size + align - 1) / align * align);
}

static void count_release(void *memory, void *user)
{
    ((counter *)user)->live -= memory != NULL;
    free(memory);
}

static void test_memory(void **state)
{
    (void)state;
    counter c = { 0 };
    const nn_allocator allocator = { count_alloc, count_release, &c };
    nn_model *model = make_model(100, NN_ISA_BEST, 1, &allocator);
    assert_non_null(model);
    const int before = c.live;
    c.made = 0;
    nn_optim *optim = make_optim(model, &(nn_optim_def){ .clip_norm = 1 });
    assert_int_equal(c.made, 1);
    for (int i = 0; i < 10; i++) nn_optim_step(optim);
    assert_int_equal(c.made, 1);
    nn_optim_destroy(optim);
    assert_int_equal(c.live, before);

    nn_error error;
    c = (counter){ .live = c.live, .fail_at = 1 };
    assert_null(nn_optim_create(model, &(nn_optim_def){ 0 }, &error));
    assert_int_equal(error.status, NN_ERR_MEMORY);
    nn_model_destroy(model);
    assert_int_equal(c.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trajectories),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_clipping),
        cmocka_unit_test(test_clipping_beside_averages),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_norm_of_many_parts),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_65_steps_near_two_to_the_31),
        cmocka_unit_test(test_accessors),
        cmocka_unit_test(test_restored_by_hand),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
