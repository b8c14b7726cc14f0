/* Checkpoints whole by their seal that say what no run says: refused in words, not taken for a place in memory. */
#include "dcgan_training.h"
#include "dqn_training.h"
#include "forged.h"
#include "heard.h"
#include "qlearning_training.h"
#include "sentiment_model.h"

#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static temp_folder folder;

static const char *checkpoint;

static void make_folder(void)
{
    temp_make(&folder);
    checkpoint = temp_path(&folder, "checkpoint.safetensors");
}

static void replace_checkpoint(const char *forged)
{
    assert_int_equal(rename(forged, checkpoint), 0);
}

/* What a name holds instead, and what resume() says of it. */
typedef struct forgery {
    const char *name, *expected;
    uint64_t u64;
    const void *bytes; /* NULL: u64 is a number of its own */
    size_t size;       /* 0: a double */
} forgery;

static const char *forge_entry(const forgery *f)
{
    if (!f->bytes) return forge_u64(&folder, checkpoint, f->name, f->u64);
    if (f->size == 0) return forge_f64(&folder, checkpoint, f->name, *(const double *)f->bytes);
    return forge_bytes(&folder, checkpoint, f->name, 0, f->bytes, f->size);
}

static void assert_refused(int (*run)(bool resume), const forgery *forgeries, size_t count)
{
    make_folder();
    assert_int_equal(run(false), RUN_DONE);
    size_t size;
    unsigned char *whole = temp_read(checkpoint, &size);
    for (size_t i = 0; i < count; i++) {
        const forgery *f = &forgeries[i];
        replace_checkpoint(forge_entry(f));
        hear_stderr();
        const int code = run(true);
        assert_heard(f->expected);
        assert_int_equal(code, RUN_FAILED);
        temp_write(&folder, "checkpoint.safetensors", whole, size);
    }
    assert_int_equal(run(true), RUN_DONE);
    free(whole);
    temp_remove(&folder);
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
    make_folder();
    assert_int_equal(begin_gan(false), RUN_DONE);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        replace_checkpoint(forge_u64(&folder, checkpoint, "frame_count", wrong[i]));
        hear_stderr();
        const int code = begin_gan(true);
        assert_heard("checkpoint.safetensors: frame_count: expected at most 128, got ");
        assert_int_equal(code, RUN_FAILED);
    }
    replace_checkpoint(forge_u64(&folder, checkpoint, "frame_count", GALLERY_FRAMES));
    assert_int_equal(begin_gan(true), RUN_DONE);
    temp_remove(&folder);
}

static void positions_that_there_are_not_are_refused(void **state)
{
    (void)state;
    static const forgery forgeries[] = {
        { "step", "step: expected at most 2, got 3", .u64 = 3 },
        { "step", "step: expected at most 2, got 18446744073709551615", .u64 = UINT64_MAX },
        { "epoch", "--epochs: expected at least 2, which is begun, got 1", .u64 = 2 },
        { "epoch", "--epochs: expected at least 18446744073709551615, which is begun, got 1", .u64 = UINT64_MAX },
    };
    assert_refused(begin_gan, forgeries, sizeof forgeries / sizeof *forgeries);
}

/* --- CartPole ----------------------------------------------------------------------------------------------------- */

static const unsigned char no_bool = 7;
static const int negative = -1, beyond = ENV_CARTPOLE_V1_STEPS + 1, most = INT_MAX;
static const double no_score = 3.5, less = 0.0, too_long = 501.0, huge = 1e300, no_number = NAN;
static const uint64_t zeros[4];

