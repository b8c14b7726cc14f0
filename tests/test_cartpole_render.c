/* The pictures: where cart, pole and track are, sizes, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <kvist/env.h>
#include <math.h>
#include <string.h>

static env_cartpole standing(double x, double theta)
{
    env_cartpole env;
    assert_int_equal(env_cartpole_init(&env, 500, 0), ENV_OK);
    env_cartpole_reset(&env, NULL);
    env.x = x;
    env.theta = theta;
    env.step = 37;
    return env;
}

/* --- text --------------------------------------------------------------------------------------------------------- */

enum { COLUMNS = 56, ROWS = 12 };
static char text[ENV_ANSI_SIZE(COLUMNS, ROWS)];
static const env_ansi_def plain = { COLUMNS, ROWS, .plain = true };

static void draw(double x, double theta)
{
    const env_cartpole env = standing(x, theta);
    assert_int_equal(env_cartpole_ansi(&env, &plain, text, sizeof text), ENV_OK);
    assert_int_equal(strlen(text), ROWS * (COLUMNS + 1));
    for (int row = 0; row < ROWS; row++) assert_int_equal(text[row * (COLUMNS + 1) + COLUMNS], '\n');
}

static char at(int row, int column)
{
    return text[row * (COLUMNS + 1) + column];
}

/* The column of the pole in a row; -1 where there is none. */
static int pole(int row)
{
    for (int column = 0; column < COLUMNS; column++)
        if (strchr("|/\\", at(row, column))) return column;
    return -1;
}

static void test_text_of_the_middle(void **state)
{
    (void)state;
    draw(0, 0);
    assert_memory_equal(text, "step 37/500  running  x +0.00 m  pole +0.0 deg", 46);
    const char *cart = text + (ROWS - 2) * (COLUMNS + 1);
    assert_memory_equal(cart + COLUMNS / 2 - 4, "[ooooooo]", 9);
    for (int row = ROWS - 3; row > ROWS - 3 - 5; row--) {
        assert_int_equal(pole(row), COLUMNS / 2);
        assert_int_equal(at(row, COLUMNS / 2), '|');
    }
    assert_int_equal(pole(1), -1);
    assert_int_equal(at(ROWS - 1, COLUMNS / 2), '=');
    assert_int_equal(at(ROWS - 1, 4), '|'); /* -2.4 m of +-2.8 m, 56 columns */
    assert_int_equal(at(ROWS - 1, 51), '|');
}

static void test_text_follows_the_state(void **state)
{
    (void)state;
    draw(1.0, 0); /* 10 columns a metre */
    assert_int_equal(pole(ROWS - 3), COLUMNS / 2 + 10);
    draw(0, 0.2);
    assert_true(pole(ROWS - 7) > COLUMNS / 2);
    assert_int_equal(at(ROWS - 7, pole(ROWS - 7)), '/');
    draw(0, -0.2);
    assert_true(pole(ROWS - 7) < COLUMNS / 2);
    assert_int_equal(at(ROWS - 7, pole(ROWS - 7)), '\\');
    draw(0, 1.2); /* a pole of 5 rows that leans so far is 1.8 rows high */
    assert_true(pole(ROWS - 4) > COLUMNS / 2);
    assert_int_equal(pole(ROWS - 5), -1);
    draw(1e300, -1e300); /* out of sight, nothing overflows */
}

static void assert_says(const env_cartpole *env, const char *word)
{
    assert_int_equal(env_cartpole_ansi(env, &plain, text, sizeof text), ENV_OK);
    assert_non_null(strstr(text, word));
}

static void test_text_says_how_it_stands(void **state)
{
    (void)state;
    env_cartpole env = { 0 };
    assert_says(&env, "waiting for reset");
    env = standing(2.39, 0);
    assert_says(&env, "running");
    env.x_dot = 5;
    assert_int_equal(env_cartpole_step(&env, 1, NULL, NULL), ENV_OK);
    assert_says(&env, "terminated");
    env = standing(0, 0);
    env.step = 499;
    assert_int_equal(env_cartpole_step(&env, 1, NULL, NULL), ENV_OK);
    assert_says(&env, "truncated");
}

