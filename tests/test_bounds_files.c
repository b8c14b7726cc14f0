/* What models and checkpoints may cost, and the bytes of one that become a replay memory; see support/bounds.h. */
#include "bounds.h"
#include "files/safetensors.h"
#include "forged.h"
#include "peak.h"
#include "temp.h"

#include <kvist/data.h>
#include <kvist/nn.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- safetensors -------------------------------------------------------------------------------------------------- */

static const char *write_tensors(const char *header, size_t length, size_t data)
{
    unsigned char *file = calloc(1, 8 + length + data);
    assert_non_null(file);
    for (int i = 0; i < 8; i++) file[i] = (unsigned char)((uint64_t)length >> 8 * i);
    memcpy(file + 8, header, length);
    const char *path = temp_write(&temp_here, "t.safetensors", file, 8 + length + data);
    free(file);
    return path;
}

static nn_model *make_model(int units)
{
    const nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = units } } };
    return nn_model_create(&(nn_model_def){ .input = NN_SHAPE(1024), .max_batch = 1, NN_LAYERS(layers) }, NULL);
}

static void import_file(const char *name, nn_model *model, const char *path, nn_status expected, const char *fault)
{
    const bounds_sample s = { name, path, bounds_size_of(path) };
    nn_error error;
    nn_status status;
    do {
        bounds_begin();
        status = nn_model_import(model, path, &error);
    } while (bounds_again(&s, true));
    bounds_end(&s, true);
    bounds_refused(name, fault, (int)expected, (int)status, error.text);
}

/* A header of `count` entries made by a format that may hold the entry's number twice. */
static char *make_header(const char *first, const char *format, int count, const char *last, size_t *length)
{
    const size_t room = strlen(first) + strlen(last) + (size_t)count * (strlen(format) + 24);
    char *header = malloc(room);
    assert_non_null(header);
    size_t used = (size_t)snprintf(header, room, "%s", first);
    for (int i = 0; i < count; i++) used += (size_t)snprintf(header + used, room - used, format, i, i);
    used += (size_t)snprintf(header + used, room - used, "%s", last);
    *length = used;
    return header;
}

static void refuse_header(const char *name, const char *first, const char *format, int count, const char *last,
                          nn_status expected, const char *fault)
{
    nn_model *model = make_model(1);
    size_t length;
    char *header = make_header(first, format, count, last, &length);
    const char *path = write_tensors(header, length, 0);
    free(header);
    import_file(name, model, path, expected, fault);
    nn_model_destroy(model);
}

static nn_status load_into(nn_model *model, const char *name, const char *path, bool refused, nn_error *error)
{
    const bounds_sample s = { name, path, bounds_size_of(path) };
    nn_archive *archive = nn_archive_create(NULL);
    nn_archive_add_model(archive, "model", model);
    nn_status status;
    do {
        bounds_begin();
        status = nn_archive_load(archive, path, error);
    } while (bounds_again(&s, refused));
    bounds_end(&s, refused);
    nn_archive_destroy(archive);
    return status;
}

/* A new model counts beside the file: as much as nn_model_memory() tells. */
static nn_status load_new(const char *name, const char *path, bool refused, nn_error *error)
{
    const bounds_sample s = { name, path, bounds_size_of(path) };
    nn_model *model;
    do {
        bounds_begin();
        model = nn_model_load(path, NULL, &(nn_model_def){ .threads = 1 }, error);
    } while (bounds_again(&s, refused));
    bounds_end_beside(&s, model ? nn_model_memory(model) : 0, refused);
    nn_model_destroy(model);
    return error->status;
}

static void test_safetensors(void **state)
{
    (void)state;
    nn_model *model = make_model(2048);
    const char *path = temp_path(&temp_here, "model.safetensors");
    nn_error error;
    assert_int_equal(nn_model_save(model, path, &error), NN_OK);
    assert_int_equal(load_into(model, "safetensors", path, false, &error), NN_OK);
    assert_int_equal(load_new("safetensors, a new model", path, false, &error), NN_OK);

    path = forge_text(&temp_here, path, "\\\"units\\\":2048", "\\\"units\\\":9999");
    assert_int_equal(load_new("safetensors, 41 MB claimed", path, true, &error), NN_ERR_MISMATCH);
    if (!strstr(error.text, "weights: expected at most")) fail_msg("%s", error.text);

    bounds_damage(path, 1);
    assert_int_equal(load_into(model, "safetensors, wrong seal", path, true, &error), NN_ERR_FORMAT);
    if (!strstr(error.text, "seal: expected")) fail_msg("%s", error.text);
    nn_model_destroy(model);
}

