/* A table of Q-values learns to balance a pole on a cart, as the lab report's lab3_rl0 does; and plays what it learnt.
 */
#include "checkpoint.h"
#include "pole_player.h"
#include "q_table.h"
#include "qlearning_picture.h"
#include "qlearning_training.h"
#include "support/options.h"
#include "support/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct settings {
    options_common common;
    int preset, episodes, bins, runs, play, render;
    double lr, gamma, epsilon, edges[ENV_CARTPOLE_OBS];
    const char *edges_text; /* NULL: the preset's */
    bool random;
} settings;

enum { PRESET_REPORT, PRESET_TUNED };

enum { PLAY_STREAM = 2 };

/* --- playing ------------------------------------------------------------------------------------------------------ */

typedef struct player {
    q_table table;
    data_rng rng; /* of ties and random actions */
} player;

static int act_greedily(void *context, const float *obs)
{
    player *p = context;
    const int state = q_table_state(&p->table, obs);
    return state < 0 ? -1 : q_table_greedy(&p->table, state, &p->rng);
}

static int act_at_random(void *context, const float *obs)
{
    player *p = context;
    (void)obs;
    return (int)data_rng_below(&p->rng, ENV_CARTPOLE_ACTIONS);
}

/* By the table, or at random without one. */
static int play(const settings *set, const q_table *table)
{
    player p = { .rng = data_rng_make(set->common.seed, PLAY_STREAM) };
    if (table) p.table = *table;
    const pole_policy policy = { .act = table ? act_greedily : act_at_random, .player = &p };
    return pole_play(&policy, set->play, set->render, set->common.out, set->common.seed);
}

static int play_loaded(const settings *set)
{
    q_table table;
    nn_error error;
    if (!q_table_load(&table, set->common.load, &error)) return run_error("%s", error.text);
    if (error.text[0]) run_error("%s", error.text);
    const int code = play(set, &table);
    q_table_destroy(&table);
    return code;
}

/* --- learning ----------------------------------------------------------------------------------------------------- */

static qlearning_def define(const settings *set, uint64_t seed)
{
    qlearning_def def = { .settings = { .seed = seed,
                                        .random = set->random,
                                        .grid.bins = (uint64_t)set->bins,
                                        .lr = set->lr,
                                        .gamma = set->gamma,
                                        .epsilon = set->epsilon },
                          .episodes = set->episodes,
                          .resume = set->common.resume,
                          .quiet = set->common.quiet };
    for (int i = 0; i < ENV_CARTPOLE_OBS; i++) def.settings.grid.edges[i] = set->edges[i];
    return def;
}

static void print_settings(const settings *set)
{
    if (!set->random)
        printf("epsi , start%.2f [%.2f,%.2f]\nlr: %g , gamma: %g\n", set->epsilon, qlearning_least_epsilon,
               qlearning_most_epsilon, set->lr, set->gamma);
    printf("good_run (val: %d , Limit:%d)\n", QLEARNING_GOOD_STEPS, QLEARNING_GOOD_LIMIT);
}

static int learn(const settings *set, int argc, char *argv[])
{
    const options_common *common = &set->common;
    char history[RUN_PATH], checkpoint[RUN_PATH];
    qlearning_def def = define(set, common->seed);
    qlearning q;
    nn_archive *saved = NULL;
    if (common->out) {
        qlearning_history(history, common->out, common->seed, 1);
        run_join(checkpoint, common->out, "checkpoint.safetensors");
        def.history = history;
        def.checkpoint = checkpoint;
    }
    def.tensorboard = common->tensorboard;
    int code = qlearning_begin(&q, &def);
    if (code == RUN_DONE && common->save) code = checkpoint_open(&saved, common->save);
    if (code == RUN_DONE && saved) q_table_list(&q.table, saved);
    if (code == RUN_DONE) code = qlearning_run(&q);
    if (code == RUN_INTERRUPTED) code = common->out ? run_say_resume(argc, argv) : run_say_lost();
    const double seconds = run_seconds() - q.start;
    if (code == RUN_DONE && common->out) qlearning_draw(common->out, common->seed, 1);
    if (code == RUN_DONE && saved) code = checkpoint_save(saved, common->save);
    if (code == RUN_DONE) print_settings(set);
    if (code == RUN_DONE && set->play > 0) code = play(set, &q.table);
    if (code == RUN_DONE)
        run_result("final_mean=%.1f good_ratio=%.3f seconds=%.1f", q.at.mean, q.at.good_ratio, seconds);
    nn_archive_destroy(saved);
    qlearning_end(&q);
    return code;
}