/* Row 52 of docs/faults.md. */
static void test_text_sizes(void **state)
{
    (void)state;
    const env_cartpole env = standing(0.3, 0.1);
    const size_t needed = ROWS * (COLUMNS + 1) + 1;
    char buffer[ROWS * (COLUMNS + 1) + 2];
    for (size_t size = 0; size <= needed; size++) {
        memset(buffer, '#', sizeof buffer);
        const env_status status = env_cartpole_ansi(&env, &plain, buffer, size);
        assert_int_equal(status, size < needed ? ENV_ERR_SPACE : ENV_OK);
        assert_int_equal(buffer[size], '#'); /* nothing beyond */
        if (size && size < needed) assert_int_equal(buffer[0], '\0');
    }
}

/* The promised size holds a coloured frame of any state; without its escape sequences it is the plain one. */
static void test_text_colours(void **state)
{
    (void)state;
    const env_ansi_def coloured = { .columns = COLUMNS, .rows = ROWS };
    static char frame[ENV_ANSI_SIZE(COLUMNS, ROWS)];
    for (int k = -20; k <= 20; k++) {
        const env_cartpole env = standing(0.13 * k, 0.01 * k);
        assert_int_equal(env_cartpole_ansi(&env, &coloured, frame, sizeof frame), ENV_OK);
        assert_int_equal(env_cartpole_ansi(&env, &plain, text, sizeof text), ENV_OK);
        assert_non_null(strstr(frame, "\x1b["));
        const char *want = text;
        bool colour = false;
        for (const char *c = frame; *c; c++) {
            if (*c == '\x1b') {
                colour = c[2] != '0'; /* "\x1b[0m" ends it */
                c = strchr(c, 'm');
                continue;
            }
            assert_int_equal(*c, *want++);
            if (*c == ' ' || *c == '\n') assert_false(colour);
        }
        assert_int_equal(*want, '\0');
    }
}

/* The track is dim, the cart bold, the pole above it yellow. */
static void test_text_colour_of_each_row(void **state)
{
    (void)state;
    const env_cartpole env = standing(0, 0);
    static char frame[ENV_ANSI_SIZE(COLUMNS, ROWS)];
    assert_int_equal(env_cartpole_ansi(&env, &(env_ansi_def){ .columns = COLUMNS, .rows = ROWS }, frame, sizeof frame),
                     ENV_OK);
    const char *row = frame;
    for (int i = 0; i < ROWS; i++, row = strchr(row, '\n') + 1) {
        if (i < ROWS - 3) continue;
        const char *colour = i == ROWS - 1 ? "\x1b[2m" : i == ROWS - 2 ? "\x1b[1m" : "\x1b[33m";
        assert_memory_equal(strchr(row, '\x1b'), colour, strlen(colour));
    }
}

/* The smallest and the largest frames. */
static void test_text_limits(void **state)
{
    (void)state;
    const env_cartpole env = standing(0, 0);
    static char frame[ENV_ANSI_SIZE(1000, 1000)];
    const env_ansi_def limits[] = { { .columns = 20, .rows = 6 }, { .columns = 1000, .rows = 1000 } };
    for (int k = 0; k < 2; k++) assert_int_equal(env_cartpole_ansi(&env, &limits[k], frame, sizeof frame), ENV_OK);
}

