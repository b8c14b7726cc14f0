/* Every kind of option, every way to get one wrong, and a help text that fits a terminal. */
#include "options.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WORDS = 32 };

/* A program with one option of each kind, parsed from one line. */
typedef struct fixture {
    options_common common;
    int epochs, model;
    double rate, split;
    bool render;
    const char *predict, *label;
    uint64_t big;
    options_status status;
    options_message message;
    char *help;
} fixture;

static const char *defaults_label = "none";

static void run_without(fixture *f, unsigned unused, const char *line)
{
    char *words[WORDS], *text = strdup(line);
    int count = 0;
    *f = (fixture){
        .common = OPTIONS_COMMON_DEFAULTS, .epochs = 10, .rate = 0.001, .split = 0.2, .label = defaults_label
    };
    const options_entry entries[] = {
        OPTIONS_INT("epochs", &f->epochs, 1, 1000, "passes over the training set"),
        OPTIONS_CHOICE("model", &f->model, "dense|rnn|lstm|gru", "the network"),
        OPTIONS_POSITIVE("lr", &f->rate, INFINITY, "learning rate"),
        OPTIONS_DOUBLE("split", &f->split, 0, 0.9, "share kept for validation"),
        OPTIONS_FLAG("render", &f->render, "show it"),
        OPTIONS_TEXT("predict", &f->predict, "TEXT",
                     "the review to judge, - for one per line of stdin; text so long "
                     "that its line must be broken somewhere"),
        OPTIONS_PATH("label", &f->label, "NAME", "a name"),
        OPTIONS_U64("big", &f->big, "a large number"),
    };
    const options_rule rules[] = {
        { .option = "load", .needs = "predict", .without = { "epochs", "lr" } },
        { .option = "label", .without = { "save" }, .why = "nothing is learnt" },
        { .option = "tensorboard", .needs = "render" },
        { .option = "data", .needs = "load" },
        { .option = "model=gru", .without = { "big" }, .why = "it is small" },
        { .option = "big", .needs = "model=lstm" },
    };
    const options_program program = { .name = "prog",
                                      .summary = "Does a thing.",
                                      .example = "prog --epochs 3",
                                      OPTIONS_ENTRIES(entries),
                                      .common = &f->common,
                                      .unused = unused,
                                      .load = "the one to play",
                                      OPTIONS_RULES(rules) };
    for (char *word = strtok(text, " "); word && count < WORDS; word = strtok(NULL, " ")) words[count++] = word;
    f->status = options_parse(&program, count, words, &f->message);
    if (f->predict) f->predict = f->predict[0] == '-' && !f->predict[1] ? "-" : f->predict[0] ? "text" : "";
    f->label = f->label == defaults_label ? defaults_label : "given";
    f->common.out = f->common.out ? "given" : NULL;
    if (f->status == OPTIONS_HELP) {
        size_t size;
        FILE *stream = open_memstream(&f->help, &size);
        options_help(&program, stream);
        fclose(stream);
    }
    free(text);
}

static void run(fixture *f, const char *line)
{
    run_without(f, 0, line);
}

static void takes_every_kind(void **state)
{
    (void)state;
    fixture f;
    run(&f,
        "prog --epochs 3 --model=lstm --lr 1e-2 --split=0 --render --predict - --label x --big 18446744073709551615 "
        "--seed=7 --threads 2 --quiet");
    assert_int_equal(f.status, OPTIONS_OK);
    assert_int_equal(f.epochs, 3);
    assert_int_equal(f.model, 2);
    assert_true(f.rate == 0.01 && f.split == 0.0);
    assert_true(f.render && f.common.quiet && !f.common.resume);
    assert_string_equal(f.predict, "-");
    assert_string_equal(f.label, "given");
    assert_true(f.big == UINT64_MAX && f.common.seed == 7);
    assert_int_equal(f.common.threads, 2);
}

static void keeps_defaults_and_the_last_of_repeated(void **state)
{
    (void)state;
    fixture f;
    run(&f, "prog");
    assert_int_equal(f.status, OPTIONS_OK);
    assert_int_equal(f.epochs, 10);
    assert_true(f.common.seed == 1 && !f.common.out && !f.predict);
    run(&f, "prog --epochs 3 --epochs=4 --predict=");
    assert_int_equal(f.epochs, 4);
    assert_string_equal(f.predict, "");
}

