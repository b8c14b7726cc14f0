/* The files that a program writes by itself: no places for the model that its user wants kept. */
#ifndef KVIST_SUPPORT_OWN_FILES_H
#define KVIST_SUPPORT_OWN_FILES_H

#include "options.h"

/**
 * Refuses a --save that the program would write over, or be written over by: one of its own names in --out, of what
 * lies beside those while they are written (temporaries, an archive's .lock and .prev), of events in --tensorboard. To
 * be asked when --out is made. The folder of --tensorboard is made here: the path may lead through it.
 *
 * @param own all that the program ever writes in --out, as patterns of fnmatch(3); those that end in .safetensors are
 *            archives. Ends with NULL
 * @return RUN_DONE, or RUN_USAGE after telling whose the name is
 */
int own_files_spare(const options_common *common, const char *const own[]);

#endif
