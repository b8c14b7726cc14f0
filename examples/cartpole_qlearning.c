/* A table of Q-values learns to balance a pole on a cart: the lab report's lab3_rl0. */
#include "q_table.h"
#include "support/csv.h"
#include "support/options.h"
#include "support/plot.h"
#include "support/progress.h"
#include "support/run.h"
#include "support/tensorboard.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct settings {
    options_common common;
    int preset, episodes, bins;
    double lr, gamma, epsilon, edges[ENV_CARTPOLE_OBS];
    bool random;
} settings;

enum { PRESET_REPORT, PRESET_TUNED };

/* The report's rule: every CHECK episodes epsilon is halved if more than GOOD_LIMIT runs were good, else doubled. */
enum { CHECK = 1000, GOOD_STEPS = 180, GOOD_LIMIT = 166, EXPLORATION_STREAM = 1 };
static const double least_epsilon = 0.02, most_epsilon = 0.15;

/* What the last CHECK episodes came to. */
typedef struct tally {
    int episodes, good;
    double steps;
} tally;

static const char header[] = "episode,mean_reward,good_ratio,epsilon";

typedef struct learner {
    const settings *set;
    q_table table;
    env_cartpole env;
    data_rng rng;
    double epsilon;
    tally now;
    double mean, good_ratio; /* of the last whole CHECK */
    csv_writer csv;
    tensorboard_writer board;
    char csv_path[RUN_PATH];
} learner;

/* One episode; its number of steps, or -1 if the environment failed. */
static int play_episode(learner *l)
{
    float obs[ENV_CARTPOLE_OBS];
    env_step result = { 0 };
    int state = 0, steps = 0;
    env_cartpole_reset(&l->env, obs);
    if (env_discretize(&l->table.bins, obs, &state) != ENV_OK) return -1;
    while (!result.terminated && !result.truncated) {
        const bool explore = l->set->random || data_rng_uniform(&l->rng) < l->epsilon;
        const int action =
            explore ? (int)data_rng_below(&l->rng, ENV_CARTPOLE_ACTIONS) : q_table_greedy(&l->table, state, &l->rng);
        int next = 0;
        if (env_cartpole_step(&l->env, action, obs, &result) != ENV_OK) return -1;
        if (env_discretize(&l->table.bins, obs, &next) != ENV_OK) return -1;
        if (!l->set->random) q_table_update(&l->table, state, action, (double)result.reward, next, result.terminated);
        state = next;
        steps++;
    }
    return steps;
}

/* From the second check on. */
static void adapt_epsilon(learner *l, int episode)
{
    const double before = l->epsilon;
    if (episode < 2 * CHECK) return;
    l->epsilon *= l->now.good > GOOD_LIMIT ? 0.5 : 2.0;
    if (l->epsilon < least_epsilon) l->epsilon = least_epsilon;
    if (l->epsilon > most_epsilon) l->epsilon = most_epsilon;
    if (l->epsilon != before) printf("%d -----> myEpsilon:%.2f\n", episode, l->epsilon);
}

static void check(learner *l, int episode)
{
    l->mean = l->now.steps / l->now.episodes;
    l->good_ratio = (double)l->now.good / l->now.episodes;
    printf("%d , %.0f, %.0f\n", episode, l->mean, 100.0 * l->good_ratio);
    const double row[] = { episode, l->mean, l->good_ratio, l->epsilon };
    csv_row(&l->csv, row, 4);
    tensorboard_row(&l->board, header, row, 4);
    if (!l->set->random) adapt_epsilon(l, episode);
    l->now = (tally){ 0 };
}

static int learn(learner *l)
{
    const settings *set = l->set;
    progress bar = progress_create(set->common.quiet);
    printf("Check at , av_value, good_count_ratio\n");
    for (int episode = 1; episode <= set->episodes && !run_interrupted(); episode++) {
        if (l->now.episodes == 0)
            progress_begin(&bar, "Check", (episode - 1) / CHECK + 1, (set->episodes + CHECK - 1) / CHECK, CHECK);
        const int steps = play_episode(l);
        if (steps < 0) return run_error("episode %d: the environment failed", episode);
        l->now.episodes++;
        l->now.steps += steps;
        l->now.good += steps >= GOOD_STEPS;
        progress_update(&bar, l->now.episodes, &(progress_metric){ "mean", l->now.steps / l->now.episodes }, 1);
        if (episode % CHECK != 0 && episode != set->episodes) continue;
        progress_clear(&bar);
        check(l, episode);
    }
    progress_clear(&bar);
    return run_interrupted() ? RUN_INTERRUPTED : RUN_DONE;
}

