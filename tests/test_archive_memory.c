/* Files when memory runs out: each allocation fails in turn: a memory error, no leak, nothing changed, and what was
   there before, an archive among it, still saves and loads. */
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
enum { WEIGHTS = 13 };
static const struct {
    const char *name, *shape;
    int count;
} weights[] = { { "dense_1/kernel", "2,3", 6 },
                { "dense_1/bias", "3", 3 },
                { "dense_2/kernel", "3,1", 3 },
                { "dense_2/bias", "1", 1 } };
static nn_model *model;
static nn_optim *optim;
static const char *kept_path;

static nn_archive *make_archive(uint64_t *number, nn_error *error)
{
    static unsigned char bytes[10];
    static double real;
    static nn_rng rng;
    nn_archive *archive = nn_archive_create(error);
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
    nn_archive *archive = make_archive(&number, error);
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
    nn_archive *archive = make_archive(&number, error);
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

/* Fits: all of it is taken, or nothing. */
static nn_status import_fitting(const char *path, nn_error *error)
{
    size_t count = 0;
    nn_float *params = nn_model_params(model, &count);
    assert_int_equal(count, WEIGHTS);
    for (size_t i = 0; i < count; i++) params[i] = -1;
    const nn_status status = nn_model_import(model, path, error);
    float value = 1;
    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++) {
        nn_tensor tensor;
        assert_int_equal(nn_model_weight(model, weights[i].name, &tensor, NULL), NN_OK);
        for (int k = 0; k < weights[i].count; k++, value++)
            assert_true(tensor.f32[k] == (status == NN_OK ? value : -1));
    }
    return status;
}

/* A file of the numbers from 1 under the names that nn_model_import() wants. */
static const char *write_fitting(const char *name)
{
    unsigned char file[1024] = { 0 };
    char header[sizeof file] = "{";
    size_t used = 1, end = 0;
    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++) {
        const size_t begin = end;
        end += (size_t)weights[i].count * sizeof(float);
        used += (size_t)snprintf(header + used, sizeof header - used,
                                 "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
                                 i > 0 ? "," : "", weights[i].name, weights[i].shape, begin, end);
    }
    header[used++] = '}';
    assert_true(8 + used + end <= sizeof file);
    file[0] = (unsigned char)used;
    file[1] = (unsigned char)(used >> 8);
    memcpy(file + 8, header, used);
    for (int i = 0; i < WEIGHTS; i++) memcpy(file + 8 + used + 4 * i, &(float){ (float)(i + 1) }, 4);
    return temp_write(&temp_here, name, file, 8 + used + end);
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
            if (status != NN_OK && (error.status != status || error.text[0] == '\0'))
                fail_msg("allocation %d: %d: %s", k, (int)error.status, error.text);
            if (status == NN_OK && error.text[0]) fail_msg("allocation %d: took another file: %s", k, error.text);
            if (status == NN_OK && failed && from) fail_msg("allocation %d failed and nothing was said", k);
        }
        assert_in_range(failures, least, k);
        nn_error error = { 0 };
        if (call(path, &error) != NN_OK) fail_msg("%s", error.text);
    }
}

/* --- one archive that lives on through all failures --- */

static nn_archive *kept;
static uint64_t kept_number, saved_number;

/* Whether it failed or not: the file has what was saved last, and the archive itself loads it. */
static nn_status save_again(const char *path, nn_error *error)
{
    kept_number = saved_number + 1;
    const nn_status status = nn_archive_save(kept, path, error);
    nn_error second = { 0 };
    alloc_fail(0, false);
    saved_number += status == NN_OK;
    kept_number = 0;
    if (nn_archive_load(kept, path, &second) != NN_OK || second.text[0]) fail_msg("%s", second.text);
    assert_int_equal(kept_number, saved_number);
    return status;
}

/* Whether it failed or not: the archive loads, and saves what it has loaded. */
static nn_status load_again(const char *path, nn_error *error)
{
    kept_number = 0;
    const nn_status status = nn_archive_load(kept, path, error);
    nn_error second = { 0 };
    alloc_fail(0, false);
    assert_int_equal(kept_number, status == NN_OK ? saved_number : 0);
    if (nn_archive_load(kept, path, &second) != NN_OK || nn_archive_save(kept, path, &second) != NN_OK)
        fail_msg("%s", second.text);
    assert_int_equal(kept_number, saved_number);
    return status;
}

/* Gives up the claim that it has; without one it claims again when it saves. */
static nn_status claim_again(const char *path, nn_error *error)
{
    const nn_status status = nn_archive_claim(kept, path, error);
    nn_error second = { 0 };
    alloc_fail(0, false);
    if (nn_archive_save(kept, path, &second) != NN_OK || nn_archive_claim(kept, kept_path, &second) != NN_OK)
        fail_msg("%s", second.text);
    return status;
}

static void one_archive_lives_on(void **state)
{
    (void)state;
    kept = make_archive(&kept_number, NULL);
    assert_int_equal(nn_archive_claim(kept, kept_path, NULL), NN_OK);
    assert_int_equal(nn_archive_save(kept, kept_path, NULL), NN_OK);
    each_allocation_fails(save_again, kept_path, 4);
    each_allocation_fails(load_again, kept_path, 4);
    each_allocation_fails(claim_again, temp_path(&temp_here, "elsewhere"), 1);
    each_allocation_fails(save_again, kept_path, 4);
    nn_archive_destroy(kept);
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
    each_allocation_fails(import_fitting, write_fitting("fitting"), 4);
}

static int begin(void **state)
{
    temp_set_up(state);
    kept_path = temp_path(&temp_here, "kept"); /* made before memory runs short */
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
    const struct CMUnitTest tests[] = { cmocka_unit_test(memory_runs_out), cmocka_unit_test(one_archive_lives_on) };
    return cmocka_run_group_tests(tests, begin, end);
}
