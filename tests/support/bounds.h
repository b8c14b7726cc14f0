/*
 * What a file may cost: memory of at most twice what it holds when it is decoded, and 1 MiB; processor time of at most
 * 1 ms and 10 ms for each MB of it until it is refused. Memory is what the three libraries allocate themselves; zlib
 * and libarchive take some ten KB more inside.
 */
#ifndef KVIST_TESTS_BOUNDS_H
#define KVIST_TESTS_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>

enum { BOUNDS_MIB = 1 << 20 };

/* What a file holds: its name in messages, its path, and the bytes that count. */
typedef struct bounds_sample {
    const char *name, *path;
    size_t decoded;
} bounds_sample;

/* Before a load. */
void bounds_begin(void);
/* After it: ends the clock; true if the file is to be loaded again, after a pause: beside other work, also of another
   virtual machine on the same core, a load is dear for a while, and the least of many is what it costs itself. */
bool bounds_again(const bounds_sample *s, bool refused);
/* Fails the test if it cost more. Something refused must hold nothing any more. */
void bounds_end(const bounds_sample *s, bool refused);
/* The same, where so many bytes are allowed beside. */
void bounds_end_beside(const bounds_sample *s, size_t beside, bool refused);

/* Fails the test unless a load went as it should: refused with this status and text of a fault, or, with NULL, done
   with status 0. @return whether it was to be refused */
bool bounds_refused(const char *name, const char *fault, int expected, int status, const char *text);

/* Changes a byte of a file, counted from the end. */
void bounds_damage(const char *path, long from_end);
size_t bounds_size_of(const char *path);

#endif