static void test_text_errors(void **state)
{
    (void)state;
    env_cartpole env = standing(0, 0);
    assert_int_equal(env_cartpole_ansi(NULL, &plain, text, sizeof text), ENV_ERR_ARGUMENT);
    assert_int_equal(env_cartpole_ansi(&env, &plain, NULL, 0), ENV_ERR_ARGUMENT);
    const env_ansi_def wrong[] = {
        { .columns = 19 }, { .columns = 1001 }, { .rows = 5 }, { .rows = -1 }, { .rows = 1001 }
    };
    for (int k = 0; k < 5; k++)
        assert_int_equal(env_cartpole_ansi(&env, &wrong[k], text, sizeof text), ENV_ERR_ARGUMENT);
    env.theta = NAN;
    assert_int_equal(env_cartpole_ansi(&env, &plain, text, sizeof text), ENV_ERR_NUMERIC);
    env = standing(-INFINITY, 0);
    assert_int_equal(env_cartpole_ansi(&env, &plain, text, sizeof text), ENV_ERR_NUMERIC);
    assert_int_equal(text[0], '\0');
    env = standing(0, 0), env.x_dot = NAN, env.theta_dot = INFINITY; /* not drawn */
    assert_int_equal(env_cartpole_ansi(&env, &plain, text, sizeof text), ENV_OK);
}

/* --- pixels ------------------------------------------------------------------------------------------------------- */

enum { WIDTH = 600, HEIGHT = 400 };
static uint8_t pixels[HEIGHT][WIDTH][3];

static void paint(double x, double theta)
{
    const env_cartpole env = standing(x, theta);
    assert_int_equal(env_cartpole_rgb(&env, pixels[0][0], sizeof pixels, WIDTH, HEIGHT), ENV_OK);
}

static void assert_colour(int column, int row, int red, int green, int blue)
{
    const uint8_t *p = pixels[row][column];
    if (p[0] != red || p[1] != green || p[2] != blue)
        fail_msg("pixel %d, %d: expected %d %d %d, got %d %d %d", column, row, red, green, blue, p[0], p[1], p[2]);
}

static void test_pixels_of_the_middle(void **state)
{
    (void)state;
    paint(0, 0);
    assert_colour(0, 0, 255, 255, 255);
    assert_colour(10, 310, 255, 255, 255);
    assert_colour(280, 300, 0, 0, 0); /* cart: 50 x 30 around (300, 300 from the top) */
    assert_colour(276, 312, 0, 0, 0);
    assert_colour(273, 290, 255, 255, 255); /* just left of it */
    assert_colour(280, 318, 255, 255, 255); /* just below */
    assert_colour(300, 230, 202, 152, 101); /* pole: 10 wide, 120 above the axle */
    assert_colour(296, 180, 202, 152, 101);
    assert_colour(293, 230, 255, 255, 255);
    assert_colour(300, 170, 255, 255, 255); /* above its tip */
    assert_colour(300, 292, 129, 132, 203); /* axle */
    assert_colour(20, 299, 0, 0, 0);        /* the track: two pixels */
    assert_colour(580, 300, 0, 0, 0);
    assert_colour(20, 301, 255, 255, 255);
}

static void test_pixels_follow_the_state(void **state)
{
    (void)state;
    paint(1.0, 0); /* 125 pixels a metre */
    assert_colour(405, 305, 0, 0, 0);
    assert_colour(425, 230, 202, 152, 101);
    assert_colour(300, 230, 255, 255, 255);
    paint(0, 0.2); /* to the right: 100 up the pole is 20 over */
    assert_colour(320, 194, 202, 152, 101);
    assert_colour(280, 194, 255, 255, 255);
    assert_colour(323, 177, 202, 152, 101); /* 117 up the pole */
    assert_colour(324, 172, 255, 255, 255); /* 123: above its tip */
    paint(0, -0.2);
    assert_colour(279, 194, 202, 152, 101);
    assert_colour(320, 194, 255, 255, 255);
    paint(1e300, 1e300); /* out of sight, nothing overflows */
}

/* Edges between shapes have shades between the colours; upright and mirrored pictures agree. */
static void test_pixels_are_antialiased_and_symmetric(void **state)
{
    (void)state;
    paint(0, 0.1);
    int between = 0;
    for (int column = 0; column < WIDTH; column++) {
        const uint8_t *p = pixels[220][column];
        between += p[2] > 101 && p[2] < 255;
    }
    assert_in_range(between, 1, 4);

    static uint8_t right[HEIGHT][WIDTH][3];
    memcpy(right, pixels, sizeof right);
    paint(0, -0.1);
    for (int row = 0; row < HEIGHT; row++)
        for (int column = 0; column < WIDTH; column++)
            assert_memory_equal(right[row][column], pixels[row][WIDTH - 1 - column], 3);
}

