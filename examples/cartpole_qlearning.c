/* A table of Q-values learns to balance a pole on a cart, as the lab report's lab3_rl0 does; and plays what it learnt.
 */
#include "checkpoint.h"
#include "pole_player.h"
#include "q_table.h"
#include "qlearning_options.h"
#include "qlearning_picture.h"
#include "qlearning_training.h"
#include "support/own_files.h"
#include "support/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* All that the program writes in --out. */
static const char *const own_files[] = {
    "checkpoint.safetensors", "history.csv", "history-seed[0-9]*.csv", "history.png", "play.gif", NULL
};

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
static int play(const qlearning_options *set, const q_table *table)
{
    player p = { .rng = data_rng_make(set->common.seed, PLAY_STREAM) };
    if (table) p.table = *table;
    const pole_policy policy = { .act = table ? act_greedily : act_at_random, .player = &p };
    return pole_play(&policy, set->play, set->render, set->common.out, set->common.seed);
}

static int play_loaded(const qlearning_options *set)
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

static qlearning_def define(const qlearning_options *set, uint64_t seed)
{
    return (qlearning_def){ .settings = { .seed = seed,
                                          .random = set->random,
                                          .grid = qlearning_options_grid(set),
                                          .lr = set->lr,
                                          .gamma = set->gamma,
                                          .epsilon = set->epsilon },
                            .episodes = set->episodes,
                            .resume = set->common.resume,
                            .quiet = set->common.quiet };
}

static void print_settings(const qlearning_options *set)
{
    if (!set->random)
        printf("epsi , start%.2f [%.2f,%.2f]\nlr: %g , gamma: %g\n", set->epsilon, qlearning_least_epsilon,
               qlearning_most_epsilon, set->lr, set->gamma);
    printf("good_run (val: %d , Limit:%d)\n", QLEARNING_GOOD_STEPS, QLEARNING_GOOD_LIMIT);
}

static int learn(const qlearning_options *set, int argc, char *argv[])
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

static int learn_several(const qlearning_options *set)
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

/* --- the program -------------------------------------------------------------------------------------------------- */

static int run(const qlearning_options *set, int argc, char *argv[])
{
    if (set->common.load) return play_loaded(set);
    if (set->random && set->play > 0) return play(set, NULL);
    return set->runs > 1 ? learn_several(set) : learn(set, argc, argv);
}

int main(int argc, char *argv[])
{
    qlearning_options set;
    run_start("cartpole_qlearning");
    int code = qlearning_options_read(&set, argc, argv, options_read);
    if (code >= 0) return run_finish(code);
    code = pole_check_display(set.render);
    if (code != RUN_DONE) return run_finish(code);
    code = own_files_prepare(&set.common, own_files);
    if (code != RUN_DONE) return run_finish(code);
    run_catch_signals();
    return run_finish(run(&set, argc, argv));
}
