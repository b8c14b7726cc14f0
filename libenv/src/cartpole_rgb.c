/* A CartPole as a picture, with the proportions and colours of Gymnasium's 600 x 400 window. Every shape is a signed
   distance to its edge, in pixels, so that the coverage of a pixel, and with it antialiasing, is a clamp. */
#include "cartpole_physics.h"

#include <kvist/env.h>

/* Lengths in pixels of a 600 x 400 window; 125 are a metre, the pole's 2 l. */
#define WINDOW_WIDTH  600.0
#define WINDOW_HEIGHT 400.0
#define METRE         125.0
#define TRACK_HEIGHT  100.0
#define CART_WIDTH    50.0
#define CART_HEIGHT   30.0
#define AXLE_HEIGHT   (CART_HEIGHT / 4) /* above the middle of the cart */
#define POLE_WIDTH    10.0

typedef struct colour {
    double red, green, blue;
} colour;

static const colour white = { 255, 255, 255 }, black = { 0, 0, 0 };
static const colour brown = { 202, 152, 101 }, violet = { 129, 132, 203 };

/* The picture's placement: a window coordinate is (pixel - origin) / scale, the y axis up. */
typedef struct view {
    double scale, left, bottom;
    double cart, sine, cosine;
} view;

static view compose(const env_cartpole *env, int width, int height)
{
    const double scale = fmin(width / WINDOW_WIDTH, height / WINDOW_HEIGHT);
    const double x = fmax(-100.0, fmin(100.0, env->x)); /* out of sight already, and safe to multiply */
    return (view){
        .scale = scale,
        .left = (width - WINDOW_WIDTH * scale) / 2,
        .bottom = (height + WINDOW_HEIGHT * scale) / 2,
        .cart = WINDOW_WIDTH / 2 + x * METRE,
        .sine = sin(env->theta),
        .cosine = cos(env->theta),
    };
}

/* hypot() without its care for numbers that no picture has. */
static double length(double x, double y)
{
    return sqrt(x * x + y * y);
}

/* Signed distance to a box of these half sides around the origin: negative inside. */
static double box(double x, double y, double half_width, double half_height)
{
    const double dx = fabs(x) - half_width, dy = fabs(y) - half_height;
    return length(fmax(dx, 0), fmax(dy, 0)) + fmin(fmax(dx, dy), 0);
}

/* Lays paint over what is there as far as a shape at this distance (window pixels) covers the pixel. */
static colour over(colour under, colour paint, double distance, double scale)
{
    const double cover = fmax(0.0, fmin(1.0, 0.5 - distance * scale));
    return (colour){
        under.red + cover * (paint.red - under.red),
        under.green + cover * (paint.green - under.green),
        under.blue + cover * (paint.blue - under.blue),
    };
}

static colour shade(const view *v, double x, double y)
{
    const double line = fmax(1.0, 1.0 / v->scale); /* half the track's thickness, never under a pixel */
    const double cart_x = x - v->cart, cart_y = y - TRACK_HEIGHT, axle_y = cart_y - AXLE_HEIGHT;
    /* Most pixels are neither near the axle, as all of cart and pole is, nor near the track. */
    const double edge = 1.0 / v->scale, reach = METRE + POLE_WIDTH + edge;
    if (cart_x * cart_x + axle_y * axle_y > reach * reach && fabs(cart_y) > line + edge) return white;
    /* along and across the pole, which reaches half its width below the axle */
    const double along = cart_x * v->sine + axle_y * v->cosine, across = cart_x * v->cosine - axle_y * v->sine;

    colour c = over(white, black, fabs(cart_y) - line, v->scale);
    c = over(c, black, box(cart_x, cart_y, CART_WIDTH / 2, CART_HEIGHT / 2), v->scale);
    c = over(c, brown, box(across, along - (METRE - POLE_WIDTH) / 2, POLE_WIDTH / 2, METRE / 2), v->scale);
    return over(c, violet, length(cart_x, axle_y) - POLE_WIDTH / 2, v->scale);
}

env_status env_cartpole_rgb(const env_cartpole *env, uint8_t *pixels, size_t size, int width, int height)
{
    if (!env || !pixels || width < 1 || height < 1) return ENV_ERR_ARGUMENT;
    if ((size_t)width > SIZE_MAX / 3 / (size_t)height || (size_t)width * (size_t)height * 3 > size)
        return ENV_ERR_SPACE;
    if (!isfinite(env->x) || !isfinite(env->theta)) return ENV_ERR_NUMERIC;

    const view v = compose(env, width, height);
    for (int row = 0; row < height; row++)
        for (int column = 0; column < width; column++) {
            const colour c = shade(&v, (column + 0.5 - v.left) / v.scale, (v.bottom - (row + 0.5)) / v.scale);
            *pixels++ = (uint8_t)(c.red + 0.5);
            *pixels++ = (uint8_t)(c.green + 0.5);
            *pixels++ = (uint8_t)(c.blue + 0.5);
        }
    return ENV_OK;
}
