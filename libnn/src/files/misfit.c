#include "misfit.h"
#include "report.h"
#include <stdio.h>
#include <string.h>

enum { LISTED = 10, NAMES_ROOM = 150 /* of all lists in the message */ };

void nn_misfit_add(nn_misfit *misfit, nn_misfit_kind kind, const char *name)
{
    char *names = misfit->names[kind];
    const size_t used = strlen(names), left = sizeof misfit->names[kind] - used;
    if (misfit->count[kind]++ < LISTED) snprintf(names + used, left, "%s%s", used > 0 ? ", " : "", name);
}

/* The counts come first: a message that is too long loses names, never a number. */
nn_status nn_misfit_report(const nn_misfit *misfit, const char *path, nn_error *error)
{
    static const char *const titles[] = { "missing", "extra", "mismatched" };
    char counts[64], lists[NAMES_ROOM + 64];
    size_t counted = 0, listed = 0;
    int kinds = 0;
    for (int i = 0; i < NN_MISFIT_KINDS; i++) kinds += misfit->count[i] > 0;
    if (kinds == 0) return NN_OK;
    for (int i = 0; i < NN_MISFIT_KINDS; i++) {
        if (misfit->count[i] == 0) continue;
        const int room = NAMES_ROOM / kinds, length = (int)strlen(misfit->names[i]);
        const bool all = length <= room && misfit->count[i] <= LISTED;
        counted += (size_t)snprintf(counts + counted, sizeof counts - counted, "%s%d %s", counted > 0 ? ", " : "",
                                    misfit->count[i], titles[i]);
        listed += (size_t)snprintf(lists + listed, sizeof lists - listed, "%s%s %.*s%s", listed > 0 ? "; " : "",
                                   titles[i], room, misfit->names[i], all ? "" : "...");
    }
    return nn_fail_file(error, NN_ERR_MISMATCH, path, "%s: %s", counts, lists);
}
