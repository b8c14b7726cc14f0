/* A set of words, numbered in the order they came: a hash table with open addressing over one arena of bytes. Its
 * hashes are of a seed that no file can know, so that none can hold words that all ask for the same slot. */
#ifndef DATA_WORDS_H
#define DATA_WORDS_H

#include <stddef.h>
#include <stdint.h>

typedef struct data_word {
    size_t start; // in the arena; a NUL follows the word
    uint32_t size, hash;
} data_word;

typedef struct data_words {
    char *bytes; // the arena
    size_t bytes_used, bytes_room;
    data_word *word; // (count)
    size_t word_room;
    int32_t count;
    int32_t *slot; // (slots) number of a word, or -1; at most half are taken
    size_t slots;  // a power of two, or 0
    uint64_t seed; // of the hashes; 0: drawn with the first word
} data_words;

enum { DATA_MAX_WORDS = 1 << 24 };

/* The number of a word, its case ignored; -1 if it is not there. */
int32_t data_words_find(const data_words *words, const char *word, size_t size);
/* The number of a word, which is added (in lower case) if it is new; -1 without memory or beyond DATA_MAX_WORDS. */
int32_t data_words_add(data_words *words, const char *word, size_t size);
/* Frees the contents and zeroes the struct. */
void data_words_free(data_words *words);

#endif
