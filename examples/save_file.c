#include "save_file.h"

#include "support/run.h"

int save_file_open(nn_archive **file, const char *path)
{
    nn_error error;
    *file = nn_archive_create(&error);
    return *file && nn_archive_claim(*file, path, &error) == NN_OK ? RUN_DONE : run_error("%s", error.text);
}
