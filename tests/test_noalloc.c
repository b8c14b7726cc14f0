/*
 * What a training loop calls over and over allocates nothing: forward and backward of every layer type, every loss and
 * optimiser, batches, steps of environments, the replay memory. Calls of the C library's allocating functions by the
 * three libraries are counted; what OpenMP and BLAS do inside themselves is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alloc.h"
#include "networks.h"
#include <kvist/data.h>
#include <kvist/env.h>
#include <kvist/nn.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

enum { BATCH = NETWORK_BATCH };

static size_t before;

static void begin(void)
{
    before = alloc_calls();
}

static void assert_none(const char *what)
{
    const size_t calls = alloc_calls() - before;
    if (calls) fail_msg("%s: %zu allocations", what, calls);
}

/* --- layers ------------------------------------------------------------------------------------------------------- */

static void train(const network *n, nn_model *model, nn_optim *optim, const nn_tensor *x, const nn_tensor *target)
{
    nn_float loss;
    const unsigned want = NN_GRAD_PARAMS | (n->type == NN_F32 ? NN_GRAD_INPUT : 0);
    if (!nn_forward(model, x, NN_TRAIN) ||
        nn_backprop(model, &(nn_loss_def){ .type = NN_MSE }, target, want, &loss) != NN_OK ||
        !nn_forward(model, x, NN_EVAL))
        fail_msg("%s: %s", n->name, nn_model_error(model));
    nn_optim_step(optim);
}

