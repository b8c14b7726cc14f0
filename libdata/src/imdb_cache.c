#define XXH_INLINE_ALL
#include "imdb_cache.h"

#include "error.h"
#include "file.h"
#include "memory.h"
#include "reader.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

// Another layout or another way to tokenise needs another version.
enum { VERSION = 1 };

// Written as it lies in memory; the magic number reads otherwise on a machine of the other byte order.
typedef struct header {
    uint64_t magic, version, fingerprint;
    uint64_t reviews[DATA_PARTS], words[DATA_PARTS]; // of the corpus' block
    uint64_t vocabulary;                             // bytes of its text
    uint64_t checksum;                               // XXH3 of the header up to here, the block and the text
} header;

static const uint64_t magic = 0x31626d697473766b; // "kvstimb1", little-endian

/* --- what the source looks like ----------------------------------------------------------------------------------- */

static uint64_t hash_file(const char *name, const struct stat *info)
{
    const uint64_t facts[] = { XXH3_64bits(name, strlen(name)), (uint64_t)info->st_size, (uint64_t)info->st_mtim.tv_sec,
                               (uint64_t)info->st_mtim.tv_nsec };
    return XXH3_64bits(facts, sizeof facts);
}

static data_status add_folder(const char *root, const char *class_name, uint64_t *fingerprint, data_error *error)
{
    const size_t size = strlen(root) + strlen(class_name) + 2;
    char *path = data_allocate(size, 1);
    if (!path) return data_fail_memory(error, root, size);
    memcpy(path, root, strlen(root));
    path[strlen(root)] = '/';
    memcpy(path + strlen(root) + 1, class_name, strlen(class_name) + 1);
    DIR *folder = opendir(path);
    data_status status = folder ? DATA_OK : data_fail_errno(error, path, "open folder", errno);
    const uint64_t salt = XXH3_64bits(class_name, strlen(class_name));
    const struct dirent *entry;
    struct stat info;
    while (status == DATA_OK && (entry = readdir(folder))) {
        // A sum does not depend on the order in which the folder lists its files.
        if (fstatat(dirfd(folder), entry->d_name, &info, 0) == 0 && S_ISREG(info.st_mode)) {
            *fingerprint += hash_file(entry->d_name, &info) ^ salt;
        }
    }
    if (folder) closedir(folder);
    free(path);
    return status;
}

