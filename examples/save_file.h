/* The file of --save, claimed before the training: a run must not learn at its end that it cannot save. */
#ifndef KVIST_SAVE_FILE_H
#define KVIST_SAVE_FILE_H

#include <kvist/nn.h>

/** Makes an empty archive that holds `path`; *file goes to nn_archive_destroy() whatever comes. @return an exit code */
int save_file_open(nn_archive **file, const char *path);

#endif
