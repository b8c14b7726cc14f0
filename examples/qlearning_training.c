#include "qlearning_training.h"

#include "checkpoint.h"
#include "pole_state.h"
#include "support/begun.h"
#include "support/progress.h"

#include <stdio.h>

enum { EXPLORATION_STREAM = 1 };

const double qlearning_least_epsilon = 0.02, qlearning_most_epsilon = 0.15;

static const char header[] = "episode,mean_reward,good_ratio,epsilon";

/* --- checkpoints -------------------------------------------------------------------------------------------------- */

static void list_settings(qlearning_settings *settings, nn_archive *archive)
{
    nn_archive_add_u64(archive, "seed", &settings->seed);
    nn_archive_add_u64(archive, "random", &settings->random);
    nn_archive_add_f64(archive, "lr", &settings->lr);
    nn_archive_add_f64(archive, "gamma", &settings->gamma);
    nn_archive_add_f64(archive, "epsilon_start", &settings->epsilon);
}

static nn_archive *list_state(qlearning *q)
{
    qlearning_position *at = &q->at;
    nn_archive *archive = checkpoint_create();
    if (!archive) return NULL;
    list_settings(&q->def.settings, archive);
    q_table_list(&q->table, archive);
    pole_list_state(&q->env, archive);
    nn_archive_add_bytes(archive, "exploration", q->rng.state, sizeof q->rng.state);
    nn_archive_add_u64(archive, "episode", &at->episode);
    nn_archive_add_u64(archive, "steps", &at->steps);
    nn_archive_add_u64(archive, "good", &at->good);
    nn_archive_add_f64(archive, "epsilon", &at->epsilon);
    nn_archive_add_f64(archive, "mean", &at->mean);
    nn_archive_add_f64(archive, "good_ratio", &at->good_ratio);
    nn_archive_add_f64(archive, "seconds", &at->seconds);
    return archive;
}

static int save(qlearning *q)
{
    q->at.seconds = run_seconds() - q->start;
    return q->list ? checkpoint_save(q->list, q->def.checkpoint) : RUN_DONE;
}

enum { SETTINGS_TEXT = 512 };

/* The settings as their options. */
static void describe(const qlearning_settings *s, char text[SETTINGS_TEXT])
{
    const double *edge = s->grid.edges;
    snprintf(text, SETTINGS_TEXT,
             "--seed %llu --bins %llu --edges %.15g,%.15g,%.15g,%.15g --lr %.15g --gamma %.15g --epsilon %.15g%s",
             (unsigned long long)s->seed, (unsigned long long)s->grid.bins, edge[0], edge[1], edge[2], edge[3], s->lr,
             s->gamma, s->epsilon, s->random ? " --random" : "");
}

/* Whether the checkpoint was begun with the settings of now; read apart, for the table's size is one of them. */
static int check_settings(const qlearning *q)
{
    const char *path = q->def.checkpoint;
    char was[SETTINGS_TEXT], now[SETTINGS_TEXT];
    qlearning_settings begun = { 0 };
    nn_error error;
    nn_archive *archive = checkpoint_create();
    if (!archive) return RUN_FAILED;
    list_settings(&begun, archive);
    q_grid_list(&begun.grid, archive);
    const nn_status status = nn_archive_load(archive, path, &error); /* from which file is told when all is loaded */
    nn_archive_destroy(archive);
    if (status != NN_OK) return run_error("%s", error.text);
    describe(&begun, was);
    describe(&q->def.settings, now);
    return begun_check(path, was, now);
}

static int resume(qlearning *q)
{
    const qlearning_position *at = &q->at;
    const char *path = q->def.checkpoint;
    float obs[ENV_CARTPOLE_OBS];
    int code = check_settings(q);
    if (code == RUN_DONE) code = checkpoint_load(q->list, path);
    if (code == RUN_DONE) code = pole_check_state(&q->env, path);
    if (code == RUN_DONE) code = pole_check_random(&q->rng, path, "exploration");
    if (code != RUN_DONE) return code;
    const uint64_t episodes = (uint64_t)q->def.episodes;
    if (at->episode > episodes || (at->episode == episodes && q->env.running))
        return run_error("%s: expected --episodes %llu or more, where it stands", path,
                         (unsigned long long)at->episode + q->env.running);
    q->start -= at->seconds;
    env_cartpole_observe(&q->env, obs);
    q->state = q_table_state(&q->table, obs);
    return q->state >= 0 ? RUN_DONE : run_error("%s: expected a state of the cart, got no number", path);
}

/* Episodes up to the last whole check: where the rows of the history, and those of TensorBoard, are those of any run
 * that goes on from here. The row of a part, at a run's end, is not. */
static uint64_t checked(const qlearning *q)
{
    return q->at.episode / QLEARNING_CHECK * QLEARNING_CHECK;
}

/* Opens history and checkpoint; goes on from them under --resume, from the start where there is none. A new run saves
 * at once and first, so that a checkpoint never lies beside a later history than its own: that a resume cuts off. */
static int open_files(qlearning *q)
{
    const char *path = q->def.checkpoint, *history = q->def.history;
    if (path) {
        q->list = list_state(q);
        if (checkpoint_claim(q->list, path) != RUN_DONE) return RUN_FAILED;
    }
    if (!path || !q->def.resume || !run_has_checkpoint(path)) {
        const int code = save(q);
        if (code == RUN_DONE && history) csv_create(&q->csv, history, header, stderr);
        return code;
    }
    const int code = resume(q);
    if (code == RUN_DONE && history) csv_resume(&q->csv, history, header, (double)checked(q), stderr);
    return code;
}

/* --- beginning and end -------------------------------------------------------------------------------------------- */

