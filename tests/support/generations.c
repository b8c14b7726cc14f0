#include "generations.h"
#include "temp.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void begin_keeper(keeper *k)
{
    k->archive = nn_archive_create(NULL);
    assert_non_null(k->archive);
    nn_archive_add_u64(k->archive, "generation", &k->generation);
    nn_archive_add_bytes(k->archive, "bytes", k->bytes, sizeof k->bytes);
}

nn_status save_generation(const char *path, uint64_t generation, nn_error *error)
{
    keeper k = { .generation = generation };
    memset(k.bytes, (int)generation, sizeof k.bytes);
    begin_keeper(&k);
    const nn_status status = nn_archive_save(k.archive, path, error);
    nn_archive_destroy(k.archive);
    return status;
}

uint64_t load_generation(const char *path, bool *exact)
{
    keeper k = { 0 };
    nn_error error = { 0 };
    begin_keeper(&k);
    const nn_status status = nn_archive_load(k.archive, path, &error);
    nn_archive_destroy(k.archive);
    if (exact) *exact = status == NN_OK && error.text[0] == '\0';
    for (size_t i = 0; status == NN_OK && i < sizeof k.bytes; i++)
        assert_int_equal(k.bytes[i], (unsigned char)k.generation);
    return status == NN_OK ? k.generation : 0;
}

int count_temporaries(void)
{
    DIR *stream = opendir(temp_here.path);
    int count = 0;
    assert_non_null(stream);
    for (const struct dirent *entry; (entry = readdir(stream));) count += strstr(entry->d_name, ".tmp") != NULL;
    closedir(stream);
    return count;
}

const char *prepare_generations(const char *name, bool with_old)
{
    const char *path = temp_path(&temp_here, name);
    unlink(path);
    char previous[TEMP_PATH + 8];
    snprintf(previous, sizeof previous, "%s.prev", path);
    unlink(previous);
    for (uint64_t generation = 1; with_old && generation <= 2; generation++)
        assert_int_equal(save_generation(path, generation, NULL), NN_OK);
    return path;
}
