#include "../memory.h"
#include "report.h"
#include "safetensors.h"
#include "system.h"
#include "text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    LENGTH_SIZE = 8,
    READ_CHUNK = 1 << 20, /* hashed while it is in the cache, and short enough for any read() */
    DROP_CHUNK = 1 << 14, /* of tensors nobody wants, on the stack */
    MIN_ENTRY = 40,       /* {"dtype":"U8","shape":[],"data_offsets":[0,0]} is 47 */
};

static nn_status read_exactly(nn_st_reader *reader, void *bytes, size_t size, uint64_t offset, nn_error *error)
{
    unsigned char *to = bytes;
    while (size > 0) {
        const ssize_t got = nn_sys_read(reader->fd, to, size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            reader->damaged = true;
            return nn_fail_errno(error, reader->path, "read", errno);
        }
        if (got == 0)
            return nn_fail_at(error, NN_ERR_FORMAT, reader->path, offset, "expected %zu more bytes, got the end", size);
        to += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return NN_OK;
}

/* --- the header --- */

static nn_status read_header(nn_st_reader *reader, nn_json *json, nn_error *error)
{
    unsigned char bytes[LENGTH_SIZE];
    if (reader->file_size < LENGTH_SIZE)
        return nn_fail_at(error, NN_ERR_FORMAT, reader->path, reader->file_size,
                          "header length: expected 8 bytes, got %llu", (unsigned long long)reader->file_size);
    nn_status status = read_exactly(reader, bytes, LENGTH_SIZE, 0, error);
    if (status != NN_OK) return status;
    uint64_t length = 0;
    for (int i = LENGTH_SIZE - 1; i >= 0; i--) length = length << 8 | bytes[i];
    uint64_t most = reader->file_size - LENGTH_SIZE;
    if (most > NN_ST_MAX_HEADER) most = NN_ST_MAX_HEADER;
    if (length < 2 || length > most)
        return nn_fail_at(error, NN_ERR_FORMAT, reader->path, 0, "header length: expected 2 to %llu, got %llu",
                          (unsigned long long)most, (unsigned long long)length);
    reader->header = malloc((size_t)length);
    if (!reader->header)
        return nn_fail_file(error, NN_ERR_MEMORY, reader->path, "no memory for a header of %llu bytes",
                            (unsigned long long)length);
    reader->data_start = LENGTH_SIZE + length;
    status = read_exactly(reader, reader->header, (size_t)length, LENGTH_SIZE, error);
    nn_seal_begin(&reader->seal);
    nn_seal_add(&reader->seal, bytes, LENGTH_SIZE);
    if (status == NN_OK) nn_seal_add(&reader->seal, reader->header, (size_t)length);
    *json = (nn_json){ reader->path, "header", reader->header, (size_t)length, LENGTH_SIZE };
    return status;
}

/* A name becomes part of messages: no control characters. It is never a path, but looks harmless in one too. */
static const char *name_fault(const char *name)
{
    if (!name[0]) return "tensor name: expected at least one byte";
    if (strlen(name) > NN_ST_MAX_NAME) return "tensor name: expected at most 255 bytes, got more";
    for (const char *at = name; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) return "tensor name: expected no control characters";
        const bool begins = at == name || at[-1] == '/';
        if (begins && strncmp(at, "..", 2) == 0 && (at[2] == '/' || !at[2])) return "tensor name: expected no '..'";
    }
    return NULL;
}

/* Decodes a string over its own text; NULL, or what was expected. */
static const char *decode(nn_st_reader *reader, const nn_json *json, const char **text)
{
    char *to = reader->header + (json->text - reader->header);
    *text = to;
    return nn_json_string(json, to);
}

static bool find_type(const char *name, nn_st_type *type)
{
    for (int i = 0; i < NN_ST_TYPE_COUNT; i++) {
        *type = (nn_st_type)i;
        if (strcmp(nn_st_type_name(*type), name) == 0) return true;
    }
    return false;
}

/* Bytes of its shape; false if they are too many to count. */
static bool shape_bytes(const nn_st_tensor *tensor, uint64_t *bytes)
{
    size_t total = nn_st_type_size(tensor->type);
    for (int i = 0; i < tensor->rank; i++)
        if (tensor->dim[i] > SIZE_MAX || !nn_mul_size(total, (size_t)tensor->dim[i], &total)) return false;
    *bytes = total;
    return true;
}

/* Whole numbers from 0, at most `most` of them. */
static bool read_numbers(const nn_json *list, uint64_t *numbers, int most, int *count)
{
    nn_json_walk walk;
    int64_t number = 0;
    nn_status status = nn_json_begin(&walk, list, false, NULL);
    for (*count = 0; status == NN_OK && walk.more; status = nn_json_next(&walk, NULL)) {
        if (*count == most || !nn_json_number(&walk.value, &number) || number < 0) return false;
        numbers[(*count)++] = (uint64_t)number;
    }
    return status == NN_OK;
}