static void refuses(const char *line, const char *message)
{
    fixture f;
    run(&f, line);
    assert_int_equal(f.status, OPTIONS_ERROR);
    assert_string_equal(f.message.text, message);
}

static void says_what_was_expected(void **state)
{
    (void)state;
    refuses("prog --epochs ten", "--epochs: expected a whole number from 1 to 1000, got 'ten'");
    refuses("prog --epochs 0", "--epochs: expected a whole number from 1 to 1000, got '0'");
    refuses("prog --epochs 1001", "--epochs: expected a whole number from 1 to 1000, got '1001'");
    refuses("prog --epochs 1e2", "--epochs: expected a whole number from 1 to 1000, got '1e2'");
    refuses("prog --epochs 99999999999999999999",
            "--epochs: expected a whole number from 1 to 1000, got '99999999999999999999'");
    refuses("prog --epochs=", "--epochs: expected a whole number from 1 to 1000, got ''");
    refuses("prog --epochs", "--epochs: expected a whole number after it, got nothing");
    refuses("prog --epochs --quiet", "--epochs: expected a whole number after it, got another option");
    refuses("prog --seed -1", "--seed: expected a whole number from 0 to 18446744073709551615, got '-1'");
    refuses("prog --seed 18446744073709551616",
            "--seed: expected a whole number from 0 to 18446744073709551615, got '18446744073709551616'");
    refuses("prog --threads 257", "--threads: expected a whole number from 0 to 256, got '257'");
    refuses("prog --lr 0", "--lr: expected a number above 0, got '0'");
    refuses("prog --lr nan", "--lr: expected a number above 0, got 'nan'");
    refuses("prog --lr 1e999", "--lr: expected a number above 0, got '1e999'");
    refuses("prog --lr 0x1p3", "--lr: expected a number above 0, got '0x1p3'");
    refuses("prog --split 0.91", "--split: expected a number from 0 to 0.9, got '0.91'");
    refuses("prog --split -0.1", "--split: expected a number from 0 to 0.9, got '-0.1'");
    refuses("prog --split 0.1x", "--split: expected a number from 0 to 0.9, got '0.1x'");
    refuses("prog --model ls", "--model: expected one of dense|rnn|lstm|gru, got 'ls'");
    refuses("prog --model rnn|lstm", "--model: expected one of dense|rnn|lstm|gru, got 'rnn|lstm'");
    refuses("prog --model", "--model: expected dense|rnn|lstm|gru after it, got nothing");
    refuses("prog --quiet=yes", "--quiet: expected no value, got 'yes'");
    refuses("prog --out=", "--out: expected DIR, got ''");
    refuses("prog --out", "--out: expected DIR after it, got nothing");
    refuses("prog --epoch 3", "--epoch: unknown option, did you mean --epochs?");
    refuses("prog --sede=3", "--sede: unknown option, did you mean --seed?");
    refuses("prog --frobnicate", "--frobnicate: unknown option, expected one of those that --help lists");
    refuses("prog file.txt", "'file.txt': expected an option that begins with --");
    refuses("prog --", "'--': expected an option that begins with --");
    refuses("prog --resume", "--resume: expected --out DIR with it, the folder of the run to go on with");
    refuses("prog --model a\nb\033c", "--model: expected one of dense|rnn|lstm|gru, got 'a?b?c'");
}

/* What a user typed, or pasted, is shown as text: no C1 control, no byte that is not UTF-8, no half a character. */
static void shows_only_text(void **state)
{
    (void)state;
    refuses("prog --lr \xc2\x9b"
            "31mX",
            "--lr: expected a number above 0, got '?\?31mX'");
    refuses("prog --lr \x9b\xff", "--lr: expected a number above 0, got '?\?'");
    refuses("prog --lr \xe2\x82\xac", "--lr: expected a number above 0, got '\xe2\x82\xac'");
    refuses("prog \xc2\x9b", "'?\?': expected an option that begins with --");
    refuses("prog --quiet=\xc2\x9b", "--quiet: expected no value, got '?\?'");
    refuses("prog --\xc2\x9b"
            "wxyz",
            "--?\?wxyz: unknown option, expected one of those that --help lists");
    refuses("prog --epoc\x9b", "--epoc?: unknown option, did you mean --epochs?");
#define TEN        "0123456789"
#define FIFTY_NINE TEN TEN TEN TEN TEN "012345678"
    refuses("prog --lr " FIFTY_NINE "\xc3\xa9", "--lr: expected a number above 0, got '" FIFTY_NINE "'");
    refuses("prog --" FIFTY_NINE "\xc3\xa9",
            "--" FIFTY_NINE ": unknown option, expected one of those that --help lists");
    refuses("prog --big " FIFTY_NINE "xy",
            "--big: expected a whole number from 0 to 18446744073709551615, got '" FIFTY_NINE "x'");
}

