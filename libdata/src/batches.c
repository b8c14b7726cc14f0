/* Orders of samples, batches of them, rows gathered into a batch. */
#include "error.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_BATCH = 32 };

struct data_batches {
    data_batches_def def;
    uint64_t epoch;
    bool ordered; // whether `order` is that of `epoch`
    int next;     // the first sample of the next batch
    int32_t *order;
};

size_t data_split(size_t count, double split)
{
    if (!(split > 0.0)) return count; // NaN too
    if (split >= 1.0) return 0;
    return (size_t)((double)count * (1.0 - split));
}

void data_shuffle(int32_t *order, int32_t count, data_rng *rng)
{
    for (int32_t i = 0; i < count; i++) order[i] = i;
    for (int32_t left = count; left > 1; left--) {
        const int32_t k = (int32_t)data_rng_below(rng, (uint32_t)left);
        const int32_t kept = order[left - 1];
        order[left - 1] = order[k];
        order[k] = kept;
    }
}

data_batches *data_batches_create(const data_batches_def *def, data_error *error)
{
    data_clear_error(error);
    if (!def) {
        (void)data_fail_null(error, "batches", "a definition");
        return NULL;
    }
    data_batches_def d = *def;
    if (d.count < 1) {
        (void)data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "batches.count: expected at least 1, got %d", d.count);
        return NULL;
    }
    if (d.batch == 0) d.batch = d.count < DEFAULT_BATCH ? d.count : DEFAULT_BATCH;
    if (d.batch < 1 || d.batch > d.count) {
        (void)data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "batches.batch: expected 1 to %d (count), got %d", d.count,
                        d.batch);
        return NULL;
    }
    data_batches *batches = calloc(1, sizeof *batches);
    int32_t *order = data_allocate((size_t)d.count, sizeof *order);
    if (!batches || !order) {
        free(batches);
        free(order);
        (void)data_fail_memory(error, "batches", (size_t)d.count * sizeof *order);
        return NULL;
    }
    batches->def = d;
    batches->order = order;
    return batches;
}

void data_batches_destroy(data_batches *batches)
{
    if (!batches) return;
    free(batches->order);
    free(batches);
}

int data_batches_per_epoch(const data_batches *batches)
{
    const data_batches_def *d = &batches->def;
    return d->count / d->batch + (!d->drop_last && d->count % d->batch != 0);
}

void data_batches_seek(data_batches *batches, uint64_t epoch, int batch)
{
    const int all = data_batches_per_epoch(batches), to = batch < 0 ? 0 : batch > all ? all : batch;
    if (epoch != batches->epoch) batches->ordered = false;
    batches->epoch = epoch;
    batches->next = to == all ? batches->def.count : to * batches->def.batch;
}

static void make_order(data_batches *batches)
{
    // The epoch is the stream, so no order depends on those before it.
    data_rng rng = data_rng_make(batches->def.seed, batches->epoch);
    if (batches->def.no_shuffle) {
        for (int32_t i = 0; i < batches->def.count; i++) batches->order[i] = i;
    } else {
        data_shuffle(batches->order, batches->def.count, &rng);
    }
    batches->ordered = true;
}

const int32_t *data_batches_next(data_batches *batches, int *size)
{
    const data_batches_def *d = &batches->def;
    const int left = d->count - batches->next, first = batches->next;
    *size = left < d->batch ? left : d->batch;
    if (left == 0 || (d->drop_last && left < d->batch)) {
        *size = 0;
        return NULL;
    }
    if (!batches->ordered) make_order(batches);
    batches->next += *size;
    return batches->order + first;
}

data_status data_gather(const void *rows, int count, size_t row_size, const int32_t *order, int size, void *out)
{
    if (size > 0 && (!rows || !order || !out)) return DATA_ERR_ARGUMENT;
    for (int k = 0; k < size; k++) {
        if (order[k] < 0 || order[k] >= count) return DATA_ERR_ARGUMENT;
        memcpy((char *)out + (size_t)k * row_size, (const char *)rows + (size_t)order[k] * row_size, row_size);
    }
    return DATA_OK;
}

data_status data_gather_lists(const int32_t *indices, const int64_t *offsets, int count, const int32_t *order, int size,
                              int32_t *out_indices, int64_t *out_offsets)
{
    if (!out_offsets || (size > 0 && (!offsets || !order))) return DATA_ERR_ARGUMENT;
    out_offsets[0] = 0;
    for (int k = 0; k < size; k++) {
        if (order[k] < 0 || order[k] >= count) return DATA_ERR_ARGUMENT;
        const int64_t first = offsets[order[k]], length = offsets[order[k] + 1] - first;
        if (length > 0 && (!indices || !out_indices)) return DATA_ERR_ARGUMENT;
        if (length > 0) memcpy(out_indices + out_offsets[k], indices + first, (size_t)length * sizeof *indices);
        out_offsets[k + 1] = out_offsets[k] + length;
    }
    return DATA_OK;
}
