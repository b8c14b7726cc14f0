/* Files when memory runs out: each allocation fails in turn: a memory error, no leak, and nothing
 * changed. */
#include "alloc.h"
#include "temp.h"
#include <kvist/nn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const nn_layer_def layers[] = {
    { NN_DENSE, .dense = { .units = 3, .activation = NN_RELU } },
    { NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } },
};
static const nn_model_def def = { .input = { 1, { 2 } }, .max_batch = 2, .threads = 1, NN_LAYERS(layers) };
static nn_model *model;
static nn_optim *optim;

static nn_archive *make_archive(uint64_t *number)
{
    static unsigned char bytes[10];
    static double real;
    static nn_rng rng;
    nn_archive *archive = nn_archive_create(NULL);
    nn_archive_add_model(archive, "model", model);
    nn_archive_add_optim(archive, "optim", optim);
    nn_archive_add_u64(archive, "number", number);
    nn_archive_add_f64(archive, "real", &real);
    nn_archive_add_rng(archive, "rng", &rng);
    nn_archive_add_bytes(archive, "bytes", bytes, 1);
    nn_archive_set_bytes(archive, "bytes", bytes, sizeof bytes);
    return archive;
}

static nn_status save(const char *path, nn_error *error)
{
    uint64_t number = 7;
    nn_archive *archive = make_archive(&number);
    if (!archive) return NN_ERR_MEMORY;
    nn_status status = nn_archive_claim(archive, path, error);
    if (status == NN_OK) status = nn_archive_save(archive, path, error);
    alloc_fail(0, false);
    if (status == NN_OK) assert_int_equal(nn_archive_load(archive, path, error), NN_OK);
    if (status == NN_OK) assert_string_equal(error->text, "");
    nn_archive_destroy(archive);
    return status;
}

static nn_status load(const char *path, nn_error *error)
{
    uint64_t number = 0;
    nn_archive *archive = make_archive(&number);
    if (!archive) return NN_ERR_MEMORY;
    const nn_status status = nn_archive_load(archive, path, error);
    assert_int_equal(number, status == NN_OK ? 7 : 0);
    nn_archive_destroy(archive);
    return status;
}

static nn_status load_model(const char *path, nn_error *error)
{
    nn_model *made = nn_model_load(path, NULL, &(nn_model_def){ .threads = 1 }, error);
    nn_model_destroy(made);
    return made ? NN_OK : error->status;
}

static nn_status save_model(const char *path, nn_error *error)
{
    return nn_model_save(model, path, error);
}

static nn_status read_bytes(const char *path, nn_error *error)
{
    void *bytes = NULL;
    size_t size = 0;
    const nn_status status = nn_archive_read_bytes(path, "bytes", &bytes, &size, error);
    assert_int_equal(size, status == NN_OK ? 10 : 0);
    nn_bytes_free(bytes);
    return status;
}

/* Does not fit, which is found when there is memory to find it. */
static nn_status import(const char *path, nn_error *error)
{
    const nn_status status = nn_model_import(model, path, error);
    if (status != NN_ERR_MISMATCH) return status;
    assert_non_null(strstr(error->text, ": 4 missing, 5 extra: "));
    *error = (nn_error){ 0 };
    return NN_OK;
}

/* Once, and from then on. A call may get over one failure, but then what it did must be right. */
static void each_allocation_fails(nn_status (*call)(const char *path, nn_error *error), const char *path, int least)
{
    for (int from = 0; from < 2; from++) {
        bool failed = true;
        int k = 1, failures = 0;
        for (; failed; k++) {
            nn_error error = { 0 };
            alloc_fail((size_t)k, from);
            const nn_status status = call(path, &error);
            failed = alloc_failed() > 0;
            alloc_fail(0, false);
            failures += status == NN_ERR_MEMORY;
            if (status != NN_OK && status != NN_ERR_MEMORY)
                fail_msg("allocation %d: %d: %s", k, (int)status, error.text);
            if (status != NN_OK && error.status != NN_ERR_MEMORY && error.status != NN_OK)
                fail_msg("allocation %d: %d: %s", k, (int)error.status, error.text);
            if (status == NN_OK && error.text[0]) fail_msg("allocation %d: took another file: %s", k, error.text);
            if (status == NN_OK && failed && from) fail_msg("allocation %d failed and nothing was said", k);
        }
        assert_in_range(failures, least, k);
        nn_error error = { 0 };
        if (call(path, &error) != NN_OK) fail_msg("%s", error.text);
    }
}

static void memory_runs_out(void **state)
{
    (void)state;
    const char *path = temp_path(&temp_here, "memory"), *other = temp_path(&temp_here, "model");
    each_allocation_fails(save, path, 4);
    each_allocation_fails(load, path, 4);
    each_allocation_fails(read_bytes, path, 4);
    each_allocation_fails(save_model, other, 4);
    each_allocation_fails(load_model, other, 4);
    each_allocation_fails(import, other, 4);
}

static int begin(void **state)
{
    temp_set_up(state);
    temp_path(&temp_here, "memory");
    model = nn_model_create(&def, NULL);
    optim = model ? nn_optim_create(model, &(nn_optim_def){ .lr = 0.1 }, NULL) : NULL;
    return optim ? 0 : 1;
}

static int end(void **state)
{
    nn_optim_destroy(optim);
    nn_model_destroy(model);
    return temp_tear_down(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(memory_runs_out) };
    return cmocka_run_group_tests(tests, begin, end);
}
