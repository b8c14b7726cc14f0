#include "own_files.h"

#include "run.h"

#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Whether two names of folders lead to one. */
static bool same_folder(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_archive(const char *pattern)
{
    static const char end[] = ".safetensors";
    const size_t length = strlen(pattern), ending = sizeof end - 1;
    return length >= ending && strcmp(pattern + length - ending, end) == 0;
}

/* The file itself or what comes to lie beside it; the last two of an archive alone. */
static bool is_of(const char *pattern, const char *name)
{
    static const char *const around[][2] = { { "", "" }, { ".", ".*.tmp" }, { "", ".lock" }, { "", ".prev" } };
    char beside[128];
    for (int i = 0; i < (is_archive(pattern) ? 4 : 2); i++) {
        snprintf(beside, sizeof beside, "%s%s%s", around[i][0], pattern, around[i][1]);
        if (fnmatch(beside, name, 0) == 0) return true;
    }
    return false;
}

static bool is_own(const char *folder, const char *const own[], const char *path)
{
    char its_folder[RUN_PATH];
    const char *name = last_name(path);
    while (*own && !is_of(*own, name)) own++;
    if (!folder || !*own) return false;
    snprintf(its_folder, sizeof its_folder, "%.*s", name > path ? (int)(name - path) : 1, name > path ? path : ".");
    return same_folder(its_folder, folder);
}

int own_files_prepare(const options_common *common, const char *const own[])
{
    static const char *const events[] = { "events.out.tfevents.[0-9]*", NULL };
    const char *save = common->save, *option = NULL;
    if (common->out && !run_make_out(common->out)) return RUN_FAILED;
    if (!save) return RUN_DONE;
    if (common->tensorboard) run_make_folders(common->tensorboard); /* a failure is told when events are written */
    if (is_own(common->out, own, save)) option = "out";
    if (is_own(common->tensorboard, events, save)) option = "tensorboard";
    if (!option) return RUN_DONE;
    run_error("--save: expected another name than that of the program's own %s in --%s, got %s", last_name(save),
              option, save);
    return RUN_USAGE;
}
