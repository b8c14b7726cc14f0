#include "progress.h"

#include "run.h"
#include "terminal.h"

#include <math.h>
#include <stdarg.h>

enum { BAR = 30, LEAST_BAR = 10, LINE = 512 };
enum { FREE = 3 }; /* columns at the end of a line: for the cursor, and for the ^C that a terminal shows */
static const double redraw_after = 0.1; /* seconds */

/* Text of a line, cut rather than overrun. */
typedef struct line {
    char text[LINE];
    int length;
} line;

static void add(line *l, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int written = vsnprintf(l->text + l->length, (size_t)(LINE - l->length), format, arguments);
    va_end(arguments);
    if (written > 0) l->length = written < LINE - l->length ? l->length + written : LINE - 1;
}

progress progress_create(bool quiet)
{
    return progress_of(&(progress_def){ .stream = stderr, .quiet = quiet, .terminal = terminal_is(stderr) });
}

progress progress_of(const progress_def *def)
{
    progress bar = { .def = *def };
    if (!bar.def.stream) bar.def.stream = stderr;
    if (!bar.def.clock) bar.def.clock = run_seconds;
    return bar;
}

void progress_begin(progress *bar, const char *unit, int index, int count, long done, long total)
{
    bar->unit = unit;
    bar->index = index;
    bar->count = count;
    bar->first = done;
    bar->total = total;
    bar->start = bar->def.clock();
    bar->drawn = -INFINITY;
    if (!bar->def.quiet && bar->def.terminal && count > 0) fprintf(bar->def.stream, "%s %d/%d\n", unit, index, count);
}

static int digits(long number)
{
    int n = 1;
    for (; number >= 10; number /= 10) n++;
    return n;
}

/* " 12/156 [==>...........................]", the bar as long as what follows it leaves room for */
static void add_bar(line *l, const progress *bar, long done, const line *after)
{
    const int width = digits(bar->total),
              columns = bar->def.width > 0 ? bar->def.width : terminal_width(bar->def.stream);
    const int room = columns - FREE - (2 * width + 4) - after->length;
    const int length = room < LEAST_BAR ? LEAST_BAR : room < BAR ? room : BAR;
    const bool whole = bar->total <= 0 || done >= bar->total;
    const int filled = whole ? length : (int)((double)done / (double)bar->total * length);
    add(l, "%*ld/%ld [", width, done, bar->total);
    for (int i = 0; i < length; i++) add(l, "%c", i < filled ? '=' : i == filled ? '>' : '.');
    add(l, "]%s", after->text);
}

static void add_duration(line *l, double seconds)
{
    const long s = lround(fmin(fmax(seconds, 0), 359999));
    if (s >= 3600)
        add(l, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else if (s >= 60)
        add(l, "%ld:%02ld", s / 60, s % 60);
    else
        add(l, "%lds", s);
}

/* "12s 77ms/step", the form of an ended bar; without steps the time alone */
static void add_pace(line *l, double elapsed, long steps)
{
    add_duration(l, elapsed);
    if (steps <= 0) return;
    const double step = elapsed / (double)steps;
    if (step >= 1)
        add(l, " %.1fs/step", step);
    else if (step >= 1e-3)
        add(l, " %.0fms/step", step * 1e3);
    else
        add(l, " %.0fus/step", step * 1e6);
}

static void add_metrics(line *l, const progress_metric *metrics, int count)
{
    for (int i = 0; i < count; i++) {
        const double v = metrics[i].value;
        const bool plain = v == 0 || (fabs(v) >= 1e-3 && fabs(v) < 1e5);
        add(l, plain || !isfinite(v) ? " - %s: %.4f" : " - %s: %.3e", metrics[i].name, v);
    }
}

/* Cut: a line that wraps could not be taken back by the carriage return. */
static void draw(progress *bar, const line *l)
{
    const int width = bar->def.width > 0 ? bar->def.width : terminal_width(bar->def.stream);
    const int room = width > FREE ? width - FREE : 0;
    fprintf(bar->def.stream, "\r%.*s\033[K", l->length < room ? l->length : room, l->text);
    fflush(bar->def.stream);
    bar->on_line = true;
}

void progress_update(progress *bar, long done, const progress_metric *metrics, int count)
{
    if (bar->def.quiet || !bar->def.terminal) return;
    const double now = bar->def.clock();
    if (now - bar->drawn < redraw_after) return;
    bar->drawn = now;
    const double elapsed = now - bar->start;
    const long steps = done - bar->first;
    line l = { .length = 0 }, after = { .length = 0 };
    if (steps > 0) { /* ETA = time per step so far * steps left */
        add(&after, " - ETA: ");
        add_duration(&after, elapsed / (double)steps * (double)(bar->total - done));
    }
    add_metrics(&after, metrics, count);
    add_bar(&l, bar, done, &after);
    draw(bar, &l);
}

void progress_end(progress *bar, long done, const progress_metric *metrics, int count)
{
    if (bar->def.quiet) return;
    const double elapsed = bar->def.clock() - bar->start;
    line l = { .length = 0 }, after = { .length = 0 };
    add(&after, " - ");
    add_pace(&after, elapsed, done - bar->first);
    add_metrics(&after, metrics, count);
    if (bar->def.terminal)
        add_bar(&l, bar, done, &after);
    else if (bar->count > 0)
        add(&l, "%s %d/%d%s", bar->unit, bar->index, bar->count, after.text);
    else
        add(&l, "%s %ld/%ld%s", bar->unit, done, bar->total, after.text);
    /* Whole, even if it wraps: nothing is drawn over the final figures. */
    fprintf(bar->def.stream, bar->def.terminal ? "\r%s\033[K\n" : "%s\n", l.text);
    fflush(bar->def.stream);
    bar->on_line = false;
}

void progress_clear(progress *bar)
{
    if (!bar->on_line) return;
    fputs("\r\033[K", bar->def.stream);
    fflush(bar->def.stream);
    bar->on_line = false;
    bar->drawn = -INFINITY;
}
