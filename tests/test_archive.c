/* Archives: everything on the list comes back bit for bit, or nothing does, and the message says why. */
#include "files/seal.h"
#include "temp.h"
#include <fenv.h>
#include <kvist/nn.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* --- a run of training with everything that an archive can keep --- */

enum { BATCH = 4, IN = 5, OUT = 2, BYTES = 13 };

typedef struct run {
    nn_model *model;
    nn_optim *optim;
    nn_rng rng;
    uint64_t count;
    double number;
    unsigned char bytes[BYTES];
    nn_archive *archive;
} run;

static const nn_layer_def layers[] = {
    { NN_DENSE, .dense = { .units = 6, .activation = NN_RELU } },
    { NN_BATCH_NORM, .name = "norm" },
    { NN_DROPOUT, .dropout = { .rate = 0.25 } },
    { NN_DENSE, .dense = { .units = OUT, .activation = NN_SIGMOID } },
};

static nn_model *make_model(uint64_t seed)
{
    const nn_model_def def = {
        .input = NN_SHAPE(IN), .max_batch = BATCH, .seed = seed, .threads = 1, NN_LAYERS(layers)
    };
    nn_error error = { 0 };
    nn_model *model = nn_model_create(&def, &error);
    if (!model) fail_msg("%s", error.text);
    return model;
}

static void begin_run(run *r, uint64_t seed)
{
    nn_error error = { 0 };
    *r = (run){ .model = make_model(seed), .rng = { seed, 7, 0 }, .count = seed << 60 | seed, .number = (double)seed };
    r->optim = nn_optim_create(
        r->model, &(nn_optim_def){ .lr = 0.01, .schedule = { NN_EXPONENTIAL_DECAY, .steps = 3, .rate = 0.9 } }, &error);
    assert_non_null(r->optim);
    for (int i = 0; i < BYTES; i++) r->bytes[i] = (unsigned char)(seed * 31 + (uint64_t)i * 77);
    r->archive = nn_archive_create(&error);
    assert_non_null(r->archive);
    nn_archive_add_model(r->archive, "model", r->model);
    nn_archive_add_optim(r->archive, "optim", r->optim);
    nn_archive_add_rng(r->archive, "noise", &r->rng);
    nn_archive_add_u64(r->archive, "count", &r->count);
    nn_archive_add_f64(r->archive, "number", &r->number);
    nn_archive_add_bytes(r->archive, "bytes", r->bytes, BYTES);
    nn_archive_add_bytes(r->archive, "none", NULL, 0);
}

static void end_run(run *r)
{
    nn_archive_destroy(r->archive);
    nn_optim_destroy(r->optim);
    nn_model_destroy(r->model);
}

static void train(run *r, int steps)
{
    nn_float x[BATCH * IN], y[BATCH * OUT];
    nn_tensor input = nn_view_f32(x, NN_SHAPE(BATCH, IN)), target = nn_view_f32(y, NN_SHAPE(BATCH, OUT));
    for (int i = 0; i < steps; i++) {
        nn_fill_normal(&input, 0.0, 1.0, &r->rng);
        nn_fill_uniform(&target, 0.0, 1.0, &r->rng);
        assert_non_null(nn_forward(r->model, &input, NN_TRAIN));
        assert_int_equal(nn_backprop(r->model, &(nn_loss_def){ .type = NN_BCE }, &target, NN_GRAD_PARAMS, NULL), NN_OK);
        nn_optim_step(r->optim);
        nn_zero_grad(r->model);
        r->count++;
    }
}

