/* Checkpoints whole by their seal that say what no run says: refused in words, not taken for a place in memory. */
#include "dcgan_training.h"
#include "dqn_training.h"
#include "forged.h"
#include "heard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static temp_folder folder;

static void replace_checkpoint(const char *forged)
{
    assert_int_equal(rename(forged, temp_path(&folder, "checkpoint.safetensors")), 0);
}

/* --- pictures of mnist_dcgan -------------------------------------------------------------------------------------- */

enum { IMAGES = 4 };

static int begin_gan(bool resume)
{
    static uint8_t pixels[IMAGES * DCGAN_PIXELS];
    const data_images images = { .count = IMAGES, .height = DCGAN_SIDE, .width = DCGAN_SIDE, .pixels = pixels };
    dcgan_training t;
    const int code = dcgan_training_begin(&t, &(dcgan_training_def){ .images = &images,
                                                                     .epochs = 1,
                                                                     .batch = 2,
                                                                     .samples = 1,
                                                                     .lr = 1e-4,
                                                                     .threads = 1,
                                                                     .out = folder.path,
                                                                     .resume = resume,
                                                                     .quiet = true });
    dcgan_training_end(&t);
    return code;
}

static void frames_beyond_the_room_are_refused(void **state)
{
    (void)state;
    const uint64_t wrong[] = { GALLERY_FRAMES + 1, UINT64_C(1) << 32, UINT64_MAX };
    temp_make(&folder);
    assert_int_equal(begin_gan(false), RUN_DONE);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        replace_checkpoint(forge_u64(&folder, temp_path(&folder, "checkpoint.safetensors"), "frame_count", wrong[i]));
        hear_stderr();
        const int code = begin_gan(true);
        assert_heard("checkpoint.safetensors: frame_count: expected at most 128, got ");
        assert_int_equal(code, RUN_FAILED);
    }
    replace_checkpoint(forge_u64(&folder, temp_path(&folder, "checkpoint.safetensors"), "frame_count", GALLERY_FRAMES));
    assert_int_equal(begin_gan(true), RUN_DONE);
    temp_remove(&folder);
}

/* --- the memory and the settings of cartpole_dqn ------------------------------------------------------------------ */

static int run_dqn(bool resume)
{
    dqn_training t;
    int code = dqn_training_begin(&t, &(dqn_training_def){ .agent = { .units = 4,
                                                                      .batch = 8,
                                                                      .memory = 100,
                                                                      .lr = 0.01,
                                                                      .gamma = 0.9,
                                                                      .tau = 0.5,
                                                                      .epsilon = 1.0,
                                                                      .seed = 1 },
                                                           .episodes = resume ? 4 : 3,
                                                           .bar = 475.0,
                                                           .out = folder.path,
                                                           .resume = resume,
                                                           .quiet = true });
    if (code == RUN_DONE) code = dqn_training_run(&t);
    dqn_training_end(&t);
    return code;
}

static void actions_that_there_are_not_are_refused(void **state)
{
    (void)state;
    enum { HEADER = 32, ACTION = 4 /* behind the reward of the first row */ };
    const int32_t wrong[] = { 1000000, 2, -1, INT32_MIN };
    const char *checkpoint;
    temp_make(&folder);
    checkpoint = temp_path(&folder, "checkpoint.safetensors");
    assert_int_equal(run_dqn(false), RUN_DONE);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        replace_checkpoint(forge_bytes(&folder, checkpoint, "replay", HEADER + ACTION, &wrong[i], sizeof wrong[i]));
        hear_stderr();
        const int code = run_dqn(true);
        assert_heard("action: expected 0 to 1, got ");
        assert_int_equal(code, RUN_FAILED);
    }
    replace_checkpoint(forge_bytes(&folder, checkpoint, "replay", HEADER + ACTION, &(int32_t){ 1 }, sizeof(int32_t)));
    assert_int_equal(run_dqn(true), RUN_DONE);
    temp_remove(&folder);
}

/* Settings without an end are no text. */
static void settings_without_an_end_are_refused(void **state)
{
    (void)state;
    char endless[sizeof(dqn_training_settings)];
    memset(endless, '-', sizeof endless);
    temp_make(&folder);
    assert_int_equal(run_dqn(false), RUN_DONE);
    replace_checkpoint(
        forge_bytes(&folder, temp_path(&folder, "checkpoint.safetensors"), "settings", 0, endless, sizeof endless));
    hear_stderr();
    const int code = run_dqn(true);
    assert_heard("settings: expected the settings it was begun with, got none of this program; begin anew");
    assert_int_equal(code, RUN_FAILED);
    temp_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(frames_beyond_the_room_are_refused),
                                        cmocka_unit_test(actions_that_there_are_not_are_refused),
                                        cmocka_unit_test(settings_without_an_end_are_refused) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