/* A full batch, then a smaller one. */
static void train_without_allocation(const network *n, int threads, nn_isa isa)
{
    nn_model *model = network_make(n, threads, isa, NULL);
    if (!model && isa > NN_ISA_PORTABLE) return; /* not on this processor */
    assert_non_null(model);
    nn_optim *optim = nn_optim_create(model, &(nn_optim_def){ 0 }, NULL);
    assert_non_null(optim);
    nn_tensor target, x = network_input(n);
    assert_int_equal(nn_tensor_alloc(&target, NN_F32, network_batch(nn_model_output_shape(model))), NN_OK);
    begin();
    train(n, model, optim, &x, &target);
    x.shape.dim[0] = target.shape.dim[0] = 2;
    train(n, model, optim, &x, &target);
    nn_zero_grad(model);
    assert_none(n->name);
    nn_tensor_free(&target);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

static void test_layers(void **state)
{
    (void)state;
    bool seen[NN_LAYER_TYPE_END] = { false };
    for (size_t i = 0; i < network_count; i++) {
        for (int k = 0; k < network_layers(&networks[i]); k++) seen[networks[i].layers[k].type] = true;
        for (int isa = NN_ISA_BEST; isa <= NN_ISA_AVX512; isa++)
            for (int threads = 1; threads <= 3; threads += 2)
                train_without_allocation(&networks[i], threads, (nn_isa)isa);
    }
    for (int type = 1; type < NN_LAYER_TYPE_END; type++)
        if (!seen[type]) fail_msg("no network has layer type %d", type);
}

/* --- optimisers, losses, sets ------------------------------------------------------------------------------------- */

static void test_optimisers(void **state)
{
    (void)state;
    static const nn_optim_def optims[] = {
        { .type = NN_ADAM },
        { .type = NN_ADAM, .clip_norm = 0.1 },
        { .type = NN_ADAM, .global_clip_norm = 0.1 },
        { .type = NN_ADAM, .clip_value = 0.01 },
        { .type = NN_RMSPROP },
        { .type = NN_RMSPROP, .momentum = 0.9 },
        { .type = NN_RMSPROP, .epsilon_inside_sqrt = true },
        { .type = NN_SGD },
        { .type = NN_SGD, .momentum = 0.9 },
        { .type = NN_SGD, .momentum = 0.9, .nesterov = true },
        { .type = NN_SGD, .schedule = { .type = NN_EXPONENTIAL_DECAY, .steps = 2, .rate = 0.5 } },
        { .type = NN_SGD, .schedule = { .type = NN_INVERSE_TIME_DECAY, .steps = 2, .rate = 0.5 } },
        { .type = NN_SGD, .schedule = { .type = NN_POLYNOMIAL_DECAY, .steps = 2, .end = 0.001 } },
        { .type = NN_SGD, .schedule = { .type = NN_COSINE_DECAY, .steps = 2 } },
    };
    const network *n = &networks[0];
    const nn_tensor x = network_input(n);
    static nn_float zeros[BATCH * 5];
    const nn_tensor target = nn_view_f32(zeros, NN_SHAPE(BATCH, 5));
    for (size_t i = 0; i < COUNT_OF(optims); i++) {
        nn_model *model = network_make(n, 2, NN_ISA_BEST, NULL);
        nn_error error;
        nn_optim *optim = nn_optim_create(model, &optims[i], &error);
        if (!optim) fail_msg("optimiser %zu: %s", i, error.text);
        begin();
        for (int k = 0; k < 3; k++) train(n, model, optim, &x, &target);
        assert_int_equal(nn_optim_set_lr(optim, 0.5), NN_OK);
        assert_none("optimiser");
        nn_optim_destroy(optim);
        nn_model_destroy(model);
    }
}

static void test_losses(void **state)
{
    (void)state;
    const network *n = &networks[1]; /* probabilities */
    nn_model *model = network_make(n, 2, NN_ISA_BEST, NULL);
    const nn_tensor x = network_input(n);
    static nn_float zeros[BATCH * 5], rows[BATCH * 5], grads[BATCH * 5], mean;
    static int32_t classes[BATCH];
    nn_tensor dense = nn_view_f32(zeros, NN_SHAPE(BATCH, 5)), sparse = nn_view_i32(classes, NN_SHAPE(BATCH));
    nn_tensor dy = nn_view_f32(grads, NN_SHAPE(BATCH, 5));
    int64_t correct, counted;
    begin();
    for (int type = NN_MSE; type <= NN_SPARSE_CATEGORICAL_LOGITS; type++) {
        const nn_loss_def loss = { .type = (nn_loss_type)type };
        const nn_tensor *target = type >= NN_SPARSE_CATEGORICAL ? &sparse : &dense;
        const nn_tensor *y = nn_forward(model, &x, NN_TRAIN);
        assert_non_null(y);
        assert_int_equal(nn_loss(&loss, y, target, &mean, rows, &dy, NULL), NN_OK);
        assert_int_equal(nn_backprop(model, &loss, target, NN_GRAD_PARAMS, &mean), NN_OK);
        assert_non_null(nn_backward(model, &dy, NN_GRAD_INPUT | NN_GRAD_PARAMS));
        assert_int_equal(nn_metric_count(NN_CATEGORICAL_ACCURACY, y, target, &correct, &counted, NULL), NN_OK);
    }
    assert_none("losses and metrics");
    nn_model_destroy(model);
}

static bool first_batch_begins(const nn_progress *progress, void *user)
{
    (void)user;
    if (progress->epoch == 1 && progress->batch == 1) begin();
    if (progress->epoch > 1 || progress->batch > 1) assert_none("nn_fit");
    return true;
}

/* nn_fit allocates when it begins: not from one batch to the next, nor from epoch to epoch. */
static void test_fit(void **state)
{
    (void)state;
    enum { SAMPLES = 40 };
    static nn_float values[SAMPLES * 12], targets[SAMPLES * 5], out[SAMPLES * 5];
    nn_tensor x = nn_view_f32(values, NN_SHAPE(SAMPLES, 12)), y = nn_view_f32(targets, NN_SHAPE(SAMPLES, 5));
    nn_tensor predicted = nn_view_f32(out, NN_SHAPE(SAMPLES, 5));
    nn_fill_uniform(&x, -1, 1, &(nn_rng){ .seed = 4 });
    nn_model *model = network_make(&networks[0], 2, NN_ISA_BEST, NULL),
             *target_net = network_make(&networks[0], 1, NN_ISA_BEST, NULL);
    nn_optim *optim = nn_optim_create(model, &(nn_optim_def){ 0 }, NULL);
    double mean, accuracy;
    const nn_loss_def loss = { .type = NN_MSE };
    assert_int_equal(nn_fit(model, optim,
                            &(nn_fit_def){ .x = &x,
                                           .y = &y,
                                           .loss = loss,
                                           .epochs = 3,
                                           .batch = BATCH,
                                           .val_split = 0.25,
                                           .restore_best = true,
                                           .patience = 2,
                                           .on_batch = first_batch_begins },
                            NULL),
                     NN_OK);
    begin();
    assert_int_equal(nn_evaluate(model, &loss, NN_METRIC_DEFAULT, &x, &y, &mean, &accuracy, NULL), NN_OK);
    assert_int_equal(nn_predict(model, &x, &predicted, NULL), NN_OK);
    assert_int_equal(nn_model_blend_weights(target_net, model, 0.5), NN_OK);
    assert_int_equal(nn_model_copy_weights(target_net, model), NN_OK);
    assert_none("evaluation and target networks");
    nn_optim_destroy(optim);
    nn_model_destroy(target_net);
    nn_model_destroy(model);
}

static void ignore_line(const char *text, void *user)
{
    (void)text;
    (void)user;
}

/* What is asked of models and optimisers. */
static void test_questions(void **state)
{
    (void)state;
    nn_model *model = network_make(&networks[0], 1, NN_ISA_BEST, NULL);
    nn_optim *optim = nn_optim_create(model, &(nn_optim_def){ 0 }, NULL);
    assert_non_null(optim);
    uint32_t order[10] = { 0 };
    int32_t words[] = { 1, 2 };
    const int64_t offsets[] = { 0, 2 };
    size_t count;
    nn_tensor value, grad;
    nn_rng rng = nn_model_rng(model);
    begin();
    nn_model_summary(model, ignore_line, NULL);
    assert_int_equal(nn_shape_count(nn_model_input_shape(model)), 12);
    assert_int_equal(nn_shape_count(nn_shape_of(2, 3, 4, 0, 0)), 12);
    assert_int_equal(nn_model_max_batch(model), BATCH);
    assert_true(nn_model_memory(model) > 0);
    assert_non_null(nn_model_params(model, &count));
    assert_non_null(nn_model_read_params(model, &count));
    assert_non_null(nn_model_grads(model, &count));
    (void)nn_model_state(model, &count);
    for (int i = 0; i < nn_model_weight_count(model); i++) assert_non_null(nn_model_weight_info(model, i).name);
    (void)nn_input_grad(model);
    nn_model_set_rng(model, rng);
    assert_int_equal(nn_model_weight(model, "dense_1/kernel", &value, &grad), NN_OK);
    assert_true(nn_model_weight(model, "none", &value, &grad) != NN_OK);
    nn_optim_set_steps(optim, 3);
    assert_int_equal(nn_optim_steps(optim), 3);
    assert_true(nn_optim_lr(optim) > 0);
    assert_int_equal(nn_optim_slot_count(optim), 2);
    assert_non_null(nn_optim_slot(optim, 0, NULL));
    assert_non_null(nn_status_string(NN_ERR_MEMORY));
    nn_shuffle(order, 10, &rng);
    assert_true(nn_random_below(&rng, 7) < 7);
    nn_fill(&value, 1);
    nn_fill_normal(&value, 0, 1, &rng);
    assert_int_equal(nn_view_ragged(words, offsets, 1).shape.dim[0], 1);
    assert_true(nn_uniform(&rng) < 1 && nn_random_u32(&rng) != nn_random_u32(&rng));
    assert_none("questions");
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

/* --- environments ------------------------------------------------------------------------------------------------- */

static void test_environments(void **state)
{
    (void)state;
    enum { COUNT = 33 };
    env_cartpole env;
    env_discretizer bins;
    float obs[4];
    int index;
    static char text[ENV_ANSI_SIZE(72, 16)];
    static uint8_t pixels[60 * 40 * 3];
    const double low[4] = { -2, -2, -2, -2 }, high[4] = { 2, 2, 2, 2 };
    const int ten[4] = { 10, 10, 10, 10 };
    begin();
    assert_int_equal(env_cartpole_init(&env, 0, 1), ENV_OK);
    assert_int_equal(env_discretizer_init(&bins, 4, low, high, ten, NULL), ENV_OK);
    env_cartpole_reset(&env, obs);
    for (int i = 0; i < 500; i++) {
        assert_int_equal(env_cartpole_step(&env, i & 1, obs, NULL), ENV_OK);
        assert_int_equal(env_discretize(&bins, obs, &index), ENV_OK);
        if (!env.running) env_cartpole_reset(&env, obs);
    }
    double drawn[3];
    env_rng rng = env_rng_make(env_rng_next(&env.rng));
    env_rng_uniform_fill(&rng, 0, 1, drawn, 3);
    assert_int_equal(env_bin(env_rng_uniform(&rng, 0, 1), 0, 1, 10, &index), ENV_OK);
    env_cartpole_observe(&env, obs);
    assert_non_null(env_status_string(ENV_ERR_MEMORY));
    assert_int_equal(env_cartpole_ansi(&env, NULL, text, sizeof text), ENV_OK);
    assert_int_equal(env_cartpole_rgb(&env, pixels, sizeof pixels, 60, 40), ENV_OK);
    assert_none("one environment");

    env_cartpole_vec *vec = env_cartpole_vec_create(&(env_cartpole_vec_def){ .count = COUNT }, NULL);
    static float many[COUNT * 4], last[COUNT * 4], rewards[COUNT];
    static bool terminated[COUNT], truncated[COUNT];
    int actions[COUNT] = { 0 };
    const env_cartpole_vec_out out = { many, last, rewards, terminated, truncated };
    begin();
    env_cartpole_vec_reset(vec, many);
    for (int i = 0; i < 500; i++) {
        for (int k = 0; k < COUNT; k++) actions[k] = (i + k) % 3 == 0;
        assert_int_equal(env_cartpole_vec_step(vec, actions, &out), ENV_OK);
    }
    actions[0] = 2;
    assert_int_equal(env_cartpole_vec_step(vec, actions, &out), ENV_ERR_ACTION);
    assert_non_null(env_cartpole_vec_error(vec));
    assert_int_equal(env_cartpole_vec_get(vec, 1, &env), ENV_OK);
    assert_int_equal(env_cartpole_vec_set(vec, 2, &env), ENV_OK);
    assert_int_equal(env_cartpole_vec_count(vec), COUNT);
    assert_none("many environments");
    env_cartpole_vec_destroy(vec);
}

/* --- replay and batches ------------------------------------------------------------------------------------------- */

static void push_and_sample(const data_replay_def *def)
{
    enum { DRAWN = 16 };
    data_replay *replay = data_replay_create(def, NULL);
    assert_non_null(replay);
    float now[4] = { 0 }, next[4] = { 0 }, errors[DRAWN];
    static float observation[DRAWN * 4], nexts[DRAWN * 4], reward[DRAWN], weight[DRAWN];
    static int32_t action[DRAWN], index[DRAWN];
    static uint8_t terminated[DRAWN], truncated[DRAWN];
    const data_transitions out = { observation, action, reward, nexts, terminated, truncated, index, weight, 0.5 };
    data_rng rng = data_rng_make(1, 0);
    size_t size;
    begin();
    for (int i = 0; i < 300; i++) { /* round the ring and more */
        data_replay_push(replay, &(data_transition){ .observation = now, .next = next, .action = i & 1, .reward = 1 });
        if (i < DRAWN) continue;
        assert_int_equal(data_replay_sample(replay, DRAWN, &rng, &out, NULL), DATA_OK);
        for (int k = 0; k < DRAWN; k++) errors[k] = (float)data_rng_uniform(&rng);
        assert_int_equal(data_replay_set_priorities(replay, index, DRAWN, errors, NULL), DATA_OK);
    }
    assert_int_equal(data_replay_count(replay), 100);
    assert_non_null(data_replay_state(replay, &size));
    assert_none(def->priority_exponent > 0 ? "replay by priority" : "replay");
    data_replay_destroy(replay);
}

static void test_replay(void **state)
{
    (void)state;
    push_and_sample(&(data_replay_def){ .capacity = 100, .observation = 4 });
    push_and_sample(&(data_replay_def){ .capacity = 100, .observation = 4, .with_replacement = true });
    push_and_sample(&(data_replay_def){ .capacity = 100, .observation = 4, .priority_exponent = 0.6 });
}

static void test_batches(void **state)
{
    (void)state;
    enum { COUNT = 50, LENGTH = 7 };
    static float rows[COUNT * 3], scaled[COUNT * 3], batch[8 * 3];
    static uint8_t bytes[COUNT * 3];
    static int32_t indices[COUNT * 4], order[COUNT], lists[8 * 4], padded[8 * LENGTH];
    static int64_t offsets[COUNT + 1], list_offsets[8 + 1];
    for (int i = 0; i <= COUNT; i++) offsets[i] = 4 * i;
    data_batches *batches = data_batches_create(&(data_batches_def){ .count = COUNT, .batch = 8, .seed = 1 }, NULL);
    const data_encoding encoding = { .length = LENGTH };
    data_rng rng = data_rng_make(1, 0);
    begin();
    assert_int_equal(data_batches_per_epoch(batches), 7);
    assert_int_equal(data_split(COUNT, 0.2), 40);
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        int size;
        data_batches_seek(batches, epoch, 0);
        for (const int32_t *chosen; (chosen = data_batches_next(batches, &size)) != NULL;) {
            assert_int_equal(data_gather(rows, COUNT, 3 * sizeof *rows, chosen, size, batch), DATA_OK);
            assert_int_equal(data_gather_lists(indices, offsets, COUNT, chosen, size, lists, list_offsets), DATA_OK);
            assert_int_equal(data_pad_lists(lists, list_offsets, size, &encoding, padded, NULL), DATA_OK);
            assert_int_equal(data_check_lists(lists, list_offsets, size, 10, NULL), DATA_OK);
        }
    }
    data_shuffle(order, COUNT, &rng);
    data_scale_signed(bytes, sizeof bytes, scaled);
    data_scale_unit(bytes, sizeof bytes, scaled);
    assert_none("batches");
    data_batches_destroy(batches);
}

/* --- words and pictures ------------------------------------------------------------------------------------------- */

static void test_words(void **state)
{
    (void)state;
    data_vocabulary *vocabulary = data_vocabulary_parse("the\nfilm\n", 9, NULL);
    assert_non_null(vocabulary);
    const data_encoding encoding = { .length = 8 };
    int32_t row[8];
    char text[2000];
    size_t size;
    data_rng rng = data_rng_make(data_rng_next(&(data_rng){ { 1 } }), 0);
    begin();
    assert_int_equal(data_vocabulary_count(vocabulary), 2);
    assert_non_null(data_vocabulary_word(vocabulary, 4, &size));
    assert_int_equal(data_vocabulary_index(vocabulary, "film", 4), 5);
    assert_int_equal(data_vocabulary_write(vocabulary, DATA_ALL_WORDS, text, sizeof text), 9);
    size = data_review_write(&rng, data_rng_below(&rng, 2) > 0, text, sizeof text);
    assert_true(data_encode(vocabulary, &encoding, text, size, row, 8) > 1);
    assert_int_equal(data_imdb_encode(vocabulary, &encoding, text, size, row), DATA_OK);
    assert_non_null(data_status_string(DATA_ERR_MEMORY));
    assert_none("words");
    data_vocabulary_destroy(vocabulary);
}

static void test_pictures(void **state)
{
    (void)state;
    static const float images[4 * 5 * 5];
    static uint8_t pixels[100 * 100];
    const data_grid grid = { .images = images, .count = 4, .height = 5, .width = 5 };
    int width, height;
    begin();
    assert_int_equal(data_grid_size(&grid, &width, &height, NULL), DATA_OK);
    assert_true(width * height <= (int)sizeof pixels);
    assert_int_equal(data_grid_draw(&grid, pixels, NULL), DATA_OK);
    assert_none("pictures");
}

/* The counter counts: a model is made with allocations. */
static void test_counter(void **state)
{
    (void)state;
    begin();
    nn_model_destroy(network_make(&networks[0], 1, NN_ISA_BEST, NULL));
    assert_true(alloc_calls() > before);
    begin();
    data_batches_destroy(data_batches_create(&(data_batches_def){ .count = 9, .batch = 3 }, NULL));
    assert_true(alloc_calls() > before);
    begin();
    env_cartpole_vec_destroy(env_cartpole_vec_create(&(env_cartpole_vec_def){ .count = 3 }, NULL));
    assert_true(alloc_calls() > before);
}

/* LLVM's OpenMP runtime keeps what it allocated for teams of other sizes; AddressSanitizer asks here what to overlook.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libomp\n";
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counter),  cmocka_unit_test(test_layers),    cmocka_unit_test(test_optimisers),
        cmocka_unit_test(test_losses),   cmocka_unit_test(test_fit),       cmocka_unit_test(test_environments),
        cmocka_unit_test(test_replay),   cmocka_unit_test(test_questions), cmocka_unit_test(test_words),
        cmocka_unit_test(test_pictures), cmocka_unit_test(test_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
