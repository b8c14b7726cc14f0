/*
 * Mutations that keep what a checksum or length protects, so that the fuzzer gets behind it. Each mutator file defines
 * LLVMFuzzerCustomMutator for the targets that it is linked with.
 */
#ifndef KVIST_FUZZ_MUTATORS_H
#define KVIST_FUZZ_MUTATORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed);

enum { GZIP_CONTENT = 1 << 14 };
/*
 * Mutates the content of a gzip file and packs it anew; `repair` (or NULL) has the content last. 0 for what is no whole
 * gzip file of at most GZIP_CONTENT bytes, or does not fit.
 */
size_t mutate_gzip(uint8_t *bytes, size_t size, size_t room, void (*repair)(uint8_t *content, size_t size));

enum { MUTATED_LAYER = 1024 };
/* `size` bytes of the text take the place of `old` ones at `at` of a header; at 0: of none, as it has no layers. */
typedef struct layers_change {
    size_t at, old, size;
} layers_change;
layers_change mutate_layers(const uint8_t *header, size_t size, unsigned seed, char text[MUTATED_LAYER]);

#endif
