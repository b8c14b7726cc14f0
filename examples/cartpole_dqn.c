/* A network learns to balance a pole on a cart (DQN), as the lab report's cartpole.py does; and plays what it learnt.
 */
#include "dqn_agent.h"
#include "pole_player.h"
#include "support/csv.h"
#include "support/options.h"
#include "support/plot.h"
#include "support/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct settings {
    options_common common;
    dqn_def dqn;
    int episodes, solved, play, render;
    bool plain;
} settings;

/* The mean of the last WINDOW scores decides; --solved's words, v0's bar and v1's. */
enum { WINDOW = 100 };
static const double bars[] = { 195.0, 475.0 };

typedef struct scores {
    double *value; /* (episodes) */
    int count, least, most;
} scores;

/* Mean of the last WINDOW scores, of all while there are fewer. */
static double mean_of_last(const scores *s)
{
    const int n = s->count < WINDOW ? s->count : WINDOW;
    double sum = 0.0;
    for (int i = s->count - n; i < s->count; i++) sum += s->value[i];
    return n > 0 ? sum / n : 0.0;
}

/* One episode; its score, or -1 if the library failed. */
static int play_episode(dqn_agent *agent, env_cartpole *env)
{
    float obs[ENV_CARTPOLE_OBS], next[ENV_CARTPOLE_OBS];
    env_step result = { 0 };
    int score = 0;
    env_cartpole_reset(env, obs);
    while (!result.terminated && !result.truncated) {
        const int action = dqn_act(agent, obs);
        if (action < 0 || env_cartpole_step(env, action, next, &result) != ENV_OK) return -1;
        if (!dqn_learn(agent, obs, action, &result, next)) return -1;
        memcpy(obs, next, sizeof obs);
        score++;
    }
    return score;
}

static void print_episode(const scores *s, double epsilon)
{
    const int score = (int)s->value[s->count - 1];
    printf("Run: %d, exploration: %.4g, score: %d\n", s->count, epsilon, score);
    printf("Scores: (min: %d, avg: %.4g, max: %d)\n", s->least, mean_of_last(s), s->most);
}

/* Episodes until solved; *solved_at is then their number, 0 if they ran out. */
static int learn(const settings *set, dqn_agent *agent, env_cartpole *env, scores *s, csv_writer *csv, int *solved_at)
{
    const double bar = bars[set->solved];
    while (s->count < set->episodes && !run_interrupted()) {
        const double epsilon = agent->epsilon;
        const int score = play_episode(agent, env);
        if (score < 0) return run_error("episode %d: %s", s->count + 1, nn_model_error(agent->online));
        s->value[s->count++] = score;
        if (s->count == 1 || score < s->least) s->least = score;
        if (score > s->most) s->most = score;
        csv_row(csv, (double[]){ s->count, score, mean_of_last(s), epsilon }, 4);
        if (!set->common.quiet) print_episode(s, epsilon);
        if (s->count < WINDOW || mean_of_last(s) < bar) continue;
        *solved_at = s->count;
        printf("Solved in %d runs, %d total runs.\n", s->count - WINDOW, s->count);
        return RUN_DONE;
    }
    return run_interrupted() ? RUN_INTERRUPTED : RUN_DONE;
}

/* Score, mean of the last WINDOW, goal, linear trend. */
static void draw(const settings *set, const scores *s)
{
    char path[RUN_PATH], error[PLOT_ERROR];
    const size_t count = (size_t)s->count;
    double *mean = calloc(2 * count + 1, sizeof *mean), *trend = mean ? mean + count : NULL;
    if (!mean || !plot_available()) {
        free(mean);
        return;
    }
    plot_moving_mean(s->value, count, WINDOW, mean);
    plot_trend(NULL, s->value, count, trend);
    const plot_series series[] = { { "score", NULL, s->value, count, .faint = true, .colour = PLOT_SKY },
                                   { "mean of the last 100", NULL, mean, count, .colour = PLOT_BLUE },
                                   { "linear trend", NULL, trend, count, .dashed = true, .colour = PLOT_VERMILION } };
    const plot_panel panel = { .x_label = "episode",
                               .y_label = "score",
                               .series = series,
                               .count = 3,
                               .goal = bars[set->solved],
                               .goal_label = "goal" };
    const plot_figure figure = { .title = "DQN on CartPole-v1", .panels = &panel, .count = 1 };
    if (run_join(path, set->common.out, "scores.png") && !plot_write(&figure, path, error)) run_error("%s", error);
    free(mean);
}

static int act(void *model, const float *obs)
{
    return dqn_greedy(model, obs);
}

static const char *why(void *model)
{
    return nn_model_error(model);
}

static int play_greedily(const settings *set, nn_model *model)
{
    return pole_play(&(pole_policy){ act, why, model }, set->play, set->render, set->common.out, set->common.seed);
}