/* The members of an entry, each once. */
enum { DTYPE = 1, SHAPE = 2, OFFSETS = 4, ALL = 7 };

static int member_of(const nn_json *key)
{
    if (nn_json_is(key, "dtype")) return DTYPE;
    if (nn_json_is(key, "shape")) return SHAPE;
    return nn_json_is(key, "data_offsets") ? OFFSETS : 0;
}

/* One member of an entry; NULL, or what was expected. */
static const char *take_member(nn_st_reader *reader, nn_st_tensor *tensor, const nn_json *value, int member)
{
    uint64_t offsets[2] = { 0, 0 };
    const char *type = NULL;
    int count = 0;
    switch (member) {
    case DTYPE:
        return decode(reader, value, &type) || !find_type(type, &tensor->type) ? "dtype: expected a known type" : NULL;
    case SHAPE:
        if (read_numbers(value, tensor->dim, NN_ST_MAX_RANK, &tensor->rank)) return NULL;
        return "shape: expected at most 8 whole numbers from 0";
    case OFFSETS:
        if (!read_numbers(value, offsets, 2, &count) || count != 2 || offsets[1] < offsets[0])
            return "data_offsets: expected a begin and an end after it";
        tensor->begin = offsets[0];
        tensor->size = offsets[1] - offsets[0];
        return NULL;
    default:
        return "expected dtype, shape and data_offsets";
    }
}

static nn_status read_members(nn_st_reader *reader, nn_st_tensor *tensor, const nn_json *entry, nn_error *error)
{
    nn_json_walk walk;
    uint64_t bytes = 0;
    int seen = 0;
    const char *fault = NULL;
    nn_status status = nn_json_begin(&walk, entry, true, error);
    for (; status == NN_OK && walk.more; status = nn_json_next(&walk, error)) {
        const int member = member_of(&walk.key);
        fault = seen & member ? "expected each name once, got a duplicate"
                              : take_member(reader, tensor, &walk.value, member);
        seen |= member;
        if (fault) break;
    }
    if (status != NN_OK) return status;
    if (!fault && seen != ALL) fault = "expected dtype, shape and data_offsets";
    if (!fault && (!shape_bytes(tensor, &bytes) || bytes != tensor->size))
        fault = "data_offsets: expected as many bytes as shape and dtype say";
    return fault ? nn_fail_at(error, NN_ERR_FORMAT, entry->path, entry->offset, "%s: %s", tensor->name, fault) : NN_OK;
}

static nn_status read_entry(nn_st_reader *reader, const nn_json_walk *walk, nn_error *error)
{
    nn_st_tensor *tensor = &reader->tensors[reader->count++];
    tensor->entry = walk->key.offset;
    const char *fault = decode(reader, &walk->key, &tensor->name);
    if (!fault) fault = name_fault(tensor->name);
    return fault ? nn_json_fail(&walk->key, 0, error, fault) : read_members(reader, tensor, &walk->value, error);
}

/* One entry of the metadata. */
static nn_status add_metadata(nn_st_reader *reader, const nn_json_walk *walk, nn_error *error)
{
    nn_st_metadata_entry *entry = &reader->metadata[reader->metadata_count++];
    const char *fault = decode(reader, &walk->key, &entry->key);
    if (fault) return nn_json_fail(&walk->key, 0, error, fault);
    fault = decode(reader, &walk->value, &entry->value);
    if (fault) return nn_json_fail(&walk->value, 0, error, fault);
    for (size_t i = 0; i + 1 < reader->metadata_count; i++)
        if (strcmp(reader->metadata[i].key, entry->key) == 0)
            return nn_json_fail(&walk->key, 0, error, "expected each name once, got a duplicate");
    return NN_OK;
}

static nn_status read_metadata(nn_st_reader *reader, const nn_json *json, nn_error *error)
{
    nn_json_walk walk;
    size_t count = 0;
    if (reader->metadata) return nn_json_fail(json, 0, error, "__metadata__: expected it once");
    nn_status status = nn_json_begin(&walk, json, true, error);
    for (; status == NN_OK && walk.more; status = nn_json_next(&walk, error))
        if (++count > NN_ST_MAX_METADATA)
            return nn_json_fail(json, 0, error, "__metadata__: expected at most 1024 entries");
    if (status != NN_OK) return status;
    reader->metadata = calloc(count + 1, sizeof *reader->metadata);
    if (!reader->metadata)
        return nn_fail_file(error, NN_ERR_MEMORY, reader->path, "no memory for %zu entries of metadata", count);
    status = nn_json_begin(&walk, json, true, error);
    while (status == NN_OK && walk.more) {
        status = add_metadata(reader, &walk, error);
        if (status == NN_OK) status = nn_json_next(&walk, error);
    }
    return status;
}

