/* A CartPole as text. */
#include "cartpole_physics.h"

#include <kvist/env.h>
#include <stdio.h>

/* Half the width of the picture, m: the track with the width of a cart more. */
#define VIEW        2.8
/* A terminal's cell is twice as high as it is wide. */
#define CELL_ASPECT 2.0

enum { MIN_COLUMNS = 20, MIN_ROWS = 6, MAX_SIDE = 1000, CART_WIDTH = 9 };

/* The frame's geometry in cells, row 0 on top; row 0 holds the status line. */
typedef struct scene {
    int columns, rows;
    int track;        /* row */
    int cart;         /* left column of the cart, which stands on the track */
    double axle;      /* column of the pole's foot, which is above the row of the cart */
    double slope;     /* columns per row upwards */
    double pole_rows; /* height of the pole */
} scene;

static scene compose(const env_cartpole *env, int columns, int rows)
{
    const double per_metre = columns / (2 * VIEW); /* columns */
    /* beyond the picture by more than anything drawn is wide is far enough, and keeps the integers small */
    const double x = fmax(-2 * VIEW, fmin(2 * VIEW, env->x));
    const double axle = columns / 2.0 + x * per_metre;
    /* the pole is 1 m long, but a low frame has no room for it and a lower one still shows its angle */
    const double length = fmin(per_metre / CELL_ASPECT, rows - 4.0);
    const double theta = fmax(-1.4, fmin(1.4, env->theta)); /* falling poles are over long before */
    return (scene){
        .columns = columns,
        .rows = rows,
        .track = rows - 1,
        .cart = (int)floor(axle) - CART_WIDTH / 2,
        .axle = axle,
        .slope = tan(theta) * CELL_ASPECT,
        .pole_rows = length * cos(theta),
    };
}

static char track_cell(const scene *s, int column)
{
    const double per_metre = s->columns / (2 * VIEW);
    const double edge = CARTPOLE_X_LIMIT * per_metre;
    const double here = column + 0.5 - s->columns / 2.0;
    if (fabs(fabs(here) - edge) <= 0.5) return '|';
    return fabs(here) < edge ? '=' : '-';
}

static char cart_cell(const scene *s, int column)
{
    const int k = column - s->cart;
    if (k < 0 || k >= CART_WIDTH) return ' ';
    return "[ooooooo]"[k];
}

static char pole_cell(const scene *s, int row, int column)
{
    const double height = s->track - 1 - row - 0.5; /* of the cell's middle above the cart, rows */
    if (height < 0 || height > fmax(s->pole_rows, 0.5)) return ' ';
    if ((int)floor(s->axle + s->slope * height) != column) return ' ';
    return fabs(s->slope) < 0.15 ? '|' : s->slope > 0 ? '/' : '\\';
}

static char cell(const scene *s, int row, int column)
{
    if (row == s->track) return track_cell(s, column);
    if (row == s->track - 1) return cart_cell(s, column);
    return pole_cell(s, row, column);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

typedef struct writer {
    char *text;
    size_t size, used;
} writer;

static void put(writer *w, char c)
{
    if (w->used < w->size) w->text[w->used] = c;
    w->used++; /* counts on, so that a buffer that is too small is noticed at the end */
}

static void put_string(writer *w, const char *string)
{
    while (*string) put(w, *string++);
}

static const char *colour_of(char c, const scene *s, int row)
{
    if (c == ' ') return "";
    if (row == s->track) return "\x1b[2m";
    return row == s->track - 1 ? "\x1b[1m" : "\x1b[33m";
}

static const char *how_it_stands(const env_cartpole *env)
{
    if (env->running) return "running";
    if (cartpole_fell(env->x, env->theta)) return "terminated";
    return env->max_steps > 0 && env->step >= env->max_steps ? "truncated" : "waiting for reset";
}

static void put_status_line(writer *w, const env_cartpole *env, int columns)
{
    char line[160];
    snprintf(line, sizeof line, "step %d/%d  %s  x %+.2f m  pole %+.1f deg", env->step, env->max_steps,
             how_it_stands(env), env->x, env->theta * (180 / 3.141592653589793));
    int column = 0;
    for (; column < columns && line[column]; column++) put(w, line[column]);
    for (; column < columns; column++) put(w, ' ');
}

static void put_row(writer *w, const scene *s, int row, bool plain)
{
    const char *colour = "";
    for (int column = 0; column < s->columns; column++) {
        const char c = cell(s, row, column);
        const char *wanted = plain ? "" : colour_of(c, s, row);
        if (wanted != colour) {
            if (*colour) put_string(w, "\x1b[0m");
            put_string(w, wanted);
            colour = wanted;
        }
        put(w, c);
    }
    if (*colour) put_string(w, "\x1b[0m");
}

env_status env_cartpole_ansi(const env_cartpole *env, const env_ansi_def *def, char *text, size_t size)
{
    if (text && size) text[0] = '\0';
    const int columns = def && def->columns ? def->columns : 72, rows = def && def->rows ? def->rows : 16;
    if (!env || !text || columns < MIN_COLUMNS || columns > MAX_SIDE || rows < MIN_ROWS || rows > MAX_SIDE)
        return ENV_ERR_ARGUMENT;
    if (!isfinite(env->x) || !isfinite(env->theta)) return ENV_ERR_NUMERIC;

    const scene s = compose(env, columns, rows);
    const bool plain = def && def->plain;
    writer w = { text, size, 0 };
    put_status_line(&w, env, columns);
    put(&w, '\n');
    for (int row = 1; row < rows; row++) {
        put_row(&w, &s, row, plain);
        put(&w, '\n');
    }
    put(&w, '\0');
    if (w.used <= size) return ENV_OK;
    if (size) text[0] = '\0';
    return ENV_ERR_SPACE;
}
