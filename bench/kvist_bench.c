/* Times the workloads: W5 lstm_train threads=1 median_ms=25.60 min_ms=25.10 n=9 gflops=123 peak_mb=88 gflop=3.146 */
#include "epochs.h"
#include "measure.h"
#include "start.h"
#include "workload.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct settings {
    int threads;
    const char *only;
    bool exact; /* `only` is the name of one line */
    double seconds;
    double epochs; /* fraction; 0: none */
    bool list;
    const char *first_step; /* internal: see start.h */
    double since;
} settings;

typedef struct task {
    const workload *workload;
    const settings *settings;
} task;

static const workload *const lists[] = { cartpole_workloads, dqn_workloads, sentiment_workloads, dcgan_workloads,
                                         layer_workloads };
enum { LISTS = sizeof lists / sizeof *lists };

/* Whose time from start to first step is told: one of each program that trains a network. */
static const char *const started[] = { "dqn_24_b20", "lstm_train", "dcgan_step", NULL };

/* --- lines -------------------------------------------------------------------------------------------------------- */

static void print_rates(const workload *w, double median)
{
    static const char *const levels[] = { [TRAFFIC_NONE] = "", [TRAFFIC_L2] = "l2", [TRAFFIC_L3] = "l3" };
    if (w->flops > 0) printf(" gflops=%.0f", w->flops / median * 1e-9);
    if (w->events > 0) printf(" msteps_per_s=%.1f", w->events / median * 1e-6);
    const double peak = measure_peak_mb();
    if (peak > 0) printf(" peak_mb=%.0f", peak);
    if (w->flops > 0) printf(" gflop=%.6g", w->flops * 1e-9);
    if (w->bytes > 0) printf(" traffic_mb=%.4g traffic_at=%s", w->bytes * 1e-6, levels[w->level]);
}

static int run(const void *context)
{
    static samples taken;
    const task *t = context;
    const workload *w = t->workload;
    void *state = w->make(w, t->settings->threads);
    if (!state) return EXIT_SUCCESS; /* skipped */
    measure_step(w->step, state, t->settings->seconds, &taken);
    const double median = samples_median(&taken);
    printf("%s %s threads=%d median_ms=%.4f min_ms=%.4f n=%d", w->id, w->name, t->settings->threads, median * 1e3,
           taken.value[0] * 1e3, taken.count);
    print_rates(w, median);
    if (w->describe) w->describe(state);
    printf("\n");
    w->destroy(state);
    return EXIT_SUCCESS;
}

/* --- which -------------------------------------------------------------------------------------------------------- */

static const workload *find(const char *name)
{
    for (int l = 0; l < LISTS; l++)
        for (const workload *w = lists[l]; w->name; w++)
            if (strcmp(w->name, name) == 0) return w;
    return NULL;
}

static bool is_epoch(const char *name)
{
    for (const char *const *e = epoch_names; *e; e++)
        if (strcmp(*e, name) == 0) return true;
    return false;
}

static bool wanted(const settings *s, const char *id, const char *name)
{
    if (!s->only || strncmp(id, s->only, strlen(s->only)) == 0) return true;
    return s->exact ? strcmp(name, s->only) == 0 : strstr(name, s->only) != NULL;
}

/* Whole epochs take minutes: without --epochs they must be named, where "lstm" names only the workloads. */
static bool asks_for_epochs(const settings *s)
{
    return s->only && (s->exact || strcmp(s->only, "epoch") == 0);
}

