/* Command lines: words with a newline between them, for a program with every kind of option and rule. */
#include "options.h"
#include "terminal.h"

#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 32, NUMBERS = 4 };

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

static void check_accepted(const settings *set)
{
    double numbers[NUMBERS];
    fuzz_accepted++;
    FUZZ_CHECK(set->epochs >= 1 && set->epochs <= 1000 && set->model >= 0 && set->model <= 3);
    FUZZ_CHECK(set->common.threads >= 0 && set->common.threads <= 256);
    FUZZ_CHECK(set->rate > 0.0 && isfinite(set->rate) && set->split >= 0.0 && set->split <= 0.9);
    if (set->label) FUZZ_CHECK(set->label[0]);
    if (set->predict) fuzz_touch(set->predict, strlen(set->predict) + 1);
    if (!set->edges || !options_numbers(set->edges, 1e9, numbers, NUMBERS)) return;
    for (int i = 0; i < NUMBERS; i++) FUZZ_CHECK(numbers[i] > 0.0 && numbers[i] <= 1e9);
}

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

static void parse(int argc, char *argv[])
{
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
    options_message message;
    const options_status status = options_parse(&program, argc, argv, &message);
    if (status == OPTIONS_ERROR)
        check_refusal(message.text);
    else
        check_accepted(&set);
    if (status == OPTIONS_HELP) show_help(&program);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1), *words[WORDS + 1], program[] = "prog";
    FUZZ_CHECK(text);
    if (size > 0) memcpy(text, bytes, size);
    text[size] = '\0';
    int count = 0;
    words[count++] = program;
    for (char *word = text; word && count < WORDS;) {
        char *end = strchr(word, '\n');
        words[count++] = word;
        if (end) *end = '\0';
        word = end ? end + 1 : NULL;
    }
    words[count] = NULL;
    parse(count, words);
    free(text);
    return 0;
}
