/* The inside of an archive: the items that were added, and the tensors they come to. */
#ifndef NN_FILES_ARCHIVE_H
#define NN_FILES_ARCHIVE_H

#include "../layer.h"
#include "safetensors.h"

enum {
    NN_ITEM_NAME = NN_NAME_SIZE,
    NN_ENTRY_NAME = 4 * NN_NAME_SIZE, /* item/slot/layer/weight */
    NN_FORMAT_VERSION = 1
};

typedef enum nn_item_kind {
    NN_ITEM_MODEL,
    NN_ITEM_OPTIM,
    NN_ITEM_U64,
    NN_ITEM_F64,
    NN_ITEM_RNG,
    NN_ITEM_BYTES
} nn_item_kind;

typedef struct nn_item {
    nn_item_kind kind;
    char name[NN_ITEM_NAME];
    nn_model *model;
    nn_optim *optim;
} nn_item;

/* What a value must be. */
typedef enum nn_entry_check { NN_ANY, NN_FINITE, NN_POSITIVE } nn_entry_check;

/* A tensor of the file and the memory it stands for. */
typedef struct nn_entry {
    char name[NN_ENTRY_NAME];
    nn_st_tensor form; /* type, rank, dim, size */
    void *memory;      /* the owner's */
    nn_entry_check check;
    nn_st_tensor *found; /* loading: in the file */
    void *staged;        /* loading: what was read, until all of it is known to be right */
} nn_entry;

struct nn_archive {
    nn_error error; /* of the first add that failed */
    nn_item *items;
    size_t item_count, item_room;
    nn_entry *entries;
    size_t entry_count, entry_room;
    nn_claim claim; /* of the last path saved to */
};

/* Adds the weights of a model under "prefix/layer/weight"; prefix "": "layer/weight". */
void nn_archive_add_weights(nn_archive *archive, const char *prefix, nn_model *model);

/* Metadata keys of a model's architecture and an optimiser's options. */
typedef struct nn_key_text {
    char text[NN_ITEM_NAME + 16];
} nn_key_text;
nn_key_text nn_item_key(nn_item_kind kind, const char *name);
/* Whether things of a kind are described in the file's metadata, by that key. */
bool nn_item_has_metadata(nn_item_kind kind);
/* "model", "optimiser", "number", ... */
const char *nn_item_kind_name(nn_item_kind kind);

/* The options of an optimiser as JSON text, and the first that is not the same. The learning rate may differ. */
void nn_optim_write_options(const nn_optim *optim, nn_text *text);
nn_status nn_optim_compare_options(const nn_optim *optim, const nn_json *json, nn_error *error);

/* ERR_NUMERIC, naming the element, if a value is not what it must be. `offset` is 0 or where the tensor lies. */
nn_status nn_entry_check_values(const nn_entry *entry, const void *values, const char *path, const uint64_t *offset,
                                nn_error *error);

/* --- loading --- */

/* Opens a file that must be sealed. */
nn_status nn_archive_open(nn_st_reader *reader, const char *path, nn_error *error);
/* Once the seal is known to be right: the format must not be a newer one. */
nn_status nn_archive_check_version(const nn_st_reader *reader, nn_error *error);
/* Finds the entries among the tensors of a file: ERR_MISMATCH with what is missing, extra or of another shape. */
nn_status nn_archive_match(nn_archive *archive, nn_st_reader *reader, nn_error *error);
/* The same for a file of other origin: tensors only. */
nn_status nn_archive_match_foreign(nn_archive *archive, nn_st_reader *reader, nn_error *error);
/* Reads what was matched, and copies it to its owners when all of it is right; `misfit` is reported if the file is
 * whole. */
nn_status nn_archive_take(nn_archive *archive, nn_st_reader *reader, const nn_error *misfit, nn_error *error);
/* Loads from this very file; *damaged: the one before may be better. */
nn_status nn_archive_load_file(nn_archive *archive, const char *path, bool *damaged, nn_error *error);

/* One way to load a file. */
typedef nn_status nn_load_function(void *context, const char *path, bool *damaged, nn_error *error);
/* Loads `path`, or `path`.prev if that is damaged or not there; error->text says so, with NN_OK. */
nn_status nn_load_or_previous(const char *path, nn_load_function *load, void *context, nn_error *error);

#endif
