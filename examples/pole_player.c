#include "pole_player.h"
#include "support/run.h"
#include "support/terminal.h"

#include <kvist/data.h>

#include <stdio.h>
#include <stdlib.h>

/* The picture; a step is 0.02 s, and every other one in a GIF, whose frames last 0.04 s. */
enum { COLUMNS = 72, ROWS = 16, WIDTH = 300, HEIGHT = 200, GIF_STEPS = 2, GIF_DELAY = 4 };

/* Away from training's seeds, so that it is not played what was learnt. */
enum { PLAY_SEED = 1000000 };

typedef struct stage {
    pole_renderer renderer;
    terminal_player terminal;
    data_gif *gif;
    char text[ENV_ANSI_SIZE(COLUMNS, ROWS)];
    uint8_t pixels[WIDTH * HEIGHT * 3];
} stage;

/* False after telling why. */
static bool show(stage *s, const env_cartpole *env)
{
    data_error error;
    if (s->renderer == POLE_ANSI) {
        const env_ansi_def def = { .columns = COLUMNS, .rows = ROWS, .plain = !s->terminal.in_place };
        if (env_cartpole_ansi(env, &def, s->text, sizeof s->text) != ENV_OK) return run_error("no picture"), false;
        terminal_play(&s->terminal, s->text);
    } else if (s->renderer == POLE_GIF && env->step % GIF_STEPS == 0) {
        if (env_cartpole_rgb(env, s->pixels, sizeof s->pixels, WIDTH, HEIGHT) != ENV_OK)
            return run_error("no picture"), false;
        if (data_gif_add(s->gif, s->pixels, &error) != DATA_OK) return run_error("%s", error.text), false;
    }
    return true;
}

/* One episode; its score, or -1 after telling why it failed. */
static int play_one(const pole_policy *policy, env_cartpole *env, stage *s)
{
    float obs[ENV_CARTPOLE_OBS];
    env_step result = { 0 };
    env_cartpole_reset(env, obs);
    while (!result.terminated && !result.truncated && !run_interrupted()) {
        const int action = policy->act(policy->player, obs);
        if (action < 0) return run_error("%s", policy->error ? policy->error(policy->player) : "no action"), -1;
        const env_status status = env_cartpole_step(env, action, obs, &result);
        if (status != ENV_OK) return run_error("environment: %s", env_status_string(status)), -1;
        if (!show(s, env)) return -1;
    }
    return env->step;
}

static bool open_gif(stage *s, const char *folder)
{
    char path[RUN_PATH];
    data_error error = { 0 };
    const data_gif_def def = { .width = WIDTH, .height = HEIGHT, .channels = 3, .delay = GIF_DELAY };
    if (!run_join(path, folder, "play.gif") || !(s->gif = data_gif_open(path, &def, &error)))
        run_error("%s", error.text);
    return s->gif != NULL;
}

int pole_play(const pole_policy *policy, int episodes, int renderer, const char *folder, uint64_t seed)
{
    static stage s;
    env_cartpole env;
    data_error error;
    double sum = 0.0;
    int played = 0, score = 0;
    s = (stage){ .renderer = (pole_renderer)renderer, .terminal = terminal_player_of(stdout, 0.02) };
    if (env_cartpole_init(&env, ENV_CARTPOLE_V1_STEPS, seed + PLAY_SEED) != ENV_OK) return run_error("no environment");
    if (renderer == POLE_GIF && !open_gif(&s, folder)) return RUN_FAILED;
    for (; played < episodes && !run_interrupted(); played++) {
        score = play_one(policy, &env, &s);
        if (score < 0 || run_interrupted()) break;
        sum += score;
        printf("Episode %d, score: %d\n", played + 1, score);
    }
    if (s.gif && data_gif_close(s.gif, &error) != DATA_OK) return run_error("%s", error.text);
    if (score < 0) return RUN_FAILED;
    if (run_interrupted()) return RUN_INTERRUPTED;
    printf("Mean score of %d episodes: %.1f\n", episodes, sum / episodes);
    return RUN_DONE;
}
