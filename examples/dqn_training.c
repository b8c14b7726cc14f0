#include "dqn_training.h"

#include "checkpoint.h"
#include "pole_state.h"
#include "support/plot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAVE_EVERY = 100 /* episodes */ };

static const char header[] = "episode,score,mean100,epsilon";

double dqn_training_mean(const dqn_training *t)
{
    const int n = t->count < DQN_TRAINING_WINDOW ? t->count : DQN_TRAINING_WINDOW;
    double sum = 0.0;
    for (int i = t->count - n; i < t->count; i++) sum += t->scores[i];
    return n > 0 ? sum / n : 0.0;
}

static void add_score(dqn_training *t, int score)
{
    t->scores[t->count++] = score;
    if (t->count == 1 || score < t->least) t->least = score;
    if (score > t->most) t->most = score;
}

/* --- checkpoints -------------------------------------------------------------------------------------------------- */

/* Everything that changes the numbers, as its options; the original's come first, as it implies others. */
static dqn_training_settings settings_of(const dqn_def *d)
{
    dqn_training_settings s = { { 0 } };
    snprintf(s.text, sizeof s.text,
             "--seed %llu --units %d --batch %d --gamma %.15g --tau %.15g --lr %.15g --lr-steps %d%s%s%s%s",
             (unsigned long long)d->seed, d->units, d->batch, d->gamma, d->tau, d->lr, d->lr_steps,
             d->classic ? " --classic" : "", d->double_q ? "" : " --single", d->dueling ? " --dueling" : "",
             d->prioritised ? " --prioritised" : "");
    return s;
}

static nn_archive *list_state(dqn_training *t)
{
    nn_archive *archive = checkpoint_create();
    if (!archive) return NULL;
    dqn_add_state(&t->agent, archive);
    nn_archive_add_bytes(archive, "settings", t->settings.text, sizeof t->settings.text);
    pole_list_state(&t->env, archive);
    nn_archive_add_f64(archive, "episode_epsilon", &t->episode_epsilon);
    nn_archive_add_f64(archive, "seconds", &t->seconds);
    nn_archive_add_bytes(archive, "replay", NULL, 0);
    nn_archive_add_bytes(archive, "scores", NULL, 0);
    return archive;
}

/* What grew since the last save. */
static void list_growth(dqn_training *t)
{
    size_t size;
    const void *memory = data_replay_state(t->agent.memory, &size);
    nn_archive_set_bytes(t->checkpoint, "replay", (void *)memory, size);
    nn_archive_set_bytes(t->checkpoint, "scores", t->scores, (size_t)t->count * sizeof *t->scores);
}

static int save(dqn_training *t)
{
    if (!t->checkpoint) return RUN_DONE;
    list_growth(t);
    return checkpoint_save(t->checkpoint, t->checkpoint_path);
}

/* The lists whose length only the file knows; to be given to nn_bytes_free(). */
typedef struct grown {
    void *replay, *scores;
    size_t replay_size, scores_size;
} grown;

/* A score is a number of steps. */
static bool is_score(const dqn_training *t, double score)
{
    return score >= 1.0 && score <= t->env.max_steps && score == (double)(int)score;
}

static int take_scores(dqn_training *t, const grown *g)
{
    const size_t count = g->scores_size / sizeof *t->scores;
    const double *scores = g->scores;
    if (g->scores_size % sizeof *t->scores != 0)
        return run_error("%s: scores: expected whole ones, got %zu bytes", t->checkpoint_path, g->scores_size);
    if (count > (size_t)t->def.episodes)
        return run_error("%s: expected --episodes %zu or more, as many are done", t->checkpoint_path, count);
    for (size_t i = 0; i < count; i++) {
        if (!is_score(t, scores[i]))
            return run_error("%s: score %zu: expected 1 to %d steps, got %g", t->checkpoint_path, i + 1,
                             t->env.max_steps, scores[i]);
        add_score(t, (int)scores[i]);
    }
    return RUN_DONE;
}

static int take(dqn_training *t, const grown *g)
{
    data_error data;
    nn_archive_set_bytes(t->checkpoint, "replay", g->replay, g->replay_size);
    nn_archive_set_bytes(t->checkpoint, "scores", g->scores, g->scores_size);
    if (checkpoint_load(t->checkpoint, t->checkpoint_path) != RUN_DONE) return RUN_FAILED;
    if (pole_check_state(&t->env, t->checkpoint_path) != RUN_DONE ||
        pole_check_random(&t->agent.explore, t->checkpoint_path, "explore") != RUN_DONE ||
        pole_check_random(&t->agent.sample, t->checkpoint_path, "sample") != RUN_DONE)
        return RUN_FAILED;
    if (data_replay_restore(t->agent.memory, g->replay, g->replay_size, &data) != DATA_OK)
        return run_error("%s: %s", t->checkpoint_path, data.text);
    return take_scores(t, g);
}

static int resume(dqn_training *t)
{
    grown g = { 0 };
    nn_error error;
    int code = checkpoint_check_settings(t->checkpoint_path, "settings", t->settings.text, sizeof t->settings.text);
    if (code != RUN_DONE) return code;
    if (nn_archive_read_bytes(t->checkpoint_path, "replay", &g.replay, &g.replay_size, &error) != NN_OK ||
        nn_archive_read_bytes(t->checkpoint_path, "scores", &g.scores, &g.scores_size, &error) != NN_OK)
        code = run_error("%s", error.text);
    else
        code = take(t, &g);
    nn_bytes_free(g.replay);
    nn_bytes_free(g.scores);
    return code;
}

/* Opens scores and checkpoint; goes on from them under --resume, from the start where there is none. A new run saves at
 * once and first, so that a checkpoint never lies beside later scores than its own: those a resume cuts off. */
