#include "options_internal.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 80, LEFT_WIDEST = 32, DESCRIPTION = 512 };

const char *options_placeholder(const options_entry *entry)
{
    if (entry->value) return entry->value;
    if (entry->kind == OPTIONS_KIND_CHOICE) return entry->choices;
    return entry->kind == OPTIONS_KIND_DOUBLE ? "X" : "N";
}

/* Columns of "  --name VALUE". */
static int left_width(const options_entry *entry)
{
    const size_t value = entry->kind == OPTIONS_KIND_FLAG ? 0 : 1 + strlen(options_placeholder(entry));
    return (int)(4 + strlen(entry->name) + value);
}

static int widest(const options_entry *entries, int count, int width)
{
    for (int i = 0; i < count; i++) {
        const int w = left_width(&entries[i]);
        if (w > width && w <= LEFT_WIDEST) width = w;
    }
    return width;
}

static void default_text(const options_entry *entry, char *text, size_t size)
{
    text[0] = '\0';
    if (entry->shown) {
        snprintf(text, size, "%s", entry->shown);
        return;
    }
    switch (entry->kind) {
    case OPTIONS_KIND_FLAG:
        break;
    case OPTIONS_KIND_INT:
        snprintf(text, size, "%d", *entry->to.integer);
        break;
    case OPTIONS_KIND_U64:
        snprintf(text, size, "%llu", (unsigned long long)*entry->to.u64);
        break;
    case OPTIONS_KIND_DOUBLE:
        if (isfinite(*entry->to.number)) snprintf(text, size, "%g", *entry->to.number);
        break;
    case OPTIONS_KIND_TEXT:
    case OPTIONS_KIND_PATH:
        if (*entry->to.text) snprintf(text, size, "%s", *entry->to.text);
        break;
    case OPTIONS_KIND_CHOICE: {
        int length;
        const char *word = options_word(entry, *entry->to.integer, &length);
        snprintf(text, size, "%.*s", length, word);
    }
    }
}

/* Words of text from column `left` on; a word that would pass the last column opens a line indented to `left`. */
static void wrap(FILE *stream, const char *text, int left)
{
    int column = left;
    bool first = true;
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        const int length = (int)strcspn(text, " ");
        if (!first && column + 1 + length > COLUMNS) {
            fprintf(stream, "\n%*s", left, "");
            column = left;
            first = true;
        }
        fprintf(stream, "%s%.*s", first ? "" : " ", length, text);
        column += length + !first;
        first = false;
        text += length;
    }
    fputc('\n', stream);
}

static void print_option(FILE *stream, const options_entry *entry, int width)
{
    const bool flag = entry->kind == OPTIONS_KIND_FLAG;
    const int printed =
        fprintf(stream, "  --%s%s%s", entry->name, flag ? "" : " ", flag ? "" : options_placeholder(entry));
    if (printed > width) fputc('\n', stream);
    fprintf(stream, "%*s", printed > width ? width + 2 : width + 2 - printed, "");
    char shown[200], description[DESCRIPTION];
    default_text(entry, shown, sizeof shown);
    snprintf(description, sizeof description, shown[0] ? "%s (%s)" : "%s", entry->help, shown);
    wrap(stream, description, width + 2);
}

/* The options that programs share, two a line, so that --help stays on one screen. */
static void print_common(FILE *stream, const options_program *program, int width)
{
    char random[64], models[80];
    const bool threads = !(program->unused & OPTIONS_THREADS), data = !(program->unused & OPTIONS_DATA);
    snprintf(random, sizeof random, "random numbers (%llu)%s", (unsigned long long)program->common->seed,
             threads ? "; same results (all cores)" : "");
    snprintf(models, sizeof models, "the model that is learnt; %s", program->load);
    const char *const lines[][2] = {
        { threads ? "--seed N, --threads N" : "--seed N", random },
        { data ? "--data PATH, --out DIR" : "--out DIR",
          data ? "data set or its folder; folder of all results" : "folder of all results" },
        { "--save FILE, --load FILE", models },
        { "--resume, --quiet", "go on from the checkpoint in --out; no progress" },
        { "--tensorboard DIR", "folder of events for TensorBoard" },
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        fprintf(stream, "  %-*s", width, lines[i][0]);
        wrap(stream, lines[i][1], width + 2);
    }
}

void options_help(const options_program *program, FILE *stream)
{
    enum { COMMON_WIDTH = 24 };
    const int width = widest(program->entries, program->count, COMMON_WIDTH + 2);
    fprintf(stream, "Usage: %s [options | --help | --version]   (defaults shown)\n", program->name);
    wrap(stream, program->summary, 0);
    for (int i = 0; i < program->count; i++) print_option(stream, &program->entries[i], width);
    print_common(stream, program, width);
    fputs("Example: ", stream);
    wrap(stream, program->example, 9);
}