/* Bitwise. */
static bool same_runs(run *a, run *b)
{
    size_t params = 0, state = 0;
    const nn_float *x = nn_model_read_params(a->model, &params), *y = nn_model_read_params(b->model, NULL);
    const nn_rng masks = nn_model_rng(a->model), other_masks = nn_model_rng(b->model);
    const double lr = nn_optim_lr(a->optim), other_lr = nn_optim_lr(b->optim);
    bool same = memcmp(x, y, params * sizeof *x) == 0 && memcmp(&masks, &other_masks, sizeof masks) == 0;
    x = nn_model_state(a->model, &state);
    y = nn_model_state(b->model, NULL);
    same = same && state > 0 && memcmp(x, y, state * sizeof *x) == 0;
    for (int i = 0; i < nn_optim_slot_count(a->optim); i++)
        same =
            same && memcmp(nn_optim_slot(a->optim, i, NULL), nn_optim_slot(b->optim, i, NULL), params * sizeof *x) == 0;
    return same && nn_optim_steps(a->optim) == nn_optim_steps(b->optim) && memcmp(&lr, &other_lr, sizeof lr) == 0 &&
           memcmp(&a->rng, &b->rng, sizeof a->rng) == 0 && a->count == b->count &&
           memcmp(&a->number, &b->number, sizeof a->number) == 0 && memcmp(a->bytes, b->bytes, BYTES) == 0;
}

static void save(run *r, const char *path)
{
    nn_error error = { 0 };
    if (nn_archive_save(r->archive, path, &error) != NN_OK) fail_msg("%s", error.text);
}

/* --- what comes back --- */

static void goes_on_as_if_never_stopped(void **state)
{
    (void)state;
    run a, b;
    nn_error error = { 0 };
    const char *path = temp_path(&temp_here, "go-on");
    begin_run(&a, 1);
    begin_run(&b, 2);
    train(&a, 5);
    assert_int_equal(nn_optim_set_lr(a.optim, 0.003), NN_OK);
    a.number = nan("0x123");
    save(&a, path);
    assert_false(same_runs(&a, &b));
    assert_int_equal(nn_archive_load(b.archive, path, &error), NN_OK);
    assert_string_equal(error.text, "");
    assert_true(same_runs(&a, &b));
    train(&a, 5);
    assert_false(same_runs(&a, &b));
    train(&b, 5);
    assert_true(same_runs(&a, &b));
    end_run(&a);
    end_run(&b);
}

/* A part of what a file holds may be loaded, and files do not depend on the rounding mode. Row 63. */
static void loads_parts(void **state)
{
    (void)state;
    run a;
    uint64_t count = 0;
    unsigned char bytes[BYTES] = { 0 };
    void *read = NULL;
    size_t size = 0;
    const char *path = temp_path(&temp_here, "parts"), *other = temp_path(&temp_here, "parts-upward");
    begin_run(&a, 3);
    save(&a, path);
    fesetround(FE_UPWARD);
    save(&a, other);
    nn_archive *part = nn_archive_create(NULL);
    nn_archive_add_u64(part, "count", &count);
    nn_archive_add_bytes(part, "bytes", bytes, BYTES);
    assert_int_equal(nn_archive_load(part, other, NULL), NN_OK);
    fesetround(FE_TONEAREST);
    assert_int_equal(count, a.count);
    assert_memory_equal(bytes, a.bytes, BYTES);
    nn_archive_destroy(part);
    size_t sizes[2];
    unsigned char *one = temp_read(path, &sizes[0]), *two = temp_read(other, &sizes[1]);
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(one, two, sizes[0]);
    free(one);
    free(two);

    assert_int_equal(nn_archive_read_bytes(path, "bytes", &read, &size, NULL), NN_OK);
    assert_int_equal(size, BYTES);
    assert_memory_equal(read, a.bytes, BYTES);
    nn_bytes_free(read);
    assert_int_equal(nn_archive_read_bytes(path, "none", &read, &size, NULL), NN_OK);
    assert_non_null(read);
    assert_int_equal(size, 0);
    nn_bytes_free(read);
    nn_error error = { 0 };
    assert_int_equal(nn_archive_read_bytes(path, "count", &read, &size, &error), NN_ERR_MISMATCH);
    assert_non_null(strstr(error.text, "bytes \"count\": expected them, got a file without"));
    assert_null(read);
    assert_int_equal(nn_archive_read_bytes(path, "nothing", &read, &size, &error), NN_ERR_MISMATCH);
    end_run(&a);
}

