#include "architecture.h"
#include "archive.h"
#include "report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- metadata --- */

static void add_value(nn_text *metadata, const char *key, const char *value, size_t size)
{
    nn_text_add_name(metadata, key);
    nn_text_add_string(metadata, value, size);
}

static void add_item_text(nn_text *metadata, const nn_item *item)
{
    nn_text text = { 0 };
    if (!nn_item_has_metadata(item->kind)) return;
    if (item->kind == NN_ITEM_MODEL)
        nn_architecture_write(item->model, &text);
    else
        nn_optim_write_options(item->optim, &text);
    add_value(metadata, nn_item_key(item->kind, item->name).text, text.text, text.failed ? 0 : text.size);
    metadata->failed |= text.failed;
    free(text.text);
}

static nn_text make_metadata(const nn_archive *archive)
{
    nn_text metadata = { 0 };
    char format[16];
    snprintf(format, sizeof format, "%d", NN_FORMAT_VERSION);
    nn_text_add_chars(&metadata, "{");
    add_value(&metadata, "kvist.format", format, strlen(format));
    add_value(&metadata, "kvist.version", NN_VERSION, sizeof NN_VERSION - 1);
    for (size_t i = 0; i < archive->item_count; i++) add_item_text(&metadata, &archive->items[i]);
    nn_text_add_chars(&metadata, "}");
    return metadata;
}

/* --- tensors --- */

/* The tensors with the largest elements first, so that each lies at a multiple of its element; room for the seal. */
static nn_st_tensor *make_tensors(const nn_archive *archive)
{
    nn_st_tensor *tensors = calloc(archive->entry_count + 1, sizeof *tensors), *next = tensors;
    for (size_t size = 8; tensors && size > 0; size /= 2)
        for (size_t i = 0; i < archive->entry_count; i++) {
            const nn_entry *entry = &archive->entries[i];
            if (nn_st_type_size(entry->form.type) != size) continue;
            *next = entry->form;
            next->name = entry->name;
            next->data = entry->memory;
            next++;
        }
    return tensors;
}

/* What would not load is not saved either: the last good file stays. */
static nn_status check_values(const nn_archive *archive, const char *path, nn_error *error)
{
    nn_status status = NN_OK;
    for (size_t i = 0; status == NN_OK && i < archive->entry_count; i++)
        status = nn_entry_check_values(&archive->entries[i], archive->entries[i].memory, path, NULL, error);
    return status;
}

static nn_status write_file(nn_archive *archive, const nn_text *metadata, nn_st_tensor *tensors, nn_error *error)
{
    nn_replacement file;
    nn_status status = nn_replace_begin(&file, &archive->claim, error);
    if (status != NN_OK) return status;
    status = nn_st_write(&file, metadata, tensors, archive->entry_count, error);
    if (status == NN_OK) return nn_replace_commit(&file, error);
    nn_replace_discard(&file);
    return status;
}

nn_status nn_archive_claim(nn_archive *archive, const char *path, nn_error *error)
{
    if (error) *error = (nn_error){ 0 };
    if (!archive || !path) return nn_fail(error, NN_ERR_ARGUMENT, "archive: expected an archive and a path, got NULL");
    if (archive->error.status != NN_OK) return nn_fail(error, archive->error.status, "%s", archive->error.text);
    return nn_claim_begin(&archive->claim, path, error);
}

nn_status nn_archive_save(nn_archive *archive, const char *path, nn_error *error)
{
    if (error) *error = (nn_error){ 0 };
    if (!archive || !path) return nn_fail(error, NN_ERR_ARGUMENT, "archive: expected an archive and a path, got NULL");
    if (archive->error.status != NN_OK) return nn_fail(error, archive->error.status, "%s", archive->error.text);
    nn_status status = check_values(archive, path, error);
    if (status == NN_OK) status = nn_claim_begin(&archive->claim, path, error);
    if (status != NN_OK) return status;
    nn_text metadata = make_metadata(archive);
    nn_st_tensor *tensors = make_tensors(archive);
    if (!metadata.failed && tensors)
        status = write_file(archive, &metadata, tensors, error);
    else
        status = nn_fail_file(error, NN_ERR_MEMORY, path, "no memory for a table of %zu tensors", archive->entry_count);
    free(tensors);
    free(metadata.text);
    return status;
}
