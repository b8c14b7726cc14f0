/* A safetensors file of other origin: its header walked through, its weights taken into a model. */
#include "files/safetensors.h"

#include "fuzz.h"
#include "models.h"

static void walk(const char *path)
{
    nn_st_reader reader;
    nn_error error = { 0 };
    if (nn_st_open(&reader, path, &error) != NN_OK) {
        fuzz_check_refusal(error.text, path);
        return;
    }
    uint64_t end = 0;
    for (size_t i = 0; i < reader.count; i++) {
        const nn_st_tensor *tensor = &reader.tensors[i];
        FUZZ_CHECK(nn_st_find(&reader, tensor->name) == tensor && tensor->begin == end);
        FUZZ_CHECK(tensor->rank >= 0 && tensor->rank <= NN_ST_MAX_RANK);
        end = tensor->begin + tensor->size;
        fuzz_touch(nn_st_format(tensor).text, sizeof(nn_st_text));
    }
    FUZZ_CHECK(reader.data_start + end == reader.file_size);
    for (size_t i = 0; i < reader.metadata_count; i++)
        FUZZ_CHECK(nn_st_metadata(&reader, reader.metadata[i].key) == reader.metadata[i].value);
    if (nn_st_read(&reader, &error) != NN_OK) fuzz_check_refusal(error.text, path);
    nn_st_close(&reader);
}

static nn_status import(fuzz_run *run, const char *path, nn_error *error)
{
    return nn_model_import(run->model, path, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *path = fuzz_file(0, bytes, size);
    walk(path);
    fuzz_load_into_run(import, path);
    return 0;
}
