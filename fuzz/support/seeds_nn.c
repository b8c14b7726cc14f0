/* Inputs of libnn's targets: small models of every kind of layer, a checkpoint, weights of other origin. */
#include "fuzz.h"
#include "models.h"
#include "seeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy_to_seed(const char *path, const char *target, const char *name)
{
    static uint8_t bytes[1 << 16];
    FILE *file = fopen(path, "rb");
    FUZZ_CHECK(file);
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    remove(path);
    seed_write(target, name, bytes, size);
}

static void write_model(const char *name, const nn_layer_def *layers, int count, nn_shape input, nn_dtype type)
{
    static const char path[] = "model.new";
    nn_error error = { 0 };
    nn_model *model = nn_model_create(
        &(nn_model_def){
            .input = input, .input_type = type, .max_batch = 1, .threads = 1, .layers = layers, .layer_count = count },
        &error);
    if (!model) fprintf(stderr, "%s: %s\n", name, error.text);
    FUZZ_CHECK(model && nn_model_save(model, path, &error) == NN_OK);
    nn_model_destroy(model);
    copy_to_seed(path, "model", name);
}
#define WRITE_MODEL(name, layers, input, type)                                                                         \
    write_model(name, layers, (int)(sizeof layers / sizeof layers[0]), input, type)

static void write_models(void)
{
    static const nn_layer_def dense[] = {
        { NN_DENSE, .dense = { .units = 2, .activation = NN_RELU } },
        { .type = NN_BATCH_NORM },
        { NN_DROPOUT, .dropout = { .rate = 0.5 } },
        { NN_DENSE, .dense = { .units = 2 }, .from = { 1 } },
        { .type = NN_ADD, .from = { 3, 4, 1, 2 } },
        { .type = NN_CONCAT, .from = { 5, NN_INPUT } },
        { NN_DENSE, .dense = { .units = 2, .activation = NN_SOFTMAX } },
    };
    static const nn_layer_def image[] = {
        { NN_CONV2D, .conv = { .filters = 1, .kernel = { 3 }, .padding = NN_SAME } },
        { .type = NN_LEAKY_RELU },
        { .type = NN_MAX_POOL2D },
        { NN_CONV2D_TRANSPOSE, .conv = { .filters = 1, .kernel = { 2 }, .stride = { 2 } } },
        { NN_AVERAGE_POOL2D, .pool = { .padding = NN_SAME } },
        { NN_RESHAPE, .reshape = { NN_DIMS(2, 2, 1) } },
        { .type = NN_GLOBAL_AVERAGE_POOL2D },
    };
    static const nn_layer_def words[] = {
        { NN_EMBEDDING, .embedding = { .vocab = 4, .dim = 2 } },
        { NN_LSTM, .rnn = { .units = 1, .return_sequences = true } },
        { .type = NN_REVERSE },
        { NN_GRU, .rnn = { .units = 1, .return_sequences = true } },
        { NN_SIMPLE_RNN, .rnn = { .units = 1, .go_backwards = true } },
        { NN_ACTIVATION, .activation = { NN_SIGMOID } },
    };
    static const nn_layer_def hot[] = {
        { NN_MULTI_HOT, .multi_hot = { .vocab = 5 } },
        { NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } },
    };
    static const nn_layer_def dueling[] = {
        { .type = NN_FLATTEN },
        { NN_DENSE, .dense = { .units = 1 }, .from = { 1 } },
        { NN_DENSE, .dense = { .units = 2 }, .from = { 1 } },
        { .type = NN_DUELING, .from = { 2, 3 } },
    };
    WRITE_MODEL("dense", dense, NN_SHAPE(3), NN_F32);
    WRITE_MODEL("image", image, NN_SHAPE(4, 4, 1), NN_F32);
    WRITE_MODEL("words", words, NN_SHAPE(3), NN_I32);
    WRITE_MODEL("hot", hot, NN_SHAPE(NN_RAGGED), NN_I32);
    WRITE_MODEL("dueling", dueling, NN_SHAPE(2, 2), NN_F32);
}

static void write_checkpoint(void)
{
    static const char path[] = "archive.new";
    fuzz_run run;
    nn_error error = { 0 };
    fuzz_begin_run(&run);
    FUZZ_CHECK(nn_archive_save(run.archive, path, &error) == NN_OK);
    fuzz_end_run(&run);
    copy_to_seed(path, "archive", "checkpoint");
}

/* The weights of fuzz_begin_run()'s model, all zero. */
static void write_foreign(void)
{
    static uint8_t bytes[4096];
    static const struct {
        const char *name, *shape;
        size_t count;
    } weights[] = {
        { "norm/beta", "[2]", 2 },
        { "norm/moving_mean", "[2]", 2 },
        { "norm/moving_variance", "[2]", 2 },
        { "dense_2/kernel", "[2,1]", 2 },
    };
    char *header = (char *)bytes + 8;
    size_t used = (size_t)sprintf(header, "{\"__metadata__\":{\"format\":\"pt\"}"), data = 0;
    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++) {
        const size_t end = data + 4 * weights[i].count;
        used += (size_t)sprintf(header + used, ",\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}",
                                weights[i].name, weights[i].shape, data, end);
        data = end;
    }
    used += (size_t)sprintf(header + used, "}");
    header[used] = '\0';
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)((uint64_t)used >> 8 * i);
    seed_write("safetensors", "weights", bytes, 8 + used + data);
    static const char other[] =
        "\x3c\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[0,2]}}          12";
    seed_write("safetensors", "other", other, sizeof other - 1);
}

void seeds_of_nn(void)
{
    write_models();
    write_checkpoint();
    write_foreign();
}