#define POLE_FORGERIES                                                                                                 \
    { "running", "running: expected 0 or 1, got another number", 0, &no_bool, sizeof no_bool },                        \
        { "step", "step: expected 0 to 500, got -1", 0, &negative, sizeof negative },                                  \
        { "step", "step: expected 0 to 500, got 501", 0, &beyond, sizeof beyond },                                     \
        { "step", "step: expected 0 to 500, got 2147483647", 0, &most, sizeof most },                                  \
        { "x", "expected a state of the cart, got no number", 0, &no_number, 0 },                                      \
        { "x_dot", "expected a state of the cart, got no number", 0, &no_number, 0 },                                  \
        { "theta", "expected a state of the cart, got no number", 0, &no_number, 0 },                                  \
    {                                                                                                                  \
        "theta_dot", "expected a state of the cart, got no number", 0, &no_number, 0                                   \
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
    make_folder();
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

static void scores_that_there_are_not_are_refused(void **state)
{
    (void)state;
    static const forgery forgeries[] = {
        POLE_FORGERIES,
        { "scores", "score 1: expected 1 to 500 steps, got 3.5", 0, &no_score, sizeof no_score },
        { "scores", "score 1: expected 1 to 500 steps, got 0", 0, &less, sizeof less },
        { "scores", "score 1: expected 1 to 500 steps, got 501", 0, &too_long, sizeof too_long },
        { "scores", "score 1: expected 1 to 500 steps, got 1e+300", 0, &huge, sizeof huge },
        { "scores", "score 1: expected 1 to 500 steps, got nan", 0, &no_number, sizeof no_number },
        { "sample", "sample: expected a generator's state, got zeros alone", 0, zeros, sizeof zeros },
        { "explore", "explore: expected a generator's state, got zeros alone", 0, zeros, sizeof zeros },
    };
    assert_refused(run_dqn, forgeries, sizeof forgeries / sizeof *forgeries);
}

/* Settings without an end are no text. */
static void settings_without_an_end_are_refused(void **state)
{
    (void)state;
    char endless[sizeof(dqn_training_settings)];
    memset(endless, '-', sizeof endless);
    make_folder();
    assert_int_equal(run_dqn(false), RUN_DONE);
    replace_checkpoint(forge_bytes(&folder, checkpoint, "settings", 0, endless, sizeof endless));
    hear_stderr();
    const int code = run_dqn(true);
    assert_heard("settings: expected the settings it was begun with, got none of this program; begin anew");
    assert_int_equal(code, RUN_FAILED);
    temp_remove(&folder);
}

/* --- cartpole_qlearning ------------------------------------------------------------------------------------------- */

static int run_table(bool resume)
{
    qlearning q;
    char history[RUN_PATH];
    run_join(history, folder.path, "history.csv");
    const qlearning_def def = {
        .settings = { .seed = 1, .grid = { 4, { 2.4, 3.0, 0.21, 3.5 } }, .lr = 0.1, .gamma = 0.9, .epsilon = 0.1 },
        .episodes = 3,
        .resume = resume,
        .quiet = true,
        .history = history,
        .checkpoint = checkpoint
    };
    int code = qlearning_begin(&q, &def);
    if (code == RUN_DONE) code = qlearning_run(&q);
    qlearning_end(&q);
    return code;
}

static void episodes_that_there_are_not_are_refused(void **state)
{
    (void)state;
    static const unsigned char running = 1;
    static const forgery forgeries[] = {
        POLE_FORGERIES,
        { "running", "expected --episodes 4 or more, where it stands", 0, &running, sizeof running },
        { "episode", "expected --episodes 4 or more, where it stands", .u64 = 4 },
        { "episode", "expected --episodes 18446744073709551615 or more, where it stands", .u64 = UINT64_MAX },
        { "exploration", "exploration: expected a generator's state, got zeros alone", 0, zeros, sizeof zeros },
    };
    assert_refused(run_table, forgeries, sizeof forgeries / sizeof *forgeries);
}

/* --- the encoding of imdb_sentiment ------------------------------------------------------------------------------- */

enum { WORDS = 4, LENGTH = 3 };

static void save_sentiment(const char *path)
{
    nn_error error;
    data_error why;
    const data_encoding encoding = { .words = WORDS + DATA_INDEX_FROM, .length = LENGTH };
    const sentiment_def def = {
        .kind = SENTIMENT_EMBEDDING, .words = encoding.words, .length = LENGTH, .max_batch = 1, .threads = 1
    };
    nn_model *model = sentiment_create(&def, &error);
    nn_archive *file = nn_archive_create(&error);
    data_vocabulary *vocabulary = data_vocabulary_parse("a\nb\nc\n", 6, &why);
    assert_true(model && file && vocabulary);
    assert_int_equal(nn_archive_claim(file, path, &error), NN_OK);
    assert_int_equal(sentiment_save(file, model, vocabulary, &encoding, path, &error), NN_OK);
    data_vocabulary_destroy(vocabulary);
    nn_archive_destroy(file);
    nn_model_destroy(model);
}

static bool opens(const char *path, nn_error *error)
{
    sentiment_reader reader;
    const bool opened = sentiment_open(&reader, path, 1, 1, error) == NN_OK;
    if (opened) assert_true(sentiment_predict(&reader, "a b c a b c", 11, error) >= 0.0);
    sentiment_close(&reader);
    return opened;
}

/* A default stands for more than the model takes: its row would be written behind the room there is. */
static void encodings_that_there_are_not_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t offset;
        int value;
    } wrong[] = {
        { offsetof(data_encoding, length), 0 },         { offsetof(data_encoding, length), -1 },
        { offsetof(data_encoding, length), INT_MIN },   { offsetof(data_encoding, length), SENTIMENT_LONGEST + 1 },
        { offsetof(data_encoding, words), 0 },          { offsetof(data_encoding, words), DATA_ALL_WORDS },
        { offsetof(data_encoding, words), INT_MIN },    { offsetof(data_encoding, skip_top), -1 },
        { offsetof(data_encoding, pad_post), no_bool }, { offsetof(data_encoding, truncate_post), no_bool },
    };
    make_folder();
    const char *path = temp_path(&folder, "model");
    nn_error error = { 0 };
    save_sentiment(path);
    assert_true(opens(path, &error));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const bool is_int = wrong[i].offset < offsetof(data_encoding, pad_post);
        const size_t size = is_int ? sizeof wrong[i].value : 1; /* its first byte: files are little-endian */
        const char *forged = forge_bytes(&folder, path, "encoding", wrong[i].offset, &wrong[i].value, size);
        assert_false(opens(forged, &error));
        assert_non_null(strstr(error.text, "/forged: encoding: not of this program"));
    }
    temp_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(frames_beyond_the_room_are_refused),
                                        cmocka_unit_test(actions_that_there_are_not_are_refused),
                                        cmocka_unit_test(positions_that_there_are_not_are_refused),
                                        cmocka_unit_test(scores_that_there_are_not_are_refused),
                                        cmocka_unit_test(episodes_that_there_are_not_are_refused),
                                        cmocka_unit_test(encodings_that_there_are_not_are_refused),
                                        cmocka_unit_test(settings_without_an_end_are_refused) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