static int train(const settings *set)
{
    char path[RUN_PATH];
    nn_error error = { 0 };
    dqn_agent agent;
    env_cartpole env;
    csv_writer csv = CSV_CLOSED;
    scores s = { .value = calloc((size_t)set->episodes, sizeof *s.value) };
    const double start = run_seconds();
    int solved_at = 0, code = s.value ? RUN_DONE : run_error("no memory for %d scores", set->episodes);
    if (!dqn_create(&agent, &set->dqn, &error)) code = run_error("%s", error.text);
    if (env_cartpole_init(&env, ENV_CARTPOLE_V1_STEPS, set->common.seed) != ENV_OK) code = run_error("no environment");
    if (code == RUN_DONE && set->common.out && run_join(path, set->common.out, "scores.csv"))
        csv_create(&csv, path, "episode,score,mean100,epsilon", stderr);
    if (code == RUN_DONE) code = learn(set, &agent, &env, &s, &csv, &solved_at);
    csv_close(&csv);
    if (code == RUN_DONE && set->common.out) draw(set, &s);
    if ((code == RUN_DONE || code == RUN_INTERRUPTED) && set->common.save &&
        nn_model_save(agent.online, set->common.save, &error) != NN_OK)
        code = run_error("%s", error.text);
    if (code == RUN_DONE && set->play > 0) code = play_greedily(set, agent.online);
    if (code == RUN_DONE)
        run_result("solved_at=%d episodes=%d mean100=%.1f seconds=%.1f", solved_at, s.count, mean_of_last(&s),
                   run_seconds() - start);
    dqn_destroy(&agent);
    free(s.value);
    return code;
}

static int play(const settings *set)
{
    nn_error error = { 0 };
    nn_model *model = nn_model_load(set->common.load, "model", NULL, &error);
    if (!model) return run_error("%s", error.text);
    const nn_shape in = nn_model_input_shape(model), out = nn_model_output_shape(model);
    int code = RUN_FAILED;
    if (in.rank == 1 && in.dim[0] == ENV_CARTPOLE_OBS && out.rank == 1 && out.dim[0] == ENV_CARTPOLE_ACTIONS)
        code = play_greedily(set, model);
    else
        run_error("%s: expected a network from 4 observations to 2 Q-values", set->common.load);
    nn_model_destroy(model);
    return code;
}

/* The original's numbers; what the user typed stays. */
static void choose_defaults(settings *set, int argc, char *argv[])
{
    set->dqn.seed = set->common.seed;
    set->dqn.double_q = !set->plain && !set->dqn.classic;
    if (!set->dqn.classic) return;
    if (!options_given(argc, argv, "gamma")) set->dqn.gamma = 0.95;
    if (!options_given(argc, argv, "batch")) set->dqn.batch = 20;
    if (!options_given(argc, argv, "tau")) set->dqn.tau = 1.0;
}

static int usage(const char *message)
{
    run_error("%s", message);
    return RUN_USAGE;
}

int main(int argc, char *argv[])
{
    settings set = { .common = OPTIONS_COMMON_DEFAULTS,
                     .episodes = 2000,
                     .dqn = { .units = 24,
                              .batch = 64,
                              .memory = 1000000,
                              .lr = 1e-3,
                              .gamma = 0.98,
                              .tau = 0.05,
                              .epsilon = 1.0,
                              .epsilon_least = 0.01,
                              .epsilon_decay = 0.995,
                              .fall_reward = -1.0 } };
    const options_entry entries[] = {
        OPTIONS_INT("episodes", &set.episodes, 1, 10000000, "the most episodes to learn from"),
        OPTIONS_CHOICE("solved", &set.solved, "195|475", "mean of 100 scores to stop at: v0's, v1's"),
        OPTIONS_FLAG("classic", &set.dqn.classic, "the original's quirks and numbers"),
        OPTIONS_FLAG("single", &set.plain, "plain DQN: the target net chooses too"),
        OPTIONS_POSITIVE("tau", &set.dqn.tau, 1.0, "step of the target net; 1: none"),
        OPTIONS_DOUBLE("gamma", &set.dqn.gamma, 0.0, 1.0, "discount of later rewards"),
        OPTIONS_POSITIVE("lr", &set.dqn.lr, 1.0, "learning rate of Adam"),
        OPTIONS_INT("batch", &set.dqn.batch, 1, DQN_MOST_BATCH, "transitions of an update"),
        OPTIONS_INT("units", &set.dqn.units, 1, 4096, "of both hidden layers"),
        OPTIONS_INT("play", &set.play, 0, 1000000, "episodes to play when learnt, or with --load"),
        OPTIONS_CHOICE("render", &set.render, POLE_RENDERERS, "how played episodes are shown"),
    };
    const options_program program = { .name = "cartpole_dqn",
                                      .summary = "Learn to balance a pole with a network (DQN).",
                                      .example = "cartpole_dqn --load pole.safetensors --play 3 --render ansi",
                                      OPTIONS_ENTRIES(entries),
                                      .common = &set.common };
    run_start(program.name);
    const int code = options_read(&program, argc, argv);
    if (code >= 0) return run_finish(code);
    choose_defaults(&set, argc, argv);
    if (set.common.resume) return run_finish(usage("--resume: not here yet, learning takes seconds"));
    if (set.common.load && set.play == 0) return run_finish(usage("--load: expected --play N with it"));
    if (set.render == POLE_GIF && !set.common.out) return run_finish(usage("--render gif: expected --out DIR with it"));
    if (set.common.out && !run_make_out(set.common.out)) return run_finish(RUN_FAILED);
    run_catch_signals();
    return run_finish(set.common.load ? play(&set) : train(&set));
}
