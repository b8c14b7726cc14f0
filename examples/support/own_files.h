/* The files that a program writes by itself: no places for the model that its user wants kept. */
#ifndef KVIST_SUPPORT_OWN_FILES_H
#define KVIST_SUPPORT_OWN_FILES_H

#include "options.h"

/**
 * Makes the folder of --out, as run_make_out() does, and refuses a --save that the program would write over, or be
 * written over by: one of its own names in --out, of what lies beside those while they are written (temporaries, an
 * archive's .lock and .prev), of events in --tensorboard, whose folder is made, too: the path may lead through it.
 *
 * @param own all that the program ever writes in --out, as patterns of fnmatch(3); those that end in .safetensors are
 *            archives. Ends with NULL
 * @return RUN_DONE, or after a message RUN_FAILED without a folder, RUN_USAGE where the name is taken
 */
int own_files_prepare(const options_common *common, const char *const own[]);

#endif
