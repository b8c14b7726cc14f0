#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

bool terminal_is(FILE *stream)
{
    const char *term = getenv("TERM");
    return isatty(fileno(stream)) && term && *term && strcmp(term, "dumb") != 0;
}

int terminal_width(FILE *stream)
{
    struct winsize size;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

terminal_player terminal_player_of(FILE *stream, double delay)
{
    return (terminal_player){ .stream = stream, .in_place = terminal_is(stream), .delay = delay };
}

static void pause_for(double seconds)
{
    const time_t whole = (time_t)seconds;
    const struct timespec time = { .tv_sec = whole, .tv_nsec = (long)((seconds - (double)whole) * 1e9) };
    if (seconds > 0) nanosleep(&time, NULL);
}

/* ESC[2J clears once; then ESC[H goes home, ESC[K clears the rest of each line, ESC[J what is below: no flicker. */
void terminal_play(terminal_player *player, const char *frame)
{
    if (player->in_place) fputs(player->started ? "\033[H" : "\033[2J\033[H", player->stream);
    for (const char *line = frame; *line;) {
        const size_t length = strcspn(line, "\n");
        fprintf(player->stream, "%.*s%s\n", (int)length, line, player->in_place ? "\033[K" : "");
        line += length + (line[length] == '\n');
    }
    fputs(player->in_place ? "\033[J" : "\n", player->stream);
    fflush(player->stream);
    player->started = true;
    if (player->in_place) pause_for(player->delay);
}
