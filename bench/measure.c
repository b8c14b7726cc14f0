#include "measure.h"

#include "support/run.h"
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double samples_median(samples *taken)
{
    qsort(taken->value, (size_t)taken->count, sizeof *taken->value, compare);
    return taken->value[taken->count / 2];
}

void measure_step(void (*step)(void *state), void *state, double seconds, samples *taken)
{
    int repeats = 1;
    taken->count = 0;
    step(state);
    double begin = run_seconds();
    step(state);
    const double once = run_seconds() - begin;
    if (once < 1e-3) repeats = (int)(2e-3 / (once + 1e-9)) + 1;
    begin = run_seconds();
    while (taken->count < MAX_SAMPLES && (taken->count < MIN_SAMPLES || run_seconds() - begin < seconds)) {
        const double start = run_seconds();
        for (int i = 0; i < repeats; i++) step(state);
        taken->value[taken->count++] = (run_seconds() - start) / repeats;
    }
    samples_median(taken);
}

double measure_peak_mb(void)
{
    char line[256];
    long kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "r");
    if (!status) return 0;
    while (fgets(line, sizeof line, status) && sscanf(line, "VmHWM: %ld kB", &kilobytes) != 1) {
    }
    fclose(status);
    return (double)kilobytes * 1024 * 1e-6;
}

void measure_forget_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (!file) return;
    fputs("5", file);
    fclose(file);
}

int run_apart(int (*function)(const void *context), const void *context)
{
    int status = 0;
    fflush(stdout);
    const pid_t child = fork();
    if (child < 0) fail("fork", "no process left");
    if (child == 0) exit(function(context));
    if (waitpid(child, &status, 0) != child) fail("waitpid", "lost the process");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
