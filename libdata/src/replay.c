/* Replay memory (Lin 1992): a ring of transitions, each one row of bytes, so that a sample touches few cache lines.
   Prioritised (Schaul et al. 2016), a row ends with the magnitude of its TD error, and a sum tree holds the priorities
   that follow from the errors. */
#include "error.h"
#include "memory.h"
#include "sum_tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_CAPACITY = 1000000 };
static const double DEFAULT_EPSILON = 1e-6;

// The beginning of the saved state; the rows follow it. A uniform replay leaves the last line out.
typedef struct header {
    uint64_t capacity, observation, count, next; // next: the row the next transition goes to
    float largest_error, unused;                 // the largest magnitude so far, 1 before there is any
} header;

// A row: this, then the observation, the next observation and, prioritised, the magnitude of the TD error.
typedef struct row {
    float reward;
    int32_t action;
    uint8_t terminated, truncated, unused[2];
} row;

struct data_replay {
    header *state; // one allocation: header, then the rows
    char *rows;
    size_t header_size, row_size, observation_size; // bytes
    uint16_t *drawn; // (capacity) the last draw each row was in, for batches without repetition; NULL with them
    uint16_t draw;
    int actions;              // 0: any
    double exponent, epsilon; // of the priorities; exponent 0: uniform
    data_sum_tree priorities; // of the rows held, 0 elsewhere; empty when uniform
};

static row *row_at(const data_replay *r, uint64_t i)
{
    return (row *)(void *)(r->rows + i * r->row_size);
}

static float *td_error_at(const data_replay *r, uint64_t i)
{
    return (float *)(void *)(r->rows + (i + 1) * r->row_size) - 1;
}

static bool prioritised(const data_replay *r)
{
    return r->exponent > 0.0;
}

// p = (|TD error| + epsilon)^alpha
static double priority(const data_replay *r, float magnitude)
{
    return pow((double)magnitude + r->epsilon, r->exponent);
}

// False with the bytes that were not to be had.
static bool allocate(data_replay *r, const data_replay_def *def, size_t capacity, size_t *wanted)
{
    size_t observations, size;
    *wanted = SIZE_MAX;
    if (!data_multiply((size_t)def->observation, 2 * sizeof(float), &observations) ||
        !data_add(observations, sizeof(row) + (prioritised(r) ? sizeof(float) : 0), &r->row_size) ||
        !data_multiply(capacity, r->row_size, &size) || !data_add(size, sizeof(header), &size)) {
        return false;
    }
    r->observation_size = observations / 2;
    r->header_size = prioritised(r) ? sizeof(header) : offsetof(header, largest_error);
    *wanted = size;
    r->state = malloc(size);
    if (!r->state) return false;
    if (prioritised(r)) {
        (void)data_sum_tree_bytes(capacity, wanted); // if it does not fit, there is no tree either
        return data_sum_tree_make(&r->priorities, capacity);
    }
    if (def->with_replacement) return true;
    *wanted = capacity * sizeof *r->drawn; // less than the rows
    // calloc of a large array takes no memory before it is used.
    r->drawn = calloc(capacity, sizeof *r->drawn);
    return r->drawn != NULL;
}

static data_status check_definition(const data_replay_def *def, data_error *error)
{
    if (def->capacity < 1 || def->observation < 1) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0,
                         "replay: expected a capacity and an observation of at least 1, got %d and %d", def->capacity,
                         def->observation);
    }
    if (def->actions < 0) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "replay.actions: expected at least 0, got %d",
                         def->actions);
    }
    if (!(def->priority_exponent >= 0.0 && def->priority_exponent <= 1.0)) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "replay.priority_exponent: expected 0 to 1, got %g",
                         def->priority_exponent);
    }
    if (!(def->priority_epsilon > 0.0 && def->priority_epsilon <= 1.0)) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0,
                         "replay.priority_epsilon: expected above 0 and at most 1, got %g", def->priority_epsilon);
    }
    return DATA_OK;
}

data_replay *data_replay_create(const data_replay_def *def, data_error *error)
{
    data_clear_error(error);
    if (!def) {
        (void)data_fail_null(error, "replay", "a definition");
        return NULL;
    }
    data_replay_def d = *def;
    if (d.capacity == 0) d.capacity = DEFAULT_CAPACITY;
    if (d.priority_epsilon == 0.0) d.priority_epsilon = DEFAULT_EPSILON;
    if (check_definition(&d, error) != DATA_OK) return NULL;
    size_t wanted = sizeof(data_replay);
    data_replay *r = calloc(1, wanted);
    if (r) {
        r->actions = d.actions;
        r->exponent = d.priority_exponent;
        r->epsilon = d.priority_epsilon;
    }
    if (!r || !allocate(r, &d, (size_t)d.capacity, &wanted)) {
        (void)data_fail_memory(error, "replay", wanted);
        data_replay_destroy(r);
        return NULL;
    }
    *r->state =
        (header){ .capacity = (uint64_t)d.capacity, .observation = (uint64_t)d.observation, .largest_error = 1.0f };
    r->rows = (char *)r->state + r->header_size;
    return r;
}

