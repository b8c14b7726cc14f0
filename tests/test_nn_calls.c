/* What all functions of libnn have in common: NULL is refused, and the error of an earlier call forgotten. */
#include "support/temp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kvist/nn.h>
#include <string.h>

enum { BATCH = 2, IN = 3, OUT = 2 };

static const nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = OUT } } };
static const nn_model_def model_def = { .input = { 1, { IN } }, .max_batch = BATCH, NN_LAYERS(layers) };
static const nn_optim_def optim_def = { .type = NN_ADAM };
static const nn_loss_def mse = { .type = NN_MSE };
static nn_float numbers[3][BATCH * IN];
static nn_tensor x, y, target;

static nn_error error;
static nn_model *model;
static nn_optim *optim;
static nn_archive *archive;

static int set_up(void **state)
{
    x = nn_view_f32(numbers[0], NN_SHAPE(BATCH, IN));
    y = nn_view_f32(numbers[1], NN_SHAPE(BATCH, OUT));
    target = nn_view_f32(numbers[2], NN_SHAPE(BATCH, OUT));
    model = nn_model_create(&model_def, NULL);
    optim = nn_optim_create(model, &optim_def, NULL);
    archive = nn_archive_create(NULL);
    return !model || !optim || !archive || temp_set_up(state);
}

static int tear_down(void **state)
{
    nn_archive_destroy(archive);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
    return temp_tear_down(state);
}

/* As an earlier call that failed leaves it. */
static void set_stale(void)
{
    error = (nn_error){ .status = NN_ERR_IO, .offset = 7, .text = "stale" };
}

/* --- order of calls, and kinds that there are not ----------------------------------------------------------------- */

static void test_53_backward_after_a_change(void **state)
{
    (void)state;
    nn_model *other = nn_model_create(&model_def, NULL);
    assert_non_null(other);
    for (int change = 0; change < 3; change++) {
        assert_non_null(nn_forward(model, &x, NN_TRAIN));
        assert_int_equal(nn_backprop(model, &mse, &target, NN_GRAD_PARAMS, NULL), NN_OK);
        assert_non_null(nn_backward(model, &y, NN_GRAD_PARAMS | NN_GRAD_INPUT)); /* once more is no fault */
        if (change == 0) nn_optim_step(optim);
        if (change == 1) assert_int_equal(nn_model_copy_weights(model, other), NN_OK);
        if (change == 2) assert_int_equal(nn_model_blend_weights(model, other, 0.5), NN_OK);
        assert_null(nn_backward(model, &y, NN_GRAD_PARAMS));
        assert_string_equal(nn_model_error(model), "backward: the weights have changed since the forward");
        assert_int_equal(nn_backprop(model, &mse, &target, NN_GRAD_PARAMS, NULL), NN_ERR_STATE);
    }
    nn_model_destroy(other);
}

static void test_unknown_kinds(void **state)
{
    (void)state;
    assert_null(nn_forward(model, &x, (nn_mode)7));
    assert_string_equal(nn_model_error(model), "forward: expected NN_EVAL or NN_TRAIN, got 7");
    assert_non_null(nn_forward(model, &x, NN_EVAL));
    assert_null(nn_backward(model, &y, 8));
    assert_string_equal(nn_model_error(model), "backward: want: expected 0 to 3, got 8");
    assert_non_null(nn_backward(model, &y, 0));
}

/* --- NULL --------------------------------------------------------------------------------------------------------- */

/* The status of a call that makes something. */
static nn_status made(const void *thing)
{
    return thing ? NN_OK : NN_ERR_ARGUMENT;
}

static void check_refusal(const char *call, nn_status status, const char *told, const char *text)
{
    if (status != NN_ERR_ARGUMENT) fail_msg("%s: %s", call, nn_status_string(status));
    if (text && strcmp(told, text) != 0) fail_msg("%s: expected \"%s\", got \"%s\"", call, text, told);
}

/* A call that is refused with this text in `error` (NULL: it has none), and one that tells it by the model. */
#define REFUSED(says, call)          check_refusal(#call, (set_stale(), call), error.text, says)
#define REFUSED_BY_MODEL(says, call) check_refusal(#call, call, nn_model_error(model), says)

