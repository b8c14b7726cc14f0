/*
 * Command lines: words with a newline between them. A first byte from 1 to 4 chooses one of the four programs; without,
 * they are for a made-up program with every kind of option and rule.
 */
#include "dcgan_options.h"
#include "dqn_options.h"
#include "qlearning_options.h"
#include "sentiment_options.h"
#include "support/terminal.h"

#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 32, NUMBERS = 4 };

/* --- what holds for every program --------------------------------------------------------------------------------- */

/* A terminal that is given it as it stands does nothing but show it. */
static void check_refusal(const char *text)
{
    char shown[sizeof((options_message *)NULL)->text];
    fuzz_check_refusal(text, "");
    terminal_text(shown, sizeof shown, text, strlen(text));
    FUZZ_CHECK(strcmp(shown, text) == 0);
}

static void show_help(const options_program *program)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    FUZZ_CHECK(stream);
    options_help(program, stream);
    fclose(stream);
    FUZZ_CHECK(size > 0);
    free(text);
}

static int words_of(const char *choices)
{
    int count = 1;
    for (; *choices; choices++) count += *choices == '|';
    return count;
}

/* What was typed is within the limits of its entry. */
static void check_value(const options_entry *entry)
{
    switch (entry->kind) {
    case OPTIONS_KIND_FLAG:
        FUZZ_CHECK(*entry->to.flag);
        break;
    case OPTIONS_KIND_INT:
        FUZZ_CHECK(*entry->to.integer >= entry->min && *entry->to.integer <= entry->max);
        break;
    case OPTIONS_KIND_U64:
        fuzz_touch(entry->to.u64, sizeof *entry->to.u64);
        break;
    case OPTIONS_KIND_DOUBLE:
        FUZZ_CHECK(isfinite(*entry->to.number) && *entry->to.number <= entry->max);
        FUZZ_CHECK(entry->above ? *entry->to.number > entry->min : *entry->to.number >= entry->min);
        break;
    case OPTIONS_KIND_PATH:
        FUZZ_CHECK((*entry->to.text)[0]);
        break;
    case OPTIONS_KIND_TEXT:
        fuzz_touch(*entry->to.text, strlen(*entry->to.text) + 1);
        break;
    case OPTIONS_KIND_CHOICE:
        FUZZ_CHECK(*entry->to.integer >= 0 && *entry->to.integer < words_of(entry->choices));
        break;
    }
}

static void check_accepted(const options_program *program, int argc, char *const argv[])
{
    fuzz_accepted++;
    FUZZ_CHECK(program->common->threads >= 0 && program->common->threads <= 256);
    FUZZ_CHECK(!program->common->resume || program->common->out);
    for (int i = 0; i < program->count; i++)
        if (options_given(argc, argv, program->entries[i].name)) check_value(&program->entries[i]);
}

/* @return -1: it is accepted, as by options_read() */
static int look(const options_program *program, int argc, char *const argv[])
{
    options_message message;
    switch (options_parse(program, argc, argv, &message)) {
    case OPTIONS_OK:
        check_accepted(program, argc, argv);
        return -1;
    case OPTIONS_HELP:
        show_help(program);
        break;
    case OPTIONS_VERSION:
        break;
    case OPTIONS_ERROR:
        check_refusal(message.text);
        break;
    }
    return 0;
}

/* --- the programs ------------------------------------------------------------------------------------------------- */

typedef struct settings {
    options_common common;
    int epochs, model;
    double rate, split;
    bool render;
    const char *predict, *label, *edges;
    uint64_t big;
} settings;

static const options_rule rules[] = {
    { .option = "load", .needs = "predict", .without = { "epochs", "lr" } },
    { .option = "label", .without = { "save" }, .why = "nothing is learnt" },
    { .option = "tensorboard", .needs = "render" },
    { .option = "model=gru", .without = { "big" }, .why = "it is small" },
    { .option = "big", .needs = "model=lstm" },
};

