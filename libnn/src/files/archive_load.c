#include "../memory.h"
#include "../model.h"
#include "architecture.h"
#include "archive.h"
#include "misfit.h"
#include "report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the file as a whole --- */

static nn_status check_sealed(nn_st_reader *reader, nn_error *error)
{
    if (nn_st_sealed(reader)) return NN_OK;
    reader->damaged = true;
    return nn_fail_at(error, NN_ERR_FORMAT, reader->path, reader->file_size,
                      "expected a seal, got none: not written by kvist (nn_model_import takes other files)");
}

nn_status nn_archive_open(nn_st_reader *reader, const char *path, nn_error *error)
{
    nn_status status = nn_st_open(reader, path, error);
    if (status != NN_OK) return status;
    status = check_sealed(reader, error);
    if (status != NN_OK) nn_st_close(reader);
    return status;
}

/* The format's version, whole and small; a file whose seal is right but has none was not written by us. */
nn_status nn_archive_check_version(const nn_st_reader *reader, nn_error *error)
{
    const char *text = nn_st_metadata(reader, "kvist.format");
    int version = 0;
    for (const char *at = text; at && *at >= '0' && *at <= '9' && version < 1000000; at++)
        version = 10 * version + *at - '0';
    if (version < 1)
        return nn_fail_at(error, NN_ERR_FORMAT, reader->path, 8, "kvist.format: expected a number, got none");
    if (version <= NN_FORMAT_VERSION) return NN_OK;
    return nn_fail_at(error, NN_ERR_FORMAT, reader->path, 8,
                      "kvist.format: expected at most %d, got %d: of a newer kvist", NN_FORMAT_VERSION, version);
}

/* --- what fits --- */

static bool is_present(const nn_item *item, const nn_st_reader *reader)
{
    if (item->kind == NN_ITEM_MODEL || item->kind == NN_ITEM_OPTIM)
        return nn_st_metadata(reader, nn_item_key(item->kind, item->name).text) != NULL;
    return nn_st_find(reader, item->name) != NULL;
}

static nn_status check_present(const nn_archive *archive, const nn_st_reader *reader, nn_error *error)
{
    enum { LISTED = 10 };
    char names[160] = "";
    int count = 0;
    size_t used = 0;
    for (size_t i = 0; i < archive->item_count; i++) {
        const nn_item *item = &archive->items[i];
        if (is_present(item, reader)) continue;
        if (count++ < LISTED && used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s \"%s\"", used > 0 ? ", " : "",
                                     nn_item_kind_name(item->kind), item->name);
    }
    if (count == 0) return NN_OK;
    return nn_fail_file(error, NN_ERR_MISMATCH, reader->path, "%d of %zu parts not in this file: %s", count,
                        archive->item_count, names);
}

/* Whether a tensor of the file belongs to a model or an optimiser on the list. */
static bool is_listed(const nn_archive *archive, const nn_st_tensor *tensor)
{
    for (size_t i = 0; i < archive->item_count; i++) {
        const size_t length = strlen(archive->items[i].name);
        if (strncmp(tensor->name, archive->items[i].name, length) == 0 && tensor->name[length] == '/') return true;
    }
    return false;
}

static nn_status match_tensors(nn_archive *archive, nn_st_reader *reader, bool foreign, nn_error *error)
{
    nn_misfit misfit = { 0 };
    for (size_t i = 0; i < archive->entry_count; i++) {
        nn_entry *entry = &archive->entries[i];
        entry->found = nn_st_find(reader, entry->name);
        if (!entry->found) {
            nn_misfit_add(&misfit, NN_MISSING, entry->name);
            continue;
        }
        entry->found->wanted = true;
        if (nn_st_same_form(&entry->form, entry->found)) continue;
        char text[NN_ENTRY_NAME + 2 * sizeof(nn_st_text) + 32];
        snprintf(text, sizeof text, "%s: expected %s, got %s", entry->name, nn_st_format(&entry->form).text,
                 nn_st_format(entry->found).text);
        nn_misfit_add(&misfit, NN_MISMATCHED, text);
    }
    for (size_t i = 0; i < reader->count; i++)
        if (!reader->tensors[i].wanted && strcmp(reader->tensors[i].name, NN_ST_SEAL) != 0 &&
            (foreign || is_listed(archive, &reader->tensors[i])))
            nn_misfit_add(&misfit, NN_EXTRA, reader->tensors[i].name);
    return nn_misfit_report(&misfit, reader->path, error);
}

static nn_status compare_items(const nn_archive *archive, const nn_st_reader *reader, nn_error *error)
{
    nn_status status = NN_OK;
    for (size_t i = 0; status == NN_OK && i < archive->item_count; i++) {
        const nn_item *item = &archive->items[i];
        if (item->kind != NN_ITEM_MODEL && item->kind != NN_ITEM_OPTIM) continue;
        const char *text = nn_st_metadata(reader, nn_item_key(item->kind, item->name).text);
        char what[NN_ITEM_NAME + 16];
        snprintf(what, sizeof what, "%s \"%s\"", nn_item_kind_name(item->kind), item->name);
        const nn_json json = { reader->path, what, text, strlen(text), 8 };
        status = item->kind == NN_ITEM_MODEL ? nn_architecture_compare(item->model, &json, error)
                                             : nn_optim_compare_options(item->optim, &json, error);
    }
    return status;
}