/* Row 53 of docs/faults.md. */
static void test_53_null_models(void **state)
{
    (void)state;
    static const char *const create = "optimiser: expected a model and a definition, got NULL";
    const nn_model_def no_layers = { .input = { 1, { IN } }, .max_batch = BATCH, .layer_count = 1 };
    nn_tensor view;
    REFUSED(NULL, nn_tensor_alloc(NULL, NN_F32, NN_SHAPE(2)));
    REFUSED("model: expected a definition, got NULL", made(nn_model_create(NULL, &error)));
    REFUSED("model: expected at least one layer", made(nn_model_create(&no_layers, &error)));
    assert_null(nn_model_create(NULL, NULL));
    REFUSED(NULL, nn_model_weight(NULL, "dense_1/kernel", &view, NULL));
    REFUSED_BY_MODEL("weight: no such weight: NULL", nn_model_weight(model, NULL, &view, NULL));
    REFUSED(NULL, nn_model_copy_weights(NULL, model));
    REFUSED_BY_MODEL("copy weights: expected a model to copy from, got NULL", nn_model_copy_weights(model, NULL));
    REFUSED(NULL, nn_model_blend_weights(NULL, model, 0.5));
    REFUSED_BY_MODEL("copy weights: expected a model to copy from, got NULL", nn_model_blend_weights(model, NULL, 0.5));
    REFUSED(create, made(nn_optim_create(NULL, &optim_def, &error)));
    REFUSED(create, made(nn_optim_create(model, NULL, &error)));
    REFUSED(NULL, nn_optim_set_lr(NULL, 0.1));
}

static void *give_none(size_t size, size_t align, void *user)
{
    (void)size, (void)align, (void)user;
    return NULL;
}

static void take_back(void *memory, void *user)
{
    (void)memory, (void)user;
}

/* An allocator without one of its functions would end the process when that is needed. */
static void test_53_null_allocators(void **state)
{
    (void)state;
    nn_model_def def = model_def;
    for (int i = 0; i < 2; i++) {
        const nn_allocator half = { .alloc = i ? give_none : NULL, .release = i ? NULL : take_back };
        def.allocator = &half;
        REFUSED("model: allocator: expected two functions or none, got one", made(nn_model_create(&def, &error)));
    }
    const nn_allocator none = { 0 };
    def.allocator = &none;
    nn_model *other = nn_model_create(&def, &error);
    assert_non_null(other);
    nn_model_destroy(other);
}

/* Row 53 of docs/faults.md. */
static void test_53_null_training(void **state)
{
    (void)state;
    static const char *const fit = "fit: expected a model, an optimiser and a definition, got NULL";
    static const char *const evaluate = "evaluate: expected a model and a loss, got NULL";
    const nn_fit_def def = { .x = &x, .y = &target }, no_x = { .y = &target }, no_y = { .x = &x };
    const nn_fit_def half = { .x = &x, .y = &target, .val_x = &x };
    nn_float mean;
    int64_t correct, counted;
    REFUSED("loss: expected a definition, got NULL", nn_loss(NULL, &y, &target, &mean, NULL, NULL, &error));
    REFUSED("y: expected a tensor, got NULL", nn_loss(&mse, NULL, &target, &mean, NULL, NULL, &error));
    REFUSED("y: expected a tensor, got NULL", nn_loss(&mse, NULL, &target, &mean, NULL, &y, &error));
    REFUSED("target: expected a tensor, got NULL", nn_loss(&mse, &y, NULL, &mean, NULL, NULL, &error));
    REFUSED("y: expected a tensor, got NULL",
            nn_metric_count(NN_BINARY_ACCURACY, NULL, &target, &correct, &counted, &error));
    REFUSED("target: expected a tensor, got NULL",
            nn_metric_count(NN_CATEGORICAL_ACCURACY, &y, NULL, &correct, &counted, &error));
    REFUSED("metric: expected places for the counts, got NULL",
            nn_metric_count(NN_BINARY_ACCURACY, &y, &target, NULL, &counted, &error));
    REFUSED("metric: expected places for the counts, got NULL",
            nn_metric_count(NN_BINARY_ACCURACY, &y, &target, &correct, NULL, &error));
    assert_non_null(nn_forward(model, &x, NN_TRAIN));
    REFUSED(NULL, nn_backprop(NULL, &mse, &target, NN_GRAD_PARAMS, &mean));
    REFUSED_BY_MODEL("loss: expected a definition, got NULL", nn_backprop(model, NULL, &target, NN_GRAD_PARAMS, &mean));
    REFUSED_BY_MODEL("target: expected a tensor, got NULL", nn_backprop(model, &mse, NULL, NN_GRAD_PARAMS, &mean));
    REFUSED(fit, nn_fit(NULL, optim, &def, &error));
    REFUSED(fit, nn_fit(model, NULL, &def, &error));
    REFUSED(fit, nn_fit(model, optim, NULL, &error));
    REFUSED("x: expected a tensor, got NULL", nn_fit(model, optim, &no_x, &error));
    REFUSED("y: expected a tensor, got NULL", nn_fit(model, optim, &no_y, &error));
    REFUSED("fit: expected both of val_x and val_y or none, got one", nn_fit(model, optim, &half, &error));
    REFUSED(evaluate, nn_evaluate(NULL, &mse, NN_METRIC_NONE, &x, &target, NULL, NULL, &error));
    REFUSED(evaluate, nn_evaluate(model, NULL, NN_METRIC_NONE, &x, &target, NULL, NULL, &error));
    REFUSED("x: expected a tensor, got NULL",
            nn_evaluate(model, &mse, NN_METRIC_NONE, NULL, &target, NULL, NULL, &error));
    REFUSED("y: expected a tensor, got NULL", nn_evaluate(model, &mse, NN_METRIC_NONE, &x, NULL, NULL, NULL, &error));
    REFUSED("predict: expected a model, got NULL", nn_predict(NULL, &x, &y, &error));
    REFUSED("x: expected a tensor, got NULL", nn_predict(model, NULL, &y, &error));
    REFUSED("y: expected a tensor, got NULL", nn_predict(model, &x, NULL, &error));
}

