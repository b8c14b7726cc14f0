#include "start.h"

#include "measure.h"
#include "support/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STARTS = 9 };

int start_first_step(const workload *w, int threads, double since)
{
    void *state = w->make(w, threads);
    if (!state) return EXIT_FAILURE;
    printf("%.6f\n", 1e3 * (run_seconds() - since));
    w->destroy(state);
    return EXIT_SUCCESS;
}

/* What the other program prints. */
static double start_once(const char *program, const workload *w, int threads)
{
    char threads_text[16], since[32], line[64] = "";
    int ends[2], status = 0;
    if (pipe(ends) != 0) fail("start", "no pipe left");
    fflush(stdout);
    const pid_t child = fork();
    if (child < 0) fail("start", "no process left");
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        snprintf(threads_text, sizeof threads_text, "%d", threads);
        snprintf(since, sizeof since, "%.9f", run_seconds());
        execl(program, "kvist_bench", "--first-step", w->name, "--threads", threads_text, "--since", since,
              (char *)NULL);
        _exit(EXIT_FAILURE);
    }
    close(ends[1]);
    const ssize_t size = read(ends[0], line, sizeof line - 1);
    close(ends[0]);
    if (waitpid(child, &status, 0) != child || status != 0 || size <= 0) fail("start", w->name);
    return atof(line) * 1e-3;
}

void start_measure(const char *program, const workload *w, int threads)
{
    samples taken = { .count = 0 };
    while (taken.count < STARTS) taken.value[taken.count++] = start_once(program, w, threads);
    const double median = samples_median(&taken);
    printf("start %s threads=%d start_ms=%.1f min_ms=%.1f n=%d\n", w->name, threads, 1e3 * median, 1e3 * taken.value[0],
           taken.count);
    fflush(stdout);
}
