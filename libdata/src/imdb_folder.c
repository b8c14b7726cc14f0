/* The reviews of an unpacked aclImdb folder. */
#include "corpus.h"
#include "error.h"
#include "memory.h"
#include "reader.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static data_status read_text(const char *path, data_text *text, data_error *error)
{
    char chunk[DATA_CHUNK];
    int descriptor;
    uint64_t size;
    data_status status = data_open_regular(path, &descriptor, &size, error);
    if (status != DATA_OK) return status;
    data_text_clear(text);
    size_t got = 0;
    do {
        status = data_read_fully(descriptor, path, chunk, sizeof chunk, &got, error);
        if (status == DATA_OK) data_text_append(text, chunk, got);
    } while (status == DATA_OK && got == sizeof chunk);
    close(descriptor);
    return status;
}

static bool is_review(const char *name)
{
    const size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".txt") == 0;
}

static data_status read_file(const char *root, const char *class_name, const char *name, data_text *text,
                             data_corpus_builder *builder, data_error *error)
{
    const size_t size = strlen(root) + strlen(class_name) + strlen(name) + 3;
    char *path = data_allocate(size, 1);
    if (!path) return data_fail_memory(error, name, size);
    snprintf(path, size, "%s/%s/%s", root, class_name, name);
    data_status status = read_text(path, text, error);
    if (status == DATA_OK) {
        const char *key = path + strlen(root) + 1;
        status = data_corpus_builder_add(builder, key, text->bytes, data_text_finish(text), error);
    }
    free(path);
    return status;
}

static data_status read_class(const char *root, const char *class_name, data_text *text, data_corpus_builder *builder,
                              data_error *error)
{
    const size_t size = strlen(root) + strlen(class_name) + 2;
    char *path = data_allocate(size, 1);
    if (!path) return data_fail_memory(error, class_name, size);
    snprintf(path, size, "%s/%s", root, class_name);
    DIR *folder = opendir(path);
    data_status status = folder ? DATA_OK : data_fail_errno(error, path, "open folder", errno);
    while (status == DATA_OK) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry && errno != 0) status = data_fail_errno(error, path, "read folder", errno);
        if (!entry) break;
        if (is_review(entry->d_name)) status = read_file(root, class_name, entry->d_name, text, builder, error);
    }
    if (folder) closedir(folder);
    free(path);
    return status;
}

data_status data_imdb_read_folder(const char *path, data_corpus_builder *builder, data_error *error)
{
    static const char *const classes[] = { "train/neg", "train/pos", "test/neg", "test/pos" };
    data_text text = { .bytes = malloc(DATA_TEXT_MAX) };
    if (!text.bytes) return data_fail_memory(error, path, DATA_TEXT_MAX);
    data_status status = DATA_OK;
    for (int i = 0; i < 4 && status == DATA_OK; i++) status = read_class(path, classes[i], &text, builder, error);
    free(text.bytes);
    return status;
}
