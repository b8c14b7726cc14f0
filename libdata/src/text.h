/* A review's text while it is read: whole up to 1 MiB, of a longer one the first and last 512 KiB, in a fixed buffer.
 */
#ifndef DATA_TEXT_H
#define DATA_TEXT_H

#include <stddef.h>
#include <stdint.h>

#ifdef DATA_FUZZED
enum { DATA_TEXT_MAX = 1 << 7 }; // fuzzed reviews are short, and are to be cut as well
#else
enum { DATA_TEXT_MAX = 1 << 20 };
#endif

typedef struct data_text {
    char *bytes;   // (DATA_TEXT_MAX)
    uint64_t size; // all that was appended
} data_text;

/* Empties it; `bytes` stays. */
void data_text_clear(data_text *text);
void data_text_append(data_text *text, const char *bytes, size_t size);
/* Puts the kept parts in order and returns how many bytes they have. */
size_t data_text_finish(data_text *text);

#endif
