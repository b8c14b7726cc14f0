/* Plays CartPole with a network and shows it. */
#ifndef KVIST_EXAMPLES_POLE_PLAYER_H
#define KVIST_EXAMPLES_POLE_PLAYER_H

#include <kvist/nn.h>

/* The words of --render. */
#define POLE_RENDERERS "none|ansi|gif"
typedef enum pole_renderer { POLE_NONE, POLE_ANSI, POLE_GIF } pole_renderer;

/* Plays episodes greedily and prints their scores; a GIF goes to folder/play.gif. @return an exit code */
int pole_play(nn_model *model, int episodes, int renderer, const char *folder, uint64_t seed);

#endif
