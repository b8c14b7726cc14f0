/* What reading and writing share: the types of elements and the forms of tensors. */
#include "safetensors.h"
#include "report.h"
#include <stdio.h>

static const struct {
    const char *name;
    size_t size;
} types[NN_ST_TYPE_COUNT] = {
#define NN_ST_ROW(name, size) { #name, size },
    NN_ST_TYPE_MAP(NN_ST_ROW)
#undef NN_ST_ROW
};

const char *nn_st_type_name(nn_st_type type)
{
    return types[type].name;
}

size_t nn_st_type_size(nn_st_type type)
{
    return types[type].size;
}

nn_st_type nn_st_real_type(void)
{
    return sizeof(nn_float) == sizeof(double) ? NN_ST_F64 : NN_ST_F32;
}

nn_st_text nn_st_format(const nn_st_tensor *tensor)
{
    nn_st_text out;
    size_t used = (size_t)snprintf(out.text, sizeof out.text, "%s (", nn_st_type_name(tensor->type));
    for (int i = 0; i < tensor->rank && used < sizeof out.text; i++)
        used += (size_t)snprintf(out.text + used, sizeof out.text - used, "%s%llu", i > 0 ? ", " : "",
                                 (unsigned long long)tensor->dim[i]);
    if (used < sizeof out.text) snprintf(out.text + used, sizeof out.text - used, ")");
    return out;
}

bool nn_st_same_form(const nn_st_tensor *a, const nn_st_tensor *b)
{
    if (a->type != b->type || a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i]) return false;
    return true;
}

nn_status nn_st_check_machine(const char *path, nn_error *error)
{
    const union {
        uint16_t number;
        unsigned char bytes[2];
    } probe = { 1 };
    if (probe.bytes[0] == 1) return NN_OK;
    return nn_fail_file(error, NN_ERR_IO, path, "files are little-endian, this machine is not");
}