/* What is not there does not get onto the list, which then neither saves nor loads. */
static void check_stuck(const char *text, nn_archive *list)
{
    REFUSED(text, nn_archive_save(list, temp_path(&temp_here, "null"), &error));
    REFUSED(text, nn_archive_load(list, temp_path(&temp_here, "null"), &error));
    nn_archive_destroy(list);
}

#define STUCK(text, add)                                                                                               \
    do {                                                                                                               \
        nn_archive *list = nn_archive_create(NULL);                                                                    \
        add;                                                                                                           \
        check_stuck(text, list);                                                                                       \
    } while (0)

/* Row 53 of docs/faults.md. */
static void test_53_null_archives(void **state)
{
    (void)state;
    static const char *const nothing = "archive: \"a\": expected something to add, got NULL";
    uint64_t number;
    STUCK(nothing, nn_archive_add_model(list, "a", NULL));
    STUCK(nothing, nn_archive_add_optim(list, "a", NULL));
    STUCK(nothing, nn_archive_add_u64(list, "a", NULL));
    STUCK(nothing, nn_archive_add_f64(list, "a", NULL));
    STUCK(nothing, nn_archive_add_rng(list, "a", NULL));
    STUCK(nothing, nn_archive_add_bytes(list, "a", NULL, 1));
    STUCK("archive: number name: expected a name, got none", nn_archive_add_u64(list, NULL, &number));
    STUCK("archive: \"\": expected bytes that were added, and where they are",
          nn_archive_set_bytes(list, NULL, &number, 1));
    nn_archive_add_model(NULL, "a", model);
    nn_archive_add_u64(NULL, "a", &number);
    nn_archive_set_bytes(NULL, "a", &number, 1);
    assert_int_equal(temp_entries(&temp_here), 0);
}

/* Row 53 of docs/faults.md. */
static void test_53_null_files(void **state)
{
    (void)state;
    static const char *const pair = "archive: expected an archive and a path, got NULL";
    static const char *const import = "import: expected a model and a path, got NULL";
    static const char *const read = "bytes: expected a path, a name and where to put them, got NULL";
    const char *path = temp_path(&temp_here, "null");
    void *bytes;
    size_t size;
    REFUSED(pair, nn_archive_claim(NULL, path, &error));
    REFUSED(pair, nn_archive_claim(archive, NULL, &error));
    REFUSED(pair, nn_archive_save(NULL, path, &error));
    REFUSED(pair, nn_archive_save(archive, NULL, &error));
    REFUSED(pair, nn_archive_load(NULL, path, &error));
    REFUSED(pair, nn_archive_load(archive, NULL, &error));
    REFUSED("archive: \"model\": expected something to add, got NULL", nn_model_save(NULL, path, &error));
    REFUSED(pair, nn_model_save(model, NULL, &error));
    REFUSED("model: expected a path, got NULL", made(nn_model_load(NULL, NULL, NULL, &error)));
    REFUSED(import, nn_model_import(NULL, path, &error));
    REFUSED(import, nn_model_import(model, NULL, &error));
    REFUSED(read, nn_archive_read_bytes(NULL, "a", &bytes, &size, &error));
    REFUSED(read, nn_archive_read_bytes(path, NULL, &bytes, &size, &error));
    REFUSED(read, nn_archive_read_bytes(path, "a", NULL, &size, &error));
    REFUSED(read, nn_archive_read_bytes(path, "a", &bytes, NULL, &error));
    assert_int_equal(temp_entries(&temp_here), 0);
}

