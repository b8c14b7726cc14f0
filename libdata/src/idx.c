#include "idx.h"

#include "error.h"
#include "memory.h"
#include "reader.h"

#include <stdlib.h>

enum { MAX_BYTES = 1 << 30, UNSIGNED_BYTE = 0x08 };

// Reads the next big-endian word of the header.
static data_status read_word(data_reader *reader, const char *path, const char *field, uint32_t *word,
                             data_error *error)
{
    unsigned char b[4];
    size_t got;
    const uint64_t offset = data_reader_offset(reader);
    const data_status status = data_reader_read(reader, b, sizeof b, &got, error);
    if (status != DATA_OK) return status;
    if (got < sizeof b) {
        return data_fail(error, DATA_ERR_FORMAT, path, offset, "%s: expected 4 bytes of header, got %zu", field, got);
    }
    *word = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return DATA_OK;
}

static data_status read_magic(data_reader *reader, const char *path, int rank, data_error *error)
{
    uint32_t magic = 0;
    const data_status status = read_word(reader, path, "magic", &magic, error);
    if (status != DATA_OK) return status;
    const uint32_t wanted = UNSIGNED_BYTE << 8 | (uint32_t)rank, got_rank = magic & 0xff;
    if (magic == wanted) return DATA_OK;
    if (magic >> 8 == UNSIGNED_BYTE && got_rank >= 1 && got_rank <= DATA_IDX_MAX_RANK) {
        return data_fail(error, DATA_ERR_FORMAT, path, 3, "rank: expected %d, got %u", rank, (unsigned)got_rank);
    }
    return data_fail(error, DATA_ERR_FORMAT, path, 0, "magic: expected 0x%08x, got 0x%08x", (unsigned)wanted,
                     (unsigned)magic);
}

static data_status read_dimensions(data_reader *reader, const char *path, data_idx *idx, data_error *error)
{
    idx->count = 1;
    for (int i = 0; i < idx->rank; i++) {
        uint32_t dim = 0;
        const data_status status = read_word(reader, path, "dimension", &dim, error);
        if (status != DATA_OK) return status;
        const uint64_t offset = 4 * (uint64_t)(i + 1);
        if (dim == 0) return data_fail(error, DATA_ERR_FORMAT, path, offset, "dimension: expected at least 1, got 0");
        const uint64_t count = (uint64_t)idx->count * dim; // below 2^62
        if (count > MAX_BYTES) {
            return data_fail(error, DATA_ERR_FORMAT, path, offset,
                             "dimensions: expected a product of at most %d, got more", MAX_BYTES);
        }
        idx->count = (size_t)count;
        idx->dim[i] = (int)dim;
    }
    return DATA_OK;
}

// Of a compressed file the header may claim a thousand times what is there: memory follows what came, not the claim.
static size_t first_room(const data_reader *reader, const data_idx *idx)
{
    const uint64_t twice = 2 * data_reader_file_size(reader);
    return data_reader_is_gzip(reader) && twice < idx->count ? (size_t)twice : idx->count;
}

static data_status read_counted(data_reader *reader, const char *path, data_idx *idx, size_t *got, data_error *error)
{
    size_t room = first_room(reader, idx);
    idx->values = data_allocate(room, 1);
    if (!idx->values) return data_fail_memory(error, path, room);
    for (*got = 0;;) {
        size_t more;
        const data_status status = data_reader_read(reader, idx->values + *got, room - *got, &more, error);
        if (status != DATA_OK) return status;
        *got += more;
        if (*got < room || room == idx->count) return DATA_OK;
        room = room > idx->count / 2 ? idx->count : 2 * room;
        unsigned char *grown = realloc(idx->values, room);
        if (!grown) return data_fail_memory(error, path, room);
        idx->values = grown;
    }
}

static data_status read_values(data_reader *reader, const char *path, data_idx *idx, data_error *error)
{
    size_t got;
    data_status status = read_counted(reader, path, idx, &got, error);
    if (status != DATA_OK) return status;
    if (got < idx->count) {
        return data_fail(error, DATA_ERR_FORMAT, path, data_reader_offset(reader),
                         "payload: expected %zu bytes, got %zu", idx->count, got);
    }
    // One byte more than the header implies: enough to see a longer file, however much would come.
    unsigned char extra;
    status = data_reader_read(reader, &extra, 1, &got, error);
    if (status != DATA_OK || got == 0) return status;
    return data_fail(error, DATA_ERR_FORMAT, path, data_reader_offset(reader) - 1,
                     "payload: expected %zu bytes, got more", idx->count);
}

static data_status read_idx(data_reader *reader, const char *path, int rank, data_idx *idx, data_error *error)
{
    idx->rank = rank;
    data_status status = read_magic(reader, path, rank, error);
    if (status == DATA_OK) status = read_dimensions(reader, path, idx, error);
    if (status != DATA_OK) return status;
    // A header cannot make us allocate more than the file could hold.
    const uint64_t header = data_reader_offset(reader), bound = data_reader_bound(reader) - header;
    if (idx->count > bound) {
        return data_fail(error, DATA_ERR_FORMAT, path, header, "payload: expected %zu bytes, got %s%llu", idx->count,
                         data_reader_is_gzip(reader) ? "at most " : "", (unsigned long long)bound);
    }
    return read_values(reader, path, idx, error);
}

data_status data_idx_load(const char *path, int rank, data_idx *idx, data_error *error)
{
    data_reader *reader;
    data_status status = data_reader_open(path, &reader, error);
    if (status != DATA_OK) return status;
    data_idx loaded = { 0 };
    status = read_idx(reader, path, rank, &loaded, error);
    data_reader_close(reader);
    if (status == DATA_OK) {
        *idx = loaded;
    } else {
        free(loaded.values);
    }
    return status;
}