/* A sealed file of one model of many Flattens, of the shortest entries there are; the last is called as the first. */
static const char *write_layers(int count)
{
    const char *path = temp_path(&temp_here, "layers.safetensors");
    nn_claim claim = { 0 };
    nn_replacement file;
    nn_st_tensor tensors[1];
    nn_text text = { 0 }, metadata = { 0 };
    nn_text_add_chars(&text, "{\"input\":[1],\"input_type\":\"f32\",\"max_batch\":1,\"seed\":\"0x0000000000000000\","
                             "\"layers\":[");
    for (int i = 0; i < count; i++) {
        char layer[64];
        snprintf(layer, sizeof layer, "%s{\"type\":\"flatten\",\"name\":\"%x\",\"from\":[%d]}", i ? "," : "",
                 i + 1 < count ? 0x10000 + i : 0x10000, i ? i : NN_INPUT);
        nn_text_add_chars(&text, layer);
    }
    nn_text_add_chars(&text, "]}");
    nn_text_add_chars(&metadata, "{\"kvist.format\":\"1\",\"kvist.model.model\":");
    nn_text_add_string(&metadata, text.text, text.size);
    nn_text_add_chars(&metadata, "}");
    assert_int_equal(nn_claim_begin(&claim, path, NULL), NN_OK);
    assert_int_equal(nn_replace_begin(&file, &claim, NULL), NN_OK);
    assert_int_equal(nn_st_write(&file, &metadata, tensors, 0, NULL), NN_OK);
    assert_int_equal(nn_replace_commit(&file, NULL), NN_OK);
    nn_claim_end(&claim);
    free(metadata.text);
    free(text.text);
    return path;
}

static void refuse_layers(const char *name, int count, size_t beside, nn_status expected, const char *fault)
{
    const char *path = write_layers(count);
    const bounds_sample s = { name, path, bounds_size_of(path) };
    nn_error error;
    do {
        bounds_begin();
        assert_null(nn_model_load(path, NULL, &(nn_model_def){ .threads = 1 }, &error));
    } while (bounds_again(&s, true));
    bounds_end_beside(&s, beside, true);
    bounds_refused(name, fault, (int)expected, (int)error.status, error.text);
}

/* The most layers are planned for the most part until a name is met again: their model counts, a KiB a layer. */
static void test_layers(void **state)
{
    (void)state;
    enum { MOST = 2048 };
    refuse_layers("model of the most layers", MOST, MOST * 1024, NN_ERR_ARGUMENT,
                  "layer 2048: name: \"10000\" is layer 1's already");
    refuse_layers("model of one more layer", MOST + 1, 0, NN_ERR_FORMAT, "layers: expected at most 2048, got 2049");
    refuse_layers("model of too many layers", 200000, 0, NN_ERR_FORMAT, "layers: expected at most 2048, got 200000");
}

static void test_headers(void **state)
{
    (void)state;
    enum { MANY = 80000, MOST = 8191 };
    const char *tiny = "\"%d\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},";
    refuse_header("header of many tensors", "{", tiny, MANY,
                  "\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", NN_ERR_FORMAT,
                  "at most 8192 tensors");
    refuse_header("header of the most tensors", "{", tiny, MOST,
                  "\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", NN_ERR_MISMATCH, "8192 extra");
    refuse_header("header of one name", "{", "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},", MOST,
                  "\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", NN_ERR_FORMAT, "duplicate");
    refuse_header("header of shape", "{\"a\":{\"dtype\":\"U8\",\"shape\":[", "1,", 2000000,
                  "1],\"data_offsets\":[0,0]}}", NN_ERR_FORMAT, "at most 8");
    refuse_header("header of brackets", "{\"a\":", "[", 4000000, "}", NN_ERR_FORMAT, "");
    refuse_header("header of a long name", "{\"", "aaaaaaaaaa", 400000,
                  "\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", NN_ERR_FORMAT, "at most 255");
    refuse_header("header of escapes", "{\"", "\\u0041", 600000,
                  "\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", NN_ERR_FORMAT, "at most 255");
    refuse_header("header of metadata", "{\"__metadata__\":{", "\"%d\":\"\",", 400000, "\"x\":\"\"}}", NN_ERR_FORMAT,
                  "at most 1024");
    refuse_header("header of a number", "{\"a\":{\"dtype\":\"U8\",\"shape\":[", "9999999999", 400000,
                  "],\"data_offsets\":[0,0]}}", NN_ERR_FORMAT, "");
    refuse_header("header of spaces", "{", "          ", 400000, "]", NN_ERR_FORMAT, "");
}

/* --- archives ----------------------------------------------------------------------------------------------------- */

/* A checkpoint of a model, its optimiser and bytes, in two generations. */
enum { NOTE = 4 * BOUNDS_MIB };
typedef struct checkpoint {
    nn_model *model;
    nn_optim *optim;
    unsigned char *note;
    nn_archive *archive;
    const char *path;
} checkpoint;

