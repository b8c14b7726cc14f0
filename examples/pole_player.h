/* Plays CartPole by a policy and shows it. */
#ifndef KVIST_EXAMPLES_POLE_PLAYER_H
#define KVIST_EXAMPLES_POLE_PLAYER_H

#include "support/options.h"

#include <kvist/env.h>

#include <stdbool.h>
#include <stdint.h>

/* The words of --render. */
#define POLE_RENDERERS "none|ansi|gif|window"
typedef enum pole_renderer { POLE_NONE, POLE_ANSI, POLE_GIF, POLE_WINDOW } pole_renderer;

/* The option, whose words are too many for the column of values in --help. */
#define POLE_RENDER_OPTION(dest)                                                                                       \
    {                                                                                                                  \
        .name = "render", .kind = OPTIONS_KIND_CHOICE, .to.integer = (dest), .choices = POLE_RENDERERS,                \
        .value = "HOW", .help = "how play is shown: " POLE_RENDERERS                                                   \
    }

/* Who plays: a network, a table, chance. */
typedef struct pole_policy {
    int (*act)(void *player, const float obs[ENV_CARTPOLE_OBS]); /* 0 or 1, or -1 on failure */
    const char *(*error)(void *player);                          /* why act failed; NULL: it does not fail */
    void *player;                                                /* handed to both */
} pole_policy;

/* Whether this build and the options allow so many episodes with that renderer; false with a message. */
bool pole_check(const options_common *common, int renderer, int episodes, options_message *message);
/* Whether there is a display for it: to be asked before hours of training. Tells why not. @return an exit code */
int pole_check_display(int renderer);

/* Plays episodes and prints their scores; a GIF goes to folder/play.gif. A closed window ends the play without failure.
 * @return an exit code */
int pole_play(const pole_policy *policy, int episodes, int renderer, const char *folder, uint64_t seed);

#endif