/* @return how many lines failed, or -1 when none was wanted */
static int run_all(const settings *s)
{
    int ran = 0, failed = 0;
    for (int l = 0; l < LISTS; l++)
        for (const workload *w = lists[l]; w->name; w++) {
            if (!wanted(s, w->id, w->name)) continue;
            ran++;
            if (s->list)
                printf("%s %s\n", w->id, w->name);
            else
                failed += !run_apart(run, &(task){ w, s });
        }
    for (const char *const *name = started; *name; name++) {
        if (s->only && !wanted(s, "start", "")) continue;
        ran++;
        if (s->list)
            printf("start %s\n", *name);
        else
            start_measure("/proc/self/exe", find(*name), s->threads);
    }
    for (const char *const *name = epoch_names; *name; name++) {
        if (!wanted(s, "epoch", *name) || (s->epochs == 0 && !asks_for_epochs(s))) continue;
        ran++;
        if (s->list)
            printf("epoch %s\n", *name);
        else
            failed += !run_apart(epoch_run, &(epoch_def){ *name, s->threads, s->epochs > 0 ? s->epochs : 1 });
    }
    return ran > 0 ? failed : -1;
}

/* --- the command line --------------------------------------------------------------------------------------------- */

static void usage(FILE *out)
{
    fprintf(out,
            "usage: kvist_bench [--threads N] [--only NAME] [--seconds S] [--epochs FRACTION] [--list]\n"
            "  --threads N        threads of the models (1)\n"
            "  --only NAME        the line of this name; else those whose name contains NAME or whose id begins\n"
            "                     with it, as in lstm, W5, start or epoch\n"
            "  --seconds S        time for each workload (2)\n"
            "  --epochs FRACTION  also whole epochs, of which this share is trained (1: all, which takes minutes)\n"
            "  --list             only print the names\n"
            "Each workload is a process of its own and prints a line:\n"
            "  id name threads=N median_ms=.. min_ms=.. n=SAMPLES [gflops=..] [msteps_per_s=..] [peak_mb=..]\n"
            "  and what it must do at least: [gflop=ARITHMETIC] [traffic_mb=BYTES traffic_at=l2|l3] [data=..]\n"
            "then: start NAME threads=N start_ms=.. from the program's start to the first training step,\n"
            "and:  epoch NAME threads=N .. seconds=.. from the data set's file to a checkpoint.\n");
}

static int bad_usage(const char *option, const char *expected)
{
    fprintf(stderr, "kvist_bench: %s: expected %s\n", option, expected);
    return 2;
}

/* @return -1, or the exit code of a program that is over */
static int read_option(settings *s, const char *option, const char *value)
{
    if (strcmp(option, "--threads") == 0) {
        s->threads = atoi(value);
        if (s->threads < 1) return bad_usage(option, "a number from 1");
    } else if (strcmp(option, "--only") == 0) {
        s->only = value;
    } else if (strcmp(option, "--seconds") == 0) {
        s->seconds = atof(value);
        if (!(s->seconds > 0)) return bad_usage(option, "a positive number");
    } else if (strcmp(option, "--epochs") == 0) {
        s->epochs = atof(value);
        if (!(s->epochs > 0 && s->epochs <= 1)) return bad_usage(option, "a fraction above 0, at most 1");
    } else if (strcmp(option, "--first-step") == 0) {
        s->first_step = value;
    } else if (strcmp(option, "--since") == 0) {
        s->since = atof(value);
    } else {
        return bad_usage(option, "one of --threads, --only, --seconds, --epochs, --list, --help");
    }
    return -1;
}

int main(int argc, char **argv)
{
    settings s = { .threads = 1, .seconds = 2 };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return usage(stdout), 0;
        if (strcmp(argv[i], "--list") == 0) {
            s.list = true;
            continue;
        }
        const int code = read_option(&s, argv[i], i + 1 < argc ? argv[i + 1] : "");
        if (code >= 0) return code;
        i++;
    }
    if (s.first_step) {
        const workload *w = find(s.first_step);
        return w ? start_first_step(w, s.threads, s.since) : bad_usage("--first-step", "a workload's name");
    }
    s.exact = s.only && (find(s.only) || is_epoch(s.only));
    const int failed = run_all(&s);
    if (failed < 0) return bad_usage("--only", "the id or name of a line, see --list");
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
