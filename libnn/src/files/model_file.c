/* Whole models to and from files, and single parts of a file. */
#include "../model.h"
#include "architecture.h"
#include "archive.h"
#include "report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- saving --- */

nn_status nn_model_save(nn_model *model, const char *path, nn_error *error)
{
    nn_archive *archive = nn_archive_create(error);
    if (!archive) return NN_ERR_MEMORY;
    nn_archive_add_model(archive, "model", model);
    const nn_status status = nn_archive_save(archive, path, error);
    nn_archive_destroy(archive);
    return status;
}

/* --- making a model from a file --- */

typedef struct model_load {
    const char *name;
    const nn_model_def *def;
    nn_model *model;
} model_load;

/* Reads the architecture of a file that is whole. */
static nn_status read_architecture(const model_load *load, nn_st_reader *reader, nn_architecture *architecture,
                                   nn_error *error)
{
    char what[NN_ITEM_NAME + 16];
    nn_status status = nn_st_read(reader, error);
    if (status == NN_OK) status = nn_archive_check_version(reader, error);
    if (status != NN_OK) return status;
    snprintf(what, sizeof what, "model \"%.47s\"", load->name);
    const char *text = nn_st_metadata(reader, nn_item_key(NN_ITEM_MODEL, load->name).text);
    if (!text || strlen(load->name) >= NN_ITEM_NAME)
        return nn_fail_file(error, NN_ERR_MISMATCH, reader->path, "%s: expected it, got a file without", what);
    const nn_json json = { reader->path, what, text, strlen(text), 8 };
    return nn_architecture_read(architecture, &json, error);
}

/* A file of `size` bytes holds no more weights than that, whatever its architecture says. */
static nn_status make_model(model_load *load, nn_architecture *architecture, const char *path, uint64_t size,
                            nn_error *error)
{
    nn_error reason = { 0 };
    nn_model_def *def = &architecture->def;
    if (load->def) {
        if (load->def->max_batch != 0) def->max_batch = load->def->max_batch;
        def->threads = load->def->threads;
        def->isa = load->def->isa;
        def->keep_blas_threads = load->def->keep_blas_threads;
        def->allocator = load->def->allocator;
    }
    const uint64_t most = size / sizeof(nn_float);
    load->model = nn_model_create_within(def, most < SIZE_MAX ? (size_t)most : SIZE_MAX, &reason);
    return load->model ? NN_OK : nn_fail_file(error, reason.status, path, "%s", reason.text);
}

static nn_status load_weights(model_load *load, const char *path, bool *damaged, nn_error *error)
{
    nn_archive *archive = nn_archive_create(error);
    if (!archive) return NN_ERR_MEMORY;
    nn_archive_add_model(archive, load->name, load->model);
    nn_status status = archive->error.status;
    if (status == NN_OK)
        status = nn_archive_load_file(archive, path, damaged, error);
    else
        nn_fail(error, status, "%s", archive->error.text);
    nn_archive_destroy(archive);
    return status;
}

static nn_status load_model(void *context, const char *path, bool *damaged, nn_error *error)
{
    model_load *load = context;
    nn_st_reader reader;
    nn_architecture architecture = { 0 };
    nn_status status = nn_archive_open(&reader, path, error);
    if (status == NN_OK) {
        status = read_architecture(load, &reader, &architecture, error);
        nn_st_close(&reader);
    }
    *damaged = reader.damaged;
    if (status == NN_OK) status = make_model(load, &architecture, path, reader.file_size, error);
    if (status == NN_OK) status = load_weights(load, path, damaged, error);
    nn_architecture_free(&architecture);
    if (status != NN_OK) {
        nn_model_destroy(load->model);
        load->model = NULL;
    }
    return status;
}

nn_model *nn_model_load(const char *path, const char *name, const nn_model_def *def, nn_error *error)
{
    model_load load = { name ? name : "model", def, NULL };
    if (error) *error = (nn_error){ 0 };
    if (!path) {
        nn_fail(error, NN_ERR_ARGUMENT, "model: expected a path, got NULL");
        return NULL;
    }
    return nn_load_or_previous(path, load_model, &load, error) == NN_OK ? load.model : NULL;
}

/* --- weights of other origin --- */

nn_status nn_model_import(nn_model *model, const char *path, nn_error *error)
{
    nn_st_reader reader;
    nn_error misfit = { 0 };
    if (error) *error = (nn_error){ 0 };
    if (!model || !path) return nn_fail(error, NN_ERR_ARGUMENT, "import: expected a model and a path, got NULL");
    nn_archive *archive = nn_archive_create(error);
    if (!archive) return NN_ERR_MEMORY;
    nn_archive_add_weights(archive, "", model);
    nn_status status = archive->error.status;
    if (status != NN_OK) nn_fail(error, status, "%s", archive->error.text);
    if (status == NN_OK) status = nn_st_open(&reader, path, error);
    if (status == NN_OK) {
        nn_archive_match_foreign(archive, &reader, &misfit);
        status = nn_archive_take(archive, &reader, &misfit, error);
        nn_st_close(&reader);
    }
    if (status == NN_OK) nn_model_weights_changed(model);
    nn_archive_destroy(archive);
    return status;
}

/* --- bytes of unknown size --- */

typedef struct bytes_load {
    const char *name;
    unsigned char *bytes;
    size_t size;
} bytes_load;

/* Finds the bytes and memory for them; the size was checked against the file's. */
static nn_status find_bytes(bytes_load *load, nn_st_reader *reader, nn_error *error)
{
    const nn_status status = nn_archive_check_version(reader, error);
    nn_st_tensor *tensor = nn_st_find(reader, load->name);
    if (status != NN_OK) return status;
    if (!tensor || tensor->type != NN_ST_U8 || tensor->rank != 1)
        return nn_fail_file(error, NN_ERR_MISMATCH, reader->path, "bytes \"%.64s\": expected them, got a file without",
                            load->name);
    load->size = (size_t)tensor->size;
    load->bytes = malloc(load->size + 1);
    if (!load->bytes)
        return nn_fail_file(error, NN_ERR_MEMORY, reader->path, "bytes \"%.64s\": no memory for %zu", load->name,
                            load->size);
    tensor->data = load->bytes;
    return NN_OK;
}

static nn_status load_bytes(void *context, const char *path, bool *damaged, nn_error *error)
{
    bytes_load *load = context;
    nn_st_reader reader;
    nn_error misfit = { 0 };
    nn_status status = nn_archive_open(&reader, path, error);
    if (status == NN_OK) {
        find_bytes(load, &reader, &misfit);
        status = nn_st_read(&reader, error);
        if (status == NN_OK && misfit.status != NN_OK) {
            *error = misfit;
            status = misfit.status;
        }
        nn_st_close(&reader);
    }
    *damaged = reader.damaged;
    if (status != NN_OK) {
        free(load->bytes);
        *load = (bytes_load){ .name = load->name };
    }
    return status;
}

nn_status nn_archive_read_bytes(const char *path, const char *name, void **bytes, size_t *size, nn_error *error)
{
    bytes_load load = { .name = name };
    if (error) *error = (nn_error){ 0 };
    if (!path || !name || !bytes || !size)
        return nn_fail(error, NN_ERR_ARGUMENT, "bytes: expected a path, a name and where to put them, got NULL");
    const nn_status status = nn_load_or_previous(path, load_bytes, &load, error);
    *bytes = load.bytes;
    *size = load.size;
    return status;
}

void nn_bytes_free(void *bytes)
{
    free(bytes);
}
