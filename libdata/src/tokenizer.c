#include "tokenizer.h"

// Everything ASCII calls punctuation but the apostrophe; carriage return and the other controls belong to words.
static const bool separator[256] = {
    [' '] = true, ['\t'] = true, ['\n'] = true, ['!'] = true, ['"'] = true,  ['#'] = true, ['$'] = true,
    ['%'] = true, ['&'] = true,  ['('] = true,  [')'] = true, ['*'] = true,  ['+'] = true, [','] = true,
    ['-'] = true, ['.'] = true,  ['/'] = true,  [':'] = true, [';'] = true,  ['<'] = true, ['='] = true,
    ['>'] = true, ['?'] = true,  ['@'] = true,  ['['] = true, ['\\'] = true, [']'] = true, ['^'] = true,
    ['_'] = true, ['`'] = true,  ['{'] = true,  ['|'] = true, ['}'] = true,  ['~'] = true,
};

bool data_is_separator(unsigned char byte)
{
    return separator[byte];
}

const char *data_next_word(const char **text, const char *end, size_t *size)
{
    const char *start = *text;
    while (start < end && separator[(unsigned char)*start]) start++;
    const char *stop = start;
    while (stop < end && !separator[(unsigned char)*stop]) stop++;
    *text = stop;
    *size = (size_t)(stop - start);
    return *size ? start : NULL;
}