/* --- several runs ------------------------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of an even number of values the mean of the two middle ones. Sorts. */
static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, ascending);
    return 0.5 * (values[(count - 1) / 2] + values[count / 2]);
}

static int learn_several(const settings *set)
{
    double means[QLEARNING_MOST_RUNS], ratios[QLEARNING_MOST_RUNS];
    const options_common *common = &set->common;
    const double start = run_seconds();
    for (int i = 0; i < set->runs; i++) {
        char history[RUN_PATH], board[RUN_PATH], name[32];
        qlearning q;
        qlearning_def def = define(set, common->seed + (uint64_t)i);
        if (common->out) {
            qlearning_history(history, common->out, def.settings.seed, set->runs);
            def.history = history;
        }
        snprintf(name, sizeof name, "seed%llu", (unsigned long long)def.settings.seed);
        if (common->tensorboard && run_join(board, common->tensorboard, name)) def.tensorboard = board;
        printf("Run %d/%d, seed %llu\n", i + 1, set->runs, (unsigned long long)def.settings.seed);
        int code = qlearning_begin(&q, &def);
        if (code == RUN_DONE) code = qlearning_run(&q);
        means[i] = q.at.mean;
        ratios[i] = q.at.good_ratio;
        qlearning_end(&q);
        if (code == RUN_DONE && run_interrupted()) code = RUN_INTERRUPTED;
        if (code == RUN_INTERRUPTED) run_error("interrupted; --runs saves nothing to go on from");
        if (code != RUN_DONE) return code;
    }
    if (common->out) qlearning_draw(common->out, common->seed, set->runs);
    print_settings(set);
    const double mean = median(means, set->runs), ratio = median(ratios, set->runs);
    run_result("median_final_mean=%.1f least_final_mean=%.1f most_final_mean=%.1f median_good_ratio=%.3f runs=%d "
               "seconds=%.1f",
               mean, means[0], means[set->runs - 1], ratio, set->runs, run_seconds() - start);
    return RUN_DONE;
}

/* --- the command line --------------------------------------------------------------------------------------------- */

/* What the user typed stays. */
static void choose_defaults(settings *set, int argc, char *argv[])
{
    if (set->preset != PRESET_TUNED) return;
    if (!options_given(argc, argv, "lr")) set->lr = 0.1;
    set->edges[1] = set->edges[3] = 1.5;
}

/* The edges as typed, if they were. */
static bool read_edges(settings *set)
{
    if (!set->edges_text) return true;
    if (!options_numbers(set->edges_text, 1e9, set->edges, ENV_CARTPOLE_OBS)) {
        run_error("--edges: expected four numbers above 0 as 2.4,3,0.21,3.5, got '%s'", set->edges_text);
        return false;
    }
    const qlearning_def def = define(set, 0);
    const bool cut = q_grid_check(&def.settings.grid);
    if (!cut)
        run_error("--edges: expected edges far enough from 0 for %lld bins, got '%s'",
                  (long long)def.settings.grid.bins, set->edges_text);
    return cut;
}

/* The first of these options that is given, or NULL. */
static const char *given_of(const char *const names[], int argc, char *argv[])
{
    for (; *names; names++)
        if (options_given(argc, argv, *names)) return *names;
    return NULL;
}

