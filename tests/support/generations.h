/* A file that is saved again and again: each generation is a number, and enough bytes that a part of it can be written.
 */
#ifndef KVIST_TESTS_GENERATIONS_H
#define KVIST_TESTS_GENERATIONS_H

#include <kvist/nn.h>

typedef struct keeper {
    nn_archive *archive;
    uint64_t generation;
    unsigned char bytes[1000];
} keeper;

/* An archive of its fields. */
void begin_keeper(keeper *k);
nn_status save_generation(const char *path, uint64_t generation, nn_error *error);
/* 0 if none loads; *exact: the file itself is whole, not only the one before it. */
uint64_t load_generation(const char *path, bool *exact);
/* Generation 1 as .prev, 2 as the file; or nothing. @return the path of the name in the test's folder */
const char *prepare_generations(const char *name, bool with_old);
int count_temporaries(void);

#endif
