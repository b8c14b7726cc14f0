/* A model file: the model that its architecture describes is made, and runs. */
#include "files/architecture.h"
#include "files/archive.h"

#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An architecture may ask for as much memory as it likes: whoever loads files of others limits the allocator. */
enum { MEMORY = 1 << 17 };

/* Cells of a sample, which is the caller's and may be larger than its model: a multi-hot of 2^31 indices is one of a
 * few weights. */
enum { LARGEST_SAMPLE = 1 << 20 };

static void *allocate(size_t size, size_t align, void *user)
{
    size_t *left = user;
    if (size > *left) return NULL;
    *left -= size;
    return aligned_alloc(align, (size + align - 1) / align * align);
}

static void release(void *memory, void *user)
{
    (void)user;
    free(memory);
}

static void touch_line(const char *text, void *user)
{
    (void)user;
    fuzz_touch(text, strlen(text));
}

static void check_weights(nn_model *model)
{
    size_t count;
    const nn_float *weights = nn_model_read_params(model, &count);
    for (size_t i = 0; i < count; i++) FUZZ_CHECK(isfinite(weights[i]));
    for (int i = 0; i < nn_model_weight_count(model); i++) {
        const nn_weight_info info = nn_model_weight_info(model, i);
        char name[160];
        nn_tensor value;
        FUZZ_CHECK(strlen(info.layer) + strlen(info.name) + 2 <= sizeof name);
        strcat(strcat(strcpy(name, info.layer), "/"), info.name);
        FUZZ_CHECK(nn_model_weight(model, name, &value, NULL) == NN_OK);
        fuzz_touch(value.f32, nn_shape_count(value.shape) * sizeof *value.f32);
    }
}

/* One sample of zeros. */
static void forward(nn_model *model, nn_dtype type)
{
    static const int64_t offsets[] = { 0, 2 };
    nn_shape shape = nn_model_input_shape(model);
    FUZZ_CHECK(shape.rank < NN_MAX_RANK);
    memmove(shape.dim + 1, shape.dim, sizeof shape.dim - sizeof shape.dim[0]);
    shape.dim[0] = 1;
    shape.rank++;
    const bool ragged = shape.rank == 2 && shape.dim[1] == NN_RAGGED;
    const size_t count = ragged ? 2 : nn_shape_count(shape);
    if (count > LARGEST_SAMPLE) return;
    void *zeros = calloc(count + 1, sizeof(nn_float));
    FUZZ_CHECK(zeros);
    nn_tensor x = type == NN_F32 ? nn_view_f32(zeros, shape) : nn_view_i32(zeros, shape);
    if (ragged) x = nn_view_ragged(zeros, offsets, 1);
    const nn_tensor *y = nn_forward(model, &x, NN_EVAL);
    if (y)
        fuzz_touch(y->f32, nn_shape_count(y->shape) * sizeof *y->f32);
    else
        fuzz_check_refusal(nn_model_error(model), "");
    free(zeros);
}

static void use(nn_model *model)
{
    FUZZ_CHECK(nn_model_max_batch(model) == 1);
    check_weights(model);
    nn_model_summary(model, touch_line, NULL);
    forward(model, NN_F32);
    forward(model, NN_I32);
    nn_model_destroy(model);
}

/*
 * The model that the architecture describes, with weights of its own: the file may lack those that it needs, as mostly
 * after a mutation, and a seal.
 */
static void make_by_itself(const char *path, size_t size, const nn_allocator *allocator)
{
    nn_st_reader reader;
    nn_architecture architecture;
    nn_error error = { 0 };
    if (nn_st_open(&reader, path, &error) != NN_OK) return;
    const char *text = nn_st_metadata(&reader, nn_item_key(NN_ITEM_MODEL, "model").text);
    const nn_json json = { path, "model", text, text ? strlen(text) : 0, 0 };
    if (text && nn_architecture_read(&architecture, &json, &error) == NN_OK) {
        architecture.def.max_batch = 1;
        architecture.def.threads = 1;
        architecture.def.isa = NN_ISA_PORTABLE;
        architecture.def.allocator = allocator;
        nn_model *model = nn_model_create_within(&architecture.def, size, &error);
        if (model)
            use(model);
        else
            fuzz_check_refusal(error.text, "");
        nn_architecture_free(&architecture);
    }
    nn_st_close(&reader);
}

/* The model with the weights that are in the file; whether it has them. */
static bool load(const char *path, const nn_allocator *allocator)
{
    const nn_model_def def = { .max_batch = 1, .threads = 1, .isa = NN_ISA_PORTABLE, .allocator = allocator };
    nn_error error = { 0 };
    nn_model *model = nn_model_load(path, NULL, &def, &error);
    if (!model) {
        fuzz_check_refusal(error.text, path);
        return false;
    }
    fuzz_accepted++;
    use(model);
    return true;
}

/* Loading and making both read the header, and most inputs lack weights. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t left = MEMORY;
    const char *path = fuzz_file(0, bytes, size);
    const nn_allocator allocator = { .alloc = allocate, .release = release, .user = &left };
    if (fuzz_one_in_four(bytes, size) && load(path, &allocator)) return 0;
    left = MEMORY;
    make_by_itself(path, size, &allocator);
    return 0;
}
