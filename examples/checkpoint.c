#include "checkpoint.h"

#include "support/begun.h"
#include "support/run.h"

#include <string.h>

nn_archive *checkpoint_create(void)
{
    nn_error error;
    nn_archive *archive = nn_archive_create(&error);
    if (!archive) run_error("%s", error.text);
    return archive;
}

int checkpoint_claim(nn_archive *archive, const char *path)
{
    nn_error error;
    if (!archive) return RUN_FAILED;
    return nn_archive_claim(archive, path, &error) == NN_OK ? RUN_DONE : run_error("%s", error.text);
}

int checkpoint_open(nn_archive **archive, const char *path)
{
    *archive = checkpoint_create();
    return checkpoint_claim(*archive, path);
}

int checkpoint_save(nn_archive *archive, const char *path)
{
    nn_error error;
    return nn_archive_save(archive, path, &error) == NN_OK ? RUN_DONE : run_error("%s", error.text);
}

int checkpoint_load(nn_archive *archive, const char *path)
{
    nn_error error;
    if (nn_archive_load(archive, path, &error) != NN_OK) return run_error("%s", error.text);
    if (error.text[0]) run_error("%s", error.text); /* damaged: the one before was taken */
    return RUN_DONE;
}

int checkpoint_check_settings(const char *path, const char *name, const char *now, size_t size)
{
    void *begun = NULL;
    size_t found = 0;
    nn_error error;
    const nn_status status = nn_archive_read_bytes(path, name, &begun, &found, &error);
    int code;
    if (status != NN_OK && status != NN_ERR_MISMATCH)
        code = run_error("%s", error.text);
    else if (status == NN_OK && found == size && memchr(begun, '\0', size))
        code = begun_check(path, begun, now);
    else
        code = run_error("%s: %s: expected the settings it was begun with, got none of this program; begin anew", path,
                         name);
    nn_bytes_free(begun);
    return code;
}
