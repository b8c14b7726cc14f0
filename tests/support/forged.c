#include "forged.h"
#include "files/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The place of a text that must be there. */
static size_t find(const unsigned char *bytes, size_t size, const char *text)
{
    const size_t length = strlen(text);
    size_t at = 0;
    while (at + length < size && memcmp(bytes + at, text, length) != 0) at++;
    assert_true(at + length < size);
    return at;
}

/* Seals the bytes and frees them. */
static const char *write_sealed(const temp_folder *folder, unsigned char *bytes, size_t size)
{
    nn_seal seal;
    nn_seal_begin(&seal);
    nn_seal_add(&seal, bytes, size - NN_SEAL_SIZE);
    nn_seal_get(&seal, bytes + size - NN_SEAL_SIZE);
    const char *path = temp_write(folder, "forged", bytes, size);
    free(bytes);
    return path;
}

const char *forge_text(const temp_folder *folder, const char *path, const char *from, const char *to)
{
    size_t size = 0;
    unsigned char *bytes = temp_read(path, &size);
    assert_non_null(bytes);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(bytes + find(bytes, size, from), to, strlen(to));
    return write_sealed(folder, bytes, size);
}

/* Overwrites a part of the entry that begins so in the header. */
static const char *forge(const temp_folder *folder, const char *path, const char *entry, size_t first,
                         const void *value, size_t value_size)
{
    static const char offsets[] = "\"data_offsets\":[";
    size_t size = 0;
    uint64_t header = 0;
    unsigned char *bytes = temp_read(path, &size);
    assert_non_null(bytes);
    memcpy(&header, bytes, sizeof header); /* files are little-endian, as is every machine that reads them */
    size_t at = find(bytes, size, entry);
    at += find(bytes + at, size - at, offsets) + strlen(offsets);
    const size_t begin = sizeof header + header + strtoull((const char *)bytes + at, NULL, 10) + first;
    assert_true(begin + value_size <= size);
    memcpy(bytes + begin, value, value_size);
    return write_sealed(folder, bytes, size);
}

const char *forge_u64(const temp_folder *folder, const char *path, const char *name, uint64_t value)
{
    char entry[96];
    snprintf(entry, sizeof entry, "\"%s\":{\"dtype\":\"U64\",\"shape\":[],", name);
    return forge(folder, path, entry, 0, &value, sizeof value);
}

const char *forge_f64(const temp_folder *folder, const char *path, const char *name, double value)
{
    char entry[96];
    snprintf(entry, sizeof entry, "\"%s\":{\"dtype\":\"F64\",\"shape\":[],", name);
    return forge(folder, path, entry, 0, &value, sizeof value);
}

const char *forge_bytes(const temp_folder *folder, const char *path, const char *name, size_t first, const void *bytes,
                        size_t size)
{
    char entry[96];
    snprintf(entry, sizeof entry, "\"%s\":{\"dtype\":\"U8\",", name);
    return forge(folder, path, entry, first, bytes, size);
}
