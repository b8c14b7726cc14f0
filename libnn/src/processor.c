#define _GNU_SOURCE /* sched_getcpu, CPU_CLR */
#include "processor.h"

#ifdef __linux__
#include <sched.h>

int nn_processor(void)
{
    return sched_getcpu();
}

void nn_leave_processor(int processor)
{
    cpu_set_t all;
    /* Fails where there are more processors than a set has places for. */
    if (processor < 0 || sched_getaffinity(0, sizeof all, &all) != 0) return;
    cpu_set_t others = all;
    CPU_CLR((size_t)processor, &others);
    /* Without the one, which fails if there is no other; then as it was. */
    if (sched_setaffinity(0, sizeof others, &others) == 0) sched_setaffinity(0, sizeof all, &all);
}
#else
int nn_processor(void)
{
    return -1;
}

void nn_leave_processor(int processor)
{
    (void)processor;
}
#endif