/* Half a pixel covered is half the colour: a quarter of a pixel to the right, edges lie within pixels. */
static void test_pixels_of_edges(void **state)
{
    (void)state;
    paint(0.002, 0);
    assert_colour(275, 305, 64, 64, 64); /* the cart's edges */
    assert_colour(325, 305, 191, 191, 191);
    assert_colour(295, 230, 215, 178, 140); /* the pole's */
    assert_colour(305, 230, 242, 229, 217);
}

/* The naive twin of a picture: a point's colour, in pixels of a 600 x 400 window, the y axis up. */
static const double *colour_at(double px, double py, double x, double theta, double half_line)
{
    static const double white[3] = { 255, 255, 255 }, black[3] = { 0 }, brown[3] = { 202, 152, 101 },
                        violet[3] = { 129, 132, 203 };
    const double cart_x = px - (300 + 125 * x), cart_y = py - 100, axle_y = cart_y - 7.5;
    const double along = cart_x * sin(theta) + axle_y * cos(theta), across = cart_x * cos(theta) - axle_y * sin(theta);
    if (cart_x * cart_x + axle_y * axle_y < 25) return violet;
    if (fabs(across) < 5 && along > -5 && along < 120) return brown;
    if (fabs(cart_x) < 25 && fabs(cart_y) < 15) return black;
    return fabs(cart_y) < half_line ? black : white;
}

/* The mean over points of each pixel. Distances know no corners: there up to a third of the colour is off, for few. */
static void check_picture(int width, int height, double x, double theta)
{
    enum { SIDE = 8 };
    const env_cartpole env = standing(x, theta);
    const double scale = fmin(width / 600.0, height / 400.0), half_line = fmax(1, 1 / scale);
    uint8_t *pixel = pixels[0][0];
    double off = 0, ink = 0;
    assert_int_equal(env_cartpole_rgb(&env, pixel, sizeof pixels, width, height), ENV_OK);
    for (int i = 0; i < width * height; i++, pixel += 3) {
        double want[3] = { 0 };
        for (int s = 0; s < SIDE * SIDE; s++) {
            const double column = i % width + (s % SIDE + 0.5) / SIDE, row = i / width + (s / SIDE + 0.5) / SIDE;
            const double *c = colour_at((column - width / 2.0) / scale + 300, (height / 2.0 - row) / scale + 200, x,
                                        theta, half_line);
            for (int k = 0; k < 3; k++) want[k] += c[k] / (SIDE * SIDE);
        }
        for (int k = 0; k < 3; k++) {
            const double difference = fabs(want[k] - pixel[k]);
            if (difference > 85)
                fail_msg("%d x %d, pixel %d, %d: expected %.0f, got %d", width, height, i % width, i / width, want[k],
                         pixel[k]);
            off += difference;
            ink += 255 - want[k];
        }
    }
    if (off > 0.02 * ink) fail_msg("%d x %d: off by %.3f of the picture", width, height, off / ink);
}

static void test_pixels_are_those_of_a_twin(void **state)
{
    (void)state;
    static const double states[][2] = { { 0, 0 }, { 0.7, 0.15 }, { -1.9, -0.2 }, { 2.3, 2.5 } };
    for (int k = 0; k < 4; k++) {
        check_picture(240, 160, states[k][0], states[k][1]);
        check_picture(150, 300, states[k][0], states[k][1]); /* higher than it needs */
        check_picture(400, 80, states[k][0], states[k][1]);  /* wider */
    }
}

