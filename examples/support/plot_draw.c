#include "plot_draw.h"

#include "plot_internal.h"

#include <math.h>

/* Everything below is laid out in points; a pixel is half of one, so that text stays sharp in print. */
static const double points_per_pixel = 0.5;
static const double tick_size = 13, label_size = 14, legend_size = 13.5, panel_title_size = 15, title_size = 17;
static const double ink = 0.15, grid_grey = 0.90, axis_grey = 0.35, gap = 8, sample_width = 30, right_margin = 14;

typedef struct box {
    double x, y, width, height;
} box;

typedef enum alignment { LEFT, CENTRE, RIGHT } alignment;

typedef struct rgb {
    double r, g, b;
} rgb;

/* M. Okabe and K. Ito, Color Universal Design (2008), without its yellow, which is too pale for a line on white. */
static const rgb palette[] = {
    { 0.000, 0.447, 0.698 }, { 0.835, 0.369, 0.000 }, { 0.000, 0.620, 0.451 }, { 0.800, 0.475, 0.655 },
    { 0.902, 0.624, 0.000 }, { 0.337, 0.706, 0.914 }, { 0.000, 0.000, 0.000 },
};
enum { COLOURS = sizeof palette / sizeof *palette, SHAPES = 4 };

static int colour_index(const plot_series *series, int position)
{
    const int colour = series->colour == PLOT_AUTO ? position : (int)series->colour - 1;
    return ((colour % COLOURS) + COLOURS) % COLOURS;
}

/* Pale colours are opaque: where pieces of one line overlap they must not darken. */
static void set_colour(cairo_t *cairo, const plot_series *series, int position)
{
    const rgb c = palette[colour_index(series, position)];
    const double white = series->faint ? 0.6 : 0;
    cairo_set_source_rgb(cairo, c.r + white * (1 - c.r), c.g + white * (1 - c.g), c.b + white * (1 - c.b));
}

/* --- text --------------------------------------------------------------------------------------------------------- */

static void set_font(cairo_t *cairo, double size, bool bold)
{
    cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo, size);
}

static double text_width(cairo_t *cairo, const char *text)
{
    cairo_text_extents_t extents;
    cairo_text_extents(cairo, text, &extents);
    return extents.x_advance;
}

static void draw_text(cairo_t *cairo, const char *text, double x, double baseline, alignment align)
{
    const double width = text_width(cairo, text);
    cairo_move_to(cairo, x - (align == CENTRE ? width / 2 : align == RIGHT ? width : 0), baseline);
    cairo_show_text(cairo, text);
}