data_status data_cache_fingerprint(const char *source, uint64_t *fingerprint, data_error *error)
{
    static const char *const classes[] = { "train/neg", "train/pos", "test/neg", "test/pos" };
    struct stat info;
    if (stat(source, &info) != 0) return data_fail_errno(error, source, "look at it", errno);
    *fingerprint = 0;
    if (!S_ISDIR(info.st_mode)) {
        *fingerprint = hash_file("archive", &info);
        return DATA_OK;
    }
    data_status status = DATA_OK;
    for (int i = 0; i < 4 && status == DATA_OK; i++) status = add_folder(source, classes[i], fingerprint, error);
    return status;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

typedef struct loader {
    const char *path;
    int descriptor;
    uint64_t file_size;
    header head;
    int reviews[DATA_PARTS];
    int64_t words[DATA_PARTS];
    char *text; // of the vocabulary
    XXH3_state_t hash;
} loader;

static data_status read_hashed(loader *l, void *out, size_t size, size_t hashed, data_error *error)
{
    size_t got;
    const data_status status = data_read_fully(l->descriptor, l->path, out, size, &got, error);
    if (status != DATA_OK) return status;
    if (got < size)
        return data_fail(error, DATA_ERR_FORMAT, l->path, 0, "cache: expected %zu bytes, got %zu", size, got);
    XXH3_64bits_update(&l->hash, out, hashed);
    return DATA_OK;
}

// Every size is checked against that of the file before it is used.
static data_status read_header(loader *l, uint64_t fingerprint, data_error *error)
{
    header *h = &l->head;
    const data_status status = read_hashed(l, h, sizeof *h, offsetof(header, checksum), error);
    if (status != DATA_OK) return status;
    if (h->magic != magic || h->version != VERSION || h->fingerprint != fingerprint) {
        return data_fail(error, DATA_ERR_FORMAT, l->path, 0,
                         "cache: expected version %d of source %016llx, got version %llu of source %016llx", VERSION,
                         (unsigned long long)fingerprint, (unsigned long long)h->version,
                         (unsigned long long)h->fingerprint);
    }
    for (int p = 0; p < DATA_PARTS; p++) {
        if (h->reviews[p] > l->file_size || h->reviews[p] >= INT32_MAX || h->words[p] > l->file_size) {
            return data_fail(error, DATA_ERR_FORMAT, l->path, 0, "cache: expected counts within its size, got more");
        }
        if (h->reviews[p] == 0) {
            return data_fail(error, DATA_ERR_FORMAT, l->path, 0, "cache: expected reviews in both parts, got none");
        }
        l->reviews[p] = (int)h->reviews[p];
        l->words[p] = (int64_t)h->words[p];
    }
    size_t block, whole;
    if (!data_corpus_size(l->reviews, l->words, &block) || h->vocabulary > l->file_size ||
        !data_add(block, sizeof *h + (size_t)h->vocabulary, &whole) || whole != l->file_size) {
        return data_fail(error, DATA_ERR_FORMAT, l->path, 0, "cache: expected the size its header implies, got %llu",
                         (unsigned long long)l->file_size);
    }
    return DATA_OK;
}

// A right checksum does not make an index right: the file may have been made by anyone.
static data_status check_part(const loader *l, const data_corpus_part *part, int64_t words, int32_t bound,
                              data_error *error)
{
    const data_status status = data_check_lists(NULL, part->offsets, part->count, 0, error);
    if (status != DATA_OK) return status;
    if (part->offsets[part->count] != words) {
        return data_fail(error, DATA_ERR_FORMAT, l->path, 0, "cache: expected %lld words, got %lld", (long long)words,
                         (long long)part->offsets[part->count]);
    }
    for (int i = 0; i < part->count; i++) {
        if (part->labels[i] > 1) return data_fail(error, DATA_ERR_FORMAT, l->path, 0, "cache: a label that is none");
    }
    return data_check_lists(part->ranks, part->offsets, part->count, bound, error);
}

static data_status read_body(loader *l, data_corpus *corpus, data_error *error)
{
    const size_t text_size = (size_t)l->head.vocabulary;
    data_status status = data_corpus_allocate(l->reviews, l->words, corpus, error);
    if (status == DATA_OK) status = read_hashed(l, corpus->block, corpus->block_size, corpus->block_size, error);
    if (status != DATA_OK) return status;
    l->text = data_allocate(text_size, 1);
    if (!l->text) return data_fail_memory(error, l->path, text_size);
    status = read_hashed(l, l->text, text_size, text_size, error);
    if (status != DATA_OK) return status;
    if (XXH3_64bits_digest(&l->hash) != l->head.checksum) {
        return data_fail(error, DATA_ERR_FORMAT, l->path, 0, "cache: expected its checksum, got another");
    }
    corpus->vocabulary = data_vocabulary_parse(l->text, text_size, error);
    if (!corpus->vocabulary) return DATA_ERR_FORMAT;
    const int32_t bound = data_vocabulary_count(corpus->vocabulary) + 1;
    for (int p = 0; p < DATA_PARTS && status == DATA_OK; p++) {
        status = check_part(l, &corpus->part[p], l->words[p], bound, error);
    }
    return status;
}

data_status data_cache_read(const char *path, uint64_t fingerprint, data_corpus *corpus, data_error *error)
{
    loader l = { .path = path };
    data_corpus loaded = { 0 };
    data_status status = data_open_regular(path, &l.descriptor, &l.file_size, error);
    if (status != DATA_OK) return status;
    XXH3_64bits_reset(&l.hash);
    status = read_header(&l, fingerprint, error);
    if (status == DATA_OK) status = read_body(&l, &loaded, error);
    close(l.descriptor);
    free(l.text);
    if (status == DATA_OK) {
        *corpus = loaded;
    } else {
        data_corpus_free(&loaded);
    }
    return status;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

// A file that does not begin as a cache is somebody's, perhaps the source itself, and could not be made again.
static data_status check_replaced(const char *path, data_error *error)
{
    struct stat info;
    if (stat(path, &info) != 0) return errno == ENOENT ? DATA_OK : data_fail_errno(error, path, "look at it", errno);
    int descriptor;
    uint64_t size, first = 0;
    size_t got;
    data_status status = data_open_regular(path, &descriptor, &size, error);
    if (status != DATA_OK) return status;
    status = data_read_fully(descriptor, path, &first, sizeof first, &got, error);
    close(descriptor);
    if (status != DATA_OK || got == 0 || first == magic) return status;
    return data_fail(error, DATA_ERR_FORMAT, path, 0,
                     "cache: expected a cache or an empty file to replace, got another");
}

data_status data_cache_write(const char *path, uint64_t fingerprint, const data_corpus *corpus, data_error *error)
{
    data_status status = check_replaced(path, error);
    if (status != DATA_OK) return status;
    header h = { .magic = magic, .version = VERSION, .fingerprint = fingerprint };
    for (int p = 0; p < DATA_PARTS; p++) {
        h.reviews[p] = (uint64_t)corpus->part[p].count;
        h.words[p] = (uint64_t)corpus->part[p].offsets[corpus->part[p].count];
    }
    const size_t text_size = data_vocabulary_write(corpus->vocabulary, DATA_ALL_WORDS, NULL, 0);
    char *text = data_allocate(text_size, 1);
    if (!text) return data_fail_memory(error, path, text_size);
    data_vocabulary_write(corpus->vocabulary, DATA_ALL_WORDS, text, text_size);
    h.vocabulary = text_size;

    XXH3_state_t hash;
    XXH3_64bits_reset(&hash);
    XXH3_64bits_update(&hash, &h, offsetof(header, checksum));
    XXH3_64bits_update(&hash, corpus->block, corpus->block_size);
    XXH3_64bits_update(&hash, text, text_size);
    h.checksum = XXH3_64bits_digest(&hash);

    data_file *file;
    status = data_file_create(path, &file, error);
    if (status == DATA_OK) {
        data_file_write(file, &h, sizeof h);
        data_file_write(file, corpus->block, corpus->block_size);
        data_file_write(file, text, text_size);
        status = data_file_commit(file, error);
    }
    free(text);
    return status;
}