/* A list that grows from save to save, and is read back once its size is known. Row 52. */
static void bytes_may_grow(void **state)
{
    (void)state;
    unsigned char few[2] = { 1, 2 }, many[5] = { 3, 4, 5, 6, 7 }, back[5] = { 0 };
    nn_error error = { 0 };
    uint64_t number = 7;
    const char *path = temp_path(&temp_here, "grow");
    nn_archive *archive = nn_archive_create(NULL);
    nn_archive_add_u64(archive, "number", &number);
    nn_archive_add_bytes(archive, "list", few, sizeof few);
    assert_int_equal(nn_archive_save(archive, path, &error), NN_OK);
    nn_archive_set_bytes(archive, "list", many, sizeof many);
    assert_int_equal(nn_archive_save(archive, path, &error), NN_OK);
    nn_archive_set_bytes(archive, "list", NULL, 0);
    assert_int_equal(nn_archive_load(archive, path, &error), NN_ERR_MISMATCH);
    nn_archive_set_bytes(archive, "list", back, sizeof back);
    assert_int_equal(nn_archive_load(archive, path, &error), NN_OK);
    assert_memory_equal(back, many, sizeof many);
    nn_archive_set_bytes(archive, "number", back, sizeof back);
    assert_int_equal(nn_archive_save(archive, path, &error), NN_ERR_ARGUMENT);
    assert_non_null(strstr(error.text, "\"number\": expected bytes that were added"));
    nn_archive_destroy(archive);
    archive = nn_archive_create(NULL);
    nn_archive_add_bytes(archive, "list", few, sizeof few);
    nn_archive_set_bytes(archive, "list", NULL, 1);
    assert_int_equal(nn_archive_save(archive, path, &error), NN_ERR_ARGUMENT);
    nn_archive_destroy(archive);
}

/* --- what is refused --- */

/* The archive does not load, says why, and nothing on its list changed. */
static void expect_refused(run *r, const char *path, nn_status status, const char *fragment)
{
    nn_error error = { 0 };
    nn_float weights[64];
    size_t params = 0;
    run before = *r;
    const nn_float *values = nn_model_read_params(r->model, &params);
    assert_in_range(params, 1, 64);
    memcpy(weights, values, params * sizeof *values);
    const nn_rng masks = nn_model_rng(r->model);
    const uint64_t steps = nn_optim_steps(r->optim);
    const nn_status got = nn_archive_load(r->archive, path, &error);
    if (got != status || !strstr(error.text, fragment)) print_error("got %d: %s\n", (int)got, error.text);
    assert_int_equal(got, status);
    assert_int_equal(error.status, status);
    assert_non_null(strstr(error.text, fragment));
    assert_non_null(strstr(error.text, path));
    assert_memory_equal(weights, values, params * sizeof *values);
    assert_int_equal(masks.counter, nn_model_rng(r->model).counter);
    assert_int_equal(steps, nn_optim_steps(r->optim));
    assert_memory_equal(&before, r, sizeof before);
}

/* Row 33, and truncation: every bit and every length of a whole checkpoint. */
static void refuses_every_damage(void **state)
{
    (void)state;
    run a, b;
    size_t size = 0;
    nn_error error = { 0 };
    const char *path = temp_path(&temp_here, "damage");
    begin_run(&a, 4);
    begin_run(&b, 5);
    train(&a, 1);
    save(&a, path);
    unsigned char *bytes = temp_read(path, &size);
    assert_in_range(size, 1000, 20000);
    for (size_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            FILE *file = fopen(path, "r+b");
            fseek(file, (long)i, SEEK_SET);
            fputc(bytes[i] ^ 1 << bit, file);
            fclose(file);
            if (nn_archive_load(b.archive, path, &error) != NN_ERR_FORMAT)
                fail_msg("bit %d of byte %zu: %s", bit, i, error.text);
            assert_true(error.offset <= size);
            file = fopen(path, "r+b");
            fseek(file, (long)i, SEEK_SET);
            fputc(bytes[i], file);
            fclose(file);
        }
    }
    assert_int_equal(nn_archive_load(b.archive, path, &error), NN_OK);
    bytes[size - 40] ^= 1;
    expect_refused(&b, temp_write(&temp_here, "damage", bytes, size), NN_ERR_FORMAT, "seal: expected 0x");
    bytes[size - 40] ^= 1;
    for (size_t length = size; length-- > 0;) {
        assert_int_equal(truncate(path, (off_t)length), 0);
        if (nn_archive_load(b.archive, path, &error) != NN_ERR_FORMAT) fail_msg("%zu bytes: %s", length, error.text);
    }
    free(bytes);
    end_run(&a);
    end_run(&b);
}

