/* The inputs that each corpus begins with. */
#ifndef KVIST_FUZZ_SEEDS_H
#define KVIST_FUZZ_SEEDS_H

#include <stddef.h>

/* Writes an input of a target. */
void seed_write(const char *target, const char *name, const void *bytes, size_t size);

void seeds_of_data(void);
void seeds_of_nn(void);

#endif