static void made_up(int argc, char *argv[])
{
    double numbers[NUMBERS];
    settings set = { .common = OPTIONS_COMMON_DEFAULTS, .epochs = 10, .rate = 0.001, .split = 0.2 };
    const options_entry entries[] = {
        OPTIONS_INT("epochs", &set.epochs, 1, 1000, "passes"),
        OPTIONS_CHOICE("model", &set.model, "dense|rnn|lstm|gru", "the network"),
        OPTIONS_POSITIVE("lr", &set.rate, INFINITY, "learning rate"),
        OPTIONS_DOUBLE("split", &set.split, 0, 0.9, "share"),
        OPTIONS_FLAG("render", &set.render, "show it"),
        OPTIONS_TEXT("predict", &set.predict, "TEXT", "the review"),
        OPTIONS_PATH("label", &set.label, "NAME", "a name"),
        OPTIONS_TEXT("edges", &set.edges, "X,V,A,W", "edges"),
        OPTIONS_U64("big", &set.big, "a large number"),
    };
    const options_program program = { .name = "prog",
                                      .summary = "Does a thing.",
                                      .example = "prog --epochs 3",
                                      OPTIONS_ENTRIES(entries),
                                      .common = &set.common,
                                      .load = "the one to use",
                                      OPTIONS_RULES(rules) };
    if (look(&program, argc, argv) != -1 || !set.edges || !options_numbers(set.edges, 1e9, numbers, NUMBERS)) return;
    for (int i = 0; i < NUMBERS; i++) FUZZ_CHECK(numbers[i] > 0.0 && numbers[i] <= 1e9);
}

static void qlearning(int argc, char *argv[])
{
    qlearning_options set;
    if (qlearning_options_read(&set, argc, argv, look) != -1) return;
    const q_grid grid = qlearning_options_grid(&set);
    FUZZ_CHECK(q_grid_check(&grid));
    FUZZ_CHECK(set.episodes >= 1 && set.bins >= 1 && set.runs >= 1 && (!set.common.load || set.play >= 1));
}

static void dqn(int argc, char *argv[])
{
    dqn_options set;
    if (dqn_options_read(&set, argc, argv, look) != -1) return;
    FUZZ_CHECK(set.dqn.batch >= 1 && set.dqn.batch <= DQN_MOST_BATCH && set.dqn.units >= 1 && set.dqn.tau > 0.0);
    FUZZ_CHECK(set.episodes >= 1 && (!set.common.load || set.play >= 1));
}

static void sentiment(int argc, char *argv[])
{
    sentiment_options set;
    if (sentiment_options_read(&set, argc, argv, look) != -1) return;
    FUZZ_CHECK(set.kind >= 0 && set.kind <= SENTIMENT_BILSTM && set.epochs >= 1 && set.batch >= 1 && set.length >= 1);
    FUZZ_CHECK(set.common.load || set.kind != SENTIMENT_CONV || set.length >= SENTIMENT_WINDOW);
    FUZZ_CHECK(!set.common.load || set.explain || set.predict || set.neighbours || set.analogy);
    FUZZ_CHECK(set.common.load || !(set.predict || set.neighbours || set.analogy));
}

static void dcgan(int argc, char *argv[])
{
    dcgan_options set;
    if (dcgan_options_read(&set, argc, argv, look) != -1) return;
    FUZZ_CHECK(!(set.generate && set.interpolate) && !((set.generate || set.interpolate) && set.score_only));
    FUZZ_CHECK(!(set.generate || set.interpolate) || (set.common.load && set.common.out));
    FUZZ_CHECK(!set.score_only || set.common.load);
}

/* By the first byte. */
static void (*const programs[])(int argc, char *argv[]) = { made_up, qlearning, dqn, sentiment, dcgan };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1), *words[WORDS + 1], name[] = "prog";
    FUZZ_CHECK(text);
    if (size > 0) memcpy(text, bytes, size);
    text[size] = '\0';
    const unsigned first = (unsigned char)text[0], chosen = first < sizeof programs / sizeof *programs ? first : 0;
    int count = 0;
    words[count++] = name;
    for (char *word = text + (chosen > 0); word && count < WORDS;) {
        char *end = strchr(word, '\n');
        words[count++] = word;
        if (end) *end = '\0';
        word = end ? end + 1 : NULL;
    }
    words[count] = NULL;
    programs[chosen](count, words);
    free(text);
    return 0;
}
