/* The end of a forked child, which runs none of its parent's exit handlers. */
#ifndef KVIST_TESTS_CHILD_H
#define KVIST_TESTS_CHILD_H

#include <stdnoreturn.h>
#include <unistd.h>

void __gcov_dump(void) __attribute__((weak)); /* linked by scripts/coverage alone */

/* What the child ran counts for coverage, too: only exit would see to that by itself. */
static inline noreturn void child_exit(int status)
{
    if (__gcov_dump) __gcov_dump();
    _exit(status);
}

#endif