/* A picture whose pixels are as large as the cart shows all of it. */
static void test_pixels_of_a_small_picture(void **state)
{
    (void)state;
    const env_cartpole env = standing(0, 0);
    uint8_t small[13][20][3];
    assert_int_equal(env_cartpole_rgb(&env, small[0][0], sizeof small, 20, 13), ENV_OK);
    assert_true(small[5][9][2] < 240); /* the pole's tip, 31 window pixels a pixel */
    assert_int_equal(small[4][9][2], 255);
    static const uint8_t track[] = { 255, 191, 0, 64, 255 }; /* a pixel up and one down from its line */
    for (int row = 7; row < 12; row++) assert_int_equal(small[row][0][0], track[row - 7]);
}

/* Row 52: one byte less than the picture takes. */
static void test_pixel_sizes(void **state)
{
    (void)state;
    const env_cartpole env = standing(0.5, 0.05);
    const int size[][2] = { { 1, 1 }, { 3, 500 }, { 500, 3 }, { 64, 64 }, { 90, 60 } };
    for (int k = 0; k < 5; k++) {
        const size_t bytes = (size_t)size[k][0] * (size_t)size[k][1] * 3;
        uint8_t *p = pixels[0][0];
        memset(p, 7, bytes + 1);
        assert_int_equal(env_cartpole_rgb(&env, p, bytes - 1, size[k][0], size[k][1]), ENV_ERR_SPACE);
        for (size_t i = 0; i <= bytes; i++) assert_int_equal(p[i], 7);
        assert_int_equal(env_cartpole_rgb(&env, p, bytes, size[k][0], size[k][1]), ENV_OK);
        assert_int_equal(p[bytes], 7);
    }
}

/* Row 52, too: a picture that no buffer holds. */
static void test_pixel_errors(void **state)
{
    (void)state;
    env_cartpole env = standing(0, 0);
    uint8_t *p = pixels[0][0];
    assert_int_equal(env_cartpole_rgb(NULL, p, sizeof pixels, 10, 10), ENV_ERR_ARGUMENT);
    assert_int_equal(env_cartpole_rgb(&env, NULL, sizeof pixels, 10, 10), ENV_ERR_ARGUMENT);
    assert_int_equal(env_cartpole_rgb(&env, p, sizeof pixels, 0, 10), ENV_ERR_ARGUMENT);
    assert_int_equal(env_cartpole_rgb(&env, p, sizeof pixels, 10, -1), ENV_ERR_ARGUMENT);
    assert_int_equal(env_cartpole_rgb(&env, p, sizeof pixels, INT32_MAX, INT32_MAX), ENV_ERR_SPACE);
    env.x = INFINITY;
    assert_int_equal(env_cartpole_rgb(&env, p, sizeof pixels, 10, 10), ENV_ERR_NUMERIC);
    env = standing(0, NAN);
    assert_int_equal(env_cartpole_rgb(&env, p, sizeof pixels, 10, 10), ENV_ERR_NUMERIC);
    env = standing(0, 0), env.x_dot = INFINITY, env.theta_dot = NAN; /* not drawn */
    assert_int_equal(env_cartpole_rgb(&env, p, sizeof pixels, 10, 10), ENV_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_of_the_middle),
        cmocka_unit_test(test_text_follows_the_state),
        cmocka_unit_test(test_text_says_how_it_stands),
        cmocka_unit_test(test_text_sizes),
        cmocka_unit_test(test_text_colours),
        cmocka_unit_test(test_text_colour_of_each_row),
        cmocka_unit_test(test_text_limits),
        cmocka_unit_test(test_text_errors),
        cmocka_unit_test(test_pixels_of_the_middle),
        cmocka_unit_test(test_pixels_follow_the_state),
        cmocka_unit_test(test_pixels_are_antialiased_and_symmetric),
        cmocka_unit_test(test_pixels_of_edges),
        cmocka_unit_test(test_pixels_are_those_of_a_twin),
        cmocka_unit_test(test_pixels_of_a_small_picture),
        cmocka_unit_test(test_pixel_sizes),
        cmocka_unit_test(test_pixel_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
