#include "report.h"
#include "safetensors.h"
#include <stdlib.h>
#include <string.h>

static void add_entry(nn_text *out, const nn_st_tensor *tensor)
{
    nn_text_add_name(out, tensor->name);
    nn_text_add_chars(out, "{");
    nn_text_add_name(out, "dtype");
    nn_text_add_string(out, nn_st_type_name(tensor->type), strlen(nn_st_type_name(tensor->type)));
    nn_text_add_name(out, "shape");
    nn_text_add_chars(out, "[");
    for (int i = 0; i < tensor->rank; i++) {
        if (i > 0) nn_text_add_chars(out, ",");
        nn_text_add_number(out, (long long)tensor->dim[i]);
    }
    nn_text_add_chars(out, "]");
    nn_text_add_name(out, "data_offsets");
    nn_text_add_chars(out, "[");
    nn_text_add_number(out, (long long)tensor->begin);
    nn_text_add_chars(out, ",");
    nn_text_add_number(out, (long long)(tensor->begin + tensor->size));
    nn_text_add_chars(out, "]}");
}

/* The header as text, after the 8 bytes of its length, padded with spaces so that data begin at a multiple of 8. */
static bool write_header(nn_text *out, const nn_text *metadata, const nn_st_tensor *tensors, size_t count)
{
    static const char space[8] = "        ";
    nn_text_add(out, space, sizeof space);
    nn_text_add_chars(out, "{");
    nn_text_add_name(out, "__metadata__");
    nn_text_add(out, metadata->text, metadata->size);
    for (size_t i = 0; i < count; i++) add_entry(out, &tensors[i]);
    nn_text_add_chars(out, "}");
    nn_text_add(out, space, (8 - out->size % 8) % 8);
    if (out->failed) return false;
    uint64_t length = out->size - sizeof space;
    for (int i = 0; i < 8; i++, length >>= 8) out->text[i] = (char)(length & 0xff);
    return true;
}

static nn_status write_sealed(nn_replacement *to, nn_seal *seal, const void *bytes, size_t size, nn_error *error)
{
    nn_seal_add(seal, bytes, size);
    return nn_replace_write(to, bytes, size, error);
}

/* Puts the tensors one after another. */
static void place(nn_st_tensor *tensors, size_t count)
{
    uint64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        nn_st_tensor *tensor = &tensors[i];
        tensor->size = nn_st_type_size(tensor->type);
        for (int k = 0; k < tensor->rank; k++) tensor->size *= tensor->dim[k]; /* it is in memory: no overflow */
        tensor->begin = at;
        at += tensor->size;
    }
}

/* What would not load is not written. */
static nn_status check_header(const nn_text *header, const char *path, nn_error *error)
{
    const size_t length = header->size - 8; /* without its own */
    if (length <= NN_ST_MAX_HEADER) return NN_OK;
    return nn_fail_file(error, NN_ERR_ARGUMENT, path, "header: expected at most %d bytes, got %zu", NN_ST_MAX_HEADER,
                        length);
}

nn_status nn_st_write(nn_replacement *to, const nn_text *metadata, nn_st_tensor *tensors, size_t count, nn_error *error)
{
    nn_seal seal;
    unsigned char digest[NN_SEAL_SIZE];
    nn_text header = { 0 };
    tensors[count] = (nn_st_tensor){ .name = NN_ST_SEAL, .type = NN_ST_U8, .rank = 1, .dim = { NN_SEAL_SIZE } };
    nn_status status = nn_st_check_machine(to->claim->target, error);
    if (status != NN_OK) return status;
    place(tensors, count + 1);
    if (!write_header(&header, metadata, tensors, count + 1)) {
        free(header.text);
        return nn_fail_file(error, NN_ERR_MEMORY, to->claim->target, "no memory for the header of %zu tensors", count);
    }
    nn_seal_begin(&seal);
    status = check_header(&header, to->claim->target, error);
    if (status == NN_OK) status = write_sealed(to, &seal, header.text, header.size, error);
    for (size_t i = 0; status == NN_OK && i < count; i++)
        status = write_sealed(to, &seal, tensors[i].data, (size_t)tensors[i].size, error);
    free(header.text);
    nn_seal_get(&seal, digest);
    return status == NN_OK ? nn_replace_write(to, digest, NN_SEAL_SIZE, error) : status;
}
