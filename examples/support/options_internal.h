/* What the files of options.h share. */
#ifndef KVIST_SUPPORT_OPTIONS_INTERNAL_H
#define KVIST_SUPPORT_OPTIONS_INTERNAL_H

#include "options.h"

#include <stddef.h>

/* The entry of that name, or NULL. */
const options_entry *options_find(const options_entry *entries, int count, const char *name, size_t length);

/* What --help puts after the name of an option that takes a value. */
const char *options_placeholder(const options_entry *entry);

/* Holds the command line to the program's rules. */
options_status options_check_rules(const options_program *program, int argc, char *const argv[],
                                   options_message *message);

#endif
