// Index lists: looked over, padded, made sets.
#include "encoding.h"
#include "error.h"
#include "memory.h"

#include <kvist/data.h>
#include <stdlib.h>

data_status data_check_lists(const int32_t *indices, const int64_t *offsets, int count, int32_t bound,
                             data_error *error)
{
    data_clear_error(error);
    if (!offsets) return data_fail_null(error, "lists", "offsets");
    if (count < 0) return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "lists: expected a count, got %d", count);
    if (offsets[0] != 0) {
        return data_fail(error, DATA_ERR_FORMAT, NULL, 0, "offset 0: expected 0, got %lld", (long long)offsets[0]);
    }
    for (int i = 0; i < count; i++) {
        if (offsets[i + 1] < offsets[i]) {
            return data_fail(error, DATA_ERR_FORMAT, NULL, 0, "offset %d: expected at least %lld, got %lld", i + 1,
                             (long long)offsets[i], (long long)offsets[i + 1]);
        }
        for (int64_t k = offsets[i]; indices && k < offsets[i + 1]; k++) {
            if (indices[k] >= 0 && indices[k] < bound) continue;
            return data_fail(error, DATA_ERR_FORMAT, NULL, (uint64_t)k,
                             "list %d, position %lld: expected an index from 0 to %lld, got %d", i,
                             (long long)(k - offsets[i]), (long long)bound - 1, indices[k]);
        }
    }
    return DATA_OK;
}

data_status data_pad_lists(const int32_t *indices, const int64_t *offsets, int count, const data_encoding *encoding,
                           int32_t *rows, data_error *error)
{
    data_encoding filled;
    data_clear_error(error);
    data_status status = data_encoding_fill(encoding, &filled, error);
    if (status == DATA_OK) status = data_check_lists(NULL, offsets, count, 0, error);
    if (status != DATA_OK) return status;
    if ((!indices && offsets[count] > 0) || (!rows && count > 0)) {
        return data_fail_null(error, "lists", "indices and rows");
    }
    const int32_t none = DATA_PAD, *all = indices ? indices : &none; // never read where all lists are empty
    for (int i = 0; i < count; i++) {
        const size_t size = (size_t)(offsets[i + 1] - offsets[i]);
        data_pad_row(all + offsets[i], size, &filled, rows + (size_t)i * (size_t)filled.length);
    }
    return DATA_OK;
}

/* --- sets --------------------------------------------------------------------------------------------------------- */

enum { BITS = 64, MOST_WORDS = 1 << 12 /* of bits, for indices below 262,144 */ };

// Writes the different indices of a list, ascending, to `set`, which may be the list itself or lie before it. `seen`
// has a bit for each index, all 0 before and after.
static int64_t distinct(const int32_t *list, int64_t size, uint64_t *seen, int32_t *set)
{
    int32_t lowest = INT32_MAX, highest = -1;
    int64_t count = 0;
    for (int64_t k = 0; k < size; k++) {
        const int32_t word = list[k] / BITS;
        seen[word] |= (uint64_t)1 << list[k] % BITS;
        if (word < lowest) lowest = word;
        if (word > highest) highest = word;
    }
    for (int32_t word = lowest; word <= highest; word++) {
        for (uint64_t left = seen[word]; left; left &= left - 1) set[count++] = word * BITS + __builtin_ctzll(left);
        seen[word] = 0;
    }
    return count;
}

static int compare(const void *left, const void *right)
{
    const int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

// As distinct(), for indices far apart, whose bits would be too many.
static int64_t distinct_by_sorting(int32_t *list, int64_t size, int32_t *set)
{
    int64_t count = 0;
    if (size > 0) qsort(list, (size_t)size, sizeof *list, compare);
    for (int64_t k = 0; k < size; k++) {
        if (k == 0 || list[k] != set[count - 1]) set[count++] = list[k];
    }
    return count;
}

data_status data_distinct_lists(int32_t *indices, int64_t *offsets, int count, data_error *error)
{
    const data_status status = data_check_lists(indices, offsets, count, INT32_MAX, error);
    if (status != DATA_OK || offsets[count] == 0) return status;
    if (!indices) return data_fail_null(error, "lists", "indices");
    int32_t largest = 0;
    for (int64_t k = 0; k < offsets[count]; k++) {
        if (indices[k] > largest) largest = indices[k];
    }
    const size_t words = (size_t)largest / BITS + 1;
    uint64_t *seen = words <= MOST_WORDS ? calloc(words, sizeof *seen) : NULL;
    if (!seen && words <= MOST_WORDS) return data_fail_memory(error, "lists", words * sizeof *seen);
    int64_t begin = 0;
    for (int i = 0; i < count; i++) {
        const int64_t end = offsets[i + 1];
        int32_t *list = indices + begin, *set = indices + offsets[i];
        const int64_t size = end - begin;
        offsets[i + 1] = offsets[i] + (seen ? distinct(list, size, seen, set) : distinct_by_sorting(list, size, set));
        begin = end;
    }
    free(seen);
    return DATA_OK;
}
