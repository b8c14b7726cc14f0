/* Measures how a training step's time and memory grow with batch, time steps, units or channels, and threads:
 * growth lstm batch=64 time=100 units=128 threads=1 median_ms=12.3 peak_mb=45 gflops=110 */
#include "growth.h"

#include "dcgan_game.h"
#include "measure.h"
#include "single_layer.h"
#include "support/run.h"
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum size { BATCH, TIME, UNITS, THREADS, SIZES } size;

/* How large a subject is. Units are channels of a convolution; 0: it has no such size. */
typedef struct sizes {
    int of[SIZES];
} sizes;

typedef struct subject {
    const char *name, *units_name;
    void *(*make)(const sizes *s);
    void (*step)(void *state);
    void (*destroy)(void *state);
    double (*flops)(const sizes *s);
    sizes usual; /* while another size grows */
    sizes by;    /* a curve goes through 1 to GROWTH_POINTS times this; 0: no curve. Threads go from 1 to all */
} subject;

/* --- subjects ----------------------------------------------------------------------------------------------------- */

static void *make_layer(const sizes *s, nn_layer_def layer, nn_shape input)
{
    return single_layer_create("growth", &(layer_case){ layer, input, NN_F32, s->of[BATCH] }, s->of[THREADS]);
}

static void *make_dense(const sizes *s)
{
    return make_layer(s, (nn_layer_def){ NN_DENSE, .dense = { .units = s->of[UNITS] } }, NN_SHAPE(s->of[UNITS]));
}

static double dense_flops(const sizes *s)
{
    return 3.0 * 2.0 * s->of[BATCH] * s->of[UNITS] * s->of[UNITS];
}

static void *make_lstm(const sizes *s)
{
    const nn_layer_def lstm = { NN_LSTM, .rnn = { .units = s->of[UNITS] } };
    return make_layer(s, lstm, NN_SHAPE(s->of[TIME], s->of[UNITS]));
}

static double lstm_flops(const sizes *s)
{
    return 3.0 * 2.0 * s->of[BATCH] * s->of[TIME] * (2.0 * s->of[UNITS]) * (4.0 * s->of[UNITS]);
}

enum { SIDE = 14, SMALL_SIDE = 7, CONV_KERNEL = 3, TRANSPOSED_KERNEL = 5 };

static void *make_conv(const sizes *s)
{
    const nn_layer_def conv = { NN_CONV2D,
                                .conv = { .filters = s->of[UNITS], .kernel = { CONV_KERNEL }, .padding = NN_SAME } };
    return make_layer(s, conv, NN_SHAPE(SIDE, SIDE, s->of[UNITS]));
}

static double conv_flops(const sizes *s)
{
    const double taps = SIDE * SIDE * CONV_KERNEL * CONV_KERNEL;
    return 3.0 * 2.0 * s->of[BATCH] * taps * s->of[UNITS] * s->of[UNITS];
}

static void *make_transposed(const sizes *s)
{
    const nn_layer_def transposed = {
        NN_CONV2D_TRANSPOSE,
        .conv = { .filters = s->of[UNITS], .kernel = { TRANSPOSED_KERNEL }, .stride = { 2 }, .padding = NN_SAME }
    };
    return make_layer(s, transposed, NN_SHAPE(SMALL_SIDE, SMALL_SIDE, s->of[UNITS]));
}

static double transposed_flops(const sizes *s)
{
    const double taps = SMALL_SIDE * SMALL_SIDE * TRANSPOSED_KERNEL * TRANSPOSED_KERNEL;
    return 3.0 * 2.0 * s->of[BATCH] * taps * s->of[UNITS] * s->of[UNITS];
}

static void *make_dcgan(const sizes *s)
{
    return dcgan_game_create(s->of[BATCH], s->of[THREADS]);
}

static double dcgan_flops(const sizes *s)
{
    return s->of[BATCH] * DCGAN_GAME_FLOPS;
}

static const subject subjects[] = {
    { "dense", "units", make_dense, single_layer_train, single_layer_destroy, dense_flops,
      .usual = { { [BATCH] = 128, [UNITS] = 512 } }, .by = { { [BATCH] = 64, [UNITS] = 128 } } },
    { "lstm", "units", make_lstm, single_layer_train, single_layer_destroy, lstm_flops,
      .usual = { { [BATCH] = 64, [TIME] = 100, [UNITS] = 64 } },
      .by = { { [BATCH] = 32, [TIME] = 100, [UNITS] = 32 } } },
    { "conv2d", "channels", make_conv, single_layer_train, single_layer_destroy, conv_flops,
      .usual = { { [BATCH] = 32, [UNITS] = 64 } }, .by = { { [BATCH] = 16, [UNITS] = 32 } } },
    { "conv2d_transpose", "channels", make_transposed, single_layer_train, single_layer_destroy, transposed_flops,
      .usual = { { [BATCH] = 32, [UNITS] = 64 } }, .by = { { [BATCH] = 16, [UNITS] = 32 } } },
    { "dcgan", "", make_dcgan, dcgan_game_step, dcgan_game_destroy, dcgan_flops, .usual = { { [BATCH] = 64 } },
      .by = { { [BATCH] = 32 } } },
};
enum { SUBJECTS = sizeof subjects / sizeof *subjects };

static const char *size_name(const subject *what, size k)
{
    static const char *const names[] = { [BATCH] = "batch", [TIME] = "time", [THREADS] = "threads" };
    return k == UNITS ? what->units_name : names[k];
}

