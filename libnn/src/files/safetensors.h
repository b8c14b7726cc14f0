/*
 * safetensors: 8 bytes of header length (little-endian), a JSON header, the tensors one after another without gaps.
 * Format: the safetensors README, "Format". Ours ends with the tensor "kvist.seal".
 */
#ifndef NN_FILES_SAFETENSORS_H
#define NN_FILES_SAFETENSORS_H

#include "json.h"
#include "replace.h"
#include "seal.h"
#include "text.h"

#define NN_ST_SEAL "kvist.seal"

/* Of readers; archive.c and safetensors_write.c keep to them, so that all that is saved loads. */
enum {
    NN_ST_MAX_RANK = 8,
    NN_ST_MAX_NAME = 255,
    NN_ST_MAX_METADATA = 1024, /* entries */
    NN_ST_MAX_TENSORS = 8192,  /* the table of them takes several times the header's bytes */
    NN_ST_MAX_HEADER = 1 << 24 /* bytes */
};

/* Types of elements with their sizes in bytes. */
#define NN_ST_TYPE_MAP(X)                                                                                              \
    X(BOOL, 1)                                                                                                         \
    X(U8, 1)                                                                                                           \
    X(I8, 1)                                                                                                           \
    X(F8_E5M2, 1)                                                                                                      \
    X(F8_E4M3, 1) X(I16, 2) X(U16, 2) X(F16, 2) X(BF16, 2) X(I32, 4) X(U32, 4) X(F32, 4) X(F64, 8) X(I64, 8) X(U64, 8)

typedef enum nn_st_type {
#define NN_ST_ENUM(name, size) NN_ST_##name,
    NN_ST_TYPE_MAP(NN_ST_ENUM)
#undef NN_ST_ENUM
        NN_ST_TYPE_COUNT
} nn_st_type;

const char *nn_st_type_name(nn_st_type type);
size_t nn_st_type_size(nn_st_type type);
/* The type of nn_float. */
nn_st_type nn_st_real_type(void);

typedef struct nn_st_tensor {
    const char *name;
    nn_st_type type;
    int rank;
    uint64_t dim[NN_ST_MAX_RANK];
    uint64_t entry;       /* reading: where the header speaks of it */
    uint64_t begin, size; /* bytes, from the first tensor's first; the writer works them out */
    void *data;           /* reading: where to put it, NULL to drop it; writing: what to write */
    bool wanted;          /* reading: for the caller to mark */
} nn_st_tensor;

/* "F32 (64, 128)". */
typedef struct nn_st_text {
    char text[64];
} nn_st_text;
nn_st_text nn_st_format(const nn_st_tensor *tensor);
bool nn_st_same_form(const nn_st_tensor *a, const nn_st_tensor *b);

/* Numbers are written as they lie in memory: ERR_IO on a big-endian machine. */
nn_status nn_st_check_machine(const char *path, nn_error *error);

/* --- reading: the header first, then all data in one go --- */

typedef struct nn_st_metadata_entry {
    const char *key, *value;
} nn_st_metadata_entry;

typedef struct nn_st_reader {
    const char *path; /* borrowed */
    int fd;
    bool damaged; /* a failure came from the file: it is not there, cannot be read, or is not what was written */
    uint64_t file_size, data_start;
    char *header;
    nn_st_tensor *tensors; /* by position in the file */
    nn_st_tensor **by_name;
    size_t count;
    nn_st_metadata_entry *metadata;
    size_t metadata_count;
    nn_seal seal; /* of what was read so far */
} nn_st_reader;

/*
 * Opens a file and reads its header; whatever is wrong with it is found here, before memory for data is asked for.
 * nn_st_close() is needed only after success.
 */
nn_status nn_st_open(nn_st_reader *reader, const char *path, nn_error *error);
void nn_st_close(nn_st_reader *reader);
/* NULL if there is none. */
nn_st_tensor *nn_st_find(const nn_st_reader *reader, const char *name);
const char *nn_st_metadata(const nn_st_reader *reader, const char *key);
/* Whether the last tensor is a seal. */
bool nn_st_sealed(const nn_st_reader *reader);
/* Reads all tensors to where their `data` says; a seal must be right. Once only. */
nn_status nn_st_read(nn_st_reader *reader, nn_error *error);
/* Where an element lies in the file. */
uint64_t nn_st_offset(const nn_st_reader *reader, const nn_st_tensor *tensor, uint64_t element);

/* --- writing --- */

/* `metadata` is a JSON object of strings. Writes header, tensors in the order given, and the seal, for which `tensors`
 * has room after the last. ERR_ARGUMENT for a header that is too long to be read. */
nn_status nn_st_write(nn_replacement *to, const nn_text *metadata, nn_st_tensor *tensors, size_t count,
                      nn_error *error);

#endif