/* A title in the middle of box, in smaller type if it would not fit otherwise. */
static void draw_title(cairo_t *cairo, const char *text, double x, double width, double baseline, double size,
                       bool bold)
{
    set_font(cairo, size, bold);
    const double needed = text_width(cairo, text);
    if (needed > width) set_font(cairo, size * width / needed, bold);
    draw_text(cairo, text, x + width / 2, baseline, CENTRE);
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

static void set_line(cairo_t *cairo, const plot_series *series)
{
    static const double dashes[] = { 7, 4 };
    cairo_set_line_width(cairo, series->faint ? 1.0 : 2.0);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(cairo, CAIRO_LINE_CAP_BUTT);
    cairo_set_dash(cairo, dashes, series->dashed ? 2 : 0, 0);
}

static void draw_marker(cairo_t *cairo, double x, double y, int shape)
{
    const double r = 3.8;
    cairo_new_path(cairo);
    switch (shape) {
    case 0:
        cairo_arc(cairo, x, y, r, 0, 6.283185307179586);
        break;
    case 1:
        cairo_rectangle(cairo, x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
        break;
    case 2:
        cairo_move_to(cairo, x, y - r * 1.2);
        cairo_line_to(cairo, x + r * 1.15, y + r * 0.85);
        cairo_line_to(cairo, x - r * 1.15, y + r * 0.85);
        break;
    default:
        cairo_move_to(cairo, x, y - r * 1.3);
        cairo_line_to(cairo, x + r * 1.3, y);
        cairo_line_to(cairo, x, y + r * 1.3);
        cairo_line_to(cairo, x - r * 1.3, y);
    }
    cairo_fill(cairo);
}

typedef struct axes {
    box area;
    plot_scale x, y;
} axes;

static double place_x(const axes *a, double value)
{
    return a->area.x + (value - a->x.low) / (a->x.high - a->x.low) * a->area.width;
}

static double place_y(const axes *a, double value)
{
    return a->area.y + (a->y.high - value) / (a->y.high - a->y.low) * a->area.height;
}

/* Solid lines are stroked in pieces: cairo's time grows faster than the length of a line that crosses itself. */
static void draw_line(cairo_t *cairo, const axes *a, const plot_series *series)
{
    enum { PIECE = 256 };
    int pieces = 0;
    bool down = false;
    cairo_new_path(cairo);
    for (size_t i = 0; i < series->count; i++) {
        const double x = place_x(a, plot_x(series, i)), y = place_y(a, series->y[i]);
        if (!isfinite(x) || !isfinite(y)) {
            down = false;
            continue;
        }
        if (down)
            cairo_line_to(cairo, x, y);
        else
            cairo_move_to(cairo, x, y);
        down = true;
        if (++pieces % PIECE == 0 && !series->dashed) {
            cairo_stroke(cairo);
            cairo_move_to(cairo, x, y);
        }
    }
    cairo_stroke(cairo);
}

/* A series of one point needs its marker, being no line. */
static bool has_markers(const plot_series *series)
{
    return series->markers || series->count == 1;
}

/* At most some forty markers. */
static void draw_series(cairo_t *cairo, const axes *a, const plot_series *series, int position)
{
    set_colour(cairo, series, position);
    set_line(cairo, series);
    cairo_save(cairo);
    cairo_rectangle(cairo, a->area.x, a->area.y - 3, a->area.width, a->area.height + 6);
    cairo_clip(cairo);
    draw_line(cairo, a, series);
    if (has_markers(series)) {
        for (size_t i = 0; i < series->count; i += 1 + series->count / 40) {
            const double x = place_x(a, plot_x(series, i)), y = place_y(a, series->y[i]);
            if (isfinite(x) && isfinite(y)) draw_marker(cairo, x, y, colour_index(series, position) % SHAPES);
        }
    }
    cairo_restore(cairo);
}

static void set_goal_line(cairo_t *cairo)
{
    static const double dash_dot[] = { 9, 3, 2, 3 };
    cairo_set_source_rgb(cairo, axis_grey, axis_grey, axis_grey);
    cairo_set_line_width(cairo, 1.5);
    cairo_set_dash(cairo, dash_dot, 4, 0);
}

/* --- axes --------------------------------------------------------------------------------------------------------- */

static void stroke_segment(cairo_t *cairo, double x0, double y0, double x1, double y1)
{
    cairo_move_to(cairo, x0, y0);
    cairo_line_to(cairo, x1, y1);
    cairo_stroke(cairo);
}

static double first_tick(plot_scale scale)
{
    return ceil(scale.low / scale.step - 1e-9);
}

static bool is_tick(plot_scale scale, double k)
{
    return k * scale.step <= scale.high + 1e-9 * scale.step;
}

static double widest_tick_label(cairo_t *cairo, plot_scale scale)
{
    char text[64];
    double widest = 0;
    set_font(cairo, tick_size, false);
    for (double k = first_tick(scale); is_tick(scale, k); k++) {
        plot_tick_label(text, sizeof text, k * scale.step, scale.step);
        widest = fmax(widest, text_width(cairo, text));
    }
    return widest;
}

static void draw_y_ticks(cairo_t *cairo, const axes *a)
{
    char text[64];
    for (double k = first_tick(a->y); is_tick(a->y, k); k++) {
        const double y = place_y(a, k * a->y.step);
        cairo_set_source_rgb(cairo, grid_grey, grid_grey, grid_grey);
        stroke_segment(cairo, a->area.x, y, a->area.x + a->area.width, y);
        cairo_set_source_rgb(cairo, ink, ink, ink);
        plot_tick_label(text, sizeof text, k * a->y.step, a->y.step);
        draw_text(cairo, text, a->area.x - gap, y + 0.36 * tick_size, RIGHT);
    }
}

static void draw_x_ticks(cairo_t *cairo, const axes *a)
{
    char text[64];
    const double bottom = a->area.y + a->area.height;
    for (double k = first_tick(a->x); is_tick(a->x, k); k++) {
        const double x = place_x(a, k * a->x.step);
        cairo_set_source_rgb(cairo, axis_grey, axis_grey, axis_grey);
        stroke_segment(cairo, x, bottom, x, bottom + 5);
        cairo_set_source_rgb(cairo, ink, ink, ink);
        plot_tick_label(text, sizeof text, k * a->x.step, a->x.step);
        draw_text(cairo, text, x, bottom + gap + tick_size, CENTRE);
    }
}

static void draw_axes(cairo_t *cairo, const axes *a, const plot_panel *panel, double left)
{
    const box r = a->area;
    cairo_set_dash(cairo, NULL, 0, 0);
    cairo_set_line_width(cairo, 1);
    set_font(cairo, tick_size, false);
    draw_y_ticks(cairo, a);
    draw_x_ticks(cairo, a);
    cairo_set_source_rgb(cairo, axis_grey, axis_grey, axis_grey);
    stroke_segment(cairo, r.x, r.y, r.x, r.y + r.height);
    stroke_segment(cairo, r.x, r.y + r.height, r.x + r.width, r.y + r.height);
    cairo_set_source_rgb(cairo, ink, ink, ink);
    if (panel->x_label)
        draw_title(cairo, panel->x_label, r.x, r.width, r.y + r.height + gap + tick_size + 6 + label_size, label_size,
                   false);
    if (!panel->y_label) return;
    cairo_save(cairo);
    cairo_translate(cairo, left + label_size, r.y + r.height);
    cairo_rotate(cairo, -1.5707963267948966);
    draw_title(cairo, panel->y_label, 0, r.height, 0, label_size, false);
    cairo_restore(cairo);
}

/* --- legend: rows above the data, never over them ----------------------------------------------------------------- */

static void draw_sample(cairo_t *cairo, const plot_series *series, int position, double x, double y)
{
    set_colour(cairo, series, position);
    set_line(cairo, series);
    stroke_segment(cairo, x, y, x + sample_width, y);
    if (has_markers(series)) draw_marker(cairo, x + sample_width / 2, y, colour_index(series, position) % SHAPES);
}

/* Entry i of the legend (the goal line comes last) or NULL. */
static const char *legend_label(const plot_panel *panel, int i)
{
    return i < panel->count ? panel->series[i].label : panel->goal_label;
}

/* Goes through the entries from (x, y) on; draws them, or only counts the rows. */
static int legend(cairo_t *cairo, const plot_panel *panel, double x, double y, double width, bool draw)
{
    const double row_height = 1.45 * legend_size, between = 20;
    double at = 0;
    int rows = 0;
    set_font(cairo, legend_size, false);
    for (int i = 0; i <= panel->count; i++) {
        const char *label = legend_label(panel, i);
        if (!label) continue;
        const double needed = sample_width + 6 + text_width(cairo, label);
        if (rows == 0 || at + needed > width) {
            rows++;
            at = 0;
        }
        const double middle = y + (rows - 0.5) * row_height;
        if (draw && i < panel->count) draw_sample(cairo, &panel->series[i], i, x + at, middle);
        if (draw && i == panel->count) {
            set_goal_line(cairo);
            stroke_segment(cairo, x + at, middle, x + at + sample_width, middle);
        }
        if (draw) {
            cairo_set_source_rgb(cairo, ink, ink, ink);
            draw_text(cairo, label, x + at + sample_width + 6, middle + 0.36 * legend_size, LEFT);
        }
        at += needed + between;
    }
    return rows;
}

/* --- panels ------------------------------------------------------------------------------------------------------- */

static bool all_whole(const plot_panel *panel)
{
    for (int s = 0; s < panel->count; s++)
        for (size_t i = 0; panel->series[s].x && i < panel->series[s].count; i++)
            if (panel->series[s].x[i] != floor(panel->series[s].x[i])) return false;
    return true;
}

/* Scales of a panel that fills frame: a tick every 55 points upwards, and along as many as leave 28 between numbers. */
static axes scales_of(cairo_t *cairo, const plot_panel *panel, box frame)
{
    plot_range x, y;
    char widest[64];
    plot_panel_ranges(panel, &x, &y);
    plot_tick_label(widest, sizeof widest, floor(x.high), 1);
    set_font(cairo, tick_size, false);
    const int up = (int)fmax(2, frame.height / 55);
    const int along = (int)fmax(2, frame.width / (text_width(cairo, widest) + 28));
    axes a = { .area = frame, .x = plot_x_scale(x, along, all_whole(panel)), .y = plot_y_scale(y, up) };
    if (panel->y_min < panel->y_max)
        a.y = (plot_scale){ panel->y_min, panel->y_max, plot_nice_step(panel->y_max - panel->y_min, up, false) };
    return a;
}

/* Space left of the data: the y label and the widest number. */
static double left_margin(cairo_t *cairo, const plot_panel *panel, box frame)
{
    return (panel->y_label ? label_size + 10 : 0) + widest_tick_label(cairo, scales_of(cairo, panel, frame).y) + gap;
}

static void draw_panel(cairo_t *cairo, const plot_panel *panel, box frame, double left)
{
    const double bottom = gap + tick_size + 6 + (panel->x_label ? label_size + 6 : 0);
    double top = frame.y;
    const double width = frame.width - left - right_margin;
    if (panel->title) {
        cairo_set_source_rgb(cairo, ink, ink, ink);
        draw_title(cairo, panel->title, frame.x + left, width, top + panel_title_size, panel_title_size, true);
        top += panel_title_size + 10;
    }
    const int rows = legend(cairo, panel, frame.x + left, top, width, true);
    top += rows * 1.45 * legend_size + 8;

    axes a = scales_of(cairo, panel, frame);
    a.area = (box){ frame.x + left, top, width, frame.y + frame.height - bottom - top };
    draw_axes(cairo, &a, panel, frame.x);
    for (int i = 0; i < panel->count; i++) draw_series(cairo, &a, &panel->series[i], i);
    if (!panel->goal_label) return;
    set_goal_line(cairo);
    stroke_segment(cairo, a.area.x, place_y(&a, panel->goal), a.area.x + width, place_y(&a, panel->goal));
}

void plot_size(const plot_figure *figure, int *width, int *height)
{
    const int columns = figure->side_by_side ? figure->count : 1, rows = figure->side_by_side ? 1 : figure->count;
    *width = figure->width ? figure->width : columns == 1 ? 1600 : columns == 2 ? 2200 : 2800;
    *height = figure->height ? figure->height : rows == 1 ? 960 : 720 * rows;
}

void plot_draw(cairo_t *cairo, const plot_figure *figure, int width, int height)
{
    const double margin = 16, between = 18;
    const int columns = figure->side_by_side ? figure->count : 1, rows = figure->side_by_side ? 1 : figure->count;
    box page = { margin, margin, width * points_per_pixel - 2 * margin, height * points_per_pixel - 2 * margin };
    cairo_scale(cairo, 1 / points_per_pixel, 1 / points_per_pixel);
    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_paint(cairo);
    const double title_height = figure->title ? title_size + 16 : 0;
    page.y += title_height;
    page.height -= title_height;
    const box cell = { page.x, page.y, (page.width - (columns - 1) * between) / columns,
                       (page.height - (rows - 1) * between) / rows };
    double left = 0; /* the same for all, so that axes stand below each other */
    for (int p = 0; p < figure->count; p++) left = fmax(left, left_margin(cairo, &figure->panels[p], cell));
    if (figure->title) {
        const double from = columns == 1 ? left : 0,
                     to = columns == 1 ? right_margin : 0; /* over the data of one column */
        cairo_set_source_rgb(cairo, ink, ink, ink);
        draw_title(cairo, figure->title, page.x + from, page.width - from - to, margin + title_size, title_size, true);
    }
    for (int p = 0; p < figure->count; p++) {
        box frame = cell;
        frame.x += (p % columns) * (cell.width + between);
        frame.y += (p / columns) * (cell.height + between);
        draw_panel(cairo, &figure->panels[p], frame, left);
    }
}
