/* Which names --save may have: none that a program gives to a file of its own, however the path to it is written. */
#include "heard.h"
#include "own_files.h"
#include "run.h"
#include "temp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const own[] = { "checkpoint.safetensors", "words.tsv", "image_at_epoch_[0-9]*.png", NULL };

static int spare(const char *out, const char *tensorboard, const char *save)
{
    return own_files_prepare(&(options_common){ .out = out, .tensorboard = tensorboard, .save = save }, own);
}

static void assert_refused(const char *out, const char *tensorboard, const char *save, const char *says)
{
    hear_stderr();
    const int code = spare(out, tensorboard, save);
    assert_heard(says);
    assert_int_equal(code, RUN_USAGE);
}

static void own_names_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {
        "checkpoint.safetensors",
        "checkpoint.safetensors.lock",
        "checkpoint.safetensors.prev",
        ".checkpoint.safetensors.123.tmp",
        ".checkpoint.safetensors.123.old.tmp",
        "words.tsv",
        ".words.tsv.123.tmp",
        ".words.tsv.123-0.tmp",
        "image_at_epoch_0001.png",
        "image_at_epoch_12345.png",
        ".image_at_epoch_0001.png.1.tmp",
    };
    const char *out = temp_path(&temp_here, "out");
    char save[RUN_PATH], says[2 * RUN_PATH];
    mkdir(out, 0700);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_true(run_join(save, out, names[i]));
        snprintf(says, sizeof says, "--save: expected another name than that of the program's own %s in --out, got %s",
                 names[i], save);
        assert_refused(out, NULL, save, says);
    }
}

/* It is the folder that counts. */
static void paths_lead_to_one_folder(void **state)
{
    (void)state;
    static const char *const ways[] = { "/out/words.tsv", "/out/../out/./words.tsv", "//out//words.tsv",
                                        "/link/words.tsv" };
    const char *out = temp_path(&temp_here, "out");
    char save[RUN_PATH], before[RUN_PATH];
    mkdir(out, 0700);
    assert_int_equal(symlink("out", temp_path(&temp_here, "link")), 0);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        snprintf(save, sizeof save, "%s%s", temp_here.path, ways[i]);
        assert_refused(out, NULL, save, save);
        assert_refused(temp_path(&temp_here, "link/"), NULL, save, save);
    }
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(out), 0);
    assert_refused(out, NULL, "words.tsv", "own words.tsv in --out, got words.tsv");
    assert_refused(".", NULL, "./words.tsv", "own words.tsv in --out, got ./words.tsv");
    assert_int_equal(chdir(before), 0);
    assert_int_equal(unlink(temp_path(&temp_here, "link")), 0);
}

static void other_names_are_free(void **state)
{
    (void)state;
    static const char *const names[] = { "model",         "my_words.tsv",        "words.tsv2", "words.tsv.prev",
                                         "words.tsv.tmp", "image_at_epoch_.png", "words.tsv/" };
    const char *out = temp_path(&temp_here, "out"), *other = temp_path(&temp_here, "other");
    char save[RUN_PATH];
    mkdir(out, 0700);
    mkdir(other, 0700);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_true(run_join(save, out, names[i]));
        assert_int_equal(spare(out, NULL, save), RUN_DONE);
    }
    assert_true(run_join(save, other, "words.tsv"));
    assert_int_equal(spare(out, NULL, save), RUN_DONE);
    assert_int_equal(spare(NULL, NULL, save), RUN_DONE);
    assert_int_equal(spare(other, NULL, NULL), RUN_DONE);
    assert_int_equal(spare(out, NULL, temp_path(&temp_here, "missing/words.tsv")), RUN_DONE);
}

/* Of a run that would make the folder, too; and a path through that folder leads where it will. */
static void events_are_own_files(void **state)
{
    (void)state;
    const char *out = temp_path(&temp_here, "out"), *events = temp_path(&temp_here, "events");
    mkdir(out, 0700);
    assert_int_equal(spare(out, events, NULL), RUN_DONE);
    assert_int_not_equal(access(events, F_OK), 0);
    assert_refused(out, events, temp_path(&temp_here, "events/events.out.tfevents.1700000000.host"),
                   "own events.out.tfevents.1700000000.host in --tensorboard, got ");
    assert_int_equal(spare(out, events, temp_path(&temp_here, "events/words.tsv")), RUN_DONE);
    assert_int_equal(spare(out, events, temp_path(&temp_here, "out/events.out.tfevents.1700000000.host")), RUN_DONE);
    assert_refused(out, temp_path(&temp_here, "out/new"), temp_path(&temp_here, "out/new/../words.tsv"),
                   "own words.tsv in --out, got ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_names_are_refused),
        cmocka_unit_test(paths_lead_to_one_folder),
        cmocka_unit_test(other_names_are_free),
        cmocka_unit_test(events_are_own_files),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
