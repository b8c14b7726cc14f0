#include "options_internal.h"
#include "run.h"
#include "terminal.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#ifndef KVIST_VERSION
#define KVIST_VERSION "unknown"
#endif

enum { MOST_THREADS = 256 /* libnn's */ };

void options_common_entries(options_common *common, options_entry table[OPTIONS_COMMON_COUNT])
{
    const options_entry entries[OPTIONS_COMMON_COUNT] = {
        OPTIONS_U64("seed", &common->seed, "seed of all random numbers"),
        OPTIONS_INT("threads", &common->threads, 0, MOST_THREADS, "0: all cores"),
        OPTIONS_PATH("data", &common->data, "PATH", "data set, or its folder"),
        OPTIONS_PATH("out", &common->out, "DIR", "folder of all results"),
        OPTIONS_PATH("tensorboard", &common->tensorboard, "DIR", "folder of events"),
        OPTIONS_PATH("save", &common->save, "FILE", "write the trained model to FILE"),
        OPTIONS_PATH("load", &common->load, "FILE", "use the model in FILE"),
        OPTIONS_FLAG("resume", &common->resume, "go on from the checkpoint in --out"),
        OPTIONS_FLAG("quiet", &common->quiet, "print no progress"),
    };
    memcpy(table, entries, sizeof entries);
}

/* What the user typed as a message shows it: text alone, cut at a whole character. */
typedef struct shown {
    char text[61];
} shown;

static shown show_part(const char *typed, size_t length)
{
    shown s;
    terminal_text(s.text, sizeof s.text, typed, length);
    return s;
}

static shown show(const char *typed)
{
    return show_part(typed, strlen(typed));
}

/* What was typed goes through show(). */
static options_status refuse(options_message *message, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message->text, sizeof message->text, format, arguments);
    va_end(arguments);
    return OPTIONS_ERROR;
}

/* --- the name ----------------------------------------------------------------------------------------------------- */

