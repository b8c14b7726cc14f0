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

bool terminal_has_colours(FILE *stream)
{
    const char *none = getenv("NO_COLOR");
    return terminal_is(stream) && !(none && *none);
}

int terminal_width(FILE *stream)
{
    struct winsize size;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

int terminal_height(FILE *stream)
{
    struct winsize size;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_row > 0) return size.ws_row;
    return 24;
}

/* Bytes of the UTF-8 character at text if it can be shown; 0: a control character or not UTF-8. */
static size_t shown_bytes(const unsigned char *text, size_t size)
{
    static const unsigned least[] = { 0, 0, 0xa0, 0x800, 0x10000 }; /* C1 controls are below 0xa0; else: overlong */
    const unsigned first = text[0];
    if (first < 0x80) return first >= ' ' && first != 0x7f;
    const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc0 || first > 0xf4 || length > size) return 0;
    unsigned code = first & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (text[i] & 0x3fU);
    }
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code >= least[length] && code <= 0x10ffff && !surrogate ? length : 0;
}

size_t terminal_text(char *to, size_t room, const char *text, size_t size)
{
    size_t written = 0;
    for (size_t i = 0; i < size;) {
        const size_t shown = shown_bytes((const unsigned char *)text + i, size - i), length = shown ? shown : 1;
        if (written + length >= room) break;
        if (shown)
            memcpy(to + written, text + i, shown);
        else
            to[written] = '?';
        written += length;
        i += length;
    }
    to[written] = '\0';
    return written;
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

/* To the first line of the frame that stands; from the start of a line, where a ^C may have been shown. */
static void go_back(const terminal_player *player)
{
    if (player->lines > 0) fprintf(player->stream, "\r\033[%dA", player->lines);
}

/* ESC[K clears the rest of each line, ESC[J what is below: no flicker. */
void terminal_play(terminal_player *player, const char *frame)
{
    int lines = 0;
    go_back(player);
    for (const char *line = frame; *line; lines++) {
        const size_t length = strcspn(line, "\n");
        fprintf(player->stream, "%.*s%s\n", (int)length, line, player->in_place ? "\033[K" : "");
        line += length + (line[length] == '\n');
    }
    fputs(player->in_place ? "\033[J" : "\n", player->stream);
    fflush(player->stream);
    if (!player->in_place) return;
    player->lines = lines;
    pause_for(player->delay);
}

/* Line by line: some terminals keep what ESC[J clears in their history. */
void terminal_clear(terminal_player *player)
{
    go_back(player);
    for (int i = 0; i < player->lines; i++) fputs("\033[K\n", player->stream);
    go_back(player);
    player->lines = 0;
}

void terminal_end(terminal_player *player)
{
    if (player->lines > 0) fputs("\r\033[K", player->stream);
    fflush(player->stream);
    player->lines = 0;
}
