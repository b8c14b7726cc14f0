/* Replay memory (Lin 1992): a ring of transitions, each one row of bytes, so that a sample touches few cache lines. */
#include "error.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_CAPACITY = 1000000 };

// The beginning of the saved state; the rows follow it.
typedef struct counters {
    uint64_t capacity, observation, count, next; // next: the row the next transition goes to
} counters;

// A row: this, then the observation and the next observation.
typedef struct row {
    float reward;
    int32_t action;
    uint8_t terminated, truncated, unused[2];
} row;

struct data_replay {
    counters *state; // one allocation: counters, then the rows
    char *rows;
    size_t row_size, observation_size; // bytes
    uint32_t *drawn; // (capacity) the last draw each row was in, for batches without repetition; NULL with them
    uint32_t draw;
};

static row *row_at(const data_replay *r, uint64_t i)
{
    return (row *)(void *)(r->rows + i * r->row_size);
}

static bool allocate(data_replay *r, const data_replay_def *def, size_t capacity)
{
    size_t observations, size;
    if (!data_multiply((size_t)def->observation, 2 * sizeof(float), &observations) ||
        !data_add(observations, sizeof(row), &r->row_size) || !data_multiply(capacity, r->row_size, &size) ||
        !data_add(size, sizeof(counters), &size)) {
        return false;
    }
    r->observation_size = observations / 2;
    r->state = malloc(size);
    // calloc of a large array takes no memory before it is used.
    if (!def->with_replacement) r->drawn = calloc(capacity, sizeof *r->drawn);
    return r->state && (r->drawn || def->with_replacement);
}

data_replay *data_replay_create(const data_replay_def *def, data_error *error)
{
    const int capacity = def->capacity ? def->capacity : DEFAULT_CAPACITY;
    if (capacity < 1 || def->observation < 1) {
        (void)data_fail(error, DATA_ERR_ARGUMENT, NULL, 0,
                        "replay: expected a capacity and an observation of at least 1, got %d and %d", capacity,
                        def->observation);
        return NULL;
    }
    data_replay *r = calloc(1, sizeof *r);
    if (!r || !allocate(r, def, (size_t)capacity)) {
        (void)data_fail_memory(error, "replay", (size_t)capacity);
        data_replay_destroy(r);
        return NULL;
    }
    *r->state = (counters){ .capacity = (uint64_t)capacity, .observation = (uint64_t)def->observation };
    r->rows = (char *)(r->state + 1);
    return r;
}

void data_replay_destroy(data_replay *r)
{
    if (!r) return;
    free(r->state);
    free(r->drawn);
    free(r);
}

int data_replay_count(const data_replay *r)
{
    return (int)r->state->count;
}

void data_replay_push(data_replay *r, const data_transition *t)
{
    counters *s = r->state;
    row *to = row_at(r, s->next);
    *to = (row){ .reward = t->reward, .action = t->action, .terminated = t->terminated, .truncated = t->truncated };
    char *observations = (char *)(to + 1);
    memcpy(observations, t->observation, r->observation_size);
    memcpy(observations + r->observation_size, t->next, r->observation_size);
    s->next = (s->next + 1) % s->capacity;
    if (s->count < s->capacity) s->count++;
}

// A row not yet in this draw. Drawing again until one is found keeps the order uniform; even a batch of all n rows
// takes only n ln n draws.
static uint32_t draw_row(data_replay *r, data_rng *rng)
{
    const uint32_t count = (uint32_t)r->state->count;
    uint32_t i = data_rng_below(rng, count);
    if (!r->drawn) return i;
    while (r->drawn[i] == r->draw) i = data_rng_below(rng, count);
    r->drawn[i] = r->draw;
    return i;
}

static void copy_row(const data_replay *r, const row *from, const data_transitions *out, size_t k)
{
    const char *observations = (const char *)(from + 1);
    const size_t size = r->observation_size;
    if (out->observation) memcpy((char *)out->observation + k * size, observations, size);
    if (out->next) memcpy((char *)out->next + k * size, observations + size, size);
    if (out->action) out->action[k] = from->action;
    if (out->reward) out->reward[k] = from->reward;
    if (out->terminated) out->terminated[k] = from->terminated;
    if (out->truncated) out->truncated[k] = from->truncated;
}

data_status data_replay_sample(data_replay *r, int batch, data_rng *rng, const data_transitions *out, data_error *error)
{
    if (batch < 1) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "replay: expected a batch of at least 1, got %d", batch);
    }
    if ((uint64_t)batch > r->state->count) {
        return data_fail(error, DATA_ERR_STATE, NULL, 0, "replay: expected at least %d transitions, got %d", batch,
                         data_replay_count(r));
    }
    if (++r->draw == 0 && r->drawn) { // once in 2^32 draws the numbers begin again
        memset(r->drawn, 0, (size_t)r->state->capacity * sizeof *r->drawn);
        r->draw = 1;
    }
    for (int k = 0; k < batch; k++) copy_row(r, row_at(r, draw_row(r, rng)), out, (size_t)k);
    return DATA_OK;
}

const void *data_replay_state(const data_replay *r, size_t *size)
{
    *size = sizeof(counters) + (size_t)r->state->count * r->row_size;
    return r->state;
}

static data_status check_state(const data_replay *r, const counters *s, size_t size, data_error *error)
{
    if (s->capacity != r->state->capacity || s->observation != r->state->observation) {
        return data_fail(error, DATA_ERR_FORMAT, "replay", 0,
                         "size: expected %llu transitions of %llu values, got %llu of %llu",
                         (unsigned long long)r->state->capacity, (unsigned long long)r->state->observation,
                         (unsigned long long)s->capacity, (unsigned long long)s->observation);
    }
    // A ring that is not full has not wrapped.
    const bool full = s->count == s->capacity;
    if (s->count > s->capacity || s->next >= s->capacity || (!full && s->next != s->count)) {
        return data_fail(error, DATA_ERR_FORMAT, "replay", offsetof(counters, count),
                         "counters: expected a position within the ring, got %llu of %llu", (unsigned long long)s->next,
                         (unsigned long long)s->count);
    }
    const size_t wanted = sizeof *s + (size_t)s->count * r->row_size;
    if (size == wanted) return DATA_OK;
    return data_fail(error, DATA_ERR_FORMAT, "replay", size, "bytes: expected %zu, got %zu", wanted, size);
}

data_status data_replay_restore(data_replay *r, const void *state, size_t size, data_error *error)
{
    counters s;
    if (size < sizeof s) {
        return data_fail(error, DATA_ERR_FORMAT, "replay", size, "bytes: expected at least %zu, got %zu", sizeof s,
                         size);
    }
    memcpy(&s, state, sizeof s);
    const data_status status = check_state(r, &s, size, error);
    if (status == DATA_OK) memmove(r->state, state, size);
    return status;
}
