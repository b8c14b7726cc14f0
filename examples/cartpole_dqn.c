/* A network learns to balance a pole on a cart (DQN), as the lab report's cartpole.py does; and plays what it learnt.
 */
#include "checkpoint.h"
#include "dqn_training.h"
#include "pole_player.h"
#include "support/options.h"
#include "support/run.h"

#include <kvist/env.h>
#include <kvist/nn.h>

#include <stdbool.h>
#include <stdlib.h>

typedef struct settings {
    options_common common;
    dqn_def dqn;
    int episodes, solved, play, render;
    bool plain;
} settings;

/* --solved's words: v0's bar and v1's. */
static const double bars[] = { 195.0, 475.0 };

/* --- playing ------------------------------------------------------------------------------------------------------ */

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

/* --- learning ----------------------------------------------------------------------------------------------------- */

static int train(const settings *set, int argc, char *argv[])
{
    const options_common *common = &set->common;
    nn_archive *file = NULL;
    dqn_training t;
    int code = dqn_training_begin(&t, &(dqn_training_def){ .agent = set->dqn,
                                                           .episodes = set->episodes,
                                                           .bar = bars[set->solved],
                                                           .out = common->out,
                                                           .tensorboard = common->tensorboard,
                                                           .resume = common->resume,
                                                           .quiet = common->quiet });
    if (code == RUN_DONE && common->save) code = checkpoint_open(&file, common->save);
    if (code == RUN_DONE && file) nn_archive_add_model(file, "model", t.agent.online);
    if (code == RUN_DONE) code = dqn_training_run(&t);
    if (code == RUN_INTERRUPTED) code = common->out ? run_say_resume(argc, argv) : run_say_lost();
    if (code == RUN_DONE && common->out) dqn_training_draw(&t);
    if (code == RUN_DONE && file) code = checkpoint_save(file, common->save);
    if (code == RUN_DONE && set->play > 0) code = play_greedily(set, t.agent.online);
    if (code == RUN_DONE)
        run_result("solved_at=%d episodes=%d mean100=%.1f seconds=%.1f", t.solved_at, t.count, dqn_training_mean(&t),
                   t.seconds);
    nn_archive_destroy(file);
    dqn_training_end(&t);
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
    if (!options_given(argc, argv, "units")) set->dqn.units = 24;
    if (!options_given(argc, argv, "gamma")) set->dqn.gamma = 0.95;
    if (!options_given(argc, argv, "batch")) set->dqn.batch = 20;
    if (!options_given(argc, argv, "tau")) set->dqn.tau = 1.0;
    if (!options_given(argc, argv, "lr-steps")) set->dqn.lr_steps = 0;
}

static const options_rule rules[] = {
    { .option = "load",
      .needs = "play",
      .without = { "episodes", "solved", "classic", "dueling", "prioritised", "single", "tau", "gamma", "lr",
                   "lr-steps", "batch", "units", "save", "resume", "tensorboard" },
      .why = "it plays what was learnt" },
    { .option = "classic", .without = { "single" }, .why = "it is single by itself" },
};

/* What does not go together by its value, in one line. @return an exit code */
static int check_usage(const settings *set)
{
    if (!set->common.load || set->play > 0) return pole_check(set->render, set->play, set->common.out);
    run_error("--load: expected --play N with it");
    return RUN_USAGE;
}

int main(int argc, char *argv[])
{
    settings set = { .common = OPTIONS_COMMON_DEFAULTS,
                     .episodes = 2000,
                     .dqn = { .units = 64,
                              .batch = 64,
                              .memory = 1000000,
                              .lr = 1e-3,
                              .lr_steps = 60000,
                              .gamma = 0.99,
                              .tau = 0.05,
                              .epsilon = 1.0,
                              .epsilon_least = 0.01,
                              .epsilon_decay = 0.995,
                              .fall_reward = -1.0 } };
    const options_entry entries[] = {
        OPTIONS_INT("episodes", &set.episodes, 1, 10000000, "the most episodes to learn from"),
        OPTIONS_CHOICE("solved", &set.solved, "195|475", "mean of 100 scores to stop at: v0's, v1's"),
        OPTIONS_FLAG("classic", &set.dqn.classic, "the original's quirks and numbers"),
        OPTIONS_FLAG("dueling", &set.dqn.dueling, "values and advantages apart"),
        OPTIONS_FLAG("prioritised", &set.dqn.prioritised, "replay what surprised more often"),
        OPTIONS_FLAG("single", &set.plain, "plain DQN: the target net chooses too"),
        OPTIONS_POSITIVE("tau", &set.dqn.tau, 1.0, "step of the target net; 1: none"),
        OPTIONS_DOUBLE("gamma", &set.dqn.gamma, 0.0, 1.0, "discount of later rewards"),
        OPTIONS_POSITIVE("lr", &set.dqn.lr, 1.0, "learning rate of Adam"),
        OPTIONS_INT("lr-steps", &set.dqn.lr_steps, 0, 1000000000, "updates it falls to 1 % over; 0: it stays"),
        OPTIONS_INT("batch", &set.dqn.batch, 1, DQN_MOST_BATCH, "transitions of an update"),
        OPTIONS_INT("units", &set.dqn.units, 1, 4096, "of both hidden layers"),
        OPTIONS_INT("play", &set.play, 0, 1000000, "episodes to play when learnt, or with --load"),
        POLE_RENDER_OPTION(&set.render),
    };
    const options_program program = { .name = "cartpole_dqn",
                                      .summary = "Learn to balance a pole with a network (DQN).",
                                      .example = "cartpole_dqn --load pole.safetensors --play 3 --render ansi",
                                      OPTIONS_ENTRIES(entries),
                                      .common = &set.common,
                                      .unused = OPTIONS_DATA | OPTIONS_THREADS,
                                      .load = "the one to play",
                                      OPTIONS_RULES(rules) };
    run_start(program.name);
    int code = options_read(&program, argc, argv);
    if (code >= 0) return run_finish(code);
    choose_defaults(&set, argc, argv);
    code = check_usage(&set);
    if (code != RUN_DONE) return run_finish(code);
    if (set.common.out && !run_make_out(set.common.out)) return run_finish(RUN_FAILED);
    run_catch_signals();
    return run_finish(set.common.load ? play(&set) : train(&set, argc, argv));
}
