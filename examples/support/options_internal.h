/* What the files of options.h share. */
#ifndef KVIST_SUPPORT_OPTIONS_INTERNAL_H
#define KVIST_SUPPORT_OPTIONS_INTERNAL_H

#include "options.h"

#include <stddef.h>

/* The entries of all common options; --help and --version need no destination. */
void options_common_entries(options_common *common, options_entry table[OPTIONS_COMMON_COUNT]);

/* The entry of that name, or NULL. */
const options_entry *options_find(const options_entry *entries, int count, const char *name, size_t length);

/* The word of an OPTIONS_KIND_CHOICE at a position, `length` of its choices' characters. */
const char *options_word(const options_entry *entry, int position, int *length);

/* What --help puts after the name of an option that takes a value. */
const char *options_placeholder(const options_entry *entry);

/* Holds the command line to the program's rules. */
options_status options_check_rules(const options_program *program, int argc, char *const argv[],
                                   options_message *message);

#endif