/* Puts another text of the same length into a file, and a seal that fits. */
static const char *forge(const char *path, const char *from, const char *to)
{
    size_t size = 0;
    unsigned char *bytes = temp_read(path, &size);
    const size_t length = strlen(from);
    size_t at = 0;
    assert_int_equal(length, strlen(to));
    while (at + length < size && memcmp(bytes + at, from, length) != 0) at++;
    assert_true(at + length < size);
    memcpy(bytes + at, to, length);
    nn_seal seal;
    nn_seal_begin(&seal);
    nn_seal_add(&seal, bytes, size - NN_SEAL_SIZE);
    nn_seal_get(&seal, bytes + size - NN_SEAL_SIZE);
    const char *forged = temp_write(&temp_here, "forged", bytes, size);
    free(bytes);
    return forged;
}

/* Rows 31, 32, 34, 35 and what else a whole file may say that does not fit. */
static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        nn_status status;
        const char *fragment;
    } cases[] = {
        { "\"kvist.format\":\"1\"", "\"kvist.format\":\"2\"", NN_ERR_FORMAT,
          "expected at most 1, got 2: of a newer kvist" },
        { "\"kvist.format\":\"1\"", "\"kvist.format\":\"x\"", NN_ERR_FORMAT,
          "kvist.format: expected a number, got none" },
        { "\"kvist.format\":\"1\"", "\"kvist.fOrmat\":\"1\"", NN_ERR_FORMAT,
          "kvist.format: expected a number, got none" },
        { "kvist.optim.optim", "kvist.optim.optin", NN_ERR_MISMATCH,
          "1 of 7 parts not in this file: optimiser \"optim\"" },
        { "\"count\"", "\"cxunt\"", NN_ERR_MISMATCH, "1 of 7 parts not in this file: number \"count\"" },
        { "model/dense_1/bias", "model/dense_1/bia5", NN_ERR_MISMATCH,
          "1 missing, 1 extra: missing model/dense_1/bias; extra model/dense_1/bia5" },
        { "\"shape\":[5,6]", "\"shape\":[6,5]", NN_ERR_MISMATCH,
          "1 mismatched: mismatched model/dense_1/kernel: expected F32 (5, 6), got F32 (6, 5)" },
        { "\"number\":{\"dtype\":\"F64\"", "\"number\":{\"dtype\":\"U64\"", NN_ERR_MISMATCH,
          "mismatched number: expected F64 (), got U64 ()" },
        { "\\\"relu\\\"", "\\\"tanh\\\"", NN_ERR_MISMATCH,
          "model \"model\": another architecture: layer 1 (dense_1): activation: expected relu, got tanh" },
        { "\\\"0x1.0000000000000p-2\\\"", "\\\"0x1.0000000000000p-1\\\"", NN_ERR_MISMATCH,
          "rate: expected 0.25, got 0.5" },
        { "\\\"input\\\":[5]", "\\\"input\\\":[6]", NN_ERR_MISMATCH, "input: expected [5], got [6]" },
        { "\\\"from\\\":[2]", "\\\"from\\\":[1]", NN_ERR_MISMATCH, "layer 3 (dropout_3): from: expected [2], got [1]" },
        { "\\\"adam\\\"", "\\\"adan\\\"", NN_ERR_MISMATCH, "optimiser \"optim\": type: expected adam, got adan" },
        { "\\\"schedule.steps\\\":\\\"0x0000000000000003", "\\\"schedule.steps\\\":\\\"0x0000000000000004",
          NN_ERR_MISMATCH, "optimiser \"optim\": schedule.steps: expected 0x0000000000000003" },
        { "\\\"max_batch\\\"", "\\\"max_botch\\\"", NN_ERR_FORMAT,
          "model \"model\": max_batch: expected a legal value" },
        { "\\\"layers\\\":[{", "\\\"layers\\\":[[", NN_ERR_FORMAT, "expected the other bracket" },
    };
    run a, b;
    const char *path = temp_path(&temp_here, "fit");
    begin_run(&a, 6);
    begin_run(&b, 7);
    save(&a, path);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_refused(&b, forge(path, cases[i].from, cases[i].to), cases[i].status, cases[i].fragment);
    /* What may differ: the size of batches, names and seeds. */
    assert_int_equal(nn_archive_load(b.archive, forge(path, "\\\"max_batch\\\":4", "\\\"max_batch\\\":9"), NULL),
                     NN_OK);
    end_run(&a);
    end_run(&b);
}