nn_status nn_archive_match(nn_archive *archive, nn_st_reader *reader, nn_error *error)
{
    nn_status status = nn_archive_check_version(reader, error);
    if (status == NN_OK) status = check_present(archive, reader, error);
    if (status == NN_OK) status = match_tensors(archive, reader, false, error);
    if (status == NN_OK) status = compare_items(archive, reader, error);
    return status;
}

nn_status nn_archive_match_foreign(nn_archive *archive, nn_st_reader *reader, nn_error *error)
{
    return match_tensors(archive, reader, true, error);
}

/* --- all of it or nothing --- */

/* One piece of memory for all that is wanted: as much as its owners hold already, whatever the file says. */
static nn_status stage(nn_archive *archive, const nn_st_reader *reader, unsigned char **memory, nn_error *error)
{
    nn_arena arena = { 0 };
    for (size_t i = 0; i < archive->entry_count; i++) nn_arena_take(&arena, (size_t)archive->entries[i].form.size, 1);
    *memory = arena.overflow ? NULL : malloc(arena.used + 1);
    if (!*memory) return nn_fail_file(error, NN_ERR_MEMORY, reader->path, "no memory for %zu bytes of it", arena.used);
    arena = (nn_arena){ .base = *memory };
    for (size_t i = 0; i < archive->entry_count; i++) {
        nn_entry *entry = &archive->entries[i];
        entry->staged = nn_arena_take(&arena, (size_t)entry->form.size, 1);
        entry->found->data = entry->staged;
    }
    return NN_OK;
}

static nn_status check_staged(const nn_archive *archive, const nn_st_reader *reader, nn_error *error)
{
    nn_status status = NN_OK;
    for (size_t i = 0; status == NN_OK && i < archive->entry_count; i++) {
        const nn_entry *entry = &archive->entries[i];
        const uint64_t offset = nn_st_offset(reader, entry->found, 0);
        status = nn_entry_check_values(entry, entry->staged, reader->path, &offset, error);
    }
    return status;
}

/* Nothing fails from here on. */
static void commit(nn_archive *archive)
{
    for (size_t i = 0; i < archive->entry_count; i++) {
        const nn_entry *entry = &archive->entries[i];
        if (entry->form.size > 0) memcpy(entry->memory, entry->staged, (size_t)entry->form.size);
    }
    for (size_t i = 0; i < archive->item_count; i++)
        if (archive->items[i].kind == NN_ITEM_MODEL) nn_model_weights_changed(archive->items[i].model);
}

nn_status nn_archive_take(nn_archive *archive, nn_st_reader *reader, const nn_error *misfit, nn_error *error)
{
    unsigned char *memory = NULL;
    nn_status status = misfit->status == NN_OK ? stage(archive, reader, &memory, error) : NN_OK;
    if (status == NN_OK) status = nn_st_read(reader, error);
    if (status == NN_OK && misfit->status != NN_OK) {
        if (error) *error = *misfit;
        status = misfit->status;
    }
    if (status == NN_OK) status = check_staged(archive, reader, error);
    if (status == NN_OK) commit(archive);
    free(memory);
    return status;
}

nn_status nn_archive_load_file(nn_archive *archive, const char *path, bool *damaged, nn_error *error)
{
    nn_st_reader reader;
    nn_error misfit = { 0 };
    nn_status status = nn_archive_open(&reader, path, error);
    if (status == NN_OK) {
        /* A misfit counts only if the seal says that the header is what was written. */
        nn_archive_match(archive, &reader, &misfit);
        status = nn_archive_take(archive, &reader, &misfit, error);
        nn_st_close(&reader);
    }
    *damaged = reader.damaged;
    return status;
}

/* --- the file before --- */

/* Loads it in place of a damaged file; *error says what is wrong with that one, and afterwards what came of it. */
static nn_status load_previous(const char *path, nn_load_function *load, void *context, nn_error *error)
{
    nn_error second = { 0 };
    bool damaged = false;
    const size_t room = strlen(path) + sizeof ".prev";
    char *previous = malloc(room), text[sizeof error->text];
    nn_status status = NN_ERR_MEMORY;
    if (previous) {
        snprintf(previous, room, "%s.prev", path);
        status = load(context, previous, &damaged, &second);
        free(previous);
    } else {
        nn_fail_file(&second, NN_ERR_MEMORY, path, "no memory to load its .prev");
    }
    if (status == NN_ERR_MEMORY) *error = second; /* it may be whole, and loads another time */
    if (status != NN_OK) return error->status;
    memcpy(text, error->text, sizeof text);
    error->status = NN_OK;
    snprintf(error->text, sizeof error->text, "took .prev instead: %.*s", (int)sizeof text - 21, text);
    return NN_OK;
}

nn_status nn_load_or_previous(const char *path, nn_load_function *load, void *context, nn_error *error)
{
    nn_error first = { 0 };
    bool damaged = false;
    nn_status status = load(context, path, &damaged, &first);
    if (status != NN_OK && damaged) status = load_previous(path, load, context, &first);
    if (error) *error = first;
    return status;
}

static nn_status load_archive(void *context, const char *path, bool *damaged, nn_error *error)
{
    return nn_archive_load_file(context, path, damaged, error);
}

nn_status nn_archive_load(nn_archive *archive, const char *path, nn_error *error)
{
    if (error) *error = (nn_error){ 0 };
    if (!archive || !path) return nn_fail(error, NN_ERR_ARGUMENT, "archive: expected an archive and a path, got NULL");
    if (archive->error.status != NN_OK) return nn_fail(error, archive->error.status, "%s", archive->error.text);
    return nn_load_or_previous(path, load_archive, archive, error);
}