int qlearning_begin(qlearning *q, const qlearning_def *def)
{
    const qlearning_settings *settings = &def->settings;
    env_error error;
    *q = (qlearning){ .def = *def,
                      .rng = data_rng_make(settings->seed, EXPLORATION_STREAM),
                      .at.epsilon = settings->epsilon,
                      .csv = CSV_CLOSED,
                      .board = TENSORBOARD_CLOSED,
                      .start = run_seconds() };
    if (!q_table_create(&q->table, &settings->grid, settings->lr, settings->gamma, &error))
        return run_error("%s", error.text);
    if (env_cartpole_init(&q->env, ENV_CARTPOLE_V1_STEPS, settings->seed) != ENV_OK) return run_error("no environment");
    const int code = open_files(q);
    const int64_t restart = def->resume ? (int64_t)checked(q) + 1 : 0;
    if (code == RUN_DONE) tensorboard_open(&q->board, def->tensorboard, restart, stderr);
    return code;
}

void qlearning_end(qlearning *q)
{
    csv_close(&q->csv);
    tensorboard_close(&q->board);
    nn_archive_destroy(q->list);
    q_table_destroy(&q->table);
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

static bool begin_episode(qlearning *q)
{
    float obs[ENV_CARTPOLE_OBS];
    env_cartpole_reset(&q->env, obs);
    q->state = q_table_state(&q->table, obs);
    return q->state >= 0;
}

static bool step(qlearning *q)
{
    const bool random = q->def.settings.random;
    float obs[ENV_CARTPOLE_OBS];
    env_step result;
    const bool explore = random || data_rng_uniform(&q->rng) < q->at.epsilon;
    const int action =
        explore ? (int)data_rng_below(&q->rng, ENV_CARTPOLE_ACTIONS) : q_table_greedy(&q->table, q->state, &q->rng);
    if (env_cartpole_step(&q->env, action, obs, &result) != ENV_OK) return false;
    const int next = q_table_state(&q->table, obs);
    if (next < 0) return false;
    if (!random) q_table_update(&q->table, q->state, action, (double)result.reward, next, result.terminated);
    q->state = next;
    return true;
}

/* Plays the episode at hand, or a new one, to its end or until a signal. */
static int play_episode(qlearning *q)
{
    if (!q->env.running && !begin_episode(q)) return run_error("no start of an episode");
    do {
        if (!step(q)) return run_error("episode %d: the environment failed", (int)q->at.episode + 1);
    } while (q->env.running && !run_interrupted());
    if (q->env.running) return RUN_DONE;
    q->at.episode++;
    q->at.steps += (uint64_t)q->env.step;
    q->at.good += q->env.step >= QLEARNING_GOOD_STEPS;
    return RUN_DONE;
}

/* From the second check on. */
static void adapt_epsilon(qlearning *q)
{
    qlearning_position *at = &q->at;
    const double before = at->epsilon;
    if (at->episode < 2 * QLEARNING_CHECK) return;
    at->epsilon *= at->good > QLEARNING_GOOD_LIMIT ? 0.5 : 2.0;
    if (at->epsilon < qlearning_least_epsilon) at->epsilon = qlearning_least_epsilon;
    if (at->epsilon > qlearning_most_epsilon) at->epsilon = qlearning_most_epsilon;
    if (at->epsilon != before) printf("%d -----> myEpsilon:%.2f\n", (int)at->episode, at->epsilon);
}

/* The line and the row of the last episodes, a thousand or what there was at the end. */
static void check(qlearning *q, int episodes)
{
    qlearning_position *at = &q->at;
    at->mean = (double)at->steps / episodes;
    at->good_ratio = (double)at->good / episodes;
    printf("%d , %.0f, %.0f\n", (int)at->episode, at->mean, 100.0 * at->good_ratio);
    const double row[] = { (double)at->episode, at->mean, at->good_ratio, at->epsilon };
    csv_row(&q->csv, row, 4);
    tensorboard_row(&q->board, header, row, 4);
    if (!q->def.settings.random) adapt_epsilon(q);
    at->steps = at->good = 0;
}

/* Plays the rest of a check. It is saved when its line is out if it is a whole one, else before: with more --episodes
 * the last one goes on. */
static int play_check(qlearning *q, progress *bar)
{
    const int first = (int)checked(q), left = q->def.episodes - first;
    const int count = left < QLEARNING_CHECK ? left : QLEARNING_CHECK;
    progress_begin(bar, "Check", first / QLEARNING_CHECK + 1, (q->def.episodes - 1) / QLEARNING_CHECK + 1,
                   (int)q->at.episode - first, count);
    while ((int)q->at.episode < first + count) {
        const int code = play_episode(q);
        if (code != RUN_DONE) return code;
        const int done = (int)q->at.episode - first;
        if (done < count && run_interrupted()) return save(q) == RUN_DONE ? RUN_INTERRUPTED : RUN_FAILED;
        progress_update(bar, done, &(progress_metric){ "mean", (double)q->at.steps / done }, 1);
    }
    progress_clear(bar);
    const bool whole = count == QLEARNING_CHECK;
    if (!whole && save(q) != RUN_DONE) return RUN_FAILED;
    check(q, count);
    return whole ? save(q) : RUN_DONE;
}

int qlearning_run(qlearning *q)
{
    const uint64_t episodes = (uint64_t)q->def.episodes;
    bool left = checked(q) < episodes; /* be it the line of a part whose episodes are all played */
    progress bar = progress_create(q->def.quiet);
    if (q->at.episode == 0 && !q->env.running) printf("Check at , av_value, good_count_ratio\n");
    while (left) {
        const int code = play_check(q, &bar);
        progress_clear(&bar);
        if (code != RUN_DONE) return code;
        left = q->at.episode < episodes;
        if (left && run_interrupted()) return RUN_INTERRUPTED;
    }
    return RUN_DONE;
}