const options_entry *options_find(const options_entry *entries, int count, const char *name, size_t length)
{
    for (int i = 0; i < count; i++)
        if (strlen(entries[i].name) == length && memcmp(entries[i].name, name, length) == 0) return &entries[i];
    return NULL;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance: d(i, j) = min(d(i-1, j) + 1, d(i, j-1) + 1, d(i-1, j-1) + [a_i != b_j]), row by row. */
static int distance(const char *a, size_t a_length, const char *b)
{
    enum { LONGEST = 32 };
    int row[LONGEST + 1];
    const size_t b_length = strlen(b);
    if (a_length > LONGEST || b_length > LONGEST) return LONGEST;
    for (size_t j = 0; j <= b_length; j++) row[j] = (int)j;
    for (size_t i = 1; i <= a_length; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= b_length; j++) {
            const int above = row[j];
            row[j] = smaller(smaller(above, row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_length];
}

static void closest(const options_entry *entries, int count, const char *name, size_t length, const char **best,
                    int *best_distance)
{
    for (int i = 0; i < count; i++) {
        const int d = distance(name, length, entries[i].name);
        if (d < *best_distance) *best_distance = d, *best = entries[i].name;
    }
}

static options_status unknown(const options_program *program, const options_entry *common, const char *name,
                              size_t length, options_message *message)
{
    const char *best = NULL;
    int best_distance = 3;
    closest(program->entries, program->count, name, length, &best, &best_distance);
    closest(common, OPTIONS_COMMON_COUNT, name, length, &best, &best_distance);
    const shown typed = show_part(name, length);
    if (best) return refuse(message, "--%s: unknown option, did you mean --%s?", typed.text, best);
    return refuse(message, "--%s: unknown option, expected one of those that --help lists", typed.text);
}

/* --- the value ---------------------------------------------------------------------------------------------------- */

/* Digits with at most a sign in front: what strtoll takes, without its leading space. */
static bool is_whole(const char *text, bool sign_allowed)
{
    if (sign_allowed && (*text == '-' || *text == '+')) text++;
    return *text && strspn(text, "0123456789") == strlen(text);
}

static options_status set_int(const options_entry *entry, const char *value, options_message *message)
{
    errno = 0;
    const long long number = is_whole(value, true) ? strtoll(value, NULL, 10) : 0;
    if (!is_whole(value, true) || errno || (double)number < entry->min || (double)number > entry->max)
        return refuse(message, "--%s: expected a whole number from %.0f to %.0f, got '%s'", entry->name, entry->min,
                      entry->max, show(value).text);
    *entry->to.integer = (int)number;
    return OPTIONS_OK;
}

static options_status set_u64(const options_entry *entry, const char *value, options_message *message)
{
    errno = 0;
    const unsigned long long number = is_whole(value, false) ? strtoull(value, NULL, 10) : 0;
    if (!is_whole(value, false) || errno || number > UINT64_MAX)
        return refuse(message, "--%s: expected a whole number from 0 to %llu, got '%s'", entry->name,
                      (unsigned long long)UINT64_MAX, show(value).text);
    *entry->to.u64 = number;
    return OPTIONS_OK;
}

static options_status set_double(const options_entry *entry, const char *value, options_message *message)
{
    char *end;
    const double number = strtod(value, &end);
    const bool decimal = *value && strspn(value, "+-.0123456789eE") == strlen(value) && *end == '\0';
    const bool low = entry->above ? number <= entry->min : number < entry->min;
    if (decimal && isfinite(number) && !low && number <= entry->max) {
        *entry->to.number = number;
        return OPTIONS_OK;
    }
    char range[96] = "";
    int length = 0;
    if (isfinite(entry->min))
        length = snprintf(range, sizeof range, entry->above ? " above %g" : " from %g", entry->min);
    if (isfinite(entry->max))
        snprintf(range + length, sizeof range - (size_t)length, entry->above ? ", at most %g" : " to %g", entry->max);
    return refuse(message, "--%s: expected a number%s, got '%s'", entry->name, range, show(value).text);
}

const char *options_word(const options_entry *entry, int position, int *length)
{
    const char *word = entry->choices;
    for (; position > 0 && strchr(word, '|'); position--) word = strchr(word, '|') + 1;
    *length = position > 0 ? 0 : (int)strcspn(word, "|");
    return word;
}

static options_status set_choice(const options_entry *entry, const char *value, options_message *message)
{
    int length;
    for (int position = 0;; position++) {
        const char *word = options_word(entry, position, &length);
        if (length == 0) break;
        if (strlen(value) != (size_t)length || memcmp(word, value, (size_t)length) != 0) continue;
        *entry->to.integer = position;
        return OPTIONS_OK;
    }
    return refuse(message, "--%s: expected one of %s, got '%s'", entry->name, entry->choices, show(value).text);
}

static options_status set(const options_entry *entry, const char *value, options_message *message)
{
    switch (entry->kind) {
    case OPTIONS_KIND_FLAG:
        *entry->to.flag = true;
        return OPTIONS_OK;
    case OPTIONS_KIND_INT:
        return set_int(entry, value, message);
    case OPTIONS_KIND_U64:
        return set_u64(entry, value, message);
    case OPTIONS_KIND_DOUBLE:
        return set_double(entry, value, message);
    case OPTIONS_KIND_CHOICE:
        return set_choice(entry, value, message);
    case OPTIONS_KIND_PATH:
        if (!*value) return refuse(message, "--%s: expected %s, got ''", entry->name, entry->value);
        break;
    case OPTIONS_KIND_TEXT:
        break;
    }
    *entry->to.text = value;
    return OPTIONS_OK;
}

static const char *expected_value(const options_entry *entry)
{
    switch (entry->kind) {
    case OPTIONS_KIND_INT:
    case OPTIONS_KIND_U64:
        return "a whole number";
    case OPTIONS_KIND_DOUBLE:
        return "a number";
    case OPTIONS_KIND_CHOICE:
        return entry->choices;
    default:
        return entry->value ? entry->value : "a value";
    }
}

/* --- the command line --------------------------------------------------------------------------------------------- */

static bool is_option(const char *argument, const char *name)
{
    return strncmp(argument, "--", 2) == 0 && strcmp(argument + 2, name) == 0;
}

/* Parses the option at argv[*i] and moves *i to the last argument it used. */
static options_status parse_one(const options_program *program, const options_entry *common, int argc,
                                char *const argv[], int *i, options_message *message)
{
    const char *argument = argv[*i];
    if (strncmp(argument, "--", 2) != 0 || !argument[2])
        return refuse(message, "'%s': expected an option that begins with --", show(argument).text);
    const char *name = argument + 2;
    const size_t length = strcspn(name, "=");
    const options_entry *entry = options_find(program->entries, program->count, name, length);
    if (!entry) entry = options_find(common, OPTIONS_COMMON_COUNT, name, length);
    if (!entry) return unknown(program, common, name, length, message);
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    if (entry->kind == OPTIONS_KIND_FLAG) {
        if (value) return refuse(message, "--%s: expected no value, got '%s'", entry->name, show(value).text);
        return set(entry, NULL, message);
    }
    if (!value && *i + 1 < argc && strncmp(argv[*i + 1], "--", 2) != 0) value = argv[++*i];
    if (!value)
        return refuse(message, "--%s: expected %s after it, got %s", entry->name, expected_value(entry),
                      *i + 1 < argc ? "another option" : "nothing");
    return set(entry, value, message);
}

options_status options_parse(const options_program *program, int argc, char *const argv[], options_message *message)
{
    message->text[0] = '\0';
    for (int i = 1; i < argc; i++) {
        if (is_option(argv[i], "help") || strcmp(argv[i], "-h") == 0) return OPTIONS_HELP;
        if (is_option(argv[i], "version")) return OPTIONS_VERSION;
    }
    options_entry common[OPTIONS_COMMON_COUNT];
    options_common_entries(program->common, common);
    for (int i = 1; i < argc; i++) {
        const options_status status = parse_one(program, common, argc, argv, &i, message);
        if (status != OPTIONS_OK) return status;
    }
    if (program->common->resume && !program->common->out)
        return refuse(message, "--resume: expected --out DIR with it, the folder of the run to go on with");
    const options_status status = options_check_rules(program, argc, argv, message);
    if (status != OPTIONS_OK || !program->finish) return status;
    return program->finish(program->settings, argc, argv, message) ? OPTIONS_OK : OPTIONS_ERROR;
}

bool options_refuse(options_message *message, const char *format, ...)
{
    char text[2 * sizeof message->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    terminal_text(message->text, sizeof message->text, text, strlen(text));
    return false;
}

int options_read(const options_program *program, int argc, char *const argv[])
{
    options_message message;
    switch (options_parse(program, argc, argv, &message)) {
    case OPTIONS_OK:
        return -1;
    case OPTIONS_HELP:
        options_help(program, stdout);
        break;
    case OPTIONS_VERSION:
        printf("%s (kvist) %s\n", program->name, KVIST_VERSION);
        break;
    case OPTIONS_ERROR:
        fprintf(stderr, "%s: %s\n", program->name, message.text);
        return 2;
    }
    return run_stdout_ok() ? 0 : 1;
}

bool options_given(int argc, char *const argv[], const char *name)
{
    const size_t length = strlen(name);
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "--", 2) == 0 && strncmp(argv[i] + 2, name, length) == 0 &&
            (argv[i][2 + length] == '\0' || argv[i][2 + length] == '='))
            return true;
    return false;
}

bool options_numbers(const char *text, double most, double *numbers, int count)
{
    if (strspn(text, "+-.0123456789eE,") != strlen(text)) return false;
    for (int i = 0; i < count; i++) {
        char *end;
        numbers[i] = strtod(text, &end);
        if (end == text || !(numbers[i] > 0.0 && numbers[i] <= most)) return false;
        if (*end != (i + 1 < count ? ',' : '\0')) return false;
        text = end + 1;
    }
    return true;
}
