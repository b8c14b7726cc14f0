/* PNG files (W3C Portable Network Graphics, third edition): one IDAT of unfiltered rows, packed by zlib. */
#include "error.h"
#include "file.h"
#include "memory.h"
#include "picture.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

data_status data_check_picture(int width, int height, int channels, data_error *error)
{
    if (width < 1 || height < 1 || width > DATA_PICTURE_MAX || height > DATA_PICTURE_MAX) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "picture: expected 1 to %d pixels either way, got %d x %d",
                         DATA_PICTURE_MAX, width, height);
    }
    if (channels != 1 && channels != 3) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "picture: expected 1 or 3 channels, got %d", channels);
    }
    return DATA_OK;
}

static void put_word(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (24 - 8 * i));
}

// A chunk: length, type, content, CRC-32 of type and content. The first failed write sticks to the file.
static void write_chunk(data_file *file, const char type[4], const uint8_t *content, size_t size)
{
    uint8_t head[8], tail[4];
    put_word(head, (uint32_t)size);
    memcpy(head + 4, type, 4);
    uLong crc = crc32(0, head + 4, 4);
    if (size > 0) crc = crc32(crc, content, (uInt)size);
    put_word(tail, (uint32_t)crc);
    data_file_write(file, head, sizeof head);
    data_file_write(file, content, size);
    data_file_write(file, tail, sizeof tail);
}

// Packs the rows, each behind its filter byte 0; NULL without memory.
static uint8_t *pack_rows(const uint8_t *pixels, size_t row, size_t height, uLongf *packed_size)
{
    const size_t size = height * (row + 1); // at most DATA_PICTURE_MAX * (3 * DATA_PICTURE_MAX + 1): fits 31 bits
    *packed_size = compressBound((uLong)size);
    uint8_t *rows = data_allocate(size, 1), *packed = data_allocate(*packed_size, 1);
    bool done = rows && packed;
    for (size_t y = 0; y < height && done; y++) {
        rows[y * (row + 1)] = 0;
        memcpy(rows + y * (row + 1) + 1, pixels + y * row, row);
    }
    done = done && compress2(packed, packed_size, rows, (uLong)size, Z_DEFAULT_COMPRESSION) == Z_OK;
    free(rows);
    if (done) return packed;
    free(packed);
    return NULL;
}

data_status data_png_write(const char *path, const uint8_t *pixels, int width, int height, int channels,
                           data_error *error)
{
    static const uint8_t signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    data_status status = data_check_picture(width, height, channels, error);
    if (status != DATA_OK) return status;
    const size_t row = (size_t)width * (size_t)channels;
    uLongf size;
    uint8_t *packed = pack_rows(pixels, row, (size_t)height, &size);
    if (!packed) return data_fail_memory(error, path, row * (size_t)height);

    // Width, height, 8 bits a sample, colour type (0 grey, 2 RGB), then the only methods there are.
    uint8_t header[13] = { [8] = 8, [9] = channels == 3 ? 2 : 0 };
    put_word(header, (uint32_t)width);
    put_word(header + 4, (uint32_t)height);
    data_file *file;
    status = data_file_create(path, &file, error);
    if (status == DATA_OK) {
        data_file_write(file, signature, sizeof signature);
        write_chunk(file, "IHDR", header, sizeof header);
        write_chunk(file, "IDAT", packed, size);
        write_chunk(file, "IEND", NULL, 0);
        status = data_file_commit(file, error);
    }
    free(packed);
    return status;
}
