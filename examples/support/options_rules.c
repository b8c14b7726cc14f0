#include "options_internal.h"

#include <string.h>

/* The entry that a rule means: "load", or "model=rnn". Common entries are written to `common`. */
static const options_entry *find(const options_program *program, options_entry common[OPTIONS_COMMON_COUNT],
                                 const char *name)
{
    const size_t length = strcspn(name, "=");
    const options_entry *entry = options_find(program->entries, program->count, name, length);
    if (entry) return entry;
    options_common_entries(program->common, common);
    return options_find(common, OPTIONS_COMMON_COUNT, name, length);
}

/* "--load FILE", as --help has it; "--model rnn". */
static void describe(const options_program *program, const char *name, char *text, size_t size)
{
    options_entry common[OPTIONS_COMMON_COUNT];
    const options_entry *entry = find(program, common, name);
    const bool flag = !entry || entry->kind == OPTIONS_KIND_FLAG;
    const char *word = strchr(name, '='), *value = word ? word + 1 : flag ? "" : options_placeholder(entry);
    snprintf(text, size, "--%.*s%s%s", (int)strcspn(name, "="), name, *value ? " " : "", value);
}

/* Whether an option is given, or "model=rnn" is the choice. */
static bool holds(const options_program *program, const char *name, int argc, char *const argv[])
{
    options_entry common[OPTIONS_COMMON_COUNT];
    const char *wanted = strchr(name, '=');
    if (!wanted) return options_given(argc, argv, name);
    int length;
    const options_entry *entry = find(program, common, name);
    if (!entry || entry->kind != OPTIONS_KIND_CHOICE) return false;
    const char *word = options_word(entry, *entry->to.integer, &length);
    return strlen(wanted + 1) == (size_t)length && memcmp(wanted + 1, word, (size_t)length) == 0;
}

static options_status check(const options_program *program, const options_rule *rule, int argc, char *const argv[],
                            options_message *message)
{
    char wanted[64], with[64];
    if (!holds(program, rule->option, argc, argv)) return OPTIONS_OK;
    snprintf(with, sizeof with, "--%s", rule->option);
    if (strchr(rule->option, '=')) describe(program, rule->option, with, sizeof with);
    for (const char *const *other = rule->without; *other; other++) {
        if (!options_given(argc, argv, *other)) continue;
        snprintf(message->text, sizeof message->text, "%s: expected no --%s with it%s%s", with, *other,
                 rule->why ? ", " : "", rule->why ? rule->why : "");
        return OPTIONS_ERROR;
    }
    if (!rule->needs || holds(program, rule->needs, argc, argv)) return OPTIONS_OK;
    describe(program, rule->needs, wanted, sizeof wanted);
    snprintf(message->text, sizeof message->text, "%s: expected %s with it", with, wanted);
    return OPTIONS_ERROR;
}

options_status options_check_rules(const options_program *program, int argc, char *const argv[],
                                   options_message *message)
{
    for (int i = 0; i < program->rule_count; i++) {
        const options_status status = check(program, &program->rules[i], argc, argv, message);
        if (status != OPTIONS_OK) return status;
    }
    return OPTIONS_OK;
}