/* What is not wanted may be NULL, and so may all that is to be freed. */
static void test_null_that_is_taken(void **state)
{
    (void)state;
    assert_non_null(nn_forward(model, &x, NN_TRAIN));
    assert_int_equal(nn_backprop(model, &mse, &target, NN_GRAD_PARAMS, NULL), NN_OK);
    assert_int_equal(nn_loss(&mse, &y, &target, NULL, NULL, NULL, NULL), NN_OK);
    assert_int_equal(nn_model_weight(model, "dense_1/kernel", NULL, NULL), NN_OK);
    assert_int_equal(nn_evaluate(model, &mse, NN_METRIC_NONE, &x, &target, NULL, NULL, NULL), NN_OK);
    nn_tensor_free(NULL);
    nn_model_destroy(NULL);
    nn_optim_destroy(NULL);
    nn_archive_destroy(NULL);
    nn_bytes_free(NULL);
}

/* --- errors ------------------------------------------------------------------------------------------------------- */

static void check_cleared(const char *call, bool succeeded)
{
    if (!succeeded || error.status != NN_OK || error.offset != 0 || error.text[0])
        fail_msg("%s: expected success and no error, got \"%s\"", call, error.text);
}

/* A call that succeeds and leaves no word of an earlier failure. */
#define CLEARS(call) check_cleared(#call, (set_stale(), call))

static void test_calls_clear_the_error(void **state)
{
    (void)state;
    const nn_fit_def def = { .x = &x, .y = &target };
    nn_model *other;
    nn_optim *another;
    int64_t correct, counted;
    CLEARS((other = nn_model_create(&model_def, &error)) != NULL);
    CLEARS((another = nn_optim_create(other, &optim_def, &error)) != NULL);
    CLEARS(nn_loss(&mse, &y, &target, NULL, NULL, NULL, &error) == NN_OK);
    CLEARS(nn_metric_count(NN_BINARY_ACCURACY, &y, &target, &correct, &counted, &error) == NN_OK);
    CLEARS(nn_fit(other, another, &def, &error) == NN_OK);
    CLEARS(nn_evaluate(other, &mse, NN_METRIC_NONE, &x, &target, NULL, NULL, &error) == NN_OK);
    CLEARS(nn_predict(other, &x, &y, &error) == NN_OK);
    nn_optim_destroy(another);
    nn_model_destroy(other);
}

static void test_files_clear_the_error(void **state)
{
    (void)state;
    const char *path = temp_path(&temp_here, "clear"), *other = temp_path(&temp_here, "model");
    unsigned char kept[4] = { 0 };
    nn_archive *list;
    nn_model *loaded;
    void *bytes;
    size_t size;
    CLEARS((list = nn_archive_create(&error)) != NULL);
    nn_archive_add_bytes(list, "bytes", kept, sizeof kept);
    CLEARS(nn_archive_claim(list, path, &error) == NN_OK);
    CLEARS(nn_archive_save(list, path, &error) == NN_OK);
    CLEARS(nn_archive_load(list, path, &error) == NN_OK);
    CLEARS(nn_archive_read_bytes(path, "bytes", &bytes, &size, &error) == NN_OK);
    nn_bytes_free(bytes);
    nn_archive_destroy(list);
    CLEARS(nn_model_save(model, other, &error) == NN_OK);
    CLEARS((loaded = nn_model_load(other, NULL, NULL, &error)) != NULL);
    nn_model_destroy(loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_53_backward_after_a_change),
        cmocka_unit_test(test_unknown_kinds),
        cmocka_unit_test(test_53_null_models),
        cmocka_unit_test(test_53_null_allocators),
        cmocka_unit_test(test_53_null_training),
        cmocka_unit_test(test_53_null_archives),
        cmocka_unit_test(test_53_null_files),
        cmocka_unit_test(test_null_that_is_taken),
        cmocka_unit_test(test_calls_clear_the_error),
        cmocka_unit_test(test_files_clear_the_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
