#include "pole_player.h"
#include "support/run.h"
#include "support/terminal.h"
#include "support/window.h"

#include <kvist/data.h>

#include <stdio.h>
#include <stdlib.h>

/* The text and the pictures; a step is 0.02 s, and every other one in a GIF, whose frames last 0.04 s. */
enum {
    COLUMNS = 72,
    ROWS = 16,
    LEAST_COLUMNS = 20,
    LEAST_ROWS = 6,
    GIF_WIDTH = 300,
    GIF_HEIGHT = 200,
    GIF_STEPS = 2,
    GIF_DELAY = 4,
    WINDOW_WIDTH = 600,
    WINDOW_HEIGHT = 400
};
static const double step_seconds = 0.02;

/* Away from training's seeds, so that it is not played what was learnt. */
enum { PLAY_SEED = 1000000 };

typedef struct stage {
    pole_renderer renderer;
    terminal_player terminal;
    data_gif *gif;
    window *window;
    bool closed; /* the window, by the user */
    char text[ENV_ANSI_SIZE(COLUMNS, ROWS)];
    uint8_t pixels[WINDOW_WIDTH * WINDOW_HEIGHT * 3]; /* of the larger picture */
} stage;

/* --- pictures ----------------------------------------------------------------------------------------------------- */

/* All of these are false after telling why. */

static bool draw(stage *s, const env_cartpole *env, int width, int height)
{
    const env_status status = env_cartpole_rgb(env, s->pixels, sizeof s->pixels, width, height);
    if (status != ENV_OK) run_error("no picture: %s", env_status_string(status));
    return status == ENV_OK;
}

static int fit(int wanted, int least, int room)
{
    return room < least ? least : room < wanted ? room : wanted;
}

/* On a terminal no larger than it is now: the user may change that. Its last column stays free, for what is cleared
 * behind a full line is its last character on some. */
static bool show_text(stage *s, const env_cartpole *env)
{
    env_ansi_def def = { .columns = COLUMNS, .rows = ROWS, .plain = !terminal_has_colours(stdout) };
    if (s->terminal.in_place) {
        def.columns = fit(COLUMNS, LEAST_COLUMNS, terminal_width(stdout) - 1);
        def.rows = fit(ROWS, LEAST_ROWS, terminal_height(stdout) - 1);
    }
    const env_status status = env_cartpole_ansi(env, &def, s->text, sizeof s->text);
    if (status != ENV_OK) return run_error("no picture: %s", env_status_string(status)), false;
    terminal_play(&s->terminal, s->text);
    return true;
}

static bool show_frame(stage *s, const env_cartpole *env)
{
    data_error error;
    if (env->step % GIF_STEPS != 0) return true;
    if (!draw(s, env, GIF_WIDTH, GIF_HEIGHT)) return false;
    if (data_gif_add(s->gif, s->pixels, &error) != DATA_OK) return run_error("%s", error.text), false;
    return true;
}

static bool show_window(stage *s, const env_cartpole *env)
{
    char error[WINDOW_ERROR];
    if (!draw(s, env, WINDOW_WIDTH, WINDOW_HEIGHT)) return false;
    const window_event event = window_show(s->window, s->pixels, error);
    if (event == WINDOW_FAILED) run_error("--render window: %s", error);
    s->closed = event == WINDOW_CLOSED;
    return event != WINDOW_FAILED;
}

static bool show(stage *s, const env_cartpole *env)
{
    switch (s->renderer) {
    case POLE_ANSI:
        return show_text(s, env);
    case POLE_GIF:
        return show_frame(s, env);
    case POLE_WINDOW:
        return show_window(s, env);
    case POLE_NONE:
        break;
    }
    return true;
}

static bool open_gif(stage *s, const char *folder)
{
    char path[RUN_PATH];
    data_error error = { 0 };
    const data_gif_def def = { .width = GIF_WIDTH, .height = GIF_HEIGHT, .channels = 3, .delay = GIF_DELAY };
    if (!run_join(path, folder, "play.gif") || !(s->gif = data_gif_open(path, &def, &error)))
        run_error("%s", error.text);
    return s->gif != NULL;
}