void data_replay_destroy(data_replay *r)
{
    if (!r) return;
    free(r->state);
    free(r->drawn);
    data_sum_tree_free(&r->priorities);
    free(r);
}

int data_replay_count(const data_replay *r)
{
    return (int)r->state->count;
}

static void set_td_error(data_replay *r, uint64_t i, float magnitude)
{
    *td_error_at(r, i) = magnitude;
    if (magnitude > r->state->largest_error) r->state->largest_error = magnitude;
    data_sum_tree_set(&r->priorities, (size_t)i, priority(r, magnitude));
}

void data_replay_push(data_replay *r, const data_transition *t)
{
    header *s = r->state;
    row *to = row_at(r, s->next);
    *to = (row){ .reward = t->reward, .action = t->action, .terminated = t->terminated, .truncated = t->truncated };
    char *observations = (char *)(to + 1);
    memcpy(observations, t->observation, r->observation_size);
    memcpy(observations + r->observation_size, t->next, r->observation_size);
    if (prioritised(r)) set_td_error(r, s->next, s->largest_error);
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

// A row out of slice k of the batch's equal slices of the sum of priorities.
static uint32_t draw_by_priority(const data_replay *r, int k, int batch, data_rng *rng)
{
    const double slice = data_sum_tree_total(&r->priorities) / batch;
    return (uint32_t)data_sum_tree_find(&r->priorities, (k + data_rng_uniform(rng)) * slice);
}

static void copy_row(const data_replay *r, uint32_t i, const data_transitions *out, size_t k)
{
    const row *from = row_at(r, i);
    const char *observations = (const char *)(from + 1);
    const size_t size = r->observation_size;
    if (out->observation) memcpy((char *)out->observation + k * size, observations, size);
    if (out->next) memcpy((char *)out->next + k * size, observations + size, size);
    if (out->action) out->action[k] = from->action;
    if (out->reward) out->reward[k] = from->reward;
    if (out->terminated) out->terminated[k] = from->terminated;
    if (out->truncated) out->truncated[k] = from->truncated;
    if (out->index) out->index[k] = (int32_t)i;
    if (out->weight) out->weight[k] = prioritised(r) ? *td_error_at(r, i) : 1.0f; // see weigh()
}

// Turns the magnitudes of a batch's TD errors into its weights: (N P(i))^-beta over the largest of the batch. N and the
// sum of priorities cancel, which leaves (least p / p(i))^beta,
// w(i) = ((least |TD error| + epsilon) / (|TD error| + epsilon))^(alpha beta)
static void weigh(const data_replay *r, int batch, double beta, float *weight)
{
    float least = weight[0];
    for (int k = 1; k < batch; k++) least = weight[k] < least ? weight[k] : least;
    for (int k = 0; k < batch; k++) {
        weight[k] = (float)pow((least + r->epsilon) / (weight[k] + r->epsilon), r->exponent * beta);
    }
}

data_status data_replay_sample(data_replay *r, int batch, data_rng *rng, const data_transitions *out, data_error *error)
{
    data_clear_error(error);
    if (!r || !rng || !out) return data_fail_null(error, "replay", "a replay, a generator and a destination");
    if (batch < 1) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "replay: expected a batch of at least 1, got %d", batch);
    }
    if (!(out->weight_exponent >= 0.0 && out->weight_exponent <= 1.0)) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "replay.weight_exponent: expected 0 to 1, got %g",
                         out->weight_exponent);
    }
    if ((uint64_t)batch > r->state->count) {
        return data_fail(error, DATA_ERR_STATE, NULL, 0, "replay: expected at least %d transitions, got %d", batch,
                         data_replay_count(r));
    }
    if (++r->draw == 0 && r->drawn) { // once in 2^16 draws the numbers begin again
        memset(r->drawn, 0, (size_t)r->state->capacity * sizeof *r->drawn);
        r->draw = 1;
    }
    for (int k = 0; k < batch; k++) {
        copy_row(r, prioritised(r) ? draw_by_priority(r, k, batch, rng) : draw_row(r, rng), out, (size_t)k);
    }
    if (out->weight && prioritised(r)) weigh(r, batch, out->weight_exponent, out->weight);
    return DATA_OK;
}

