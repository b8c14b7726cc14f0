/*
 * What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput; it is linked with libFuzzer
 * (-DKVIST_FUZZ=ON), or with a plain main that runs the inputs of its corpus.
 */
#ifndef KVIST_FUZZ_H
#define KVIST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Ends the process, as a fuzzer wants it, where a promise is broken. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_fail(const char *file, int line, const char *what);

enum { FUZZ_SLOTS = 4 };
/*
 * A file in memory with this content; its path stays the same for a slot, and what lay there before is gone. The times
 * of an empty one are 0.
 */
const char *fuzz_file(int slot, const void *bytes, size_t size);
/* The content of a slot now; freed by the caller. */
uint8_t *fuzz_content(int slot, size_t *size);

/* Reads every byte, so that a sanitizer sees those that are not there. */
void fuzz_touch(const void *bytes, size_t size);

/* Counts what was taken: a corpus of which nothing is shows that a target does not do its work. */
extern int fuzz_accepted;

/* What every refusal promises: one line without control characters that names its source. */
void fuzz_check_refusal(const char *text, const char *source);

#endif