/* Row 32: the same tensors, the same shapes, the layers in another order. */
static void refuses_another_order(void **state)
{
    (void)state;
    const nn_layer_def first[] = { { NN_DENSE, .name = "a", .dense = { .units = 3 } },
                                   { NN_DENSE, .name = "b", .dense = { .units = 3 } },
                                   { .type = NN_DROPOUT, .name = "c", .dropout = { .rate = 0.5 } } };
    const nn_layer_def orders[][3] = { { first[1], first[0], first[2] }, { first[0], first[2], first[1] } };
    static const char *const texts[] = {
        "model \"model\": another architecture: layer 1 (b): name: expected b, got a",
        "model \"model\": another architecture: layer 2 (c): type: expected dropout, got dense"
    };
    nn_error error = { 0 };
    const char *path = temp_path(&temp_here, "order");
    const nn_model_def def = { .input = NN_SHAPE(3), .max_batch = 1, .threads = 1, NN_LAYERS(first) };
    nn_model *model = nn_model_create(&def, &error);
    assert_non_null(model);
    assert_int_equal(nn_model_save(model, path, &error), NN_OK);
    nn_model_destroy(model);
    for (int i = 0; i < 2; i++) {
        nn_float before[32];
        size_t count;
        nn_model_def other = def;
        other.layers = orders[i];
        other.seed = 1;
        model = nn_model_create(&other, &error);
        assert_non_null(model);
        const nn_float *params = nn_model_read_params(model, &count);
        assert_in_range(count, 1, 32);
        memcpy(before, params, count * sizeof *params);
        nn_archive *archive = nn_archive_create(&error);
        nn_archive_add_model(archive, "model", model);
        assert_int_equal(nn_archive_load(archive, path, &error), NN_ERR_MISMATCH);
        assert_int_equal(error.status, NN_ERR_MISMATCH);
        if (!strstr(error.text, texts[i])) fail_msg("expected \"%s\" in: %s", texts[i], error.text);
        assert_memory_equal(before, params, count * sizeof *params);
        nn_archive_destroy(archive);
        nn_model_destroy(model);
    }
}

/* Row 35. */
static void says_what_weights_alone_lack(void **state)
{
    (void)state;
    run a;
    nn_error error = { 0 };
    const char *path = temp_path(&temp_here, "weights-only");
    begin_run(&a, 8);
    assert_int_equal(nn_model_save(a.model, path, &error), NN_OK);
    expect_refused(&a, path, NN_ERR_MISMATCH,
                   "6 of 7 parts not in this file: optimiser \"optim\", generator \"noise\", number \"count\"");
    end_run(&a);
}

/* Twelve tensors missing: ten are named as far as there is room, and how many there are is always said. Row 31. */
static void lists_are_short_but_counted(void **state)
{
    (void)state;
    nn_layer_def many[12], few[1] = { { NN_DENSE, .name = "other", .dense = { .units = 3 } } };
    for (int i = 0; i < 12; i++) many[i] = (nn_layer_def){ NN_DENSE, .dense = { .units = 3, .no_bias = true } };
    nn_error error = { 0 };
    const nn_model_def def = { .input = NN_SHAPE(3), .max_batch = 1, .threads = 1, NN_LAYERS(many) },
                       small = { .input = NN_SHAPE(3), .max_batch = 1, .threads = 1, NN_LAYERS(few) };
    nn_model *a = nn_model_create(&small, &error), *b = nn_model_create(&def, &error);
    assert_non_null(a);
    assert_non_null(b);
    const char *path = temp_path(&temp_here, "many");
    assert_int_equal(nn_model_save(a, path, &error), NN_OK);
    nn_archive *archive = nn_archive_create(&error);
    nn_archive_add_model(archive, "model", b);
    assert_int_equal(nn_archive_load(archive, path, &error), NN_ERR_MISMATCH);
    assert_non_null(strstr(error.text, ": 12 missing, 2 extra: missing model/dense_1/kernel, model/dense_2/kernel, "));
    assert_non_null(strstr(error.text, "...; extra model/other/kernel, model/other/bias"));
    nn_archive_destroy(archive);
    nn_model_destroy(a);
    nn_model_destroy(b);
}

