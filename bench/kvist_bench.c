/* Times the workloads: W5 lstm_train threads=1 median_ms=25.60 min_ms=25.10 n=9 gflops=123 */
#include "workload.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_SAMPLES = 1000, MIN_SAMPLES = 5 };

typedef struct settings {
    int threads;
    const char *only;
    double seconds;
} settings;

void fail(const char *what, const char *why)
{
    fprintf(stderr, "kvist_bench: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Samples of `repeats` steps each, so that a sample is long enough for the clock. Returns their number, sorted. */
static int measure(const workload *w, void *state, double seconds, double *samples)
{
    int repeats = 1, count = 0;
    w->step(state);
    double begin = now();
    w->step(state);
    const double once = now() - begin;
    if (once < 1e-3) repeats = (int)(2e-3 / (once + 1e-9)) + 1;
    for (begin = now(); count < MAX_SAMPLES && (count < MIN_SAMPLES || now() - begin < seconds); count++) {
        const double start = now();
        for (int i = 0; i < repeats; i++) w->step(state);
        samples[count] = (now() - start) / repeats;
    }
    qsort(samples, (size_t)count, sizeof *samples, compare);
    return count;
}

static void run(const workload *w, const settings *s)
{
    static double samples[MAX_SAMPLES];
    void *state = w->make(w, s->threads);
    if (!state) exit(EXIT_FAILURE);
    const int n = measure(w, state, s->seconds, samples);
    const double median = samples[n / 2];
    printf("%s %s threads=%d median_ms=%.4f min_ms=%.4f n=%d", w->id, w->name, s->threads, median * 1e3,
           samples[0] * 1e3, n);
    if (w->flops > 0) printf(" gflops=%.0f", w->flops / median * 1e-9);
    if (w->events > 0) printf(" msteps_per_s=%.1f", w->events / median * 1e-6);
    printf("\n");
    fflush(stdout);
    w->destroy(state);
}

static void usage(FILE *out)
{
    fprintf(out,
            "usage: kvist_bench [--threads N] [--only NAME] [--seconds S]\n"
            "  --threads N   threads of the models (1)\n"
            "  --only NAME   workloads whose id or name contains NAME, as in W5 or lstm\n"
            "  --seconds S   time for each workload (2)\n"
            "Prints a line for each: id name threads=N median_ms=.. min_ms=.. n=SAMPLES [gflops=..|msteps_per_s=..]\n");
}

static int bad_usage(const char *option, const char *expected)
{
    fprintf(stderr, "kvist_bench: %s: expected %s\n", option, expected);
    return 2;
}

int main(int argc, char **argv)
{
    const workload *const lists[] = { cartpole_workloads, training_workloads, layer_workloads };
    settings s = { 1, NULL, 2.0 };
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--help") == 0) return usage(stdout), 0;
        if (strcmp(argv[i], "--threads") == 0) {
            s.threads = atoi(value);
            if (s.threads < 1) return bad_usage("--threads", "a number from 1");
        } else if (strcmp(argv[i], "--only") == 0) {
            s.only = value;
        } else if (strcmp(argv[i], "--seconds") == 0) {
            s.seconds = atof(value);
            if (!(s.seconds > 0.0)) return bad_usage("--seconds", "a positive number");
        } else {
            return bad_usage(argv[i], "one of --threads, --only, --seconds, --help");
        }
    }
    int ran = 0;
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        for (const workload *w = lists[l]; w->name; w++) {
            if (s.only && strcmp(w->id, s.only) != 0 && !strstr(w->name, s.only)) continue;
            run(w, &s);
            ran++;
        }
    return ran > 0 ? EXIT_SUCCESS : bad_usage("--only", "a workload's id or name");
}
