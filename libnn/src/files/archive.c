/* The list of things to save and load. */
#include "archive.h"
#include "../memory.h"
#include "../model.h"
#include "../optim.h"
#include "fields.h"
#include "report.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

nn_archive *nn_archive_create(nn_error *error)
{
    if (error) *error = (nn_error){ 0 };
    nn_archive *archive = calloc(1, sizeof *archive);
    if (!archive) nn_fail(error, NN_ERR_MEMORY, "archive: no memory");
    return archive;
}

void nn_archive_destroy(nn_archive *archive)
{
    if (!archive) return;
    nn_claim_end(&archive->claim);
    free(archive->items);
    free(archive->entries);
    free(archive);
}

/* --- growing lists --- */

/* Room for one more element of `size` bytes; the old list stays if there is none. */
static bool grow(void **list, size_t count, size_t *room, size_t size)
{
    size_t bytes = 0;
    const size_t wanted = 2 * count + 8;
    if (count < *room) return true;
    if (!nn_mul_size(wanted, size, &bytes)) return false;
    void *grown = realloc(*list, bytes);
    if (!grown) return false;
    *list = grown;
    *room = wanted;
    return true;
}

/* NULL, or what is wrong with the name of an item. */
static const char *name_fault(const char *name)
{
    if (!name || !name[0]) return "expected a name, got none";
    if (strlen(name) >= NN_ITEM_NAME) return "expected at most 47 characters";
    if (strncmp(name, "kvist.", 6) == 0 || strcmp(name, "__metadata__") == 0 || strcmp(name, "..") == 0)
        return "this name is taken";
    if (!nn_is_utf8(name, strlen(name))) return "expected UTF-8";
    for (; *name; name++)
        if (*name == '/' || *name == 0x7f || (unsigned char)*name < ' ')
            return "expected no '/' and no control characters";
    return NULL;
}

/* An archive that no reader would take does not come about. */
static void check_room(nn_archive *archive, const char *what, size_t count, size_t most)
{
    if (archive->error.status == NN_OK && count >= most)
        nn_fail(&archive->error, NN_ERR_ARGUMENT, "archive: %s: expected at most %zu, got more", what, most);
}

bool nn_item_has_metadata(nn_item_kind kind)
{
    return kind == NN_ITEM_MODEL || kind == NN_ITEM_OPTIM;
}

/* Two entries of metadata are every archive's own. */
static void check_metadata(nn_archive *archive)
{
    size_t count = 0;
    for (size_t i = 0; i < archive->item_count; i++) count += nn_item_has_metadata(archive->items[i].kind);
    check_room(archive, "models and optimisers", count, NN_ST_MAX_METADATA - 2);
}

/* A new item; NULL after a failure, this one's or an earlier one's. */
static nn_item *add_item(nn_archive *archive, nn_item_kind kind, const char *name, const void *thing)
{
    if (!archive || archive->error.status != NN_OK) return NULL;
    const char *fault = name_fault(name);
    void *items = archive->items;
    if (fault) nn_fail(&archive->error, NN_ERR_ARGUMENT, "archive: %s name: %s", nn_item_kind_name(kind), fault);
    for (size_t i = 0; !fault && i < archive->item_count; i++)
        if (strcmp(archive->items[i].name, name) == 0)
            nn_fail(&archive->error, NN_ERR_ARGUMENT, "archive: \"%s\": expected each name once, got it again", name);
    if (!fault && !thing)
        nn_fail(&archive->error, NN_ERR_ARGUMENT, "archive: \"%s\": expected something to add, got NULL", name);
    if (nn_item_has_metadata(kind)) check_metadata(archive);
    if (archive->error.status == NN_OK && !grow(&items, archive->item_count, &archive->item_room, sizeof(nn_item)))
        nn_fail(&archive->error, NN_ERR_MEMORY, "archive: no memory for \"%s\"", name);
    archive->items = items;
    if (archive->error.status != NN_OK) return NULL;
    nn_item *item = &archive->items[archive->item_count++];
    *item = (nn_item){ .kind = kind };
    memcpy(item->name, name, strlen(name) + 1);
    return item;
}

/* A new tensor, its name to be printed by the caller; a throw-away one after a failure. */
static nn_entry *add_entry(nn_archive *archive, nn_st_type type, void *memory, nn_entry_check check, int rank,
                           const size_t *dim, nn_entry *spare)
{
    void *entries = archive->entries;
    nn_entry *entry = spare;
    if (archive->error.status == NN_OK && !grow(&entries, archive->entry_count, &archive->entry_room, sizeof(nn_entry)))
        nn_fail(&archive->error, NN_ERR_MEMORY, "archive: no memory for its list of tensors");
    check_room(archive, "tensors", archive->entry_count, NN_ST_MAX_TENSORS - 1); /* and the seal */
    archive->entries = entries;
    if (archive->error.status == NN_OK) entry = &archive->entries[archive->entry_count++];
    *entry = (nn_entry){ .form = { .type = type, .rank = rank, .size = nn_st_type_size(type) },
                         .memory = memory,
                         .check = check };
    for (int i = 0; i < rank; i++) {
        entry->form.dim[i] = dim[i];
        entry->form.size *= dim[i];
    }
    return entry;
}