/* Row 36, both ways: a file with such weights is neither loaded nor written over a good one. */
static void refuses_weights_that_are_no_numbers(void **state)
{
    (void)state;
    run a;
    nn_error error = { 0 };
    const char *path = temp_path(&temp_here, "nan");
    begin_run(&a, 9);
    nn_tensor bias;
    assert_int_equal(nn_model_weight(a.model, "dense_1/bias", &bias, NULL), NN_OK);
    memcpy(&bias.f32[4], &(uint32_t){ 0x43214321 }, 4);
    save(&a, path);
    size_t size = 0, good_size = 0;
    unsigned char *good = temp_read(path, &good_size);
    bias.f32[4] = 0;
    expect_refused(&a, forge(path, "\x21\x43\x21\x43", "\xff\xff\xff\x7f"), NN_ERR_NUMERIC,
                   "model/dense_1/bias: element 4: expected a finite number, got nan");
    expect_refused(&a, forge(path, "\x21\x43\x21\x43", "\x01\x01\x80\x7f"), NN_ERR_NUMERIC,
                   "model/dense_1/bias: element 4");
    bias.f32[4] = -INFINITY;
    assert_int_equal(nn_archive_save(a.archive, path, &error), NN_ERR_NUMERIC);
    assert_non_null(strstr(error.text, "model/dense_1/bias: element 4: expected a finite number, got -inf"));
    unsigned char *still = temp_read(path, &size);
    assert_int_equal(size, good_size);
    assert_memory_equal(still, good, size);
    bias.f32[4] = 0;
    nn_optim_slot(a.optim, 1, NULL)[0] = NAN;
    assert_int_equal(nn_archive_save(a.archive, path, &error), NN_ERR_NUMERIC);
    assert_non_null(strstr(error.text, "optim/v/dense_1/kernel: element 0"));
    free(good);
    free(still);
    end_run(&a);
}