data_status data_replay_set_priorities(data_replay *r, const int32_t *index, int count, const float *td_error,
                                       data_error *error)
{
    data_clear_error(error);
    if (!r || (count > 0 && (!index || !td_error))) {
        return data_fail_null(error, "replay", "a replay, indices and TD errors");
    }
    const int held = data_replay_count(r);
    if (count < 0) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "replay: expected a count of at least 0, got %d", count);
    }
    for (int k = 0; k < count; k++) {
        if (index[k] < 0 || index[k] >= held) {
            return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0,
                             "replay.index[%d]: expected one of the %d transitions held, got %d", k, held,
                             (int)index[k]);
        }
        if (!isfinite(td_error[k])) {
            return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "replay.td_error[%d]: expected a finite number, got %g",
                             k, (double)td_error[k]);
        }
    }
    for (int k = 0; k < count && prioritised(r); k++) set_td_error(r, (uint64_t)index[k], fabsf(td_error[k]));
    return DATA_OK;
}

const void *data_replay_state(const data_replay *r, size_t *size)
{
    *size = r->header_size + (size_t)r->state->count * r->row_size;
    return r->state;
}

static data_status check_header(const data_replay *r, const header *s, size_t size, data_error *error)
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
        return data_fail(error, DATA_ERR_FORMAT, "replay", offsetof(header, count),
                         "counters: expected a position within the ring, got %llu of %llu", (unsigned long long)s->next,
                         (unsigned long long)s->count);
    }
    // Rows and header are longer with priorities: bytes of the other kind of replay never fit.
    const size_t wanted = r->header_size + (size_t)s->count * r->row_size;
    if (size == wanted) return DATA_OK;
    return data_fail(error, DATA_ERR_FORMAT, "replay", size, "bytes: expected %zu, got %zu", wanted, size);
}

static data_status check_actions(const data_replay *r, const header *s, const char *state, data_error *error)
{
    for (size_t i = 0; i < s->count; i++) {
        const size_t offset = r->header_size + i * r->row_size + offsetof(row, action);
        int32_t action;
        memcpy(&action, state + offset, sizeof action);
        if (action < 0 || action >= r->actions) {
            return data_fail(error, DATA_ERR_FORMAT, "replay", offset, "action: expected 0 to %d, got %d",
                             r->actions - 1, (int)action);
        }
    }
    return DATA_OK;
}

static data_status check_td_errors(const data_replay *r, const header *s, const char *state, data_error *error)
{
    if (!(s->largest_error >= 1.0f && isfinite(s->largest_error))) {
        return data_fail(error, DATA_ERR_FORMAT, "replay", offsetof(header, largest_error),
                         "largest TD error: expected a finite number of at least 1, got %g", (double)s->largest_error);
    }
    for (size_t i = 0; i < s->count; i++) {
        const size_t offset = r->header_size + (i + 1) * r->row_size - sizeof(float);
        float magnitude;
        memcpy(&magnitude, state + offset, sizeof magnitude);
        if (!(magnitude >= 0.0f && magnitude <= s->largest_error)) {
            return data_fail(error, DATA_ERR_FORMAT, "replay", offset, "TD error: expected 0 to %g, got %g",
                             (double)s->largest_error, (double)magnitude);
        }
    }
    return DATA_OK;
}

data_status data_replay_restore(data_replay *r, const void *state, size_t size, data_error *error)
{
    header s;
    data_clear_error(error);
    if (!r || !state) return data_fail_null(error, "replay", "a replay and its bytes");
    if (size < r->header_size) {
        return data_fail(error, DATA_ERR_FORMAT, "replay", size, "bytes: expected at least %zu, got %zu",
                         r->header_size, size);
    }
    memcpy(&s, state, r->header_size);
    data_status status = check_header(r, &s, size, error);
    if (status == DATA_OK && r->actions > 0) status = check_actions(r, &s, state, error);
    if (status == DATA_OK && prioritised(r)) status = check_td_errors(r, &s, state, error);
    if (status != DATA_OK) return status;
    const size_t before = (size_t)r->state->count, count = (size_t)s.count; /* at most the capacity */
    memmove(r->state, state, size);
    if (!prioritised(r)) return DATA_OK;
    for (size_t i = 0; i < count; i++) data_sum_tree_set(&r->priorities, i, priority(r, *td_error_at(r, i)));
    for (size_t i = count; i < before; i++) data_sum_tree_set(&r->priorities, i, 0.0);
    return DATA_OK;
}