static void begin_checkpoint(checkpoint *c)
{
    nn_error error;
    c->model = make_model(1024);
    c->optim = nn_optim_create(c->model, &(nn_optim_def){ 0 }, &error);
    c->note = calloc(NOTE, 1);
    c->archive = nn_archive_create(&error);
    c->path = temp_path(&temp_here, "checkpoint");
    assert_true(c->optim && c->note && c->archive);
    nn_archive_add_model(c->archive, "model", c->model);
    nn_archive_add_optim(c->archive, "optim", c->optim);
    nn_archive_add_bytes(c->archive, "note", c->note, NOTE);
    for (int i = 0; i < 2; i++) assert_int_equal(nn_archive_save(c->archive, c->path, &error), NN_OK);
}

static void end_checkpoint(checkpoint *c)
{
    nn_archive_destroy(c->archive);
    nn_optim_destroy(c->optim);
    nn_model_destroy(c->model);
    free(c->note);
}

/* Text: what the error says, of a refusal or of what was taken instead. */
static void load_checkpoint(checkpoint *c, const char *name, nn_status expected, const char *text)
{
    const bounds_sample s = { name, c->path, bounds_size_of(c->path) };
    nn_error error;
    nn_status status;
    do {
        bounds_begin();
        status = nn_archive_load(c->archive, c->path, &error);
    } while (bounds_again(&s, expected != NN_OK));
    bounds_end(&s, expected != NN_OK);
    if (status != expected || !strstr(error.text, text)) fail_msg("%s: got %d, %s", name, (int)status, error.text);
}

/* Of all that is in the file the bytes alone are kept. */
static void read_note(const checkpoint *c, const char *name, const char *part, nn_status expected, const char *text)
{
    const bounds_sample s = { name, c->path, NOTE };
    void *bytes = NULL;
    size_t size = 0;
    nn_error error;
    nn_status status;
    do {
        nn_bytes_free(bytes);
        bounds_begin();
        status = nn_archive_read_bytes(c->path, part, &bytes, &size, &error);
    } while (bounds_again(&s, expected != NN_OK));
    bounds_end(&s, expected != NN_OK);
    if (status != expected || !strstr(error.text, text)) fail_msg("%s: got %d, %s", name, (int)status, error.text);
    assert_int_equal(size, status == NN_OK ? NOTE : 0);
    nn_bytes_free(bytes);
}

/* Whole, then the file before it in place of the damaged one, then both damaged. */
static void test_checkpoints(void **state)
{
    (void)state;
    checkpoint c;
    begin_checkpoint(&c);
    load_checkpoint(&c, "checkpoint", NN_OK, "");
    read_note(&c, "bytes of it", "note", NN_OK, "");
    read_note(&c, "bytes that it has not", "nothing", NN_ERR_MISMATCH, "expected them, got a file without");
    bounds_damage(c.path, 1);
    load_checkpoint(&c, "checkpoint, .prev taken", NN_OK, "took .prev instead: ");
    read_note(&c, "bytes, .prev taken", "note", NN_OK, "took .prev instead: ");
    bounds_damage(temp_path(&temp_here, "checkpoint.prev"), 1);
    load_checkpoint(&c, "checkpoint, both damaged", NN_ERR_FORMAT, "seal: expected");
    read_note(&c, "bytes, both damaged", "note", NN_ERR_FORMAT, "seal: expected");
    end_checkpoint(&c);
}

/* --- bytes of a checkpoint that become a replay memory ------------------------------------------------------------ */

enum { CAPACITY = 50000, OBSERVATION = 16 };

static void push(data_replay *replay, int32_t action)
{
    static const float observation[OBSERVATION];
    data_replay_push(replay, &(data_transition){ .observation = observation, .action = action, .next = observation });
}

/* The ring is there already: nothing is taken for what goes into it. */
static void restore(data_replay *to, const data_replay *from, const char *name, data_status expected, const char *text)
{
    bounds_sample s = { .name = name };
    data_error error;
    data_status status;
    const void *bytes = data_replay_state(from, &s.decoded);
    do {
        bounds_begin();
        status = data_replay_restore(to, bytes, s.decoded, &error);
    } while (bounds_again(&s, expected != DATA_OK));
    bounds_end(&s, expected != DATA_OK);
    assert_int_equal(peak_bytes(), 0);
    if (status != expected || !strstr(error.text, text)) fail_msg("%s: got %d, %s", name, (int)status, error.text);
}

static void test_replay(void **state)
{
    (void)state;
    data_replay_def def = { .capacity = CAPACITY, .observation = OBSERVATION, .priority_exponent = 0.6 };
    data_replay *from = data_replay_create(&def, NULL);
    def.actions = 2;
    data_replay *to = data_replay_create(&def, NULL);
    assert_true(from && to);
    for (int i = 0; i < CAPACITY - 1; i++) push(from, i % 2);
    restore(to, from, "replay", DATA_OK, "");
    push(from, 7); // the last of all
    restore(to, from, "replay, a wrong action", DATA_ERR_FORMAT, "expected");
    data_replay_destroy(from);
    data_replay_destroy(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_safetensors), cmocka_unit_test(test_headers),
                                        cmocka_unit_test(test_layers), cmocka_unit_test(test_checkpoints),
                                        cmocka_unit_test(test_replay) };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