static bool open_window(stage *s)
{
    char error[WINDOW_ERROR];
    s->window = window_create("CartPole", WINDOW_WIDTH, WINDOW_HEIGHT, step_seconds, error);
    if (!s->window) run_error("--render window: %s", error);
    return s->window != NULL;
}

static bool open_stage(stage *s, int renderer, const char *folder)
{
    *s = (stage){ .renderer = (pole_renderer)renderer, .terminal = terminal_player_of(stdout, step_seconds) };
    /* Where no frame fits they follow each other: what a terminal wraps or scrolls cannot be redrawn. */
    if (terminal_width(stdout) <= LEAST_COLUMNS || terminal_height(stdout) <= LEAST_ROWS) s->terminal.in_place = false;
    return renderer == POLE_GIF ? open_gif(s, folder) : renderer == POLE_WINDOW ? open_window(s) : true;
}

static bool close_stage(stage *s)
{
    data_error error;
    window_destroy(s->window);
    if (s->gif && data_gif_close(s->gif, &error) != DATA_OK) return run_error("%s", error.text), false;
    return true;
}

/* --- playing ------------------------------------------------------------------------------------------------------ */

static bool is_stopped(const stage *s)
{
    return s->closed || run_interrupted();
}

/* One episode; its score, or -1 after telling why it failed. */
static int play_one(const pole_policy *policy, env_cartpole *env, stage *s)
{
    float obs[ENV_CARTPOLE_OBS];
    env_step result = { 0 };
    env_cartpole_reset(env, obs);
    while (!result.terminated && !result.truncated && !is_stopped(s)) {
        const int action = policy->act(policy->player, obs);
        if (action < 0) return run_error("%s", policy->error ? policy->error(policy->player) : "no action"), -1;
        const env_status status = env_cartpole_step(env, action, obs, &result);
        if (status != ENV_OK) return run_error("environment: %s", env_status_string(status)), -1;
        if (!show(s, env)) return -1;
    }
    return env->step;
}

/* The mean of what was played to its end; scores stand above the frames, the last one below the last frame.
 * @return how many that was, or -1 after telling why one failed */
static int play_all(const pole_policy *policy, env_cartpole *env, stage *s, int episodes, double *mean)
{
    double sum = 0.0;
    int played = 0;
    while (played < episodes) {
        const int score = play_one(policy, env, s);
        if (score < 0) return -1;
        if (is_stopped(s)) break;
        sum += score;
        if (played + 1 < episodes) terminal_clear(&s->terminal);
        printf("Episode %d, score: %d\n", ++played, score);
    }
    *mean = played > 0 ? sum / played : 0.0;
    return played;
}

int pole_play(const pole_policy *policy, int episodes, int renderer, const char *folder, uint64_t seed)
{
    static stage s;
    env_cartpole env;
    double mean;
    if (env_cartpole_init(&env, ENV_CARTPOLE_V1_STEPS, seed + PLAY_SEED) != ENV_OK) return run_error("no environment");
    if (!open_stage(&s, renderer, folder)) return RUN_FAILED;
    const int played = play_all(policy, &env, &s, episodes, &mean);
    terminal_end(&s.terminal);
    if (!close_stage(&s) || played < 0) return RUN_FAILED;
    if (run_interrupted()) return RUN_INTERRUPTED;
    if (played > 0) printf("Mean score of %d episode%s: %.1f\n", played, played == 1 ? "" : "s", mean);
    return RUN_DONE;
}

bool pole_check(const options_common *common, int renderer, int episodes, options_message *message)
{
    if (common->load && episodes == 0) return options_refuse(message, "--load: expected --play N with it");
    if (renderer == POLE_NONE) return true;
    if (episodes == 0) return options_refuse(message, "--render: expected --play N with it");
    if (renderer == POLE_GIF && !common->out)
        return options_refuse(message, "--render gif: expected --out DIR with it");
    if (renderer == POLE_GIF && !data_gif_available())
        return options_refuse(message, "--render gif: built without giflib");
    if (renderer == POLE_WINDOW && !window_available())
        return options_refuse(message, "--render window: built without SDL2");
    return true;
}

int pole_check_display(int renderer)
{
    char error[WINDOW_ERROR];
    if (renderer != POLE_WINDOW || window_has_display(error)) return RUN_DONE;
    return run_error("--render window: %s", error);
}