/* Mean reward, ratio of good runs and epsilon. */
static void draw(const learner *l)
{
    char path[RUN_PATH], error[PLOT_ERROR];
    csv_table t;
    if (!plot_available()) return;
    if (!csv_read(&t, l->csv_path, error)) {
        run_error("%s", error);
        return;
    }
    const double *episode = csv_column(&t, "episode");
    const plot_series mean[] = { { "mean reward", episode, csv_column(&t, "mean_reward"), t.rows, .markers = true } };
    const plot_series rest[] = { { "good runs", episode, csv_column(&t, "good_ratio"), t.rows, .markers = true },
                                 { "epsilon", episode, csv_column(&t, "epsilon"), t.rows, .markers = true,
                                   .dashed = true } };
    const plot_panel panels[] = {
        { .x_label = "episode", .y_label = "mean reward per 1,000 episodes", .series = mean, .count = 1 },
        { .x_label = "episode", .y_label = "ratio", .series = rest, .count = 2 }
    };
    const plot_figure figure = { .title = "Tabular Q-learning on CartPole-v1", .panels = panels, .count = 2 };
    if (run_join(path, l->set->common.out, "history.png") && !plot_write(&figure, path, error)) run_error("%s", error);
    csv_free(&t);
}

static int run(const settings *set)
{
    learner l = { .set = set,
                  .epsilon = set->epsilon,
                  .rng = data_rng_make(set->common.seed, EXPLORATION_STREAM),
                  .csv = CSV_CLOSED };
    const double start = run_seconds();
    if (!q_table_create(&l.table, set->bins, set->edges, set->lr, set->gamma))
        return run_error("no memory for the table");
    int code = env_cartpole_init(&l.env, ENV_CARTPOLE_V1_STEPS, set->common.seed) == ENV_OK
                   ? RUN_DONE
                   : run_error("no environment");
    if (set->common.out && run_join(l.csv_path, set->common.out, "history.csv"))
        csv_create(&l.csv, l.csv_path, header, stderr);
    tensorboard_open(&l.board, set->common.tensorboard, false, stderr);
    if (code == RUN_DONE) code = learn(&l);
    csv_close(&l.csv);
    tensorboard_close(&l.board);
    q_table_destroy(&l.table);
    if (code != RUN_DONE) return code;
    if (set->common.out) draw(&l);
    printf("epsi , start%.2f [%.2f,%.2f]\nlr: %g , gamma: %g\ngood_run (val: %d , Limit:%d)\n", set->epsilon,
           least_epsilon, most_epsilon, set->lr, set->gamma, GOOD_STEPS, GOOD_LIMIT);
    run_result("final_mean=%.1f good_ratio=%.3f seconds=%.1f", l.mean, l.good_ratio, run_seconds() - start);
    return RUN_DONE;
}

/* What the user typed stays. */
static void choose_defaults(settings *set, int argc, char *argv[])
{
    if (set->preset != PRESET_TUNED) return;
    if (!options_given(argc, argv, "lr")) set->lr = 0.1;
    if (!options_given(argc, argv, "edge-velocity")) set->edges[1] = 1.5;
    if (!options_given(argc, argv, "edge-angular")) set->edges[3] = 1.5;
}

int main(int argc, char *argv[])
{
    settings set = { .common = OPTIONS_COMMON_DEFAULTS,
                     .episodes = 10000,
                     .bins = 10,
                     .lr = 0.02,
                     .gamma = 0.99,
                     .epsilon = 0.10,
                     .edges = { 2.4, 3.0, 0.21, 3.5 } };
    const options_entry entries[] = {
        OPTIONS_CHOICE("preset", &set.preset, "report|tuned", "the report's settings, or better ones"),
        OPTIONS_INT("episodes", &set.episodes, 1, 100000000, "episodes to learn from"),
        OPTIONS_INT("bins", &set.bins, 1, 100, "bins of each observation"),
        OPTIONS_POSITIVE("lr", &set.lr, 1.0, "learning rate; tuned 0.1"),
        OPTIONS_DOUBLE("gamma", &set.gamma, 0.0, 1.0, "discount of later rewards"),
        OPTIONS_DOUBLE("epsilon", &set.epsilon, 0.0, 1.0, "share of random actions at the start"),
        OPTIONS_POSITIVE("edge-position", &set.edges[0], 1e9, "bins over +-X m"),
        OPTIONS_POSITIVE("edge-velocity", &set.edges[1], 1e9, "bins over +-X m/s; tuned 1.5"),
        OPTIONS_POSITIVE("edge-angle", &set.edges[2], 1e9, "bins over +-X rad"),
        OPTIONS_POSITIVE("edge-angular", &set.edges[3], 1e9, "bins over +-X rad/s; tuned 1.5"),
        OPTIONS_FLAG("random", &set.random, "act at random, learn nothing"),
    };
    const options_program program = { .name = "cartpole_qlearning",
                                      .summary = "Learn to balance a pole with a table of Q-values.",
                                      .example = "cartpole_qlearning --preset tuned --seed 3 --out out/q",
                                      OPTIONS_ENTRIES(entries),
                                      .common = &set.common };
    run_start(program.name);
    const int code = options_read(&program, argc, argv);
    if (code >= 0) return run_finish(code);
    if (set.common.load || set.common.save || set.common.resume) {
        run_error("--load, --save, --resume: expected none of them, learning takes seconds");
        return run_finish(RUN_USAGE);
    }
    choose_defaults(&set, argc, argv);
    if (set.common.out && !run_make_out(set.common.out)) return run_finish(RUN_FAILED);
    run_catch_signals();
    return run_finish(run(&set));
}
