/* Sealed files that say something else than what was saved: what their reader checks itself is all that is left. */
#ifndef KVIST_TESTS_FORGED_H
#define KVIST_TESTS_FORGED_H

#include "temp.h"

#include <stdint.h>

/* Copies a file to `forged` in the folder with its first `from` replaced by `to`, of the same length. Its path. */
const char *forge_text(const temp_folder *folder, const char *path, const char *from, const char *to);
/* The same for an archive's number. */
const char *forge_u64(const temp_folder *folder, const char *path, const char *name, uint64_t value);
const char *forge_f64(const temp_folder *folder, const char *path, const char *name, double value);
/* The same for some of an archive's bytes, from their `first` on. */
const char *forge_bytes(const temp_folder *folder, const char *path, const char *name, size_t first, const void *bytes,
                        size_t size);

#endif
