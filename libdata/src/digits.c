/* Digits drawn from strokes, for where no MNIST is: curves through a few points, jittered, sheared, anti-aliased. */
#include "error.h"
#include "memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 28, CLASSES = 10, MAX_STROKES = 4, MAX_POINTS = 14, MAX_VARIANTS = 3, PIECES = 6 };

typedef struct point {
    float x, y;
} point;

typedef struct stroke {
    int count;
    bool smooth; // a curve through the points, not straight lines
    point points[MAX_POINTS];
} stroke;

typedef struct glyph {
    int count;
    stroke strokes[MAX_STROKES];
} glyph;

/* Coordinates run from 0 to 1, x to the right, y down. */
#define CURVE(n, ...)                                                                                                  \
    {                                                                                                                  \
        n, true,                                                                                                       \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
#define LINES(n, ...)                                                                                                  \
    {                                                                                                                  \
        n, false,                                                                                                      \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }

// clang-format off
static const struct { int variants; glyph glyphs[MAX_VARIANTS]; } digits[CLASSES] = {
    { 2, { { 1, { CURVE(9, {.5f,0}, {.22f,.16f}, {.12f,.5f}, {.22f,.84f}, {.5f,1}, {.78f,.84f}, {.88f,.5f}, {.78f,.16f}, {.5f,0}) } },
           { 1, { CURVE(9, {.62f,.02f}, {.3f,.12f}, {.14f,.5f}, {.2f,.86f}, {.46f,1}, {.74f,.86f}, {.86f,.48f}, {.76f,.12f}, {.5f,.0f}) } } } },
    { 3, { { 1, { LINES(2, {.5f,0}, {.5f,1}) } },
           { 1, { LINES(3, {.3f,.22f}, {.52f,0}, {.52f,1}) } },
           { 2, { LINES(3, {.3f,.2f}, {.5f,0}, {.5f,1}), LINES(2, {.26f,1}, {.76f,1}) } } } },
    { 2, { { 2, { CURVE(7, {.14f,.24f}, {.3f,.04f}, {.6f,.02f}, {.8f,.2f}, {.72f,.45f}, {.45f,.72f}, {.14f,.98f}), LINES(2, {.14f,.98f}, {.88f,.97f}) } },
           { 1, { CURVE(12, {.2f,.2f}, {.4f,.02f}, {.7f,.06f}, {.78f,.3f}, {.58f,.62f}, {.3f,.9f}, {.16f,.96f}, {.12f,.84f}, {.26f,.78f}, {.46f,.88f}, {.66f,.98f}, {.92f,.9f}) } } } },
    { 2, { { 2, { CURVE(6, {.16f,.14f}, {.42f,0}, {.72f,.08f}, {.76f,.28f}, {.62f,.43f}, {.38f,.48f}), CURVE(6, {.38f,.48f}, {.7f,.52f}, {.84f,.72f}, {.74f,.93f}, {.44f,1}, {.14f,.88f}) } },
           { 2, { LINES(3, {.16f,.02f}, {.78f,.02f}, {.42f,.42f}), CURVE(6, {.42f,.42f}, {.72f,.48f}, {.84f,.7f}, {.72f,.94f}, {.42f,1}, {.14f,.9f}) } } } },
    { 2, { { 2, { LINES(3, {.26f,.02f}, {.14f,.56f}, {.86f,.54f}), LINES(2, {.7f,.1f}, {.66f,1}) } },
           { 2, { LINES(3, {.64f,0}, {.1f,.66f}, {.92f,.66f}), LINES(2, {.64f,0}, {.64f,1}) } } } },
    { 2, { { 2, { LINES(3, {.84f,.02f}, {.28f,.02f}, {.22f,.44f}), CURVE(7, {.22f,.44f}, {.46f,.36f}, {.74f,.44f}, {.86f,.68f}, {.72f,.93f}, {.42f,1}, {.14f,.9f}) } },
           { 2, { LINES(2, {.3f,.03f}, {.86f,.0f}), CURVE(7, {.3f,.03f}, {.24f,.4f}, {.55f,.42f}, {.8f,.62f}, {.72f,.9f}, {.44f,1}, {.16f,.9f}) } } } },
    { 2, { { 1, { CURVE(9, {.7f,0}, {.38f,.24f}, {.18f,.58f}, {.24f,.9f}, {.52f,1}, {.8f,.86f}, {.78f,.62f}, {.5f,.52f}, {.22f,.68f}) } },
           { 1, { CURVE(9, {.5f,0}, {.28f,.3f}, {.2f,.66f}, {.3f,.94f}, {.58f,1}, {.8f,.82f}, {.7f,.62f}, {.44f,.62f}, {.24f,.8f}) } } } },
    { 3, { { 2, { LINES(2, {.12f,.05f}, {.86f,.03f}), CURVE(4, {.86f,.03f}, {.66f,.36f}, {.5f,.7f}, {.42f,1}) } },
           { 3, { LINES(2, {.12f,.05f}, {.86f,.03f}), LINES(2, {.86f,.03f}, {.4f,1}), LINES(2, {.36f,.5f}, {.82f,.48f}) } },
           { 2, { LINES(3, {.12f,.24f}, {.14f,.04f}, {.86f,.03f}), CURVE(3, {.86f,.03f}, {.62f,.5f}, {.5f,1}) } } } },
    { 2, { { 1, { CURVE(13, {.5f,.47f}, {.24f,.32f}, {.26f,.1f}, {.5f,0}, {.74f,.1f}, {.76f,.32f}, {.5f,.47f}, {.2f,.64f}, {.18f,.88f}, {.5f,1}, {.82f,.88f}, {.8f,.64f}, {.5f,.47f}) } },
           { 1, { CURVE(11, {.78f,.14f}, {.52f,0}, {.24f,.14f}, {.34f,.38f}, {.66f,.58f}, {.78f,.82f}, {.5f,1}, {.22f,.84f}, {.34f,.6f}, {.64f,.38f}, {.78f,.14f}) } } } },
    { 2, { { 2, { CURVE(8, {.8f,.22f}, {.62f,.02f}, {.32f,.06f}, {.18f,.28f}, {.32f,.5f}, {.6f,.48f}, {.76f,.34f}, {.8f,.22f}), CURVE(3, {.8f,.22f}, {.76f,.62f}, {.64f,1}) } },
           { 2, { CURVE(7, {.78f,.2f}, {.56f,0}, {.26f,.12f}, {.22f,.4f}, {.46f,.54f}, {.7f,.42f}, {.78f,.2f}), CURVE(5, {.78f,.2f}, {.8f,.56f}, {.72f,.88f}, {.48f,1}, {.22f,.94f}) } } } },
};
// clang-format on

/* How one digit differs from the next. */
typedef struct hand {
    float xx, xy, yx, yy;     // glyph to pixels: size, slant, rotation
    float center_x, center_y; // pixels
    float radius, ink;        // of the pen (pixels), of its middle (0 to 1)
    float jitter;             // of the points (glyph units)
} hand;

static float between(data_rng *rng, float low, float high)
{
    return low + (high - low) * (float)data_rng_uniform(rng);
}

static hand draw_hand(data_rng *rng)
{
    const float height = between(rng, 15.5f, 19.5f), width = between(rng, 11.5f, 16.5f);
    const float angle = between(rng, -0.2f, 0.2f), slant = between(rng, -0.1f, 0.32f);
    const float c = cosf(angle), s = sinf(angle);
    // Scale, then slant (the top to the right), then rotate.
    const float slanted = -slant * height;
    return (hand){ .xx = c * width,
                   .xy = c * slanted - s * height,
                   .yx = s * width,
                   .yy = s * slanted + c * height,
                   .center_x = 13.5f + between(rng, -1.2f, 1.2f),
                   .center_y = 13.5f + between(rng, -1.2f, 1.2f),
                   .radius = between(rng, 0.75f, 1.7f),
                   .ink = between(rng, 0.85f, 1.0f),
                   .jitter = between(rng, 0.0f, 0.045f) };
}

static point to_pixels(const hand *h, point p)
{
    const float x = p.x - 0.5f, y = p.y - 0.5f;
    return (point){ h->center_x + h->xx * x + h->xy * y, h->center_y + h->yx * x + h->yy * y };
}

static float clamp(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

static float distance_to_segment(float x, float y, point a, point b)
{
    const float dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    const float t = length > 0.0f ? clamp(((x - a.x) * dx + (y - a.y) * dy) / length, 0.0f, 1.0f) : 0.0f;
    const float off_x = x - (a.x + t * dx), off_y = y - (a.y + t * dy);
    return sqrtf(off_x * off_x + off_y * off_y);
}

static int to_pixel(float x)
{
    return (int)clamp(x, 0.0f, SIDE - 1);
}

// Inks every pixel by how deep it lies in the pen's path, half a pixel of soft edge on either side.
static void draw_segment(const hand *h, point a, point b, uint8_t *image)
{
    const float reach = h->radius + 1.0f;
    const int left = to_pixel(fminf(a.x, b.x) - reach), right = to_pixel(fmaxf(a.x, b.x) + reach);
    const int top = to_pixel(fminf(a.y, b.y) - reach), bottom = to_pixel(fmaxf(a.y, b.y) + reach);
    for (int y = top; y <= bottom; y++) {
        for (int x = left; x <= right; x++) {
            const float depth = h->radius + 0.5f - distance_to_segment((float)x, (float)y, a, b);
            const uint8_t ink = (uint8_t)(255.0f * h->ink * clamp(depth, 0.0f, 1.0f));
            uint8_t *pixel = &image[y * SIDE + x];
            if (ink > *pixel) *pixel = ink;
        }
    }
}

// Catmull-Rom: p(t) = 1/2 (2b + (c - a)t + (2a - 5b + 4c - d)t^2 + (3b - a - 3c + d)t^3), from b to c.
static float spline(float a, float b, float c, float d, float t)
{
    return 0.5f * (2.0f * b + t * (c - a + t * (2.0f * a - 5.0f * b + 4.0f * c - d + t * (3.0f * (b - c) + d - a))));
}

static void draw_stroke(const hand *h, const stroke *s, const point *points, uint8_t *image)
{
    for (int i = 0; i + 1 < s->count; i++) {
        const point a = points[i > 0 ? i - 1 : 0], b = points[i], c = points[i + 1];
        const point d = points[i + 2 < s->count ? i + 2 : s->count - 1];
        const int pieces = s->smooth ? PIECES : 1;
        point from = b;
        for (int k = 1; k <= pieces; k++) {
            const float t = (float)k / (float)pieces;
            const point to = s->smooth ? (point){ spline(a.x, b.x, c.x, d.x, t), spline(a.y, b.y, c.y, d.y, t) } : c;
            draw_segment(h, from, to, image);
            from = to;
        }
    }
}

// Moves the points so that the pen stays on the paper, one pixel from its edges.
static void keep_inside(const hand *h, int count, point *points)
{
    point low = points[0], high = points[0];
    for (int i = 1; i < count; i++) {
        low = (point){ fminf(low.x, points[i].x), fminf(low.y, points[i].y) };
        high = (point){ fmaxf(high.x, points[i].x), fmaxf(high.y, points[i].y) };
    }
    const float near = 1.0f + h->radius, far = SIDE - 2.0f - h->radius;
    const point shift = { fminf(far - high.x, fmaxf(near - low.x, 0.0f)),
                          fminf(far - high.y, fmaxf(near - low.y, 0.0f)) };
    for (int i = 0; i < count; i++) points[i] = (point){ points[i].x + shift.x, points[i].y + shift.y };
}

// The points of a glyph as this hand sets them, stroke after stroke; returns how many.
static int set_points(const glyph *g, const hand *h, data_rng *rng, point points[MAX_STROKES * MAX_POINTS])
{
    int count = 0;
    for (int i = 0; i < g->count; i++) {
        const stroke *s = &g->strokes[i], *before = i > 0 ? s - 1 : NULL;
        for (int k = 0; k < s->count; k++, count++) {
            const point p = s->points[k];
            const point last = before ? before->points[before->count - 1] : (point){ -1.0f, -1.0f };
            const float x = p.x + between(rng, -h->jitter, h->jitter), y = p.y + between(rng, -h->jitter, h->jitter);
            // A stroke that begins where the last one ended stays joined to it.
            const bool joined = k == 0 && p.x == last.x && p.y == last.y;
            points[count] = joined ? points[count - 1] : to_pixels(h, (point){ x, y });
        }
    }
    return count;
}

static void draw_digit(int digit, data_rng *rng, uint8_t *image)
{
    const int variant = (int)data_rng_below(rng, (uint32_t)digits[digit].variants);
    const glyph *g = &digits[digit].glyphs[variant];
    const hand h = draw_hand(rng);
    point points[MAX_STROKES * MAX_POINTS];
    keep_inside(&h, set_points(g, &h, rng, points), points);
    memset(image, 0, SIDE * SIDE);
    const point *at = points;
    for (int i = 0; i < g->count; i++) {
        draw_stroke(&h, &g->strokes[i], at, image);
        at += g->strokes[i].count;
    }
}

// Each block of ten images holds every digit once.
static int label_of(uint64_t seed, uint64_t stream, int i)
{
    int32_t order[CLASSES];
    data_rng rng = data_rng_make(seed, (stream << 32) + 2 * (uint64_t)(i / CLASSES) + 1);
    data_shuffle(order, CLASSES, &rng);
    return order[i % CLASSES];
}

data_status data_images_draw(int count, uint64_t seed, uint64_t stream, data_images *images, data_error *error)
{
    data_clear_error(error);
    if (!images) return data_fail_null(error, "digits", "a destination");
    if (count < 1) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "digits: expected a count of at least 1, got %d", count);
    }
    uint8_t *pixels = data_allocate((size_t)count, SIDE * SIDE), *labels = data_allocate((size_t)count, 1);
    if (!pixels || !labels) {
        free(pixels);
        free(labels);
        return data_fail_memory(error, "digits", (size_t)count);
    }
    for (int i = 0; i < count; i++) {
        data_rng rng = data_rng_make(seed, (stream << 32) + 2 * (uint64_t)i);
        const int digit = label_of(seed, stream, i);
        labels[i] = (uint8_t)digit;
        draw_digit(digit, &rng, pixels + (size_t)i * SIDE * SIDE);
    }
    *images = (data_images){ .count = count, .height = SIDE, .width = SIDE, .pixels = pixels, .labels = labels };
    return DATA_OK;
}