/* --- measuring ---------------------------------------------------------------------------------------------------- */

typedef struct result {
    double milliseconds, megabytes;
} result;

typedef struct task {
    const subject *what;
    sizes at;
    double seconds;
    int out; /* where the result goes: the end of a pipe */
} task;

static int run(const void *context)
{
    static samples taken;
    const task *t = context;
    void *state = t->what->make(&t->at);
    measure_step(t->what->step, state, t->seconds, &taken);
    const result r = { 1e3 * samples_median(&taken), measure_peak_mb() };
    t->what->destroy(state);
    return write(t->out, &r, sizeof r) == (ssize_t)sizeof r ? EXIT_SUCCESS : EXIT_FAILURE;
}

static result measure(const subject *what, const sizes *at, double seconds)
{
    int ends[2];
    result r;
    if (pipe(ends) != 0) fail(what->name, "no pipe left");
    const bool ran = run_apart(run, &(task){ what, *at, seconds, ends[1] });
    if (!ran || read(ends[0], &r, sizeof r) != (ssize_t)sizeof r) fail(what->name, "failed");
    close(ends[0]);
    close(ends[1]);
    return r;
}

/* The quickest of some runs: processors of a shared machine differ, and the system chooses one for each run. */
static result measure_quickest(const subject *what, const sizes *at, double seconds)
{
    enum { RUNS = 3 };
    result quickest = measure(what, at, seconds / RUNS);
    for (int i = 1; i < RUNS; i++) {
        const result r = measure(what, at, seconds / RUNS);
        if (r.milliseconds < quickest.milliseconds) quickest = r;
    }
    return quickest;
}

static void print(const subject *what, const sizes *at, const result *r)
{
    printf("growth %s", what->name);
    for (size k = BATCH; k < SIZES; k++)
        if (at->of[k] > 0) printf(" %s=%d", size_name(what, k), at->of[k]);
    printf(" median_ms=%.4g", r->milliseconds);
    if (r->megabytes > 0) printf(" peak_mb=%.0f", r->megabytes);
    printf(" gflops=%.0f\n", what->flops(at) / r->milliseconds * 1e-6);
    fflush(stdout);
}

static growth_curve grow(const subject *what, size k, int points, double seconds)
{
    growth_curve c = { .subject = what->name, .size = size_name(what, k), .count = points };
    sizes at = what->usual;
    at.of[THREADS] = 1;
    for (int i = 0; i < points; i++) {
        at.of[k] = (i + 1) * (k == THREADS ? 1 : what->by.of[k]);
        const result r = measure_quickest(what, &at, seconds);
        print(what, &at, &r);
        c.value[i] = at.of[k];
        c.milliseconds[i] = r.milliseconds;
        c.megabytes[i] = r.megabytes;
        c.flops[i] = what->flops(&at) / at.of[THREADS];
    }
    return c;
}

/* --- the command line --------------------------------------------------------------------------------------------- */

typedef struct settings {
    int threads;
    double seconds;
    const char *only, *draw;
} settings;

static bool grow_all(const subject *what, const settings *s)
{
    growth_curve curves[SIZES];
    int count = 0;
    for (size k = BATCH; k < THREADS; k++)
        if (what->by.of[k] > 0) curves[count++] = grow(what, k, GROWTH_POINTS, s->seconds);
    if (s->threads > 1) curves[count++] = grow(what, THREADS, s->threads, s->seconds);
    return !s->draw || growth_draw(curves, count, s->draw);
}

static int usage(FILE *out, int code)
{
    fprintf(out, "usage: kvist_growth [--only SUBJECT] [--threads N] [--seconds S] [--draw FOLDER]\n"
                 "  --only SUBJECT  dense, lstm, conv2d, conv2d_transpose or dcgan; all when not given\n"
                 "  --threads N     from 1 to N, at most 8 (as many as there are processors); the other curves take 1\n"
                 "  --seconds S     time for each point (0.5)\n"
                 "  --draw FOLDER   also draws growth-SUBJECT-time.png and growth-SUBJECT-memory.png there\n");
    return code;
}

/* @return false for an option that does not exist or a value out of range */
static bool read_option(settings *s, const char *option, const char *value)
{
    if (strcmp(option, "--only") == 0) return (s->only = value)[0] != '\0';
    if (strcmp(option, "--draw") == 0) return (s->draw = value)[0] != '\0';
    if (strcmp(option, "--seconds") == 0) return (s->seconds = atof(value)) > 0;
    if (strcmp(option, "--threads") != 0) return false;
    s->threads = atoi(value);
    return s->threads >= 1 && s->threads <= GROWTH_POINTS;
}

int main(int argc, char *argv[])
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    settings s = { .threads = processors > GROWTH_POINTS ? GROWTH_POINTS
                              : processors > 1           ? (int)processors
                                                         : 1,
                   .seconds = 0.5 };
    int ran = 0;
    run_start("kvist_growth");
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0) return usage(stdout, EXIT_SUCCESS);
        if (!read_option(&s, argv[i], i + 1 < argc ? argv[i + 1] : "")) return usage(stderr, RUN_USAGE);
    }
    if (s.draw && !run_make_out(s.draw)) return EXIT_FAILURE;
    for (const subject *what = subjects; what < subjects + SUBJECTS; what++) {
        if (s.only && strcmp(s.only, what->name) != 0) continue;
        if (!grow_all(what, &s)) return EXIT_FAILURE;
        ran++;
    }
    return ran > 0 ? EXIT_SUCCESS : usage(stderr, RUN_USAGE);
}
