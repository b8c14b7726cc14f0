/*
 * What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput; it is linked with libFuzzer
 * (-DKVIST_FUZZ=ON), or with a plain main that runs the inputs of its corpus.
 */
#ifndef KVIST_FUZZ_H
#define KVIST_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Ends the process, as a fuzzer wants it, where a promise is broken. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_fail(const char *file, int line, const char *what);

/*
 * A file with these bytes, which stay the caller's and must stay; its path is always the same for a slot from 0 to 3.
 * Its times are 0. All that was opened before must be closed. (memory_file.c)
 */
const char *fuzz_file(int slot, const void *bytes, size_t size);
/* The bytes of such a file that is open and was not read yet; false for any other descriptor. */
bool fuzz_opened(int descriptor, const uint8_t **bytes, size_t *size);

/* Reads every byte, so that a sanitizer sees those that are not there. */
void fuzz_touch(const void *bytes, size_t size);

/* Whether to do what takes long for this input: while fuzzing, for a quarter of them; for all of a corpus. */
bool fuzz_one_in_four(const uint8_t *bytes, size_t size);

/* Counts what was taken: a corpus of which nothing is shows that a target does not do its work. */
extern int fuzz_accepted;

/* What every refusal promises: one line without control characters that names its source. */
void fuzz_check_refusal(const char *text, const char *source);

#endif
