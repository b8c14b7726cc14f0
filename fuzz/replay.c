/* The bytes of a replay memory in a checkpoint: uniform, or by priority if the first byte is odd. */
#include "fuzz.h"

#include <kvist/data.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY = 8, OBSERVATION = 2, BATCH = 4 };

static void use(data_replay *replay)
{
    float observation[BATCH * OBSERVATION], weight[BATCH];
    int32_t index[BATCH];
    const data_transitions out = { .observation = observation, .index = index, .weight = weight };
    const data_transition more = { .observation = observation, .next = observation };
    data_rng rng = data_rng_make(1, 0);
    const int count = data_replay_count(replay);
    data_error error = { 0 };
    FUZZ_CHECK(count >= 0 && count <= CAPACITY);
    if (count >= BATCH) {
        FUZZ_CHECK(data_replay_sample(replay, BATCH, &rng, &out, &error) == DATA_OK);
        for (int i = 0; i < BATCH; i++) FUZZ_CHECK(index[i] >= 0 && index[i] < count);
        FUZZ_CHECK(data_replay_set_priorities(replay, index, BATCH, weight, &error) == DATA_OK);
    }
    memset(observation, 0, sizeof observation);
    data_replay_push(replay, &more);
    FUZZ_CHECK(data_replay_count(replay) == (count < CAPACITY ? count + 1 : CAPACITY));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) return 0;
    const data_replay_def def = { .capacity = CAPACITY,
                                  .observation = OBSERVATION,
                                  .priority_exponent = bytes[0] & 1 ? 0.6 : 0.0 };
    data_error error = { 0 };
    data_replay *replay = data_replay_create(&def, &error);
    FUZZ_CHECK(replay);
    const data_status status = data_replay_restore(replay, bytes + 1, size - 1, &error);
    if (status == DATA_OK) {
        size_t kept;
        fuzz_accepted++;
        const void *state = data_replay_state(replay, &kept);
        FUZZ_CHECK(kept == size - 1);
        fuzz_touch(state, kept);
        use(replay);
    } else {
        fuzz_check_refusal(error.text, "");
        FUZZ_CHECK(data_replay_count(replay) == 0);
    }
    data_replay_destroy(replay);
    return 0;
}
