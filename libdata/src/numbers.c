#include "numbers.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST = 1 << 12, DOUBLED = 10 }; // numbers of the first piece; pieces until all have the same size

static size_t room_of(int piece)
{
    return (size_t)FIRST << (piece < DOUBLED ? piece : DOUBLED);
}

_Static_assert(((1ull << DOUBLED) - 1 + (DATA_NUMBERS_PIECES - DOUBLED) * (1ull << DOUBLED)) * FIRST >=
                   DATA_NUMBERS_MOST,
               "the pieces hold as many as are allowed");

static size_t in_last(const data_numbers *numbers)
{
    return numbers->pieces > 0 ? (size_t)(numbers->at - numbers->piece[numbers->pieces - 1]) : 0;
}

size_t data_numbers_count(const data_numbers *numbers)
{
    return numbers->before + in_last(numbers);
}

bool data_numbers_grow(data_numbers *numbers)
{
    if (numbers->at < numbers->end) return true;
    const size_t count = data_numbers_count(numbers), left = DATA_NUMBERS_MOST - count;
    const size_t room = room_of(numbers->pieces) < left ? room_of(numbers->pieces) : left;
    int32_t *piece = data_allocate(room, sizeof *piece);
    if (!piece) return false;
    numbers->before = count;
    numbers->piece[numbers->pieces++] = piece;
    numbers->at = piece;
    numbers->end = piece + room;
    return true;
}

bool data_numbers_trim(data_numbers *numbers)
{
    const size_t count = in_last(numbers);
    if (count == 0) return true;
    void *last = numbers->piece[numbers->pieces - 1];
    if (!data_trim(&last, count, sizeof *numbers->at)) return false;
    numbers->piece[numbers->pieces - 1] = last;
    numbers->at = numbers->end = numbers->piece[numbers->pieces - 1] + count;
    return true;
}

void data_numbers_copy(const data_numbers *numbers, int32_t *to)
{
    for (int i = 0; i < numbers->pieces; i++) {
        const size_t count = i + 1 < numbers->pieces ? room_of(i) : in_last(numbers);
        memcpy(to, numbers->piece[i], count * sizeof *to);
        to += count;
    }
}

void data_numbers_free(data_numbers *numbers)
{
    for (int i = 0; i < numbers->pieces; i++) free(numbers->piece[i]);
    *numbers = (data_numbers){ 0 };
}