#define SETTINGS "preset", "bins", "edges", "lr", "gamma", "epsilon"
static const options_rule rules[] = {
    { .option = "load",
      .needs = "play",
      .without = { SETTINGS, "episodes", "random", "runs", "save", "resume", "tensorboard" },
      .why = "it plays what was learnt" },
    { .option = "random", .without = { SETTINGS, "save" }, .why = "nothing is learnt" },
};

/* What does not go together by its value, in one line. @return an exit code */
static int check_usage(const settings *set, int argc, char *argv[])
{
    static const char *const single[] = { "save", "resume", "play", NULL };
    static const char *const learning[] = { "episodes", "resume", "tensorboard", NULL };
    const char *wrong;
    if (set->common.load && set->play == 0)
        run_error("--load: expected --play N with it");
    else if (set->runs > 1 && (wrong = given_of(single, argc, argv)))
        run_error("--runs: expected no --%s with it, that is for one run", wrong);
    else if (set->random && set->play > 0 && (wrong = given_of(learning, argc, argv)))
        run_error("--random --play: expected no --%s with it, nothing is learnt", wrong);
    else
        return pole_check(set->render, set->play, set->common.out);
    return RUN_USAGE;
}

static int run(const settings *set, int argc, char *argv[])
{
    if (set->common.load) return play_loaded(set);
    if (set->random && set->play > 0) return play(set, NULL);
    return set->runs > 1 ? learn_several(set) : learn(set, argc, argv);
}

int main(int argc, char *argv[])
{
    settings set = { .common = OPTIONS_COMMON_DEFAULTS,
                     .episodes = 10000,
                     .bins = 10,
                     .lr = 0.02,
                     .gamma = 0.99,
                     .epsilon = 0.10,
                     .runs = 1,
                     .edges = { 2.4, 3.0, 0.21, 3.5 } };
    options_entry entries[] = {
        OPTIONS_CHOICE("preset", &set.preset, "report|tuned", "the report's settings, or better ones"),
        OPTIONS_INT("episodes", &set.episodes, 1, 100000000, "episodes to learn from"),
        OPTIONS_INT("bins", &set.bins, 1, Q_MOST_BINS, "bins of each observation"),
        OPTIONS_TEXT("edges", &set.edges_text, "X,V,A,W", "+-edges of all bins"),
        OPTIONS_POSITIVE("lr", &set.lr, 1.0, "learning rate; tuned 0.1"),
        OPTIONS_DOUBLE("gamma", &set.gamma, 0.0, 1.0, "discount of later rewards"),
        OPTIONS_DOUBLE("epsilon", &set.epsilon, 0.0, 1.0, "share of random actions at the start"),
        OPTIONS_INT("runs", &set.runs, 1, QLEARNING_MOST_RUNS, "runs of seed, seed + 1, .. in one picture"),
        OPTIONS_FLAG("random", &set.random, "act at random, learn nothing"),
        OPTIONS_INT("play", &set.play, 0, 1000000, "episodes to play when learnt, or with --load"),
        POLE_RENDER_OPTION(&set.render),
    };
    entries[3].shown = "2.4,3,.21,3.5; tuned V, W 1.5";
    const options_program program = { .name = "cartpole_qlearning",
                                      .summary = "Learn to balance a pole with a table of Q-values.",
                                      .example = "cartpole_qlearning --preset tuned --seed 3 --play 1 --render ansi",
                                      OPTIONS_ENTRIES(entries),
                                      .common = &set.common,
                                      .unused = OPTIONS_DATA | OPTIONS_THREADS,
                                      .load = "the one to play",
                                      OPTIONS_RULES(rules) };
    run_start(program.name);
    int code = options_read(&program, argc, argv);
    if (code >= 0) return run_finish(code);
    choose_defaults(&set, argc, argv);
    if (!read_edges(&set)) return run_finish(RUN_USAGE);
    code = check_usage(&set, argc, argv);
    if (code != RUN_DONE) return run_finish(code);
    if (set.common.out && !run_make_out(set.common.out)) return run_finish(RUN_FAILED);
    run_catch_signals();
    return run_finish(run(&set, argc, argv));
}