static void keeps_the_rules(void **state)
{
    (void)state;
    refuses("prog --load f", "--load: expected --predict TEXT with it");
    refuses("prog --load f --predict x --lr 1", "--load: expected no --lr with it");
    refuses("prog --lr=1 --load=f", "--load: expected no --lr with it");
    refuses("prog --save f --label x", "--label: expected no --save with it, nothing is learnt");
    refuses("prog --tensorboard d", "--tensorboard: expected --render with it");
    refuses("prog --data d", "--data: expected --load FILE with it");
    refuses("prog --load f --epochs ten", "--epochs: expected a whole number from 1 to 1000, got 'ten'");
    refuses("prog --model gru --big 1", "--model gru: expected no --big with it, it is small");
    refuses("prog --big 1", "--big: expected --model lstm with it");
    fixture f;
    run(&f, "prog --big 1 --model rnn --model=lstm");
    assert_int_equal(f.status, OPTIONS_OK);
    run(&f, "prog --predict x --load=f --label y --tensorboard=d --render --data d");
    assert_int_equal(f.status, OPTIONS_OK);
}

static void help_and_version_win(void **state)
{
    (void)state;
    fixture f;
    run(&f, "prog --epochs ten --version");
    assert_int_equal(f.status, OPTIONS_VERSION);
    run(&f, "prog --epochs 3 -h");
    assert_int_equal(f.status, OPTIONS_HELP);
    assert_int_equal(f.epochs, 10);
    free(f.help);
}

static void help_fits_the_screen(void **state)
{
    (void)state;
    fixture f;
    run(&f, "prog --help");
    int lines = 0;
    for (const char *line = f.help; *line; line = strchr(line, '\n') + 1) {
        assert_true(strcspn(line, "\n") <= 80);
        lines++;
    }
    assert_true(lines <= 24);
    static const char *const expected[] = {
        "--epochs N ",
        "(10)\n",
        "--model dense|rnn|lstm|gru",
        "(dense)\n",
        "--lr X",
        "(0.001)\n",
        "(none)\n",
        "--predict TEXT",
        "--seed N",
        "(1); ",
        "(all cores)\n",
        "--resume",
        "--version",
        "Example: prog --epochs 3\n",
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) assert_non_null(strstr(f.help, expected[i]));
    free(f.help);
}

/* What a program has no use for is taken, but not shown. */
static void unused_options(void **state)
{
    (void)state;
    fixture f;
    run_without(&f, OPTIONS_THREADS | OPTIONS_DATA, "prog --threads 2 --data d --load f --predict x --seed 3 --quiet");
    assert_int_equal(f.status, OPTIONS_OK);
    assert_true(f.common.seed == 3 && f.common.quiet);
    run_without(&f, OPTIONS_THREADS | OPTIONS_DATA, "prog --help");
    assert_null(strstr(f.help, "--threads"));
    assert_null(strstr(f.help, "--data"));
    assert_non_null(strstr(f.help, "the one to play\n"));
    free(f.help);
}

static void knows_what_was_given(void **state)
{
    (void)state;
    char *words[] = { (char[]){ "prog" }, (char[]){ "--lr=3" }, (char[]){ "--epochs" }, (char[]){ "2" } };
    assert_true(options_given(4, words, "lr"));
    assert_true(options_given(4, words, "epochs"));
    assert_false(options_given(4, words, "epoch"));
    assert_false(options_given(4, words, "seed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_every_kind),       cmocka_unit_test(keeps_defaults_and_the_last_of_repeated),
        cmocka_unit_test(says_what_was_expected), cmocka_unit_test(shows_only_text),
        cmocka_unit_test(keeps_the_rules),        cmocka_unit_test(help_and_version_win),
        cmocka_unit_test(help_fits_the_screen),   cmocka_unit_test(knows_what_was_given),
        cmocka_unit_test(unused_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
