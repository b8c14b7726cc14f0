/* Keras' Tokenizer on bytes: A-Z lower-cased, its filter characters, tab and newline made spaces, split on the space.
 */
#ifndef DATA_TOKENIZER_H
#define DATA_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>

/* ASCII only: every other byte, also within UTF-8, passes through. */
static inline unsigned char data_lower(unsigned char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + ('a' - 'A')) : byte;
}

/* Whether a byte ends a word: the space, or one of the characters that become one. */
bool data_is_separator(unsigned char byte);

/* Finds the next word of [*text, end): returns where it begins (not lower-cased yet), sets *size and moves *text past
   it; NULL when there is none left. */
const char *data_next_word(const char **text, const char *end, size_t *size);

#endif
