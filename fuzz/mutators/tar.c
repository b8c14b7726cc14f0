#include "mutators.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512, SIZE_AT = 124, SUM_AT = 148, SUM_SIZE = 8 };

/* Gives every header the checksum that it should have. */
static void repair(uint8_t *bytes, size_t size)
{
    size_t at = 0;
    while (size - at >= BLOCK && bytes[at]) {
        uint8_t *header = bytes + at;
        char text[13] = "";
        unsigned sum = 0;
        memcpy(text, header + SIZE_AT, 12);
        memset(header + SUM_AT, ' ', SUM_SIZE);
        for (int i = 0; i < BLOCK; i++) sum += header[i];
        char digits[SUM_SIZE];
        snprintf(digits, sizeof digits, "%06o", sum & 0777777);
        memcpy(header + SUM_AT, digits, SUM_SIZE - 1);
        const size_t content = strtoul(text, NULL, 8), blocks = 1 + content / BLOCK + (content % BLOCK > 0);
        if (blocks > (size - at) / BLOCK) break;
        at += blocks * BLOCK;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
    if (seed % 8 == 0) return LLVMFuzzerMutate(bytes, size, room);
    size_t made = mutate_gzip(bytes, size, room, repair);
    if (made > 0) return made;
    made = LLVMFuzzerMutate(bytes, size, room);
    repair(bytes, made);
    return made;
}
