/*
 * The programs' archives: nn_archive's calls, with what they refuse told on stderr. A checkpoint is saved often and
 * gone on from; the file of --save is written once, at the end.
 */
#ifndef KVIST_CHECKPOINT_H
#define KVIST_CHECKPOINT_H

#include <kvist/nn.h>

/** @return an empty archive, for nn_archive_destroy(); NULL after telling why */
nn_archive *checkpoint_create(void);

/**
 * Holds the file for `archive`, before the training: a run must not learn at its end that it cannot save.
 *
 * @param archive NULL: of checkpoint_create(), which has told why
 * @return an exit code, as all below
 */
int checkpoint_claim(nn_archive *archive, const char *path);

/** The archive of a file that is saved once: checkpoint_create() and checkpoint_claim(); destroy it whatever comes. */
int checkpoint_open(nn_archive **archive, const char *path);

int checkpoint_save(nn_archive *archive, const char *path);

/** Tells, too, where the file was damaged and the one before it was read. */
int checkpoint_load(nn_archive *archive, const char *path);

/**
 * Whether a checkpoint was begun with the settings of now; told if not (begun_check()). To be asked before it is
 * loaded: networks of another size would not even load.
 *
 * @param name the settings' name in the archive: `size` bytes, a text and its padding
 * @param now  at most `size` - 1 bytes
 */
int checkpoint_check_settings(const char *path, const char *name, const char *now, size_t size);

#endif
