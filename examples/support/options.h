/* Command lines of the example programs: a const table of options, parsed, checked and printed as --help. */
#ifndef KVIST_SUPPORT_OPTIONS_H
#define KVIST_SUPPORT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#if defined(__GNUC__) || defined(__clang__)
#define OPTIONS_PRINTF(string, first) __attribute__((format(printf, string, first)))
#else
#define OPTIONS_PRINTF(string, first)
#endif

/** What the value of an option is; decides the type its destination points to. */
typedef enum options_kind {
    OPTIONS_KIND_FLAG,   /* no value; sets a bool */
    OPTIONS_KIND_INT,    /* int from min to max */
    OPTIONS_KIND_U64,    /* any uint64_t */
    OPTIONS_KIND_DOUBLE, /* finite double from min (or above it) to max */
    OPTIONS_KIND_TEXT,   /* any string, borrowed from argv */
    OPTIONS_KIND_PATH,   /* a string that is not empty, borrowed from argv */
    OPTIONS_KIND_CHOICE  /* one word of `choices`; stores its position as int */
} options_kind;

/** One option. Its destination holds the default before parsing: --help prints it from there. */
typedef struct options_entry {
    const char *name; /* without the dashes */
    options_kind kind;
    union {
        bool *flag;
        int *integer; /* INT and CHOICE */
        uint64_t *u64;
        double *number;
        const char **text; /* TEXT and PATH */
    } to;
    double min, max;     /* INT and DOUBLE, inclusive; ±INFINITY for no limit */
    bool above;          /* DOUBLE: min itself is excluded */
    const char *choices; /* CHOICE: "dense|rnn|lstm" */
    const char *value;   /* placeholder in --help; NULL: N, X or the choices */
    const char *help;    /* a few words */
    const char *shown;   /* the default in words; NULL: printed from the destination */
} options_entry;

#define OPTIONS_FLAG(n, dest, says)                                                                                    \
    {                                                                                                                  \
        .name = (n), .kind = OPTIONS_KIND_FLAG, .to.flag = (dest), .help = (says)                                      \
    }
#define OPTIONS_INT(n, dest, lo, hi, says)                                                                             \
    {                                                                                                                  \
        .name = (n), .kind = OPTIONS_KIND_INT, .to.integer = (dest), .min = (lo), .max = (hi), .help = (says)          \
    }
#define OPTIONS_U64(n, dest, says)                                                                                     \
    {                                                                                                                  \
        .name = (n), .kind = OPTIONS_KIND_U64, .to.u64 = (dest), .help = (says)                                        \
    }
#define OPTIONS_DOUBLE(n, dest, lo, hi, says)                                                                          \
    {                                                                                                                  \
        .name = (n), .kind = OPTIONS_KIND_DOUBLE, .to.number = (dest), .min = (lo), .max = (hi), .help = (says)        \
    }
#define OPTIONS_POSITIVE(n, dest, hi, says)                                                                            \
    {                                                                                                                  \
        .name = (n), .kind = OPTIONS_KIND_DOUBLE, .to.number = (dest), .max = (hi), .above = true, .help = (says)      \
    }
#define OPTIONS_TEXT(n, dest, placeholder, says)                                                                       \
    {                                                                                                                  \
        .name = (n), .kind = OPTIONS_KIND_TEXT, .to.text = (dest), .value = (placeholder), .help = (says)              \
    }
#define OPTIONS_PATH(n, dest, placeholder, says)                                                                       \
    {                                                                                                                  \
        .name = (n), .kind = OPTIONS_KIND_PATH, .to.text = (dest), .value = (placeholder), .help = (says)              \
    }
#define OPTIONS_CHOICE(n, dest, words, says)                                                                           \
    {                                                                                                                  \
        .name = (n), .kind = OPTIONS_KIND_CHOICE, .to.integer = (dest), .choices = (words), .help = (says)             \
    }

/** The options that programs share. Fill it with OPTIONS_COMMON_DEFAULTS, then with the program's own defaults. */
typedef struct options_common {
    uint64_t seed;
    int threads;                          /* 0: all cores */
    const char *data, *out, *save, *load; /* NULL: not given */
    const char *tensorboard;              /* NULL: not given */
    bool resume, quiet;
} options_common;
#define OPTIONS_COMMON_DEFAULTS                                                                                        \
    {                                                                                                                  \
        .seed = 1                                                                                                      \
    }

enum { OPTIONS_COMMON_COUNT = 9 };

/** Common options that have no effect in some programs: those take them, as scripts give them to all, unlisted. */
enum { OPTIONS_THREADS = 1, OPTIONS_DATA = 2 };

/**
 * What an option wants beside it, and what would have no effect there: that is refused. Names without dashes; for
 * `option` and `needs` "model=rnn" is the choice rnn of --model, given or default.
 */
typedef struct options_rule {
    const char *option;
    const char *needs;       /* NULL, or another one */
    const char *why;         /* NULL, or a reason for `without` in a few words */
    const char *without[20]; /* ends with NULL */
} options_rule;

/** Why a command line was refused, as terminal_text() shows it: `--epochs: expected ..., got 'ten'`. */
typedef struct options_message {
    char text[256];
} options_message;

/** A program as its user sees it. */
typedef struct options_program {
    const char *name, *summary; /* summary: one line */
    const char *example;        /* one command line, without a prompt */
    const options_entry *entries;
    int count;
    options_common *common;
    unsigned unused;  /* OPTIONS_THREADS, OPTIONS_DATA */
    const char *load; /* the model of --load in --help, as "the one to play"; required */
    const options_rule *rules;
    int rule_count;
    /**
     * NULL, or the end of parsing, after the rules: defaults that depend on other options, and what does not go
     * together by its value. False with a message of options_refuse()
     */
    bool (*finish)(void *settings, int argc, char *const argv[], options_message *message);
    void *settings; /* handed to it */
} options_program;
#define OPTIONS_ENTRIES(table) .entries = (table), .count = (int)(sizeof(table) / sizeof((table)[0]))
#define OPTIONS_RULES(table)   .rules = (table), .rule_count = (int)(sizeof(table) / sizeof((table)[0]))

typedef enum options_status { OPTIONS_OK, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_ERROR } options_status;

/**
 * Parses `--name value` and `--name=value`; the last of repeated options wins. A separate value may be "-" or a
 * negative number but cannot begin with "--". What is parsed is held to the program's rules. --help (or -h) and
 * --version win over everything else and store nothing.
 *
 * @param message filled on OPTIONS_ERROR; destinations of options before the wrong one are then already set
 */
options_status options_parse(const options_program *program, int argc, char *const argv[], options_message *message);

/**
 * Parses; prints help and version on stdout, a refusal as one line on stderr.
 *
 * @return -1 to go on, otherwise the exit code: 0 after --help and --version, 2 after a wrong command line
 */
int options_read(const options_program *program, int argc, char *const argv[]);

/** Takes a command line of a program: options_read(), or what only looks at it. */
typedef int options_reader(const options_program *program, int argc, char *const argv[]);

/** Fills message, whatever was typed as terminal_text() shows it. @return false */
bool options_refuse(options_message *message, const char *format, ...) OPTIONS_PRINTF(2, 3);

/** Whether --name stands on the command line: what is given wins over what a preset would set. */
bool options_given(int argc, char *const argv[], const char *name);

/** Reads exactly `count` decimal numbers above 0 and at most `most` with commas between them, as "2.4,3,0.21,3.5". */
bool options_numbers(const char *text, double most, double *numbers, int count);

/** Writes --help: at most 80 columns, defaults as the destinations hold them now. */
void options_help(const options_program *program, FILE *stream);

#endif