/* The most tensors that a header of this size can have. */
static size_t most_tensors(const nn_json *json)
{
    const size_t fit = json->size / MIN_ENTRY;
    return fit < NN_ST_MAX_TENSORS ? fit : NN_ST_MAX_TENSORS;
}

/* One member of the header; entries too short to be one are refused, so that memory stays near the size of the text. */
static nn_status read_header_member(nn_st_reader *reader, const nn_json_walk *walk, nn_error *error)
{
    if (nn_json_is(&walk->key, "__metadata__")) return read_metadata(reader, &walk->value, error);
    if (walk->value.size < MIN_ENTRY)
        return nn_json_fail(&walk->value, 0, error, "expected dtype, shape and data_offsets");
    if (reader->count == NN_ST_MAX_TENSORS) return nn_json_fail(&walk->key, 0, error, "expected at most 8192 tensors");
    return read_entry(reader, walk, error);
}

static nn_status read_entries(nn_st_reader *reader, const nn_json *json, nn_error *error)
{
    nn_json_walk walk;
    const size_t most = most_tensors(json);
    reader->tensors = calloc(most + 1, sizeof *reader->tensors);
    reader->by_name = calloc(most + 1, sizeof *reader->by_name);
    if (!reader->tensors || !reader->by_name)
        return nn_fail_file(error, NN_ERR_MEMORY, reader->path, "no memory for a table of %zu tensors", most);
    nn_status status = nn_json_begin(&walk, json, true, error);
    while (status == NN_OK && walk.more) {
        status = read_header_member(reader, &walk, error);
        if (status == NN_OK) status = nn_json_next(&walk, error);
    }
    return status;
}

/* --- the table of tensors --- */

static int by_position(const void *a, const void *b)
{
    const nn_st_tensor *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    return (x->entry > y->entry) - (x->entry < y->entry);
}