/* --- models and optimisers --- */

/* A weight, or what an optimiser keeps of its shape. */
static void add_reals(nn_archive *archive, const char *prefix, const nn_layer *layer, const nn_weight *weight,
                      nn_float *values)
{
    nn_entry spare;
    size_t dim[NN_MAX_RANK];
    for (int i = 0; i < weight->shape.rank; i++) dim[i] = (size_t)weight->shape.dim[i];
    nn_entry *entry = add_entry(archive, nn_st_real_type(), values, NN_FINITE, weight->shape.rank, dim, &spare);
    snprintf(entry->name, sizeof entry->name, "%s%s%s/%s", prefix, prefix[0] ? "/" : "", layer->name, weight->name);
}

void nn_archive_add_weights(nn_archive *archive, const char *prefix, nn_model *model)
{
    for (int i = 0; i < model->layer_count; i++)
        if (!nn_is_utf8(model->layers[i].name, strlen(model->layers[i].name)))
            nn_fail(&archive->error, NN_ERR_ARGUMENT, "archive: layer %d: name: expected UTF-8", i + 1);
    for (int i = 0; i < model->layer_count; i++)
        for (int k = 0; k < model->layers[i].weight_count; k++)
            add_reals(archive, prefix, &model->layers[i], &model->layers[i].weights[k],
                      model->layers[i].weights[k].value);
}

/* A U64 or F64 tensor of an item: "item/part", or "item" itself; count 0 means a single number. */
static void add_numbers(nn_archive *archive, const char *item, const char *part, nn_st_type type, void *memory,
                        nn_entry_check check, size_t count)
{
    nn_entry spare;
    nn_entry *entry = add_entry(archive, type, memory, check, count > 0, &count, &spare);
    snprintf(entry->name, sizeof entry->name, "%s%s%s", item, part[0] ? "/" : "", part);
}

/* A generator is three whole numbers without padding: seed, stream, counter. */
_Static_assert(sizeof(nn_rng) == 3 * sizeof(uint64_t), "a generator is saved as three numbers");

void nn_archive_add_model(nn_archive *archive, const char *name, nn_model *model)
{
    nn_item *item = add_item(archive, NN_ITEM_MODEL, name, model);
    if (!item) return;
    item->model = model;
    nn_archive_add_weights(archive, name, model);
    add_numbers(archive, name, "rng", NN_ST_U64, &model->rng, NN_ANY, 3);
}

void nn_archive_add_optim(nn_archive *archive, const char *name, nn_optim *optim)
{
    nn_item *item = add_item(archive, NN_ITEM_OPTIM, name, optim);
    if (!item) return;
    item->optim = optim;
    const nn_model *model = optim->model;
    for (int slot = 0; slot < optim->slot_count; slot++) {
        char prefix[2 * NN_NAME_SIZE];
        const char *slot_name = NULL;
        nn_float *values = nn_optim_slot(optim, slot, &slot_name);
        snprintf(prefix, sizeof prefix, "%s/%s", name, slot_name);
        for (int i = 0; i < model->layer_count; i++)
            for (int k = 0; k < model->layers[i].weight_count; k++) {
                const nn_weight *weight = &model->layers[i].weights[k];
                if (weight->trainable) add_reals(archive, prefix, &model->layers[i], weight, values + weight->offset);
            }
    }
    add_numbers(archive, name, "steps", NN_ST_U64, &optim->steps, NN_ANY, 0);
    add_numbers(archive, name, "lr", NN_ST_F64, &optim->def.lr, NN_POSITIVE, 0);
}

void nn_archive_add_u64(nn_archive *archive, const char *name, uint64_t *value)
{
    if (add_item(archive, NN_ITEM_U64, name, value)) add_numbers(archive, name, "", NN_ST_U64, value, NN_ANY, 0);
}

void nn_archive_add_f64(nn_archive *archive, const char *name, double *value)
{
    if (add_item(archive, NN_ITEM_F64, name, value)) add_numbers(archive, name, "", NN_ST_F64, value, NN_ANY, 0);
}

void nn_archive_add_rng(nn_archive *archive, const char *name, nn_rng *rng)
{
    if (add_item(archive, NN_ITEM_RNG, name, rng)) add_numbers(archive, name, "", NN_ST_U64, rng, NN_ANY, 3);
}

void nn_archive_add_bytes(nn_archive *archive, const char *name, void *bytes, size_t size)
{
    nn_entry spare;
    if (!add_item(archive, NN_ITEM_BYTES, name, size > 0 ? bytes : archive)) return;
    nn_entry *entry = add_entry(archive, NN_ST_U8, bytes, NN_ANY, 1, &size, &spare);
    snprintf(entry->name, sizeof entry->name, "%s", name);
}

