#include "begun.h"

#include "run.h"

#include <stdbool.h>
#include <string.h>

/* One option of a text, as a part of it. */
typedef struct option {
    const char *name, *value; /* name: with its dashes */
    int name_size, value_size;
} option;

/* Moves *text behind its first option; false at its end. */
static bool take(const char **text, option *o)
{
    const char *begin = *text, *end = strstr(begin, " --");
    if (!*begin) return false;
    if (!end) end = begin + strlen(begin);
    const char *space = memchr(begin, ' ', (size_t)(end - begin));
    o->name = begin;
    o->name_size = (int)((space ? space : end) - begin);
    o->value = space ? space + 1 : end;
    o->value_size = (int)(end - o->value);
    *text = *end ? end + 1 : end;
    return true;
}

static bool find(const char *text, const option *wanted, option *found)
{
    while (take(&text, found))
        if (found->name_size == wanted->name_size && memcmp(found->name, wanted->name, (size_t)wanted->name_size) == 0)
            return true;
    return false;
}

/* The first option of a text that another has not, of those with a value or those without. */
static bool find_missing(const char *text, const char *other, bool has_value, option *missing)
{
    option found;
    while (take(&text, missing))
        if ((missing->value_size > 0) == has_value && !find(other, missing, &found)) return true;
    return false;
}

static bool find_changed(const char *begun, const char *now, option *was, option *is)
{
    while (take(&begun, was))
        if (find(now, was, is) &&
            (was->value_size != is->value_size || memcmp(was->value, is->value, (size_t)is->value_size) != 0))
            return true;
    return false;
}

static int check_missing(const char *path, const char *begun, const char *now, bool has_value)
{
    option o;
    if (find_missing(begun, now, has_value, &o))
        return run_error("%s: was begun with %.*s%s%.*s, got none", path, o.name_size, o.name, has_value ? " " : "",
                         o.value_size, o.value);
    if (find_missing(now, begun, has_value, &o))
        return run_error("%s: was begun without %.*s, got it", path, o.name_size, o.name);
    return RUN_DONE;
}

int begun_check(const char *path, const char *begun, const char *now)
{
    option was, is;
    int code = check_missing(path, begun, now, false);
    if (code == RUN_DONE && find_changed(begun, now, &was, &is))
        code = run_error("%s: was begun with %.*s %.*s, got %.*s", path, was.name_size, was.name, was.value_size,
                         was.value, is.value_size, is.value);
    return code == RUN_DONE ? check_missing(path, begun, now, true) : code;
}