static int by_name(const void *a, const void *b)
{
    const nn_st_tensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

/* In the order of their data, in which most files name them. */
static void sort_tensors(nn_st_reader *reader)
{
    size_t sorted = 1;
    while (sorted < reader->count && by_position(&reader->tensors[sorted - 1], &reader->tensors[sorted]) < 0) sorted++;
    if (sorted < reader->count) qsort(reader->tensors, reader->count, sizeof *reader->tensors, by_position);
}

/* The tensors must follow each other from the first byte of data to the last of the file, and have different names. */
static nn_status check_table(nn_st_reader *reader, nn_error *error)
{
    uint64_t expected = 0;
    sort_tensors(reader);
    for (size_t i = 0; i < reader->count; i++) {
        const nn_st_tensor *tensor = &reader->tensors[i];
        reader->by_name[i] = &reader->tensors[i];
        if (tensor->begin != expected)
            return nn_fail_at(error, NN_ERR_FORMAT, reader->path, tensor->entry,
                              "%s: data_offsets: expected %llu, got %llu", tensor->name, (unsigned long long)expected,
                              (unsigned long long)tensor->begin);
        expected += tensor->size; /* end = begin + size was below 2^63 in the header */
    }
    const uint64_t got = reader->file_size - reader->data_start;
    if (expected != got)
        return nn_fail_at(error, NN_ERR_FORMAT, reader->path, reader->data_start, "data: expected %llu bytes, got %llu",
                          (unsigned long long)expected, (unsigned long long)got);
    qsort(reader->by_name, reader->count, sizeof(nn_st_tensor *), by_name);
    for (size_t i = 1; i < reader->count; i++)
        if (strcmp(reader->by_name[i - 1]->name, reader->by_name[i]->name) == 0)
            return nn_fail_at(error, NN_ERR_FORMAT, reader->path, reader->by_name[i]->entry,
                              "%s: expected each name once, got a duplicate", reader->by_name[i]->name);
    return NN_OK;
}

static nn_status open_file(nn_st_reader *reader, nn_error *error)
{
    nn_sys_info info;
    reader->fd = nn_sys_open_read(reader->path);
    if (reader->fd < 0) {
        reader->damaged = errno == ENOENT;
        return nn_fail_errno(error, reader->path, "open", errno);
    }
    if (nn_sys_fstat(reader->fd, &info) != 0) return nn_fail_errno(error, reader->path, "look at it", errno);
    if (info.kind) return nn_fail_kind(error, reader->path, info.kind);
    reader->file_size = info.size;
    return NN_OK;
}

nn_status nn_st_open(nn_st_reader *reader, const char *path, nn_error *error)
{
    nn_json json;
    memset(reader, 0, sizeof *reader);
    reader->path = path;
    reader->fd = -1;
    nn_status status = nn_st_check_machine(path, error);
    if (status == NN_OK) status = open_file(reader, error);
    if (status == NN_OK) status = read_header(reader, &json, error);
    if (status == NN_OK) status = nn_json_check(&json, 3, error); /* header, tensor, list */
    if (status == NN_OK) status = read_entries(reader, &json, error);
    if (status == NN_OK) status = check_table(reader, error);
    reader->damaged |= status == NN_ERR_FORMAT;
    if (status != NN_OK) nn_st_close(reader);
    return status;
}

void nn_st_close(nn_st_reader *reader)
{
    if (reader->fd >= 0) nn_sys_close(reader->fd);
    free(reader->metadata);
    free(reader->by_name);
    free(reader->tensors);
    free(reader->header);
    reader->fd = -1;
    reader->metadata = NULL;
    reader->by_name = NULL;
    reader->tensors = NULL;
    reader->header = NULL;
    reader->count = reader->metadata_count = 0;
}

static int name_to_tensor(const void *name, const void *item)
{
    const nn_st_tensor *const *tensor = item;
    return strcmp(name, (*tensor)->name);
}

nn_st_tensor *nn_st_find(const nn_st_reader *reader, const char *name)
{
    nn_st_tensor **found = bsearch(name, reader->by_name, reader->count, sizeof(nn_st_tensor *), name_to_tensor);
    return found ? *found : NULL;
}

const char *nn_st_metadata(const nn_st_reader *reader, const char *key)
{
    for (size_t i = 0; i < reader->metadata_count; i++)
        if (strcmp(reader->metadata[i].key, key) == 0) return reader->metadata[i].value;
    return NULL;
}

uint64_t nn_st_offset(const nn_st_reader *reader, const nn_st_tensor *tensor, uint64_t element)
{
    return reader->data_start + tensor->begin + element * nn_st_type_size(tensor->type);
}

/* --- the data --- */

bool nn_st_sealed(const nn_st_reader *reader)
{
    const nn_st_tensor *last = reader->count > 0 ? &reader->tensors[reader->count - 1] : NULL;
    return last && strcmp(last->name, NN_ST_SEAL) == 0 && last->size == NN_SEAL_SIZE;
}

static nn_status read_tensor(nn_st_reader *reader, const nn_st_tensor *tensor, nn_error *error)
{
    unsigned char dropped[DROP_CHUNK];
    const uint64_t start = nn_st_offset(reader, tensor, 0);
    for (uint64_t done = 0; done < tensor->size;) {
        const uint64_t chunk = tensor->data ? READ_CHUNK : DROP_CHUNK, left = tensor->size - done;
        const size_t size = (size_t)(left < chunk ? left : chunk);
        unsigned char *to = tensor->data ? (unsigned char *)tensor->data + done : dropped;
        const nn_status status = read_exactly(reader, to, size, start + done, error);
        if (status != NN_OK) return status;
        nn_seal_add(&reader->seal, to, size);
        done += size;
    }
    return NN_OK;
}

static nn_status check_seal(nn_st_reader *reader, nn_error *error)
{
    unsigned char expected[NN_SEAL_SIZE], got[NN_SEAL_SIZE];
    const nn_st_tensor *last = &reader->tensors[reader->count - 1];
    const uint64_t offset = nn_st_offset(reader, last, 0);
    nn_seal_get(&reader->seal, expected);
    const nn_status status = read_exactly(reader, got, NN_SEAL_SIZE, offset, error);
    if (status != NN_OK || memcmp(expected, got, NN_SEAL_SIZE) == 0) return status;
    uint64_t halves[2] = { 0, 0 };
    for (int i = 0; i < 8; i++) {
        halves[0] = halves[0] << 8 | expected[i];
        halves[1] = halves[1] << 8 | got[i];
    }
    return nn_fail_at(error, NN_ERR_FORMAT, reader->path, offset, "seal: expected %s.., got %s..: the file is damaged",
                      nn_u64_format(halves[0]).text, nn_u64_format(halves[1]).text);
}

nn_status nn_st_read(nn_st_reader *reader, nn_error *error)
{
    const bool sealed = nn_st_sealed(reader);
    nn_status status = NN_OK;
    for (size_t i = 0; status == NN_OK && i + sealed < reader->count; i++)
        status = read_tensor(reader, &reader->tensors[i], error);
    if (status == NN_OK && sealed) status = check_seal(reader, error);
    reader->damaged |= status == NN_ERR_FORMAT;
    return status;
}
