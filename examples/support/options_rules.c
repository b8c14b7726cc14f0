#include "options_internal.h"

#include <string.h>

/* "--load FILE", as --help has it. */
static void describe(const options_program *program, const char *name, char *text, size_t size)
{
    options_entry common[OPTIONS_COMMON_COUNT];
    const options_entry *entry = options_find(program->entries, program->count, name, strlen(name));
    options_common_entries(program->common, common);
    if (!entry) entry = options_find(common, OPTIONS_COMMON_COUNT, name, strlen(name));
    const bool flag = !entry || entry->kind == OPTIONS_KIND_FLAG;
    snprintf(text, size, "--%s%s%s", name, flag ? "" : " ", flag ? "" : options_placeholder(entry));
}

static options_status check(const options_program *program, const options_rule *rule, int argc, char *const argv[],
                            options_message *message)
{
    char wanted[64];
    if (!options_given(argc, argv, rule->option)) return OPTIONS_OK;
    for (const char *const *other = rule->without; *other; other++) {
        if (!options_given(argc, argv, *other)) continue;
        snprintf(message->text, sizeof message->text, "--%s: expected no --%s with it%s%s", rule->option, *other,
                 rule->why ? ", " : "", rule->why ? rule->why : "");
        return OPTIONS_ERROR;
    }
    if (!rule->needs || options_given(argc, argv, rule->needs)) return OPTIONS_OK;
    describe(program, rule->needs, wanted, sizeof wanted);
    snprintf(message->text, sizeof message->text, "--%s: expected %s with it", rule->option, wanted);
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
