#include "workload.h"

#include <stdio.h>
#include <stdlib.h>

void fail(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

void *skip(const workload *self, const char *why)
{
    printf("%s %s skipped: %s\n", self->id, self->name, why);
    return NULL;
}
