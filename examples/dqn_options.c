#include "dqn_options.h"

#include "pole_player.h"

/* The original's numbers; what the user typed stays. */
static void choose_defaults(dqn_options *set, int argc, char *const argv[])
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

/* The defaults, and what does not go together by its value. */
static bool finish(void *settings, int argc, char *const argv[], options_message *message)
{
    dqn_options *set = settings;
    choose_defaults(set, argc, argv);
    return pole_check(&set->common, set->render, set->play, message);
}

int dqn_options_read(dqn_options *set, int argc, char *const argv[], options_reader *read)
{
    *set = (dqn_options){ .common = OPTIONS_COMMON_DEFAULTS,
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
        OPTIONS_INT("episodes", &set->episodes, 1, 10000000, "the most episodes to learn from"),
        OPTIONS_CHOICE("solved", &set->solved, "195|475", "mean of 100 scores to stop at: v0's, v1's"),
        OPTIONS_FLAG("classic", &set->dqn.classic, "the original's quirks and numbers"),
        OPTIONS_FLAG("dueling", &set->dqn.dueling, "values and advantages apart"),
        OPTIONS_FLAG("prioritised", &set->dqn.prioritised, "replay what surprised more often"),
        OPTIONS_FLAG("single", &set->plain, "plain DQN: the target net chooses too"),
        OPTIONS_POSITIVE("tau", &set->dqn.tau, 1.0, "step of the target net; 1: none"),
        OPTIONS_DOUBLE("gamma", &set->dqn.gamma, 0.0, 1.0, "discount of later rewards"),
        OPTIONS_POSITIVE("lr", &set->dqn.lr, 1.0, "learning rate of Adam"),
        OPTIONS_INT("lr-steps", &set->dqn.lr_steps, 0, 1000000000, "updates it falls to 1 % over; 0: it stays"),
        OPTIONS_INT("batch", &set->dqn.batch, 1, DQN_MOST_BATCH, "transitions of an update"),
        OPTIONS_INT("units", &set->dqn.units, 1, 4096, "of both hidden layers"),
        OPTIONS_INT("play", &set->play, 0, 1000000, "episodes to play when learnt, or with --load"),
        POLE_RENDER_OPTION(&set->render),
    };
    const options_program program = { .name = "cartpole_dqn",
                                      .summary = "Learn to balance a pole with a network (DQN).",
                                      .example = "cartpole_dqn --load pole.safetensors --play 3 --render ansi",
                                      OPTIONS_ENTRIES(entries),
                                      .common = &set->common,
                                      .unused = OPTIONS_DATA | OPTIONS_THREADS,
                                      .load = "the one to play",
                                      OPTIONS_RULES(rules),
                                      .finish = finish,
                                      .settings = set };
    return read(&program, argc, argv);
}
