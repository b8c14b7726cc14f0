#include "qlearning_options.h"

#include "pole_player.h"
#include "qlearning_picture.h"

enum { PRESET_REPORT, PRESET_TUNED };

q_grid qlearning_options_grid(const qlearning_options *set)
{
    q_grid grid = { .bins = (uint64_t)set->bins };
    for (int i = 0; i < ENV_CARTPOLE_OBS; i++) grid.edges[i] = set->edges[i];
    return grid;
}

/* What the user typed stays. */
static void choose_defaults(qlearning_options *set, int argc, char *const argv[])
{
    if (set->preset != PRESET_TUNED) return;
    if (!options_given(argc, argv, "lr")) set->lr = 0.1;
    set->edges[1] = set->edges[3] = 1.5;
}

/* The edges as typed, if they were. */
static bool read_edges(qlearning_options *set, options_message *message)
{
    if (!set->edges_text) return true;
    if (!options_numbers(set->edges_text, 1e9, set->edges, ENV_CARTPOLE_OBS))
        return options_refuse(message, "--edges: expected four numbers above 0 as 2.4,3,0.21,3.5, got '%s'",
                              set->edges_text);
    const q_grid grid = qlearning_options_grid(set);
    if (q_grid_check(&grid)) return true;
    return options_refuse(message, "--edges: expected edges far enough from 0 for %d bins, got '%s'", set->bins,
                          set->edges_text);
}

/* The first of these options that is given, or NULL. */
static const char *given_of(const char *const names[], int argc, char *const argv[])
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

/* The defaults, and what does not go together by its value. */
static bool finish(void *settings, int argc, char *const argv[], options_message *message)
{
    static const char *const single[] = { "save", "resume", "play", NULL };
    static const char *const learning[] = { "episodes", "resume", "tensorboard", NULL };
    qlearning_options *set = settings;
    const char *wrong;
    choose_defaults(set, argc, argv);
    if (!read_edges(set, message)) return false;
    if (set->runs > 1 && (wrong = given_of(single, argc, argv)))
        return options_refuse(message, "--runs: expected no --%s with it, that is for one run", wrong);
    if (set->random && set->play > 0 && (wrong = given_of(learning, argc, argv)))
        return options_refuse(message, "--random --play: expected no --%s with it, nothing is learnt", wrong);
    return pole_check(&set->common, set->render, set->play, message);
}

int qlearning_options_read(qlearning_options *set, int argc, char *const argv[], options_reader *read)
{
    *set = (qlearning_options){ .common = OPTIONS_COMMON_DEFAULTS,
                                .episodes = 10000,
                                .bins = 10,
                                .lr = 0.02,
                                .gamma = 0.99,
                                .epsilon = 0.10,
                                .runs = 1,
                                .edges = { 2.4, 3.0, 0.21, 3.5 } };
    options_entry entries[] = {
        OPTIONS_CHOICE("preset", &set->preset, "report|tuned", "the report's settings, or better ones"),
        OPTIONS_INT("episodes", &set->episodes, 1, 100000000, "episodes to learn from"),
        OPTIONS_INT("bins", &set->bins, 1, Q_MOST_BINS, "bins of each observation"),
        OPTIONS_TEXT("edges", &set->edges_text, "X,V,A,W", "+-edges of all bins"),
        OPTIONS_POSITIVE("lr", &set->lr, 1.0, "learning rate; tuned 0.1"),
        OPTIONS_DOUBLE("gamma", &set->gamma, 0.0, 1.0, "discount of later rewards"),
        OPTIONS_DOUBLE("epsilon", &set->epsilon, 0.0, 1.0, "share of random actions at the start"),
        OPTIONS_INT("runs", &set->runs, 1, QLEARNING_MOST_RUNS, "runs of seed, seed + 1, .. in one picture"),
        OPTIONS_FLAG("random", &set->random, "act at random, learn nothing"),
        OPTIONS_INT("play", &set->play, 0, 1000000, "episodes to play when learnt, or with --load"),
        POLE_RENDER_OPTION(&set->render),
    };
    entries[3].shown = "2.4,3,.21,3.5; tuned V, W 1.5";
    const options_program program = { .name = "cartpole_qlearning",
                                      .summary = "Learn to balance a pole with a table of Q-values.",
                                      .example = "cartpole_qlearning --preset tuned --seed 3 --play 1 --render ansi",
                                      OPTIONS_ENTRIES(entries),
                                      .common = &set->common,
                                      .unused = OPTIONS_DATA | OPTIONS_THREADS,
                                      .load = "the one to play",
                                      OPTIONS_RULES(rules),
                                      .finish = finish,
                                      .settings = set };
    return read(&program, argc, argv);
}