static int open_out(dqn_training *t)
{
    char path[RUN_PATH];
    if (!t->def.out) return RUN_DONE;
    run_join(path, t->def.out, "scores.csv");
    run_join(t->checkpoint_path, t->def.out, "checkpoint.safetensors");
    t->checkpoint = list_state(t);
    if (checkpoint_claim(t->checkpoint, t->checkpoint_path) != RUN_DONE) return RUN_FAILED;
    if (!t->def.resume || !run_has_checkpoint(t->checkpoint_path)) {
        const int code = save(t);
        if (code == RUN_DONE) csv_create(&t->csv, path, header, stderr);
        return code;
    }
    const int code = resume(t);
    if (code == RUN_DONE) csv_resume(&t->csv, path, header, t->count, stderr);
    return code;
}

/* --- beginning and end -------------------------------------------------------------------------------------------- */

int dqn_training_begin(dqn_training *t, const dqn_training_def *def)
{
    nn_error error;
    *t = (dqn_training){
        .def = *def, .csv = CSV_CLOSED, .board = TENSORBOARD_CLOSED, .settings = settings_of(&def->agent)
    };
    t->scores = calloc((size_t)def->episodes, sizeof *t->scores);
    if (!t->scores) return run_error("no memory for %d scores", def->episodes);
    if (!dqn_create(&t->agent, &def->agent, &error)) return run_error("%s", error.text);
    if (env_cartpole_init(&t->env, ENV_CARTPOLE_V1_STEPS, def->agent.seed) != ENV_OK)
        return run_error("no environment");
    const int code = open_out(t);
    if (code == RUN_DONE) tensorboard_open(&t->board, def->tensorboard, def->resume ? t->count + 1 : 0, stderr);
    return code;
}

void dqn_training_end(dqn_training *t)
{
    csv_close(&t->csv);
    tensorboard_close(&t->board);
    nn_archive_destroy(t->checkpoint);
    dqn_destroy(&t->agent);
    free(t->scores);
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

/* The rest of the running episode, or a new one. @return NULL, or why it failed */
static const char *play_episode(dqn_training *t)
{
    float obs[ENV_CARTPOLE_OBS], next[ENV_CARTPOLE_OBS];
    env_step result;
    if (!t->env.running) {
        env_cartpole_reset(&t->env, NULL);
        t->episode_epsilon = t->agent.epsilon;
    }
    env_cartpole_observe(&t->env, obs);
    while (t->env.running && !run_interrupted()) {
        const int action = dqn_act(&t->agent, obs);
        if (action < 0) return t->agent.error;
        const env_status status = env_cartpole_step(&t->env, action, next, &result);
        if (status != ENV_OK) return env_status_string(status);
        if (!dqn_learn(&t->agent, obs, action, &result, next)) return t->agent.error;
        memcpy(obs, next, sizeof obs);
    }
    return NULL;
}

static void end_episode(dqn_training *t)
{
    const int score = t->env.step;
    add_score(t, score);
    const double row[] = { t->count, score, dqn_training_mean(t), t->episode_epsilon };
    csv_row(&t->csv, row, 4);
    tensorboard_row(&t->board, header, row, 4);
    if (t->def.quiet) return;
    printf("Run: %d, exploration: %.4g, score: %d\n", t->count, t->episode_epsilon, score);
    printf("Scores: (min: %d, avg: %.4g, max: %d)\n", t->least, dqn_training_mean(t), t->most);
}

static bool is_solved(const dqn_training *t)
{
    return t->count >= DQN_TRAINING_WINDOW && dqn_training_mean(t) >= t->def.bar;
}

int dqn_training_run(dqn_training *t)
{
    double clock = run_seconds();
    while (t->count < t->def.episodes && !is_solved(t)) {
        const char *why = play_episode(t);
        if (why) return run_error("episode %d: %s", t->count + 1, why);
        if (!t->env.running) end_episode(t);
        const double now = run_seconds();
        t->seconds += now - clock;
        clock = now;
        if (run_interrupted()) return save(t) == RUN_DONE ? RUN_INTERRUPTED : RUN_FAILED;
        if (t->count % SAVE_EVERY == 0 && save(t) != RUN_DONE) return RUN_FAILED;
    }
    if (is_solved(t)) {
        t->solved_at = t->count;
        printf("Solved in %d runs, %d total runs.\n", t->count - DQN_TRAINING_WINDOW, t->count);
    }
    return save(t);
}

/* --- the picture -------------------------------------------------------------------------------------------------- */

void dqn_training_draw(const dqn_training *t)
{
    char path[RUN_PATH], error[PLOT_ERROR];
    const size_t count = (size_t)t->count;
    if (!plot_available()) return;
    double *mean = calloc(2 * count + 1, sizeof *mean), *trend = mean ? mean + count : NULL;
    if (!mean) {
        run_error("no memory to draw %zu scores", count);
        return;
    }
    plot_moving_mean(t->scores, count, DQN_TRAINING_WINDOW, mean);
    plot_trend(NULL, t->scores, count, trend);
    const plot_series series[] = { { "score", NULL, t->scores, count, .faint = true, .colour = PLOT_SKY },
                                   { "mean of the last 100", NULL, mean, count, .colour = PLOT_BLUE },
                                   { "linear trend", NULL, trend, count, .dashed = true, .colour = PLOT_VERMILION } };
    const plot_panel panel = {
        .x_label = "episode", .y_label = "score", .series = series, .count = 3, .goal = t->def.bar, .goal_label = "goal"
    };
    const plot_figure figure = { .title = "DQN on CartPole-v1", .panels = &panel, .count = 1 };
    if (run_join(path, t->def.out, "scores.png") && !plot_write(&figure, path, error)) run_error("%s", error);
    free(mean);
}