void nn_archive_set_bytes(nn_archive *archive, const char *name, void *bytes, size_t size)
{
    if (!archive || archive->error.status != NN_OK) return;
    for (size_t i = 0; name && (bytes || size == 0) && i < archive->entry_count; i++) {
        nn_entry *entry = &archive->entries[i];
        if (entry->form.type != NN_ST_U8 || strcmp(entry->name, name) != 0) continue;
        entry->memory = bytes;
        entry->form.dim[0] = size;
        entry->form.size = size;
        return;
    }
    nn_fail(&archive->error, NN_ERR_ARGUMENT, "archive: \"%.47s\": expected bytes that were added, and where they are",
            name ? name : "");
}

/* --- what saving and loading share --- */

nn_key_text nn_item_key(nn_item_kind kind, const char *name)
{
    nn_key_text key;
    snprintf(key.text, sizeof key.text, "kvist.%s.%s", kind == NN_ITEM_MODEL ? "model" : "optim", name);
    return key;
}

const char *nn_item_kind_name(nn_item_kind kind)
{
    static const char *const names[] = {
        [NN_ITEM_MODEL] = "model", [NN_ITEM_OPTIM] = "optimiser", [NN_ITEM_U64] = "number",
        [NN_ITEM_F64] = "number",  [NN_ITEM_RNG] = "generator",   [NN_ITEM_BYTES] = "bytes"
    };
    return names[kind];
}

/* The value of a real element. */
static double real_at(const nn_entry *entry, const void *values, size_t index)
{
    if (entry->form.type == NN_ST_F64) {
        double value;
        memcpy(&value, (const char *)values + index * sizeof value, sizeof value);
        return value;
    }
    float value;
    memcpy(&value, (const char *)values + index * sizeof value, sizeof value);
    return (double)value;
}

nn_status nn_entry_check_values(const nn_entry *entry, const void *values, const char *path, const uint64_t *offset,
                                nn_error *error)
{
    if (entry->check == NN_ANY) return NN_OK;
    const size_t element = nn_st_type_size(entry->form.type), count = (size_t)entry->form.size / element;
    for (size_t i = 0; i < count; i++) {
        const double value = real_at(entry, values, i);
        if (isfinite(value) && (entry->check != NN_POSITIVE || value > 0.0)) continue;
        const char *expected = entry->check == NN_POSITIVE ? "a positive number" : "a finite number";
        if (offset)
            return nn_fail_at(error, NN_ERR_NUMERIC, path, *offset + i * element,
                              "%s: element %zu: expected %s, got %g", entry->name, i, expected, value);
        return nn_fail_file(error, NN_ERR_NUMERIC, path, "%s: element %zu: expected %s, got %g", entry->name, i,
                            expected, value);
    }
    return NN_OK;
}

/* --- options of optimisers --- */

#define FIELD(kind, member)                                                                                            \
    {                                                                                                                  \
#member, NN_FIELD_##kind, offsetof(nn_optim_def, member)                                                       \
    }
/* All but the learning rate, which may have been set since. A real zero is a zero in an optimiser's own definition. */
static const nn_field optim_fields[] = {
    FIELD(OPTIM, type),
    FIELD(REAL, beta1),
    FIELD(REAL, beta2),
    FIELD(REAL, rho),
    FIELD(REAL, momentum),
    FIELD(REAL, epsilon),
    FIELD(REAL, clip_norm),
    FIELD(REAL, global_clip_norm),
    FIELD(REAL, clip_value),
    FIELD(BOOL, nesterov),
    FIELD(BOOL, epsilon_inside_sqrt),
    FIELD(SCHEDULE, schedule.type),
    FIELD(U64, schedule.steps),
    FIELD(REAL, schedule.rate),
    FIELD(REAL, schedule.end),
    FIELD(REAL, schedule.power),
    FIELD(BOOL, schedule.staircase),
};
#undef FIELD
static const nn_field_table optim_table = { optim_fields, sizeof optim_fields / sizeof optim_fields[0] };

void nn_optim_write_options(const nn_optim *optim, nn_text *text)
{
    nn_text_add_chars(text, "{");
    nn_fields_write(optim_table, &optim->def, text);
    nn_text_add_chars(text, "}");
}

nn_status nn_optim_compare_options(const nn_optim *optim, const nn_json *json, nn_error *error)
{
    nn_difference difference;
    nn_json_walk mine, theirs;
    nn_text text = { 0 };
    nn_status status = nn_json_check(json, 1, error);
    if (status == NN_OK) status = nn_json_begin(&theirs, json, true, error);
    if (status != NN_OK) return status;
    nn_optim_write_options(optim, &text);
    const nn_json own = { json->path, json->what, text.text, text.size, 0 };
    if (text.failed)
        status = nn_fail_file(error, NN_ERR_MEMORY, json->path, "%s: no memory to compare it", json->what);
    else
        status = nn_json_begin(&mine, &own, true, error);
    if (status == NN_OK && nn_fields_differ(&mine, &theirs, NULL, &difference))
        status = nn_fail_file(error, NN_ERR_MISMATCH, json->path, "%s: %s: expected %s, got %s", json->what,
                              difference.key, difference.expected, difference.got);
    free(text.text);
    return status;
}