static void names_must_be_usable(void **state)
{
    (void)state;
    uint64_t number = 0;
    nn_error error = { 0 };
    char longest[49] = "";
    memset(longest, 'x', 48);
    const char *wrong[] = { "", "a/b", "a\nb", "..", "kvist.x", "__metadata__", longest, NULL };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        nn_archive *archive = nn_archive_create(NULL);
        nn_archive_add_u64(archive, wrong[i], &number);
        nn_archive_add_u64(archive, "good", &number);
        assert_int_equal(nn_archive_save(archive, temp_path(&temp_here, "name"), &error), NN_ERR_ARGUMENT);
        assert_non_null(strstr(error.text, "archive: number name: "));
        assert_int_equal(nn_archive_load(archive, temp_path(&temp_here, "name"), &error), NN_ERR_ARGUMENT);
        nn_archive_destroy(archive);
    }
    nn_archive *archive = nn_archive_create(NULL);
    nn_archive_add_u64(archive, "a", &number);
    nn_archive_add_f64(archive, "a", &(double){ 0 });
    assert_int_equal(nn_archive_save(archive, temp_path(&temp_here, "name"), &error), NN_ERR_ARGUMENT);
    assert_non_null(strstr(error.text, "\"a\": expected each name once"));
    nn_archive_destroy(archive);
    archive = nn_archive_create(NULL);
    nn_archive_add_model(archive, "model", NULL);
    assert_int_equal(nn_archive_save(archive, temp_path(&temp_here, "name"), &error), NN_ERR_ARGUMENT);
    assert_non_null(strstr(error.text, "\"model\": expected something to add, got NULL"));
    nn_archive_destroy(archive);
    nn_archive_destroy(NULL);
    assert_int_equal(nn_archive_save(NULL, "x", &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_archive_claim(NULL, "x", &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_archive_load(NULL, "x", &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_archive_read_bytes(NULL, "x", NULL, NULL, &error), NN_ERR_ARGUMENT);
    void *bytes = NULL;
    size_t size = 0;
    assert_int_equal(nn_archive_read_bytes(NULL, "x", &bytes, &size, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_archive_read_bytes("x", NULL, &bytes, &size, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_archive_read_bytes("x", "x", NULL, &size, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_archive_read_bytes("x", "x", &bytes, NULL, &error), NN_ERR_ARGUMENT);
}

/* A list that is empty makes a file, too. */
static void nothing_is_something(void **state)
{
    (void)state;
    nn_archive *archive = nn_archive_create(NULL);
    assert_int_equal(nn_archive_save(archive, temp_path(&temp_here, "empty"), NULL), NN_OK);
    assert_int_equal(nn_archive_load(archive, temp_path(&temp_here, "empty"), NULL), NN_OK);
    nn_archive_destroy(archive);
}

/* --- the file before --- */

/* Row 33 of docs/faults.md. */
static void falls_back_to_the_file_before(void **state)
{
    (void)state;
    run a, b;
    size_t size = 0;
    nn_error error = { 0 };
    const char *path = temp_path(&temp_here, "back"), *previous = temp_path(&temp_here, "back.prev");
    begin_run(&a, 10);
    begin_run(&b, 11);
    save(&a, path);
    assert_int_not_equal(access(previous, F_OK), 0);
    a.count++;
    save(&a, path);
    assert_int_equal(access(previous, F_OK), 0);

    assert_int_equal(nn_archive_load(b.archive, path, &error), NN_OK);
    assert_int_equal(b.count, a.count);
    assert_string_equal(error.text, "");
    unsigned char *bytes = temp_read(path, &size);
    bytes[size - 50] ^= 4;
    temp_write(&temp_here, "back", bytes, size);
    assert_int_equal(nn_archive_load(b.archive, path, &error), NN_OK);
    assert_int_equal(error.status, NN_OK);
    assert_int_equal(b.count, a.count - 1);
    assert_non_null(strstr(error.text, "took .prev instead: "));
    assert_non_null(strstr(error.text, "seal: expected 0x"));

    /* A file of other origin where ours should be. */
    temp_write(&temp_here, "back", "\2\0\0\0\0\0\0\0{}", 10);
    b.count = 0;
    assert_int_equal(nn_archive_load(b.archive, path, &error), NN_OK);
    assert_int_equal(b.count, a.count - 1);
    assert_non_null(strstr(error.text, "expected a seal, got none"));

    assert_int_equal(unlink(path), 0);
    b.count = 0;
    assert_int_equal(nn_archive_load(b.archive, path, &error), NN_OK);
    assert_int_equal(b.count, a.count - 1);
    assert_non_null(strstr(error.text, "cannot open: No such file or directory"));

    /* Only damage counts: a file that is whole but of another shape is not replaced by an older one. */
    nn_archive *other = nn_archive_create(NULL);
    nn_archive_add_u64(other, "unrelated", &a.count);
    nn_archive_destroy(a.archive); /* gives up its claim of the path */
    a.archive = NULL;
    assert_int_equal(nn_archive_save(other, path, &error), NN_OK);
    expect_refused(&b, path, NN_ERR_MISMATCH, "7 of 7 parts not in this file");
    nn_archive_destroy(other);

    /* Both damaged: the first one's reason. */
    temp_write(&temp_here, "back", "xx", 2);
    temp_write(&temp_here, "back.prev", "yyy", 3);
    expect_refused(&b, path, NN_ERR_FORMAT, "header length: expected 8 bytes, got 2");
    free(bytes);
    end_run(&a);
    end_run(&b);
}

/* --- other readers --- */

/* Reads the file with nothing but Python and numpy, as the format's README describes it. */
static const char reader_py[] =
    "import json, struct, sys\n"
    "try:\n"
    "    import numpy as np\n"
    "except ImportError:\n"
    "    sys.exit(77)\n"
    "data = open(sys.argv[1], 'rb').read()\n"
    "n, = struct.unpack('<Q', data[:8])\n"
    "header = json.loads(data[8:8 + n])\n"
    "meta = header.pop('__metadata__')\n"
    "types = dict(F32='<f4', F64='<f8', U64='<u8', U8='u1')\n"
    "tensors, end = {}, 0\n"
    "for name, t in sorted(header.items(), key=lambda item: item[1]['data_offsets']):\n"
    "    a, b = t['data_offsets']\n"
    "    assert a == end and (8 + n + a) % np.dtype(types[t['dtype']]).itemsize == 0, name\n"
    "    end = b\n"
    "    tensors[name] = np.frombuffer(data, types[t['dtype']], offset=8 + n + a,\n"
    "                                  count=(b - a) // np.dtype(types[t['dtype']]).itemsize).reshape(t['shape'])\n"
    "assert 8 + n + end == len(data) and name == 'kvist.seal'\n"
    "assert meta['kvist.format'] == '1'\n"
    "model = json.loads(meta['kvist.model.model'])\n"
    "assert [l['type'] for l in model['layers']] == ['dense', 'batch_norm', 'dropout', 'dense']\n"
    "assert float.fromhex(model['layers'][1]['momentum']) == 0.99\n"
    "assert model['layers'][3]['activation'] == 'sigmoid'\n"
    "optim = json.loads(meta['kvist.optim.optim'])\n"
    "assert optim['type'] == 'adam' and float.fromhex(optim['beta2']) == 0.999\n"
    "assert tensors['model/dense_1/kernel'].shape == (5, 6) and tensors['model/norm/moving_mean'].shape == (6,)\n"
    "assert tensors['optim/steps'] == 2 and tensors['optim/lr'] == 0.01\n"
    "assert tensors['count'] == int(sys.argv[2]) and tensors['number'] == 12.0\n"
    "print('%.9g' % tensors['model/dense_4/kernel'][5, 1])\n";

static void python_can_read_it(void **state)
{
    (void)state;
    run a;
    char command[2048], printed[64] = "";
    begin_run(&a, 12);
    train(&a, 2);
    save(&a, temp_path(&temp_here, "python"));
    temp_write(&temp_here, "reader.py", reader_py, sizeof reader_py - 1);
    static const char *const pythons[] = { "python3", "/usr/bin/python3" };
    int status = 77 << 8;
    for (size_t i = 0; i < 2 && (status == 77 << 8 || status == 127 << 8); i++) {
        snprintf(command, sizeof command, "%s '%s/reader.py' '%s/python' %llu", pythons[i], temp_here.path,
                 temp_here.path, (unsigned long long)a.count);
        FILE *output = popen(command, "r");
        assert_non_null(output);
        if (!fgets(printed, sizeof printed, output)) printed[0] = '\0';
        status = pclose(output);
    }
    if (status == 77 << 8 || status == 127 << 8) {
        print_message("no Python with numpy: not read from there\n");
    } else {
        nn_tensor kernel;
        assert_int_equal(status, 0);
        assert_int_equal(nn_model_weight(a.model, "dense_4/kernel", &kernel, NULL), NN_OK);
        assert_true(kernel.f32[5 * OUT + 1] == strtof(printed, NULL));
    }
    end_run(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_as_if_never_stopped),
        cmocka_unit_test(loads_parts),
        cmocka_unit_test(bytes_may_grow),
        cmocka_unit_test(refuses_every_damage),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(refuses_another_order),
        cmocka_unit_test(says_what_weights_alone_lack),
        cmocka_unit_test(lists_are_short_but_counted),
        cmocka_unit_test(refuses_weights_that_are_no_numbers),
        cmocka_unit_test(names_must_be_usable),
        cmocka_unit_test(nothing_is_something),
        cmocka_unit_test(falls_back_to_the_file_before),
        cmocka_unit_test(python_can_read_it),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
