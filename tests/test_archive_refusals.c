/* Files that an archive refuses: damaged ones, and whole ones that do not fit its list. Nothing on the list changes,
   and the message says why. */
#include "archive_run.h"
#include "forged.h"
#include "temp.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* --- damage --- */

/* A checkpoint of some 20 KB, a run that is to load it, and one that stays as that was. */
enum { MUCH = 15400 };
typedef struct damage {
    const char *path;
    unsigned char *bytes;
    size_t size;
    run loading, before;
    unsigned char much[MUCH], much_before[MUCH];
} damage;

static void begin_damage(damage *d, const char *name)
{
    static unsigned char saved[MUCH];
    run a;
    for (int i = 0; i < MUCH; i++) saved[i] = (unsigned char)(i * i >> 4);
    *d = (damage){ .path = temp_path(&temp_here, name) };
    begin_run(&a, 4);
    begin_run(&d->loading, 5);
    begin_run(&d->before, 5);
    nn_archive_add_bytes(a.archive, "much", saved, MUCH);
    nn_archive_add_bytes(d->loading.archive, "much", d->much, MUCH);
    train(&a, 1);
    save(&a, d->path);
    d->bytes = temp_read(d->path, &d->size);
    assert_in_range(d->size, 19500, 20500);
    end_run(&a);
}

/* The file as it was saved loads. */
static void end_damage(damage *d)
{
    nn_error error = { 0 };
    const nn_status status = nn_archive_load(d->loading.archive, d->path, &error);
    if (status != NN_OK) fail_msg("%s", error.text);
    assert_false(same_runs(&d->loading, &d->before));
    free(d->bytes);
    end_run(&d->loading);
    end_run(&d->before);
}

/* Refused, with a line that names the file, and nothing of it got into the run. */
static void expect_damage(damage *d, const char *what, size_t at)
{
    nn_error error = { 0 };
    const nn_status status = nn_archive_load(d->loading.archive, d->path, &error);
    char start[TEMP_PATH + 32];
    snprintf(start, sizeof start, "%s:%llu: ", d->path, (unsigned long long)error.offset);
    if (status != NN_ERR_FORMAT || error.status != status || error.offset > d->size ||
        strncmp(error.text, start, strlen(start)) != 0 || !strstr(error.text, "expected "))
        fail_msg("%s %zu: got %d, %d at %llu: %s", what, at, (int)status, (int)error.status,
                 (unsigned long long)error.offset, error.text);
    if (!same_runs(&d->loading, &d->before) || memcmp(d->much, d->much_before, MUCH) != 0)
        fail_msg("%s %zu: changed what it was to load into", what, at);
}

static void write_at(const damage *d, int fd, size_t at, int flipped)
{
    const unsigned char byte = (unsigned char)(d->bytes[at] ^ flipped);
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
}

/* A seal that is not that of the bytes: told are the first eight of each. It ends the file. */
static void expect_seal(damage *d, int fd)
{
    enum { SEAL = 16 };
    uint64_t seal = 0;
    char told[96];
    for (size_t i = 0; i < 8; i++) seal = seal << 8 | d->bytes[d->size - SEAL + i];
    write_at(d, fd, d->size - SEAL, 1);
    snprintf(told, sizeof told, "seal: expected 0x%016llx.., got 0x%016llx..: the file is damaged",
             (unsigned long long)seal, (unsigned long long)(seal ^ 1ull << 56));
    expect_refused(&d->loading, d->path, NN_ERR_FORMAT, told);
    write_at(d, fd, d->size - SEAL, 0);
}

/* Row 33: every bit of a checkpoint. */
static void refuses_every_flipped_bit(void **state)
{
    (void)state;
    static damage d;
    begin_damage(&d, "flipped");
    const int fd = open(d.path, O_WRONLY);
    assert_true(fd >= 0);
    for (size_t i = 0; i < d.size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            write_at(&d, fd, i, 1 << bit);
            expect_damage(&d, "flipped bit", 8 * i + (size_t)bit);
        }
        write_at(&d, fd, i, 0);
    }
    expect_seal(&d, fd);
    close(fd);
    end_damage(&d);
}

/* And every length of it. */
static void refuses_every_truncation(void **state)
{
    (void)state;
    static damage d;
    begin_damage(&d, "cut");
    for (size_t length = d.size; length-- > 0;) {
        assert_int_equal(truncate(d.path, (off_t)length), 0);
        expect_damage(&d, "bytes", length);
    }
    temp_write(&temp_here, "cut", d.bytes, d.size);
    end_damage(&d);
}

/* --- whole files that do not fit --- */

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
        expect_refused(&b, forge_text(&temp_here, path, cases[i].from, cases[i].to), cases[i].status,
                       cases[i].fragment);
    /* What may differ: the size of batches, names and seeds. */
    assert_int_equal(
        nn_archive_load(b.archive, forge_text(&temp_here, path, "\\\"max_batch\\\":4", "\\\"max_batch\\\":9"), NULL),
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
    expect_refused(&a, forge_text(&temp_here, path, "\x21\x43\x21\x43", "\xff\xff\xff\x7f"), NN_ERR_NUMERIC,
                   "model/dense_1/bias: element 4: expected a finite number, got nan");
    expect_refused(&a, forge_text(&temp_here, path, "\x21\x43\x21\x43", "\x01\x01\x80\x7f"), NN_ERR_NUMERIC,
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_every_flipped_bit),           cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(refuses_what_does_not_fit),           cmocka_unit_test(refuses_another_order),
        cmocka_unit_test(says_what_weights_alone_lack),        cmocka_unit_test(lists_are_short_but_counted),
        cmocka_unit_test(refuses_weights_that_are_no_numbers),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
