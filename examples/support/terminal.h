/* What the programs ask of a terminal: is it one, has it colours, how wide is it, and text frames played in place. */
#ifndef KVIST_SUPPORT_TERMINAL_H
#define KVIST_SUPPORT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** Whether stream is a terminal that can move its cursor (a `dumb` one cannot). */
bool terminal_is(FILE *stream);

/** Whether colours are wanted there: by a terminal, unless NO_COLOR is set and not empty. */
bool terminal_has_colours(FILE *stream);

/** Columns of the terminal behind stream, 80 where they are unknown. */
int terminal_width(FILE *stream);

/** Lines of it, 24 where they are unknown. */
int terminal_height(FILE *stream);

/**
 * Copies text of unknown origin so that a terminal only shows it: control characters and bytes that are not UTF-8
 * become '?'. Cuts at a whole character.
 *
 * @param room bytes of to, the NUL included; at least 1
 * @return bytes written, without the NUL
 */
size_t terminal_text(char *to, size_t room, const char *text, size_t size);

/**
 * Plays frames: on a terminal each over the one before, with a pause, below whatever was printed; one after the other
 * without a pause elsewhere. The cursor waits below the frame, which stays when the play ends, however it ends.
 */
typedef struct terminal_player {
    FILE *stream;
    bool in_place;
    double delay; /* seconds a frame stays */
    int lines;    /* of the frame that stands */
} terminal_player;

/** @param delay seconds a frame stays on a terminal, 0.02 for CartPole's own speed */
terminal_player terminal_player_of(FILE *stream, double delay);

/** Shows a frame of '\n'-separated lines and waits; a caught signal ends the wait. */
void terminal_play(terminal_player *player, const char *frame);

/** Takes the frame back so that other lines can be printed, which stay above the next one. Nothing elsewhere. */
void terminal_clear(terminal_player *player);

/** Leaves the frame and clears the line below it, where a terminal shows the ^C that ended the play. */
void terminal_end(terminal_player *player);

#endif
